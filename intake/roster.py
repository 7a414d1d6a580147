"""Rows of a duty roster (值班表): department, from, to, person, phone; a bad row is told with its line and reason."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from intake import headers
from intake.csv import Rejected
from intake.phone import normal_phone
from intake.times import parse_time
from rules.errors import BadInput
from rules.roster import LONGEST_SHIFT

#: What the columns may be called.
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "department": ("department", "单位", "承办单位"),
        "begins": ("from", "开始", "开始时间"),
        "ends": ("to", "结束", "结束时间"),
        "person": ("person", "人员", "值班人员", "姓名", "登录名"),
        "phone": ("phone", "电话", "值班电话"),
    }
)
_NEEDED = ("department", "begins", "ends", "person")
_LONGEST_NAME = 50
_HINT = "表头可以写：单位,开始,结束,人员,电话"


@dataclass(frozen=True, slots=True)
class Listed:
    """A row that can be read; whether the department and the person exist is for the desk to say."""

    line: int
    cells: tuple[str, ...]
    department: str
    begins_at: datetime
    ends_at: datetime
    person: str
    phone: str | None


def rows(lines: Iterable[str]) -> Iterator[Listed | Rejected]:
    """Each row of the file; empty ones are passed over. A bare date is its 00:00.

    Raises BadInput for a file without a header, a column that is missing or named twice, and quotes that never end.
    """
    reader = csv.reader(lines, strict=True)
    try:
        places = headers.places(next(reader, []), COLUMNS, _NEEDED, _HINT)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(line, tuple(cells), places)
            line = reader.line_num + 1
    except csv.Error as fault:
        raise BadInput(f"第 {reader.line_num} 行读不出来，可能是引号没有配对。") from fault


def _row(line: int, cells: tuple[str, ...], places: Mapping[str, int]) -> Listed | Rejected:
    said = {field: cells[place].strip() if place < len(cells) else "" for field, place in places.items()}
    try:
        lacking = [COLUMNS[field][1] for field in _NEEDED[1:] if not said[field]]
        if lacking:
            raise BadInput(f"没有写{'、'.join(lacking)}。")
        begins, ends = parse_time(said["begins"])[0], parse_time(said["ends"])[0]
        if not begins < ends:
            raise BadInput("结束时间不晚于开始时间；跨夜的班请写第二天的日期。")
        if ends - begins > LONGEST_SHIFT:
            raise BadInput(f"一个班最长 {LONGEST_SHIFT.days} 天，请核对日期。")
        if len(said["person"]) > _LONGEST_NAME:
            raise BadInput(f"人员太长，最多 {_LONGEST_NAME} 个字。")
        phone = normal_phone(said["phone"]) if said.get("phone") else None
        return Listed(line, cells, said["department"], begins, ends, said["person"], phone)
    except BadInput as wrong:
        return Rejected(line, cells, wrong.detail)
