"""What a running clock goes through (时钟运转): started, held, paused, prolonged, stopped; each new deadline a generation.

A clock is one kind within one scope: the whole ticket, or the leg of one department (主办、协办、下派), whose code the
scope then is. Which event moves which clock stands in `rules/clocks.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from rules.pack_records import Limit
from rules.policy import Policy
from rules.terms import Budget, ClockKind, Facts, LadderStep, Unit
from rules.worktime import Calendar

#: The scope of a clock that concerns the whole ticket; every other scope is the code of a department.
WHOLE = "ticket"

#: The rule of a limit that an upper level set for a matter that it handed down (上级交办).
UPPER = "upper_due_at"
_UPPER_CLAUSE = "上级交办时要求的办结时间"

#: The rung at which an unsigned ticket is signed by itself (自动签收), on the clock that asks for the signature.
SIGNS = "sign"

_WALL_UNITS = (Unit.MINUTES, Unit.CALENDAR_DAYS)
#: The rungs that a leg climbs: the lead is pressed by the ticket's own ladder, whoever helps is reminded and told.
_OF_HELPERS = ("warn", "breach")


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
    scope: str = WHOLE

    def standing(self, state: str, stopped_at: datetime | None = None) -> "ClockPlan":
        """The same generation in another state; a replay asks for it so often that `replace` was a tenth of its work."""
        return ClockPlan(
            self.kind, self.generation, state, self.started_at, self.budget, self.due_at, self.steps, self.rule,
            self.clause, self.provisional, stopped_at, self.scope,
        )  # fmt: skip


@dataclass(slots=True)
class _Running:
    """A clock that has not stopped: its newest generation and what it has gone through."""

    plan: ClockPlan
    pressed: str
    paused_at: datetime | None = None
    paused: float = 0.0


@dataclass(frozen=True, slots=True)
class Leg:
    """How a department's part is timed: by the ladder it is `pressed` with ("" none, "helper" the rungs of who helps),
    with a limit that a person set, and never beyond `until`."""

    scope: str
    pressed: str = ""
    limit: Limit | None = None
    until: datetime | None = None


#: A clock of the whole ticket, pressed by the pack's whole ladder.
TICKET = Leg(WHOLE, "ticket")


#: Whether the ladder of a generation, told by its kind, scope and number, is to be planned.
Laddered = Callable[[ClockKind, str, int], bool]


def every_ladder(_kind: ClockKind, _scope: str, _generation: int) -> bool:
    """All of them."""
    return True


def no_ladder(_kind: ClockKind, _scope: str, _generation: int) -> bool:
    """None: deadlines alone are asked for."""
    return False


def returnable_until(sent: datetime, policy: Policy, calendar: Calendar) -> datetime:
    """Until when a ticket that was `sent` to a department can be sent back (退单期限), on the calendar of its urgency."""
    return calendar.add(sent, policy.returns.window, after_hours=policy.after_hours)


class Clockwork:
    """The clocks of one ticket; `plans` grows by one for every new generation.

    `sent_at` is when the department got the ticket that is to sign it: the window for returns counts from there.
    """

    def __init__(
        self, facts: Facts, policy: Policy, calendar: Calendar, laddered: Laddered = every_ladder
    ) -> None:
        self.plans: list[ClockPlan] = []
        self._laddered = laddered
        self._facts = facts
        self._policy = policy
        self.calendar = calendar  # another one from the event on that says so
        self.sent_at: datetime | None = None
        self._running: dict[tuple[ClockKind, str], _Running] = {}
        self._generations: dict[tuple[ClockKind, str], int] = {}

    def scopes(self, kind: ClockKind) -> list[str]:
        """Where clocks of that kind run, in the order in which they started."""
        return [scope for each, scope in self._running if each is kind]

    def running(self) -> list[tuple[ClockKind, str]]:
        """Every clock that has not stopped."""
        return list(self._running)

    def due_at(self, kind: ClockKind, scope: str = WHOLE) -> datetime | None:
        """The deadline of a running clock."""
        found = self._running.get((kind, scope))
        return found.plan.due_at if found else None

    # --- starting -------------------------------------------------------------------------------------------

    def start_once(self, kind: ClockKind, at: datetime, occasion: str = "") -> None:
        """Start a clock of the ticket unless it runs."""
        if (kind, WHOLE) not in self._running:
            self.start(kind, at, occasion)

    def start(self, kind: ClockKind, at: datetime, occasion: str = "", leg: Leg = TICKET) -> None:
        """Start a clock anew; one that runs is cancelled. Nothing starts where the pack sets no limit."""
        self.stop(kind, at, "cancelled", leg.scope)
        limit, due = self._limit(kind, at, occasion, leg)
        if limit is None or due is None:
            return
        due = max(at, min(due, leg.until)) if leg.until else due
        name = (kind, leg.scope, self._next(kind, leg.scope))
        steps = self._steps(name, at, due, limit.budget, 0.0, leg.pressed)
        self._begin(
            ClockPlan(
                kind=kind,
                generation=name[-1],
                state="armed",
                started_at=at,
                budget=limit.budget,
                due_at=due,
                steps=steps,
                rule=limit.rule,
                clause=limit.clause,
                provisional=self.calendar.touches_provisional(at, _reach(due, steps)),
                scope=leg.scope,
            ),
            leg.pressed,
        )

    def _limit(
        self, kind: ClockKind, at: datetime, occasion: str, leg: Leg
    ) -> tuple[Limit | None, datetime | None]:
        """The limit and its end. The law and an upper level beat the ordinary one; of the two the earlier holds."""
        facts, policy = self._facts, self._policy
        first = kind is ClockKind.HANDLE and not occasion and leg.limit is None
        legal = policy.legal_limit(facts.type, facts.urgency, facts.category) if first else None
        limit = leg.limit or legal or policy.limit(kind, facts.type, facts.urgency, occasion)
        due = self.calendar.add(at, limit.budget, after_hours=policy.after_hours) if limit else None
        if not first or facts.upper_due_at is None:
            return limit, due
        upper = max(at, facts.upper_due_at)
        if legal is not None and due is not None and due <= upper:
            return legal, due
        days = Budget(self.calendar.workdays_between(at, upper), Unit.WORKDAYS)
        return Limit(days, UPPER, _UPPER_CLAUSE), upper

    def start_until(
        self, kind: ClockKind, at: datetime, until: datetime, step: PlannedStep, rule: str
    ) -> None:
        """Start a clock that runs to a day which a person named."""
        made = ClockPlan(
            kind, self._next(kind, WHOLE), "armed", at, None, until, (step,), rule, step.clause, False
        )
        self._begin(made, "")

    def _begin(self, made: ClockPlan, pressed: str) -> None:
        self.plans.append(made)
        self._running[made.kind, made.scope] = _Running(made, pressed)

    def _next(self, kind: ClockKind, scope: str) -> int:
        self._generations[kind, scope] = self._generations.get((kind, scope), 0) + 1
        return self._generations[kind, scope]

    def _steps(
        self,
        name: tuple[ClockKind, str, int],
        start: datetime,
        due: datetime,
        budget: Budget,
        paused: float,
        pressed: str,
    ) -> tuple[PlannedStep, ...]:
        rungs: Iterable[LadderStep] = self._policy.steps(name[0], self._facts.urgency) if pressed else ()
        if not self._laddered(*name):  # when a ticket signs itself, the replay has to know in any case
            rungs = [each for each in rungs if each.action == SIGNS]
        if pressed == "helper":
            rungs = (each for each in rungs if each.action in _OF_HELPERS)
        planned = (self._rung(rung, start, due, budget, paused) for rung in rungs)
        return tuple(sorted(planned, key=lambda each: each.at))

    def _rung(
        self, rung: LadderStep, start: datetime, due: datetime, budget: Budget, paused: float
    ) -> PlannedStep:
        if rung.after is not None:
            at = self.calendar.add(due, rung.after)
        elif rung.share == 1 or rung.share is None:
            at = due
        else:
            counted_from = self._later(start, paused, budget)
            at = self.calendar.at_share(counted_from, due, rung.share, wall=_on_the_wall(budget))
        if rung.action == SIGNS:
            at = max(at, returnable_until(self.sent_at or start, self._policy, self.calendar))
        return PlannedStep(rung.step, at, rung.action, rung.level, rung.receivers, rung.clause)

    # --- while it runs ---------------------------------------------------------------------------------------

    def stop(self, kind: ClockKind, at: datetime, state: str, scope: str = WHOLE) -> None:
        """End a clock that runs, as `met` or `cancelled`."""
        running = self._running.get((kind, scope))
        if running is not None:
            self._put(running, running.plan.standing(state, at))
            del self._running[kind, scope]

    def hold(self, kind: ClockKind, scope: str) -> None:
        """Let no step fire while a reply is reviewed; the deadline stays."""
        running = self._running.get((kind, scope))
        if running is not None:
            self._put(running, running.plan.standing("held"))

    def arm(self, kind: ClockKind, scope: str) -> None:
        """Let a held clock go on as if it had never stopped."""
        running = self._running.get((kind, scope))
        if running is not None and running.plan.state == "held":
            self._put(running, running.plan.standing("armed"))

    def pause(self, kind: ClockKind, scope: str, at: datetime) -> None:
        """Stop counting; the row keeps the deadline it had, and the state says that it does not run."""
        running = self._running.get((kind, scope))
        if running is not None:
            running.paused_at = at
            self._put(running, running.plan.standing("paused"))

    def unpause(self, kind: ClockKind, scope: str, at: datetime) -> None:
        """Go on counting, later by what the pause took."""
        running = self._running.get((kind, scope))
        if running is None or running.paused_at is None or running.plan.due_at is None:
            return
        lost = self._lost(running.plan, running.paused_at, at)
        running.paused_at = None
        running.paused += lost
        if lost == 0:
            self._put(running, running.plan.standing("armed"))
        else:
            self._renew(running, at, self._later(running.plan.due_at, lost, running.plan.budget))

    def extend(self, kind: ClockKind, scope: str, at: datetime, more: Budget) -> None:
        """Add to the deadline that was promised; a clock held for a review stays held."""
        running = self._running.get((kind, scope))
        if running is None or running.plan.due_at is None:
            return
        held = running.plan.state == "held"
        self._renew(running, at, self.calendar.add(running.plan.due_at, more))
        if held:
            self.hold(kind, scope)

    def promise(
        self, kind: ClockKind, scope: str, at: datetime, due: datetime, was: datetime | None = None
    ) -> None:
        """Let a running clock end at `due`, held or paused as it is.

        `was` is what had been promised until then, where a calendar asks; else a person does, and no notice is waited for.
        """
        running = self._running.get((kind, scope))
        if running is None or running.plan.due_at is None:
            return
        state, old = running.plan.state, running.plan.started_at
        if was not in (None, running.plan.due_at):
            self._put(running, replace(running.plan, due_at=was))
        if due != running.plan.due_at or self._signs_later(running.plan):
            self._renew(running, at, due)
        reach = _reach(due, running.plan.steps)
        unknown = was is not None and self.calendar.touches_provisional(old, reach)
        if (state, unknown) != (running.plan.state, running.plan.provisional):
            self._put(running, replace(running.plan, state=state, provisional=unknown))

    def _signs_later(self, plan: ClockPlan) -> bool:
        """Whether the window for returns ends later by the calendar of now than an automatic signature was planned."""
        planned = next((each.at for each in plan.steps if each.action == SIGNS), None)
        if planned is None:
            return False
        return planned < returnable_until(self.sent_at or plan.started_at, self._policy, self.calendar)

    def _renew(self, running: _Running, at: datetime, due: datetime) -> None:
        """Begin a new generation with another deadline; rungs of mere warning that lie behind stay silent."""
        old = running.plan
        budget = old.budget
        if budget is None:
            return
        self._put(running, old.standing("cancelled", at))
        name = (old.kind, old.scope, self._next(old.kind, old.scope))
        steps = self._steps(name, old.started_at, due, budget, running.paused, running.pressed)
        renewed = replace(
            old,
            generation=name[-1],
            state="armed",
            due_at=due,
            steps=tuple(each for each in steps if each.at > at or each.action != "warn"),
            provisional=self.calendar.touches_provisional(old.started_at, _reach(due, steps)),
        )
        self.plans.append(renewed)
        running.plan = renewed

    def _put(self, running: _Running, changed: ClockPlan) -> None:
        self.plans[self.plans.index(running.plan)] = changed
        running.plan = changed

    def _lost(self, plan: ClockPlan, begin: datetime, end: datetime) -> float:
        """Minutes that a pause took, counted as the limit is; a deadline already missed stays missed.

        Two machines' clocks differ a little: a pause that ends before it begins took nothing.
        """
        if plan.due_at is None or begin >= plan.due_at or end <= begin:
            return 0.0
        return (
            (end - begin).total_seconds() / 60
            if _on_the_wall(plan.budget)
            else self.calendar.elapsed(begin, end)
        )

    def _later(self, at: datetime, minutes: float, budget: Budget | None) -> datetime:
        if minutes == 0:
            return at
        unit = Unit.MINUTES if _on_the_wall(budget) else Unit.WORK_MINUTES
        return self.calendar.add(at, Budget(minutes, unit))


def _reach(due: datetime, steps: Iterable[PlannedStep]) -> datetime:
    """The last instant that a promise depends on: its deadline, or the end of the window for returns."""
    return max([due, *(each.at for each in steps if each.action == SIGNS)])


def _on_the_wall(budget: Budget | None) -> bool:
    return budget is not None and budget.unit in _WALL_UNITS
