"""Holding an upper level's list against ours (对账清单): `hotline upward reconcile FILE`; it changes nothing."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from dispatch.desk import Desk
from dispatch.sheets import Sheet
from dispatch.storage import upward as stored
from dispatch.terminal import say
from dispatch.workbook import cells_of
from intake import upper_list
from intake.csv import Rejected
from rules.errors import BadInput
from rules.reconciling import KIND_WORDS, Ours, Theirs, reconcile
from rules.terms import CHINA

_WORKBOOK = ".xlsx"
HEADER = ("差异", "上级编号", "工单", "我方", "上级", "怎么办")
_FIELDS = ("kind_words", "number", "ticket", "ours", "theirs", "todo")


def read(file: Path) -> Iterator[Theirs | Rejected]:
    """The rows of the list, a workbook or comma-separated. Raises BadInput for a file that is no such list."""
    if file.suffix.lower() == _WORKBOOK:
        return upper_list.of_cells(cells_of(file))
    if file.suffix.lower() == ".xls":
        raise BadInput("读不了旧格式的 .xls 文件。", "请在表格软件里另存为 .xlsx 或 CSV。")
    return upper_list.rows(Sheet(file, say).lines())


def compare(
    desk: Desk, rows: Iterator[Theirs | Rejected], begin: date | None, end: date | None
) -> dict[str, Any]:
    """Every difference, and the rows that cannot be read, as plain JSON.

    What is here and not in their list is looked for among tickets received from `begin` to `end`; where they are not
    given, between the first and the last receipt of those that are in both.
    """
    theirs: list[Theirs] = []
    rejected: list[Rejected] = []
    for row in rows:
        if isinstance(row, Rejected):
            rejected.append(row)
        else:
            theirs.append(row)
    if not theirs and not rejected and None in (begin, end):
        raise BadInput(
            "清单里没有一张工单。",
            "请确认导出的是上级平台的工单清单；上级确实没有工单的，请用 --from 和 --to 写明日期。",
        )
    named = {each.number for each in theirs}
    with desk.database.reading(steady=True) as tx:
        held = stored.numbered(tx, named)
        span = _span(held, begin, end)
        there = [
            row for row in (stored.received(tx, *span) if span else ()) if row["upper_number"] not in named
        ]
        sent = stored.sent_at(tx, [row["number"] for row in held])
    found = reconcile(theirs, [_ours(row, sent) for row in held], [_ours(row, {}) for row in there])
    return {
        "rows": len(theirs),
        "matched": len({row["upper_number"] for row in held}),
        "from": span[0].date().isoformat() if span else None,
        "to": (span[1] - timedelta(days=1)).date().isoformat() if span else None,
        "differences": [{**asdict(each), "kind_words": KIND_WORDS[each.kind]} for each in found],
        "rejects": [{"line": each.line, "reason": each.reason} for each in rejected],
    }


def _span(
    held: Sequence[Mapping[str, Any]], begin: date | None, end: date | None
) -> tuple[datetime, datetime] | None:
    days = [row["received_at"].astimezone(CHINA).date() for row in held]
    first, last = begin or min(days, default=None), end or max(days, default=None)
    if first is None or last is None:
        return None
    midnight = (datetime(each.year, each.month, each.day, tzinfo=CHINA) for each in (first, last))
    start, finish = midnight
    return start, finish + timedelta(days=1)


def _ours(row: Mapping[str, Any], sent: Mapping[str, datetime]) -> Ours:
    return Ours(
        row["number"], row["upper_number"], row["upward"], row["upper_due_at"], sent.get(row["number"])
    )


def exported(data: Mapping[str, Any]) -> bytes:
    """The differences as a file that table programs open as it is: comma-separated, UTF-8 with its mark."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(HEADER)
    writer.writerows([_as_text(cell) for cell in row] for row in table_rows(data))
    return file.getvalue().encode("utf-8-sig")


def _as_text(cell: str) -> str:
    """A cell that a table program would take for a formula, as the text that it is: the list comes from elsewhere."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def table_rows(data: Mapping[str, Any]) -> list[list[str]]:
    """A row of cells for each difference, in the order of HEADER."""
    return [[each[name] or "" for name in _FIELDS] for each in data["differences"]]
