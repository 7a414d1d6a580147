"""Who is told at once and who once a day (每日摘要): leaders hear of urgent, repeated and mass matters, the rest waits."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rules.policy import Policy
from rules.terms import CHINA, Urgency
from rules.worktime import Calendar

#: Lines of a digest that are told in full; the rest is in the work list.
_MOST_LINES = 50


def waits(receiver: str, urgency: Urgency, complaints: int, linked: int, policy: Policy) -> bool:
    """Whether `receiver` hears of a ticket in the daily digest only.

    `complaints` is the ticket's count, `linked` how many other callers' tickets look like the same matter.
    """
    pressing = urgency is not Urgency.NORMAL or complaints > 1 or linked + 1 >= policy.digest.mass
    return receiver in policy.digest.receivers and not pressing


def next_digest(policy: Policy, calendar: Calendar, now: datetime) -> datetime:
    """The next instant at which digests go out: the pack's minute of a workday, today's while it lies ahead."""
    local = now.astimezone(CHINA)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + timedelta(minutes=policy.digest.minute)
    while at <= local or not calendar.is_workday(at.date()):
        at += timedelta(days=1)
    return at


def words(day: datetime, lines: Sequence[tuple[str, str]]) -> str:
    """One digest: how many tickets, and a line for each (number, words)."""
    head = f"{day.astimezone(CHINA):%m月%d日}督办摘要，共 {len(lines)} 件。"
    shown = [f"{number}：{said}" for number, said in lines[:_MOST_LINES]]
    rest = [f"另有 {len(lines) - _MOST_LINES} 件见督办列表。"] if len(lines) > _MOST_LINES else []
    return "\n".join([head, *shown, *rest])
