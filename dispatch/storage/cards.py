"""Event cards as stored (事件卡): made, ended, and how many asked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction

_card = SQLModel.metadata.tables["event_card"]
_ticket = SQLModel.metadata.tables["ticket"]


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


def newest(tx: Transaction, before: int | None, n: int) -> list[Mapping[str, Any]]:
    """Cards, newest first, at most `n`, from below the id `before`, each with `asked`: how many tickets it answered."""
    asked = select(func.count()).where(_ticket.c.card == _card.c.id).scalar_subquery().label("asked")
    query = select(_card, asked)
    if before is not None:
        query = query.where(_card.c.id < before)
    return [
        dict(each) for each in tx.connection().execute(query.order_by(_card.c.id.desc()).limit(n)).mappings()
    ]
