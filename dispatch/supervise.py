"""The ticker's work (时限督办): every step of every clock that is due, once for ever, in due order, with no cap.

In quiet times each ticket is planned again under its lock before it fires. When many steps are due at once (a storm,
after a stop) the rows are believed, as every act wrote them in its own transaction and the auditor planned again what
was near: many tickets then share a transaction. docs/decisions/0008 says why.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from dispatch import steps, watch
from dispatch.desk import Desk, uncollected
from dispatch.record import record
from dispatch.steps import Firing
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage import outbox, tickets
from dispatch.storage import steps as stored_steps
from dispatch.storage.database import Doubled, Outage, Transaction
from dispatch.storage.steps import Place, Standing
from dispatch.storage.tables import Ticket
from rules import clocks, signing
from rules.acts import decide
from rules.bodies import Nothing
from rules.clockwork import SIGNS
from rules.lifecycle import STAGES
from rules.outcome import Case
from rules.policy import Policy
from rules.terms import CHINA, Act, ClockKind, Stage
from rules.worktime import Calendar

#: Steps claimed at once; a round goes on until none is left. On SQLite everybody waits for a batch.
BATCH = 500
BATCH_OF_ONE_WRITER = 100
#: Up to so many tickets at once are planned again, each in a transaction of its own.
CALM = 20
#: Triage takes seconds; who waits longer than this has limits that may have passed before any clock was written.
TRIAGE_LATE = timedelta(minutes=10)

log = structlog.get_logger(__name__)


def _never() -> bool:
    return False


@dataclass(slots=True)
class _Round:
    """One round of a ticker: who failed in it, and whether it is to end early."""

    desk: Desk
    now: datetime
    stop: Callable[[], bool]
    failed: set[str] = field(default_factory=set)


def tick(desk: Desk, now: datetime, stop: Callable[[], bool] = _never) -> int:
    """Fire every step due at `now`, the longest overdue first; how many steps fired here.

    Several tickers may do so at once on PostgreSQL: each leaves alone what another holds. A ticket that fails is
    logged and left due; it does not hold up the others, and the figure of the oldest overdue step shows it. `stop` is
    asked between transactions. Raises Outage.
    """
    with desk.database.reading() as tx:
        if not stored_steps.waiting(tx, now):
            return 0
    fired, turn = 0, _Round(desk, now, stop)
    while steps_fired := _pass(turn):  # again from the start: a step may have been held by one who was killed
        fired += steps_fired
    return fired


def _pass(turn: _Round) -> int:
    """From the step that is overdue longest to the newest, once."""
    fired, place = 0, None
    while not turn.stop():
        found, place = _batch(turn, place)
        fired += found
        if place is None:
            break
    return fired


def _batch(turn: _Round, after: Place | None) -> tuple[int, Place | None]:
    """Claim what is due next and fire it: together where there is much, one by one where there is little or one fails."""
    held: dict[str, Standing] = {}
    alone: list[str] = []
    fired, place = 0, None
    try:
        with uncollected(), turn.desk.transaction() as tx:
            size = BATCH_OF_ONE_WRITER if turn.desk.database.is_sqlite else BATCH
            claimed, place = stored_steps.claim(turn.desk.database, tx, turn.now, size, after)
            held = {number: each for number, each in claimed.items() if number not in turn.failed}
            if len(held) <= CALM:
                alone = list(held)
            else:
                firing, alone = _together(turn, tx, held)
                firing.write(tx, turn.now)
                fired = firing.fired
    except Outage:
        raise
    except Exception as fault:
        if not held:
            raise
        log.warning("steps_failed_together", n=len(held), why=repr(fault))
        fired, alone = 0, list(held)
    return fired + sum(_alone(turn, number) for number in alone), place


def _alone(turn: _Round, number: str) -> int:
    try:
        return fire(turn.desk, number, turn.now)
    except Outage:
        raise  # nothing can be fired now; the next round looks again
    except Exception as fault:  # one bad ticket must not stop the promises of all others
        turn.failed.add(number)
        log.error("step_failed", ticket=number, why=repr(fault))
        return 0


def _together(turn: _Round, tx: Transaction, held: Mapping[str, Standing]) -> tuple[Firing, list[str]]:
    """What many locked tickets call for, and those that must be looked at one by one."""
    due: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    rows = stored_steps.due(tx, list(held), turn.now)
    for row in rows:
        due[row["ticket"]].append(row)
    terms = {each.pack: turn.desk.packs.of(each.pack, tx) for each in held.values()}
    moment = steps.look(tx, rows, turn.now, any(policy.digest.receivers for policy, _ in terms.values()))
    firing, alone = Firing(), []
    for number, its in due.items():
        ticket = held[number]
        if not all(_as_the_stage_says(ticket, row) and not _signs(row, turn.now) for row in its):
            alone.append(number)
            continue
        try:
            firing.add(steps.of_ticket(ticket, its, terms[ticket.pack], moment))
        except Exception as fault:
            log.warning("step_unreadable", ticket=number, why=repr(fault))
            alone.append(number)  # fails there again, and is then left out
    return firing, alone


def _as_the_stage_says(ticket: Standing, row: Mapping[str, Any]) -> bool:
    """Whether the row agrees with where its ticket stands; one that does not is planned again before it fires."""
    kind = ClockKind(row["kind"])
    if kind is ClockKind.RESUME or ticket.history or row["state"] != "armed":
        return False
    return kind in clocks.BESIDE or kind in STAGES[Stage(ticket.stage)].clocks


def _signs(row: Mapping[str, Any], now: datetime) -> bool:
    """Whether a rung is due that moves the ticket: it is signed by itself, under a plan of its own."""
    return row["kind"] == ClockKind.SIGN and any(
        each["action"] == SIGNS and datetime.fromisoformat(each["at"]) <= now for each in row["ladder"]
    )


def fire(desk: Desk, number: str, now: datetime) -> int:
    """Plan one ticket again and fire its due steps, under its lock; how many (0 when another ticker was quicker)."""
    try:
        with desk.transaction() as tx:
            return _fire(desk, tx, tickets.lock(tx, number), now)
    except Doubled:
        log.warning("step_fired_elsewhere", ticket=number)
        return 0


def _fire(desk: Desk, tx: Transaction, ticket: Ticket, now: datetime) -> int:
    """Fire the due steps of a locked ticket; a suspension that ends goes first, and alone."""
    terms = _plan_again(desk, tx, ticket)
    due = stored_steps.due(tx, [ticket.number], now)
    if any(row["kind"] == ClockKind.RESUME for row in due):
        return _resume(desk, tx, ticket, now)
    standing = Standing(*(getattr(ticket, name) for name in Standing._fields))
    moment = steps.look(tx, due, now, bool(terms[0].digest.receivers))
    firing = steps.of_ticket(standing, due, terms, moment)
    firing.write(tx, now)
    return firing.fired + (_sign(desk, tx, ticket, *firing.signs, now) if firing.signs else 0)


def fire_first(desk: Desk, tx: Transaction, number: str, now: datetime) -> Ticket | None:
    """Fire what is due of a locked ticket, before what happens now changes what it promises (先补到点步骤).

    The ticket as it then is comes back, None where nothing was due: one look-up, nearly always. A ticker may have been
    away, and a limit that a reply holds or an extension renews would otherwise have been missed without a trace. While
    the clock stands before an instant that has been, nothing fires here either. docs/decisions/0013 says more.
    """
    if not stored_steps.is_due(tx, number, now):
        return None
    back = watch.setback_in(tx, now, desk.tolerance)
    if back is not None:
        log.error("steps_left_out", ticket=number, why=back.words, mend=watch.MEND)
        return None
    ticket = tickets.lock(tx, number)
    while stored_steps.is_due(tx, number, now) and _fire(desk, tx, ticket, now):
        tx.session.refresh(ticket)
    return ticket


def catch_up(desk: Desk, number: str, now: datetime) -> None:
    """Fire what is due of one ticket in a transaction of its own."""
    with desk.transaction() as tx:
        fire_first(desk, tx, tickets.lock(tx, number).number, now)


def time_late(desk: Desk, tx: Transaction, ticket: Ticket, now: datetime) -> bool:
    """Write the clocks of a locked ticket that waits for triage for long, so that what it missed can fire; whether it does."""
    late = ticket.stage == Stage.RECEIVED and ticket.received_at < now - TRIAGE_LATE
    if late:
        _plan_again(desk, tx, ticket)
    return late


def _plan_again(desk: Desk, tx: Transaction, ticket: Ticket) -> tuple[Policy, Calendar]:
    terms = desk.packs.of(ticket.pack, tx)
    stored_clocks.settle(tx, stored_facts.gather(tx, ticket), terms, ticket.pack)
    return terms


def _resume(desk: Desk, tx: Transaction, ticket: Ticket, now: datetime) -> int:
    """The review date of a suspension has come: the desk resumes by itself."""
    facts = stored_facts.gather(tx, ticket)
    row = next(each for each in stored_clocks.read(tx, ticket.number) if _is_running_resume(each))
    terms = desk.packs.of(ticket.pack, tx)
    at = row["due_at"].astimezone(CHINA)
    if facts.stage is not Stage.SUSPENDED:
        return 0
    outcome = decide(Act.RESUME, Nothing(), Case(facts, *terms, at))
    stamp = {"clock": row["id"], "generation": row["generation"], "step": "resume"}
    record(desk, tx, ticket, facts, Act.RESUME, outcome, terms, "system", now, stamp)
    return 1


def _sign(
    desk: Desk,
    tx: Transaction,
    ticket: Ticket,
    row: Mapping[str, Any],
    rung: Mapping[str, Any],
    now: datetime,
) -> int:
    """The window for returns is over and nobody signed: the ticket is signed by itself, as of that instant."""
    facts = stored_facts.gather(tx, ticket)
    if facts.stage is not Stage.TO_SIGN:
        return 0
    terms = desk.packs.of(ticket.pack, tx)
    step = clocks.from_row(rung)
    outcome = signing.by_itself(step, Case(facts, *terms, step.at.astimezone(CHINA)))
    stamp = {"clock": row["id"], "generation": row["generation"], "step": step.step}
    record(desk, tx, ticket, facts, Act.SIGN, outcome, terms, "system", now, stamp)
    return 1


def _is_running_resume(row: Mapping[str, Any]) -> bool:
    return row["kind"] == ClockKind.RESUME and row["next_at"] is not None


def sweep(desk: Desk, now: datetime) -> dict[str, int]:
    """Ring again for every kind of work that waits: a bell may be lost, the outbox is not."""
    with desk.database.reading() as tx:
        waiting = outbox.waiting(tx, now)
    for queue in waiting:
        desk.bell.ring(queue)
    return waiting
