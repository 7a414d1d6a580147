"""The commands on time (时限命令): due dates and workdays, from packs and calendars alone, without a database."""

from typing import Annotated

import typer

from dispatch import deadlines, packs
from dispatch.options import AsJson
from dispatch.terminal import answer
from intake.times import parse_time
from rules import policy

workday = typer.Typer(no_args_is_help=True, help="工作日")


def due(
    pack: Annotated[str, typer.Option(help="规则包：名字或文件夹")],
    type: Annotated[str, typer.Option(help="诉求类型，例如 complain 或 投诉")],
    received: Annotated[str, typer.Option(help="受理时间")],
    urgency: str = "normal", json: AsJson = False,
) -> None:  # fmt: skip
    """试算各项时限和提醒时刻。"""
    found = policy.parse(packs.read_folder(pack))
    terms = (packs.calendar_of(found), deadlines.type_of(type), deadlines.urgency_of(urgency))
    data = deadlines.due(found, *terms, parse_time(received)[0])
    answer(json, data, lambda: deadlines.show(data))


@workday.command("add")
def workday_add(at: Annotated[str, typer.Argument(metavar="TIME")], n: float, json: AsJson = False) -> None:
    """从某一时刻起第 N 个工作日何时届满，N 可以是 0.5。"""
    data = deadlines.workday_add(packs.national_calendar(), parse_time(at)[0], n)
    answer(json, data, "\n".join([data["due_at"], *deadlines.in_words(data)]))


@workday.command("between")
def workday_between(a: str, b: str, json: AsJson = False) -> None:
    """两个时刻之间有几个工作日。"""
    data = deadlines.workdays_between(packs.national_calendar(), parse_time(a)[0], parse_time(b)[0])
    answer(json, data, "\n".join([f"{data['workdays']} 个工作日", *deadlines.in_words(data)]))
