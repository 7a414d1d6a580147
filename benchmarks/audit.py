"""What a run must have left behind (事后核对): every promise kept once, read from the tables alone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlmodel import SQLModel

from dispatch.desk import Desk
from dispatch.storage.database import Transaction

_request = SQLModel.metadata.tables["request"]
_event = SQLModel.metadata.tables["event"]
_clock = SQLModel.metadata.tables["clock"]

#: Each must come out as nothing: what it would mean, and the rows that would show it.
_NEVER = {
    "keys with two requests": (
        "SELECT idempotency_key FROM request WHERE idempotency_key IS NOT NULL "
        "GROUP BY scope, idempotency_key HAVING count(*) > 1"
    ),
    "tickets without their first request": (
        "SELECT number FROM ticket WHERE NOT EXISTS (SELECT 1 FROM request WHERE request.ticket = ticket.number)"
    ),
    "tickets whose receipt is not written down once": (
        "SELECT number FROM ticket LEFT JOIN event ON event.ticket = ticket.number AND event.kind = 'received' "
        "GROUP BY number HAVING count(event.id) <> 1"
    ),
    "requests without receipt or joining": (
        "SELECT ticket FROM request GROUP BY ticket HAVING count(*) <> (SELECT count(*) FROM event "
        "WHERE event.ticket = request.ticket AND event.kind IN ('received', 'joined'))"
    ),
    "steps fired twice": (
        "SELECT clock FROM event WHERE step IS NOT NULL GROUP BY clock, generation, step HAVING count(*) > 1"
    ),
    "tickets never triaged": "SELECT number FROM ticket WHERE stage = 'received'",
    "tickets not triaged once": (
        "SELECT number FROM ticket LEFT JOIN decision ON decision.ticket = ticket.number AND decision.act = 'triage' "
        "WHERE ticket.stage <> 'transferred' GROUP BY number HAVING count(decision.id) <> 1"
    ),
    "outbox rows not done": "SELECT id FROM outbox WHERE state <> 'done'",
    "notices sent twice or never": (
        "SELECT outbox.id FROM outbox LEFT JOIN notice ON notice.outbox = outbox.id WHERE outbox.kind = 'notices' "
        "GROUP BY outbox.id HAVING count(notice.id) <> 1"
    ),
    "clocks with two running generations": (
        "SELECT ticket FROM clock WHERE state IN ('armed', 'held', 'paused') GROUP BY ticket, kind, scope HAVING count(*) > 1"
    ),
}

_COUNTED = {
    "tickets": "SELECT count(*) FROM ticket",
    "requests": "SELECT count(*) FROM request",
    "events": "SELECT count(*) FROM event",
    "steps fired": "SELECT count(*) FROM event WHERE step IS NOT NULL",
    "notices": "SELECT count(*) FROM notice",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was told for one key."""

    number: str
    query_code: str
    joined: bool


@dataclass(slots=True)
class Findings:
    """Counts of what is there, and in plain words what should not be; empty `wrong` is a clean run."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def audit(desk: Desk, told: Mapping[str, Told], late: datetime) -> Findings:
    """Hold the tables against `told` (by Idempotency-Key) and against themselves; steps due before `late` have fired."""
    found = Findings()
    with desk.database.reading() as tx:
        for what, query in _COUNTED.items():
            found.counts[what] = tx.connection().execute(text(query)).scalar_one()
        for what, query in _NEVER.items():
            found.wrong += _said(what, tx.connection().execute(text(query)).scalars().all())
        found.wrong += _said("steps due and not fired", _missed(tx, late))
        found.wrong += _said("promises broken", list(_broken(tx, told)))
    return found


def _said(what: str, rows: Sequence[Any]) -> list[str]:
    return [f"{what}: {len(rows)}, e.g. {list(rows[:3])}"] if rows else []


def _missed(tx: Transaction, late: datetime) -> list[str]:
    """Steps of the frozen ladders of running clocks that were due before `late` and have no event."""
    fired = {
        tuple(row)
        for row in tx.connection().execute(
            select(_event.c.clock, _event.c.step).where(_event.c.step.is_not(None))
        )
    }
    running = select(_clock.c.id, _clock.c.ticket, _clock.c.ladder).where(_clock.c.state == "armed")
    return [
        f"{ticket} {step['step']}"
        for clock, ticket, ladder in tx.connection().execute(running)
        for step in ladder
        if datetime.fromisoformat(step["at"]) < late and (clock, step["step"]) not in fired
    ]


def _broken(tx: Transaction, told: Mapping[str, Told]) -> Iterator[str]:
    """Keys whose answer is not what the tables hold, and numbers told for two matters."""
    held = select(_request.c.idempotency_key, _request.c.ticket, _request.c.query_code, _request.c.joined)
    rows = {row[0]: Told(*row[1:]) for row in tx.connection().execute(held) if row[0] is not None}
    yield from (key for key, said in told.items() if rows.get(key) != said)
    numbers = Counter(said.number for said in told.values() if not said.joined)
    yield from (number for number, n in numbers.items() if n > 1)
