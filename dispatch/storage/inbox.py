"""The console's inbox as stored (站内信箱)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction

_notice = SQLModel.metadata.tables["notice"]
_insert = insert(_notice)


def put(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add notices. Raises Doubled when an outbox row has reached that receiver already."""
    if rows:
        tx.connection().execute(_insert, [dict(each) for each in rows])


def of_ticket(tx: Transaction, number: str) -> list[Mapping[str, Any]]:
    """Every notice about a ticket, oldest first."""
    query = select(_notice).where(_notice.c.ticket == number).order_by(_notice.c.id)
    return [dict(each) for each in tx.connection().execute(query).mappings()]
