"""Gathering what the rules may know of a ticket (事实): one function, so that a new fact is one field and one query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from dispatch.storage import history
from dispatch.storage.database import Transaction
from dispatch.storage.tables import Ticket
from rules.terms import CHINA, Facts, Happening, Stage, TicketType, Urgency

_assignment = SQLModel.metadata.tables["assignment"]


def gather(tx: Transaction, ticket: Ticket) -> Facts:
    """The facts of a ticket that the caller holds locked."""
    open_legs = (
        select(_assignment.c.department)
        .where(_assignment.c.ticket == ticket.number, _assignment.c.ended_at.is_(None))
        .order_by(_assignment.c.id)  # the lead was written first
    )
    departments = tuple(tx.connection().execute(open_legs).scalars())
    return of_rows(ticket, departments, history.read(tx, ticket.number))


def gather_all(tx: Transaction, tickets: Sequence[Ticket]) -> dict[str, Facts]:
    """The facts of many tickets, by number, from two queries."""
    numbers = [each.number for each in tickets]
    running = (
        select(_assignment.c.ticket, _assignment.c.department)
        .where(_assignment.c.ticket.in_(numbers), _assignment.c.ended_at.is_(None))
        .order_by(_assignment.c.id)
    )
    legs: dict[str, tuple[str, ...]] = {}
    for number, department in tx.connection().execute(running):
        legs[number] = (*legs.get(number, ()), department)
    events = history.read_all(tx, numbers)
    return {each.number: of_rows(each, legs.get(each.number, ()), events[each.number]) for each in tickets}


def with_happening(facts: Facts, happening: Happening) -> Facts:
    """The facts after one more event that moves no stage."""
    return replace(facts, happenings=(*facts.happenings, happening))


def of_rows(ticket: Ticket, departments: tuple[str, ...], events: Iterable[Mapping[str, Any]]) -> Facts:
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
        category=ticket.category,
        upper_due_at=ticket.upper_due_at.astimezone(CHINA) if ticket.upper_due_at else None,
    )
