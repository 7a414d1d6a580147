"""The clocks as stored (时钟): the difference between the plan and the rows, and the step that waits longest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Dialect, bindparam, func, insert, select, update
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.prepared import BulkChange, among, as_read
from rules import clocks
from rules.clocks import ClockPlan, as_row, due_of, from_row, next_step
from rules.policy import Policy
from rules.terms import Facts
from rules.worktime import Calendar

_clock = SQLModel.metadata.tables["clock"]
_event = SQLModel.metadata.tables["event"]

#: Built once each, as every act runs them: a statement that is built anew costs more than it takes to run.
_insert = insert(_clock)
_of_ticket = select(_clock).where(_clock.c.ticket == bindparam("number")).order_by(_clock.c.id)
_steps_of_ticket = select(_event.c.clock, _event.c.step).where(
    _event.c.ticket == bindparam("number"), _event.c.step.is_not(None), _event.c.clock.is_not(None)
)
#: SQLite uses the partial index only where its condition is written out, and else reads every clock there ever was.
_oldest_step = select(func.min(_clock.c.next_at)).where(_clock.c.next_at.is_not(None))
_change = (
    update(_clock)
    .where(_clock.c.id == bindparam("row"))
    .values(state=bindparam("new_state"), next_at=bindparam("new_next"), stopped_at=bindparam("new_stop"))
)


def fresh(ticket: str, plans: Iterable[ClockPlan], pack: str, calendar: str) -> list[dict[str, Any]]:
    """The rows of a ticket's clocks when none are stored yet."""
    return [_row(ticket, each, pack, calendar, ()) for each in plans]


def _row(ticket: str, plan: ClockPlan, pack: str, calendar: str, fired: Iterable[str]) -> dict[str, Any]:
    following = next_step(plan, fired)
    return {
        "ticket": ticket,
        "kind": plan.kind.value,
        "scope": plan.scope,
        "generation": plan.generation,
        "state": plan.state,
        "started_at": plan.started_at,
        "amount": plan.budget.amount if plan.budget else None,
        "unit": plan.budget.unit.value if plan.budget else None,
        "due_at": plan.due_at,
        "next_at": following.at if following else None,
        "stopped_at": plan.stopped_at,
        "ladder": [as_row(step) for step in plan.steps],
        "rule": plan.rule,
        "clause": plan.clause,
        "pack": pack,
        "calendar": calendar,
        "provisional": plan.provisional,
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the stored rows of one ticket are not what its plan says.

    `new` are rows that are missing, `changed` pairs of a stored row and what is to be set in it. `due_at` is the
    earliest deadline that runs by the plan.
    """

    new: Sequence[Mapping[str, Any]]
    changed: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    due_at: datetime | None


def settle(tx: Transaction, facts: Facts, terms: tuple[Policy, Calendar], pack: str) -> datetime | None:
    """Plan the clocks of a ticket and write the difference to the stored rows.

    A generation's deadline and ladder are a promise and are never rewritten; only its state, its next step and its
    end move. New generations are inserted. The earliest deadline that runs now comes back.
    """
    rows = read(tx, facts.number)
    held = {(row["kind"], row["scope"], row["generation"]) for row in rows}
    plans = clocks.plan(facts, *terms, lambda *generation: generation not in held)
    fired: dict[int, frozenset[str]] = {}
    for clock, step in tx.connection().execute(_steps_of_ticket, {"number": facts.number}):
        fired[clock] = fired.get(clock, frozenset()) | {step}
    found = compare(facts.number, plans, rows, fired, (pack, terms[1].version))
    write(tx, found)
    return found.due_at


def compare(
    ticket: str,
    plans: Sequence[ClockPlan],
    rows: Iterable[Mapping[str, Any]],
    fired: Mapping[int, frozenset[str]],
    terms: tuple[str, str],
) -> Difference:
    """Hold `plans` against the stored `rows` of a ticket; `fired` are its steps by clock, `terms` pack and calendar."""
    stored = {(each["kind"], each["scope"], each["generation"]): each for each in rows}
    new, changed, running = [], [], []
    for plan in plans:
        held = stored.get((plan.kind.value, plan.scope, plan.generation))
        if held is None:
            new.append(_row(ticket, plan, *terms, ()))
            running.append(plan)
        else:
            kept = _as_promised(plan, held)
            change = _difference(kept, held, fired.get(held["id"], frozenset()))
            changed += [(held, change)] if change else []
            running.append(kept)
    return Difference(new, changed, due_of(running))


def write(tx: Transaction, found: Difference) -> None:
    """Bring the stored rows of a locked ticket in line with its plan."""
    if found.new:
        tx.connection().execute(_insert, list(found.new))
    if found.changed:
        tx.connection().execute(_change, [change for _, change in found.changed])


@cache
def _changes(dialect: Dialect) -> tuple[BulkChange, BulkChange]:
    stands = ("provisional", "calendar")
    return (
        BulkChange(_clock, "id", ("state", "next_at", "stopped_at", *stands), dialect),
        BulkChange(_clock, "id", stands, dialect),
    )


def write_all(
    tx: Transaction,
    changed: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
    stands: Mapping[int, tuple[bool, str]],
) -> None:
    """What `Difference.changed` holds of many locked tickets, and where rows `stand` now: provisional or not, by which calendar.

    A row that has both is written once.
    """
    moved = []
    for held, change in changed:
        provisional, calendar = stands.get(held["id"], (held["provisional"], held["calendar"]))
        moved.append(
            {
                "id": held["id"],
                "state": change["new_state"],
                "next_at": change["new_next"],
                "stopped_at": change["new_stop"],
                "provisional": provisional,
                "calendar": calendar,
            }
        )
    done = {row["id"] for row in moved}
    others = [
        {"id": id, "provisional": provisional, "calendar": calendar}
        for id, (provisional, calendar) in stands.items()
        if id not in done
    ]
    wholly, partly = _changes(tx.connection().dialect)
    wholly.write(tx.connection(), moved)
    partly.write(tx.connection(), others)


def cancel(tx: Transaction, clocks: Sequence[int], now: datetime) -> None:
    """Stop clocks of a locked ticket that its plan knows nothing of; deadline and ladder stay."""
    if clocks:
        stopped = {"new_state": "cancelled", "new_next": None, "new_stop": now}
        tx.connection().execute(_change, [{"row": clock, **stopped} for clock in clocks])


def _as_promised(plan: ClockPlan, held: Mapping[str, Any]) -> ClockPlan:
    """The plan with the deadline and ladder that its row promised: a calendar that came later changes neither.

    Of a clock that is not armed nobody asks for the next step, so its ladder is not read.
    """
    steps = tuple(from_row(each) for each in held["ladder"]) if plan.state == "armed" else ()
    return replace(plan, due_at=held["due_at"], steps=steps)


def _difference(plan: ClockPlan, held: Mapping[str, Any], fired: frozenset[str]) -> dict[str, Any] | None:
    following = next_step(plan, fired)
    wanted = (plan.state, following.at if following else None, plan.stopped_at)
    if wanted == (held["state"], held["next_at"], held["stopped_at"]):
        return None
    return {"row": held["id"], "new_state": wanted[0], "new_next": wanted[1], "new_stop": wanted[2]}


def steps_of(tx: Transaction, numbers: Sequence[str]) -> dict[str, dict[int, frozenset[str]]]:
    """The steps of clocks that have an event, by ticket and clock."""
    several = among(tx.connection(), numbers)
    query = select(_event.c.ticket, _event.c.clock, _event.c.step).where(
        _event.c.ticket.in_(several), _event.c.step.is_not(None), _event.c.clock.is_not(None)
    )
    found: dict[str, dict[int, frozenset[str]]] = {number: {} for number in numbers}
    for ticket, clock, step in tx.connection().execute(query):
        found[ticket][clock] = found[ticket].get(clock, frozenset()) | {step}
    return found


def read_all(tx: Transaction, numbers: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """All clock rows of many tickets, by number, oldest first."""
    found: dict[str, list[Mapping[str, Any]]] = {number: [] for number in numbers}
    several = among(tx.connection(), numbers)
    query = (
        select(*as_read(tx.connection(), _clock.c)).where(_clock.c.ticket.in_(several)).order_by(_clock.c.id)
    )
    for each in tx.connection().execute(query).mappings().all():
        found[each["ticket"]].append(dict(each))
    return found


def timed(tx: Transaction, numbers: Sequence[str]) -> set[str]:
    """Those of the tickets that have clock rows already."""
    query = select(_clock.c.ticket).where(_clock.c.ticket.in_(numbers)).distinct()
    return set(tx.connection().execute(query).scalars())


def read(tx: Transaction, ticket: str) -> list[Mapping[str, Any]]:
    """All clock rows of a ticket, oldest first."""
    return [dict(each) for each in tx.connection().execute(_of_ticket, {"number": ticket}).mappings()]


def oldest_step(tx: Transaction) -> datetime | None:
    """When the longest waiting step was due; the ticker is late by now minus this."""
    moment: datetime | None = tx.connection().execute(_oldest_step).scalar()
    return moment


def oldest(tx: Transaction) -> Mapping[str, Any] | None:
    """The step that waits longest: ticket, kind, scope and `next_at`; None when no clock is armed."""
    query = select(_clock.c.ticket, _clock.c.kind, _clock.c.scope, _clock.c.next_at)
    query = query.where(_clock.c.next_at.is_not(None)).order_by(_clock.c.next_at, _clock.c.id).limit(1)
    found = tx.connection().execute(query).mappings().first()
    return dict(found) if found else None
