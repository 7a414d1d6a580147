"""Gathering what the rules may know of a ticket (事实): one function, so that a new fact is one field and one query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlmodel import SQLModel

from dispatch.storage import history
from dispatch.storage.database import Transaction
from dispatch.storage.prepared import among, as_read
from dispatch.storage.tables import Ticket
from rules.terms import CHINA, Facts, Happening, Stage, TicketType, Urgency

_assignment = SQLModel.metadata.tables["assignment"]
_ticket = SQLModel.metadata.tables["ticket"]

_OF_TICKET = (
    "number", "stage", "type", "urgency", "channel", "department", "received_at", "complaint_count", "redo_round",
    "supervision", "history", "raised", "earlier", "restricted", "against", "merged_into", "confidential",
    "anonymous", "category", "upper_number", "upper_due_at", "pack", "version", "due_at", "tallied",
)  # fmt: skip

#: Built once, as every act asks.
_open_legs = (
    select(_assignment.c.department)
    .where(_assignment.c.ticket == bindparam("number"), _assignment.c.ended_at.is_(None))
    .order_by(_assignment.c.id)  # the lead was written first
)


def gather(tx: Transaction, ticket: Ticket) -> Facts:
    """The facts of a ticket that the caller holds locked."""
    departments = tuple(tx.connection().execute(_open_legs, {"number": ticket.number}).scalars())
    return of_rows(ticket, departments, history.read(tx, ticket.number))


def tickets_of(tx: Transaction, numbers: Sequence[str]) -> list[Row[Any]]:
    """What `gather_all` asks of these tickets, pack, version, due_at and tallied besides, by number; nothing is locked.

    Whole rows of the class cost three times as much, and their long texts most of that.
    """
    columns = as_read(tx.connection(), (_ticket.c[name] for name in _OF_TICKET))
    query = select(*columns).where(_ticket.c.number.in_(among(tx.connection(), numbers)))
    return list(tx.connection().execute(query.order_by(_ticket.c.number)).all())


def gather_all(tx: Transaction, held: Sequence[Ticket | Row[Any]]) -> dict[str, Facts]:
    """The facts of many tickets, by number."""
    numbers = [each.number for each in held]
    legs: dict[str, list[str]] = {number: [] for number in numbers}
    query = select(_assignment.c.ticket, _assignment.c.department).where(
        _assignment.c.ticket.in_(among(tx.connection(), numbers)), _assignment.c.ended_at.is_(None)
    )
    for number, department in tx.connection().execute(query.order_by(_assignment.c.id)).all():
        legs[number].append(department)
    events = history.read_all(tx, numbers)
    return {each.number: of_rows(each, tuple(legs[each.number]), events[each.number]) for each in held}


def with_happening(facts: Facts, happening: Happening) -> Facts:
    """The facts after one more event that moves no stage."""
    return replace(facts, happenings=(*facts.happenings, happening))


def of_rows(
    ticket: Ticket | Row[Any], departments: tuple[str, ...], events: Iterable[Mapping[str, Any]]
) -> Facts:
    """The facts of a ticket from rows already at hand."""
    return Facts(
        number=ticket.number,
        stage=Stage(ticket.stage),
        type=TicketType(ticket.type),
        urgency=Urgency(ticket.urgency),
        channel=ticket.channel,
        department=ticket.department,
        departments=departments,
        received_at=ticket.received_at.astimezone(CHINA),
        complaint_count=ticket.complaint_count,
        redo_round=ticket.redo_round,
        supervision=ticket.supervision,
        history=ticket.history,
        happenings=history.happenings(events),
        raised=ticket.raised,
        earlier=ticket.earlier,
        restricted=ticket.restricted,
        against=ticket.against,
        merged_into=ticket.merged_into,
        confidential=ticket.confidential or ticket.anonymous,
        category=ticket.category,
        upper_due_at=ticket.upper_due_at.astimezone(CHINA) if ticket.upper_due_at else None,
        upper_number=ticket.upper_number,
    )
