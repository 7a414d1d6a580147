"""The simulator's command (仿真命令): a fresh desk, months of invented tickets in virtual time, and a reckoning at the end."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from dispatch import install, settings
from dispatch.desk import open_desk
from dispatch.options import AsJson
from dispatch.settings import Settings
from dispatch.simulation.client import Client, Told
from dispatch.simulation.matters import Volume
from dispatch.simulation.months import Months
from dispatch.simulation.reckoning import Found, reckon
from dispatch.simulation.works import Apart, Here, quiet
from dispatch.storage import counts, migrate
from dispatch.storage import reckoning as stored
from dispatch.storage.database import Database
from dispatch.terminal import answer, bar, say, table
from rules.errors import BadInput
from rules.terms import CHINA

#: A Monday of a year whose holidays are known; two holidays lie in the weeks that follow.
FIRST = date(2026, 3, 2)
#: The share of transactions that are cut: many in a short run, enough in a long one.
_CUT_SHORT, _CUT_LONG, _SHORT = 1 / 30, 1 / 400, 500
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that is over: the figures of contract.md, what is wrong, what clients were told, when it ended."""

    figures: dict[str, Any]
    found: Found
    told: Told
    until: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be simulated; `database` None is a temporary SQLite file, `told` where told lines go."""

    pack: str
    volume: Volume
    database: str | None = None
    told: Path | None = None
    crash: bool = False


def simulate(
    pack: Annotated[str, typer.Option(help="规则包：名字或文件夹")] = install.DEFAULT_PACK,
    days: Annotated[int, typer.Option(min=1, max=366, help="有新工单的天数")] = 7,
    per_day: Annotated[int, typer.Option(min=1, help="平均每天的新工单，重复来电另计")] = 50,
    seed: Annotated[int, typer.Option(help="同样的种子，同样的结果")] = 0,
    database: Annotated[
        str | None, typer.Option(help="空的数据库，缺省用临时文件，用后删除；不看 HOTLINE_DATABASE_URL")
    ] = None,
    told: Annotated[Path | None, typer.Option(help="告知过来电人和经办人的每一件事，逐行写成 JSON")] = None,
    crash: Annotated[bool, typer.Option("--crash", help="在提交前后随机中断，并多次强行终止子进程")] = False,
    json: AsJson = False,
) -> int:
    """在虚拟时间里驱动真实的受理、派单、办理和督办，最后逐件核对：不丢、不重、不漏。"""
    order = Order(pack, Volume(FIRST, days, per_day, seed), database, told, crash)
    quiet()
    ran = run(order)
    found = ran.found
    for words, faults in (("丢失", found.lost), ("重复", found.doubled), ("漏办", found.missed)):
        for fault in faults[:_SHOWN]:
            say(f"{words}：{fault}")
    answer(json, ran.figures, lambda: table(("项目", "结果"), list(ran.figures.items())))
    return 0 if found.sound else 1


def run(order: Order) -> Ran:
    """Simulate and reckon.

    Raises BadInput for a database that holds tickets or for a pack that cannot be used, and what storage raises.
    """
    begun = time.monotonic()
    with ExitStack() as held:
        held.enter_context(_stoppable())
        out = held.enter_context(order.told.open("w", encoding="utf-8")) if order.told else None
        found = held.enter_context(_prepared(order))
        crashes, client, until = _live(found, order, out)
        with closing((desk := open_desk(found, os.urandom)).database), desk.database.reading() as tx:
            wrong = reckon(desk, client.told, until)
            figures: dict[str, Any] = {
                "tickets": counts.tickets(tx),
                "requests": counts.requests(tx),
                **stored.counts(tx),
                "ladder_levels": counts.ladder_levels(tx),
            }
    told_of = {"lost": len(wrong.lost), "doubled": len(wrong.doubled), "missed": len(wrong.missed)}
    by_run = {"refused": sum(client.refused.values()), **crashes, "seed": order.volume.seed}
    figures |= {**told_of, **by_run, "seconds": round(time.monotonic() - begun, 1)}
    return Ran(figures, wrong, client.told, until)


def _live(found: Settings, order: Order, out: TextIO | None) -> tuple[Mapping[str, int], Client, datetime]:
    """Let the months happen; how often the desk was cut and killed, who was told what, and when it ended."""
    volume = order.volume
    rate = _CUT_SHORT if volume.days * volume.per_day < _SHORT else _CUT_LONG
    passing = order.database is None
    asking = Apart(found, volume.seed, rate, passing) if order.crash else Here(found, passing)
    with closing((desk := open_desk(found, os.urandom)).database):
        terms = desk.packs.of(desk.packs.active(_begin(volume)).hash)
    try:
        client = Client(asking, volume.seed, out)
        with bar("仿真", volume.days) as show:
            months = Months(client, terms, volume, order.crash, show)
            months.run()
    finally:
        asking.close()
    crashes = {"cuts": asking.cuts, "kills": asking.kills} if isinstance(asking, Apart) else {}
    return crashes, client, months.end


def _begin(volume: Volume) -> datetime:
    return datetime.combine(volume.first, datetime.min.time(), CHINA)


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: what is temporary is removed."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _prepared(order: Order) -> Iterator[Settings]:
    """A desk on an empty database; a temporary one is removed afterwards. Raises BadInput for one that is in use."""
    with tempfile.TemporaryDirectory(prefix="hotline-simulate-") as folder:
        if order.database is None:
            found = settings.read({}, dir=folder)
        else:
            found = settings.read({}, database=order.database)
            _require_empty(found)
        install.init(found, order.pack, os.urandom, _begin(order.volume))
        yield found


def _require_empty(found: Settings) -> None:
    opened = Database(found.database_url)
    try:
        if opened.is_sqlite and not Path(opened.url.database or "").exists():
            return
        if migrate.current(opened) is None:
            return
        with opened.reading() as tx:
            if counts.tickets(tx):
                raise BadInput("这个数据库里已有工单，不能用来仿真。", "请用 --database 指定一个空的数据库。")
    finally:
        opened.close()
