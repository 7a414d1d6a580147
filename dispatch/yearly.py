"""The commands on the calendar (日历命令): a year's notice is loaded, previewed and applied, and what is known is shown."""

import time
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatch import packs, recalculating
from dispatch.anew import Found
from dispatch.desk import Desk
from dispatch.options import AsJson, DatabaseUrl, Dir
from dispatch.reporting import Means
from dispatch.storage import calendars
from dispatch.storage.tables import CalendarNotice
from dispatch.terminal import answer, bar, say, table, write
from rules.calendar import WEEKDAY_WORDS, YearFile, parse_year
from rules.clocks import KIND_WORDS, WHOLE
from rules.errors import BadInput
from rules.succession import Asked
from rules.terms import CHINA, ClockKind

calendar = typer.Typer(no_args_is_help=True, help="节假日安排")

#: So many processes recompute unless told otherwise: what two cores can do beside their other work.
PROCESSES = 2

_WAY_WORDS = {"later": "推后", "earlier": "提前", "same": "不变"}


@calendar.command("load")
def load(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="一年的放假通知，格式同 rules/calendars")],
    yes: Annotated[bool, typer.Option("--yes", help="真的载入并重算；不写只预览")] = False,
    shorten: Annotated[
        str, typer.Option(metavar="REASON", help="按新日历会提前的也改，写明理由；缺省保持原来的承诺")
    ] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="谁决定提前，和 --shorten 一起写")] = "",
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="几个进程一起重算；SQLite 只用一个")
    ] = PROCESSES,
    database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False,
) -> None:  # fmt: skip
    """载入一年的放假通知，重算暂定的时限：先看预览，再加 --yes；中断后再运行一次会接着做。"""
    if bool(shorten.strip()) != bool(by.strip()):
        raise BadInput("提前时限要同时写明理由和决定人：--shorten 理由 --by 姓名。")
    means: Means = ctx.obj
    notice = recalculating.read_notice(file)
    with means.desk(database, dir) as desk:
        if yes:
            kept = recalculating.keep(desk, notice, by or "cli", means.now())
            data = _apply(desk, kept, by or "cli", shorten.strip(), means, processes)
        else:
            say("正在预览…")
            found = recalculating.preview(desk, notice, lambda n: say(f"已看 {n} 张工单…"))
            data = _told(found, notice.year.year, applied=False)
    answer(json, data, lambda: _show(data))


def _apply(
    desk: Desk, notice: CalendarNotice, actor: str, reason: str, means: Means, processes: int
) -> dict[str, Any]:
    """Recompute with a bar; first the other processes are given the time in which they hear of the notice."""
    say("等各进程用上新日历…")
    time.sleep(packs.FRESH.total_seconds() + 1)
    with desk.database.reading() as tx:
        total = calendars.how_many_wait(tx, "" if notice.done_at else notice.next)
    with bar("重算", total) as done:
        tell: Callable[[int], None] = lambda n: done(n, f"重算 {n} 张工单")  # noqa: E731
        found = recalculating.recompute(desk, notice, actor, means.now, tell, reason, processes)
    return _told(found, notice.year, applied=True, shortened=bool(reason))


def _told(found: Found, year: int, applied: bool, shortened: bool = False) -> dict[str, Any]:
    return {
        "year": year,
        "applied": applied,
        "tickets": found.tickets,
        "clocks": sum(found.ways.values()),
        **{way: found.ways[way] for way in _WAY_WORDS},
        "shortened": found.ways["earlier"] if shortened else 0,
        "largest": _rows(found.largest),
        "kept": [] if shortened else _rows(found.earlier),
    }


def _rows(asked: Iterable[tuple[str, Asked]]) -> list[dict[str, Any]]:
    return [
        {
            "ticket": number,
            "clock": each.kind,
            "scope": each.scope,
            "promised": each.was.astimezone(CHINA).isoformat(),
            "asked": each.asked.astimezone(CHINA).isoformat(),
            "way": each.way,
        }
        for number, each in asked
    ]


def _show(data: dict[str, Any]) -> None:
    done = "已重算" if data["applied"] else "预览（什么也没有改动，加 --yes 才载入）"
    write(f"{data['year']} 年放假通知，{done}：{data['tickets']} 张工单，{data['clocks']} 个暂定时限。")
    table(tuple(_WAY_WORDS.values()), [tuple(data[way] for way in _WAY_WORDS)])
    if data["largest"]:
        write("变化最大的：")
        _table(data["largest"])
    if data["shortened"]:
        write(f"已按决定提前 {data['shortened']} 个时限，理由记入工单。")
    elif data["earlier"]:
        write(
            f"其中 {data['earlier']} 个按新日历会提前：已承诺的时间不变，请逐件决定（--shorten 理由 --by 姓名）："
        )
        _table(data["kept"])


def _table(rows: list[dict[str, Any]]) -> None:
    heads = ("工单", "时钟", "承办单位", "原来", "按新日历", "")
    table(
        heads,
        [
            (
                each["ticket"],
                KIND_WORDS[ClockKind(each["clock"])],
                "" if each["scope"] == WHOLE else each["scope"],
                each["promised"][:16].replace("T", " "),
                each["asked"][:16].replace("T", " "),
                _WAY_WORDS[each["way"]],
            )
            for each in rows
        ],
    )


@calendar.command("show")
def show(
    ctx: typer.Context,
    year: Annotated[int | None, typer.Argument(metavar="YEAR", help="只看这一年的日子")] = None,
    database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False,
) -> None:  # fmt: skip
    """系统在用的放假安排：随程序来的，和后来载入的。"""
    means: Means = ctx.obj
    with means.desk(database, dir) as desk, desk.database.reading() as tx:
        loaded = {packs.file_of(each.year, each.region): each for each in calendars.loaded(tx)}
        texts = {**packs.calendar_files(), **{name: each.content for name, each in loaded.items()}}
        known = {name: parse_year(name, text) for name, text in texts.items()}
        rows = [
            _year(known[name], loaded.get(name))
            for name in sorted(known, key=lambda name: (known[name].region, known[name].year))
            if year in (None, known[name].year)
        ]
    if year is not None and not rows:
        raise BadInput(
            f"没有 {year} 年的放假通知，时限只按周末推算。", hint="hotline calendar load FILE.toml"
        )
    answer(json, {"years": rows}, lambda: _show_years(rows, in_full=year is not None))


def _year(found: YearFile, notice: CalendarNotice | None) -> dict[str, Any]:
    newest = found.notices[-1]
    return {
        "year": found.year,
        "region": found.region or None,
        "title": newest.title,
        "number": newest.number or None,
        "source": newest.source,
        "off": [{"date": day.isoformat(), "why": why} for day, why in sorted(found.off.items())],
        "make_up": [{"date": day.isoformat(), "why": why} for day, why in sorted(found.make_up.items())],
        "loaded": None
        if notice is None
        else {
            "by": notice.actor,
            "at": notice.at.astimezone(CHINA).isoformat(),
            "done_at": notice.done_at.astimezone(CHINA).isoformat() if notice.done_at else None,
            "counted": notice.counted,
        },
    }


def _show_years(rows: list[dict[str, Any]], in_full: bool) -> None:
    heads = ("年份", "地区", "通知", "放假", "调休上班", "来历")
    table(
        heads,
        [
            (
                each["year"],
                each["region"] or "全国",
                each["title"],
                f"{len(each['off'])} 天",
                f"{len(each['make_up'])} 天",
                _origin(each["loaded"]),
            )
            for each in rows
        ],
    )
    for each in rows if in_full else ():
        days = [(day["date"], "放假", day["why"]) for day in each["off"]]
        days += [(day["date"], "上班", f"{day['why']}调休上班") for day in each["make_up"]]
        table(("日期", "", "星期", "事由"), [(d, what, _weekday(d), why) for d, what, why in sorted(days)])


def _weekday(day: str) -> str:
    return WEEKDAY_WORDS[date.fromisoformat(day).weekday()]


def _origin(loaded: dict[str, Any] | None) -> str:
    if loaded is None:
        return "随程序提供"
    done = "" if loaded["done_at"] else "，重算未完，请再运行一次 hotline calendar load"
    return f"{loaded['by']} {loaded['at'][:16].replace('T', ' ')} 载入{done}"
