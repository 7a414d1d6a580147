"""The clocks of a ticket (时钟): what the events promise, replayed from the first to the last.

`plan` is pure and total: the same events, policy and calendar give the same generations, so a plan can be checked
against what is stored at any time. A pause is an interval of the ticket's own history and is measured in the unit of
the limit it pauses; it is never a number added to the start.

The ticket has its clocks, and each department at work on it a `handle` of its own from its own dispatch (lifecycle.md):
the lead is judged by that one and pressed by the ticket's; who assists or was delegated to is reminded by its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from rules.clockwork import WHOLE, ClockPlan, Clockwork, Laddered, Leg, PlannedStep, every_ladder
from rules.lifecycle import OPEN_STAGES, STAGES
from rules.pack_records import Limit
from rules.policy import Policy
from rules.terms import Budget, ClockKind, Facts, Happened, Happening, Stage, Unit
from rules.worktime import Calendar

__all__ = [
    "WHOLE",
    "ClockPlan",
    "PlannedStep",
    "as_row",
    "due_of",
    "from_row",
    "handling_of",
    "next_step",
    "plan",
]

_SENT = (Happened.DISPATCHED, Happened.REASSIGNED)
#: Clocks beside the ticket's way: they run on when it is over, and no work list sorts by them.
BESIDE = (ClockKind.CLUE, ClockKind.UPWARD)


def plan(
    facts: Facts, policy: Policy, calendar: Calendar, laddered: Laddered = every_ladder
) -> tuple[ClockPlan, ...]:
    """All generations of all clocks that `facts.happenings` call for, oldest first.

    A ticket of history keeps its deadlines in state `history`: computed and counted, but no step fires. Whoever holds
    the frozen ladder of a generation, or asks for deadlines alone, says by `laddered` that it need not be planned:
    two thirds of the work are ladders.
    """
    board = _Board(facts, policy, calendar, laddered)
    for happening in facts.happenings:
        board.see(happening)
    plans = board.work.plans
    if facts.history:
        return tuple(replace(each, state="history", steps=()) for each in plans)
    return tuple(plans)


def handling_of(facts: Facts, policy: Policy, calendar: Calendar) -> list[ClockPlan]:
    """The generations of the ticket's own handling limit, oldest first; legs apart."""
    found = plan(facts, policy, calendar)
    return [each for each in found if each.kind is ClockKind.HANDLE and each.scope == WHOLE]


class _Board:
    """Replays one ticket's events onto its clocks."""

    def __init__(self, facts: Facts, policy: Policy, calendar: Calendar, laddered: Laddered) -> None:
        self._calendar, self._urgency = calendar, facts.urgency
        self._upper_due_at = facts.upper_due_at
        self.work = Clockwork(facts, policy, calendar.on(facts.urgency), laddered)
        first = next((each for each in facts.happenings if each.kind is Happened.CALENDAR_CHANGED), None)
        if first is not None:
            self._count_by(first.data["before"])
        self._starts = policy.handle_starts
        self._enough = policy.contacts.attempts
        self._stage: Stage | None = None
        self._replied_at: datetime | None = None
        self._attempts = 0
        self._occasion = ""
        self._lead: str | None = None
        self._helpers: list[str] = []  # who is at work beside the lead, timed or not
        self._promised: datetime | None = None

    def see(self, happening: Happening) -> None:
        """Take in the next event."""
        moved = happening.data.get("stage")
        again = happening.kind in _SENT and moved == self._stage
        if moved is not None and (moved != self._stage or again):
            self._leave(happening)
            self._stage = Stage(moved)
            if self._stage in OPEN_STAGES and self._stage is not Stage.TO_CALL_BACK:
                # Work goes on: what was to be told upward is out of date.
                self.work.stop(ClockKind.UPWARD, happening.at, "cancelled")
            self._enter(happening)
        at, data, work = happening.at, happening.data, self.work
        match happening.kind:
            case Happened.CONTACTED:
                self._contact(happening)
            case Happened.EXTENSION_SETTLED if data.get("accepted"):
                for scope in dict.fromkeys((WHOLE, self._lead or WHOLE)):
                    work.extend(ClockKind.HANDLE, scope, at, Budget(data["workdays"], Unit.WORKDAYS))
            case Happened.DUE_SET:
                for scope in dict.fromkeys((WHOLE, self._lead or WHOLE)):
                    work.promise(ClockKind.HANDLE, scope, at, data["due_at"])
            case Happened.ASSISTED | Happened.DELEGATED:
                self._help(happening)
            case Happened.REPORTED_UP:
                self._helpers = [each for each in self._helpers if each != data["department"]]
                work.stop(ClockKind.HANDLE, at, "met", data["department"])
            case Happened.CALENDAR_CHANGED:
                self._count_by(data["calendar"])
                for row in data["clocks"]:
                    was, due = (datetime.fromisoformat(row[key]) for key in ("was", "due_at"))
                    work.promise(ClockKind(row["kind"]), row["scope"], at, due, was)
            case _:
                self._beside(happening)

    def _beside(self, happening: Happening) -> None:
        """Clocks beside the ticket's way: who is accountable, and what is owed upward."""
        at, work = happening.at, self.work
        match happening.kind:
            case Happened.UPWARD_QUEUED:
                self._owe_upward(at)
            case Happened.SENT_UPWARD:
                work.stop(ClockKind.UPWARD, at, "met")
            case Happened.CLUE_OPENED:
                work.start_once(ClockKind.CLUE, at)
            case Happened.CLUE_SETTLED:
                work.stop(ClockKind.CLUE, at, "met")
            case Happened.UNDONE if happening.data.get("clue"):
                work.stop(ClockKind.CLUE, at, "cancelled")
            case _:
                pass

    def _count_by(self, version: str) -> None:
        """Go on by the calendar of that version, or the newest where it is not known any more."""
        found = self._calendar.earlier.get(version, self._calendar)
        self.work.calendar = found.on(self._urgency)

    def _leave(self, happening: Happening) -> None:
        moved, at, work = happening.data["stage"], happening.at, self.work
        match self._stage:
            case Stage.RECEIVED | Stage.TO_DISPATCH if moved not in (Stage.RECEIVED, Stage.TO_DISPATCH):
                work.stop(ClockKind.DISPATCH, at, "met")
            case Stage.INCOMPLETE:
                work.stop(ClockKind.SUPPLEMENT, at, "met")
            case Stage.TO_SIGN:
                kept = moved != Stage.TO_SIGN and not happening.data.get("automatic")
                work.stop(ClockKind.SIGN, at, "met" if kept else "cancelled")
            case Stage.RETURNED | Stage.CONFERRING:
                work.stop(ClockKind.SETTLE, at, "met")
            case Stage.HANDLING if moved == Stage.TO_SIGN:
                work.stop(ClockKind.FIRST_CONTACT, at, "cancelled")  # the next lead gets its own
            case Stage.SUSPENDED:
                work.stop(ClockKind.RESUME, at, "met")
                for scope in work.scopes(ClockKind.HANDLE):
                    work.unpause(ClockKind.HANDLE, scope, at)
            case Stage.REVIEWING:
                work.stop(ClockKind.REVIEW, at, "met")
            case Stage.TO_CALL_BACK:
                work.stop(ClockKind.CALL_BACK, at, "met")
            case _:
                pass

    def _enter(self, happening: Happening) -> None:
        work = self.work
        at = happening.data.get("since", happening.at)  # a split-off part waits since the whole contact
        self._promised = happening.data.get("promised", self._promised)
        match self._stage:
            case Stage.RECEIVED | Stage.TO_DISPATCH:
                self._relieve(at)
                self._helpers = []
                work.start_once(ClockKind.DISPATCH, at)
                if self._starts == "received":
                    work.start_once(ClockKind.HANDLE, at)
            case Stage.INCOMPLETE:
                work.start_once(ClockKind.SUPPLEMENT, at)
            case Stage.TO_SIGN:
                self._sent(happening)
            case Stage.RETURNED | Stage.CONFERRING:
                work.start(ClockKind.SETTLE, at, "conferring" if self._stage is Stage.CONFERRING else "")
            case Stage.HANDLING:
                self._handle(happening)
            case Stage.SUSPENDED:
                self._pause(happening)
            case Stage.REVIEWING:
                self._replied_at = at
                self._every_handle(work.hold)
                work.hold(ClockKind.FIRST_CONTACT, WHOLE)
                work.start(ClockKind.REVIEW, at)
            case Stage.TO_CALL_BACK:
                work.stop(ClockKind.FIRST_CONTACT, at, "cancelled")
                for scope in (WHOLE, self._lead or WHOLE):
                    work.stop(ClockKind.HANDLE, self._replied_at or at, "met", scope)
                self._relieve(at)
                work.start(ClockKind.CALL_BACK, at)
            case final if final is not None and STAGES[final].final:
                for kind, scope in work.running():
                    if kind not in BESIDE:  # who is accountable and what is owed upward stay open
                        work.stop(kind, at, "cancelled", scope)
            case _:
                pass

    def _owe_upward(self, at: datetime) -> None:
        """The result is there: it is told upward within the pack's time, and while its own day is still to come, by then."""
        day = self._upper_due_at
        until = day if day is not None and day > at else None
        self.work.start(ClockKind.UPWARD, at, leg=Leg(WHOLE, "ticket", until=until))

    # --- legs -------------------------------------------------------------------------------------------------

    def _sent(self, happening: Happening) -> None:
        """Somebody is to sign; a new lead ends the legs of those before it."""
        at, data, work = happening.at, happening.data, self.work
        if happening.kind in _SENT or work.sent_at is None:
            work.sent_at = at
        work.start(ClockKind.SIGN, at)
        self._occasion = "redo" if data.get("round") else self._occasion
        if self._starts != "signed":
            work.start_once(ClockKind.HANDLE, self._promised or at, self._occasion)
        if happening.kind not in _SENT or not data.get("department"):
            return
        self._relieve(at)
        self._lead = data["department"]
        if self._starts != "signed":
            work.start(ClockKind.HANDLE, at, self._occasion, Leg(data["department"]))
        self._helpers = list(data.get("assists") or ())
        for helper in self._helpers:
            work.start(ClockKind.HANDLE, at, self._occasion, Leg(helper, "helper"))

    def _relieve(self, at: datetime) -> None:
        """No department is at work any more: what their legs still promised is called off."""
        for scope in self.work.scopes(ClockKind.HANDLE):
            if scope != WHOLE:
                self.work.stop(ClockKind.HANDLE, at, "cancelled", scope)

    def _help(self, happening: Happening) -> None:
        """Another department joins: with the workdays that it was given, or by the pack, never beyond who delegated."""
        data = happening.data
        if happening.kind is Happened.ASSISTED:
            limit = Limit(Budget(data["workdays"], Unit.WORKDAYS), "assist", str(data.get("clause", "")))
            leg = Leg(data["department"], "helper", limit)
        else:
            until = self.work.due_at(ClockKind.HANDLE, data["upper"]) or self.work.due_at(ClockKind.HANDLE)
            leg = Leg(data["department"], "helper", until=until)
        self._helpers.append(leg.scope)
        self.work.start(ClockKind.HANDLE, happening.at, "delegated", leg)

    # --- handling ---------------------------------------------------------------------------------------------

    def _handle(self, happening: Happening) -> None:
        at, work = happening.at, self.work
        if happening.kind is Happened.SIGNED:
            self._attempts = 0
            work.start(ClockKind.FIRST_CONTACT, at)
            work.start_once(ClockKind.HANDLE, self._promised or at, self._occasion)
            if self._lead and self._lead not in work.scopes(ClockKind.HANDLE):
                work.start(ClockKind.HANDLE, at, self._occasion, Leg(self._lead))
        elif happening.kind is Happened.REDONE:
            self._attempts = 0
            if happening.data.get("department"):  # a merged matter has its lead's from now on, and no helpers
                self._lead, self._helpers = happening.data["department"], []
            work.start(ClockKind.FIRST_CONTACT, at)
            work.start(ClockKind.HANDLE, at, "redo")
            if self._lead:
                work.start(ClockKind.HANDLE, at, "redo", Leg(self._lead))
            until = work.due_at(ClockKind.HANDLE)
            for helper in self._helpers:  # whoever never reported has a part in this round, too
                work.start(ClockKind.HANDLE, at, "redo", Leg(helper, "helper", until=until))
        else:
            self._every_handle(work.arm)
            work.arm(ClockKind.FIRST_CONTACT, WHOLE)

    def _every_handle(self, what: Callable[[ClockKind, str], None]) -> None:
        for scope in self.work.scopes(ClockKind.HANDLE):
            what(ClockKind.HANDLE, scope)

    def _pause(self, happening: Happening) -> None:
        at, data, work = happening.at, happening.data, self.work
        for scope in work.scopes(ClockKind.HANDLE):
            work.pause(ClockKind.HANDLE, scope, at)
        clause = str(data.get("clause", ""))
        step = PlannedStep("resume", data["until"], "resume", 0, ("handler", "liaison"), clause)
        work.start_until(ClockKind.RESUME, at, data["until"], step, "suspend")

    def _contact(self, happening: Happening) -> None:
        self._attempts += 1
        if happening.data.get("reached") or self._attempts >= self._enough:
            self.work.stop(ClockKind.FIRST_CONTACT, happening.at, "met")


def next_step(plan: ClockPlan, fired: Iterable[str]) -> PlannedStep | None:
    """The earliest rung of a running clock that has not fired; None when the clock does not run."""
    if plan.state != "armed":
        return None
    done = set(fired)
    return next((each for each in plan.steps if each.step not in done), None)


#: Which running clock a person means by "due" when several run: the one that ends first.
def due_of(plans: Iterable[ClockPlan]) -> datetime | None:
    """The earliest deadline of the ticket that is running; what work lists sort by."""
    running = [
        each.due_at
        for each in plans
        if each.state in ("armed", "history")
        and each.due_at is not None
        and each.kind not in BESIDE
        and each.scope == WHOLE
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
        ClockKind.UPWARD: "反馈上级时限",
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
