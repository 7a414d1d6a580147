"""Reading the tables of a pack (规则包表格): TOML in, typed cells out, every fault with file and line."""

import difflib
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from rules.pack_lines import Fault, find_lines
from rules.terms import Budget, Unit

_CODE = re.compile(r"[A-Za-z0-9_]+")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_SYNTAX = re.compile(r"\(at line (\d+), column \d+\)")
DAY_MINUTES = 24 * 60

_TYPE_WORDS = {str: "文字", int: "整数", float: "数字", bool: "true 或 false", list: "列表", date: "日期"}


@dataclass(slots=True)
class Row:
    """One table of a file: typed cells; what nobody asked for is an unknown field."""

    sheet: "Sheet"
    table: str
    index: int
    cells: Mapping[str, Any]
    asked: set[str] = field(default_factory=set)

    def fault(self, key: str, words: str) -> None:
        """Note a mistake at `key`, or at the header of the table where the key is not written."""
        self.sheet.fault(self.table, self.index, key, words)

    def has(self, key: str) -> bool:
        """Whether the cell is written; asking counts as knowing it."""
        self.asked.add(key)
        return key in self.cells

    def _cell(self, key: str, kinds: tuple[type, ...], required: bool) -> Any:
        if not self.has(key):
            if required:
                self.fault(key, f"缺少 {key}")
            return None
        value = self.cells[key]
        if type(value) not in kinds:
            self.fault(key, f"{key} 应填{_TYPE_WORDS[kinds[0]]}")
            return None
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not blank; without a default it must be there."""
        value = self._cell(key, (str,), required=default is None)
        if value is None:
            return default or ""
        if not value.strip():
            self.fault(key, f"{key} 不能为空")
        return str(value.strip())

    def code(self, key: str = "code") -> str:
        """A code of letters, digits and underscores."""
        value = self.text(key)
        if value and not _CODE.fullmatch(value):
            self.fault(key, f"{key}“{value}”只能用英文字母、数字和下划线")
        return value

    def texts(self, key: str, required: bool = False) -> tuple[str, ...]:
        """A list of texts, none blank, none twice."""
        value = self._cell(key, (list,), required)
        if value is None:
            return ()
        if not all(isinstance(item, str) and item.strip() for item in value):
            self.fault(key, f"{key} 应是文字的列表，且不能有空项")
            return ()
        words = tuple(item.strip() for item in value)
        twice = [word for word, times in Counter(words).items() if times > 1]
        if twice:
            self.fault(key, f"{key} 里“{twice[0]}”重复")
        if required and not words:
            self.fault(key, f"{key} 不能为空")
        return words

    def flag(self, key: str) -> bool:
        """true or false; false where it is not written."""
        return bool(self._cell(key, (bool,), required=False))

    def number(self, key: str, low: float, high: float, required: bool = True) -> float | None:
        """A number with low <= number <= high; None where it is missing or wrong."""
        value = self._cell(key, (float, int), required)
        if value is None:
            return None
        if not low <= value <= high:
            self.fault(key, f"{key} 应在 {low:g} 到 {high:g} 之间")
            return None
        return float(value)

    def numbers(self, key: str, low: float, high: float) -> tuple[float, ...]:
        """A list of numbers with low <= number <= high; empty where it is not written."""
        values = self._cell(key, (list,), required=False) or []
        if not all(type(value) in (int, float) and low <= value <= high for value in values):
            self.fault(key, f"{key} 应是 {low:g} 到 {high:g} 之间的数字的列表")
            return ()
        return tuple(float(value) for value in values)

    def whole(self, key: str, low: int, high: int, required: bool = True) -> int:
        """A whole number with low <= number <= high; `low` where it is missing or wrong."""
        value = self._cell(key, (int,), required)
        if value is None:
            return low
        if not low <= value <= high:
            self.fault(key, f"{key} 应在 {low} 到 {high} 之间")
            return low
        return int(value)

    def day(self, key: str) -> date | None:
        """A TOML date, or None where it is not written."""
        value = self._cell(key, (date,), required=False)
        return value if isinstance(value, date) else None

    def moment(self, key: str) -> datetime | None:
        """A TOML date-time with its offset, or None where it is not written."""
        if not self.has(key):
            return None
        value = self.cells[key]
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.fault(key, f"{key} 应填带时区的时间，如 2026-03-02T10:00:00+08:00")
            return None
        return value

    def choice(self, key: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of the allowed words; the default, or "" after a fault."""
        value = self.text(key, default)
        if value and value not in allowed:
            self.fault(key, f"{key} 不认识“{value}”{_nearest(value, allowed)}")
            return default or ""
        return value or default or ""

    def choices(self, key: str, allowed: Collection[str]) -> tuple[str, ...]:
        """A list out of the allowed words; empty where it is not written."""
        values = self.texts(key)
        self.refer(key, values, allowed, key)
        return tuple(value for value in values if value in allowed)

    def refer(self, key: str, values: Collection[str], known: Collection[str] | None, what: str) -> None:
        """Every value must be known; `known` is None where the naming file could not be read at all."""
        for value in values:
            if value and known is not None and value not in known:
                self.fault(key, f"{what} 里没有“{value}”{_nearest(value, known)}")

    def budget(self, amount_key: str = "amount", unit_key: str = "unit") -> Budget | None:
        """A limit: 0.5 or whole workdays, other units whole; None where it is missing or wrong."""
        amount = self.number(amount_key, 0.5, 60 * DAY_MINUTES)
        unit = self.choice(unit_key, tuple(Unit))
        if amount is None or not unit:
            return None
        half = unit == Unit.WORKDAYS and amount == 0.5
        if not half and amount != int(amount):
            self.fault(amount_key, f"{amount_key} 应填整数，按工作日计时还可以填 0.5")
            return None
        return Budget(amount, Unit(unit))

    def spans(self, key: str, overnight: bool = False) -> tuple[tuple[int, int], ...]:
        """Times of the day like "09:00-12:00", half-open minutes; only `overnight` ones pass midnight."""
        spans: list[tuple[int, int]] = []
        for words in self.texts(key):
            found = _SPAN.fullmatch(words)
            start, end = (
                (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
            )
            backward = start > end and not overnight
            if start == end or start >= DAY_MINUTES or end > DAY_MINUTES or backward:
                self.fault(key, f"{key} 的“{words}”应写成 09:00-12:00 这样的起止时间")
            elif spans and start < spans[-1][1] and not overnight:
                self.fault(key, f"{key} 的“{words}”与前一段重叠或次序颠倒")
            else:
                spans.append((start, end))
        return tuple(spans)


def _nearest(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, [name for name in known if name], n=1, cutoff=0.7)
    return f"，是否想写“{close[0]}”" if close else ""


class Sheet:
    """One file of a pack: its tables, and the faults found in it."""

    def __init__(self, file: str, text: str | None, faults: list[Fault]) -> None:
        """`text` is None for a file the pack needs but does not have."""
        self.file = file
        self.faults = faults
        self.broken = text is None
        self.document: Mapping[str, Any] = {}
        self._lines: dict[tuple[str, int, str], int] = {}
        self._rows: list[Row] = []
        self._tables: set[str] = set()
        if text is None:
            faults.append(Fault(file, 0, "缺少这个文件"))
        else:
            self._load(text)

    def _load(self, text: str) -> None:
        try:
            self.document = tomllib.loads(text)
            self._lines = find_lines(text.replace("\r\n", "\n"))
        except tomllib.TOMLDecodeError as problem:
            self.broken = True
            where = _SYNTAX.search(str(problem))
            last = text.rstrip("\n").count("\n") + 1
            line = int(where[1]) if where else last
            self.faults.append(Fault(self.file, line, "不符合 TOML 格式，请检查引号、括号和等号，键不能重复"))

    def fault(self, table: str, index: int, key: str, words: str) -> None:
        """Note a mistake at the best line known: the key, else its table's header, else the table's name."""
        spots = ((table, index, key), (table, index, ""), ("", 0, table), (key, 0, ""))
        line = next((self._lines[spot] for spot in spots if spot in self._lines), 1)
        self.faults.append(Fault(self.file, line, words))

    def rows(self, table: str) -> list[Row]:
        """The rows of `[[table]]` in order; none where it is not written."""
        self._tables.add(table)
        found = self.document.get(table, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            self.fault(table, 0, "", f"{table} 应写成 [[{table}]] 的多行表")
            return []
        rows = [Row(self, table, index, item) for index, item in enumerate(found)]
        self._rows += rows
        return rows

    def row(self, table: str) -> Row | None:
        """The one `[table]` of the file, which must be there."""
        self._tables.add(table)
        if self.broken:
            return None
        found = self.document.get(table)
        if not isinstance(found, dict):
            self.fault(
                table, 0, "", f"缺少 [{table}] 表" if found is None else f"{table} 应写成一个 [{table}] 表"
            )
            return None
        self._rows.append(Row(self, table, 0, found))
        return self._rows[-1]

    def top(self) -> Row:
        """The cells above every table."""
        top = Row(self, "", 0, self.document)
        self._rows.append(top)
        return top

    def known(self, codes: Collection[str]) -> Collection[str] | None:
        """What other files may refer to; None when this file could not be read: faults must not cascade."""
        return None if self.broken else codes

    def finish(self) -> None:
        """Report each table and each field nobody asked for."""
        for row in self._rows:
            for key in row.cells:
                if key not in row.asked and (row.table or key not in self._tables):
                    row.fault(key, f"不认识的字段 {key}{_nearest(key, row.asked | self._tables)}")
        if not any(row.table == "" for row in self._rows):
            for key in self.document:
                if key not in self._tables:
                    self.fault(key, 0, "", f"不认识的表 {key}{_nearest(key, self._tables)}")
