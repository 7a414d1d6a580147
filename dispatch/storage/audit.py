"""What the auditor looks at (核查对象): what is near due, a sample of the open, the final that are still timed, the untriaged."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, select, text, tuple_
from sqlmodel import SQLModel, col
from sqlmodel import select as select_model

from dispatch.storage.database import Transaction
from dispatch.storage.prepared import among
from dispatch.storage.steps import Place
from dispatch.storage.tables import Ticket
from rules.lifecycle import OPEN_STAGES
from rules.terms import Stage

_ticket = SQLModel.metadata.tables["ticket"]
_clock = SQLModel.metadata.tables["clock"]
_outbox = SQLModel.metadata.tables["outbox"]

#: Word for word as in the partial index of the outbox.
_unfinished = text("outbox.state IN ('ready', 'claimed')")


def near(tx: Transaction, until: datetime, n: int, after: Place | None) -> tuple[list[str], Place | None]:
    """The tickets of the next `n` steps that fall due by `until`, and the place reached; None at the end."""
    rows = tx.connection().execute(_armed(after).where(_clock.c.next_at <= until).limit(n)).all()
    place = Place(*rows[-1][:2]) if len(rows) == n else None
    return list(dict.fromkeys(row[2] for row in rows)), place


def final(tx: Transaction, n: int, after: Place | None) -> tuple[list[str], Place | None]:
    """Among the next `n` armed clocks, those whose ticket is over; and the place reached, None at the end."""
    window = _armed(after).limit(n).subquery("window")
    query = select(window.c.next_at, window.c.id, window.c.ticket, _ticket.c.stage).join(
        _ticket, _ticket.c.number == window.c.ticket
    )
    rows = tx.connection().execute(query.order_by(window.c.next_at, window.c.id)).all()
    place = Place(*rows[-1][:2]) if len(rows) == n else None
    return list(dict.fromkeys(row[2] for row in rows if row[3] not in OPEN_STAGES)), place


def _armed(after: Place | None) -> Select[Any]:
    query = select(_clock.c.next_at, _clock.c.id, _clock.c.ticket).where(_clock.c.next_at.is_not(None))
    if after is not None:
        query = query.where(_clock.c.next_at >= after.next_at, tuple_(_clock.c.next_at, _clock.c.id) > after)
    return query.order_by(_clock.c.next_at, _clock.c.id)


def sample(tx: Transaction, n: int, stage: Stage, after: str) -> list[str]:
    """Up to `n` numbers in `stage` beyond `after`, in their order."""
    query = select(_ticket.c.number).where(_ticket.c.stage == stage.value, _ticket.c.number > after)
    return list(tx.connection().execute(query.order_by(_ticket.c.number).limit(n)).scalars())


def untriaged(tx: Transaction, before: datetime, n: int) -> list[str]:
    """Up to `n` tickets that were received before that and wait for triage, with nothing in the outbox to do it."""
    waits = exists().where(_outbox.c.ticket == _ticket.c.number, _outbox.c.kind == "triage", _unfinished)
    query = select(_ticket.c.number).where(
        _ticket.c.stage == Stage.RECEIVED.value, _ticket.c.received_at < before, ~waits
    )
    return list(tx.connection().execute(query.order_by(_ticket.c.number).limit(n)).scalars())


def forgotten(tx: Transaction, number: str) -> str | None:
    """What became of a ticket's triage: "dead" after too many tries, "gone" when nothing is left; None while it waits."""
    query = select(_outbox.c.state).where(_outbox.c.ticket == number, _outbox.c.kind == "triage")
    states = set(tx.connection().execute(query).scalars())
    if states & {"ready", "claimed"}:
        return None
    return "dead" if "dead" in states else "gone"


def read_all(tx: Transaction, numbers: Sequence[str]) -> list[Ticket]:
    """The tickets as they are now; nothing is locked."""
    query = select_model(Ticket).where(col(Ticket.number).in_(among(tx.connection(), numbers)))
    return list(tx.session.exec(query))
