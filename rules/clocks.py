"""The clocks of a ticket (时钟): what the events promise, replayed from the first to the last.

`plan` is pure and total: the same events, policy and calendar give the same generations, so a plan can be checked
against what is stored at any time. A pause is an interval of the ticket's own history and is measured in the unit of
the limit it pauses; it is never a number added to the start.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from rules.lifecycle import STAGES
from rules.policy import Policy
from rules.terms import Budget, ClockKind, Facts, Happened, Happening, LadderStep, Stage, Unit
from rules.worktime import Calendar

#: Logged attempts that count as a first contact although nobody was reached (lifecycle.md: 3 logged attempts).
ATTEMPTS_THAT_COUNT = 3

_WALL_UNITS = (Unit.MINUTES, Unit.CALENDAR_DAYS)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One rung at its instant: what happens, at which supervision level, and who hears."""

    step: str
    at: datetime
    action: str
    level: int
    receivers: tuple[str, ...]
    clause: str = ""


@dataclass(frozen=True, slots=True)
class ClockPlan:
    """One generation of one clock. `due_at` is set while a limit runs; `steps` are the rungs still meant to fire."""

    kind: ClockKind
    generation: int
    state: str
    started_at: datetime
    budget: Budget | None
    due_at: datetime | None
    steps: tuple[PlannedStep, ...]
    rule: str
    clause: str
    provisional: bool
    stopped_at: datetime | None = None
    scope: str = "ticket"


@dataclass(slots=True)
class _Running:
    """A clock that has not stopped: its newest generation and what it has gone through."""

    plan: ClockPlan
    paused_at: datetime | None = None
    paused: float = 0.0


def plan(facts: Facts, policy: Policy, calendar: Calendar) -> tuple[ClockPlan, ...]:
    """All generations of all clocks that `facts.happenings` call for, oldest first.

    A ticket of history keeps its deadlines in state `history`: computed and counted, but no step fires.
    """
    board = _Board(facts, policy, calendar)
    for happening in facts.happenings:
        board.see(happening)
    if facts.history:
        return tuple(replace(each, state="history", steps=()) for each in board.plans)
    return tuple(board.plans)


class _Board:
    """Replays one ticket's events; `plans` grows by one for every new generation."""

    def __init__(self, facts: Facts, policy: Policy, calendar: Calendar) -> None:
        self.plans: list[ClockPlan] = []
        self._facts = facts
        self._policy = policy
        self._calendar = calendar
        self._running: dict[ClockKind, _Running] = {}
        self._generations: dict[ClockKind, int] = {}
        self._stage: Stage | None = None
        self._replied_at: datetime | None = None
        self._attempts = 0
        self._occasion = ""
        self._promised: datetime | None = None

    def see(self, happening: Happening) -> None:
        """Take in the next event."""
        moved = happening.data.get("stage")
        again = happening.kind in (Happened.DISPATCHED, Happened.REASSIGNED) and moved == self._stage
        if moved is not None and (moved != self._stage or again):
            self._leave(happening)
            self._stage = Stage(moved)
            self._enter(happening)
        match happening.kind:
            case Happened.CONTACTED:
                self._contact(happening)
            case Happened.EXTENSION_SETTLED if happening.data.get("accepted"):
                self._extend(happening)
            case Happened.CLUE_OPENED:
                self._start_once(ClockKind.CLUE, happening.at)
            case Happened.CLUE_SETTLED:
                self._stop(ClockKind.CLUE, happening.at, "met")
            case Happened.UNDONE if happening.data.get("clue"):
                self._stop(ClockKind.CLUE, happening.at, "cancelled")
            case _:
                pass

    def _leave(self, happening: Happening) -> None:
        moved, at = happening.data["stage"], happening.at
        match self._stage:
            case Stage.RECEIVED | Stage.TO_DISPATCH if moved not in (Stage.RECEIVED, Stage.TO_DISPATCH):
                self._stop(ClockKind.DISPATCH, at, "met")
            case Stage.INCOMPLETE:
                self._stop(ClockKind.SUPPLEMENT, at, "met")
            case Stage.TO_SIGN:
                self._stop(ClockKind.SIGN, at, "cancelled" if moved == Stage.TO_SIGN else "met")
            case Stage.RETURNED | Stage.CONFERRING:
                self._stop(ClockKind.SETTLE, at, "met")
            case Stage.HANDLING if moved == Stage.TO_SIGN:
                self._stop(ClockKind.FIRST_CONTACT, at, "cancelled")  # the next lead gets its own
            case Stage.SUSPENDED:
                self._stop(ClockKind.RESUME, at, "met")
                self._unpause(at)
            case Stage.REVIEWING:
                self._stop(ClockKind.REVIEW, at, "met")
            case Stage.TO_CALL_BACK:
                self._stop(ClockKind.CALL_BACK, at, "met")
            case _:
                pass

    def _enter(self, happening: Happening) -> None:
        at = happening.data.get("since", happening.at)  # a split-off part waits since the whole contact
        self._promised = happening.data.get("promised", self._promised)
        match self._stage:
            case Stage.RECEIVED | Stage.TO_DISPATCH:
                self._start_once(ClockKind.DISPATCH, at)
                if self._policy.handle_starts == "received":
                    self._start_once(ClockKind.HANDLE, at)
            case Stage.INCOMPLETE:
                self._start_once(ClockKind.SUPPLEMENT, at)
            case Stage.TO_SIGN:
                self._start(ClockKind.SIGN, at)
                self._occasion = "redo" if happening.data.get("round") else self._occasion
                if self._policy.handle_starts != "signed":
                    self._start_once(ClockKind.HANDLE, self._promised or at, self._occasion)
            case Stage.RETURNED | Stage.CONFERRING:
                self._start(ClockKind.SETTLE, at, "conferring" if self._stage is Stage.CONFERRING else "")
            case Stage.HANDLING:
                self._handle(happening)
            case Stage.SUSPENDED:
                self._pause(happening)
            case Stage.REVIEWING:
                self._replied_at = at
                self._hold(ClockKind.HANDLE)
                self._hold(ClockKind.FIRST_CONTACT)
                self._start(ClockKind.REVIEW, at)
            case Stage.TO_CALL_BACK:
                self._stop(ClockKind.FIRST_CONTACT, at, "cancelled")
                self._stop(ClockKind.HANDLE, self._replied_at or at, "met")
                self._start(ClockKind.CALL_BACK, at)
            case final if final is not None and STAGES[final].final:
                for kind in [each for each in self._running if each is not ClockKind.CLUE]:
                    self._stop(kind, at, "cancelled")  # who is accountable stays open when the matter is not
            case _:
                pass

    def _handle(self, happening: Happening) -> None:
        if happening.kind is Happened.SIGNED:
            self._attempts = 0
            self._start(ClockKind.FIRST_CONTACT, happening.at)
            self._start_once(ClockKind.HANDLE, self._promised or happening.at, self._occasion)
        elif happening.kind is Happened.REDONE:
            self._attempts = 0
            self._start(ClockKind.FIRST_CONTACT, happening.at)
            self._start(ClockKind.HANDLE, happening.at, "redo")
        else:
            self._arm(ClockKind.HANDLE)
            self._arm(ClockKind.FIRST_CONTACT)

    # --- what a clock goes through --------------------------------------------------------------

    def _start_once(self, kind: ClockKind, at: datetime, occasion: str = "") -> None:
        if kind not in self._running:
            self._start(kind, at, occasion)

    def _start(self, kind: ClockKind, at: datetime, occasion: str = "") -> None:
        self._stop(kind, at, "cancelled")
        limit = self._policy.limit(kind, self._facts.type, self._facts.urgency, occasion)
        if limit is None:
            return
        due = self._calendar.add(at, limit.budget, after_hours=self._policy.after_hours)
        made = ClockPlan(
            kind=kind,
            generation=self._next(kind),
            state="armed",
            started_at=at,
            budget=limit.budget,
            due_at=due,
            steps=self._steps(kind, at, due, limit.budget, 0.0),
            rule=limit.rule,
            clause=limit.clause,
            provisional=self._calendar.touches_provisional(at, due),
        )
        self.plans.append(made)
        self._running[kind] = _Running(made)

    def _next(self, kind: ClockKind) -> int:
        self._generations[kind] = self._generations.get(kind, 0) + 1
        return self._generations[kind]

    def _steps(
        self, kind: ClockKind, start: datetime, due: datetime, budget: Budget, paused: float
    ) -> tuple[PlannedStep, ...]:
        rungs = self._policy.steps(kind, self._facts.urgency)
        planned = (self._rung(rung, start, due, budget, paused) for rung in rungs)
        return tuple(sorted(planned, key=lambda each: each.at))

    def _rung(
        self, rung: LadderStep, start: datetime, due: datetime, budget: Budget, paused: float
    ) -> PlannedStep:
        if rung.after is not None:
            at = self._calendar.add(due, rung.after)
        elif rung.share == 1 or rung.share is None:
            at = due
        else:
            counted_from = self._later(start, paused, budget)
            at = self._calendar.at_share(counted_from, due, rung.share, wall=_on_the_wall(budget))
        return PlannedStep(rung.step, at, rung.action, rung.level, rung.receivers, rung.clause)

    def _renew(self, kind: ClockKind, at: datetime, due: datetime) -> None:
        """Begin a new generation with another deadline; rungs of mere warning that lie behind stay silent."""
        running = self._running[kind]
        old = running.plan
        budget = old.budget
        if budget is None:
            return
        self._put(kind, replace(old, state="cancelled", stopped_at=at))
        steps = self._steps(kind, old.started_at, due, budget, running.paused)
        renewed = replace(
            old,
            generation=self._next(kind),
            state="armed",
            due_at=due,
            steps=tuple(each for each in steps if each.at > at or each.action != "warn"),
            provisional=self._calendar.touches_provisional(old.started_at, due),
        )
        self.plans.append(renewed)
        running.plan = renewed

    def _put(self, kind: ClockKind, changed: ClockPlan) -> None:
        running = self._running[kind]
        self.plans[self.plans.index(running.plan)] = changed
        running.plan = changed

    def _stop(self, kind: ClockKind, at: datetime, state: str) -> None:
        running = self._running.get(kind)
        if running is not None:
            self._put(kind, replace(running.plan, state=state, stopped_at=at))
            del self._running[kind]

    def _hold(self, kind: ClockKind) -> None:
        if kind in self._running:
            self._put(kind, replace(self._running[kind].plan, state="held"))

    def _arm(self, kind: ClockKind) -> None:
        if kind in self._running and self._running[kind].plan.state == "held":
            self._put(kind, replace(self._running[kind].plan, state="armed"))

    def _pause(self, happening: Happening) -> None:
        """Stop counting `handle`; its row keeps the deadline it had, and the state says that it does not run."""
        if ClockKind.HANDLE in self._running:
            self._running[ClockKind.HANDLE].paused_at = happening.at
            self._put(ClockKind.HANDLE, replace(self._running[ClockKind.HANDLE].plan, state="paused"))
        until: datetime = happening.data["until"]
        clause = str(happening.data.get("clause", ""))
        review_day = ClockPlan(
            kind=ClockKind.RESUME,
            generation=self._next(ClockKind.RESUME),
            state="armed",
            started_at=happening.at,
            budget=None,
            due_at=until,
            steps=(PlannedStep("resume", until, "resume", 0, ("handler", "liaison"), clause),),
            rule="suspend",
            clause=clause,
            provisional=False,
        )
        self.plans.append(review_day)
        self._running[ClockKind.RESUME] = _Running(review_day)

    def _unpause(self, at: datetime) -> None:
        running = self._running.get(ClockKind.HANDLE)
        if running is None or running.paused_at is None or running.plan.due_at is None:
            return
        lost = self._lost(running.plan, running.paused_at, at)
        running.paused_at = None
        running.paused += lost
        if lost == 0:
            self._put(ClockKind.HANDLE, replace(running.plan, state="armed"))
        else:
            self._renew(ClockKind.HANDLE, at, self._later(running.plan.due_at, lost, running.plan.budget))

    def _lost(self, plan: ClockPlan, begin: datetime, end: datetime) -> float:
        """Minutes that a pause took, counted as the limit is; a deadline already missed stays missed.

        Two machines' clocks differ a little: a pause that ends before it begins took nothing.
        """
        if plan.due_at is None or begin >= plan.due_at or end <= begin:
            return 0.0
        return (
            (end - begin).total_seconds() / 60
            if _on_the_wall(plan.budget)
            else self._calendar.elapsed(begin, end)
        )

    def _later(self, at: datetime, minutes: float, budget: Budget | None) -> datetime:
        if minutes == 0:
            return at
        unit = Unit.MINUTES if _on_the_wall(budget) else Unit.WORK_MINUTES
        return self._calendar.add(at, Budget(minutes, unit))

    def _extend(self, happening: Happening) -> None:
        running = self._running.get(ClockKind.HANDLE)
        if running is None or running.plan.due_at is None:
            return
        held = running.plan.state == "held"
        longer = self._calendar.add(running.plan.due_at, Budget(happening.data["workdays"], Unit.WORKDAYS))
        self._renew(ClockKind.HANDLE, happening.at, longer)
        if held:
            self._hold(ClockKind.HANDLE)

    def _contact(self, happening: Happening) -> None:
        self._attempts += 1
        if happening.data.get("reached") or self._attempts >= ATTEMPTS_THAT_COUNT:
            self._stop(ClockKind.FIRST_CONTACT, happening.at, "met")


def _on_the_wall(budget: Budget | None) -> bool:
    return budget is not None and budget.unit in _WALL_UNITS


def next_step(plan: ClockPlan, fired: Iterable[str]) -> PlannedStep | None:
    """The earliest rung of a running clock that has not fired; None when the clock does not run."""
    if plan.state != "armed":
        return None
    done = set(fired)
    return next((each for each in plan.steps if each.step not in done), None)


#: Which running clock a person means by "due" when several run: the one that ends first.
def due_of(plans: Iterable[ClockPlan]) -> datetime | None:
    """The earliest deadline that is running; what work lists sort by."""
    running = [
        each.due_at
        for each in plans
        if each.state in ("armed", "history") and each.due_at is not None and each.kind is not ClockKind.CLUE
    ]
    return min(running, default=None)


KIND_WORDS: Mapping[ClockKind, str] = MappingProxyType(
    {
        ClockKind.SUPPLEMENT: "补充时限",
        ClockKind.DISPATCH: "派单时限",
        ClockKind.SIGN: "签收时限",
        ClockKind.SETTLE: "审核时限",
        ClockKind.FIRST_CONTACT: "首次联系时限",
        ClockKind.HANDLE: "办理时限",
        ClockKind.RESUME: "挂起复核日",
        ClockKind.REVIEW: "答复审核时限",
        ClockKind.CALL_BACK: "回访时限",
        ClockKind.CLUE: "线索审定时限",
    }
)


def as_row(step: PlannedStep) -> dict[str, Any]:
    """A rung as it is frozen into the clock's row."""
    return {
        "step": step.step,
        "at": step.at.isoformat(),
        "action": step.action,
        "level": step.level,
        "receivers": list(step.receivers),
        "clause": step.clause,
    }


def from_row(row: Mapping[str, Any]) -> PlannedStep:
    """A rung as its clock's row promised it; the other way of `as_row`."""
    at = datetime.fromisoformat(row["at"])
    return PlannedStep(row["step"], at, row["action"], row["level"], tuple(row["receivers"]), row["clause"])
