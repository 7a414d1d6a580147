"""The report as a page shows it (统计页面): the document in, rows of numbers with their links out; nothing is divided here."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from reports.writers import content, pictures, tables, wording
from reports.writers.lists import LEVELS
from reports.writers.shape import Chart, Column, Ratio, Table
from rules.measures import DERIVED

Json = Mapping[str, Any]

#: Columns of the tables: a measure, or a rate by its measures.
_DEPARTMENT = (
    "on_time/due assigned done open late returned redone solved/solved_known satisfied/satisfied_known"
)
_MATTER = "received repeated assigned done open late on_time/due satisfied/satisfied_known"
#: Numbers at the head of the page, those that are told even when they are zero first.
_ALWAYS = (
    "received direct dispatched done on_time/due late open satisfied/satisfied_known solved/solved_known"
)
_MORE = "responded/contact_due repeated returned extended redone urged supervised raised in_review no_reply"
#: Rows of a list that are shown at once; the rest opens.
SHOWN = 10
_LISTS = (
    ("overdue", "超期工单", "截至此刻办理时限已过、还没有办完的。", "没有超期的工单。"),
    ("hot", "热点事项", "几个人反映同一件事的，人数多的在前。", "没有多人反映的同一件事。"),
    ("supervised", "督办工单", "本期进入督办的。", "本期没有督办。"),
    ("no_reply", "办结未答复", "本期办结而没有一次答复的。", "没有办结而未答复的工单。"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of a table: the measure `n` of `code`, or a rate `said` with its two measures; `length` draws its bar."""

    code: str
    name: str
    n: int = 0
    said: str = ""
    over: tuple[str, int] = ("", 0)
    length: str = ""
    change: str = ""
    title: str = ""

    @property
    def rate(self) -> bool:
        """Whether it is a rate; `over` is then its numerator, and `code` and `n` its denominator."""
        return bool(self.said)


def where(document: Json, live: bool = False) -> dict[str, Any]:
    """What names this report in an address."""
    named = {"kind": document["kind"], "period": document["period"]}
    if document["department"]:
        named["department"] = document["department"]["code"]
    if document["version"]:
        named["version"] = str(document["version"])
    elif live and not document["department"]:
        named["live"] = "true"
    return named


def shown(document: Json) -> dict[str, Any]:
    """Everything that the page tells of a report."""
    words = tables.Words(document)
    days = tables.by_day(document, words)
    return {
        "head": _head(document),
        "lead": list(content.lead(document, words)),
        "cards": list(_cards(document, words)),
        "days": days,
        "picture": _picture(days),
        "tables": [_table(each, words) for each in document["tables"]],
        "lists": [_list(document, *each) for each in _LISTS],
        "checks": document["checks"],
        "differences": document["differences"],
        "measures": [*document["measures"], *_derived()],
        "indicators": [{**each, "rounded": wording.rounded(each)} for each in document["indicators"]],
        "names": words.names,
    }


def _head(document: Json) -> dict[str, Any]:
    now, before = wording.PERIODS[document["kind"]]
    return {
        "title": document["title"],
        "department": document["department"],
        "period": wording.period(document["kind"], document["period"]),
        "span": wording.span(document["begins"], document["ends"]),
        "as_of": wording.instant(document["as_of"]),
        "counted_until": wording.counted_until(document),
        "frozen": document["frozen"],
        "version": document["version"],
        "wrong": [each["name"] for each in document["checks"] if not each["ok"]],
        "now": now,
        "before": before,
    }


def _derived() -> Iterator[dict[str, str]]:
    for each in DERIVED.values():
        yield {"code": each.code, "name": each.name, "definition": each.definition, "source": each.source}


# --- Numbers --------------------------------------------------------------------------------------------------


def _cell(row: Json, column: Column, words: tables.Words) -> Cell:
    counts: Mapping[str, int] = row["counts"]
    if "/" not in column.code:
        return Cell(column.code, column.name, counts.get(column.code, 0))
    over, under = column.code.split("/")
    ratio = Ratio.of(row["rates"][words.indicators[column.code]["code"]])
    length = f"{min(ratio.number, 100):.1f}" if ratio.number is not None else ""
    title = "" if ratio.percent is not None else ratio.words.removeprefix("–").strip("（）")
    return Cell(
        under,
        column.name,
        counts.get(under, 0),
        ratio.said,
        (over, counts.get(over, 0)),
        length,
        title=title,
    )


def _cards(document: Json, words: tables.Words) -> Iterator[Cell]:
    """The numbers at the head, each against the period before."""
    totals = document["totals"]
    more = [
        column
        for column in words.columns(_MORE)
        if totals["counts"].get(column.code.partition("/")[2] or column.code)
        or totals["before"].get(column.code.partition("/")[2] or column.code)
    ]
    contacts = Column("contacts", words.name("contacts"), "count")
    for column in (contacts, *words.columns(_ALWAYS), *more):
        cell = _cell(totals, column, words)
        yield replace(cell, change=_change(document, cell))


def _change(document: Json, cell: Cell) -> str:
    """Against the period before: a count by what came on top, a rate by what its counts were."""
    totals, ago = document["totals"], wording.PERIODS[document["kind"]][1]
    before: Mapping[str, int] = totals["before"]
    if cell.rate:
        (over, _), under = cell.over, cell.code
        return f"{ago} {before.get(over, 0)}/{before[under]}" if before.get(under) else f"{ago}没有"
    change = totals["change"].get(cell.code)
    if change is None or change["percent"] is None:
        return f"{ago} {before.get(cell.code, 0)}"
    return f"比{ago} {change['words']}" if change["difference"] else f"与{ago}相同"


def _picture(days: Table) -> dict[str, Any] | None:
    """Columns of what came in and what was done."""
    if not days.rows:
        return None
    received, done = (
        sum(_count(row.cells[days.index(code)]) for row in days.rows) for code in ("received", "done")
    )
    said = f"受理共 {received} 件，单位办结共 {done} 件。"
    chart = Chart("days", days.title, "columns", days, ("received", "done"), 0, len(days.rows), said)
    return {"drawn": pictures.pillars(chart), "said": said}


def _count(cell: Any) -> int:
    return cell if isinstance(cell, int) else 0


def _table(given: Json, words: tables.Words) -> dict[str, Any]:
    dimension = given["dimension"]
    ranked = dimension == "department"
    columns = words.columns(_DEPARTMENT if ranked else _MATTER)
    main = "assigned" if ranked else "received"
    parents = {row["parent"] for row in given["rows"] if row["parent"]}
    rows = [
        {
            "key": row["key"],
            "name": row["name"],
            "note": row["note"],
            "rank": row.get("rank"),
            "level": 1 if row["parent"] else 0,
            "group": row["key"] in parents,
            "where": "&" + urlencode({"dimension": dimension, "key": row["key"]}),
            "cells": [_cell(row, column, words) for column in columns],
            "step": _step(row, main),
        }
        for row in (_ranked(given["rows"]) if ranked else given["rows"])
    ]
    rows = [row for row in rows if any(cell.n for cell in row["cells"])]
    return {"dimension": dimension, "name": given["name"], "columns": columns, "rows": rows, "main": main}


def _ranked(rows: Iterable[Json]) -> list[Json]:
    return sorted(rows, key=lambda row: (row["rank"] is None, row["rank"] or 0, row["key"] == ""))


def _step(row: Json, code: str) -> str:
    """How much more than in the period before, with a sign; nothing where it stayed."""
    change = row["change"].get(code)
    return f"{change['difference']:+}" if change and change["difference"] else ""


# --- Lists ----------------------------------------------------------------------------------------------------


def _list(document: Json, code: str, title: str, said: str, empty: str) -> dict[str, Any]:
    given = document["lists"][code]
    rows = [{**row, "beside": _beside(code, row)} for row in given["rows"]]
    return {
        "code": code,
        "title": title,
        "said": said,
        "empty": empty,
        "total": given["total"],
        "beyond": "以上" if given.get("more") else "",
        "withheld": given["withheld"],
        "rest": given["total"] - given["withheld"] - len(rows),
        "first": rows[:SHOWN],
        "more": rows[SHOWN:],
    }


def _beside(code: str, row: Json) -> str:
    match code:
        case "overdue":
            return f"{row['overdue']} · 应于 {wording.short_instant(row['due_at'])} 前"
        case "hot":
            return f"{row['callers']} 人反映" + (f" · {row['place']}" if row["place"] else "")
        case "supervised":
            level = LEVELS.get(row["level"], "")
            return f"{level}督办 · {wording.short_instant(row['at'])}"
        case _:
            return f"办结于 {wording.short_instant(row['at'])}"
