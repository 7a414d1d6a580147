"""Notices of the calendar in the database (放假通知), and the tickets whose deadlines wait for one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlmodel import SQLModel, col
from sqlmodel import select as select_model

from dispatch.storage.database import Transaction
from dispatch.storage.tables import CalendarNotice
from rules.terms import Stage

_notice = SQLModel.metadata.tables["calendar_notice"]
_clock = SQLModel.metadata.tables["clock"]
_ticket = SQLModel.metadata.tables["ticket"]
_pack = SQLModel.metadata.tables["pack"]

_settled = (
    update(_clock)
    .where(_clock.c.id == bindparam("row"))
    .values(provisional=bindparam("unknown"), calendar=bindparam("version"))
)


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


def advance(
    tx: Transaction, notice: int, after: str, counted: Mapping[str, int], done_at: datetime | None = None
) -> None:
    """How far the recomputing for a notice has come."""
    values = {"next": after, "counted": dict(counted), "done_at": done_at}
    tx.connection().execute(update(_notice).where(_notice.c.id == notice).values(**values))


def packs(tx: Transaction) -> list[str]:
    """The hashes of all packs in the database."""
    return list(tx.connection().execute(select(_pack.c.hash)).scalars())


_WAITING = (
    _clock.c.provisional.is_(True),
    _ticket.c.history.is_(False),
    _ticket.c.stage != Stage.ARCHIVED.value,
)


def waiting(tx: Transaction, after: str, n: int) -> list[str]:
    """Up to `n` tickets behind `after`, by number, with a deadline that was promised without a notice.

    Neither history, to which nothing is promised, nor what is archived.
    """
    query = (
        select(_clock.c.ticket)
        .join(_ticket, _ticket.c.number == _clock.c.ticket)
        .where(*_WAITING, _clock.c.ticket > after)
        .distinct()
        .order_by(_clock.c.ticket)
        .limit(n)
    )
    return list(tx.connection().execute(query).scalars())


def how_many_wait(tx: Transaction, after: str) -> int:
    """How many tickets `waiting` would give behind `after`."""
    query = (
        select(func.count(_clock.c.ticket.distinct()))
        .join(_ticket, _ticket.c.number == _clock.c.ticket)
        .where(*_WAITING, _clock.c.ticket > after)
    )
    return tx.connection().execute(query).scalar() or 0


def settle(tx: Transaction, rows: Sequence[Mapping[str, object]]) -> None:
    """Say of clock rows (`row`) by which calendar (`version`) they stand now and whether that is `unknown` in part."""
    if rows:
        tx.connection().execute(_settled, [dict(each) for each in rows])
