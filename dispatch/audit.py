"""The auditor (核查): plans tickets again and holds the plan against their stored clocks; what differs is repaired and told.

Everything near due is looked at, a sample of the open tickets that goes round until all were seen, tickets that are over
and still timed, and tickets that nobody triaged. A promise is never rewritten: deadline and ladder of a stored
generation stay as they are (docs/decisions/0003).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import structlog

from dispatch import triage
from dispatch.desk import Desk
from dispatch.storage import audit as stored
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage import history, outbox, tickets, watch
from dispatch.storage.clocks import Difference
from dispatch.storage.database import Outage, Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.steps import Place
from dispatch.storage.tables import Ticket
from dispatch.supervise import TRIAGE_LATE
from rules import clocks
from rules.lifecycle import OPEN_STAGES, STAGES
from rules.terms import CHINA, Facts, Happened, Happening, Stage

#: Whatever falls due within this time is planned again before it fires.
NEAR = timedelta(minutes=15)
#: Tickets of the sample, and armed clocks held against their tickets' stage, in one pass.
SAMPLE, ARMED = 500, 2000
#: Tickets read at once.
CHUNK = 100

REPAIRS: Mapping[str, str] = MappingProxyType(
    {
        "missing_clock": "补上缺少的时钟",
        "wrong_next": "改正下一步的时刻",
        "wrong_state": "改正时钟的状态",
        "still_armed": "停下已结束工单的时钟",
        "stray_clock": "停下不该运行的时钟",
        "wrong_due": "改正列表里的截止时间",
        "untriaged": "重新安排分拣",
    }
)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Findings:
    """One pass: how many were looked at, what was repaired, who could not be looked at."""

    looked: int = 0
    near: int = 0
    repaired: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def repairs(self) -> dict[str, int]:
        """How many repairs, by kind."""
        return dict(Counter(kind for _, kinds in self.repaired for kind in kinds))


def audit(desk: Desk, now: datetime) -> Findings:
    """One pass over what is near due, the next part of the sample, and what must not be. Raises Outage."""
    found = Findings()
    with desk.database.reading() as tx:
        place = _Place.read(watch.last_audit(tx)[1])
        untriaged = stored.untriaged(tx, now - TRIAGE_LATE, SAMPLE)
        sampled, place.stage, place.number = _sample(tx, place)
        over, place.armed = stored.final(tx, ARMED, place.armed)
    for number in untriaged:
        _try(found, desk, number, now, _triage_again)
    seen: set[str] = set()
    for numbers in (*_near(desk, now, found), over, sampled):
        fresh = [number for number in numbers if number not in seen]
        seen.update(fresh)
        _look(desk, fresh, now, found)
    with desk.transaction() as tx:
        watch.audited(tx, place.written(), now)
    return found


@dataclass(slots=True)
class _Place:
    """Where the sample stands: stage and number of the open tickets, and the armed clock looked at last."""

    stage: Stage = OPEN_STAGES[0]
    number: str = ""
    armed: Place | None = None

    @classmethod
    def read(cls, words: str) -> "_Place":
        """As it was written; from the beginning where it was not."""
        if not words:
            return cls()
        held = json.loads(words)
        armed = held["armed"]
        place = Place(datetime.fromisoformat(armed[0]), int(armed[1])) if armed else None
        return cls(Stage(held["stage"]), held["number"], place)

    def written(self) -> str:
        """As `read` takes it."""
        armed = [self.armed.next_at.isoformat(), self.armed.id] if self.armed else None
        return json.dumps({"stage": self.stage.value, "number": self.number, "armed": armed})


def _sample(tx: Transaction, place: _Place) -> tuple[list[str], Stage, str]:
    """The next open tickets, stage by stage and round again; and the last of them."""
    found: list[str] = []
    stage, number = place.stage, place.number
    for _ in OPEN_STAGES:
        found += (more := stored.sample(tx, SAMPLE - len(found), stage, number))
        if len(found) == SAMPLE:
            return found, stage, more[-1] if more else number
        stage, number = OPEN_STAGES[(OPEN_STAGES.index(stage) + 1) % len(OPEN_STAGES)], ""
    return found, stage, number


def _near(desk: Desk, now: datetime, found: Findings) -> Iterator[list[str]]:
    place: Place | None = None
    while True:
        with desk.database.reading() as tx:
            numbers, place = stored.near(tx, now + NEAR, CHUNK, place)
        found.near += len(numbers)
        yield numbers
        if place is None:
            return


def _look(desk: Desk, numbers: Sequence[str], now: datetime, found: Findings) -> None:
    """Plan many tickets again without a lock; those that differ are looked at once more, each under its lock."""
    for begin in range(0, len(numbers), CHUNK):
        chunk = numbers[begin : begin + CHUNK]
        with desk.database.reading(steady=True) as tx:
            wrong = [each for each in _all_held(desk, tx, chunk, now, found) if each.kinds]
        found.looked += len(chunk)
        for each in wrong:
            _try(found, desk, each.ticket.number, now, _mend)


@dataclass(frozen=True, slots=True)
class _Held:
    """One ticket held against its plan: what differs, in rows and in words."""

    ticket: Ticket
    difference: Difference
    strays: Sequence[Mapping[str, Any]]
    kinds: tuple[str, ...]
    calendar: str


def _all_held(
    desk: Desk, tx: Transaction, numbers: Sequence[str], now: datetime, found: Findings
) -> Iterator[_Held]:
    held = stored.read_all(tx, numbers)
    facts, rows = stored_facts.gather_all(tx, held), stored_clocks.read_all(tx, numbers)
    fired = stored_clocks.steps_of(tx, numbers)
    for ticket in held:
        number = ticket.number
        try:
            yield _hold(desk, tx, ticket, facts[number], (rows[number], fired[number]), now)
        except Exception as fault:  # one that cannot be planned must not hide the others
            found.failed.append(number)
            log.error("audit_failed", ticket=number, why=repr(fault))


def _hold(
    desk: Desk,
    tx: Transaction,
    ticket: Ticket,
    facts: Facts,
    stored_: tuple[Sequence[Mapping[str, Any]], Mapping[int, frozenset[str]]],
    now: datetime,
) -> _Held:
    """One ticket against its plan. Before triage there are no clocks, and nothing is missed until that is late."""
    policy, calendar = desk.packs.of(ticket.pack, tx)
    rows, fired = stored_
    if facts.stage is Stage.RECEIVED and not rows and ticket.received_at >= now - TRIAGE_LATE:
        return _Held(ticket, Difference((), (), ticket.due_at), (), (), calendar.version)
    plans = clocks.plan(facts, policy, calendar)
    difference = stored_clocks.compare(ticket.number, plans, rows, fired, (ticket.pack, calendar.version))
    planned = {(each.kind.value, each.scope, each.generation) for each in plans}
    strays = [
        row
        for row in rows
        if (row["kind"], row["scope"], row["generation"]) not in planned
        and (row["state"] in ("armed", "held", "paused") or row["next_at"] is not None)
    ]
    kinds = tuple(sorted(set(_kinds(ticket, difference, strays))))
    return _Held(ticket, difference, strays, kinds, calendar.version)


def _kinds(ticket: Ticket, difference: Difference, strays: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    over = STAGES[Stage(ticket.stage)].final
    yield from ("missing_clock" for _ in difference.new)
    for row, change in difference.changed:
        if over and row["next_at"] is not None and change["new_next"] is None:
            yield "still_armed"
        elif (row["state"], row["stopped_at"]) != (change["new_state"], change["new_stop"]):
            yield "wrong_state"
        else:
            yield "wrong_next"
    yield from ("stray_clock" for _ in strays)
    if difference.due_at != ticket.due_at:
        yield "wrong_due"


def _mend(desk: Desk, number: str, now: datetime) -> tuple[str, ...]:
    """Look again under the lock and repair; the kinds of what was wrong."""
    with desk.transaction() as tx:
        ticket = tickets.lock(tx, number)
        facts = stored_facts.gather(tx, ticket)
        rows = stored_clocks.read(tx, number), stored_clocks.steps_of(tx, [number])[number]
        held = _hold(desk, tx, ticket, facts, rows, now)
        if not held.kinds:
            return ()
        stored_clocks.write(tx, held.difference)
        stored_clocks.cancel(tx, [row["id"] for row in held.strays], now)
        if held.difference.due_at != ticket.due_at:
            tickets.mark(tx, number, {"due_at": held.difference.due_at})
        _tell(tx, number, held.kinds, now)
        return held.kinds


def _triage_again(desk: Desk, number: str, now: datetime) -> tuple[str, ...]:
    """Nothing is left that would triage this ticket: it is put before the desk again, or before a person."""
    with desk.transaction() as tx:
        ticket = tickets.lock(tx, number)
        forgotten = stored.forgotten(tx, number)
        if ticket.stage != Stage.RECEIVED or forgotten is None:
            return ()
        if forgotten == "gone":
            Ledger(outbox=[outbox.row("triage", number, now)]).write(tx)
        _tell(tx, number, ("untriaged",), now)
    if forgotten == "dead":
        triage.hand_over(desk, number, now)
    return ("untriaged",)


def _tell(tx: Transaction, number: str, kinds: Sequence[str], now: datetime) -> None:
    """What was repaired stands in the ticket's own history, in the log, and in the counts that everybody reads."""
    words = "；".join(REPAIRS[kind] for kind in kinds)
    repaired = Happening(Happened.REPAIRED, now.astimezone(CHINA), {"what": list(kinds), "words": words})
    Ledger(event=[history.row(number, repaired, "system", now)]).write(tx)
    for kind in kinds:
        watch.repaired(tx, kind, now)
    log.warning("repaired", ticket=number, what=list(kinds))


def _try(
    found: Findings,
    desk: Desk,
    number: str,
    now: datetime,
    repair: Callable[[Desk, str, datetime], tuple[str, ...]],
) -> None:
    try:
        kinds = repair(desk, number, now)
    except Outage:
        raise
    except Exception as fault:  # one bad ticket must not stop the audit of all others
        found.failed.append(number)
        log.error("repair_failed", ticket=number, why=repr(fault))
        return
    if kinds:
        found.repaired.append((number, kinds))
