"""Which days a report is about (统计周期): weeks as the pack cuts them, months, quarters and years of the calendar.

A week is named after the ISO week in which it ends: with `week_starts = 5` (Friday) 2026-W47 runs from Friday,
13 November to Thursday, 19 November 2026. Pure: what day it is comes in as an argument.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from rules.errors import BadInput
from rules.pack_records import Reporting, plain
from rules.terms import CHINA

#: What kinds of report there are, and what each is called (周记、月评、季小结、年考核).
KINDS = {"week": "周报", "month": "月报", "quarter": "季报", "year": "年报"}

#: Hotlines have kept figures for some decades; anything before or long after is a slip of the pen.
FIRST_YEAR, LAST_YEAR = 1980, 2999

_DAY = timedelta(days=1)
_SHAPES = {
    "week": (re.compile(r"(\d{4})-W(\d{2})"), "2026-W47"),
    "month": (re.compile(r"(\d{4})-(\d{2})"), "2026-11"),
    "quarter": (re.compile(r"(\d{4})-Q(\d)"), "2026-Q4"),
    "year": (re.compile(r"(\d{4})"), "2026"),
}
_WORDS = {"week": "年份-W两位周数", "month": "年份-两位月份", "quarter": "年份-Q季度", "year": "四位年份"}


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `begin` to `end`, both included; `name` as on the wire: 2026-W47, 2026-11, 2026-Q4, 2026."""

    kind: str
    name: str
    begin: date
    end: date


def parse(kind: str, words: str, week_starts: int) -> Period:
    """The period of that kind and name; `week_starts` 1 (Monday) to 7. Raises BadInput saying what to write."""
    if kind not in _SHAPES:
        raise BadInput(f"没有“{kind}”这种报表。", f"可以写：{'、'.join(_SHAPES)}。")
    shape, example = _SHAPES[kind]
    found = shape.fullmatch(plain(words).upper())
    if found is None or not found[0].isascii():
        raise BadInput(
            f"看不懂{KINDS[kind]}的周期“{words[:40]}”。", f"请写成“{_WORDS[kind]}”，例如 {example}。"
        )
    year = int(found[1])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadInput(
            f"年份 {year} 不对。", f"请写 {FIRST_YEAR} 到 {LAST_YEAR} 之间的年份，例如 {example}。"
        )
    return _made(kind, year, int(found[2]) if kind != "year" else 1, week_starts)


def of_day(kind: str, day: date, week_starts: int) -> Period:
    """The period of that kind that holds the day."""
    if isinstance(day, datetime):
        raise ValueError(f"a day is wanted, not the instant {day}")
    if kind == "week":
        end = day + ((_last_weekday(week_starts) - day.isoweekday()) % 7) * _DAY
        iso = end.isocalendar()
        name = f"{iso.year:04d}-W{iso.week:02d}"
    else:
        number = {"month": f"-{day.month:02d}", "quarter": f"-Q{(day.month + 2) // 3}"}.get(kind, "")
        name = f"{day.year:04d}{number}"
    return parse(kind, name, week_starts)


def before(period: Period, week_starts: int) -> Period:
    """The neighbour just before, of the same kind."""
    return of_day(period.kind, period.begin - _DAY, week_starts)


def after(period: Period, week_starts: int) -> Period:
    """The neighbour just after, of the same kind."""
    return of_day(period.kind, period.end + _DAY, week_starts)


def span(period: Period) -> tuple[datetime, datetime]:
    """The half-open instants of the period in China: midnight of its first day, midnight after its last."""
    return _midnight(period.begin), _midnight(period.end + _DAY)


def published_at(period: Period, reporting: Reporting) -> datetime:
    """When the period's report is made and frozen: aware, in China, so many days after the last day."""
    day = period.end + reporting.publish_after_days * _DAY
    return _midnight(day) + timedelta(minutes=reporting.publish_minute)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=CHINA)


def _last_weekday(week_starts: int) -> int:
    """The ISO weekday on which a week that starts on `week_starts` ends."""
    if not 1 <= week_starts <= 7:
        raise ValueError(f"a week starts on a weekday from 1 to 7, not on {week_starts}")
    return (week_starts + 5) % 7 + 1


def _made(kind: str, year: int, number: int, week_starts: int) -> Period:
    if kind == "week":
        return _week(year, number, week_starts)
    months, most = {"month": (1, 12), "quarter": (3, 4), "year": (12, 1)}[kind]
    if not 1 <= number <= most:
        what, low = ("月份", "01") if kind == "month" else ("季度", "1")
        raise BadInput(
            f"没有第 {number} 个{what}。", f"{what}请写 {low} 到 {most}，例如 {_SHAPES[kind][1]}。"
        )
    first = (number - 1) * months + 1
    behind = first + months
    end = date(year + behind // 13, (behind - 1) % 12 + 1, 1) - _DAY
    name = {"month": f"{year}-{number:02d}", "quarter": f"{year}-Q{number}", "year": f"{year}"}[kind]
    return Period(kind, name, date(year, first, 1), end)


def _week(year: int, number: int, week_starts: int) -> Period:
    most = date(year, 12, 28).isocalendar().week  # 28 December lies in the last week of its year
    if not 1 <= number <= most:
        raise BadInput(
            f"{year} 年没有第 {number} 周。",
            f"{year} 年有 {most} 周，请写 {year}-W01 到 {year}-W{most}；年末的几天可能属于下一年的第 1 周。",
        )
    end = date.fromisocalendar(year, number, _last_weekday(week_starts))
    return Period("week", f"{year}-W{number:02d}", end - 6 * _DAY, end)
