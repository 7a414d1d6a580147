"""The tickets behind a figure (指标背后的工单): listed page by page in somebody's sight, and how many there are."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select, text, true
from sqlmodel import SQLModel

from dispatch.storage.database import Transaction
from dispatch.storage.figures import DIMENSIONS, FLAGGED, TOTAL
from dispatch.storage.records import DAILY_COUNT
from dispatch.storage.sights import visible
from dispatch.storage.tables import IS_OPEN
from reports.tally import AT_DEPARTMENT
from rules.access import Sight

_ticket = SQLModel.metadata.tables["ticket"]
_assignment = SQLModel.metadata.tables["assignment"]
_tally = SQLModel.metadata.tables["tally"]

_is_open = text(IS_OPEN)
_flagged = text("tally.flagged")
_at_department = [stage.value for stage in AT_DEPARTMENT]

#: Tickets are counted up to here; of more it is said that there are more.
MOST = 10_000
#: Reckoned from all days before, so its tickets are those that are open now (在办).
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Behind:
    """Which tickets are asked for: those that a figure counts, of the keys of one dimension, in a span of days.

    `departments` bounds it to what was counted under them, as one department's own report is.
    """

    measure: str
    begin: date
    end: date
    dimension: str = TOTAL
    keys: tuple[str, ...] = ()
    departments: tuple[str, ...] | None = None
    after: str | None = None
    limit: int = 25


@dataclass(frozen=True, slots=True)
class Found:
    """The figure `n`, the tickets that it counts, and those of them in sight; at most MOST + 1 are counted."""

    n: int
    tickets: int
    seen: int


def page(tx: Transaction, asked: Behind, sight: Sight) -> list[Mapping[str, Any]]:
    """One page of the tickets in `sight` that a figure counts, newest first; `n` is how often it counts each."""
    query = select(_ticket).where(_counted(asked), visible(sight))
    if asked.after is not None:
        query = query.where(_ticket.c.number < asked.after)
    query = query.order_by(_ticket.c.number.desc()).limit(asked.limit)
    rows = [dict(each) for each in tx.connection().execute(query).mappings()]
    times = _times(tx, asked, [each["number"] for each in rows])
    return [{**each, "n": times[each["number"]]} for each in rows]


def found(tx: Transaction, asked: Behind, sight: Sight) -> Found:
    """How much the figure is now, and of how many tickets."""
    tickets = _up_to_most(tx, select(_ticket.c.number).where(_counted(asked)))
    seen = _up_to_most(tx, select(_ticket.c.number).where(_counted(asked), visible(sight)))
    return Found(tickets if asked.measure == OPEN else _sum(tx, asked), tickets, seen)


def in_sight(tx: Transaction, numbers: Sequence[str], sight: Sight) -> set[str]:
    """Those of the tickets that are in `sight`."""
    query = select(_ticket.c.number).where(_ticket.c.number.in_(numbers), visible(sight))
    return set(tx.connection().execute(query).scalars())


def _up_to_most(tx: Transaction, query: Select[Any]) -> int:
    inner = query.limit(MOST + 1).subquery()
    n: int = tx.connection().execute(select(func.count()).select_from(inner)).scalar_one()
    return n


def _counted(asked: Behind) -> ColumnElement[bool]:
    """The condition that a row of `ticket` is behind the figure."""
    if asked.measure == OPEN:
        return _open(asked)
    return _ticket.c.number.in_(select(_tally.c.ticket).where(*_tallies(asked)))


def _tallies(asked: Behind) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        _tally.c.day.between(asked.begin, asked.end),
        _tally.c.counts.like(f'%"{asked.measure}":%'),
    ]
    if asked.measure in FLAGGED:
        conditions.append(and_(_flagged, true()))
    if asked.dimension in DIMENSIONS:
        conditions.append(_tally.c[asked.dimension].in_(asked.keys))
    if asked.departments is not None:
        conditions.append(_tally.c.department.in_(asked.departments))
    return conditions


def _open(asked: Behind) -> ColumnElement[bool]:
    """Open now, under who has it: a department with work to do, or the hotline itself (key "")."""
    conditions: list[ColumnElement[bool]] = [and_(_is_open, true())]
    if asked.departments is not None:
        conditions.append(_held_by(asked.departments))
    if asked.dimension == "department":
        conditions.append(_held_by(asked.keys))
    elif asked.dimension in DIMENSIONS:
        conditions.append(func.coalesce(_ticket.c[asked.dimension], "").in_(asked.keys))
    return and_(*conditions)


def _held_by(departments: Sequence[str]) -> ColumnElement[bool]:
    leads: list[ColumnElement[bool]] = [
        _assignment.c.ticket == _ticket.c.number,
        _assignment.c.part == "lead",
        _assignment.c.ended_at.is_(None),
    ]
    working = _ticket.c.stage.in_(_at_department)
    theirs = and_(working, exists().where(*leads, _assignment.c.department.in_(departments)))
    if "" not in departments:
        return theirs
    return or_(theirs, not_(working), not_(exists().where(*leads)))


def _sum(tx: Transaction, asked: Behind) -> int:
    if asked.departments is not None:
        query = select(_tally.c.counts).where(*_tallies(asked))
        return sum(json.loads(counts)[asked.measure] for counts in tx.connection().execute(query).scalars())
    d = DAILY_COUNT.c
    keys = asked.keys if asked.dimension in DIMENSIONS else ("",)
    summed = select(func.coalesce(func.sum(d[asked.measure]), 0)).where(
        d.day.between(asked.begin, asked.end), d.dimension == asked.dimension, d.key.in_(keys)
    )
    return int(tx.connection().execute(summed).scalar_one())


def _times(tx: Transaction, asked: Behind, numbers: Sequence[str]) -> Mapping[str, int]:
    if asked.measure == OPEN:
        return dict.fromkeys(numbers, 1)
    times: defaultdict[str, int] = defaultdict(int)
    query = select(_tally.c.ticket, _tally.c.counts).where(_tally.c.ticket.in_(numbers), *_tallies(asked))
    for ticket, counts in tx.connection().execute(query):
        times[ticket] += json.loads(counts)[asked.measure]
    return times
