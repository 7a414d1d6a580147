"""Rows of an upper level's own list (上级工单清单): number, state, deadline, reply; bad rows with line and reason."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from intake import headers
from intake.cells import whole_number
from intake.csv import Rejected
from intake.times import parse_time
from rules.errors import BadInput
from rules.reconciling import THEIR_STATES, Moment, Theirs

#: What the columns may be called.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "number": ("upper_number", "上级编号", "工单编号", "工单号", "受理编号", "省级编号", "国家编号"),
        "state": ("state", "状态", "工单状态", "办理状态", "当前状态"),
        "due": ("due", "截止时间", "办结时限", "要求办结时间", "办理时限", "到期时间"),
        "replied": ("replied", "反馈时间", "答复时间", "回复时间", "办结时间"),
    }
)
_NEEDED = ("number", "state")
_HINT = "表头可以写：上级编号,状态,截止时间,反馈时间；请确认导出的是上级平台的工单清单。"

_STATES = {word: state for state, words in THEIR_STATES.items() for word in words}


def rows(lines: Iterable[str]) -> Iterator[Theirs | Rejected]:
    """Each row of a comma-separated list. Raises BadInput as `of_cells`, and for quotes that never end."""
    reader = csv.reader(lines, strict=True)

    def numbered() -> Iterator[tuple[int, tuple[str, ...]]]:
        line = 1
        for cells in reader:
            yield line, tuple(cells)
            line = reader.line_num + 1

    try:
        yield from of_cells(numbered())
    except csv.Error as fault:
        raise BadInput(f"第 {reader.line_num} 行读不出来，可能是引号没有配对。") from fault


def of_cells(table: Iterable[tuple[int, tuple[str, ...]]]) -> Iterator[Theirs | Rejected]:
    """Each row of a table whose first row is the header; empty rows are passed over. Raises BadInput for a wrong header."""
    places: dict[str, int] | None = None
    for line, cells in table:
        if places is None:
            places = headers.places(cells, COLUMNS, _NEEDED, _HINT)
        elif any(cell.strip() for cell in cells):
            yield _row(line, cells, places)
    if places is None:
        raise BadInput("文件是空的，没有表头。", _HINT)


def _row(line: int, cells: tuple[str, ...], places: Mapping[str, int]) -> Theirs | Rejected:
    said = {field: cells[place].strip() if place < len(cells) else "" for field, place in places.items()}
    try:
        if not whole_number(said["number"], "上级编号"):
            raise BadInput("没有写上级编号。")
        state = _STATES.get(said["state"])
        if state is None:
            known = "、".join(words[0] for words in THEIR_STATES.values())
            raise BadInput(f"不认识状态“{said['state']}”，认识的例如：{known}。")
        return Theirs(line, said["number"], state, _moment(said.get("due")), _moment(said.get("replied")))
    except BadInput as wrong:
        return Rejected(line, cells, wrong.detail)


def _moment(said: str | None) -> Moment | None:
    return Moment(*parse_time(said)) if said else None
