"""Exact Chinese working time (工作时间): a calendar, and one primitive to add, subtract and measure on it.

The primitive is a prefix sum: `_worked[d]` is the working time before day d of the table. An instant becomes
working time by look-up, working time becomes an instant by binary search, so `add` and `elapsed` cannot drift
apart. Inside, all is whole microseconds; China keeps one offset, so a day is always 24 hours.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Mapping, Sequence
from copy import copy
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Literal

from rules.calendar import (
    NATIONAL_WINDOWS,
    WEEKDAY_WORDS,
    Season,
    Window,
    YearFile,
    in_order,
    lay_over,
    parse_years,
)
from rules.errors import BadInput, NoCalendar
from rules.terms import CHINA, Budget, Unit, Urgency

__all__ = ["NATIONAL_WINDOWS", "AfterHours", "Calendar", "Season", "Window", "parse_calendar"]

MINUTE = 60_000_000
DAY = 1440 * MINUTE

#: "as_is": a start outside hours counts as it is; "next_workday": as received when the next workday opens.
AfterHours = Literal["as_is", "next_workday"]

#: Units that pass day and night, in microseconds.
_WALL = {Unit.MINUTES: MINUTE, Unit.CALENDAR_DAYS: DAY}

#: Far beyond any table; keeps the arithmetic away from overflow.
_LONGEST = 1e9


class Calendar:
    """Working days and hours from some years before the first loaded year to some after the last (工作日历).

    Instants go in aware, of any zone, and come out in China's. A naive one raises BadInput, a day that the
    table does not reach NoCalendar. Build it with `parse_calendar`.
    """

    __slots__ = (
        "_count",
        "_duty",
        "_first",
        "_names",
        "_noticed",
        "_off",
        "_origin",
        "_windows",
        "_worked",
        "earlier",
        "version",
    )

    def __init__(
        self,
        first: date,
        windows: Sequence[tuple[Window, ...]],
        names: Mapping[date, str],
        noticed: Iterable[int],
        version: str,
    ) -> None:
        """`windows` of each day from `first` on (none: off); `names` of days off and make-up days."""
        self.version = version
        self._first = first.toordinal()
        self._origin = datetime(first.year, first.month, first.day, tzinfo=CHINA)
        self._windows = windows
        self._names = names
        self._noticed = frozenset(noticed)
        self._worked = list(accumulate(map(_length, windows), initial=0))
        self._count = list(accumulate((1 if day else 0 for day in windows), initial=0))
        self._off = [at for at, day in enumerate(windows) if not day]
        self._duty: Mapping[Urgency, Calendar] = {}
        self.earlier: Mapping[str, Calendar] = {}

    def with_duty(self, duty: "Calendar", urgencies: Iterable[Urgency]) -> "Calendar":
        """The same calendar, but matters of `urgencies` run by `duty`'s hours (值班日历)."""
        both = copy(self)
        both._duty = dict.fromkeys(urgencies, duty)
        named = ",".join(sorted(both._duty))
        both.version = _digest(f"{self.version} {named} {duty.version}")
        return both

    def on(self, urgency: Urgency) -> "Calendar":
        """The calendar by which matters of that urgency run: the duty roster's where there is one, else this."""
        return self._duty.get(urgency, self)

    # Days

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """The office hours of a day, in order; none on a day off. The single source for all that follows."""
        return self._windows[self._index(day)]

    def is_workday(self, day: date) -> bool:
        """Whether people work on that day, make-up days included."""
        return bool(self.windows_on(day))

    def is_provisional(self, day: date) -> bool:
        """Whether that year's notice is not loaded, so that only the weekday pattern answers."""
        self._index(day)
        return day.year not in self._noticed

    def why_off(self, day: date) -> str:
        """Why nobody works that day: the festival, else 周六 or 周日; "" for a workday."""
        if self.windows_on(day):
            return ""
        return self._names.get(day) or WEEKDAY_WORDS[day.weekday()]

    def note(self, day: date) -> str:
        """What is special about a day, for people: "春节调休上班", why it is off, or ""."""
        if not self.windows_on(day):
            return self.why_off(day)
        return f"{self._names[day]}调休上班" if day in self._names else ""

    # Between two instants

    def elapsed(self, a: datetime, b: datetime) -> float:
        """Working minutes from a to b, negative when b is before a; exact to the microsecond."""
        return (self._done(self._moment(b)) - self._done(self._moment(a))) / MINUTE

    def workdays_between(self, a: datetime, b: datetime) -> int:
        """How many workdays come after a's date, up to and with b's; negative when b is before a.

        A b at 24:00 that closes a day still belongs to that day, so the count of `add(a, n)` is n.
        """
        begun, ended = self._moment(a), self._moment(b)
        if ended < begun:
            return -self.workdays_between(b, a)
        return max(0, self._count[self._day_that_ends(ended) + 1] - self._count[self._day(begun) + 1])

    def skipped(self, a: datetime, b: datetime) -> list[tuple[date, str]]:
        """The days from a's to b's date, both included, that did not count, each with its reason."""
        first, last = self._day(self._moment(a)), self._day(self._moment(b))
        rows = self._off[bisect_left(self._off, first) : bisect_right(self._off, last)]
        days = [date.fromordinal(self._first + at) for at in rows]
        return [(day, self.why_off(day)) for day in days]

    def touches_provisional(self, a: datetime, b: datetime) -> bool:
        """Whether a year from a's to b's date has no loaded notice; also true beyond the table."""
        years = [_aware(instant).astimezone(CHINA).year for instant in (a, b)]
        return not self._noticed.issuperset(range(min(years), max(years) + 1))

    # From an instant on

    def add(self, start: datetime, budget: Budget, *, after_hours: AfterHours = "as_is") -> datetime:
        """The instant at which `budget` is used up; the earliest one, so never the opening after a close.

        work_minutes: `elapsed(start, add(start, n)) == n`.
        workdays: day 1 is the first workday after start's date, ends when the n-th closes. Whole numbers or
        0.5: half the hours of start's day, or of the next workday where that day is off or over.
        inclusive_days: the same count, but start's own day is day 1 unless it is off or over.
        minutes, calendar_days: by the clock on the wall, 24 hours a day. Nothing of anything: start itself.

        `after_hours="next_workday"` moves a start on a day off or after closing to the next opening, for
        limits in working time only. Raises BadInput on a naive start or bad amount, NoCalendar past the end.
        """
        amount = _sound(budget)
        begun = self._moment(self.counted_from(start, budget, after_hours=after_hours))
        if amount == 0:
            return self._at(begun)
        if budget.unit in _WALL:
            return self._at(begun + round(amount * _WALL[budget.unit]))
        if budget.unit is Unit.WORK_MINUTES:
            return self._at(self._reach(self._done(begun) + _work(amount)))
        return self._at(self._count_off(begun, amount, budget.unit is Unit.INCLUSIVE_DAYS))

    def counted_from(self, start: datetime, budget: Budget, *, after_hours: AfterHours = "as_is") -> datetime:
        """The instant that counts as the start: the next opening where `after_hours` moves it, else start itself."""
        moved, begun = _moves(after_hours), self._moment(start)
        if moved and budget.amount and budget.unit not in _WALL and self._over(begun):
            return self._at(self._opening(self._nth(self._day(begun) + 1, 1)))
        return self._at(begun)

    def opens_at(self, instant: datetime) -> datetime:
        """The first instant from `instant` on at which working time passes; itself within hours."""
        return self._at(self._reach(self._done(self._moment(instant)), latest=True))

    def _count_off(self, begun: int, amount: float, inclusive: bool) -> int:
        today = self._day(begun)
        working = today + 1 if self._over(begun) else today
        if amount == 0.5:
            day = self._nth(working, 1)
            return self._reach(self._done(begun) + (self._worked[day + 1] - self._worked[day]) // 2)
        return self._close(self._nth(working if inclusive else today + 1, int(amount)))

    def subtract(self, end: datetime, budget: Budget) -> datetime:
        """`add` run backwards: the latest start from which `budget` leads to `end`.

        work_minutes: the latest instant. workdays (whole ones), inclusive_days: whole days have no latest instant
        before midnight, so it is the opening of the last workday on which a start leads to the close of end's day;
        `workdays_between(subtract(end, n), end) == n`. Raises BadInput for half a workday, which is as long as the
        day that it falls on, and for what `add` refuses; NoCalendar before the table.
        """
        amount = _sound(budget)
        ended = self._moment(end)
        if amount == 0:
            return self._at(ended)
        if budget.unit in _WALL:
            return self._at(ended - round(amount * _WALL[budget.unit]))
        if budget.unit is Unit.WORK_MINUTES:
            return self._at(self._reach(self._done(ended) - _work(amount), latest=True))
        if amount != int(amount):
            raise BadInput("半个工作日的长短随起算那天而定，不能倒推。")
        last = self._day_that_ends(ended)
        back = int(amount) - (budget.unit is Unit.INCLUSIVE_DAYS)
        if self._count[last + 1] <= back:
            raise NoCalendar(f"时限超出了已有日历（{self._years()}）。")
        return self._at(self._opening(self._nth(0, self._count[last + 1] - back)))

    def at_share(self, start: datetime, due: datetime, share: float, wall: bool = False) -> datetime:
        """The instant when `share` (above 0, at most 1) of the time from start to due is used up.

        Working time, or with `wall` the clock on the wall: right for limits in minutes or calendar days.
        Never after `due`; `due` itself for the whole share, and where no working time lies between.
        """
        if not 0 < share <= 1:
            raise BadInput(f"时限比例应大于 0、不超过 1，写的是 {share}。")
        begun, ended = self._moment(start), self._moment(due)
        if share == 1 or ended <= begun:
            return self._at(ended)
        if wall:
            return self._at(begun + round((ended - begun) * share))
        done, span = self._done(begun), self._done(ended) - self._done(begun)
        return self._at(self._reach(done + max(1, round(span * share))) if span else ended)

    # The primitive: microseconds since the table begins, and working microseconds since then

    def _done(self, moment: int) -> int:
        """Working time before a moment."""
        day = self._day(moment)
        offset, done = moment - day * DAY, self._worked[day]
        for window in self._windows[day]:
            if offset > window.start * MINUTE:
                done += min(offset, window.end * MINUTE) - window.start * MINUTE
        return done

    def _reach(self, work: int, latest: bool = False) -> int:
        """The earliest (or latest) moment with that much working time before it: `_done` inverted."""
        search = bisect_right if latest else bisect_left
        day = search(self._worked, work) - 1
        if not 0 <= day < len(self._windows):
            raise NoCalendar(f"时限超出了已有日历（{self._years()}）。")
        left = work - self._worked[day]
        for window in self._windows[day]:
            size = (window.end - window.start) * MINUTE
            if left < size or (left == size and not latest):
                return day * DAY + window.start * MINUTE + left
            left -= size
        raise AssertionError("a day's windows add up to its prefix sum")

    def _nth(self, day: int, n: int) -> int:
        """The n-th workday (1 is the first) at or after a day."""
        target = self._count[day] + n
        if target > self._count[-1]:
            raise NoCalendar(f"时限超出了已有日历（{self._years()}）。")
        return bisect_left(self._count, target) - 1

    def _day_that_ends(self, moment: int) -> int:
        """The moment's day; at a midnight that closes a day, that day."""
        day = self._day(moment)
        return day - 1 if day and moment == day * DAY == self._close(day - 1) else day

    def _over(self, moment: int) -> bool:
        """Whether the moment's day is off, or closed already."""
        day = self._day(moment)
        return not self._windows[day] or moment >= self._close(day)

    def _opening(self, day: int) -> int:
        return day * DAY + self._windows[day][0].start * MINUTE

    def _close(self, day: int) -> int:
        """When a day closes; the day's beginning where it is off."""
        hours = self._windows[day]
        return day * DAY + (hours[-1].end * MINUTE if hours else 0)

    # Between the world's dates and the table

    def _moment(self, instant: datetime) -> int:
        since = _aware(instant) - self._origin
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds

    def _at(self, moment: int) -> datetime:
        try:
            return self._origin + timedelta(microseconds=moment)
        except OverflowError as wrong:
            raise BadInput("时限太长，算不出日期。") from wrong

    def _day(self, moment: int) -> int:
        day = moment // DAY
        if not 0 <= day < len(self._windows):
            raise NoCalendar(f"没有{self._at(moment).year}年的日历（已有{self._years()}）。")
        return day

    def _index(self, day: date) -> int:
        if isinstance(day, datetime):
            raise BadInput("这里要的是日期，不是时刻：请先换算成北京时间的日期。")
        at = day.toordinal() - self._first
        if not 0 <= at < len(self._windows):
            raise NoCalendar(f"没有{day.year}年的日历（已有{self._years()}）。")
        return at

    def _years(self) -> str:
        last = date.fromordinal(self._first + len(self._windows) - 1)
        return f"{self._origin.year}–{last.year}年"


def parse_calendar(
    files: Mapping[str, str],
    windows: Iterable[Window] = NATIONAL_WINDOWS,
    region: str = "",
    *,
    seasons: Iterable[Season] = (),
    every_day: bool = False,
    years_after: int = 5,
    first_year: int = 2000,
    local: Iterable[YearFile] = (),
) -> Calendar:
    """Build the calendar: {file name: TOML text} of `rules/calendars` (and local files) in, a Calendar out.

    `region` is the city's area code: local files whose code it begins with are laid over the national ones, and
    `local` days that a pack adds itself. `seasons` change the hours, the first that covers a day wins.
    `every_day` is for duty rosters (值班): no day is off. The table begins with `first_year` (old tickets are
    imported, too) or the first file, and ends `years_after` the last file; a year without a national file is
    provisional.
    Raises PackFault, naming file and line, and NoCalendar without a file.
    """
    years = [year for year in parse_years(files) if not year.region or region.startswith(year.region)]
    if not years:
        raise NoCalendar("没有找到任何年历文件。")
    first = date(min(first_year, *(year.year for year in years)), 1, 1)
    last = date(max(year.year for year in years) + years_after, 12, 31)
    days = [date.fromordinal(at) for at in range(first.toordinal(), last.toordinal() + 1)]
    off, make_up = ({}, dict.fromkeys(days, "")) if every_day else lay_over([*years, *local])
    table = _hours(days, off, make_up, in_order(windows), tuple(seasons))
    noticed = {day.year for day in days} if every_day else {year.year for year in years if not year.region}
    names = {day: name for day, name in {**off, **make_up}.items() if name}
    content = repr((first, table, sorted(names.items()), sorted(noticed)))
    return Calendar(first, table, names, noticed, _digest(content))


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _hours(
    days: Iterable[date],
    off: Container[date],
    make_up: Container[date],
    usual: tuple[Window, ...],
    seasons: Iterable[Season],
) -> list[tuple[Window, ...]]:
    """The windows of each day: none on a day off, else the season's or the usual ones."""
    return [
        ()
        if day in off or (day.weekday() >= 5 and day not in make_up)
        else next((season.windows for season in seasons if season.covers(day)), usual)
        for day in days
    ]


def _length(windows: tuple[Window, ...]) -> int:
    return sum(window.end - window.start for window in windows) * MINUTE


def _work(minutes: float) -> int:
    """Minutes as microseconds, at least one: less would be no budget, and reach back to an earlier close."""
    return max(1, round(minutes * MINUTE))


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise BadInput("时间没有时区，无法计算时限。")
    return instant


def _moves(after_hours: str) -> bool:
    if after_hours not in ("as_is", "next_workday"):
        raise BadInput(f"after_hours 只能是 as_is 或 next_workday，写的是“{after_hours}”。")
    return after_hours == "next_workday"


def _sound(budget: Budget) -> float:
    amount = budget.amount
    if not 0 <= amount <= _LONGEST:  # also refuses NaN
        raise BadInput(f"时限应是不小于零、不过分大的数，写的是 {amount}。")
    whole = amount == int(amount)
    half = amount == 0.5 and budget.unit is Unit.WORKDAYS
    if budget.unit in (Unit.WORKDAYS, Unit.INCLUSIVE_DAYS) and not (whole or half):
        raise BadInput(f"工作日只能是整数或 0.5，写的是 {amount}。")
    return amount
