"""The clocks as stored (时钟): the difference between the plan and the rows, and the rows whose step is due."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Database, Transaction
from rules.clocks import ClockPlan, as_row, due_of, from_row, next_step

_clock = SQLModel.metadata.tables["clock"]
_event = SQLModel.metadata.tables["event"]

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


def settle(
    tx: Transaction, ticket: str, plans: Sequence[ClockPlan], pack: str, calendar: str
) -> datetime | None:
    """Write the difference between `plans` and the stored rows.

    A generation's deadline and ladder are a promise and are never rewritten; only its state, its next step and its
    end move. New generations are inserted. The earliest deadline that runs now comes back.
    """
    stored = {(each["kind"], each["scope"], each["generation"]): each for each in read(tx, ticket)}
    fired = _fired(tx, ticket)
    new, changed = [], []
    running = []
    for plan in plans:
        held = stored.get((plan.kind.value, plan.scope, plan.generation))
        if held is None:
            new.append(_row(ticket, plan, pack, calendar, ()))
            running.append(plan)
        else:
            kept = _as_promised(plan, held)
            change = _difference(kept, held, fired.get(held["id"], frozenset()))
            changed += [change] if change else []
            running.append(kept)
    if new:
        tx.connection().execute(insert(_clock), new)
    if changed:
        tx.connection().execute(_change, changed)
    return due_of(running)


def _as_promised(plan: ClockPlan, held: Mapping[str, Any]) -> ClockPlan:
    """The plan with the deadline and ladder that its row promised: a calendar that came later changes neither."""
    return replace(plan, due_at=held["due_at"], steps=tuple(from_row(each) for each in held["ladder"]))


def _difference(plan: ClockPlan, held: Mapping[str, Any], fired: frozenset[str]) -> dict[str, Any] | None:
    following = next_step(plan, fired)
    wanted = (plan.state, following.at if following else None, plan.stopped_at)
    if wanted == (held["state"], held["next_at"], held["stopped_at"]):
        return None
    return {"row": held["id"], "new_state": wanted[0], "new_next": wanted[1], "new_stop": wanted[2]}


def _fired(tx: Transaction, ticket: str) -> dict[int, frozenset[str]]:
    query = select(_event.c.clock, _event.c.step).where(_event.c.ticket == ticket, _event.c.step.is_not(None))
    steps: dict[int, set[str]] = {}
    for clock, step in tx.connection().execute(query):
        steps.setdefault(clock, set()).add(step)
    return {clock: frozenset(names) for clock, names in steps.items()}


def timed(tx: Transaction, numbers: Sequence[str]) -> set[str]:
    """Those of the tickets that have clock rows already."""
    query = select(_clock.c.ticket).where(_clock.c.ticket.in_(numbers)).distinct()
    return set(tx.connection().execute(query).scalars())


def read(tx: Transaction, ticket: str) -> list[Mapping[str, Any]]:
    """All clock rows of a ticket, oldest first."""
    query = select(_clock).where(_clock.c.ticket == ticket).order_by(_clock.c.id)
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def due(database: Database, now: datetime, n: int, without: Collection[str] = ()) -> list[str]:
    """Up to `n` tickets with a step due at `now`, the longest overdue first: the sweep narrows, the job looks again."""
    query = (
        select(_clock.c.ticket)
        .where(_clock.c.next_at <= now)
        .order_by(_clock.c.next_at, _clock.c.id)
        .limit(n)
    )
    if without:
        query = query.where(_clock.c.ticket.not_in(without))
    with database.reading() as tx:
        return list(dict.fromkeys(tx.connection().execute(query).scalars()))


def due_of_ticket(tx: Transaction, ticket: str, now: datetime) -> list[Mapping[str, Any]]:
    """The clock rows of a locked ticket that have a step due at `now`, in due order."""
    query = (
        select(_clock)
        .where(_clock.c.ticket == ticket, _clock.c.next_at <= now)
        .order_by(_clock.c.next_at, _clock.c.id)
    )
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def fired_steps(tx: Transaction, clock: int, generation: int) -> frozenset[str]:
    """The steps of one generation that have an event."""
    query = select(_event.c.step).where(
        _event.c.clock == clock, _event.c.generation == generation, _event.c.step.is_not(None)
    )
    return frozenset(tx.connection().execute(query).scalars())


def advance(tx: Transaction, clock: int, next_at: datetime | None) -> None:
    """Set when the next step of a clock is due."""
    tx.connection().execute(update(_clock).where(_clock.c.id == clock).values(next_at=next_at))


def oldest_step(tx: Transaction) -> datetime | None:
    """When the longest waiting step was due; the ticker is late by now minus this.

    SQLite uses the partial index only where its condition is written out, and else reads every clock there ever was.
    """
    waiting = select(func.min(_clock.c.next_at)).where(_clock.c.next_at.is_not(None))
    moment: datetime | None = tx.connection().execute(waiting).scalar()
    return moment
