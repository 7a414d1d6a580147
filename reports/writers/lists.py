"""The lists of a report (报表清单): tickets by name, sums that must agree, what was corrected, what every figure means."""

from collections.abc import Mapping
from typing import Any

from reports.writers.shape import Cell, Column, Row, Table
from reports.writers.tables import Json, Words
from reports.writers.wording import clean, rounded, short_instant

_LISTS: Mapping[str, tuple[str, str, str]] = {
    "overdue": ("超期工单", "超期工单", "无——没有超期的工单。"),
    "hot": ("热点事项（多人反映同一件事）", "热点事项", "无——没有多人反映的同一件事。"),
    "supervised": ("督办工单", "督办工单", "无——没有督办的工单。"),
    "no_reply": ("未答复（办结未答复）", "未答复", "无——本期没有“办结未答复”的工单。"),
}
_LISTED = (Column("number", "工单编号", width=8), Column("title", "标题", width=18))
_HOLDER = Column("department_name", "承办单位", width=9)
_MORE: Mapping[str, tuple[Column, ...]] = {
    "overdue": (
        _HOLDER,
        Column("due_at", "截止时间", width=8),
        Column("overdue", "超期", width=7),
        Column("stage", "环节", width=4),
    ),
    "hot": (_HOLDER, Column("callers", "反映人数", "count", 4), Column("place", "地点", width=10)),
    "supervised": (
        _HOLDER,
        Column("level", "级别", width=3),
        Column("at", "督办时间", width=8),
        Column("stage", "环节", width=4),
    ),
    "no_reply": (_HOLDER, Column("stage", "环节", width=4)),
}
LEVELS = {1: "一级", 2: "二级", 3: "三级"}


def listed(document: Json, code: str) -> Table:
    """One of the lists of tickets; restricted ones are counted and not shown."""
    given: Json = document["lists"].get(code) or {"total": 0, "withheld": 0, "rows": []}
    title, sheet, empty = _LISTS[code]
    columns = (*_LISTED, *_MORE[code])
    rows = tuple(Row(tuple(_listed_cell(row, column) for column in columns)) for row in given["rows"])
    total, withheld = given["total"], given["withheld"]
    rest = total - withheld - len(rows)
    beyond = "以上" if given.get("more") else ""
    notes = [f"共{total}件{beyond}。"] if total else []
    notes += [f"其中{withheld}件限定知悉范围，计入总数，不列明细。"] if withheld else []
    notes += [f"本表列出前{len(rows)}件，另有{rest}件请在系统中查看。"] if rest > 0 else []
    if total and not rows:
        empty = "没有可以列出的明细。"
    return Table(code, title, columns, rows, sheet, empty=empty, notes=tuple(notes))


def _listed_cell(row: Json, column: Column) -> Cell:
    value = row.get(column.code)
    if column.code in ("due_at", "at"):
        return short_instant(value)
    if column.code == "level":
        return LEVELS.get(value, clean(value)) if isinstance(value, int) else clean(value)
    return int(value or 0) if column.kind == "count" else clean(value) or "–"


def checks(document: Json) -> Table:
    """Sums that must agree, and whether they do."""
    columns = (
        Column("name", "核对关系", width=24),
        Column("left", "左边", "count", 4),
        Column("right", "右边", "count", 4),
        Column("ok", "结果", width=5),
    )
    rows = (
        Row((clean(each["name"]), each["left"], each["right"], "✓ 相符" if each["ok"] else "✗ 不符"))
        for each in document["checks"]
    )
    return Table("checks", "数据核对", columns, tuple(rows), sheet="数据核对")


def differences(document: Json) -> Table:
    """What a later version changed."""
    columns = (
        Column("where", "位置", width=14),
        Column("what", "指标", width=8),
        Column("before", "上一版", "count", 5),
        Column("after", "本版", "count", 5),
    )
    rows = (
        Row((clean(each["where"]), clean(each["what"]), _either(each["before"]), _either(each["after"])))
        for each in document.get("differences") or ()
    )
    empty = "无——与上一版相比没有不同。"
    return Table("differences", "更正说明", columns, tuple(rows), sheet="更正说明", empty=empty)


def _either(value: Any) -> Cell:
    return value if isinstance(value, int) and not isinstance(value, bool) else clean(value) or "–"


def indicators(document: Json, words: Words) -> Table:
    """Every rate: what is divided by what, what it means, where it comes from, how it is rounded."""
    columns = (
        Column("name", "指标", width=7),
        Column("formula", "公式", width=11),
        Column("definition", "含义", width=20),
        Column("source", "依据", width=12),
        Column("rounding", "取位", width=10),
    )
    rows = (
        Row(
            (
                clean(each["name"]),
                f"{words.name(each['numerator'])} ÷ {words.name(each['denominator'])}",
                clean(each["definition"]),
                clean(each["source"]),
                rounded(each),
            )
        )
        for each in document["indicators"]
    )
    return Table("indicators", "比率口径", columns, tuple(rows), sheet="比率口径")


def measures(document: Json) -> Table:
    """Every count: what it counts and by which day."""
    columns = (
        Column("name", "计数", width=8),
        Column("definition", "含义", width=34),
        Column("source", "依据", width=17),
    )
    rows = (Row(tuple(clean(each[c.code]) for c in columns)) for each in document["measures"])
    return Table("measures", "计数口径", columns, tuple(rows), sheet="计数口径")
