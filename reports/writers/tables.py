"""The tables of a report (报表表格): which columns each has, in which order, and its rows out of the document."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from reports.writers.shape import Cell, Change, Column, Ratio, Row, Table
from reports.writers.wording import WEEKDAYS, clean

Json = Mapping[str, Any]

#: Counts that are derived for reports and so stand in no registry.
DERIVED: Mapping[str, str] = {"open": "在办", "joined": "并入来件"}

# A column is a measure ("due"), a rate by its measures ("on_time/due"), a change ("±received") or one of _OWN.
DEPARTMENT = (
    "rank name assigned due on_time on_time/due late in_review open returned extended redone "
    "responded/contact_due solved/solved_known satisfied/satisfied_known note"
)
MATTER = (
    "name received share ±received direct dispatched due on_time on_time/due late "
    "solved/solved_known satisfied/satisfied_known note"
)
DAYS = "day received contacts direct dispatched done due on_time late"
#: The counts told first.
HEADLINE = (
    "received contacts joined direct dispatched refused done closed no_reply due on_time late in_review open "
    "repeated returned extended redone urged supervised raised"
)
#: Of these, those that are told even when they are zero.
ALWAYS = "received contacts direct dispatched done due on_time late open no_reply"
_OWN: Mapping[str, Column] = {
    "rank": Column("rank", "名次", "count", 3),
    "name": Column("name", "名称", "text", 9),
    "day": Column("day", "日期", "text", 7),
    "note": Column("note", "备注", "text", 8),
}
_NAMES = {
    "department": "承办单位",
    "category": "诉求类别",
    "area": "区域",
    "channel": "渠道",
    "type": "诉求类型",
}


class Words:
    """What the document calls its measures and indicators (指标名称)."""

    def __init__(self, document: Json) -> None:
        self.names = {**DERIVED, **{each["code"]: clean(each["name"]) for each in document["measures"]}}
        self.indicators: dict[str, Json] = {}
        for each in document["indicators"]:
            self.indicators.setdefault(f"{each['numerator']}/{each['denominator']}", each)

    def name(self, code: str) -> str:
        """The Chinese name of a measure; an unknown one shows its code."""
        return self.names.get(code, code)

    def column(self, code: str) -> Column | None:
        """The column of a code of the lists above; None for a rate that the pack does not have."""
        if code in _OWN:
            return _OWN[code]
        if code == "share":
            return Column("share", "占比", "rate", 4, ("", "件数"), ("", "合计"))
        if code.startswith("±"):
            return Column(code, f"{self.name(code[1:])}较上期", "change", 6)
        if "/" not in code:
            return Column(code, self.name(code), "count", 3)
        indicator = self.indicators.get(code)
        if indicator is None:
            return None
        over, under = indicator["numerator"], indicator["denominator"]
        return Column(
            code, clean(indicator["name"]), "rate", 4, (over, self.name(over)), (under, self.name(under))
        )

    def columns(self, codes: str) -> tuple[Column, ...]:
        """The columns of codes with blanks between, without the rates that the pack does not have."""
        return tuple(column for column in map(self.column, codes.split()) if column)

    def cell(self, row: Json, column: Column) -> Cell:
        """What stands in a column of a row of the document; a count that is not there is 0."""
        code = column.code
        if code in ("rank", "name", "note"):
            return row.get("rank") if code == "rank" else clean(row.get(code))
        if column.kind == "change":
            return Change.of((row.get("change") or {}).get(code[1:]))
        if code == "share":
            return Ratio.of(row.get("share"))
        if column.kind == "rate":
            return Ratio.of((row.get("rates") or {}).get(self.indicators[code]["code"]))
        return int((row.get("counts") or {}).get(code, 0))


def everything_is_nothing(document: Json) -> bool:
    """Whether the period holds nothing at all, open matters of earlier days apart."""
    return not any(n for code, n in document["totals"]["counts"].items() if code != "open")


def by_dimension(document: Json, words: Words, dimension: str) -> Table:
    """The table of one dimension with its total; departments by rank, trees with what belongs below set in."""
    given = next((each for each in document["tables"] if each["dimension"] == dimension), None)
    rows: list[Json] = list(given["rows"]) if given else []
    codes = DEPARTMENT if dimension == "department" else MATTER
    columns = words.columns(codes)
    shown = [c for c in columns if c.code not in ("note", "share") or any(row.get(c.code) for row in rows)]
    name = clean(given["name"]) if given else _NAMES[dimension]
    ordered = _ranked(rows) if dimension == "department" else _tree(rows)
    title = f"{name}办理情况" if dimension == "department" else f"按{name}统计"
    total = {**document["totals"], "rank": None, "name": "合计"}
    return Table(
        dimension,
        title,
        tuple(Column("name", name, "text", 11) if c.code == "name" else c for c in shown),
        tuple(Row(tuple(words.cell(row, c) for c in shown), level=level) for level, row in ordered),
        sheet=name,
        total=Row(tuple(words.cell(total, c) for c in shown)) if rows else None,
    )


def _ranked(rows: Sequence[Json]) -> list[tuple[int, Json]]:
    ordered = sorted(rows, key=lambda row: (row.get("rank") is None, row.get("rank") or 0, row["key"] == ""))
    return [(0, row) for row in ordered]


def _tree(rows: Sequence[Json]) -> Iterator[tuple[int, Json]]:
    """(depth, row): each row before those below it; a row whose parent is not shown, or is its own, is a root."""
    keys = {row["key"] for row in rows}
    below: dict[Any, list[Json]] = {}
    for row in rows:
        parent = row.get("parent")
        below.setdefault(parent if parent in keys and parent != row["key"] else None, []).append(row)
    seen: set[str] = set()
    waiting = [(0, row) for row in reversed(below.get(None, []))]
    while waiting:
        level, row = waiting.pop()
        seen.add(row["key"])
        yield level, row
        waiting += [(level + 1, each) for each in reversed(below.get(row["key"], []))]
    yield from ((0, row) for row in rows if row["key"] not in seen)


def top(document: Json, words: Words, dimension: str, most: int) -> Table:
    """The rows of a dimension that nothing hangs below, most received first; at most `most` of them."""
    given = next((each for each in document["tables"] if each["dimension"] == dimension), None)
    rows = given["rows"] if given else []
    parents = {row.get("parent") for row in rows}
    counted = [row for row in rows if row["key"] not in parents and (row.get("counts") or {}).get("received")]
    counted.sort(key=lambda row: (-row["counts"]["received"], clean(row["name"])))
    columns = words.columns("name received ±received on_time/due satisfied/satisfied_known")
    return Table(
        "top",
        f"受理最多的{clean(given['name']) if given else _NAMES[dimension]}",
        columns,
        tuple(Row(tuple(words.cell(row, column) for column in columns)) for row in counted[:most]),
        sheet="诉求前列",
    )


def by_day(document: Json, words: Words) -> Table:
    """One row a day, or a month of a quarter and a year."""
    columns = words.columns(DAYS)
    months = any("month" in each for each in document["days"])
    rows = []
    if not everything_is_nothing(document):
        for each in document["days"]:
            name, label = _day_words(each)
            cells = (name, *(words.cell(each, column) for column in columns[1:]))
            rows.append(Row(cells, label=label))
    total = Row(("合计", *(words.cell(document["totals"], column) for column in columns[1:])))
    title = "逐月受理与办结" if months else "每日受理与办结"
    return Table("days", title, columns, tuple(rows), sheet="走势", total=total if rows else None)


def _day_words(each: Json) -> tuple[str, str]:
    if "month" in each:
        year, _, month = each["month"].partition("-")
        return f"{year}年{int(month)}月", f"{int(month)}月"
    then = date.fromisoformat(each["day"])
    return f"{then.month}月{then.day}日 周{WEEKDAYS[then.weekday()]}", f"{then.day}日"


def headline_counts(document: Json, words: Words, now: str, before: str) -> Table:
    """The counts that matter most, with the period before."""
    totals = document["totals"]
    counts, earlier = totals["counts"], totals.get("before") or {}
    changes = totals.get("change") or {}
    rows = []
    for code in HEADLINE.split():
        if code in ALWAYS.split() or counts.get(code) or earlier.get(code):
            ago = int(earlier.get(code, 0)) if document.get("before") else None
            change = Change.of(changes.get(code))
            rows.append(Row((words.name(code), int(counts.get(code, 0)), ago, change)))
    columns = (
        Column("name", "指标", width=8),
        Column("now", now, "count", 4),
        Column("before", before, "count", 4),
        Column("change", "增减", "change", 8),
    )
    return Table("counts", "主要数量", columns, tuple(rows), sheet="概况", cards=True)


def headline_rates(document: Json, words: Words, now: str, before: str) -> Table:
    """Every indicator with what it is a share of, and the same counts of the period before."""
    totals = document["totals"]
    rates, earlier = totals.get("rates") or {}, totals.get("before") or {}
    rows = []
    for each in document["indicators"]:
        over, under = each["numerator"], each["denominator"]
        ago = f"{earlier.get(over, 0)}/{earlier[under]}" if earlier.get(under) else "–"
        formula = f"{words.name(over)} ÷ {words.name(under)}"
        rows.append(Row((clean(each["name"]), Ratio.of(rates.get(each["code"])), ago, formula)))
    columns = (
        Column("name", "指标", width=8),
        Column("now", now, "rate", 6, ("", "分子"), ("", "分母")),
        Column("before", f"{before}（分子/分母）", width=6),
        Column("formula", "口径", width=11),
    )
    return Table("rates", "主要比率", columns, tuple(rows), sheet="概况", cards=True)
