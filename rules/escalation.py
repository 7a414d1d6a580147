"""Raising by count (按次数逐级升级): which contacts count as complaining again, and which rungs that reaches.

Everything is replayed from the ticket's own events, so the count can be checked against what is stored at any time
and a rung never fires twice. Source: lifecycle.md, contacts and repeats; the numbers are the pack's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from rules import clocks
from rules.carrying import Closed, apart, carried_of
from rules.outcome import Notify
from rules.pack_records import CountingRule, Level
from rules.policy import Policy
from rules.terms import Facts, Happened, Happening, Stage
from rules.wording import rung_words
from rules.worktime import Calendar

#: What a rung by count writes into the history.
RUNG_EVENTS: Mapping[str, Happened] = MappingProxyType(
    {
        "redo": Happened.REPEATED,
        "supervise": Happened.SUPERVISED,
        "raise": Happened.RAISED,
        "clue": Happened.CLUE_OPENED,
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a matter has climbed (升级情况).

    `count` is its counted complaints and `counted_at` the last of them; `due` are rungs reached that have not fired;
    `supervision` and `raised` are the levels in force, without what was undone.
    """

    count: int
    counted_at: datetime
    due: tuple[Level, ...]
    supervision: int
    raised: int


@dataclass(frozen=True, slots=True)
class Climb:
    """What the rungs that are due now write: events (each with its step), columns, notices, and clues to open."""

    happenings: tuple[Happening, ...]
    changes: Mapping[str, Any]
    notices: tuple[Notify, ...]
    clues: tuple[Level, ...]


def closed_of(facts: Facts, policy: Policy, calendar: Calendar) -> Closed:
    """An earlier ticket as a new one finds it, its last counted contact by replay."""
    return Closed(
        number=facts.number,
        stage=facts.stage,
        count=facts.complaint_count,
        counted_at=standing(facts, policy, calendar).counted_at,
        round=facts.redo_round,
        department=facts.department,
    )


@dataclass(slots=True)
class _Count:
    """The replay of one ticket; `replied_at` and `suspended` say whether its promise was running at that moment."""

    count: int
    at: datetime
    base: int
    round: int
    failed: int
    base_failed: int
    returned: int = 0
    replied_at: datetime | None = None
    suspended: bool = False
    malicious: bool = False


def standing(facts: Facts, policy: Policy, calendar: Calendar) -> Standing:
    """Replay `facts.happenings`; a ticket of history climbs nothing."""
    tally = _replayed(facts, policy, calendar)
    due = () if facts.history or facts.stage is Stage.ENDED else _due(tally, facts, policy)
    return Standing(tally.count, tally.at, due, *_in_force(facts, due, tally.count))


def founded(event: Happening, facts: Facts, policy: Policy, calendar: Calendar) -> bool:
    """Whether the count that a rung's event stood on is still reached: a link that was undone takes it away."""
    tally = _replayed(facts, policy, calendar)
    reached = {"complaints": tally.count, "redos": tally.failed, "returns": tally.returned}
    return int(event.data["count"]) <= reached[event.data["trigger"]]


def _replayed(facts: Facts, policy: Policy, calendar: Calendar) -> "_Count":
    tally = _begin(facts, carried_of(facts))
    promises = _Promises(facts, policy, calendar)
    for happening in facts.happenings:
        match happening.kind:
            case Happened.JOINED if not (tally.malicious or happening.data.get("malicious")):
                far = apart(policy.counting, calendar, tally.at, happening.at)
                if far and promises.missed(tally, happening.at):
                    _add(tally, happening.at, policy.counting)
            case Happened.CALLED_BACK if happening.data.get("reached") and not _pleased(happening):
                tally.failed += tally.round > 0
                if not tally.malicious:
                    _add(tally, happening.at, policy.counting)
            case Happened.RETURNED:
                tally.returned += 1
            case Happened.FOLLOWED:
                tally.count = max(tally.count, int(happening.data.get("count", 1)))
                tally.base = max(tally.base, int(happening.data.get("count", 1)))
            case _:
                _follow(tally, happening)
    return tally


def _follow(tally: _Count, happening: Happening) -> None:
    match happening.kind:
        case Happened.REDONE:
            tally.round += 1
            tally.replied_at = None
        case Happened.REPLIED:
            tally.replied_at = happening.at
        case Happened.REVIEWED if not happening.data.get("approved"):
            tally.replied_at = None
        case Happened.MARKED:
            tally.malicious = bool(happening.data.get("malicious"))
        case Happened.SUSPENDED | Happened.RESUMED:
            tally.suspended = happening.kind is Happened.SUSPENDED
        case Happened.UNMERGED:  # it goes to the dispatcher: no pause and no reply of before holds any more
            tally.suspended, tally.replied_at = False, None
        case _:
            pass


def _begin(facts: Facts, data: Mapping[str, Any]) -> _Count:
    count, counted = int(data.get("count", 1)), bool(data.get("counted", True))
    round_ = int(data.get("round") or 0)
    failed = max(round_ - 1, 0)
    return _Count(
        count=count,
        at=data.get("counted_at", facts.received_at),
        base=count - 1 if counted else count,
        round=round_,
        failed=failed,
        base_failed=max(failed - 1, 0) if counted else failed,
        malicious=bool(data.get("malicious")),
    )


class _Promises:
    """The handling limits that a ticket had, planned once and only when somebody asks."""

    def __init__(self, facts: Facts, policy: Policy, calendar: Calendar) -> None:
        self._ask = (facts, policy, calendar)
        self._plans: list[clocks.ClockPlan] | None = None

    def missed(self, tally: _Count, at: datetime) -> bool:
        """Whether the limit that held at `at` was missed by then: an urging counts only after that."""
        if self._plans is None:
            self._plans = clocks.handling_of(*self._ask)
        held, before = None, None
        for each in self._plans:
            renewed = before is not None and before.started_at == each.started_at
            begun = before.stopped_at if before is not None and renewed else each.started_at
            if begun is not None and begun <= at:
                held = each
            before = each
        if held is None or held.due_at is None or tally.suspended:
            return False
        return min(at, tally.replied_at or at) > held.due_at


def _pleased(happening: Happening) -> bool:
    return bool(happening.data.get("solved") and happening.data.get("satisfied"))


def _add(tally: _Count, at: datetime, rule: CountingRule) -> None:
    if at - tally.at > timedelta(days=rule.window_days):
        tally.count, tally.base = 1, 0
    else:
        tally.count += 1
    tally.at = at


def _due(tally: _Count, facts: Facts, policy: Policy) -> tuple[Level, ...]:
    fired = {each.step for each in facts.happenings if each.step}
    reached = {
        "complaints": (tally.base, tally.count),
        "redos": (tally.base_failed, tally.failed),
        "returns": (0, tally.returned),
    }
    found = []
    for level in sorted(policy.levels, key=lambda each: each.count):
        low, high = reached[level.trigger]
        if low < level.count <= high and level.step not in fired:
            found.append(level)
    return tuple(found)


def _in_force(facts: Facts, due: tuple[Level, ...], count: int) -> tuple[int, int]:
    """Supervision and how often it was raised, by events, minus what a named person undid; with what followers bring.

    A rung above `count` stands on a link that was undone and is not in force.
    """
    supervised = [level.supervision for level in due]
    raised = sum(level.action == "raise" for level in due)
    for at, each in enumerate(facts.happenings):
        unfounded = each.data.get("trigger") == "complaints" and each.data["count"] > count
        pressing = each.kind in (Happened.SUPERVISED, Happened.RAISED) and not unfounded
        if pressing and not _undone(facts, at, each):
            supervised.append(int(each.data.get("level", 0)) if each.kind is Happened.SUPERVISED else 0)
            raised += each.kind is Happened.RAISED
    merged = followers(facts).values()
    levels = (*supervised, *(int(each.get("level", 0)) for each in merged))
    return max(levels, default=0), max((raised, *(int(each.get("raised", 0)) for each in merged)))


def followers(facts: Facts) -> Mapping[str, Mapping[str, Any]]:
    """The tickets that are merged into this one now, in the order in which they came, and what each brought along.

    A merge takes no pressure away: the supervision of a follower (`level`) and how often it was `raised` hold for
    its lead while it follows.
    """
    held: dict[str, Mapping[str, Any]] = {}
    for each in facts.happenings:
        if each.kind is Happened.FOLLOWED:
            held[str(each.data["follower"])] = each.data
        elif each.kind is Happened.UNFOLLOWED:
            held.pop(str(each.data["follower"]), None)
    return held


def _undone(facts: Facts, at: int, event: Happening) -> bool:
    return any(
        later.kind is Happened.UNDONE
        and later.data["step"] == step_of(event)
        and later.data.get("at") == event.at.isoformat()
        for later in facts.happenings[at + 1 :]
    )


def step_of(event: Happening) -> str:
    """By what name an event of pressure is undone: its step, or the act's word where a person did it."""
    if event.step:
        return event.step
    return {Happened.SUPERVISED: "supervise", Happened.RAISED: "raise"}.get(event.kind, "")


def undoable(facts: Facts, step: str) -> Happening | None:
    """The newest event of pressure by that name that is still in force; None when there is none."""
    for at in range(len(facts.happenings) - 1, -1, -1):
        event = facts.happenings[at]
        pressing = event.kind in RUNG_EVENTS.values()  # a clue that went up by silence goes with its own rung
        if pressing and step_of(event) == step and not _undone(facts, at, event):
            return event
    return None


def climb(facts: Facts, policy: Policy, calendar: Calendar, now: datetime) -> Climb | None:
    """The events, columns and notices that bring a ticket to its standing; None when it stands there already."""
    if not _may_climb(facts):
        return None
    found = standing(facts, policy, calendar)
    changes = {
        "complaint_count": found.count,
        "counted_at": found.counted_at,
        "supervision": found.supervision,
        "raised": found.raised,
    }
    held = (facts.complaint_count, facts.supervision, facts.raised)
    if not found.due and held == (found.count, found.supervision, found.raised):
        return None
    return Climb(
        happenings=tuple(_event(level, found, now) for level in found.due),
        changes=changes,
        notices=tuple(
            Notify(receiver, rung_words(level), _whose(receiver, facts, policy))
            for level in found.due
            for receiver in level.receivers
        ),
        clues=() if open_clue(facts) else _clues(found.due)[:1],
    )


def _clues(due: tuple[Level, ...]) -> tuple[Level, ...]:
    return tuple(level for level in due if level.action == "clue")


def clue_events(facts: Facts) -> tuple[Happening, ...]:
    """What the clue stands on that nobody has settled or taken back: the event that opened it, then further triggers."""
    found: tuple[Happening, ...] = ()
    for each in facts.happenings:
        if each.kind is Happened.CLUE_SETTLED or (each.kind is Happened.UNDONE and each.data.get("clue")):
            found = ()
        elif each.kind is Happened.CLUE_OPENED:
            found = (*found, each)
    return found


def open_clue(facts: Facts) -> Happening | None:
    """The event that opened the clue of today; while it stands, a second trigger adds an event, no second clue."""
    return next(iter(clue_events(facts)), None)


def _may_climb(facts: Facts) -> bool:
    """Nothing but receipt and dispatch has happened to most tickets: they stand at one, and nobody need look."""
    if facts.earlier is not None or facts.complaint_count > 1:
        return True
    telling = (
        Happened.JOINED,
        Happened.CALLED_BACK,
        Happened.RETURNED,
        Happened.FOLLOWED,
        *RUNG_EVENTS.values(),
    )
    return any(each.kind in telling or each.kind is Happened.UNDONE for each in facts.happenings)


def _event(level: Level, found: Standing, now: datetime) -> Happening:
    data = {"count": level.count, "trigger": level.trigger, "action": level.action, "clause": level.clause}
    if level.supervision:
        data["level"] = level.supervision
    return Happening(RUNG_EVENTS[level.action], now, {**data, "complaints": found.count}, level.step)


def _whose(receiver: str, facts: Facts, policy: Policy) -> str | None:
    """The department whose people are meant: the lead, or before it is dispatched again the former one, if it exists."""
    known = policy.receivers.get(receiver)
    former = policy.department_of(carried_of(facts).get("former") or "")
    held = facts.department or (former.code if former else None)
    return held if known is not None and known.scope == "department" else None
