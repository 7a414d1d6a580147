"""Native office charts (图表): drawn by Excel and Word themselves from the cells that they refer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter.utility import xl_range_abs
from xlsxwriter.workbook import Workbook

from reports.writers.shape import Chart

#: One colour filled and one in outline, so that they differ on a black and white printer too.
_LOOKS: Sequence[Mapping[str, Any]] = (
    {"fill": {"color": "#0B5CAD"}, "border": {"color": "#0B5CAD"}},
    {"fill": {"color": "#FFFFFF"}, "border": {"color": "#2F7D4F", "width": 1.25}},
)
_INK = "#1D2126"
#: Above this many columns their values are left out of the picture.
_MANY = 12
#: Height in pixels of a bar with its gap, and of what stands around the bars.
_BAR, _AROUND = 19, 90


@dataclass(frozen=True, slots=True)
class Cells:
    """Where a chart finds its words and numbers: a sheet, rows (first, last), and the columns of both."""

    sheet: str
    first: int
    last: int
    names: int
    values: Mapping[str, int]

    def range(self, column: int) -> str:
        """`='承办单位'!$B$4:$B$50`."""
        sheet = self.sheet.replace("'", "''")
        return f"='{sheet}'!{xl_range_abs(self.first, column, self.last, column)}"


def height(chart: Chart) -> int:
    """Pixels that a chart needs to show each of its bars."""
    return 300 if chart.kind == "columns" else _AROUND + _BAR * chart.count


def plot(book: Workbook, chart: Chart, cells: Cells, points: int = 9) -> Any:
    """The chart, to be put into a sheet of `book`; `points` is the size of its words."""
    small = {"size": points, "color": _INK}
    upright = chart.kind == "columns"
    made = book.add_chart({"type": "column" if upright else "bar"})
    for place, code in enumerate(chart.series):
        rate = chart.column(code).kind == "rate"
        series: dict[str, Any] = {
            "name": chart.column(code).name,
            "categories": cells.range(cells.names),
            "values": cells.range(cells.values[code]),
            "gap": 60,
            **_LOOKS[place % len(_LOOKS)],
        }
        if chart.count <= _MANY or not upright:
            number = {"num_format": "0.00%"} if rate else {}
            series["data_labels"] = {"value": True, "font": small, **number}
        made.add_series(series)
    made.set_title({"name": chart.title, "name_font": {"size": 12, "bold": True}, "overlay": False})
    if len(chart.series) > 1:
        made.set_legend({"position": "bottom", "font": small})
    else:
        made.set_legend({"none": True})
    _axes(made, chart, upright, small)
    return made


def _axes(made: Any, chart: Chart, upright: bool, small: Mapping[str, Any]) -> None:
    rate = any(chart.column(code).kind == "rate" for code in chart.series)
    plain = {"num_font": small, "major_tick_mark": "none", "minor_tick_mark": "none"}
    numbers: dict[str, Any] = {
        **plain,
        "min": 0,
        "major_gridlines": {"visible": upright, "line": {"color": "#DDE1E6"}},
        "visible": upright,
        "num_format": "0%" if rate else "0",
    }
    if rate:
        numbers["max"] = 1
    # bars begin at the bottom unless turned round; for xlsxwriter their names stand on the y axis
    names: dict[str, Any] = {**plain, "reverse": not upright, "label_position": "low"}
    if not upright:
        names["interval_unit"] = 1
    made.set_x_axis(names if upright else numbers)
    made.set_y_axis(numbers if upright else names)
