"""Reading the rows of a pack (规则包表格): TOML in, typed cells out, every fault with file and line."""

import difflib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from rules.pack_chain import Page
from rules.terms import Budget, Unit

#: What a code is made of.
CODE = re.compile(r"[A-Za-z0-9_]+")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
DAY_MINUTES = 24 * 60

_TYPE_WORDS = {str: "文字", int: "整数", float: "数字", bool: "true 或 false", list: "列表", date: "日期"}


@dataclass(slots=True)
class Row:
    """One table of a file: typed cells; what nobody asked for is an unknown field.

    `homes` names the page of a cell that another pack of the chain wrote; `replaces` are the rows of packs further
    up that this one stands for.
    """

    page: Page
    table: str
    index: int
    cells: Mapping[str, Any]
    homes: Mapping[str, Page] = field(default_factory=dict)
    replaces: tuple["Row", ...] = ()
    asked: set[str] = field(default_factory=set)

    def fault(self, key: str, words: str, mend: str = "") -> None:
        """Note a mistake at `key`, or at the header of the table where the key is not written."""
        self.home(key).fault(self.table, self.index, key, words, mend)

    def home(self, key: str = "") -> Page:
        """The page that wrote the cell."""
        return self.homes.get(key, self.page)

    def line(self, key: str = "") -> int:
        """Where the cell stands in its page; the row's header where it is not written."""
        return self.home(key).line(self.table, self.index, key)

    def place(self, key: str = "") -> str:
        """The way a person reads it: `national/limits.toml 第 12 行`."""
        return f"{self.home(key).path} 第 {self.line(key)} 行"

    def never_reached(self, key: str, above: Sequence["Row"], words: str) -> None:
        """Note that earlier rows take everything from this one; of another pack's rows the first one is to blame."""
        name = self.cells.get(key)
        other = next((each for each in above if each.page is not self.page), None)
        if other is None:
            self.fault(key, words, "请把它移到前面、写窄前面的条件，或删去这一条")
        else:
            mend = f'请把新的一条改用 {key} = "{name}" 来替换它，或在本文件开头写 drop = ["{name}"]'
            other.fault(key, f"{words}（它在 {self.place()}）", mend)

    def has(self, key: str) -> bool:
        """Whether the cell is written; asking counts as knowing it."""
        self.asked.add(key)
        return key in self.cells

    def _cell(self, key: str, kinds: tuple[type, ...], required: bool) -> Any:
        if not self.has(key):
            if required:
                self.fault(key, f"缺少 {key}", f"请在这一条里写上 {key}")
            return None
        value = self.cells[key]
        if type(value) not in kinds:
            self.fault(key, f"{key} 应填{_TYPE_WORDS[kinds[0]]}", "文字要加引号，数字和 true、false 不加")
            return None
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not blank; without a default it must be there."""
        value = self._cell(key, (str,), required=default is None)
        if value is None:
            return default or ""
        if not value.strip():
            self.fault(key, f"{key} 不能为空", "请填写内容，或删去这一行")
        return str(value.strip())

    def code(self, key: str = "code") -> str:
        """A code of letters, digits and underscores."""
        value = self.text(key)
        if value and not CODE.fullmatch(value):
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
            self.fault(key, f"{key} 里“{twice[0]}”重复", "请删去重复的一项")
        if required and not words:
            self.fault(key, f"{key} 不能为空", "请至少写一项")
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
            self.fault(key, f"{key} 应在 {low:g} 到 {high:g} 之间", "请改成范围内的数")
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
            self.fault(key, f"{key} 应在 {low} 到 {high} 之间", "请改成范围内的整数")
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

    def minute(self, key: str) -> int:
        """A time of the day like "08:00", in minutes after midnight; 0 where it is missing or wrong."""
        words = self.text(key)
        found = _CLOCK.fullmatch(words)
        if words and found is None:
            self.fault(key, f"{key} 的“{words}”应写成 08:00 这样的时刻", "小时和分钟各两位，最晚 23:59")
        return int(found[1]) * 60 + int(found[2]) if found else 0

    def choice(self, key: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of the allowed words; the default, or "" after a fault."""
        value = self.text(key, default)
        if value and value not in allowed:
            self.fault(
                key, f"{key} 不认识“{value}”{nearest(value, allowed)}", f"可以写：{'、'.join(allowed)}"
            )
            return default or ""
        return value or default or ""

    def choices(self, key: str, allowed: Collection[str]) -> tuple[str, ...]:
        """A list out of the allowed words; empty where it is not written."""
        values = self.texts(key)
        for value in values:
            if value not in allowed:
                words = f"{key} 里没有“{value}”{nearest(value, allowed)}"
                self.fault(key, words, f"可以写：{'、'.join(allowed)}")
        return tuple(value for value in values if value in allowed)

    def refer(self, key: str, values: Collection[str], known: Collection[str] | None, what: str) -> None:
        """Every value must be known; `known` is None where the naming file could not be read at all."""
        for value in values:
            if value and known is not None and value not in known:
                mend = f"请改正 {key}，或先把“{value}”写进 {what}"
                self.fault(key, f"{what} 里没有“{value}”{nearest(value, known)}", mend)

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


def nearest(word: str, known: Collection[str]) -> str:
    """A hint at the known word that was perhaps meant; "" where none is near."""
    close = difflib.get_close_matches(word, [name for name in known if name], n=1, cutoff=0.7)
    return f"，是否想写“{close[0]}”" if close else ""
