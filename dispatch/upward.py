"""Replies upward at the terminal (上级反馈): `hotline upward list | sent | received | returned | reconcile`.

Each of the three in the middle is the act that API and pages know, too, on the ticket as it stands.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatch import reconciling
from dispatch.desk import Desk
from dispatch.handle import perform
from dispatch.options import AsJson, DatabaseUrl, Dir
from dispatch.storage import tickets
from dispatch.storage import upward as stored
from dispatch.terminal import answer, put, say, table, writable
from rules.access import Actor
from rules.bodies import BODIES
from rules.errors import BadInput
from rules.lifecycle import STAGES
from rules.terms import CHINA, Act, Role, Stage
from rules.upward import UPWARD_STATES, UPWARD_WORDS

upward = typer.Typer(no_args_is_help=True, help="上级交办工单：反馈结果、回执、退回、对账")

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="本系统的工单编号")]
Receipt = Annotated[str, typer.Option("--receipt", help="上级给的回执号")]
Named = Annotated[str, typer.Option("--by", help="操作人姓名")]

#: What `list` shows unless more is asked for: what somebody still has to do, or wait for.
_WAITING = ("queued", "sent", "returned")


def listed(desk: Desk, states: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """The tickets whose reply upward is in one of those states, the most urgent first, as plain JSON."""
    with desk.database.reading() as tx:
        rows = stored.owed(tx, states)
    policy = desk.packs.active(now)
    return [
        {
            **{name: row[name] for name in ("number", "upper_number", "title", "stage", "upward")},
            "upward_words": UPWARD_WORDS[row["upward"]],
            "stage_words": STAGES[Stage(row["stage"])].words,
            "department": row["department"],
            "department_name": held.name
            if (held := policy.departments.get(row["department"] or ""))
            else None,
            "due_at": _iso(row["due_at"]),
            "upper_due_at": _iso(row["upper_due_at"]),
            "overdue": row["upward"] == "queued" and row["due_at"] is not None and row["due_at"] < now,
            "receipt": row["upper_receipt"],
        }
        for row in rows
    ]


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(CHINA).isoformat() if at else None


def act(
    desk: Desk, number: str, wanted: Act, said: Mapping[str, Any], by: str, now: datetime
) -> dict[str, Any]:
    """Do one of the acts in somebody's name, on the ticket as it stands. Raises as `handle.carry_out`."""
    with desk.database.reading() as tx:
        version = tickets.read(tx, number).version
    actor = Actor(by or "cli", frozenset({Role.DISPATCHER, Role.SUPERVISOR}))
    after = perform(desk, number, wanted, BODIES[wanted](**said), version, actor, now)
    return {"number": number, "stage": after.stage.value, "stage_words": STAGES[after.stage].words}


@upward.command("list")
def list_(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="上级已接收的也列出")] = False,
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> None:
    """列出待反馈、已反馈待回执、被退回的上级交办工单，最急的在前。"""
    with ctx.obj.desk(database, dir) as desk:
        data = listed(desk, UPWARD_STATES if every else _WAITING, ctx.obj.now())
    answer(json, data, lambda: _show(data))


def _show(data: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            each["number"],
            each["upper_number"] or "",
            each["upward_words"] + ("（超期）" if each["overdue"] else ""),
            (each["due_at"] or "")[:16].replace("T", " "),
            each["department_name"] or "",
            each["stage_words"],
            each["receipt"] or "",
        )
        for each in data
    ]
    table(("工单", "上级编号", "反馈", "反馈截止", "承办单位", "阶段", "回执号"), rows)


@upward.command("sent")
def sent(
    ctx: typer.Context,
    number: Number,
    receipt: Receipt = "",
    by: Named = "",
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> None:
    """记下结果已经反馈上级。"""
    with ctx.obj.desk(database, dir) as desk:
        data = act(desk, number, Act.SEND_UPWARD, {"receipt": receipt}, by, ctx.obj.now())
    answer(json, data, f"{number} 已记为反馈上级。")


@upward.command("received")
def received(
    ctx: typer.Context,
    number: Number,
    receipt: Receipt = "",
    by: Named = "",
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> None:
    """记下上级已经接收，可以写上回执号。"""
    with ctx.obj.desk(database, dir) as desk:
        said = {"accept": True, "receipt": receipt}
        data = act(desk, number, Act.SETTLE_UPWARD, said, by, ctx.obj.now())
    answer(json, data, f"{number} 上级已接收。")


@upward.command("returned")
def returned(
    ctx: typer.Context,
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="上级退回的理由")],
    by: Named = "",
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> None:
    """记下上级退回；已办结、待回访的退回重办，直接答复、不予受理的退回待派遣。"""
    with ctx.obj.desk(database, dir) as desk:
        said = {"accept": False, "reason": reason}
        data = act(desk, number, Act.SETTLE_UPWARD, said, by, ctx.obj.now())
    answer(json, data, f"{number} 上级退回，现在是“{data['stage_words']}”。")


@upward.command("reconcile")
def reconcile(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv|xlsx", help="上级平台导出的工单清单")],
    begin: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="登记日期，从这一天起")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="登记日期，到这一天止")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="把差异写成 CSV 文件")] = None,
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> int:
    """与上级的清单对账，列出差异和怎么办；只核对，不改任何工单。"""
    writable(out, "差异.csv")
    if out is not None and out.exists() and file.exists() and out.samefile(file):
        raise BadInput("差异不能写进上级的清单本身。", "请在 --out 写另一个文件名。")
    days = (begin.date() if begin else None, end.date() if end else None)
    with ctx.obj.desk(database, dir) as desk:
        data = reconciling.compare(desk, reconciling.read(file), *days)
    if out is not None:
        put(out, reconciling.exported(data))
    answer(json, data, lambda: table(reconciling.HEADER, reconciling.table_rows(data)))
    say(f"核对 {data['rows']} 行，对上 {data['matched']} 个编号，差异 {len(data['differences'])} 处。")
    if data["from"] is None:
        say(
            "没有一个编号对得上，不知道清单是哪几天的：没有核对“我方有、上级没有”，请用 --from 和 --to 写明日期。"
        )
    for each in data["rejects"]:
        say(f"第 {each['line']} 行：{each['reason']}")
    return 1 if data["differences"] or data["rejects"] else 0
