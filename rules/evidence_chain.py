"""The evidence chain of one matter (证据链): all that happened and every promise missed, in order of time.

A missed promise is read from the replayed clocks and not from the ticker's events, so that it is told once, with how
late it became; an event of breach that no clock explains any more stays, since what happened is never erased.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from types import MappingProxyType

from rules.clocks import ClockPlan, handling_of
from rules.errors import BadInput
from rules.evidence_missed import SENT, Missed, due_of, missed, missed_words, with_leads
from rules.evidence_words import DEPARTMENT_CLOCKS, Mask, Scene, sentence
from rules.policy import Policy
from rules.terms import Facts, Happened, Happening
from rules.worktime import Calendar

#: Pack and calendar of tickets that run by others than the newest one (冻结的规则), by ticket number.
Frozen = Mapping[str, tuple[Policy, Calendar]]
NOTHING_FROZEN: Frozen = MappingProxyType({})

#: After these the handling limit may be a new one.
_SETS_DUE = (*SENT, Happened.REDONE, Happened.RESUMED, Happened.EXTENSION_SETTLED, Happened.DUE_SET)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the chain: when (aware), on which ticket, the event's word, one sentence in Chinese, whose it is
    (a department's code, None for the hotline), and whether a promise was missed there."""

    at: datetime
    ticket: str
    kind: str
    words: str
    department: str | None
    missed: bool


def chain(
    tickets: Sequence[Facts],
    policy: Policy,
    calendar: Calendar,
    *,
    now: datetime | None = None,
    mask: Mask = None,
    frozen: Frozen = NOTHING_FROZEN,
) -> tuple[Entry, ...]:
    """The linked tickets of one matter, oldest first, as one row of entries in order of time.

    `now` is how far running promises are looked at, the newest event unless given. `mask` makes reasons and replies
    fit to be shown (at most 200 characters of each); without it they are left out. `frozen` gives pack and calendar
    of tickets that run by others. A ticket of history has events but no missed promises: nobody kept its time.
    Raises BadInput when a ticket does not follow the one before it, NoCalendar beyond the calendar.
    """
    linked(tickets)
    until = now or horizon(tickets)
    found: list[tuple[datetime, int, int, Entry]] = []
    for position, facts in enumerate(tickets):
        terms = frozen.get(facts.number, (policy, calendar))
        broken = missed(facts, *terms, until)
        found += [(each.at, position, 0, each) for each in _missed_entries(broken, terms[0])]
        found += [(each.at, position, 1, each) for each in _events(facts, *terms, broken, mask)]
    return tuple(each[3] for each in sorted(found, key=lambda each: each[:3]))


def linked(tickets: Sequence[Facts]) -> None:
    """Raise BadInput unless each ticket follows the one before it: evidence of another matter is none."""
    for earlier, later in pairwise(tickets):
        if later.earlier != earlier.number:
            raise BadInput(
                f"工单 {later.number} 不是接续工单 {earlier.number} 的，不能合成一条证据链。",
                hint="请按接续关系从旧到新给出工单。",
            )


def horizon(tickets: Sequence[Facts]) -> datetime:
    """The instant of the newest event; the receipt where there is none. Raises BadInput without any ticket."""
    moments = [each.at for facts in tickets for each in facts.happenings]
    moments += [facts.received_at for facts in tickets]
    if not moments:
        raise BadInput("没有工单，无从整理证据链。", hint="请至少给出一张工单。")
    return max(moments)


def _missed_entries(broken: Sequence[Missed], policy: Policy) -> Iterator[Entry]:
    for each in broken:
        words = missed_words(each, policy)
        yield Entry(each.due, each.ticket, Happened.BREACHED.value, words, each.owner, True)


def _events(
    facts: Facts, policy: Policy, calendar: Calendar, broken: Sequence[Missed], mask: Mask
) -> Iterator[Entry]:
    handling = [] if facts.history else handling_of(facts, policy, calendar)
    for event, lead in with_leads(facts):
        breach = event.kind is Happened.BREACHED
        if breach and _told(event, broken):
            continue
        due = _in_force(handling, event.at) if event.kind in _SETS_DUE else None
        words = sentence(event, Scene(facts, policy, lead, mask), due)
        owner = None if breach and event.data.get("clock") not in DEPARTMENT_CLOCKS else lead
        yield Entry(event.at, facts.number, event.kind.value, words, owner, breach)


def _told(event: Happening, broken: Sequence[Missed]) -> bool:
    """Whether a missed promise tells this breach already; deadlines may since have moved with the calendar."""
    return any(
        each.plan.kind == event.data.get("clock") and each.plan.started_at <= due_of(event) <= each.until
        for each in broken
    )


def _in_force(plans: Sequence[ClockPlan], at: datetime) -> datetime | None:
    """The deadline that holds right after `at`."""
    held = (each for each in plans if each.started_at <= at and (not each.stopped_at or at < each.stopped_at))
    return next((each.due_at for each in held), None)
