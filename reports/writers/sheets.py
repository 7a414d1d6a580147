"""One sheet of the workbook (工作表): heading, tables with real numbers, and how it prints."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook

from reports.writers.plots import Cells
from reports.writers.shape import NOTHING, Cell, Change, Chart, Column, Paper, Ratio, Row, Table

#: Words of a stranger that Excel would take for a formula when somebody edits the cell.
_FORMULA = ("=", "+", "-", "@", "'")
#: Widths in characters: the narrowest and the widest column.
_NARROW, _WIDE = 6, 60
#: Points: a row of one line, and each line more.
_LINE, _MORE = 18, 14
#: Characters: a column that nobody widened, and the least that a page is wide, so that its heading fits.
_USUAL, _PRINTED = 8.43, 110
_FONT = "微软雅黑"


class Styles:
    """Formats of the workbook, each made once (单元格格式)."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def of(self, **wanted: Any) -> Format:
        """A format with our font and what is wanted besides."""
        look = {"font_name": _FONT, "font_size": 10, "valign": "vcenter", **wanted}
        key = tuple(sorted(look.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(look)
        return self._made[key]

    def cell(self, **wanted: Any) -> Format:
        """A format of a cell in a table."""
        return self.of(border=1, border_color="#8B939C", **wanted)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a sheet: a column of the table may need several (`part` says which)."""

    column: int
    part: str
    name: str
    width: int


def fields(table: Table) -> list[Field]:
    """The columns on the sheet: a rate stands behind its denominator and numerator, a change is two numbers."""
    counts = {column.code for column in table.columns if column.kind == "count"}
    made: list[Field] = []
    for place, column in enumerate(table.columns):
        if column.kind == "rate":
            for part, (code, name) in (("denominator", column.under), ("numerator", column.over)):
                if code not in counts:
                    made.append(Field(place, part, name, _NARROW))
            made.append(Field(place, "percent", column.name, 8))
        elif column.kind == "change":
            made.append(Field(place, "difference", column.name, _NARROW + 2))
            made.append(Field(place, "percent", "增减率", 8))
        else:
            made.append(Field(place, "", column.name, _NARROW))
    return made


@dataclass
class Sheet:
    """A sheet that is being written from top to bottom; `row` is the next free row."""

    book: Workbook
    styles: Styles
    paper: Paper
    name: str
    row: int = 0
    breaks: list[int] = field(default_factory=list)
    widths: dict[int, int] = field(default_factory=dict)
    spans: list[tuple[int, str, Format]] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    last: int = 1
    upright: bool = False
    #: Columns that stay when the sheet is moved sideways: up to the name.
    frozen: int = 1

    def __post_init__(self) -> None:
        self.page = self.book.add_worksheet(self.name)
        title = f"{self.paper.title}  {self.paper.period}" if self.name == "概况" else self.name
        under = (
            f"{self.paper.title} · {self.paper.period} · {self.paper.version} · 数据截至{self.paper.as_of}"
        )
        self.text(0, 0, title, self.styles.of(bold=True, font_size=16))
        self.page.set_row(0, 28)
        self.text(1, 0, under, self.styles.of(font_color="#5A626B"))
        self.row = 3

    def text(self, row: int, column: int, words: str, style: Format) -> None:
        """Words as words: never a formula, not even after somebody edits the cell."""
        self.page.write_string(row, column, words, style)

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Name and value, one below another."""
        for name, value in facts:
            self.text(self.row, 0, name, self.styles.of(font_color="#5A626B"))
            self.text(self.row, 1, value, self.styles.of())
            self.row += 1
        self.row += 1

    def words(self, text: str, warning: bool = False) -> None:
        """A paragraph over the width of the sheet, wrapped when the width is known."""
        look = {"font_color": "#B3261E", "bold": True} if warning else {}
        said = f"注意：{text}" if warning else text
        self.spans.append((self.row, said, self.styles.of(text_wrap=True, **look)))
        self.row += 1

    def table(self, table: Table) -> int:
        """Writes a table below what is there; the row in which its first row stands."""
        if self.row > 3:
            self.row += 1
        if table.title != self.name:
            self.text(self.row, 0, table.title, self.styles.of(bold=True, font_size=12))
            self.row += 1
        if not table.rows:
            self.text(self.row, 0, table.empty, self.styles.of(font_color="#5A626B"))
            self.row += 2
            return self.row
        columns = fields(table)
        self.frozen = 2 if table.columns[0].code == "rank" else 1
        self.last = max(self.last, len(columns))
        head = self.styles.cell(bold=True, bg_color="#E9EDF1", text_wrap=True, align="center")
        for place, each in enumerate(columns):
            self.text(self.row, place, each.name, head)
            self.fit(place, each, table)
        self.heads.append(self.row)
        deepest = max(-(-_width(each.name) // self.widths[n]) for n, each in enumerate(columns))
        self.page.set_row(self.row, _LINE + _MORE * (deepest - 1))
        self.row += 1
        first = self.row
        for row in table.rows:
            self.line(row, table.columns, columns)
        if table.total:
            self.line(table.total, table.columns, columns, total=True)
        for note in table.notes:
            self.text(self.row, 0, note, self.styles.of(font_color="#5A626B"))
            self.row += 1
        return first

    def fit(self, place: int, each: Field, table: Table) -> None:
        """Widens a column to its words, up to a limit beyond which they wrap."""
        width = each.width
        if table.columns[each.column].kind == "text":
            shown = [row.cells[each.column] for row in table.rows]
            longest = max(_width(str(cell)) for cell in shown)
            width = min(longest + 2, max(_NARROW, min(_WIDE, table.columns[each.column].width * 3)))
        width = max(width, _NARROW)
        self.widths[place] = max(self.widths.get(place, 0), width)

    def line(self, row: Row, columns: Sequence[Column], fields: Sequence[Field], total: bool = False) -> None:
        """One row of a table."""
        look: dict[str, Any] = {"bold": True, "top": 2} if total else {}
        lines = 1
        for place, each in enumerate(fields):
            words = row.cells[each.column]
            if isinstance(words, str):
                lines = max(lines, -(-_width(words) // (self.widths[place] - 1)))
            self.cell(place, row.cells[each.column], each, columns[each.column], row.level, look)
        self.page.set_row(self.row, _LINE + _MORE * (lines - 1))
        self.row += 1

    def cell(
        self, place: int, cell: Cell, each: Field, column: Column, level: int, look: dict[str, Any]
    ) -> None:
        """One cell: a number where there is one."""
        if isinstance(cell, Ratio):
            self.ratio(place, cell, each.part, look)
        elif isinstance(cell, Change):
            self.change(place, cell, each.part, look)
        elif isinstance(cell, int):
            middle = {"align": "center"} if column.code == "rank" else {}
            self.page.write_number(self.row, place, cell, self.styles.cell(num_format="0", **middle, **look))
        else:
            look = {**look, "text_wrap": True}
            if column.kind != "text":
                look["align"] = "center" if column.code == "rank" else "right"
            elif column.code == "before":
                look["align"] = "center"
            elif column.code == "name" and level:
                look["indent"] = min(level, 15)
            words = cell or NOTHING
            if words.startswith(_FORMULA):
                look["quote_prefix"] = True
            self.text(self.row, place, words, self.styles.cell(**look))

    def ratio(self, place: int, ratio: Ratio, part: str, look: dict[str, Any]) -> None:
        """A rate as a number with the decimals of its definition, or one of the counts it rests on."""
        if part != "percent":
            number = ratio.numerator if part == "numerator" else ratio.denominator
            self.page.write_number(self.row, place, number, self.styles.cell(num_format="0", **look))
        elif ratio.number is None:
            self.text(self.row, place, NOTHING, self.styles.cell(align="right", **look))
        else:
            shown = _percent(ratio.digits, f'"{ratio.sign}"' if ratio.sign else "")
            self.page.write_number(
                self.row, place, float(ratio.number / 100), self.styles.cell(num_format=shown, **look)
            )

    def change(self, place: int, change: Change, part: str, look: dict[str, Any]) -> None:
        """What came on top, or that in percent of the period before."""
        if part == "difference" and change.difference is not None:
            style = self.styles.cell(num_format="+0;-0;0", **look)
            self.page.write_number(self.row, place, change.difference, style)
        elif part == "percent" and change.percent is not None:
            shown = _percent(change.digits, "")
            style = self.styles.cell(num_format=f"+{shown};-{shown};{shown}", **look)
            self.page.write_number(self.row, place, float(change.percent) / 100, style)
        else:
            self.text(self.row, place, NOTHING, self.styles.cell(align="right", **look))

    def cells(self, chart: Chart, first: int) -> Cells:
        """Where a chart finds its rows; bars of rates get names with the numbers beside, made by formula."""
        columns = fields(chart.table)
        begin = first + chart.first
        end = begin + chart.count - 1
        names = 0 if chart.kind == "columns" else chart.table.index("name")
        values = {code: self.number_of(chart, code, columns) for code in chart.series}
        if chart.column(chart.series[0]).kind == "rate":
            names = self.named(chart, columns, begin)
        return Cells(self.name, begin, end, names, values)

    def number_of(self, chart: Chart, code: str, columns: Sequence[Field]) -> int:
        """The column of the sheet that holds the number of a column of the table."""
        place = chart.table.index(code)
        return next(
            n for n, each in enumerate(columns) if each.column == place and each.part in ("", "percent")
        )

    def named(self, chart: Chart, columns: Sequence[Field], begin: int) -> int:
        """A column right of the table, outside of what prints: `name 44/45`."""
        place = len(columns) + 1
        column = chart.column(chart.series[0])
        codes = [chart.table.columns[each.column].code for each in columns]
        over, under = codes.index(column.over[0]), codes.index(column.under[0])
        name = codes.index("name")
        soft = self.styles.of(font_color="#5A626B")
        self.text(begin - chart.first - 1, place, "图表标签", soft)
        for row, (words, cell) in enumerate(
            zip(chart.cells("name"), chart.cells(chart.series[0]), strict=True), begin
        ):
            where = [xl_rowcol_to_cell(row, each) for each in (name, over, under)]
            beside = cell.beside if isinstance(cell, Ratio) else ""
            formula = f'={where[0]}&"  "&{where[1]}&"/"&{where[2]}'
            self.page.write_formula(row, place, formula, soft, f"{words}  {beside}")
        self.page.set_column(place, place, 30)
        return place

    def finish(self) -> None:
        """Widths, paragraphs, frozen heads and the set-up of the printer."""
        for place, width in self.widths.items():
            self.page.set_column(place, place, width)
        while sum(self.widths.get(place, _USUAL) for place in range(self.last)) < _PRINTED:
            self.last += 1
        across = int(sum(self.widths.get(place, _USUAL) for place in range(self.last)))
        for row, words, style in self.spans:
            self.page.merge_range(row, 0, row, self.last - 1, "", style)
            self.text(row, 0, words, style)
            self.page.set_row(row, _LINE + _MORE * ((_width(words) - 1) // (across - 2)))
        if len(self.heads) == 1:
            self.page.freeze_panes(self.heads[0] + 1, self.frozen)
            self.page.repeat_rows(self.heads[0])
        else:
            self.page.freeze_panes(2, 0)
        if self.heads:
            self.page.print_area(0, 0, max(self.row - 1, 2), self.last - 1)
        self.printed()

    def printed(self) -> None:
        """A4 across (the charts upright), as wide as the page, with page numbers and the time of the figures."""
        self.page.set_paper(9)
        if self.upright:
            self.page.set_portrait()
        else:
            self.page.set_landscape()
        self.page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        self.page.fit_to_pages(1, 0)
        self.page.set_footer(f"&L{_plain(self.paper.title)}&C第 &P 页，共 &N 页&R数据截至{self.paper.as_of}")
        self.page.hide_gridlines(2)
        if self.breaks:
            self.page.set_h_pagebreaks(self.breaks)


def _percent(digits: int, before: str) -> str:
    return f"{before}0{'.' + '0' * digits if digits else ''}%"


def _width(words: str) -> int:
    """Characters of a sheet: a Chinese one is two wide."""
    return sum(2 if unicodedata.east_asian_width(each) in "WFA" else 1 for each in words)


def sheet_name(words: str) -> str:
    """A name that Excel takes for a sheet."""
    return "".join("-" if each in "[]:*?/\\'" else each for each in words)[:31] or "表"


def _plain(words: str) -> str:
    """Words of a footer, which Excel holds to 255 characters."""
    return words[:80].replace("&", "&&")
