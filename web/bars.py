"""The time bar (时限条): how much of a promise is used, drawn, with the words beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.view import Row, Standing, View, standing
from rules.clocks import KIND_WORDS, WHOLE
from rules.terms import CHINA, ClockKind, Unit
from rules.wording import STATE_WORDS, UNIT_WORDS
from web.show import department_name
from web.words import LEVEL_WORDS

_RUNNING = ("armed", "paused", "held", "history")
_HALF = 0.5
_SOON = 0.8

_STEP_WORDS = {
    "warn": "预警",
    "breach": "超期",
    "supervise": "督办",
    "call_duty": "通知值班",
    "sign": "自动签收",
    "resume": "复核",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One clock for the page: percentages from 0 to 100, and a tone that always has words beside it."""

    kind: str
    state: str
    used: float
    pauses: Sequence[tuple[float, float]]
    ticks: Sequence[float]
    tone: str
    words: str
    due: str
    limit: str
    rule: str
    clause: str
    provisional: bool
    why: str
    basis: str
    steps: Sequence[tuple[str, str, bool]]


def bars(view: View, now: datetime) -> list[Bar]:
    """A bar for the newest generation of each clock, running ones first; a leg timed as the ticket is has none."""
    newest: dict[tuple[str, str], Row] = {}
    for row in view.clocks:
        newest[row["kind"], row["scope"]] = row
    shown = [row for row in newest.values() if not _as_the_ticket(row, newest)]
    ordered = sorted(shown, key=lambda row: (row["state"] not in _RUNNING, row["started_at"]))
    return [_bar(row, view, now) for row in ordered]


def _as_the_ticket(row: Row, newest: Mapping[tuple[str, str], Row]) -> bool:
    whole = newest.get((row["kind"], WHOLE))
    return (
        row["scope"] != WHOLE
        and whole is not None
        and (row["due_at"], row["state"]) == (whole["due_at"], whole["state"])
    )


def _bar(row: Row, view: View, now: datetime) -> Bar:
    stands, why = standing(row, view, now), view.whys.get(row["id"])
    return Bar(
        kind=kind_words(row, view),
        state=STATE_WORDS[row["state"]],
        used=round(100 * min(1.0, stands.used), 1) if stands else 0.0,
        pauses=[(round(100 * a, 1), round(100 * max(0.0, b - a), 1)) for a, b in stands.pauses]
        if stands
        else (),
        ticks=[round(100 * each, 1) for each in stands.ticks] if stands else (),
        tone=_tone(row, stands, now),
        words=_words(row, stands, now, view),
        due=day_and_time(row["due_at"], now) if row["due_at"] else "",
        limit=_limit(row),
        rule=row["rule"],
        clause=row["clause"],
        provisional=row["provisional"],
        why=why["words"] if why else "",
        basis=why["basis"] if why else "",
        steps=[_step(row, each, view, now) for each in row["ladder"]],
    )


def kind_words(row: Row, view: View) -> str:
    """What is timed, and of a leg for whom."""
    words = KIND_WORDS[ClockKind(row["kind"])]
    return words if row["scope"] == WHOLE else f"{words} · {department_name(view.policy, row['scope'])}"


def _limit(row: Row) -> str:
    if row["unit"] is None:
        return ""
    return f"{row['amount']:g} {UNIT_WORDS[Unit(row['unit'])]}"


def _step(row: Row, step: dict[str, Any], view: View, now: datetime) -> tuple[str, str, bool]:
    words = _STEP_WORDS.get(step["action"], step["action"])
    if step["level"]:
        words = f"{LEVEL_WORDS.get(step['level'], step['level'])}级督办"
    fired = any(each["clock"] == row["id"] and each["step"] == step["step"] for each in view.events)
    return words, day_and_time(datetime.fromisoformat(step["at"]), now), fired


def _tone(row: Row, stands: Standing | None, now: datetime) -> str:
    if row["state"] == "cancelled":
        return "over" if _was_missed(row) else "done"
    if row["state"] == "met":
        missed = row["due_at"] is not None and row["stopped_at"] > row["due_at"]
        return "over" if missed else "done"
    if stands is None:
        return "calm"
    if stands.left < 0 or (row["state"] == "armed" and row["due_at"] < now):
        return "over"
    return "soon" if stands.used >= _SOON else "half" if stands.used >= _HALF else "calm"


def _was_missed(row: Row) -> bool:
    """Whether a clock that was called off had run out before: what was missed does not become "cancelled"."""
    return row["due_at"] is not None and row["stopped_at"] is not None and row["stopped_at"] >= row["due_at"]


def _words(row: Row, stands: Standing | None, now: datetime, view: View) -> str:
    if row["state"] == "cancelled":
        return "到期未完成" if _was_missed(row) else "已取消"
    if row["state"] == "met":
        late = row["due_at"] is not None and row["stopped_at"] > row["due_at"]
        return f"{'超期' if late else '按时'}完成 · {day_and_time(row['stopped_at'], now)}"
    if row["due_at"] is None:
        return STATE_WORDS[row["state"]]
    due = day_and_time(row["due_at"], now)
    if stands is None:
        return f"{due} 复核"
    left = _span(abs(stands.left), stands.in_work, view)
    if stands.left < 0 or (row["due_at"] < now and row["state"] == "armed"):
        return f"已超期 {left} · 应于 {due} 前"
    return f"还剩 {left} · {due} 前"


def _span(minutes: float, in_work: bool, view: View) -> str:
    """`1 个工作日 3 小时`; of work a day is as long as the office hours of the ticket's rules."""
    day = sum(each.end - each.start for each in view.policy.windows) if in_work else 24 * 60
    whole = int(minutes)
    days, rest = divmod(whole, day) if day else (0, whole)
    hours, minute = divmod(rest, 60)
    parts = [f"{days} {'个工作日' if in_work else '天'}"] if days else []
    parts += [f"{hours} 小时"] if hours else []
    parts += [f"{minute} 分钟"] if minute and not days else []
    return " ".join(parts) or "不到 1 分钟"


def day_and_time(at: datetime, now: datetime) -> str:
    """As people say it: 今天 17:30, 明天 09:00, 10月13日 周二 17:30; the year where it is another one."""
    local, today = at.astimezone(CHINA), now.astimezone(CHINA).date()
    away = (local.date() - today).days
    near = {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"}.get(away)
    if near:
        return f"{near} {local:%H:%M}"
    year = f"{local.year}年" if local.year != today.year else ""
    return f"{year}{local.month}月{local.day}日 周{'一二三四五六日'[local.weekday()]} {local:%H:%M}"
