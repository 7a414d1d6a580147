"""A deadline that a person sets (指定办结时间): an instant for the handling limit, with reason and name.

No calendar and no pack moves it afterwards; a pause and an extension go on from it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rules import bodies, clocks, lifecycle
from rules.errors import BadInput
from rules.outcome import Case, Notify, Outcome
from rules.terms import CHINA, Act, Happened


def _set_due(body: bodies.SetDueBody, case: Case) -> Outcome:
    lifecycle.move(case.facts.stage, Act.SET_DUE)
    due = body.due_at.astimezone(CHINA)
    if due <= case.now:
        raise BadInput(f"办结时间 {due:%Y-%m-%d %H:%M} 已经过去。", hint="请指定一个以后的时间。")
    handling = clocks.handling_of(case.facts, case.policy, case.calendar)
    running = next((each.due_at for each in handling if each.stopped_at is None), None)
    if running is None:
        raise BadInput("这张工单没有办理时限，不能指定办结时间。", hint="派单以后才有办理时限。")
    if running == due:
        raise BadInput("工单现在的办结时间就是这个时间。")
    happened = case.happened(Happened.DUE_SET, due_at=due, reason=body.reason, by=case.who)
    words = f"办结时间由 {running.astimezone(CHINA):%m月%d日 %H:%M} 改为 {due:%m月%d日 %H:%M}：{body.reason}"
    told = tuple(Notify(each, words, case.facts.department) for each in ("liaison", "handler"))
    return Outcome((happened,), notices=told)


DECIDERS: Mapping[Act, Callable[[Any, Case], Outcome]] = MappingProxyType({Act.SET_DUE: _set_due})
