"""The table behind working time (节假日安排与办公时段): days off, working weekends, office hours.

A year is one TOML text: `year`, `[notice]` (title, source; number and issued where somebody read them), `off`
ranges and `make_up` days with their festival, and `[[amendments]]`: later notices, each cited, applied in the
order written. With `region = "45"` it is a local file: days a province or prefecture adds, for area codes
that begin so (trailing 00 pairs mean the whole province or prefecture).
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Self

from rules.errors import PackFault

WEEKDAY_WORDS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")

_NOTICE_FIELDS = {"title": str, "source": str, "number": str, "issued": date}
_LIST_FIELDS = {"off": list, "make_up": list}
_AMENDMENT_FIELDS = {**_NOTICE_FIELDS, **_LIST_FIELDS, "withdrawn": list}
_YEAR_FIELDS = {"year": int, "region": str, "notice": dict, "amendments": list, **_LIST_FIELDS}
_OFF_FIELDS = {"festival": str, "from": date, "to": date}
_MAKE_UP_FIELDS = {"festival": str, "date": date}

_KIND_WORDS = {str: "文字", int: "整数", date: "日期（如 2026-10-01）", list: "列表", dict: "表"}


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Office hours (办公时段): half-open [start, end) in minutes of the day; (0, 1440) is the whole day."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= 1440:
            raise PackFault(f"办公时段 {self.start}–{self.end} 分钟不对：应从早到晚，且在一天之内。")

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "09:00-12:00" in, the window out; "24:00" is the end of the day. Raises PackFault."""
        found = re.fullmatch(r"\s*(\d{1,2}):([0-5]\d)\s*[-–—]\s*(\d{1,2}):([0-5]\d)\s*", text, re.ASCII)
        if not found:
            raise PackFault(f"办公时段“{text}”看不懂，请写成 09:00-12:00。")
        open_hour, open_minute, close_hour, close_minute = map(int, found.groups())
        return cls(open_hour * 60 + open_minute, close_hour * 60 + close_minute)


@dataclass(frozen=True, slots=True)
class Season:
    """Other hours for a part of every year (夏季/冬季作息).

    From `first` to `last`, each (month, day), both included; `last` before `first` runs over New Year.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    windows: tuple[Window, ...]

    def __post_init__(self) -> None:
        for month, day in (self.first, self.last):
            try:
                date(2000, month, day)  # a leap year, so that 29 February may stand
            except ValueError as wrong:
                raise PackFault(f"作息季节的日期 {month} 月 {day} 日不存在。") from wrong
        object.__setattr__(self, "windows", in_order(self.windows))

    def covers(self, day: date) -> bool:
        """Whether the season's hours hold on that day."""
        now = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= now <= self.last
        return now >= self.first or now <= self.last


#: The usual hours of offices; packs override them.
NATIONAL_WINDOWS = (Window(540, 720), Window(810, 1050))


@dataclass(frozen=True, slots=True)
class Notice:
    """The document that days come from (通知); `number` and `issued` only where somebody read them."""

    title: str
    source: str
    number: str = ""
    issued: date | None = None


@dataclass(frozen=True, slots=True)
class YearFile:
    """One year as its notices leave it: days off and make-up days, each with its festival."""

    year: int
    region: str
    notices: tuple[Notice, ...]
    off: Mapping[date, str] = field(hash=False)
    make_up: Mapping[date, str] = field(hash=False)


def parse_year(name: str, text: str) -> YearFile:
    """Read one file: its name (for faults) and TOML text in, the checked year out.

    Raises PackFault with file and line for bad TOML, an unknown or missing field, a day outside the year,
    overlapping ranges, a make-up day that is no weekend, and a withdrawn day that was never set.
    """
    page = _Page(name, text)
    table = page.toml()
    page.check(table, _YEAR_FIELDS, needed=("year", "notice"))
    year = table["year"]
    if not 1950 <= year <= 2999:
        raise page.fault(f"年份 {year} 不对", "year")
    stem = name.rsplit("/", 1)[-1].split(".")[0]
    if stem.isdigit() and int(stem) != year:
        raise page.fault(f"文件名是 {stem}，内容却是 {year} 年", "year")
    region = table.get("region", "")
    if region and not re.fullmatch(r"[1-9]\d{1,5}", region):
        raise page.fault(f"region 应为二到六位行政区划代码，写的是“{region}”", "region")
    days = _Days(page, year)
    notices = [_notice(page, table["notice"])]
    days.take(table)
    for row in page.rows(table, "amendments"):
        page.check(row, _AMENDMENT_FIELDS, needed=("title", "source"))
        notices.append(_notice(page, {key: row[key] for key in _NOTICE_FIELDS if key in row}))
        days.take(row)
    return YearFile(year, re.sub("(00)+$", "", region), tuple(notices), days.off, days.make_up)


def parse_years(files: Mapping[str, str]) -> list[YearFile]:
    """All files, national ones first; raises PackFault for a year written twice."""
    read: dict[tuple[str, int], str] = {}
    years = []
    for name in sorted(files):
        year = parse_year(name, files[name])
        earlier = read.setdefault((year.region, year.year), name)
        if earlier != name:
            raise PackFault(f"{name}：{year.year} 年已在 {earlier} 中，一年只能有一个文件。", file=name)
        years.append(year)
    return sorted(years, key=lambda year: (year.region, year.year))


def lay_over(years: Iterable[YearFile]) -> tuple[dict[date, str], dict[date, str]]:
    """The days off and the make-up days of all years; a local file adds days, it may not contradict.

    Raises PackFault where it does.
    """
    off: dict[date, str] = {}
    make_up: dict[date, str] = {}
    for year in years:
        clash = (year.off.keys() & (off.keys() | make_up.keys())) | (year.make_up.keys() & off.keys())
        if clash:
            raise PackFault(f"地区 {year.region} 的 {min(clash)} 与上级安排冲突：地方文件只写增加的日子。")
        off.update(year.off)
        make_up.update(year.make_up)
    return off, make_up


def in_order(windows: Iterable[Window]) -> tuple[Window, ...]:
    """A day's windows sorted; raises PackFault when there are none or two overlap."""
    ordered = tuple(sorted(windows))
    if not ordered:
        raise PackFault("没有写办公时段。")
    for earlier, later in pairwise(ordered):
        if later.start < earlier.end:
            raise PackFault(f"办公时段重叠：{earlier} 与 {later}。")
    return ordered


def _notice(page: "_Page", table: dict[str, Any]) -> Notice:
    page.check(table, _NOTICE_FIELDS, needed=("title", "source"))
    return Notice(table["title"], table["source"], table.get("number", ""), table.get("issued"))


class _Days:
    """The year's days while notices are laid over each other."""

    def __init__(self, page: "_Page", year: int) -> None:
        self.page, self.year = page, year
        self.off: dict[date, str] = {}
        self.make_up: dict[date, str] = {}

    def take(self, notice: dict[str, Any]) -> None:
        """Apply one notice: first what it withdraws, then what it sets."""
        for day in notice.get("withdrawn", []):
            self._withdraw(day)
        for row in self.page.rows(notice, "off"):
            self.page.check(row, _OFF_FIELDS, needed=tuple(_OFF_FIELDS))
            for day in self._span(row["from"], row["to"]):
                self._set_free(day, row["festival"], row["from"])
        for row in self.page.rows(notice, "make_up"):
            self.page.check(row, _MAKE_UP_FIELDS, needed=tuple(_MAKE_UP_FIELDS))
            self._set_to_work(row["date"], row["festival"])

    def _withdraw(self, day: object) -> None:
        if type(day) is not date:
            raise self.page.fault(f"withdrawn 应为日期，写的是“{day}”", "withdrawn")
        if self.off.pop(day, None) is None and self.make_up.pop(day, None) is None:
            raise self.page.fault(f"{day} 没有安排过，不能撤销", "withdrawn", day)

    def _span(self, first: date, last: date) -> Iterator[date]:
        for day in (first, last):
            if day.year != self.year:
                raise self.page.fault(f"{day} 不在 {self.year} 年内", day)
        if last < first:
            raise self.page.fault(f"放假从 {first} 到 {last}，先后颠倒", first, last)
        return (first + timedelta(days=n) for n in range((last - first).days + 1))

    def _set_free(self, day: date, festival: str, mark: date) -> None:
        if day in self.off:
            raise self.page.fault(f"{day} 放假重复：{self.off[day]}、{festival}", mark)
        if day in self.make_up:
            raise self.page.fault(f"{day} 已是调休上班日，不能又放假", mark)
        self.off[day] = festival

    def _set_to_work(self, day: date, festival: str) -> None:
        if day.year != self.year:
            raise self.page.fault(f"{day} 不在 {self.year} 年内", day)
        if day.weekday() < 5:
            raise self.page.fault(f"{day} 是{WEEKDAY_WORDS[day.weekday()]}，调休上班日只能是周末", day)
        if day in self.off or day in self.make_up:
            raise self.page.fault(f"{day} 已安排过，不能再设为调休上班日", day)
        self.make_up[day] = festival


class _Page:
    """One file while it is read; knows its name and text, so that every fault says where."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def toml(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as wrong:
            found = re.search(r"at line (\d+)", str(wrong))
            line = int(found[1]) if found else self.text.count("\n") + 1
            raise self._say(f"不是有效的 TOML（{wrong}）", line) from wrong

    def rows(self, table: dict[str, Any], field: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = table.get(field, [])
        if not all(isinstance(row, dict) for row in rows):
            raise self.fault(f"{field} 的每一项都应是表", field)
        return rows

    def check(self, table: dict[str, Any], fields: Mapping[str, type], needed: tuple[str, ...]) -> None:
        """Only known fields, all needed ones, each of its exact kind (no date with time), none empty."""
        for key, value in table.items():
            if key not in fields:
                raise self.fault(f"不认识的字段 {key}", key)
            if type(value) is not fields[key]:
                raise self.fault(f"{key} 应为{_KIND_WORDS[fields[key]]}", key)
            if isinstance(value, str) and not value.strip():
                raise self.fault(f"{key} 不能为空", key)
        for key in needed:
            if key not in table:
                marks = [value for value in table.values() if type(value) is date]
                raise self.fault(f"缺少字段 {key}", *marks)

    def fault(self, words: str, *marks: str | date) -> PackFault:
        """The fault, at the last line that holds all marks: a clash shows where the day is repeated."""
        patterns = [
            str(mark) if isinstance(mark, date) else rf"(^|[\[{{,\s]){re.escape(mark)}\s*[\]=]"
            for mark in marks
        ]
        lines = [
            number
            for number, line in enumerate(self.text.splitlines(), 1)
            if patterns and all(re.search(pattern, line) for pattern in patterns)
        ]
        return self._say(words, lines[-1] if lines else None)

    def _say(self, words: str, line: int | None) -> PackFault:
        place = f"{self.name} 第 {line} 行" if line else self.name
        return PackFault(f"{place}：{words}", file=self.name, line=line)
