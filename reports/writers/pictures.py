"""Charts as geometry (图形): bars and columns with their lengths in percent, for templates that only draw."""

from dataclasses import dataclass
from decimal import Decimal

from reports.writers.shape import Cell, Chart, Ratio

#: Above this many columns their values and most of their names are left out of the picture.
_MANY = 12
#: Names of days that fit below a picture.
_NAMES = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its rank or "", its name, what is said beside it, its length in percent of the longest possible."""

    rank: str
    name: str
    said: str
    beside: str
    length: str


@dataclass(frozen=True, slots=True)
class Pillar:
    """One column of one series: position, width, height in percent, and its value."""

    series: int
    left: str
    middle: str
    width: str
    height: str
    value: int
    named: bool


@dataclass(frozen=True, slots=True)
class Pillars:
    """A picture of columns: the series' names, the columns, names below and lines across with their values."""

    names: tuple[str, ...]
    pillars: tuple[Pillar, ...]
    labels: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, int], ...]


def bars(chart: Chart) -> list[Bar]:
    """The rows of a chart as bars: rates out of 100, counts out of the greatest."""
    cells = chart.cells(chart.series[0])
    most = Decimal(max([1, *(_count(cell) for cell in cells)]))
    names = chart.cells("name")
    ranks = chart.cells("rank") if chart.ranked else [""] * chart.count
    made = []
    for rank, name, cell in zip(ranks, names, cells, strict=True):
        if isinstance(cell, Ratio):
            bar = Bar(str(rank), str(name), cell.said, cell.beside, _short(cell.number or Decimal(0)))
        else:
            bar = Bar(str(rank), str(name), str(_count(cell)), "", _short(100 * _count(cell) / most))
        made.append(bar)
    return made


def pillars(chart: Chart) -> Pillars:
    """The rows of a chart as groups of columns, one of each series."""
    series = [[_count(cell) for cell in chart.cells(code)] for code in chart.series]
    step = _step(max([1, *(n for values in series for n in values)]))
    top = Decimal(-(-max([1, *(n for values in series for n in values)]) // step) * step)
    slot = Decimal(100) / max(1, chart.count)
    width = slot * Decimal("0.7") / len(series)
    made = []
    for place in range(chart.count):
        for which, values in enumerate(series):
            left = slot * place + slot * Decimal("0.15") + width * which
            made.append(
                Pillar(
                    which,
                    _short(left),
                    _short(left + width / 2),
                    _short(width),
                    _short(100 * values[place] / top),
                    values[place],
                    chart.count <= _MANY,
                )
            )
    every = -(-chart.count // _NAMES) if chart.count > _MANY else 1
    labels = tuple(
        (_short(slot * place + slot / 2), row.label)
        for place, row in enumerate(chart.rows)
        if place % every == 0
    )
    lines = tuple((_short(100 * n / top), n) for n in range(0, int(top) + 1, step))
    return Pillars(tuple(chart.column(code).name for code in chart.series), tuple(made), labels, lines)


def _step(most: int) -> int:
    """A round distance between lines so that there are at most five of them: 1, 2 or 5 with noughts."""
    size = 1
    while True:
        for each in (1, 2, 5):
            if each * size * 4 >= most:
                return each * size
        size *= 10


def _count(cell: Cell) -> int:
    return cell if isinstance(cell, int) else 0


def _short(number: Decimal) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
