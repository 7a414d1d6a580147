"""The lists of a report (报表名单): overdue, hot and supervised tickets, and those closed without an answer.

Complaints about officials are counted and never listed: a report goes from hand to hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select, text, true, union_all
from sqlmodel import SQLModel

from dispatch.storage.database import Transaction
from dispatch.storage.figures import TOTAL
from dispatch.storage.records import DAILY_COUNT
from dispatch.storage.tables import IS_OPEN
from rules.clocks import WHOLE
from rules.terms import ClockKind, Stage

_ticket = SQLModel.metadata.tables["ticket"]
_tally = SQLModel.metadata.tables["tally"]
_clock = SQLModel.metadata.tables["clock"]
_link = SQLModel.metadata.tables["link"]

_is_open = text(IS_OPEN)
_flagged = text("tally.flagged")


#: Lists are counted so far and no further: who has more overdue tickets needs no exact number of them here.
COUNTED = 2000
#: So many of the longest waiting tickets are looked into for a handling limit that is over.
LOOKED_INTO = 2 * COUNTED


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as far as it is shown: rows, how many there are in all, how many of these are withheld, and whether there
    are `more` than were counted."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    withheld: int
    more: bool


_SHOWN = tuple(
    _ticket.c[name]
    for name in ("number", "title", "department", "stage", "place", "restricted", "supervision")
)


def _of(departments: Sequence[str] | None) -> ColumnElement[bool]:
    return true() if departments is None else _ticket.c.department.in_(departments)


def _listed(tx: Transaction, query: Select[Any], n: int) -> Listed:
    """The first `n` rows that may be shown, and how many there are, up to COUNTED; `query` is ordered."""
    inner = query.order_by(None).limit(COUNTED + 1).subquery()
    counted = select(func.count(), func.count(case((inner.c.restricted, 1)))).select_from(inner)
    total, withheld = tx.connection().execute(counted).one()
    shown = query.where(_ticket.c.restricted.is_(False)).limit(n)
    rows = [dict(each) for each in tx.connection().execute(shown).mappings()] if total > withheld else []
    return Listed(rows, min(total, COUNTED), withheld, total > COUNTED)


def overdue(tx: Transaction, as_of: datetime, departments: Sequence[str] | None, n: int) -> Listed:
    """Open tickets whose handling limit is over and runs, the longest overdue first, each with `due_at`.

    First the tickets, by the index of their earliest running limit, and of these those whose handling is meant: left to
    itself the database reads every overdue ticket there is.
    """
    waiting = (
        select(_ticket.c.number, _ticket.c.due_at.label("since"))
        .where(_is_open, _ticket.c.due_at <= as_of, _of(departments))
        .order_by(_ticket.c.due_at, _ticket.c.number)
        .limit(LOOKED_INTO)
        .subquery("waiting")
    )
    query = (
        select(*_SHOWN, _clock.c.due_at.label("due_at"))
        .join(waiting, waiting.c.number == _ticket.c.number)
        .join(_clock, _clock.c.ticket == waiting.c.number)
        .where(
            _clock.c.kind == ClockKind.HANDLE.value,
            _clock.c.scope == WHOLE,
            _clock.c.state == "armed",
            _clock.c.due_at <= as_of,
        )
        .order_by(waiting.c.since, waiting.c.number)
    )
    found = _listed(tx, query, n)
    looked_into = tx.connection().execute(select(func.count()).select_from(waiting)).scalar_one()
    return replace(found, more=found.more or looked_into == LOOKED_INTO)


def hot(tx: Transaction, begin: datetime, end: datetime, departments: Sequence[str] | None, n: int) -> Listed:
    """Matters of several callers in a half-open span, the most callers first: merged into one, or linked as one.

    A link that nobody settled counts as it stands; `callers` is how many tickets tell of the matter.
    """
    member = _ticket.alias("member")
    inside = and_(member.c.received_at >= begin, member.c.received_at < end)
    merged = select(member.c.merged_into.label("lead"), member.c.number.label("number")).where(
        member.c.merged_into.is_not(None), inside
    )
    linked = (
        select(_link.c.other.label("lead"), _link.c.ticket.label("number"))
        .join(member, member.c.number == _link.c.ticket)
        .where(_link.c.at >= begin, inside, member.c.stage != Stage.MERGED.value)
    )
    pairs = union_all(merged, linked).subquery("pairs")
    members = select(pairs.c.number)
    heat = (
        select(pairs.c.lead, (func.count(pairs.c.number.distinct()) + 1).label("callers"))
        .where(pairs.c.lead.not_in(members))  # a matter is told once, under its oldest ticket
        .group_by(pairs.c.lead)
        .subquery("heat")
    )
    query = (
        select(*_SHOWN, heat.c.callers)
        .join(heat, heat.c.lead == _ticket.c.number)
        .where(_of(departments), _ticket.c.stage != Stage.MERGED.value)
        .order_by(heat.c.callers.desc(), _ticket.c.number)
    )
    return _listed(tx, query, n)


def flagged(
    tx: Transaction, measure: str, begin: date, end: date, departments: Sequence[str] | None, n: int
) -> Listed:
    """Tickets that a flagged measure counts on the days from `begin` to `end`, with the last such `day`."""
    known = select(func.sum(DAILY_COUNT.c[measure])).where(
        DAILY_COUNT.c.dimension == TOTAL, DAILY_COUNT.c.day.between(begin, end)
    )
    if not tx.connection().execute(known).scalar():  # the sums know at once that there is none
        return Listed([], 0, 0, False)
    found = (
        select(_tally.c.ticket, func.max(_tally.c.day).label("day"))
        .where(_flagged, _tally.c.day.between(begin, end), _tally.c.counts.like(f'%"{measure}":%'))
        .group_by(_tally.c.ticket)
        .subquery("found")
    )
    query = (
        select(*_SHOWN, found.c.day)
        .join(found, found.c.ticket == _ticket.c.number)
        .where(_of(departments))
        .order_by(_ticket.c.supervision.desc(), _ticket.c.number)
    )
    return _listed(tx, query, n)
