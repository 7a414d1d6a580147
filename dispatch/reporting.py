"""The commands on figures (统计命令): `hotline report`, and counting everything again."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatch import counting, drill, figures
from dispatch.desk import Desk
from dispatch.options import DatabaseUrl, DepartmentWord, Dir
from dispatch.storage import figures as stored
from dispatch.terminal import answer, put, say, table, writable, write
from reports.writers import FORMATS, written
from rules.access import SYSTEM
from rules.errors import BadInput
from rules.measures import MEASURES

counts = typer.Typer(no_args_is_help=True, help="统计：核对、重算")

#: Measures in the table that people see on a terminal.
_SHOWN = ("assigned", "due", "on_time", "late", "open", "returned", "redone")
_RATES = ("on_time_rate", "response_rate", "solved_rate", "satisfied_rate")


@dataclass(frozen=True, slots=True)
class Means:
    """What a command of another module needs of the door: how to open the desk, the clock, and the loops."""

    desk: Callable[..., AbstractContextManager[Desk]]
    now: Callable[[], datetime]
    tick: Callable[[Desk], None]
    audit: Callable[[Desk, float], None]


def report(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="week|month|quarter|year")],
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="2026-W47、2026-11、2026-Q4、2026")],
    department: DepartmentWord = None,
    format: Annotated[str | None, typer.Option(help="json、html、xlsx、docx；缺省在终端列表")] = None,
    out: Annotated[Path | None, typer.Option(help="写到这个文件")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="第几版，缺省最新一版")] = None,
    live: Annotated[bool, typer.Option("--live", help="不看定稿，按此刻的数重算")] = False,
    freeze: Annotated[bool, typer.Option("--freeze", help="定稿；数字和上一版不同的，出更正版")] = False,
    reason: Annotated[str, typer.Option(help="更正的原因")] = "",
    database: DatabaseUrl = None, dir: Dir = None,
) -> int:  # fmt: skip
    """周报、月报、季报、年报：已定稿的给定稿，没有定稿的按此刻的数。"""
    means: Means = ctx.obj
    writable(out)
    wanted = _format(format, out)
    if freeze and (department or live or version):
        raise BadInput("定稿的是全县的报表，不能和 --department、--live、--version 一起用。")
    with means.desk(database, dir) as desk:
        if freeze:
            asked = figures.period_of(desk, kind, period, means.now())
            counting.catch_up(desk, lambda n: say(f"已统计 {n} 件有变化的工单…"))
            found = figures.freeze(desk, asked, means.now(), "cli", reason)
        else:
            found = figures.asked(desk, kind, period, means.now(), department, version, live)
        found = drill.veiled(desk, SYSTEM, found, means.now())
    _give(found, wanted, out)
    wrong = [each for each in found["checks"] if not each["ok"]]
    for each in wrong:
        say(f"核对不符：{each['words']}")
    return 1 if wrong else 0


def _format(format: str | None, out: Path | None) -> str | None:
    wanted = format or (out.suffix.lstrip(".").lower() if out and out.suffix else None)
    if out is not None and wanted is None:
        wanted = "json"
    if wanted is not None and wanted not in FORMATS:
        raise BadInput(f"没有“{wanted}”这种格式。", hint=f"可以写：{'、'.join(FORMATS)}。")
    return wanted


def _give(document: Mapping[str, Any], format: str | None, out: Path | None) -> None:
    if format is None:
        _show(document)
    elif format == "json" and out is None:
        answer(True, document, "")
    else:
        path = out or Path(f"{document['title']}-{document['period']}.{format}".replace("/", "_"))
        put(path, written(document, format))


def standing(document: Mapping[str, Any]) -> str:
    """Whether a document was given out, as which version."""
    version = document["version"]
    return "未定稿" if version is None else f"第{version}版" + ("（更正）" if version > 1 else "")


def _show(document: Mapping[str, Any]) -> None:
    whose = document["department"]["name"] + " " if document["department"] else ""
    write(f"{document['title']} {whose}{document['period']}（{document['begins']} 至 {document['ends']}）")
    write(f"{standing(document)}，数据截至 {document['as_of']}，到期类指标计到 {document['counted_until']}")
    totals = document["totals"]
    rows = [(_named(code), n, _change(totals, code)) for code, n in totals["counts"].items()]
    table(("指标", "本期", "比上期"), rows)
    rates = [
        (each["name"], totals["rates"][each["code"]]["words"], each["definition"])
        for each in document["indicators"]
    ]
    table(("率", "本期", "口径"), rates)
    departments = next(each for each in document["tables"] if each["dimension"] == "department")
    names = {each["code"]: each["name"] for each in document["indicators"]}
    shown = [code for code in _RATES if code in names]
    headers = ("承办单位", *(_named(code) for code in _SHOWN), *(names[code] for code in shown))
    table(headers, [_line(row, shown) for row in departments["rows"]])


def _change(totals: Mapping[str, Any], code: str) -> str:
    change = totals["change"].get(code)
    return str(change["words"]) if change else ""


def _named(code: str) -> str:
    return "在办" if code == "open" else MEASURES[code].name


def _line(row: Mapping[str, Any], rates: list[str]) -> list[object]:
    return [
        row["name"], *(row["counts"].get(code, 0) for code in _SHOWN), *(row["rates"][code]["words"] for code in rates)
    ]  # fmt: skip


@counts.command("rebuild")
def rebuild(ctx: typer.Context, database: DatabaseUrl = None, dir: Dir = None) -> None:
    """清空日计数，从事件把每件工单重新统计一遍；做完以前报表偏小。"""
    with ctx.obj.desk(database, dir) as desk:
        total = counting.rebuild(desk, lambda n: say(f"已统计 {n} 件…"))
    write(f"已重新统计 {total} 件工单。")


@counts.command("check")
def check(ctx: typer.Context, database: DatabaseUrl = None, dir: Dir = None) -> int:
    """核对日计数与计数明细：有不同的列出来。"""
    with ctx.obj.desk(database, dir) as desk:
        counting.catch_up(desk)
        with desk.database.reading() as tx:
            off = stored.recount(tx)
    rows = [
        (day, dimension, key, _named(code), one, other)
        for (day, dimension, key), wrong in sorted(off.items())
        for code, (one, other) in wrong.items()
    ]
    if rows:
        table(("日期", "维度", "键", "指标", "日计数", "重算"), rows)
    write(f"{len(rows)} 处不同。" if rows else "日计数与明细一致。")
    return 1 if rows else 0
