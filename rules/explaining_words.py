"""A deadline's reasons in words and as plain data (时限说明用语): one sentence that is taken in at a glance."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from rules.calendar import WEEKDAY_WORDS
from rules.clocks import KIND_WORDS, WHOLE, ClockPlan
from rules.clockwork import SIGNS, UPPER
from rules.evidence_words import budget_words, length
from rules.explaining import ON_THE_WALL, Change, Days, Explanation, explain, without_limit
from rules.policy import Policy
from rules.terms import (
    CHINA,
    TYPE_WORDS,
    URGENCY_WORDS,
    Budget,
    ClockKind,
    Facts,
    Happened,
    TicketType,
    Unit,
    Urgency,
)
from rules.wording import EVENT_WORDS
from rules.worktime import Calendar

#: So many weekends are named one by one; more are counted.
_FEW_WEEKENDS = 3
_JOINED = {Happened.ASSISTED: "协办", Happened.DELEGATED: "下派"}
_WEEKEND = ("周六", "周日", "周末")


def why(
    plan: ClockPlan,
    plans: Sequence[ClockPlan],
    facts: Facts,
    policy: Policy,
    calendar: Calendar,
    promised: datetime | None = None,
) -> dict[str, Any]:
    """The explanation of one deadline as plain JSON; `promised` is what the clock's row says, where one is stored.

    Raises NoCalendar beyond the table.
    """
    found = explain(plan, plans, facts, policy, calendar)
    older = promised is not None and promised != plan.due_at
    said = _Words(found, facts, policy)
    return {
        "words": said.sentence(promised if older else None),
        "basis": said.basis(),
        "from": {
            "at": _iso(plan.started_at),
            "event": found.cause.kind.value if found.cause else None,
            "words": EVENT_WORDS[found.cause.kind] if found.cause else None,
            "counted_from": _iso(found.counted_from),
            "runs_from": _iso(found.runs_from),
        },
        "limit": None if plan.budget is None else _limit(plan.budget, found.redo),
        "rule": {"id": plan.rule, "clause": plan.clause, "pack": policy.name, "title": policy.title},
        "skipped": [_days(each) for each in found.skipped],
        "worked": [{"date": day.isoformat(), "why": note} for day, note in found.worked],
        "changes": [_change(each) for each in found.changes],
        "first_due_at": _iso(found.first_due_at),
        "due_at": _iso(plan.due_at),
        "promised_at": _iso(promised) if older else None,
        "adds_up": found.adds_up,
        "provisional": plan.provisional,
    }


def no_limit(policy: Policy, clock: ClockKind, kind: TicketType, urgency: Urgency) -> dict[str, Any] | None:
    """That a clock has no limit, and by which row; None where it has one."""
    row = without_limit(policy, clock, kind, urgency)
    if row is None:
        return None
    rule, clause = row
    words = f"{TYPE_WORDS[kind]}件（{URGENCY_WORDS[urgency]}）不设{KIND_WORDS[clock]}"
    basis = f"，依据：{clause}" if clause else "：规则包没有写这一项"
    return {"kind": clock.value, "words": f"{words}{basis}。", "rule": rule, "clause": clause}


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(CHINA).isoformat() if at else None


def _limit(budget: Budget, redo: int) -> dict[str, Any]:
    return {
        "amount": budget.amount,
        "unit": budget.unit.value,
        "words": limit_words(budget),
        "redo_round": redo,
    }


def _days(days: Days) -> dict[str, Any]:
    return {
        "from": days.first.isoformat(),
        "to": days.last.isoformat(),
        "days": days.count,
        "why": days.why,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.how or ("pause" if change.is_pause else "extension"),
        "from": _iso(change.begun),
        "until": _iso(change.until),
        "given_back_minutes": change.minutes if change.is_pause else None,
        "workdays": change.workdays or None,
        "by": change.by or None,
        "reason": change.reason or None,
        "due_at": _iso(change.due_at),
    }


def limit_words(budget: Budget) -> str:
    """A limit as people say it: 半个工作日, 15 个工作日, 30 分钟."""
    if budget.unit is Unit.WORKDAYS and budget.amount == 0.5:
        return "半个工作日"
    return budget_words(budget)


class _Words:
    """The sentence of one explanation; where it passes New Year, a year is told when it changes."""

    def __init__(self, found: Explanation, facts: Facts, policy: Policy) -> None:
        self._found, self._facts, self._policy = found, facts, policy
        plan = found.plan
        ends = [plan.started_at, plan.due_at or plan.started_at, *(each.begun for each in found.changes)]
        years = {each.astimezone(CHINA).year for each in ends}
        self._year = None if len(years) > 1 else years.pop()

    def sentence(self, promised: datetime | None) -> str:
        """The whole of it; `promised` is the older deadline that holds in spite of the calendar of today."""
        plan = self._found.plan
        if plan.kind is ClockKind.RESUME and plan.due_at is not None:
            return f"{self._at(plan.started_at)} 挂起，{self._at(plan.due_at)} 复核，届时自动恢复办理。"
        if plan.budget is None or plan.due_at is None:
            return f"从 {self._at(plan.started_at)} 起算，没有截止时间。"
        told, parts = f"{self._start()}，{self._limit()}", "；".join(self._parts())
        due = self._at(plan.due_at, weekday=True)
        end = f"{due} 截止" if self._found.adds_up else f"截止时间另行确定，为 {due}"
        told += (f"：{parts}，" if parts else "，") + end
        if promised is None:
            told += self._by_itself()
        else:
            told += f"。这是按最新日历重算的；已承诺 {self._at(promised, weekday=True)}，以承诺为准"
        if plan.provisional:
            told += "（暂定：涉及的年份还没有放假通知，只按周末推算）"
        return told + "。"

    def _by_itself(self) -> str:
        """When an unsigned ticket is signed by itself, where the pack has it so."""
        plan = self._found.plan
        at = next((each.at for each in plan.steps if each.action == SIGNS), None)
        if at is None:
            return ""
        when = "届时" if at == plan.due_at else f"到 {self._at(at)} 退单期限届满"
        return f"；{when}仍未签收的，自动签收"

    def basis(self) -> str:
        """The rule, its clause and its pack."""
        plan = self._found.plan
        clause = f"：{plan.clause}" if plan.clause else ""
        return f"{self._policy.title}，{plan.rule}{clause}"

    def _start(self) -> str:
        found = self._found
        begun = found.plan.started_at
        event = EVENT_WORDS[found.cause.kind] if found.cause else ""
        told = f"从 {self._at(begun)} {event}起算"
        if found.counted_from != begun:
            return f"{told}（下班后收到，视同 {self._at(found.counted_from)}）"
        partly = found.plan.budget is not None and not _whole_days(found.plan.budget)
        if found.runs_from != begun and partly:
            return f"{told}（不在办公时间，{self._at(found.runs_from)} 开始计时）"
        return told

    def _limit(self) -> str:
        plan, redo = self._found.plan, self._found.redo
        if plan.budget is None:
            return ""
        if plan.rule == UPPER:
            return "上级交办，按上级要求的办结时间，优先于一般时限"
        urgent = "" if self._facts.urgency is Urgency.NORMAL else URGENCY_WORDS[self._facts.urgency]
        name = f"{urgent}件" if urgent else ""
        if plan.kind is ClockKind.HANDLE:
            name = f"第 {redo} 次重办" if redo else f"{urgent}{TYPE_WORDS[self._facts.type]}"
            joined = self._found.cause and _JOINED.get(self._found.cause.kind)
            name = joined or name if plan.scope != WHOLE else name
        wall = "（不分上下班、不扣节假日）" if plan.budget.unit in ON_THE_WALL else ""
        legal = any(row.id == plan.rule and row.occasion == "legal" for row in self._policy.limits)
        beats = "（法定时限，优先于一般时限）" if legal else ""
        return f"{name} {limit_words(plan.budget)}{wall}{beats}".lstrip()

    def _parts(self) -> Iterator[str]:
        found = self._found
        if found.skipped:
            yield "跳过 " + "、".join(self._skipped())
        if found.worked:
            yield "、".join(f"{self._day(day)}{note}" for day, note in found.worked) + "，照算"
        if found.capped:
            upward = found.plan.kind is ClockKind.UPWARD
            yield "不晚于上级要求的办结时间" if upward else "不晚于下派单位的截止时间"
        if found.changes and found.first_due_at is not None:
            yield f"原定 {self._at(found.first_due_at)}"
        for each in found.changes:
            yield self._pause(each) if each.is_pause else self._moved(each)

    def _skipped(self) -> Iterator[str]:
        weekends = [each for each in self._found.skipped if each.why in _WEEKEND]
        if len(weekends) <= _FEW_WEEKENDS:
            yield from map(self._run, self._found.skipped)
            return
        yield from (self._run(each) for each in self._found.skipped if each.why not in _WEEKEND)
        days = sum(each.count for each in weekends)
        yield f"{len(weekends)} 个周末共 {days} 天"

    def _run(self, days: Days) -> str:
        if days.first == days.last:
            return f"{self._day(days.first)}{days.why}"
        same = (days.first.year, days.first.month) == (days.last.year, days.last.month)
        last = f"{days.last.day}日" if same else self._day(days.last)
        return f"{self._day(days.first)}–{last}{days.why}"

    def _pause(self, change: Change) -> str:
        if change.until is None:
            return f"{self._at(change.begun)} 起挂起，恢复办理后顺延"
        same_day = change.begun.astimezone(CHINA).date() == change.until.astimezone(CHINA).date()
        begun = self._at(change.begun)
        until = f"{change.until.astimezone(CHINA):%H:%M}" if same_day else self._at(change.until)
        told = f"{begun} 至 {until} 挂起"
        budget = self._found.plan.budget
        if change.minutes:
            of_work = "" if budget and budget.unit in ON_THE_WALL else "工作时间"
            return f"{told}，其中{of_work} {length(change.minutes)}不计"
        return f"{told}，没有占用时限，截止不变"

    def _moved(self, change: Change) -> str:
        if change.how == "set":
            return f"{self._at(change.begun)} {change.by}指定办结时间（{change.reason}）"
        if change.how == "kept":
            return f"{self._at(change.begun)} 放假安排更新，按新日历会更早，已承诺的不变"
        return f"{self._at(change.begun)} 批准延期 {change.workdays:g} 个工作日"

    def _day(self, day: date) -> str:
        year = "" if day.year == self._year else f"{day.year}年"
        self._year = day.year
        return f"{year}{day.month}月{day.day}日"

    def _at(self, at: datetime, weekday: bool = False) -> str:
        local = at.astimezone(CHINA)
        name = f" {WEEKDAY_WORDS[local.weekday()]}" if weekday else ""
        return f"{self._day(local.date())}{name} {local:%H:%M}"


def _whole_days(budget: Budget) -> bool:
    return budget.unit in (Unit.WORKDAYS, Unit.INCLUSIVE_DAYS) and budget.amount >= 1
