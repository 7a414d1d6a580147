"""The counts as stored (计数): what each ticket added, and the daily sums of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Dialect,
    Select,
    delete,
    func,
    select,
    text,
    update,
)  # fmt: skip
from sqlmodel import SQLModel

from dispatch.storage.database import Database, Transaction
from dispatch.storage.prepared import Bulk, among, as_read
from dispatch.storage.records import DAILY_COUNT, Tally  # noqa: F401  (defines the tables)
from reports.matter import Counts, Event, Leg, Matter, Promise
from reports.tally import TIMED
from rules.measures import MEASURES
from rules.terms import Happened

_ticket = SQLModel.metadata.tables["ticket"]
_event = SQLModel.metadata.tables["event"]
_assignment = SQLModel.metadata.tables["assignment"]
_clock = SQLModel.metadata.tables["clock"]
_tally = SQLModel.metadata.tables["tally"]

#: Everything together, and the ways in which it is told apart (统计维度); each is a column of the tallies, too.
TOTAL = "all"
DIMENSIONS = ("department", "category", "area", "channel", "type")

#: Measures that people always look into; their tallies have an index of their own.
FLAGGED = frozenset(("late", "supervised", "raised", "no_reply"))

#: Word for word as in the partial index.
_untallied = text("NOT ticket.tallied")

#: Events that the counts have no use for.
_SILENT = (
    Happened.CONTACTED,
    Happened.EXTENSION_ASKED,
    Happened.WARNED,
    Happened.BREACHED,
    Happened.DUTY_CALLED,
    Happened.MARKED,
    Happened.CLUE_OPENED,
    Happened.CLUE_SENT_UP,
    Happened.CLUE_SETTLED,
    Happened.REPAIRED,
    Happened.SPLIT,
    Happened.APPEALED,
    Happened.REVEALED,
)

#: Sums by measure, for each dimension and key.
Sums = dict[str, dict[str, dict[str, int]]]


class Words(NamedTuple):
    """Under which words a ticket is counted."""

    category: str
    area: str
    channel: str
    type: str


@dataclass(frozen=True, slots=True)
class Counted:
    """One ticket as the counts see it: its number, the words it is counted under, and its history."""

    number: str
    words: Words
    matter: Matter


class _Row(NamedTuple):
    """One tally without its key."""

    day: date
    department: str
    category: str
    area: str
    channel: str
    type: str
    counts: str
    flagged: bool


# --- Counting -------------------------------------------------------------------------------------------------


def untallied(database: Database, tx: Transaction, n: int, wait: bool = False) -> list[Counted]:
    """Up to `n` tickets that changed since they were last counted, locked to the end of the transaction.

    Those that somebody else holds locked are left for the next time, or waited for.
    """
    columns = (
        "number", "stage", "department", "category", "area", "channel", "type",
        "received_at", "closed_at", "earlier", "history",
    )  # fmt: skip
    query = (
        select(*(_ticket.c[name] for name in columns)).where(_untallied).order_by(_ticket.c.number).limit(n)
    )
    rows = tx.connection().execute(database.unclaimed(query, whole=wait)).all()
    numbers = [row.number for row in rows]
    several = among(tx.connection(), numbers)
    events, legs, promises = _events(tx, several), _legs(tx, several), _promises(tx, several)
    return [
        Counted(
            row.number,
            Words(row.category or "", row.area or "", row.channel, row.type),
            Matter(
                stage=row.stage,
                department=row.department,
                received_at=row.received_at,
                closed_at=row.closed_at,
                repeats=row.earlier is not None,
                history=row.history,
                events=events[row.number],
                legs=legs[row.number],
                promises=promises[row.number],
            ),
        )
        for row in rows
    ]


_Several = Select[tuple[str]]


def _events(tx: Transaction, several: _Several) -> Mapping[str, list[Event]]:
    found: defaultdict[str, list[Event]] = defaultdict(list)
    e = _event.c
    columns = as_read(tx.connection(), [e.ticket, e.kind, e.at, e.data, e.step, e.id])
    query = select(*columns).where(e.ticket.in_(several), e.kind.not_in([each.value for each in _SILENT]))
    for ticket, kind, at, data, step, id in tx.connection().execute(query.order_by(e.id)).all():
        found[ticket].append(Event(kind, at, data, step or "", id))
    return found


def _legs(tx: Transaction, several: _Several) -> Mapping[str, list[Leg]]:
    found: defaultdict[str, list[Leg]] = defaultdict(list)
    a = _assignment.c
    columns = as_read(tx.connection(), [a.ticket, a.department, a.part, a.at, a.ended_at, a.result])
    query = select(*columns).where(a.ticket.in_(several))
    for ticket, department, part, at, ended_at, result in tx.connection().execute(query.order_by(a.id)).all():
        found[ticket].append(Leg(department, part == "lead", at, ended_at, result))
    return found


def _promises(tx: Transaction, several: _Several) -> Mapping[str, list[Promise]]:
    found: defaultdict[str, list[Promise]] = defaultdict(list)
    c = _clock.c
    wanted = [c.ticket, c.kind, c.state, c.started_at, c.due_at, c.stopped_at, c.scope]
    columns = as_read(tx.connection(), wanted)
    query = select(*columns).where(c.ticket.in_(several), c.kind.in_(TIMED))
    for ticket, *rest in tx.connection().execute(query.order_by(c.id)).all():
        found[ticket].append(Promise(*rest))
    return found


_Place = tuple[date, str, str]
_Change = defaultdict[_Place, defaultdict[str, int]]


def write(tx: Transaction, found: Mapping[str, tuple[Words, Counts]]) -> int:
    """Keep what each locked ticket adds now, and carry the difference into the daily sums; how many rows changed.

    Daily rows are touched in one order, so that two processes that count do not wait for each other in a ring.
    """
    several = among(tx.connection(), list(found))
    held = _held(tx, several)
    gone: list[int] = []
    new: list[Mapping[str, Any]] = []
    change: _Change = defaultdict(lambda: defaultdict(int))
    for number, (words, counts) in found.items():
        rows = {_row(day, department, words, sums): sums for (day, department), sums in counts.items()}
        before = held[number]
        for row, key in before.items():
            if row not in rows:
                gone.append(key)
                _carry(change, row, json.loads(row.counts), -1)
        for row, sums in rows.items():
            if row not in before:
                new.append({"ticket": number, **row._asdict(), "day": row.day.isoformat()})
                _carry(change, row, sums, 1)
    if gone:
        tx.connection().execute(delete(_tally).where(_tally.c.id.in_(gone)))
    tallies, sums_of_days = _bulk(tx.connection().dialect)
    tallies.write(tx.connection(), new)
    tx.connection().execute(update(_ticket).where(_ticket.c.number.in_(several)).values(tallied=True))
    sums_of_days.write(tx.connection(), _changed(change))  # last: others wait for these rows
    return len(gone) + len(new)


def _row(day: date, department: str, words: Words, counts: Mapping[str, int]) -> _Row:
    written = ",".join(f'"{measure}":{n}' for measure, n in sorted(counts.items()))  # JSON, five times faster
    return _Row(day, department, *words, f"{{{written}}}", not FLAGGED.isdisjoint(counts))


def _held(tx: Transaction, several: _Several) -> Mapping[str, dict[_Row, int]]:
    found: defaultdict[str, dict[_Row, int]] = defaultdict(dict)
    query = select(_tally.c.ticket, _tally.c.id, *(_tally.c[name] for name in _Row._fields))
    for ticket, key, *rest in tx.connection().execute(query.where(_tally.c.ticket.in_(several))).all():
        found[ticket][_Row(*rest)] = key
    return found


def _carry(change: _Change, row: _Row, counts: Mapping[str, int], sign: int) -> None:
    day = row.day
    keys = zip(DIMENSIONS, (row.department, row.category, row.area, row.channel, row.type), strict=True)
    for dimension, key in ((TOTAL, ""), *keys):
        sums = change[day, dimension, key]
        for measure, n in counts.items():
            sums[measure] += sign * n


@cache
def _bulk(dialect: Dialect) -> tuple[Bulk, Bulk]:
    """Into the tallies, and onto the daily sums."""
    added = ", ".join(f"{code} = daily_count.{code} + excluded.{code}" for code in MEASURES)
    ending = f"ON CONFLICT (day, dimension, key) DO UPDATE SET {added}"
    columns = ("day", "dimension", "key", *MEASURES)
    return (
        Bulk(_tally, ("ticket", *_Row._fields), dialect),
        Bulk(DAILY_COUNT, columns, dialect, ending),
    )


def _changed(change: Mapping[_Place, Mapping[str, int]]) -> list[Mapping[str, Any]]:
    return [
        {
            "day": day.isoformat(),
            "dimension": dimension,
            "key": key,
            **{code: n for code, n in sums.items() if n},
        }
        for (day, dimension, key), sums in sorted(change.items())
        if any(sums.values())
    ]


def forget(database: Database, tx: Transaction) -> None:
    """Drop all counts, and let every ticket be counted anew (重建).

    Nobody counts meanwhile: who had read what a ticket added before would carry the difference to it into empty sums.
    """
    database.alone(tx, "tally")
    tx.connection().execute(delete(_tally))
    tx.connection().execute(delete(DAILY_COUNT))
    tx.connection().execute(update(_ticket).where(_ticket.c.tallied).values(tallied=False))


def waiting(tx: Transaction) -> bool:
    """Whether a ticket changed since it was last counted."""
    return tx.connection().execute(select(_ticket.c.number).where(_untallied).limit(1)).first() is not None


# --- Reading --------------------------------------------------------------------------------------------------

_d = DAILY_COUNT.c


def sums(tx: Transaction, begin: date, end: date) -> Sums:
    """Every measure summed from `begin` to `end`, both days included, by dimension and key; zeros are left out."""
    columns = [func.sum(_d[code]).label(code) for code in MEASURES]
    query = (
        select(_d.dimension, _d.key, *columns)
        .where(_d.day.between(begin, end))
        .group_by(_d.dimension, _d.key)
    )
    found: defaultdict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for dimension, key, *values in tx.connection().execute(query):
        found[dimension][key] = _named(values)
    return dict(found)


def open_at(tx: Transaction, end: date) -> dict[str, dict[str, int]]:
    """How many tickets were open at the end of that day, by dimension and key."""
    query = (
        select(_d.dimension, _d.key, func.sum(_d.open_change))
        .where(_d.day <= end)
        .group_by(_d.dimension, _d.key)
    )
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for dimension, key, n in tx.connection().execute(query):
        if n:
            found[dimension][key] = int(n)
    return dict(found)


def by_day(tx: Transaction, begin: date, end: date) -> dict[date, dict[str, int]]:
    """Every measure of everything together, for each day that has any."""
    query = select(_d.day, *(_d[code] for code in MEASURES)).where(
        _d.dimension == TOTAL, _d.day.between(begin, end)
    )
    return {day: _named(values) for day, *values in tx.connection().execute(query.order_by(_d.day))}


def _named(values: Iterable[Any]) -> dict[str, int]:
    return {code: int(n) for code, n in zip(MEASURES, values, strict=True) if n}


def of_department(tx: Transaction, department: Sequence[str], begin: date, end: date) -> dict[date, Sums]:
    """The tallies of departments, summed by day, dimension and key: what one department's report is made of."""
    columns = [_tally.c[name] for name in ("day", *DIMENSIONS, "counts")]
    query = select(*columns).where(_tally.c.department.in_(department), _tally.c.day.between(begin, end))
    found: defaultdict[date, Any] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    )
    for day, *rest, counts in tx.connection().execute(query):
        keys = [(TOTAL, ""), *zip(DIMENSIONS, rest, strict=True)]
        for measure, n in json.loads(counts).items():
            for dimension, key in keys:
                found[day][dimension][key][measure] += n
    return dict(found)


def recount(tx: Transaction) -> dict[tuple[date, str, str], dict[str, tuple[int, int]]]:
    """Where the daily sums differ from the tallies summed again: (stored, recounted) by measure. Empty is right."""
    again: _Change = defaultdict(lambda: defaultdict(int))
    columns = (_tally.c[name] for name in _Row._fields)
    for row in tx.connection().execution_options(yield_per=5000).execute(select(*columns)):
        kept = _Row(*row)
        _carry(again, kept, json.loads(kept.counts), 1)
    stored = {
        (day, dimension, key): _named(values)
        for day, dimension, key, *values in tx.connection().execute(
            select(_d.day, _d.dimension, _d.key, *(_d[code] for code in MEASURES))
        )
    }
    off: dict[tuple[date, str, str], dict[str, tuple[int, int]]] = {}
    for place in stored.keys() | again.keys():
        one: Mapping[str, int] = stored.get(place, {})
        other: Mapping[str, int] = again.get(place, {})
        wrong = {
            code: (one.get(code, 0), other.get(code, 0))
            for code in MEASURES
            if one.get(code, 0) != other.get(code, 0)
        }
        if wrong:
            off[place] = wrong
    return off
