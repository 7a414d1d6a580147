"""Notices of the calendar in the database (放假通知), and the tickets whose deadlines wait for one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Dialect, func, select, text, update
from sqlmodel import SQLModel, col
from sqlmodel import select as select_model

from dispatch.storage.database import Database, Transaction
from dispatch.storage.prepared import BulkChange, among
from dispatch.storage.tables import CalendarNotice
from rules.terms import Stage

_notice = SQLModel.metadata.tables["calendar_notice"]
_clock = SQLModel.metadata.tables["clock"]
_ticket = SQLModel.metadata.tables["ticket"]
_pack = SQLModel.metadata.tables["pack"]

_event = SQLModel.metadata.tables["event"]


def newest(tx: Transaction) -> int:
    """The id of the newest notice, 0 before the first: it changes with every one that is loaded."""
    return tx.connection().execute(select(func.max(_notice.c.id))).scalar() or 0


def loaded(tx: Transaction) -> list[CalendarNotice]:
    """All notices, in the order in which they were loaded."""
    return list(tx.session.exec(select_model(CalendarNotice).order_by(col(CalendarNotice.id))))


def by_hash(tx: Transaction, digest: str) -> CalendarNotice | None:
    """The notice of that content, or None."""
    return tx.session.exec(select_model(CalendarNotice).where(CalendarNotice.hash == digest)).first()


def keep(tx: Transaction, notice: CalendarNotice) -> None:
    """Store a notice. Raises Doubled for one that is there already."""
    tx.session.add(notice)
    tx.session.flush()


def begin(tx: Transaction, notice: int) -> None:
    """A notice that is done is gone through once more, from the beginning."""
    tx.connection().execute(update(_notice).where(_notice.c.id == notice).values(next="", done_at=None))


def advance(tx: Transaction, notice: int, reached: str, counted: Mapping[str, int]) -> None:
    """Everything up to ticket `reached` was recomputed, and `counted` comes on top.

    Several processes tell this, each in the transaction of its page and last in it, as the others wait for the row.
    """
    its = _notice.c.id == notice
    query = select(_notice.c.next, _notice.c.counted).where(its).with_for_update(key_share=True)
    before, sums = tx.connection().execute(query).one()
    total = {name: sums.get(name, 0) + n for name, n in counted.items()}
    values = {"next": max(before, reached), "counted": {**sums, **total}}
    tx.connection().execute(update(_notice).where(its).values(**values))


def finish(tx: Transaction, notice: int, now: datetime) -> None:
    """Every deadline that waited for the notice was recomputed."""
    tx.connection().execute(update(_notice).where(_notice.c.id == notice).values(next="", done_at=now))


def packs(tx: Transaction) -> list[str]:
    """The hashes of all packs in the database."""
    return list(tx.connection().execute(select(_pack.c.hash)).scalars())


#: The condition word for word as in the partial index; the ticket is looked up for each row that it leaves, as both
#: databases would else read every clock, or every ticket, there is.
_WAITING = (
    text("clock.provisional"),
    select(_ticket.c.history.is_(False) & (_ticket.c.stage != Stage.ARCHIVED.value))
    .where(_ticket.c.number == _clock.c.ticket)
    .scalar_subquery(),
)


def waiting(tx: Transaction, after: str, n: int) -> list[str]:
    """Up to `n` tickets behind `after`, by number, with a deadline that was promised without a notice.

    Neither history, to which nothing is promised, nor what is archived.
    """
    query = select(_clock.c.ticket).where(*_WAITING, _clock.c.ticket > after).distinct()
    return list(tx.connection().execute(query.order_by(_clock.c.ticket).limit(n)).scalars())


def how_many_wait(tx: Transaction, after: str) -> int:
    """How many tickets `waiting` would give behind `after`."""
    query = select(func.count(_clock.c.ticket.distinct())).where(*_WAITING, _clock.c.ticket > after)
    return tx.connection().execute(query).scalar() or 0


#: How a ticket stood: its version and its newest event. Whatever happens to it changes one of them.
Stamp = tuple[int, int]


def hold(database: Database, tx: Transaction, numbers: Sequence[str], wait: bool = False) -> dict[str, Stamp]:
    """Lock these tickets, by number; how each stands. Those that others hold are left out, or waited for.

    The events are asked for after the locks were taken: an act may have ended a moment before.
    """
    query = select(_ticket.c.number, _ticket.c.version).where(
        _ticket.c.number.in_(among(tx.connection(), numbers))
    )
    query = database.unclaimed(query.order_by(_ticket.c.number), whole=wait)
    versions = {row.number: row.version for row in tx.connection().execute(query)}
    newest = (
        select(_event.c.ticket, func.max(_event.c.id).label("id"))
        .where(_event.c.ticket.in_(among(tx.connection(), list(versions))))
        .group_by(_event.c.ticket)
    )
    events = {row.ticket: row.id for row in tx.connection().execute(newest)}
    return {number: (version, events.get(number, 0)) for number, version in versions.items()}


@cache
def _due(dialect: Dialect) -> BulkChange:
    return BulkChange(_ticket, "number", ("due_at", "tallied"), dialect)


def mark(tx: Transaction, due: Mapping[str, datetime | None]) -> None:
    """The earliest deadline of locked tickets whose promises moved; the counts look at them again.

    Their versions stay: nobody's open form depends on it.
    """
    rows = [{"number": number, "due_at": at, "tallied": False} for number, at in due.items()]
    _due(tx.connection().dialect).write(tx.connection(), rows)
