"""What is in somebody's sight (可见范围), as the condition that every list and every look at a ticket carries."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select, text, true, union
from sqlmodel import SQLModel

from dispatch.storage import records, tables  # noqa: F401  (they define the tables)
from rules.access import Sight

_ticket = SQLModel.metadata.tables["ticket"]
_assignment = SQLModel.metadata.tables["assignment"]
_clue = SQLModel.metadata.tables["clue"]

#: Written out word for word, so that the partial index of the same condition serves.
IS_RESTRICTED = text("ticket.restricted")


def visible(sight: Sight) -> ColumnElement[bool]:
    """The condition that a row of `ticket` is in `sight`; an empty sight sees nothing."""
    ways: list[ColumnElement[bool]] = []
    if sight.desk:
        ways.append(true() if sight.restricted else _ticket.c.restricted.is_(False))
    elif sight.restricted or sight.clues:
        ways.append(_ticket.c.number.in_(_inspected(sight)))
    if sight.department is not None:
        ways.append(and_(_at_work(sight.department), _not_accused(sight.line)))
    return or_(false(), *ways)


def _inspected(sight: Sight) -> Select[Any]:
    """The few numbers that an inspector reads, gathered first: a walk over all tickets would take too long."""
    ways = []
    if sight.restricted:
        ways.append(select(_ticket.c.number).where(IS_RESTRICTED))
    if sight.clues:
        ways.append(select(_clue.c.ticket.label("number")).where(_clue.c.state.in_(sight.clues)))
    return select(union(*ways).subquery("inspected").c.number)


def _at_work(department: str) -> ColumnElement[bool]:
    """Lead or assist now: a department that was relieved sees the ticket no more."""
    running = exists().where(
        _assignment.c.ticket == _ticket.c.number,
        _assignment.c.department == department,
        _assignment.c.ended_at.is_(None),
    )
    return or_(_ticket.c.department == department, running)


def _not_accused(line: tuple[str, ...]) -> ColumnElement[bool]:
    """A complaint about officials is never shown to the department complained of, nor below it (lifecycle.md)."""
    against = _ticket.c.against
    return or_(_ticket.c.restricted.is_(False), against.is_(None), against.not_in(line))
