"""What is owed upward, as stored (上级反馈): tickets by how far their reply upward has come, and all that were handed down."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.prepared import among

_ticket = SQLModel.metadata.tables["ticket"]
_clock = SQLModel.metadata.tables["clock"]
_event = SQLModel.metadata.tables["event"]

_BRIEF = tuple(
    _ticket.c[name]
    for name in (
        "number",
        "title",
        "stage",
        "department",
        "received_at",
        "upper_number",
        "upper_due_at",
        "upward",
        "upper_receipt",
        "version",
        "restricted",
    )
)


def owed(tx: Transaction, states: Collection[str]) -> list[Mapping[str, Any]]:
    """Tickets whose reply upward is in one of `states`, each with the deadline `due_at` of telling it, soonest first."""
    newest = (
        select(func.max(_clock.c.id))
        .where(_clock.c.ticket == _ticket.c.number, _clock.c.kind == "upward")
        .correlate(_ticket)
        .scalar_subquery()
    )
    query = (
        select(*_BRIEF, _clock.c.due_at)
        .outerjoin(_clock, _clock.c.id == newest)
        .where(_ticket.c.upward.is_not(None), _ticket.c.upward.in_(tuple(states)))
        .order_by(_clock.c.due_at.is_(None), _clock.c.due_at, _ticket.c.number)
    )
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def numbered(tx: Transaction, numbers: Collection[str]) -> list[Mapping[str, Any]]:
    """The tickets that carry one of these numbers of the upper level."""
    query = select(*_BRIEF).where(_ticket.c.upper_number.in_(among(tx.connection(), list(numbers))))
    return [dict(each) for each in tx.connection().execute(query.order_by(_ticket.c.number)).mappings()]


def received(tx: Transaction, begin: datetime, end: datetime) -> list[Mapping[str, Any]]:
    """The tickets with a number of the upper level that came in from `begin` until before `end`."""
    query = select(*_BRIEF).where(
        _ticket.c.upper_number.is_not(None), _ticket.c.received_at >= begin, _ticket.c.received_at < end
    )
    return [dict(each) for each in tx.connection().execute(query.order_by(_ticket.c.number)).mappings()]


def sent_at(tx: Transaction, tickets: Collection[str]) -> dict[str, datetime]:
    """When each of these tickets was last told upward."""
    query = (
        select(_event.c.ticket, func.max(_event.c.at).label("at"))
        .where(_event.c.kind == "sent_upward", _event.c.ticket.in_(among(tx.connection(), list(tickets))))
        .group_by(_event.c.ticket)
    )
    return {row.ticket: row.at for row in tx.connection().execute(query)}
