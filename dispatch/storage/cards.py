"""Event cards as stored (事件卡): made, ended, and how many asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from rules.errors import DeskError

_card = SQLModel.metadata.tables["event_card"]
_ticket = SQLModel.metadata.tables["ticket"]

_asked = select(func.count()).where(_ticket.c.card == _card.c.id).scalar_subquery().label("asked")


class NoSuchCard(DeskError):
    """没有这张事件卡，请核对编号。"""

    code = "no_such_card"
    status = 404


def running(tx: Transaction, now: datetime) -> list[Mapping[str, Any]]:
    """The cards in force at `now`, newest first; there are never many."""
    query = select(_card).where(_card.c.begins_at <= now, _card.c.ends_at > now).order_by(_card.c.id.desc())
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def put(tx: Transaction, values: Mapping[str, Any]) -> int:
    """Add a card; its id."""
    made = tx.connection().execute(insert(_card).values(**values).returning(_card.c.id))
    return int(made.scalar_one())


def end(tx: Transaction, card: int, at: datetime) -> bool:
    """Let a running card end at `at`; False where there is none, or it is over."""
    over = update(_card).where(_card.c.id == card, _card.c.ends_at > at).values(ends_at=at)
    return tx.connection().execute(over.returning(_card.c.id)).first() is not None


def newest(
    tx: Transaction, before: int | None, n: int, running_at: datetime | None = None
) -> list[Mapping[str, Any]]:
    """Cards, newest first, at most `n`, from below the id `before`, each with `asked`: how many tickets it answered.

    With `running_at` only those that are in force at that instant.
    """
    query = select(_card, _asked)
    if running_at is not None:
        query = query.where(_card.c.begins_at <= running_at, _card.c.ends_at > running_at)
    if before is not None:
        query = query.where(_card.c.id < before)
    return [
        dict(each) for each in tx.connection().execute(query.order_by(_card.c.id.desc()).limit(n)).mappings()
    ]


def read(tx: Transaction, card: int) -> Mapping[str, Any]:
    """One card with `asked`. Raises NoSuchCard."""
    found = tx.connection().execute(select(_card, _asked).where(_card.c.id == card)).mappings().first()
    if found is None:
        raise NoSuchCard(card=card)
    return dict(found)
