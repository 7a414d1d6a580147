"""What a benchmark found (测量结果): goal, measured, met or not, in one table."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One line. `met` None where there is no goal; `broken` says in words what went wrong (errors, lost rows)."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None
    broken: str = ""


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print the table of one benchmark."""
    table = Table(title=title, title_justify="left", show_edge=False)
    for name in ("what", "measured", "goal", "met"):
        table.add_column(name, overflow="fold")
    for each in figures:
        met = {None: "", True: "yes", False: "NO"}[each.met]
        table.add_row(each.what, each.measured, each.goal, f"BROKEN: {each.broken}" if each.broken else met)
    Console(width=None if Console().is_terminal else 130).print(table, "")


def code(figures: Sequence[Figure]) -> int:
    """The exit code: 1 only where something broke; a goal that was missed is printed and no more."""
    return int(any(each.broken for each in figures))
