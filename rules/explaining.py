"""Why a deadline is what it is (时限说明): start, limit, skipped days, pauses and extensions, measured anew and summed.

The parts are not taken from the plan: they are gathered from the ticket's events and added up on the calendar, so that
`Explanation.adds_up` says whether they lead to the deadline that was promised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from rules.clocks import WHOLE, ClockPlan
from rules.clocks import plan as planned
from rules.clockwork import UPPER, no_ladder
from rules.policy import Policy
from rules.terms import (
    CHINA,
    Budget,
    ClockKind,
    Facts,
    Happened,
    Happening,
    Stage,
    TicketType,
    Unit,
    Urgency,
)
from rules.worktime import Calendar

ON_THE_WALL = (Unit.MINUTES, Unit.CALENDAR_DAYS)

#: The stages that a clock starts in.
_STARTS_IN: dict[ClockKind, tuple[Stage, ...]] = {
    ClockKind.DISPATCH: (Stage.RECEIVED, Stage.TO_DISPATCH),
    ClockKind.SUPPLEMENT: (Stage.INCOMPLETE,),
    ClockKind.SIGN: (Stage.TO_SIGN,),
    ClockKind.SETTLE: (Stage.RETURNED, Stage.CONFERRING),
    ClockKind.FIRST_CONTACT: (Stage.HANDLING,),
    ClockKind.HANDLE: (Stage.TO_SIGN, Stage.HANDLING),
    ClockKind.RESUME: (Stage.SUSPENDED,),
    ClockKind.REVIEW: (Stage.REVIEWING,),
    ClockKind.CALL_BACK: (Stage.TO_CALL_BACK,),
}


#: Clocks that an event starts which moves no stage.
_BEGUN_BY = {ClockKind.CLUE: Happened.CLUE_OPENED, ClockKind.UPWARD: Happened.UPWARD_QUEUED}


@dataclass(frozen=True, slots=True)
class Days:
    """Days in a row that did not count, and why: the festival, 周六, 周日 or 周末."""

    first: date
    last: date
    why: str

    @property
    def count(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Change:
    """A pause (挂起) or an extension (延期) while the limit ran; `due_at` is the deadline after it.

    `how` is "set" where a person named the deadline, with `by` and `reason`, and "kept" where a new calendar would have
    ended it earlier and the promise stayed.
    `minutes` were given back for a pause, in the unit of the limit; 0 where it took none of its time. A pause that still
    lasts has no `until`.
    """

    begun: datetime
    until: datetime | None
    due_at: datetime
    minutes: float = 0.0
    workdays: float = 0.0
    how: str = ""
    by: str = ""
    reason: str = ""

    @property
    def is_pause(self) -> bool:
        """Whether it is a pause."""
        return not self.workdays and not self.how


@dataclass(frozen=True, slots=True)
class Explanation:
    """What leads to one deadline; the words for it are in `rules/explaining_words.py`.

    `cause` is the event that it counts from, `counted_from` the instant that stands for it where the pack moves starts
    after hours, `runs_from` the first instant at which time passes. `skipped` and `worked` (make-up days, each with
    its festival) lie between start and deadline; empty where the limit goes by the wall. `first_due_at` is before,
    `summed` after all `changes`; `redo` the round of the redo that is timed, 0 for none; `capped` where a delegated leg
    ends with the limit of who delegated, or a reply upward on the day that the upper level set.
    """

    plan: ClockPlan
    cause: Happening | None
    counted_from: datetime
    runs_from: datetime
    skipped: tuple[Days, ...]
    worked: tuple[tuple[date, str], ...]
    changes: tuple[Change, ...]
    first_due_at: datetime | None
    summed: datetime | None
    redo: int
    capped: bool = False

    @property
    def adds_up(self) -> bool:
        """Whether the parts lead to the deadline; not where it was set by hand or by law."""
        return self.summed == self.plan.due_at


def explain(
    plan: ClockPlan, plans: Sequence[ClockPlan], facts: Facts, policy: Policy, calendar: Calendar
) -> Explanation:
    """The parts of one deadline out of all `plans` of the ticket. Raises NoCalendar beyond the table."""
    turn = _turn(plan, plans, facts)
    shipped, calendar = calendar, _in_force(turn, facts, calendar).on(facts.urgency)
    begun = _cause(plan, facts, policy)
    cause = None if begun is None else facts.happenings[begun]
    budget = plan.budget
    if budget is None or plan.due_at is None:
        at = plan.started_at
        return Explanation(plan, cause, at, at, (), (), (), plan.due_at, plan.due_at, 0)
    counted = calendar.counted_from(plan.started_at, budget, after_hours=policy.after_hours)
    alone = calendar.add(plan.started_at, budget, after_hours=policy.after_hours)
    if plan.rule == UPPER and facts.upper_due_at is not None:
        alone = max(plan.started_at, facts.upper_due_at)
    first = _no_later_than_above(alone, plan, begun, facts, policy, shipped)
    if (
        plan.kind is ClockKind.UPWARD
        and facts.upper_due_at is not None
        and facts.upper_due_at > plan.started_at
    ):
        first = min(first, facts.upper_due_at)
    after = facts.happenings[(begun or 0) + 1 :]
    changes = tuple(_changes(plan, plans, after, first, calendar, _prolonged(plan, cause), turn))
    wall = budget.unit in ON_THE_WALL
    return Explanation(
        plan=plan,
        cause=cause,
        counted_from=counted,
        runs_from=counted if wall else calendar.opens_at(counted),
        skipped=() if wall else in_rows(calendar.skipped(plan.started_at, plan.due_at)),
        worked=() if wall else tuple(_make_up_days(plan.started_at, plan.due_at, calendar)),
        changes=changes,
        first_due_at=first,
        summed=changes[-1].due_at if changes else first,
        redo=_redo(plan, facts, policy),
        capped=first < alone,
    )


def _turn(plan: ClockPlan, plans: Sequence[ClockPlan], facts: Facts) -> Happening | None:
    """The newest change of the calendar that this generation lived to see."""
    begun = _renewed_at(plan, plans)
    turns = [
        each
        for each in facts.happenings
        if each.kind is Happened.CALENDAR_CHANGED
        and (plan.stopped_at is None or plan.stopped_at > each.at or begun >= each.at)
    ]
    return turns[-1] if turns else None


def _in_force(turn: Happening | None, facts: Facts, calendar: Calendar) -> Calendar:
    """The calendar that this generation is counted by."""
    first = next((each for each in facts.happenings if each.kind is Happened.CALENDAR_CHANGED), None)
    if first is None:
        return calendar
    version = turn.data["calendar"] if turn is not None else first.data["before"]
    return calendar.earlier.get(version, calendar)


def _no_later_than_above(
    due: datetime, plan: ClockPlan, begun: int | None, facts: Facts, policy: Policy, calendar: Calendar
) -> datetime:
    """A delegated leg ends at the latest with the leg of who delegated, as that was promised then, or with the ticket.

    What stood then is what the events before call for: an extension of the same instant came after.
    """
    cause = None if begun is None else facts.happenings[begun]
    if cause is None or cause.kind is not Happened.DELEGATED or plan.scope == WHOLE:
        return due
    before = replace(facts, happenings=facts.happenings[:begun])
    turned = before.last(Happened.CALENDAR_CHANGED) is not None
    by = calendar if turned else _in_force(None, facts, calendar)
    promised = {
        each.scope: each.due_at
        for each in planned(before, policy, by, no_ladder)
        if each.kind is plan.kind and each.stopped_at is None
    }
    above = promised.get(cause.data["upper"]) or promised.get(WHOLE)
    return due if above is None else max(plan.started_at, min(due, above))


def _renewed_at(plan: ClockPlan, plans: Sequence[ClockPlan]) -> datetime:
    """When this generation began: its start, or the end of the one that it renewed."""
    before = [
        each.stopped_at
        for each in plans
        if (each.kind, each.scope, each.started_at) == (plan.kind, plan.scope, plan.started_at)
        and each.generation == plan.generation - 1
    ]
    return before[0] if before and before[0] is not None else plan.started_at


def _prolonged(plan: ClockPlan, cause: Happening | None) -> bool:
    """Whether a granted extension moves it: the ticket's own limit and the lead's, not that of who helps."""
    if plan.scope == WHOLE or cause is None:
        return True
    helps = cause.kind in (Happened.ASSISTED, Happened.DELEGATED)
    return not helps and plan.scope not in (cause.data.get("assists") or ())


def _cause(plan: ClockPlan, facts: Facts, policy: Policy) -> int | None:
    """Where in the history the event stands that started the clock; None where none fits.

    Of several at one instant the one that asked for this very leg.
    """
    stages = _STARTS_IN.get(plan.kind, ())
    if plan.kind is ClockKind.HANDLE and policy.handle_starts == "received":
        stages = (Stage.RECEIVED, Stage.TO_DISPATCH, *stages)
    fitting = [
        at
        for at, each in enumerate(facts.happenings)
        if each.at == plan.started_at
        and (
            each.kind is _BEGUN_BY[plan.kind]
            if plan.kind in _BEGUN_BY
            else each.data.get("stage") in stages or _joins(each, plan.scope)
        )
    ]
    joined = [at for at in fitting if _joins(facts.happenings[at], plan.scope)]
    return next(iter((*joined, *fitting)), None)


def _joins(happening: Happening, scope: str) -> bool:
    kinds = (Happened.ASSISTED, Happened.DELEGATED)
    return happening.kind in kinds and happening.data["department"] == scope


def _redo(plan: ClockPlan, facts: Facts, policy: Policy) -> int:
    if not any(row.id == plan.rule and row.occasion == "redo" for row in policy.limits):
        return 0
    rounds = sum(each.kind is Happened.REDONE and each.at <= plan.started_at for each in facts.happenings)
    return max(1, rounds)


def _changes(
    plan: ClockPlan,
    plans: Sequence[ClockPlan],
    after: Sequence[Happening],
    due: datetime,
    calendar: Calendar,
    prolonged: bool,
    turn: Happening | None,
) -> Iterator[Change]:
    """What moved the deadline, or could have, up to this generation; `after` are the events since the start.

    Up to the `turn` to another calendar all is counted by that one; which generations came before says nothing then.
    """
    if plan.budget is None or (plan.kind is not ClockKind.HANDLE and turn is None):
        return
    if plan.kind is not ClockKind.HANDLE:
        after = [each for each in after if each is turn]
    left = _renewals(plan, plans, turn)
    before = turn in after
    paused: datetime | None = None
    stage: Stage | None = None
    for each in after:
        if not before and not left and plan.stopped_at is not None and each.at >= plan.stopped_at:
            break  # an approved reply stops a clock in retrospect: what renewed it may lie after its end
        earlier, stage = stage, each.data.get("stage", stage)
        found: Change | None = None
        if stage == Stage.SUSPENDED != earlier:
            paused = each.at
        elif earlier == Stage.SUSPENDED != stage and paused is not None:
            found = _pause(plan.budget, paused, each.at, due, calendar)
            paused = None
        elif prolonged and each.kind is Happened.EXTENSION_SETTLED and each.data.get("accepted"):
            days = each.data["workdays"]
            found = Change(each.at, each.at, calendar.add(due, Budget(days, Unit.WORKDAYS)), workdays=days)
        elif prolonged and each.kind is Happened.DUE_SET:
            found = Change(
                each.at, each.at, each.data["due_at"], 0, 0, "set", each.data["by"], each.data["reason"]
            )
        elif each is turn:
            found, before = _kept(plan, each, due), False
            due = found.due_at if found else due
        moved = found is not None and found.due_at != due
        if moved and not left and not before:
            break  # the next generation's
        if found is not None:
            yield found
            due, left = found.due_at, left - (moved and not before)
    if paused is not None and not left and plan.state == "paused":
        yield Change(paused, None, due)


def _kept(plan: ClockPlan, turn: Happening, due: datetime) -> Change | None:
    """The promise that a change of the calendar left, where the calendar alone would have come to another one."""
    for row in turn.data["clocks"]:
        promised = datetime.fromisoformat(row["due_at"])
        if (row["kind"], row["scope"]) == (plan.kind.value, plan.scope) and promised != due:
            return Change(turn.at, turn.at, promised, how="kept")
    return None


def _renewals(plan: ClockPlan, plans: Sequence[ClockPlan], turn: Happening | None) -> int:
    """How many generations of the same start came before this one, since the turn of the calendar if there was one."""
    return sum(
        (each.kind, each.scope, each.started_at) == (plan.kind, plan.scope, plan.started_at)
        and each.generation < plan.generation
        and (turn is None or (each.stopped_at is not None and each.stopped_at > turn.at))
        for each in plans
    )


def _pause(budget: Budget, begun: datetime, until: datetime, due: datetime, calendar: Calendar) -> Change:
    """A pause and what it gave back: its time as the limit counts it, nothing once the deadline was past."""
    if begun >= due or until <= begun:
        return Change(begun, until, due)
    if budget.unit in ON_THE_WALL:
        return Change(begun, until, due + (until - begun), (until - begun).total_seconds() / 60)
    minutes = calendar.elapsed(begun, until)
    moved = calendar.add(due, Budget(minutes, Unit.WORK_MINUTES)) if minutes else due
    return Change(begun, until, moved, minutes)


def _make_up_days(start: datetime, due: datetime, calendar: Calendar) -> Iterator[tuple[date, str]]:
    first, last = (each.astimezone(CHINA).date() for each in (start, due))
    for at in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(at)
        if day.weekday() >= 5 and calendar.is_workday(day) and calendar.note(day):
            yield day, calendar.note(day)


def in_rows(days: Sequence[tuple[date, str]]) -> tuple[Days, ...]:
    """Single days with their reasons, in order, as runs; a Saturday and its Sunday are 周末."""
    runs: list[Days] = []
    for day, why in days:
        last = runs[-1] if runs else None
        follows = last is not None and (day - last.last).days == 1
        if last is not None and follows and last.why == why:
            runs[-1] = Days(last.first, day, why)
        elif last is not None and follows and (last.why, why) == ("周六", "周日"):
            runs[-1] = Days(last.first, day, "周末")
        else:
            runs.append(Days(day, day, why))
    return tuple(runs)


def without_limit(
    policy: Policy, clock: ClockKind, kind: TicketType, urgency: Urgency
) -> tuple[str, str] | None:
    """The id and clause of the row that sets no limit; ("", "") where the pack has no row; None where there is a limit."""
    row = next((each for each in policy.limits if each.holds(clock, kind, urgency, "")), None)
    if row is None:
        return "", ""
    return (row.id, row.clause) if row.budget is None else None
