"""Working time held against the minute counter (逐分钟核对): random offices and cases through the whole of the desk's way.

A case goes through a year file, the calendar, a limit of a policy and the replay of events; the counter knows none of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from rules import clocks
from rules.policy import Policy
from rules.terms import (
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
from rules.worktime import Calendar, Season, Window, parse_calendar
from tests import minute_counter as counter
from tests.minute_counter import Case, Office

_NOTICE = '[notice]\ntitle = "通知"\nsource = "https://example.invalid/notice"\n'


@dataclass(frozen=True)
class Tally:
    """How many cases were counted, with how many pauses, and each that differs, in words."""

    cases: int
    pauses: int
    differences: tuple[str, ...]


def compare(policy: Policy, seed: int, offices: int, each: int) -> Tally:
    """`each` cases in each of `offices` random calendars."""
    count = pauses = 0
    wrong: list[str] = []
    for number, office in enumerate(counter.offices(seed, offices)):
        calendar = _calendar(office)
        for case in counter.cases(np.random.default_rng((seed, number, 1)), each, office):
            count, pauses = count + 1, pauses + len(case.pauses)
            wrong += [
                f"office {number}: {case}: {words}" for words in _differences(policy, calendar, office, case)
            ]
    return Tally(count, pauses, tuple(wrong))


def _differences(policy: Policy, calendar: Calendar, office: Office, case: Case) -> Iterator[str]:
    found = _planned(policy, calendar, case)
    wanted = counter.due(office, case)
    start, end = counter.at(case.start), counter.at(wanted)
    if found != end:
        yield f"due {found}, counted {end}"
    minutes = counter.elapsed(office, case.start, wanted) / 2
    if calendar.elapsed(start, end) != minutes:
        yield f"elapsed {calendar.elapsed(start, end)}, counted {minutes}"
    days = counter.day_count(office, case.start, wanted)
    if calendar.workdays_between(start, end) != days:
        yield f"workdays {calendar.workdays_between(start, end)}, counted {days}"
    back = calendar.subtract(end, Budget(minutes, Unit.WORK_MINUTES))
    if minutes and counter.nth_open(office, _tick(back), round(2 * minutes)) != _last_open(office, wanted):
        yield f"subtract {back} leads elsewhere"


def _last_open(office: Office, tick: int) -> int:
    """The end of the last open half minute before a tick."""
    return int(office.rows[np.searchsorted(office.rows, tick) - 1]) + 1


def _tick(instant: datetime) -> int:
    return round((instant - counter.at(0)) / counter.TICK)


def _planned(policy: Policy, calendar: Calendar, case: Case) -> datetime | None:
    """The deadline that the replay of events comes to."""
    ordinary = replace(
        next(row for row in policy.limits if row.clock == ClockKind.HANDLE), types=(), urgencies=()
    )
    row = replace(ordinary, budget=_budget(case), occasion="")
    after_hours = "next_workday" if case.moves else "as_is"
    timed = replace(policy, limits=(row,), ladder=(), after_hours=after_hours)
    start = counter.at(case.start)
    events = [
        Happening(Happened.DISPATCHED, start, {"stage": Stage.TO_SIGN}),
        Happening(Happened.SIGNED, start, {"stage": Stage.HANDLING}),
    ]
    for begin, until in case.pauses:
        review = {"stage": Stage.SUSPENDED, "until": counter.at(until)}
        events += [
            Happening(Happened.SUSPENDED, counter.at(begin), review),
            Happening(Happened.RESUMED, counter.at(until), {"stage": Stage.HANDLING}),
        ]
    facts = Facts(
        number="",
        stage=Stage.HANDLING,
        type=TicketType.HELP,
        urgency=Urgency.NORMAL,
        channel="phone",
        received_at=start,
        happenings=tuple(events),
    )
    plans = clocks.plan(facts, timed, calendar)
    return [each.due_at for each in plans if each.kind is ClockKind.HANDLE][-1]


def _budget(case: Case) -> Budget:
    return Budget(0.5, Unit.WORKDAYS) if case.unit == "half" else Budget(case.amount, Unit(case.unit))


def _calendar(office: Office) -> Calendar:
    season = [Season(*office.season[:2], _spans(office.season[2]))] if office.season else []
    return parse_calendar(
        _files(office),
        _spans(office.windows),
        seasons=season,
        every_day=office.every_day,
        years_after=1,
        first_year=counter.FIRST.year,
    )


def _spans(pairs: tuple[tuple[int, int], ...]) -> tuple[Window, ...]:
    return tuple(Window(*pair) for pair in pairs)


def _files(office: Office) -> Mapping[str, str]:
    return {f"{year}.toml": _year(year, office.off, office.make_up) for year in counter.WRITTEN}


def _year(year: int, off: frozenset[date], make_up: frozenset[date]) -> str:
    free = [f'{{ festival = "假", from = {day}, to = {day} }}' for day in sorted(off) if day.year == year]
    worked = [f'{{ festival = "假", date = {day} }}' for day in sorted(make_up) if day.year == year]
    return f"year = {year}\noff = [{', '.join(free)}]\nmake_up = [{', '.join(worked)}]\n{_NOTICE}"
