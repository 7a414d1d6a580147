"""Promises that were not kept (超期认定): which clock, whose it was, until when it was awaited, how late it became.

Read from the replayed clocks and not from the ticker's events: a stop of the ticker changes nothing here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.clocks import KIND_WORDS, WHOLE, ClockPlan, plan
from rules.evidence_words import (
    DEPARTMENT_CLOCKS,
    DONE_WORDS,
    HOTLINE,
    budget_words,
    length,
    moment,
    name_of,
)
from rules.policy import Policy
from rules.terms import ClockKind, Facts, Happened, Happening, Stage, Unit
from rules.worktime import Calendar

#: Events that name the lead anew.
SENT = (Happened.DISPATCHED, Happened.REASSIGNED)
_WALL = (Unit.MINUTES, Unit.CALENDAR_DAYS)


@dataclass(frozen=True, slots=True)
class Missed:
    """A promise that was not kept (超期): its clock, whose it was (None: the hotline's, as where no department held
    the ticket), until when it was awaited, and by how many minutes it was missed, counted as the limit is: in working
    time, or by the wall where `wall`. `ending` says how it stood then."""

    ticket: str
    plan: ClockPlan
    due: datetime
    owner: str | None
    until: datetime
    minutes: float
    wall: bool
    ending: str

    @property
    def late(self) -> str:
        """How late, for people."""
        return f"{length(self.minutes)}（{'按自然时间' if self.wall else '按工作时间'}）"


def with_leads(facts: Facts) -> Iterator[tuple[Happening, str | None]]:
    """Every event with the lead's code: the new one for a dispatch, else the one that held the ticket until then."""
    named = any(each.kind in SENT and each.data.get("department") for each in facts.happenings)
    lead = None if named else facts.department
    for event in facts.happenings:
        if event.kind in SENT:
            lead = event.data.get("department") or lead
        yield event, lead
        if _relieves(event):
            lead = None


def _relieves(event: Happening) -> bool:
    """Whether no department holds the ticket any more: the hotline must dispatch it."""
    accepted = event.kind is Happened.RETURN_SETTLED and bool(event.data.get("accepted"))
    return accepted or event.kind is Happened.UNMERGED


def missed(facts: Facts, policy: Policy, calendar: Calendar, now: datetime) -> tuple[Missed, ...]:
    """The promises of one ticket whose deadline passed while their clock ran, in order of their clocks.

    A pause and a reply under review do not count as running, but a reply that was sent back counts as none. Where an
    extension was granted so late that the new deadline had passed too, only the new one is told.
    """
    if facts.history:
        return ()
    fired = {(event.data.get("clock"), due_of(event)) for event in facts.happenings if _is_breach(event)}
    plans = [
        each for each in plan(facts, policy, calendar) if each.budget is not None and each.scope == WHOLE
    ]
    found: list[Missed] = []
    for position, each in enumerate(plans):
        if each.due_at is None:
            continue
        until = _ran_until(each, facts, now)
        if until > each.due_at or (each.kind.value, each.due_at) in fired:
            found.append(_missed(facts, each, max(until, each.due_at), _renewed(plans[position:]), calendar))
    return tuple(each for each in found if not _replaced(each, found))


def _is_breach(event: Happening) -> bool:
    """Breaches of most clocks; an unsigned ticket calls the duty officer instead."""
    return event.kind is Happened.BREACHED or (
        event.kind is Happened.DUTY_CALLED and event.at == due_of(event)
    )


def due_of(event: Happening) -> datetime:
    """The deadline that an event of a clock speaks of; its own instant where it names none."""
    due = event.data.get("due_at")
    return due if isinstance(due, datetime) else event.at


def _renewed(plans: Sequence[ClockPlan]) -> bool:
    """Whether the first of them went on as another generation of the same promise."""
    first = plans[0]
    return any(each.kind is first.kind and each.started_at == first.started_at for each in plans[1:])


def _replaced(one: Missed, found: Sequence[Missed]) -> bool:
    stopped = one.plan.stopped_at
    return stopped is not None and any(
        each.plan.kind is one.plan.kind
        and each.plan.started_at == one.plan.started_at
        and each.plan.generation > one.plan.generation
        and each.due <= stopped
        for each in found
    )


def _missed(facts: Facts, promise: ClockPlan, until: datetime, renewed: bool, calendar: Calendar) -> Missed:
    due, calendar = promise.due_at or until, calendar.on(facts.urgency)
    wall = promise.budget is not None and promise.budget.unit in _WALL
    minutes = _minutes(due, until, wall, calendar)
    if promise.kind is ClockKind.HANDLE:  # a granted pause is nobody's delay, after the deadline either
        minutes -= sum(_minutes(*span, wall, calendar) for span in _pauses(facts, due, until))
    ending = {"met": "met", "held": "held", "paused": "paused", "armed": "running"}.get(promise.state, "cut")
    if promise.state == "cancelled" and renewed:
        ending = "extended"
    owner = _owner(facts, promise.kind, due)
    return Missed(facts.number, promise, due, owner, until, max(minutes, 0.0), wall, ending)


def _minutes(begin: datetime, end: datetime, wall: bool, calendar: Calendar) -> float:
    return (end - begin).total_seconds() / 60 if wall else calendar.elapsed(begin, end)


def _pauses(facts: Facts, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The suspensions that lie between two instants, cut to them."""
    paused_at: datetime | None = None
    for event in facts.happenings:
        if "stage" not in event.data:
            continue
        if paused_at is not None and min(event.at, end) > max(paused_at, begin):
            yield max(paused_at, begin), min(event.at, end)
        paused_at = event.at if event.data["stage"] == Stage.SUSPENDED else None
    if paused_at is not None and end > max(paused_at, begin):
        yield max(paused_at, begin), end


def _ran_until(promise: ClockPlan, facts: Facts, now: datetime) -> datetime:
    """When a clock ceased to run: it stopped, was paused, was answered and not sent back, or it runs still."""
    stop = promise.stopped_at or now
    waits = {
        ClockKind.HANDLE: (Stage.REVIEWING, Stage.SUSPENDED),
        ClockKind.FIRST_CONTACT: (Stage.REVIEWING,),
    }
    moved = [each for each in facts.happenings if "stage" in each.data and each.at < stop]
    if moved and moved[-1].data["stage"] in waits.get(promise.kind, ()):
        return moved[-1].at
    return stop


def _owner(facts: Facts, kind: ClockKind, due: datetime) -> str | None:
    """Whose promise it was when it fell due; a review is the department's until it has passed the reply on."""
    before = [(event, lead) for event, lead in with_leads(facts) if event.at < due]
    lead = None if not before or _relieves(before[-1][0]) else before[-1][1]
    if kind in DEPARTMENT_CLOCKS:
        return lead
    if kind is not ClockKind.REVIEW:
        return None
    replies = [at for at, (event, _) in enumerate(before) if event.kind is Happened.REPLIED]
    since = before[replies[-1] :] if replies else before
    passed = any(
        event.kind is Happened.REVIEWED and event.data.get("level") == "department" for event, _ in since
    )
    return None if passed else lead


def missed_words(one: Missed, policy: Policy) -> str:
    """Who owed what by when, and how late it became."""
    kind = one.plan.kind
    who = HOTLINE if one.owner is None else name_of(one.owner, policy)
    limit = f"（{budget_words(one.plan.budget)}）" if one.plan.budget else ""
    done, until = DONE_WORDS[kind], moment(one.until)
    ending = {
        "met": f"实际 {until} {done}，超期 {one.late}",
        "held": f"{until} 才提交答复，尚在审核，超期 {one.late}",
        "paused": f"{until} 挂起前已超期 {one.late}",
        "running": f"截至 {until} 仍未{done}，已超期 {one.late}",
        "extended": f"{until} 前没有{done}，已超期 {one.late}，其后延期获准",
        "cut": f"到 {until} 停止计时仍未{done}，超期 {one.late}",
    }[one.ending]
    return f"{who}的{KIND_WORDS[kind]}{limit}：应于 {moment(one.due)} 前{done}，{ending}。"
