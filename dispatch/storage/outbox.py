"""Work to do after a commit (发件箱): the queue of record, claimed in batches, finished in the act's own transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, bindparam, func, select, text, update
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Database, Transaction

#: A claim not finished after this long belongs to a dead process and is given out again. A batch takes well under a
#: second; if a slow worker lives after all, `finish_all` lets only one of the two write.
CLAIM_SECONDS = 15
#: Tries before a row is set aside for a person to look at.
MOST_ATTEMPTS = 8

#: Work that met a full disk or a database away is looked at again after this long.
OUTAGE_SECONDS = 5

_outbox = SQLModel.metadata.tables["outbox"]

#: Word for word as in the partial index: with bound values SQLite would read every row ever done, each second.
_unfinished = text("state IN ('ready', 'claimed')")
_waiting = (
    select(_outbox.c.kind, func.count())
    .where(_unfinished, _outbox.c.ready_at <= bindparam("now"))
    .group_by(_outbox.c.kind)
)
_next_ready = select(func.min(_outbox.c.ready_at)).where(_unfinished)
_finished = (
    update(_outbox)
    .where(_outbox.c.id.in_(bindparam("ids", expanding=True)), _outbox.c.state == "claimed")
    .values(state="done", done_at=bindparam("now"), error=None)
    .returning(_outbox.c.id)
)
#: How rows are taken: by kind of database, and whether two workers may share what is ready.
_takings: dict[tuple[bool, bool], ReturningUpdate[Any]] = {}


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed outbox row; `attempts` counts this try."""

    id: int
    kind: str
    ticket: str
    attempts: int
    data: Mapping[str, Any]


def row(kind: str, ticket: str, now: datetime, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The column values of one new outbox row, ready at `now`."""
    return {
        "kind": kind,
        "ticket": ticket,
        "state": "ready",
        "attempts": 0,
        "ready_at": now,
        "created_at": now,
        "data": dict(data or {}),
    }


def claim(database: Database, kind: str, n: int, now: datetime, whole: bool = False) -> list[Work]:
    """Take up to `n` rows of `kind` that are ready, oldest first, for CLAIM_SECONDS; other workers skip them.

    With `whole` they wait for each other instead, and who comes second finds none.
    """
    taken = _takings.get((database.is_sqlite, whole))
    if taken is None:
        taken = _takings[database.is_sqlite, whole] = _taking(database, whole)
    given = {"of_kind": kind, "n": n, "now": now, "until": now + timedelta(seconds=CLAIM_SECONDS)}
    with database.transaction() as tx:
        rows = tx.connection().execute(taken, given).all()
    return sorted((Work(*each) for each in rows), key=lambda work: work.id)


def _taking(database: Database, whole: bool) -> ReturningUpdate[Any]:
    chosen = (
        select(_outbox.c.id)
        .where(_outbox.c.kind == bindparam("of_kind"), _unfinished, _outbox.c.ready_at <= bindparam("now"))
        .order_by(_outbox.c.ready_at, _outbox.c.id)
        .limit(bindparam("n", type_=Integer))
    )
    return (
        update(_outbox)
        .where(_outbox.c.id.in_(database.unclaimed(chosen, whole)))
        .values(state="claimed", attempts=_outbox.c.attempts + 1, ready_at=bindparam("until"))
        .returning(_outbox.c.id, _outbox.c.kind, _outbox.c.ticket, _outbox.c.attempts, _outbox.c.data)
    )


def finish_all(tx: Transaction, works: Sequence[Work], now: datetime) -> list[int]:
    """Mark claimed rows done inside their act's transaction; the ids that were still open come back.

    A row whose claim ran out and was done by another worker meanwhile is not among them: its act must not be done
    again.
    """
    given = {"ids": [work.id for work in works], "now": now}
    return list(tx.connection().execute(_finished, given).scalars())


def fail(database: Database, work: Work, error: str, now: datetime) -> bool:
    """Put `work` back with a growing pause, or aside as dead after MOST_ATTEMPTS; True when it is dead now.

    A claim that ran out and was given to another worker meanwhile is left to that one.
    """
    dead = work.attempts >= MOST_ATTEMPTS
    pause = timedelta(seconds=min(2**work.attempts, 300))
    again = (
        update(_outbox)
        .where(_outbox.c.id == work.id, _outbox.c.state == "claimed", _outbox.c.attempts == work.attempts)
        .values(state="dead" if dead else "ready", ready_at=now + pause, error=error[:500])
    )
    with database.transaction() as tx:
        mine = tx.connection().execute(again.returning(_outbox.c.id)).first() is not None
    return mine and dead


def give_back(database: Database, works: Sequence[Work], now: datetime) -> None:
    """Undo a claim: the database could not be used, which is no fault of the work and no try."""
    back = (
        update(_outbox)
        .where(_outbox.c.id.in_([work.id for work in works]), _outbox.c.state == "claimed")
        .values(
            state="ready", attempts=_outbox.c.attempts - 1, ready_at=now + timedelta(seconds=OUTAGE_SECONDS)
        )
    )
    with database.transaction() as tx:
        tx.connection().execute(back)


def waiting(tx: Transaction, now: datetime) -> dict[str, int]:
    """How many rows of each kind could be worked on now (the sweep rings for these)."""
    return {row[0]: row[1] for row in tx.connection().execute(_waiting, {"now": now})}


def oldest(tx: Transaction) -> datetime | None:
    """When the oldest unfinished row was created; None when nothing waits."""
    found = select(func.min(_outbox.c.created_at)).where(_unfinished)
    moment: datetime | None = tx.connection().execute(found).scalar()
    return moment


def next_ready(tx: Transaction) -> datetime | None:
    """When the next unfinished row can be worked on, or its claim runs out; None when nothing is left to do."""
    moment: datetime | None = tx.connection().execute(_next_ready).scalar()
    return moment


def dead(tx: Transaction) -> int:
    """How many rows were set aside after too many tries."""
    return tx.connection().execute(select(func.count()).where(_outbox.c.state == "dead")).scalar_one()
