"""The ticker's work (时限督办): every step of every clock that is due, once for ever, in due order, with no cap."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from dispatch.desk import Desk
from dispatch.record import notices, record
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import clues, history, links, outbox, tickets
from dispatch.storage import facts as stored_facts
from dispatch.storage.database import Doubled, Outage, Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.tables import Ticket
from rules import clocks, digests
from rules.acts import decide
from rules.bodies import Nothing
from rules.clocks import KIND_WORDS
from rules.outcome import Case, Notify, heard
from rules.policy import Policy
from rules.terms import CHINA, Act, ClockKind, Happened, Happening, Stage, Urgency
from rules.worktime import Calendar

#: Tickets looked for at once; the sweep goes on until none is left.
BATCH = 200

_KINDS = {
    "warn": Happened.WARNED,
    "breach": Happened.BREACHED,
    "supervise": Happened.SUPERVISED,
    "call_duty": Happened.DUTY_CALLED,
    "send_up": Happened.CLUE_SENT_UP,
    "resume": Happened.RESUMED,
}

#: Steps that whoever is on duty hears of, too (值班表).
ON_DUTY = ("warn", "breach", "call_duty")

log = structlog.get_logger(__name__)


def tick(desk: Desk, now: datetime) -> int:
    """Fire every step due at `now`, the longest overdue first; how many steps fired.

    A ticket that fails is logged and left due; it does not hold up the others, and the auditor's figure of the oldest
    overdue step shows it.
    """
    fired, failed = 0, set[str]()
    while due := stored_clocks.due(desk.database, now, BATCH, failed):
        for number in due:
            try:
                steps = fire(desk, number, now)
                fired += steps
                if not steps:
                    failed.add(number)  # another ticker was quicker; never look twice in one round
            except Outage:
                raise  # nothing can be fired now; the next round looks again
            except Exception as fault:  # one bad ticket must not stop the promises of all others
                failed.add(number)
                log.error("step_failed", ticket=number, why=repr(fault))
    return fired


def fire(desk: Desk, number: str, now: datetime) -> int:
    """Fire the due steps of one ticket under its lock; how many fired (0 when another ticker was quicker)."""
    try:
        with desk.transaction() as tx:
            ticket = tickets.lock(tx, number)
            terms = _plan_again(desk, tx, ticket)
            due = stored_clocks.due_of_ticket(tx, number, now)
            if any(row["kind"] == ClockKind.RESUME for row in due):
                return _resume(desk, tx, ticket, now)
            fired = [step for row in due for step in _steps(tx, ticket, row, terms, now)]
            level = max((step["level"] for step in fired), default=0)
            if level:
                tickets.mark(tx, number, {"supervision": max(level, ticket.supervision)})
            return len(fired)
    except Doubled:
        log.warning("step_fired_elsewhere", ticket=number)
        return 0


def _plan_again(desk: Desk, tx: Transaction, ticket: Ticket) -> tuple[Policy, Calendar]:
    policy, calendar = desk.packs.of(ticket.pack, tx)
    plans = clocks.plan(stored_facts.gather(tx, ticket), policy, calendar)
    stored_clocks.settle(tx, ticket.number, plans, ticket.pack, calendar.version)
    return policy, calendar


def _steps(
    tx: Transaction, ticket: Ticket, row: Mapping[str, Any], terms: tuple[Policy, Calendar], now: datetime
) -> list[Mapping[str, Any]]:
    """The due steps of one clock: an event each, at its true instant, and one notice for the highest of them."""
    fired = stored_clocks.fired_steps(tx, row["id"], row["generation"])
    waiting = [each for each in row["ladder"] if each["step"] not in fired]
    due = [each for each in waiting if datetime.fromisoformat(each["at"]) <= now]
    later = [datetime.fromisoformat(each["at"]) for each in waiting if each not in due]
    ledger = Ledger()
    ledger.event += [_event(ticket.number, row, each, now, highest=each is due[-1]) for each in due]
    if due:
        ledger.outbox += _spread(tx, ticket, _notices(ticket, row, due, terms[0]), terms, now)
    ledger.write(tx)
    if any(each["action"] == "send_up" for each in due):
        clues.settle(tx, ticket.number, "sent_up", "system", None, now)
    stored_clocks.advance(tx, row["id"], min(later, default=None))
    return due


def _spread(
    tx: Transaction, ticket: Ticket, wanted: Sequence[Notify], terms: tuple[Policy, Calendar], now: datetime
) -> list[dict[str, Any]]:
    """Outbox rows for now, and for the daily digest of those who need not hear at once."""
    policy, calendar = terms
    named = {each.receiver for each in wanted} & set(policy.digest.receivers)
    linked = links.count(tx, ticket.number) if named else 0
    urgency = Urgency(ticket.urgency)
    later = [
        each
        for each in wanted
        if digests.waits(each.receiver, urgency, ticket.complaint_count, linked, policy)
    ]
    rows = notices(ticket.number, [each for each in wanted if each not in later], now)
    if later:
        at = digests.next_digest(policy, calendar, now)
        rows += notices(ticket.number, later, at, kind="digests")
    return rows


def _event(
    number: str, row: Mapping[str, Any], step: Mapping[str, Any], now: datetime, highest: bool
) -> dict[str, Any]:
    data: dict[str, Any] = {"clock": row["kind"], "due_at": row["due_at"], "clause": step["clause"]}
    if step["level"]:
        data["level"] = step["level"]
    if not highest:
        data["collapsed"] = True  # fell due together with a higher step, after a stop of the ticker
    happening = Happening(_KINDS[step["action"]], datetime.fromisoformat(step["at"]), data)
    written = history.row(number, happening, "system", now)
    return {**written, "clock": row["id"], "generation": row["generation"], "step": step["step"]}


def _notices(
    ticket: Ticket, row: Mapping[str, Any], due: Sequence[Mapping[str, Any]], policy: Policy
) -> list[Notify]:
    """Who hears of the highest step, and one line about those that it swallowed."""
    highest = due[-1]
    due_at = row["due_at"].astimezone(CHINA)
    words = {
        "warn": f"{KIND_WORDS[ClockKind(row['kind'])]}将于 {due_at:%m月%d日 %H:%M} 届满，请抓紧。",
        "breach": f"已超过{KIND_WORDS[ClockKind(row['kind'])]}（{due_at:%m月%d日 %H:%M}），请立即处理。",
        "supervise": f"超期未办结，现予{'一二三'[highest['level'] - 1]}级督办。" if highest["level"] else "",
        "send_up": "线索在时限内没有审定，已自动上报。",
        "call_duty": f"工单到 {due_at:%m月%d日 %H:%M} 仍未签收，请值班人员电话通知。",
    }[highest["action"]]
    if len(due) > 1:
        words += f"（系统停顿期间另有 {len(due) - 1} 个提醒一并合入本通知）"
    duty = highest["action"] in ON_DUTY
    told = (Notify(receiver, words, ticket.department, duty) for receiver in highest["receivers"])
    return heard(told, policy, ticket.restricted)


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


def _is_running_resume(row: Mapping[str, Any]) -> bool:
    return row["kind"] == ClockKind.RESUME and row["next_at"] is not None


def sweep(desk: Desk, now: datetime) -> dict[str, int]:
    """Ring again for every kind of work that waits: a bell may be lost, the outbox is not."""
    with desk.database.reading() as tx:
        waiting = outbox.waiting(tx, now)
    for queue in waiting:
        desk.bell.ring(queue)
    return waiting
