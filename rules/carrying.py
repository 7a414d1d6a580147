"""What a new ticket takes over from the one that it repeats (接续): the count, the redo round, the former lead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rules.pack_records import CountingRule
from rules.policy import Policy
from rules.terms import Facts, Happened, Stage
from rules.worktime import Calendar

#: By this name a wrong link to an earlier ticket is undone.
LINK = "link"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a new ticket takes over from the closed one that it repeats (接续): count, when it was last counted,
    whether this very contact counted, and the redo round that it begins."""

    earlier: str
    count: int
    counted_at: datetime
    counted: bool
    round: int
    former: str | None

    def as_data(self) -> dict[str, Any]:
        """For the event of receipt."""
        return {
            "earlier": self.earlier,
            "count": self.count,
            "counted_at": self.counted_at,
            "counted": self.counted,
            "round": self.round or None,
            "former": self.former,
        }


@dataclass(frozen=True, slots=True)
class Closed:
    """The closed ticket that a new contact repeats, as its row stands."""

    number: str
    stage: Stage
    count: int
    counted_at: datetime
    round: int
    department: str | None


def carry(
    closed: Closed, policy: Policy, calendar: Calendar, now: datetime, malicious: bool = False
) -> Carried:
    """What the new ticket of the same caller and matter begins with.

    It counts when the earlier one had come to an end that counts (办结), at least the pack's workdays after the last
    counted contact, and the caller is not marked malicious. Beyond the window count and redo round begin anew,
    whatever else holds.
    """
    rule = policy.counting
    if now - closed.counted_at > timedelta(days=rule.window_days):
        return Carried(closed.number, 1, now, False, 0, closed.department)
    if closed.stage not in rule.after or malicious or not apart(rule, calendar, closed.counted_at, now):
        return Carried(closed.number, closed.count, closed.counted_at, False, closed.round, closed.department)
    return Carried(closed.number, closed.count + 1, now, True, closed.round + 1, closed.department)


def apart(rule: CountingRule, calendar: Calendar, last: datetime, now: datetime) -> bool:
    """Whether `now` lies at least the pack's workdays after `last`."""
    return rule.apart == 0 or (now > last and calendar.workdays_between(last, now) >= rule.apart)


def carried_of(facts: Facts) -> Mapping[str, Any]:
    """What was taken over from an earlier ticket, at receipt or by a person; nothing where that was undone."""
    held: Mapping[str, Any] = {}
    for each in facts.happenings:
        if each.kind is Happened.RECEIVED or each.kind is Happened.LINKED:
            held = {**held, **each.data}
        elif each.kind is Happened.UNDONE and each.data["step"] == LINK:
            held = {"malicious": held.get("malicious")}
    return held


def is_malicious(facts: Facts) -> bool:
    """Whether the caller was marked so when the ticket came, or on this ticket since."""
    marked = facts.last(Happened.MARKED)
    return bool(marked.data.get("malicious") if marked else carried_of(facts).get("malicious"))


def redo_round_of(facts: Facts, department: str) -> int | None:
    """The redo round that a dispatch to `department` begins; None but for a counted repeat back at its former lead."""
    held = carried_of(facts)
    if not held.get("counted") or held.get("former") != department:
        return None
    return held.get("round")
