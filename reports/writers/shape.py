"""What a report is made of on paper (报表版式): sections of words, tables and charts, before anybody lays them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

#: What stands where there is nothing to say.
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A rate as the document gives it (率): never computed again here."""

    words: str = NOTHING
    percent: str | None = None
    numerator: int = 0
    denominator: int = 0
    digits: int = 2

    @classmethod
    def of(cls, rate: Mapping[str, Any] | None) -> "Ratio":
        """From `rate.as_dict()`; an absent rate is an empty one."""
        if not rate:
            return cls()
        return cls(
            rate["words"], rate["percent"], rate["numerator"], rate["denominator"], int(rate.get("digits", 2))
        )

    @property
    def said(self) -> str:
        """`99.33%`, `大于99.99%` or `–`, without the numbers."""
        return self.words.partition("（")[0] if self.percent is not None else NOTHING

    @property
    def beside(self) -> str:
        """`597/601`; empty for an empty denominator."""
        return f"{self.numerator}/{self.denominator}" if self.percent is not None else ""

    @property
    def sign(self) -> str:
        """What stands before the number where rounding would say too much: 大于, 小于 or nothing."""
        return self.said.rstrip("%0123456789.") if self.percent is not None else ""

    @property
    def number(self) -> Decimal | None:
        """The printed number in percent, for a sheet or the length of a bar."""
        return Decimal(self.said.removeprefix(self.sign).rstrip("%")) if self.percent is not None else None


@dataclass(frozen=True, slots=True)
class Change:
    """A count against the period before (增减)."""

    words: str = NOTHING
    difference: int | None = None
    percent: str | None = None

    @classmethod
    def of(cls, change: Mapping[str, Any] | None) -> "Change":
        """From the document; nothing to compare with gives an empty one."""
        return cls(change["words"], change["difference"], change["percent"]) if change else cls()

    @property
    def digits(self) -> int:
        """Decimals of the percentage."""
        return len((self.percent or "").partition(".")[2])


Cell = str | int | Ratio | Change | None
Kind = Literal["text", "count", "rate", "change"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `width` in Chinese characters; `over` and `under` name the counts of a rate, with their codes."""

    code: str
    name: str
    kind: Kind = "text"
    width: int = 4
    over: tuple[str, str] = ("", "")
    under: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `level` sets it in below the row it belongs to, `label` names it in a chart."""

    cells: tuple[Cell, ...]
    label: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its words for being empty; `sheet` names its sheet, `cards` shows it as figures on a screen."""

    code: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    sheet: str
    total: Row | None = None
    empty: str = "无"
    notes: tuple[str, ...] = ()
    cards: bool = False

    def index(self, code: str) -> int:
        """Where a column stands; raises StopIteration for one that is not there."""
        return next(n for n, column in enumerate(self.columns) if column.code == code)


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of `count` rows of a table from row `first`: "columns" side by side in time, "bars" one below another."""

    code: str
    title: str
    kind: Literal["columns", "bars"]
    table: Table
    series: tuple[str, ...]
    first: int
    count: int
    said: str

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that are drawn."""
        return self.table.rows[self.first : self.first + self.count]

    @property
    def ranked(self) -> bool:
        """Whether the rows have a rank."""
        return any(column.code == "rank" for column in self.table.columns)

    def column(self, code: str) -> Column:
        """A column of the table behind."""
        return self.table.columns[self.table.index(code)]

    def cells(self, code: str) -> list[Cell]:
        """What is drawn of one column."""
        place = self.table.index(code)
        return [row.cells[place] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; a `warning` is set off."""

    text: str
    warning: bool = False


Part = Words | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under one heading; a `wide` one is printed across."""

    code: str
    title: str
    parts: tuple[Part, ...]
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """The whole report, ready to be laid out."""

    title: str
    region: str
    period: str
    as_of: str
    version: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    made_at: str
