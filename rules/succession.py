"""Calendars that follow each other (日历更替): what a replay counts with before a notice came, and what it then asks for.

A ticket that a new calendar reached has an event `calendar_changed` that names the version before and after it. Its
replay counts with the one up to that event and with the other from there on, so that the old generations come out as
they were promised.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rules.clocks import KIND_WORDS, WHOLE, plan
from rules.clockwork import no_ladder
from rules.outcome import Notify
from rules.policy import Policy
from rules.terms import CHINA, ClockKind, Facts, Happened, Happening
from rules.worktime import Calendar

#: A clock of a ticket: its kind and its scope.
Name = tuple[str, str]

#: Who hears of a deadline that is not the departments' to keep.
_OF_THE_HOTLINE = {ClockKind.CALL_BACK: "caller_back", ClockKind.CLUE: "supervisor"}
_OF_THE_LEAD = (ClockKind.SIGN, ClockKind.FIRST_CONTACT, ClockKind.HANDLE)


def succeed(newest: Calendar, before: Iterable[Calendar]) -> Calendar:
    """`newest`, which knows by their versions those that it followed."""
    known = {each.version: each for each in before if each.version != newest.version}
    if not known:
        return newest
    found = copy(newest)
    found.earlier = known
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What a new calendar asks of one running clock: the deadline that was promised, and the one it leads to."""

    kind: str
    scope: str
    was: datetime
    asked: datetime

    @property
    def way(self) -> str:
        """later, earlier or same."""
        return "same" if self.asked == self.was else "later" if self.asked > self.was else "earlier"

    @property
    def minutes(self) -> float:
        """By how much it moves."""
        return abs((self.asked - self.was).total_seconds()) / 60


def asked_of(
    facts: Facts, policy: Policy, calendar: Calendar, promised: Mapping[Name, datetime]
) -> tuple[Asked, ...]:
    """What `calendar`, had it been there from the beginning, would have promised instead of `promised`.

    A clock that the replay does not know as running keeps its promise.
    """
    kept = tuple(each for each in facts.happenings if each.kind is not Happened.CALENDAR_CHANGED)
    wanted = {
        (each.kind.value, each.scope): each.due_at
        for each in plan(replace(facts, happenings=kept), policy, calendar, no_ladder)
        if each.stopped_at is None
    }
    return tuple(
        Asked(kind, scope, was, wanted.get((kind, scope)) or was) for (kind, scope), was in promised.items()
    )


def change(
    asked: Sequence[Asked], before: str, calendar: Calendar, now: datetime, shorten: Mapping[str, str]
) -> Happening:
    """The event: each clock with its old and its new deadline. What would end earlier keeps its promise.

    Unless a person said otherwise: `shorten` then holds `reason` and `by`.
    """
    rows = [_row(each, bool(shorten)) for each in asked]
    data = {"before": before, "calendar": calendar.version, "clocks": rows}
    shortened = any(each.way == "earlier" for each in asked)
    return Happening(Happened.CALENDAR_CHANGED, now, {**data, **(shorten if shortened else {})})


def _row(each: Asked, shorten: bool) -> dict[str, Any]:
    kept = each.way == "earlier" and not shorten
    was, asked = (at.astimezone(CHINA).isoformat() for at in (each.was, each.asked))
    row = {"kind": each.kind, "scope": each.scope, "was": was, "due_at": was if kept else asked}
    return {**row, "asked": asked} if kept else row


def notices(facts: Facts, changed: Happening) -> tuple[Notify, ...]:
    """One notice for each receiver of a deadline that moved."""
    told: dict[tuple[str, str | None], list[str]] = {}
    for row in changed.data["clocks"]:
        if row["due_at"] == row["was"]:
            continue
        kind = ClockKind(row["kind"])
        was, due = (f"{datetime.fromisoformat(row[key]):%m月%d日 %H:%M}" for key in ("was", "due_at"))
        words = told.setdefault(_receiver(kind, row["scope"], facts), [])
        sentence = f"{KIND_WORDS[kind]}由 {was} 改为 {due}"
        words += [] if sentence in words else [sentence]
    reason = f"（{changed.data['reason']}）" if changed.data.get("reason") else ""
    return tuple(
        Notify(receiver, f"放假安排有更新：{'；'.join(words)}{reason}。", department)
        for (receiver, department), words in told.items()
    )


def _receiver(kind: ClockKind, scope: str, facts: Facts) -> tuple[str, str | None]:
    if scope != WHOLE:
        return "liaison", scope
    if kind in _OF_THE_LEAD:
        return "liaison", facts.department
    return _OF_THE_HOTLINE.get(kind, "dispatcher"), None
