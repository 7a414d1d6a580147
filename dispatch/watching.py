"""The commands of those who keep watch (值守命令): `hotline ticker` and `hotline audit`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from dispatch import audit as auditor
from dispatch import watch
from dispatch.audit import REPAIRS, Findings
from dispatch.desk import Desk
from dispatch.options import AsJson, DatabaseUrl, Dir, RedisUrl
from dispatch.reporting import Means
from dispatch.storage import clocks
from dispatch.storage import watch as stored
from dispatch.terminal import answer, table, write
from rules.clocks import KIND_WORDS
from rules.terms import CHINA, ClockKind

#: Tickets named one by one after a pass; all of them have it in their history.
_SHOWN = 100


def ticker(ctx: typer.Context, database: DatabaseUrl = None, redis: RedisUrl = None, dir: Dir = None) -> None:
    """到点提醒、超期督办。PostgreSQL 上可以同时运行几个；SQLite 上第二个等第一个退出后接替。"""
    means: Means = ctx.obj
    with means.desk(database, dir, redis, ring=True) as desk:
        means.tick(desk)


def audit(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="只核查一遍")] = False,
    every: Annotated[float, typer.Option(min=1, max=3600, help="每隔多少秒核查一遍")] = 60,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="已核对本机时间无误：从现在的时间算起")
    ] = False,
    database: DatabaseUrl = None, redis: RedisUrl = None, dir: Dir = None, json: AsJson = False,
) -> int:  # fmt: skip
    """核查：重算临近到点的和一部分未办结工单的时钟，修复不一致的；不改已作出的时限承诺。"""
    means: Means = ctx.obj
    with means.desk(database, dir, redis, ring=True) as desk:
        if trust_clock:
            watch.trust(desk, means.now())
        if not (once or json):
            means.audit(desk, every)
            return 0
        now = means.now()
        back = watch.setback(desk.database, now, desk.tolerance, server=True)
        found = None if back else auditor.audit(desk, now)
        data = told(desk, found, now, back.words if back else None)
    answer(json, data, lambda: _show(data))
    return 1 if back or data["repaired"] or data["failed"] else 0


def told(desk: Desk, found: Findings | None, now: datetime, clock: str | None) -> dict[str, Any]:
    """One pass as data; `found` None where there was none, because of what `clock` says."""
    with desk.database.reading() as tx:
        oldest, repairs = clocks.oldest(tx), stored.repairs(tx)
    overdue = oldest if oldest and oldest["next_at"] <= now else None
    pass_ = found or Findings()
    return {
        "ok": clock is None and not pass_.repaired and not pass_.failed,
        "clock": clock,
        "looked": pass_.looked,
        "near_due": pass_.near,
        "repairs": pass_.repairs,
        "repaired": [
            {"ticket": number, "what": list(kinds), "words": "；".join(REPAIRS[kind] for kind in kinds)}
            for number, kinds in pass_.repaired[:_SHOWN]
        ],
        "failed": pass_.failed,
        "repairs_so_far": dict(repairs.by_kind),
        "oldest_overdue_step": _step(overdue, now) if overdue else None,
    }


def _step(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    due = row["next_at"]
    return {
        "ticket": row["ticket"], "kind": row["kind"], "scope": row["scope"],
        "at": due.astimezone(CHINA).isoformat(), "seconds": (now - due).total_seconds(),
    }  # fmt: skip


def _show(data: Mapping[str, Any]) -> None:
    if data["clock"]:
        write(data["clock"])
        write(watch.MEND)
    else:
        write(
            f"核查了 {data['looked']} 件工单，其中 {data['near_due']} 件临近到点；修复 {len(data['repaired'])} 件。"
        )
    if data["repaired"]:
        table(("工单", "修复"), [(each["ticket"], each["words"]) for each in data["repaired"]])
    if data["failed"]:
        write(f"没能核查 {len(data['failed'])} 件，原因见日志：{'、'.join(data['failed'][:5])}")
    if oldest := data["oldest_overdue_step"]:
        what = KIND_WORDS[ClockKind(oldest["kind"])]
        write(f"迟得最久的一步：工单 {oldest['ticket']} 的{what}，已迟 {oldest['seconds'] / 60:.0f} 分钟。")
