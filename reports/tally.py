"""What one ticket adds to the counts (计数): its events, dispatches and deadlines in, counts by day and department out.

Pure and total: the same history gives the same counts, so counts kept while things happen can be held against a
recount at any time. Nothing here asks what time it is: a promise not kept so far counts as `late` under the day on
which it ends, and reports read the days that are over. What is counted, and by which day, stands in
`rules/measures.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from reports.apart import (
    WELL_FROM,
    is_answer_excused,
    is_excused,
    is_signed_by_itself,
    newest_ratings,
    signed_by,
    split_at,
)
from reports.matter import HOTLINE, Counts, Event, Holders, Matter, Promise, Sums, day_of
from rules.clockwork import WHOLE
from rules.lifecycle import STAGES
from rules.terms import ClockKind, Happened, Stage

#: Stages in which the department that holds the ticket has work to do; in other open ones the hotline has.
AT_DEPARTMENT = frozenset(
    (Stage.TO_SIGN, Stage.RETURNED, Stage.CONFERRING, Stage.HANDLING, Stage.SUSPENDED, Stage.REVIEWING)
)
_OVER = frozenset((Stage.CLOSED, Stage.ARCHIVED, Stage.ENDED))
#: What became of a ticket by its stage; all others were dispatched, or nobody has it yet.
_ENDS = {
    Stage.INVALID: "invalid",
    Stage.REFUSED: "refused",
    Stage.TRANSFERRED: "transferred",
    Stage.ANSWERED: "direct",
}
_ANSWERS = frozenset((Happened.REPLIED, Happened.ANSWERED, Happened.REFUSED, Happened.ENDED))
#: Events that name the department which has the ticket from then on.
_HANDED_OVER = frozenset((Happened.DISPATCHED, Happened.REASSIGNED, Happened.REDONE))
#: The measures of a limit: due, kept, missed, and replied in time while the review is out.
_LIMITS: Mapping[ClockKind, tuple[str, str, str, str]] = {
    ClockKind.DISPATCH: ("dispatch_due", "dispatched_on_time", "", ""),
    ClockKind.SIGN: ("sign_due", "signed_on_time", "", ""),
    ClockKind.FIRST_CONTACT: ("contact_due", "responded", "", ""),
    ClockKind.HANDLE: ("due", "on_time", "late", "in_review"),
}
TIMED = frozenset(kind.value for kind in _LIMITS)


def tally(matter: Matter) -> Counts:
    """What the ticket adds to each measure, by day and department; zeros are left out."""
    counts = Sums()
    holders = Holders(matter.legs)
    _of_ticket(matter, counts)
    if matter.counts_as_work:
        _of_legs(matter, holders, counts)
        _of_promises(matter, holders, counts)
    _Walk(matter, holders, counts).run()
    return counts.found()


def _of_ticket(matter: Matter, counts: Sums) -> None:
    """Where the ticket went, by its day of receipt; what closing left undone, by its day of closing."""
    day, department = day_of(matter.received_at), matter.department or HOTLINE
    stage = Stage(matter.stage)
    sent = any(leg.lead for leg in matter.legs)
    went = _ENDS.get(stage) or ("dispatched" if sent else "waiting")
    split = split_at(matter)
    if split is not None:
        counts.add(day_of(split), department, "split_off")
    for name, holds in {
        "received": True,
        went: True,
        "valid": went != "invalid",
        "repeated": matter.repeats,
        "merged": stage is Stage.MERGED,
    }.items():
        if holds and split is None:
            counts.add(day, department, name)
    if stage in _OVER and matter.closed_at is not None:
        counts.add(day_of(matter.closed_at), department, "closed")
        if not matter.history and not any(each.kind in _ANSWERS for each in matter.events):
            counts.add(day_of(matter.closed_at), department, "no_reply")


def _of_legs(matter: Matter, holders: Holders, counts: Sums) -> None:
    """What became of each dispatch, by the day of dispatch; a leg counts once, however often it was sent back."""
    returned = {holders.at(each.at) for each in matter.events if each.kind == Happened.RETURNED}
    extended = {
        holders.at(each.at)
        for each in matter.events
        if each.kind == Happened.EXTENSION_SETTLED and each.data.get("accepted")
    }
    signed = signed_by(matter, holders)
    for position, leg in enumerate(holders.leads):
        later = holders.leads[position + 1 :]
        names = {
            "assigned": True,
            "returned": position in returned,
            "returned_accepted": leg.result == "returned",
            "reassigned": leg.result == "reassigned",
            "extended": position in extended,
            "signed": position in signed,
            "signed_by_hand": signed.get(position) is False,
            "signed_automatic": signed.get(position) is True,
            "first_assigned": position == 0,
            "first_right": position == 0
            and leg.result != "returned"
            and all(each.department == leg.department for each in later),
        }
        for name, holds in names.items():
            if holds:
                counts.add(day_of(leg.at), leg.department, name)
    for leg in matter.legs:
        if not leg.lead:
            counts.add(day_of(leg.at), leg.department, "assisted")


# --- Promises -------------------------------------------------------------------------------------------------


def _of_promises(matter: Matter, holders: Holders, counts: Sums) -> None:
    """Every limit by the day on which it ends: kept, missed, or waiting for the review of a reply in time."""
    promises = _judged(matter, holders)
    for position, promise in enumerate(promises):
        if promise.due_at is None or promise.kind not in TIMED:
            continue
        outcome = _outcome(promise, matter, promises[position + 1 :])
        if outcome is None:
            continue
        kind = ClockKind(promise.kind)
        due, kept, missed, in_review = _LIMITS[kind]
        day, department = day_of(promise.due_at), _responsible(promise, kind, holders)
        if outcome == "missed" and is_excused(promise, matter):
            counts.add(day, department, "excused")
            continue
        if outcome == "in_review":
            if in_review:
                counts.add(day, department, in_review)
            continue
        counts.add(day, department, due)
        name = kept if outcome == "kept" else missed
        if name:
            counts.add(day, department, name)


def _judged(matter: Matter, holders: Holders) -> list[Promise]:
    """The limits that somebody is judged by: of the handling those of each lead's own leg (lifecycle.md, legs).

    A ticket from before legs had limits is judged by its own.
    """
    legs = [
        each
        for each in matter.promises
        if each.scope != WHOLE and holders.department(each.started_at) == each.scope
    ]
    whole = [each for each in matter.promises if each.scope == WHOLE]
    return [each for each in whole if each.kind != ClockKind.HANDLE] + legs if legs else whole


def _outcome(promise: Promise, matter: Matter, later: Sequence[Promise]) -> str | None:
    """kept, missed or in_review; None for a promise that asks nothing (history, called off in time, paused)."""
    due, stopped = promise.due_at, promise.stopped_at
    assert due is not None
    match promise.state:
        case "armed":
            return "missed"
        case "met" if _called_off_by_caller(promise, matter):
            return _called_off(promise, matter, later)
        case "met":
            return "kept" if stopped is not None and stopped <= due else "missed"
        case "held":
            replied = _last(matter, Happened.REPLIED)
            if promise.kind == ClockKind.FIRST_CONTACT:
                return "missed" if replied is not None and replied > due else None
            return "in_review" if replied is not None and replied <= due else "missed"
        case "paused":
            since = _last(matter, Happened.SUSPENDED)
            return "missed" if since is not None and due <= since else None
        case "cancelled" if is_signed_by_itself(promise, matter):
            return (
                "missed"  # also where the window for returns ended with the limit, at the very same instant
            )
        case "cancelled":
            return _called_off(promise, matter, later)
        case _:
            return None


def _called_off(promise: Promise, matter: Matter, later: Sequence[Promise]) -> str | None:
    """A promise that was called off after it was missed stays missed; one that was renewed lives in the next row."""
    renewed = any(
        (each.kind, each.scope, each.started_at) == (promise.kind, promise.scope, promise.started_at)
        for each in later
    )
    if renewed or promise.stopped_at is None or promise.due_at is None:
        return None
    return "missed" if _ran_until(promise, promise.stopped_at, matter) > promise.due_at else None


def _called_off_by_caller(promise: Promise, matter: Matter) -> bool:
    """Who takes the matter back, or whose matter joins another, ends the waiting: nobody dispatched or signed it."""
    ends = (Happened.WITHDRAWN, Happened.MERGED)
    return promise.kind in (ClockKind.DISPATCH, ClockKind.SIGN) and any(
        each.kind in ends and each.at == promise.stopped_at for each in matter.events
    )


def _ran_until(promise: Promise, stopped: datetime, matter: Matter) -> datetime:
    """When a promise that was called off had last run: it rests while a reply is reviewed and, for the handling, while
    the ticket is suspended."""
    rests = {Stage.REVIEWING, Stage.SUSPENDED} if promise.kind == ClockKind.HANDLE else {Stage.REVIEWING}
    moves = [each for each in matter.events if "stage" in each.data]
    for before, each in pairwise(moves):
        if each.at == stopped and before.data["stage"] in rests:
            return before.at
    return stopped


def _responsible(promise: Promise, kind: ClockKind, holders: Holders) -> str:
    """Whose promise it was: the hotline's to dispatch; to sign and to call, who got the ticket; to handle, who held it
    when it was done, or at the latest when the limit ended."""
    if kind is ClockKind.DISPATCH:
        return HOTLINE
    if promise.scope != WHOLE:
        return promise.scope
    if kind is not ClockKind.HANDLE:
        return holders.department(promise.started_at)
    due = promise.due_at
    assert due is not None
    ended = promise.stopped_at if promise.state == "met" and promise.stopped_at is not None else due
    return holders.department(min(ended, due))


def _last(matter: Matter, kind: Happened) -> datetime | None:
    return next((each.at for each in reversed(matter.events) if each.kind == kind), None)


def _approves(event: Event) -> bool:
    return event.kind == Happened.REVIEWED and event.data.get("stage") == Stage.TO_CALL_BACK


# --- Events in order --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Round:
    """One answer of a department, from the hotline's approval on."""

    day: date
    department: str
    called: bool = False
    redone: bool = False
    concluded: bool = False


@dataclass(slots=True)
class _Walk:
    """Reads the events from first to last; counts what happens by the day on which it happens."""

    matter: Matter
    holders: Holders
    counts: Sums
    rounds: list[_Round] = field(default_factory=list)
    pressed: list[tuple[str, str, datetime]] = field(default_factory=list)
    holder: str | None = None
    lead: str | None = None

    def run(self) -> None:
        """Every event once, then what can only be said at the end."""
        for event in self.matter.events:
            self._see(event)
            if "stage" in event.data:
                self._move(event)
        for event in newest_ratings(self.matter):
            self._rated(event)
        for name, _, at in self.pressed:
            self._leg(at, name)
        if self.matter.counts_as_work:
            for each in self.rounds:
                self.counts.add(each.day, each.department, "done")
                for name, holds in (("redone", each.redone), ("called_back", each.called)):
                    if holds:
                        self.counts.add(each.day, each.department, name)

    def _see(self, event: Event) -> None:
        match event.kind:
            case Happened.RECEIVED if "split_from" not in event.data:  # the whole contact was counted once
                self._contact(event)
            case Happened.JOINED:
                self._contact(event)
                self._leg(event.at, "urged")
            case Happened.URGED:
                self._leg(event.at, "urged")
            case Happened.SUPERVISED:
                self.pressed.append(("supervised", event.step or "supervise", event.at))
            case Happened.RAISED:
                self.pressed.append(("raised", event.step or "raise", event.at))
            case Happened.UNDONE:
                self._undo(str(event.data.get("step", "")))
            case Happened.REVIEWED if _approves(event):
                self.rounds.append(_Round(day_of(event.at), self.holders.department(event.at)))
            case Happened.CALLED_BACK:
                self._call_back(event)
            case Happened.CLOSED:
                self._close(event)
            case Happened.REDONE if self.rounds:
                self.rounds[-1].redone = True
            case _:
                pass

    def _contact(self, event: Event) -> None:
        self.counts.add(day_of(event.at), self.matter.department or HOTLINE, "contacts")

    def _leg(self, at: datetime, measure: str) -> None:
        self.counts.add(day_of(at), self.holders.department(at), measure)

    def _undo(self, step: str) -> None:
        """Pressure that was taken back by name does not count."""
        for position in range(len(self.pressed) - 1, -1, -1):
            if self.pressed[position][1] == step:
                del self.pressed[position]
                return

    def _call_back(self, event: Event) -> None:
        current = self.rounds[-1] if self.rounds else None
        if current is not None:
            current.called = True
        if not event.data.get("reached"):
            return
        if current is not None:
            current.concluded = True
        self._concluded(event, "reached")
        if is_answer_excused(event, self.matter):
            self._answer(event, "excused_answers")
            return
        for asked in ("solved", "satisfied"):
            answer = event.data.get(asked)
            if answer is not None:
                self._answer(event, f"{asked}_known")
                if answer:
                    self._answer(event, asked)
        if event.data.get("satisfied") is None:
            self._answer(event, "unrated")

    def _rated(self, event: Event) -> None:
        """The step names whose it was: a department's, or the hotline's."""
        day, whose = day_of(event.at), event.data.get("department") or HOTLINE
        self.counts.add(day, whose, "rated")
        if event.data["stars"] >= WELL_FROM:
            self.counts.add(day, whose, "rated_well")

    def _close(self, event: Event) -> None:
        """Closed without an answer of the caller: not reached, or not asked (未评价)."""
        current = self.rounds[-1] if self.rounds else None
        if current is not None and not current.concluded:
            current.concluded = True
            self._concluded(event, "unrated")

    def _concluded(self, event: Event, how: str) -> None:
        self._answer(event, "concluded")
        self._answer(event, how)

    def _answer(self, event: Event, measure: str) -> None:
        """A merged ticket has no department of its own: the event names the one whose reply its caller was told."""
        whose = event.data.get("department") or self.holders.department(event.at)
        self.counts.add(day_of(event.at), whose or self.matter.department or HOTLINE, measure)

    def _move(self, event: Event) -> None:
        """Who has the open ticket now; what one holder loses the next one has, so that open tickets add up."""
        stage = Stage(event.data["stage"])
        if event.kind in _HANDED_OVER and event.data.get("department"):
            self.lead = str(event.data["department"])
        elif stage in (Stage.TO_DISPATCH, Stage.MERGED):
            self.lead = None
        now: str | None = None
        if not STAGES[stage].final:
            # By the order of events: of two servers one may be a little slow, and sign before it was dispatched.
            now = self.lead or self.holders.department(event.at) if stage in AT_DEPARTMENT else HOTLINE
        if now != self.holder:
            day = day_of(event.at)
            if self.holder is not None:
                self.counts.add(day, self.holder, "open_change", -1)
            if now is not None:
                self.counts.add(day, now, "open_change")
            self.holder = now
