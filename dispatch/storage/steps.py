"""The steps that are due (到点步骤): claimed by ticket in due order, read again under the lock, and written in one go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Integer, Select, bindparam, select, tuple_
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Database, Transaction
from dispatch.storage.prepared import BulkChange, among

_ticket = SQLModel.metadata.tables["ticket"]
_clock = SQLModel.metadata.tables["clock"]
_event = SQLModel.metadata.tables["event"]


class Place(NamedTuple):
    """How far a round has come: the instant and the clock of the step that was claimed last."""

    next_at: datetime
    id: int


class Standing(NamedTuple):
    """What a step must know of its ticket, which is locked."""

    number: str
    stage: str
    urgency: str
    department: str | None
    complaint_count: int
    supervision: int
    restricted: bool
    history: bool
    pack: str


#: What a step must know of its clock.
_COLUMNS = tuple(
    _clock.c[name]
    for name in ("id", "ticket", "kind", "scope", "generation", "state", "due_at", "next_at", "ladder")
)
_waiting = select(_clock.c.id).where(_clock.c.next_at <= bindparam("now")).limit(1)
#: Built once, as every act asks.
_first_due = (
    select(_clock.c.id)
    .where(_clock.c.ticket == bindparam("number"), _clock.c.next_at <= bindparam("now"))
    .limit(1)
)
#: How steps are claimed: by kind of database, and whether from a place on.
_claims: dict[tuple[bool, bool], Select[Any]] = {}


def is_due(tx: Transaction, number: str, now: datetime) -> bool:
    """Whether any step of this ticket is due at `now`."""
    return tx.connection().execute(_first_due, {"number": number, "now": now}).first() is not None


def waiting(tx: Transaction, now: datetime) -> bool:
    """Whether any step is due at `now`; nothing is locked."""
    return tx.connection().execute(_waiting, {"now": now}).first() is not None


def claim(
    database: Database, tx: Transaction, now: datetime, n: int, after: Place | None = None
) -> tuple[dict[str, Standing], Place | None]:
    """The tickets of the next `n` due steps after that place, locked, in due order; and the place reached, None at the end.

    Tickets that others hold are left out: another ticker fires their steps, or somebody acts on them, and the next
    round looks again.
    """
    query = _claims.get((database.is_sqlite, after is not None))
    if query is None:
        query = _claims[database.is_sqlite, after is not None] = _claim(database, after is not None)
    given = {"now": now, "n": n, **({"after_at": after.next_at, "after_id": after.id} if after else {})}
    rows = tx.connection().execute(query, given).all()
    held = {row[2]: Standing(*row[2:]) for row in rows}
    return held, Place(*rows[-1][:2]) if rows else None


def _claim(database: Database, further: bool) -> Select[Any]:
    """`further` begins after a place that was reached."""
    standing = (_ticket.c[name] for name in Standing._fields)
    query = (
        select(_clock.c.next_at, _clock.c.id, *standing)
        .join(_ticket, _ticket.c.number == _clock.c.ticket)
        .where(_clock.c.next_at <= bindparam("now"))
        .order_by(_clock.c.next_at, _clock.c.id)
        .limit(bindparam("n", type_=Integer))
    )
    if further:
        at, last = bindparam("after_at", type_=_clock.c.next_at.type), bindparam("after_id", type_=Integer)
        query = query.where(_clock.c.next_at >= at, tuple_(_clock.c.next_at, _clock.c.id) > tuple_(at, last))
    return database.unclaimed(query, of=_ticket)


def due(tx: Transaction, numbers: Sequence[str], now: datetime) -> list[Mapping[str, Any]]:
    """The clock rows of locked tickets that have a step due at `now`, in due order.

    Read after the locks were taken: what another ticker fired a moment before is no longer among them.
    """
    query = (
        select(*_COLUMNS)
        .where(_clock.c.ticket.in_(among(tx.connection(), numbers)), _clock.c.next_at <= now)
        .order_by(_clock.c.next_at, _clock.c.id)
    )
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def fired(tx: Transaction, clocks: Sequence[int]) -> dict[tuple[int, int], set[str]]:
    """The steps of these clocks that have an event, by clock and generation."""
    query = select(_event.c.clock, _event.c.generation, _event.c.step).where(
        _event.c.clock.in_(among(tx.connection(), clocks, ids=True)), _event.c.step.is_not(None)
    )
    found: dict[tuple[int, int], set[str]] = {}
    for clock, generation, step in tx.connection().execute(query):
        found.setdefault((clock, generation), set()).add(step)
    return found


@cache
def _changes(dialect: Dialect) -> tuple[BulkChange, BulkChange]:
    return (
        BulkChange(_clock, "id", ("next_at",), dialect),
        BulkChange(_ticket, "number", ("supervision", "tallied"), dialect),
    )


def advance(tx: Transaction, moves: Mapping[int, datetime | None]) -> None:
    """Set when the next step of each clock is due."""
    rows = [{"id": clock, "next_at": at} for clock, at in moves.items()]
    _changes(tx.connection().dialect)[0].write(tx.connection(), rows)


def supervise(tx: Transaction, levels: Mapping[str, int]) -> None:
    """Set the level of supervision of locked tickets; nobody's open form depends on it, the counts look again."""
    rows = [{"number": number, "supervision": level, "tallied": False} for number, level in levels.items()]
    _changes(tx.connection().dialect)[1].write(tx.connection(), rows)
