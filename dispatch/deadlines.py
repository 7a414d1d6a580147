"""What the limits of a pack come to (时限试算): deadlines and steps for a matter received at a given moment."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from dispatch.terminal import table, write
from rules import clocks
from rules.clocks import KIND_WORDS, ClockPlan
from rules.errors import BadInput
from rules.explaining_words import no_limit, why
from rules.policy import Policy
from rules.terms import (
    CHINA,
    TYPE_WORDS,
    URGENCY_WORDS,
    Budget,
    ClockKind,
    Facts,
    Happened,
    Happening,
    Stage,
    TicketType,
    Unit,
    Urgency,
)
from rules.worktime import Calendar

#: The clocks that are shown, in the order in which they matter.
KINDS = (ClockKind.DISPATCH, ClockKind.SIGN, ClockKind.FIRST_CONTACT, ClockKind.HANDLE)


def type_of(word: str) -> TicketType:
    """The type of an English or Chinese word. Raises BadInput: here a slip must not become 其他."""
    found = next((kind for kind, said in TYPE_WORDS.items() if word.strip() in (kind.value, said)), None)
    if found is None:
        raise BadInput(
            f"没有诉求类型“{word}”。",
            "可用的：" + "、".join(f"{k.value}（{w}）" for k, w in TYPE_WORDS.items()),
        )
    return found


def urgency_of(word: str) -> Urgency:
    """The urgency of an English or Chinese word. Raises BadInput."""
    found = next((each for each, said in URGENCY_WORDS.items() if word.strip() in (each.value, said)), None)
    if found is None:
        raise BadInput(
            f"没有紧急程度“{word}”。",
            "可用的：" + "、".join(f"{k.value}（{w}）" for k, w in URGENCY_WORDS.items()),
        )
    return found


def due(
    policy: Policy, calendar: Calendar, kind: TicketType, urgency: Urgency, received: datetime
) -> dict[str, Any]:
    """The clocks of contract.md's `due`, as if every earlier act happened at `received` (aware).

    A clock for which the pack sets no limit stands in `no_limit`, with the reason. `skipped` are the days up to the
    last deadline that did not count. Raises NoCalendar past the end of the table.
    """
    at = received.astimezone(CHINA)
    facts = Facts(
        number="",
        stage=Stage.HANDLING,
        type=kind,
        urgency=urgency,
        channel="phone",
        received_at=at,
        happenings=(
            Happening(Happened.RECEIVED, at, {"stage": Stage.RECEIVED}),
            Happening(Happened.DISPATCHED, at, {"stage": Stage.TO_SIGN}),
            Happening(Happened.SIGNED, at, {"stage": Stage.HANDLING}),
        ),
    )
    every = clocks.plan(facts, policy, calendar)
    plans = {each.kind: each for each in every if each.scope == clocks.WHOLE}
    shown = [plans[each] for each in KINDS if each in plans]
    last = max((each.due_at for each in shown if each.due_at), default=at)
    free = (no_limit(policy, each, kind, urgency) for each in KINDS if each not in plans)
    days = calendar.on(urgency).skipped(at, last)
    return {
        "clocks": [{**_clock(each), "why": why(each, every, facts, policy, calendar)} for each in shown],
        "skipped": [{"date": day.isoformat(), "why": reason} for day, reason in days],
        "no_limit": [each for each in free if each is not None],
    }


def _clock(plan: ClockPlan) -> dict[str, Any]:
    return {
        "kind": plan.kind.value,
        "scope": plan.scope,
        "due_at": plan.due_at.astimezone(CHINA).isoformat() if plan.due_at else None,
        "steps": [{"step": each.step, "at": each.at.astimezone(CHINA).isoformat()} for each in plan.steps],
        "provisional": plan.provisional,
    }


def workday_add(calendar: Calendar, start: datetime, amount: float) -> dict[str, Any]:
    """The instant when `amount` workdays (whole, or 0.5) from `start` are over, and the days passed over.

    Raises BadInput for another amount, NoCalendar past the end of the table.
    """
    end = calendar.add(start, Budget(amount, Unit.WORKDAYS))
    return {"due_at": end.isoformat(), **_span(calendar, start, end)}


def workdays_between(calendar: Calendar, a: datetime, b: datetime) -> dict[str, Any]:
    """Workdays after a's date up to b's, and working minutes between the two instants."""
    counted = {"workdays": calendar.workdays_between(a, b), "work_minutes": calendar.elapsed(a, b)}
    return {**counted, **_span(calendar, min(a, b), max(a, b))}


def _span(calendar: Calendar, a: datetime, b: datetime) -> dict[str, Any]:
    days: list[tuple[date, str]] = calendar.skipped(a, b)
    return {
        "skipped": [{"date": day.isoformat(), "why": why} for day, why in days],
        "provisional": calendar.touches_provisional(a, b),
    }


def rows_of(clock: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """A clock of `due` as table rows for people: its deadline, then each step."""
    rows = [(KIND_WORDS[ClockKind(clock["kind"])], "截止", clock["due_at"])]
    return rows + [("", each["step"], each["at"]) for each in clock["steps"]]


def show(data: dict[str, Any]) -> None:
    """Tell people what `due` found: a table, and the days that did not count."""
    table(("时钟", "步骤", "时刻"), [row for each in data["clocks"] for row in rows_of(each)])
    write("\n".join(in_words(data)))


def in_words(data: dict[str, Any]) -> list[str]:
    """What people should know of such a result besides its instants: the days that did not count, what is provisional."""
    words = []
    for each in data.get("clocks", ()):
        words += [
            f"{KIND_WORDS[ClockKind(each['kind'])]}：{each['why']['words']}",
            f"  依据：{each['why']['basis']}",
        ]
    words += [each["words"] for each in data.get("no_limit", ())]
    if data["skipped"]:
        words.append("不计的日子：" + "、".join(f"{each['date']} {each['why']}" for each in data["skipped"]))
    if data.get("provisional") or any(each["provisional"] for each in data.get("clocks", ())):
        words.append("暂定：涉及的年份还没有节假日通知，只按周末推算。")
    return words
