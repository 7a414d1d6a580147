"""Several matters in one contact (拆单): the ticket goes on with the first, each further one becomes a ticket."""

from collections.abc import Mapping
from typing import Any

from rules import clocks, lifecycle
from rules.errors import BadInput
from rules.outcome import Case, Notify, Outcome
from rules.side_bodies import Part, SplitBody
from rules.terms import Act, ClockKind, Decision, Happened, Stage

#: Stages in which nobody holds the ticket: the first part may be dispatched in the same act.
UNSENT = (Stage.RECEIVED, Stage.TO_DISPATCH)


def split(body: SplitBody, case: Case) -> Outcome:
    """What the split does to the ticket itself; its words, and the new tickets, are for the desk to write.

    Raises BadInput for a department or category the pack does not know, and where the first part is to have another
    type or department than the ticket it stays with.
    """
    stage = lifecycle.move(case.facts.stage, Act.SPLIT)
    _stays(body.parts[0], case)
    for part in body.parts:
        category_of(part, case)
        if part.department:
            case.department(part.department)
    n, holder = len(body.parts), case.facts.department
    words = f"一次来件反映了 {n} 件事，拆为 {n} 张工单分别办理。"
    told = f"{words}本单只办其中一件，请看更新后的诉求内容。"
    category = category_of(body.parts[0], case)
    return Outcome(
        happenings=(case.happened(Happened.SPLIT, parts=n),),
        changes={"category": category} if category else {},
        decision=Decision(stage.value, words, "split", pack=case.policy.hash),
        notices=(Notify("handler", told, holder),) if holder else (),
    )


def _stays(first: Part, case: Case) -> None:
    """The first part goes on as the ticket itself: its clocks run, so neither type nor department moves with it."""
    facts = case.facts
    if first.type is not None and first.type is not facts.type:
        raise BadInput("第一件事留在原单，诉求类型不能在拆单时改。", hint="请把要改类型的那件事放到后面。")
    if first.department is None or facts.stage in UNSENT:
        return
    if case.department(first.department) != facts.department:
        raise BadInput(
            "第一件事留在原单，承办单位不能在拆单时改。",
            hint="请把留给原单位的事放在第一件，或拆单后再改派。",
        )


def category_of(part: Part, case: Case) -> str | None:
    """The code of the part's category, by code or name; None where none was named. Raises BadInput."""
    if part.category is None:
        return None
    found = (each.code for each in case.policy.categories.values() if part.category in (each.code, each.name))
    code = next(found, None)
    if code is None:
        raise BadInput(f"派单目录中没有诉求类别“{part.category}”。", hint="请填写目录里的代码或名称。")
    return code


def promises_of(case: Case) -> Mapping[str, Any]:
    """From when the clocks of a part count: nobody gains time by a split.

    `since` is the receipt of the whole contact; `promised` the first start of the handling limit, where it has begun.
    Pauses and extensions were granted for the ticket's own matter and are not passed on.
    """
    plans = clocks.plan(case.facts, case.policy, case.calendar)
    begun = next((each.started_at for each in plans if each.kind is ClockKind.HANDLE), None)
    return {"since": case.facts.received_at, "promised": begun}
