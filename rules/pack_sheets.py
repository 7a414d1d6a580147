"""The tables of a pack laid over those it extends (规则包逐层合并): what a city writes stands for what is above it."""

from collections.abc import Collection, Mapping, Sequence

from rules.pack_chain import Chain, Page
from rules.pack_lines import Fault
from rules.pack_source import Row, nearest

#: Tables in which the first row that fits counts: a city's new rows come before what it extends.
ORDERED = ("rule", "limit", "step", "emergency", "refusal", "campaign", "lane")

#: What names a row of a table; `code` elsewhere.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "rule": ("id",),
    "limit": ("id",),
    "emergency": ("id",),
    "step": ("clock", "step"),
    "level": ("step",),
    "case": ("name",),
}
_DROP = "drop"


def key_of(row: Row) -> str | None:
    """By what a row is replaced or dropped: its id or code, `clock.step` in the ladder; None where it has none."""
    parts = [row.cells.get(name) for name in _KEYS.get(row.table, ("code",))]
    return ".".join(map(str, parts)) if all(isinstance(part, str) and part for part in parts) else None


class Sheet:
    """One file of a pack, merged over its chain: its tables, and the faults found in it."""

    def __init__(
        self, file: str, chain: Chain, faults: list[Fault], missing: list[str] | None = None
    ) -> None:
        """`missing` collects what an abstract pack lacks to be used by itself; None where lacking is a fault."""
        self.file = file
        self.pages = chain.of(file)
        self._missing = missing
        self.broken = not self.pages or any(page.broken for page in self.pages)
        self._merged: dict[str, list[Row]] = {}
        self._single: dict[str, Row] = {}
        self._used: set[tuple[str, str]] = set()
        if not self.pages and missing is None:
            path = f"{chain.leaf}/{file}" if chain.leaf else file
            faults.append(Fault(path, 0, "缺少这个文件", "请补上，或用 extends 从上级规则包继承"))
        elif not self.pages and missing is not None:
            missing.append(f"没有 {file}")

    def fault(self, table: str, index: int, key: str, words: str, mend: str = "") -> None:
        """Note a mistake in the pack's own page, or in the nearest one above that has this file."""
        if self.pages:
            self.pages[0].fault(table, index, key, words, mend)

    def lack(self, words: str, row: Row | None = None, mend: str = "") -> None:
        """Note what is not there: a fault at `row`, or at the file; of an abstract pack only something to be told."""
        if self._missing is not None:
            self._missing.append(words)
        elif row is not None:
            row.fault("", words, mend)
        else:
            self.fault("", 0, "", words, mend)

    def tables(self) -> tuple[str, ...]:
        """The names of all tables that any page of the file writes."""
        found = (key for page in self.pages for key, each in page.document.items() if _is_table(each))
        return tuple(dict.fromkeys(key for key in found if key != _DROP))

    def rows(self, table: str) -> list[Row]:
        """The rows of `[[table]]`, merged: a row replaces the one of the same key where that stood."""
        if table not in self._merged:
            merged: list[Row] = []
            for page in reversed(self.pages):
                merged = self._lay(merged, _rows(page, table), page)
            self._merged[table] = merged
        return self._merged[table]

    def _lay(self, under: list[Row], over: list[Row], page: Page) -> list[Row]:
        dropped = {key for key in map(key_of, under) if key is not None and key in _drops(page)}
        self._used |= {(page.path, key) for key in dropped}
        mine: dict[str | None, list[Row]] = {}
        for row in over:
            mine.setdefault(key_of(row), []).append(row)
        kept: list[Row] = []
        taken: dict[str, list[Row]] = {}
        for row in under:
            key = key_of(row)
            if key is None or (key not in dropped and key not in mine):
                kept.append(row)
            elif key not in dropped:
                kept += mine[key] if key not in taken else []
                taken.setdefault(key, []).append(row)
        for key, old in taken.items():
            for row in mine[key]:
                row.replaces = tuple(old)
        fresh = [row for row in over if key_of(row) not in taken]
        return fresh + kept if over and over[0].table in ORDERED else kept + fresh

    def row(self, table: str, required: bool = True) -> Row | None:
        """The one `[table]` of the file: the nearest pack that writes it writes all of it."""
        if table in self._single:
            return self._single[table]
        self._merged.setdefault(table, [])
        if self.broken:
            return None
        found = [page for page in self.pages if table in page.document]
        for page in found:
            if not isinstance(page.document[table], dict):
                page.fault(table, 0, "", f"{table} 应写成一个 [{table}] 表", "用单层方括号，只写一次")
                return None
        if not found:
            if required:
                self.lack(f"缺少 [{table}] 表", mend=f"请补上 [{table}]，或用 extends 继承")
            return None
        made = [Row(page, table, 0, page.document[table]) for page in found]
        made[0].replaces = tuple(made[1:])
        return self._single.setdefault(table, made[0])

    def laid(self, table: str, own: Collection[str] = ()) -> Row:
        """A table merged cell by cell, "" for the cells above every table; `own` cells are never inherited."""
        cells, homes = {}, {}
        for page in reversed(self.pages):
            found = page.document.get(table) if table else page.document
            for key, value in found.items() if isinstance(found, dict) else ():
                if key not in own or page is self.pages[0]:
                    cells[key], homes[key] = value, page
        if table:
            self._merged.setdefault(table, [])
        return self._single.setdefault(table, Row(self.pages[0], table, 0, cells, homes))

    def known(self, codes: Collection[str]) -> Collection[str] | None:
        """What other files may refer to; None when this file could not be read: faults must not cascade."""
        return None if self.broken else codes

    def finish(self) -> None:
        """Report each table and each field nobody asked for, and each drop that drops nothing."""
        for row in [*self._single.values(), *(each for rows in self._merged.values() for each in rows)]:
            for key in row.cells:
                if key not in row.asked and row.table:
                    words = f"不认识的字段 {key}{nearest(key, row.asked)}"
                    row.fault(key, words, "请改正拼写，或删去这一行")
        top = self._single.get("")
        known = {*self._merged, *(top.asked if top else ())}
        for page in self.pages:
            for key in page.document:
                if key not in known and (key != _DROP or top is not None):
                    words = f"不认识的{'字段' if top else '表'} {key}{nearest(key, known)}"
                    page.fault("" if top else key, 0, key if top else "", words, "请改正拼写，或删去")
            if top is None and _DROP in page.document:
                self._check_drops(page)

    def _check_drops(self, page: Page) -> None:
        if not _drops(page):
            page.fault("", 0, _DROP, "drop 应是文字的列表，且不能为空", '请写成 drop = ["id"]，或删去这一行')
        for name in _drops(page):
            if (page.path, name) not in self._used and not self.broken:
                above = {key for each in self.pages[self.pages.index(page) + 1 :] for key in _written(each)}
                words = f"上级规则包的 {self.file} 里没有“{name}”，没有可删的{nearest(name, above)}"
                page.fault("", 0, _DROP, words, "请改正拼写，或从 drop 里去掉")


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and all(isinstance(i, dict) for i in value))


def _drops(page: Page) -> tuple[str, ...]:
    found = page.document.get(_DROP)
    sound = isinstance(found, list) and all(isinstance(each, str) for each in found)
    return tuple(found or ()) if sound else ()


def _written(page: Page) -> Sequence[str]:
    keys = (
        key_of(row) for table in page.document if table != _DROP for row in _rows(page, table, quiet=True)
    )
    return [key for key in keys if key is not None]


def _rows(page: Page, table: str, quiet: bool = False) -> list[Row]:
    found = page.document.get(table, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        if not quiet:
            page.fault(table, 0, "", f"{table} 应写成 [[{table}]] 的多行表")
        return []
    return [Row(page, table, index, item) for index, item in enumerate(found)]
