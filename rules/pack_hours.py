"""hours.toml (作息、地方放假、值班): seasons, local holidays and make-up days, the duty roster's hours, row by row."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from rules.calendar import WEEKDAY_WORDS, Notice, Season, Window, YearFile
from rules.errors import PackFault
from rules.hours import Duty, Hours
from rules.pack_sheets import Sheet
from rules.pack_source import Row
from rules.pack_tables import unique, urgencies_of

_EDGE = re.compile(r"(\d{2})-(\d{2})")
_LONGEST = 31  # days of one holiday
_Span = tuple[Row, str, Sequence[date]]


def read_hours(sheet: Sheet | None) -> Hours:
    """All of hours.toml; nothing of its own where the pack has no such file."""
    if sheet is None:
        return Hours()
    seasons = [(row, _season(row)) for row in sheet.rows("season")]
    off = [_holiday(row) for row in sheet.rows("holiday")]
    make_up = [_make_up(row) for row in sheet.rows("make_up")]
    for table in ("season", "holiday", "make_up"):
        unique([(row, row.code()) for row in sheet.rows(table)])
    _apart([*off, *make_up])
    return Hours(
        seasons=tuple(season for _, season in seasons if season is not None),
        local=_years(off, make_up),
        duty=_duty(sheet),
    )


def _season(row: Row) -> Season | None:
    row.text("name"), row.text("clause")
    first, last, windows = _edge(row, "first"), _edge(row, "last"), _windows(row)
    if first is None or last is None or not windows:
        return None
    try:
        return Season(first, last, windows)
    except PackFault as wrong:
        row.fault("first", wrong.detail.rstrip("。"), "请改 first 或 last")
        return None


def _edge(row: Row, key: str) -> tuple[int, int] | None:
    words = row.text(key)
    found = _EDGE.fullmatch(words)
    if words and found is None:
        row.fault(key, f"{key} 的“{words}”应写成 06-01 这样的月和日")
    return (int(found[1]), int(found[2])) if found else None


def _windows(row: Row) -> tuple[Window, ...]:
    spans = row.spans("windows")
    if not spans and not row.cells.get("windows"):
        row.fault("windows", "windows 至少要有一段时间", '例如 windows = ["09:00-12:00", "14:30-18:00"]')
    return tuple(Window(start, end) for start, end in spans)


def _holiday(row: Row) -> _Span:
    name, _ = row.text("name"), row.text("clause")
    first, last = row.day("from"), row.day("to")
    for key, day in (("from", first), ("to", last)):
        if day is None and key not in row.cells:
            row.fault(key, f"缺少 {key}", "例如 from = 2026-04-20 和 to = 2026-04-21")
    if first is None or last is None:
        return row, name, ()
    if last < first or first.year != last.year or (last - first).days >= _LONGEST:
        row.fault("to", f"放假从 {first} 到 {last} 不对", f"应在同一年、先后不颠倒、不超过 {_LONGEST} 天")
        return row, name, ()
    return row, name, [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _make_up(row: Row) -> _Span:
    name, _, day = row.text("name"), row.text("clause"), row.day("date")
    if day is None:
        if "date" not in row.cells:
            row.fault("date", "缺少 date", "例如 date = 2026-04-18")
        return row, name, ()
    if day.weekday() < 5:
        row.fault("date", f"{day} 是{WEEKDAY_WORDS[day.weekday()]}，调休上班日只能是周末", "请改 date")
        return row, name, ()
    return row, name, (day,)


def _apart(spans: Sequence[_Span]) -> None:
    taken: dict[date, Row] = {}
    for row, _, days in spans:
        clash = next((day for day in days if day in taken), None)
        if clash is not None:
            row.fault("", f"{clash} 已在 {taken[clash].place()} 安排过", "一天只能安排一次")
        taken.update(dict.fromkeys(days, row))


def _years(off: Sequence[_Span], make_up: Sequence[_Span]) -> tuple[YearFile, ...]:
    every = sorted({day.year for _, _, days in [*off, *make_up] for day in days})
    return tuple(
        YearFile(
            year,
            "hours.toml",
            tuple(
                Notice(name, str(row.cells.get("clause", "")))
                for row, name, days in [*off, *make_up]
                if any(day.year == year for day in days)
            ),
            {day: name for _, name, days in off for day in days if day.year == year},
            {day: name for _, name, days in make_up for day in days if day.year == year},
        )
        for year in every
    )


def _duty(sheet: Sheet) -> Duty | None:
    row = sheet.row("duty", required=False)
    if row is None:
        return None
    urgencies, windows, clause = urgencies_of(row), _windows(row), row.text("clause")
    if not urgencies:
        row.fault(
            "urgencies", "urgencies 要写明哪些诉求按值班时间算", '例如 urgencies = ["urgent", "critical"]'
        )
    return Duty(urgencies, windows, clause) if windows else None
