"""Departments beside the lead (协办、下派、上报): who is asked to help, who is delegated to, and what they report back.

A leg has its own deadline (`rules/clocks.py`); the answer to the caller stays the lead's.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from rules import bodies, clocks, lifecycle
from rules.errors import BadInput, IllegalAct
from rules.outcome import Case, Joined, Notify, Outcome
from rules.pack_records import upwards
from rules.terms import CHINA, Act, Budget, Facts, Happened, Unit


def upper_of(facts: Facts, department: str) -> str | None:
    """To whom a department at work reports: who delegated to it, else the lead; None for the lead itself."""
    if department == facts.department:
        return None
    for each in reversed(facts.happenings):
        if each.kind is Happened.DELEGATED and each.data["department"] == department:
            return str(each.data["upper"])
        if each.kind is Happened.ASSISTED and each.data["department"] == department:
            break
    return facts.department


def _assist(body: bodies.AssistBody, case: Case) -> Outcome:
    lifecycle.move(case.facts.stage, Act.ASSIST)
    department = _another(body.department, case)
    due = case.calendar.add(
        case.now, Budget(body.workdays, Unit.WORKDAYS), after_hours=case.policy.after_hours
    )
    promised = _promised(case)
    if promised is not None and due > promised:
        asked, end = (f"{each.astimezone(CHINA):%m月%d日 %H:%M}" for each in (due, promised))
        raise BadInput(
            f"协办期限会到 {asked}，晚于本单截止时间 {end}。",
            hint="请给协办单位少几个工作日，或先申请延期。",
        )
    wanted = case.happened(
        Happened.ASSISTED, department=department, workdays=body.workdays, reason=body.reason
    )
    words = f"请协办，{body.workdays} 个工作日内上报结果" + (f"：{body.reason}" if body.reason else "")
    return Outcome((wanted,), joins=Joined(department), notices=(Notify("liaison", words, department),))


def _promised(case: Case) -> datetime | None:
    """The deadline of the ticket's handling while it runs."""
    handling = clocks.handling_of(case.facts, case.policy, case.calendar)
    return next((each.due_at for each in handling if each.state == "armed"), None)


def _delegate(body: bodies.DelegateBody, case: Case) -> Outcome:
    """Down the levels: only to who stands below, so that who delegates stays answerable (lifecycle.md, legs)."""
    lifecycle.move(case.facts.stage, Act.DELEGATE)
    department, upper = _another(body.department, case), case.by or case.facts.department
    if upper is None or upper not in tuple(upwards(department, case.policy.departments))[1:]:
        below = [
            each.name
            for code, each in case.policy.departments.items()
            if upper in tuple(upwards(code, case.policy.departments))[1:]
        ]
        hint = (
            f"可以下派给：{'、'.join(below[:12])}。"
            if below
            else "本单位在目录中没有下级单位，可以请求协办。"
        )
        name = case.policy.departments[department].name
        raise BadInput(f"{name}不是您单位的下级，不能下派。", hint=hint)
    sent = case.happened(Happened.DELEGATED, department=department, upper=upper, reason=body.reason)
    words = "上级单位下派，请办理并上报结果" + (f"：{body.reason}" if body.reason else "")
    return Outcome((sent,), joins=Joined(department, upper), notices=(Notify("liaison", words, department),))


def _another(wanted: str, case: Case) -> str:
    department = case.department(wanted)
    if department in case.facts.departments:
        raise BadInput(
            f"{case.policy.departments[department].name}已经在办这张工单。",
            hint="请选择其他单位，或直接催办。",
        )
    case.not_to_the_accused(department)
    return department


def _report_up(body: bodies.ReportUpBody, case: Case) -> Outcome:
    lifecycle.move(case.facts.stage, Act.REPORT_UP)
    by = case.by
    upper = upper_of(case.facts, by) if by else None
    if by is None or upper is None:
        raise IllegalAct("上报由协办或下派的单位操作；主办单位请直接答复。", hint="主办单位办完请用“答复”。")
    below = [code for code in case.facts.departments if upper_of(case.facts, code) == by]
    if below:
        names = "、".join(case.policy.departments[code].name for code in below)
        raise BadInput(f"{names}还没有向您单位上报。", hint="请先催下级上报。")
    reported = case.happened(Happened.REPORTED_UP, department=by, upper=upper, words=body.words)
    told = Notify("handler", f"{case.policy.departments[by].name}已上报：{body.words}", upper)
    return Outcome((reported,), leaves=by, notices=(told,))


DECIDERS: Mapping[Act, Callable[[Any, Case], Outcome]] = MappingProxyType(
    {Act.ASSIST: _assist, Act.DELEGATE: _delegate, Act.REPORT_UP: _report_up}
)
