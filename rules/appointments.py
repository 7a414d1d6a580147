"""Booking a time at a counter (预约): which times are open, which are taken, and which are free next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from rules.calendar import WEEKDAY_WORDS
from rules.errors import BadInput
from rules.occasion_rows import Counter, instant
from rules.policy import Policy
from rules.terms import CHINA
from rules.worktime import Calendar

_SHOWN = 3  # how many free times are named


@dataclass(frozen=True, slots=True)
class Booking:
    """A booked time (预约): from `at` to `until` at a counter; both in China's time."""

    counter: Counter
    at: datetime
    until: datetime


def appointment(
    code: str,
    at: datetime,
    policy: Policy,
    calendar: Calendar,
    taken: Mapping[datetime, int],
    now: datetime,
) -> Booking:
    """The time that `at` (aware) falls into at the counter of that code or item, when there is a place left.

    `taken` counts the places given away by the beginning of their time, and `now` (aware) is when it is asked.
    Raises BadInput, with the next free times, for an unknown counter, a time that is over or too far ahead, a day or
    an hour when the counter is shut, and a full one.
    """
    counter = policy.occasions.counter(code)
    moment = at.astimezone(CHINA)
    why = _why_not(counter, moment, calendar, now)
    found = next(
        ((begins, ends) for begins, ends in _times_of(counter, moment.date()) if begins <= moment < ends),
        None,
    )
    if not why and found is None:
        hours = "、".join(_span(*each) for each in _times_of(counter, moment.date()))
        why = f"“{counter.item}”在{moment:%H:%M}不接受预约，可预约的时间是：{hours}"
    if not why and found and taken.get(found[0], 0) >= counter.capacity:
        why = f"“{counter.item}”{_day(moment.date())} {_span(*found)} 已约满（{counter.capacity}人）"
    if why or found is None:
        raise BadInput(f"{why}。", _advice(counter, moment, calendar, taken, now))
    return Booking(counter, *found)


def bookable(counter: Counter, now: datetime) -> tuple[datetime, datetime]:
    """From when to when a time can be booked at `now`: up to the end of the last day that `ahead_days` allow."""
    local = now.astimezone(CHINA)
    return local, instant(local.date() + timedelta(days=counter.ahead_days + 1), 0)


def free_times(
    counter: Counter, calendar: Calendar, taken: Mapping[datetime, int], now: datetime
) -> Iterator[datetime]:
    """The beginnings of all times with a place left, from `now` (aware) on, the earliest first."""
    begin, end = bookable(counter, now)
    day = begin.date()
    while instant(day, 0) < end:
        if not _shut(counter, day, calendar):
            for begins, _ in _times_of(counter, day):
                if begins > begin and taken.get(begins, 0) < counter.capacity:
                    yield begins
        day += timedelta(days=1)


def _why_not(counter: Counter, at: datetime, calendar: Calendar, now: datetime) -> str:
    begin, end = bookable(counter, now)
    if at >= end:
        return f"最多提前{counter.ahead_days}天预约"
    started = any(begins <= begin for begins, ends in _times_of(counter, at.date()) if begins <= at < ends)
    if at <= begin or started:
        return f"{at:%Y-%m-%d %H:%M} 已经过了，或者已经开始"
    return _shut(counter, at.date(), calendar)


def _shut(counter: Counter, day: date, calendar: Calendar) -> str:
    """Why a counter is shut on a day, "" where it is open; a weekday that the counter lists is shut on holidays alone."""
    weekday = WEEKDAY_WORDS[day.weekday()]
    if day.weekday() not in counter.weekdays:
        open_on = "、".join(WEEKDAY_WORDS[each] for each in counter.weekdays)
        return f"“{counter.item}”{weekday}不开放，开放的是{open_on}"
    festival = calendar.why_off(day)
    return f"{_day(day)}{festival}放假" if festival not in ("", weekday) else ""


def _times_of(counter: Counter, day: date) -> Iterator[tuple[datetime, datetime]]:
    return ((instant(day, start), instant(day, end)) for start, end in counter.slots)


def _advice(
    counter: Counter, at: datetime, calendar: Calendar, taken: Mapping[datetime, int], now: datetime
) -> str:
    """The next free times, from the day asked for on if there are any."""
    free = list(free_times(counter, calendar, taken, now))
    later = [each for each in free if each.date() >= at.date()]
    shown = "、".join(f"{_day(each.date())} {each:%H:%M}" for each in islice(later or free, _SHOWN))
    if not shown:
        return f"今后{counter.ahead_days}天都已约满，请直接到窗口办理，或改日再约。"
    return f"最近可预约：{shown}。"


def _day(day: date) -> str:
    return f"{day:%Y-%m-%d}（{WEEKDAY_WORDS[day.weekday()]}）"


def _span(begins: datetime, ends: datetime) -> str:
    midnight = ends.date() > begins.date()
    return f"{begins:%H:%M}-{'24:00' if midnight else f'{ends:%H:%M}'}"
