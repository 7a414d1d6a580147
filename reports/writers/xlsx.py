"""The report as a workbook (Excel 报表): real numbers that can be summed again, live charts, sheets that print on A4."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from xlsxwriter.workbook import Workbook

from reports.writers import content, plots
from reports.writers.shape import Chart, Paper, Table, Words
from reports.writers.sheets import Sheet, Styles, sheet_name

_CHARTS = "图表"
#: Pixels: the width of a chart, so that a page holds it, and the gap below.
_WIDTH, _GAP, _ROW = 960, 30, 20
#: Rows of an upright page that is as wide as a chart.
_PAGE = 74


def write(document: Mapping[str, Any]) -> bytes:
    """The report document as .xlsx; raises KeyError where the document lacks a part."""
    paper = content.paper(document)
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        made = datetime.fromisoformat(paper.made_at).astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": paper.title, "author": paper.region, "created": made})
        book.set_size(2400, 1400)
        _Book(book, paper).fill()
    return out.getvalue()


class _Book:
    """The sheets of one workbook, by name, in the order in which the paper first needs them."""

    def __init__(self, book: Workbook, paper: Paper) -> None:
        self.book, self.paper = book, paper
        self.styles = Styles(book)
        self.sheets: dict[str, Sheet] = {}
        self.charts: list[Chart] = []
        #: Where the rows of a table begin, by the table's code.
        self.placed: dict[str, tuple[Sheet, int]] = {}

    def fill(self) -> None:
        """All sheets."""
        first = self.sheet("概况")
        first.facts(self.paper.facts)
        for section in self.paper.sections:
            words = [part for part in section.parts if isinstance(part, Words)]
            homes = [part for part in section.parts if isinstance(part, Table)]
            if homes or section.code == "overview":
                home = self.sheet(homes[0].sheet if homes else "概况")
                for each in words:
                    home.words(each.text, each.warning)
            for part in section.parts:
                if isinstance(part, Table):
                    sheet = self.sheet(part.sheet)
                    self.placed[part.code] = (sheet, sheet.table(part))
                elif isinstance(part, Chart):
                    self.sheet(_CHARTS)
                    self.charts.append(part)
        self.draw()
        for sheet in self.sheets.values():
            sheet.finish()

    def sheet(self, called: str) -> Sheet:
        """The sheet of that name, made when first asked for."""
        name = sheet_name(called)
        if name not in self.sheets:
            self.sheets[name] = Sheet(self.book, self.styles, self.paper, name)
        return self.sheets[name]

    def draw(self) -> None:
        """The charts, on a sheet of their own that prints upright."""
        if not self.charts:
            return
        home = self.sheets[_CHARTS]
        home.upright = True
        row, used = home.row, 0
        for chart in self.charts:
            sheet, first = self.placed[chart.table.code]
            cells = sheet.cells(chart, first)
            rows = (plots.height(chart) + _GAP) // _ROW + 1
            if used and used + rows > _PAGE:
                home.breaks.append(row)
                used = 0
            made = plots.plot(self.book, chart, cells)
            made.set_size({"width": _WIDTH, "height": plots.height(chart)})
            home.page.insert_chart(row, 0, made, {"description": chart.said, "object_position": 3})
            row += rows
            used += rows
