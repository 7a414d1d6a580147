"""Merging tickets that are one matter (并单): the lead goes on, every caller of a follower keeps a reply and a callback."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rules import bodies, carrying, escalation, lifecycle, returns
from rules.errors import BadInput, IllegalAct
from rules.lifecycle import OPEN_STAGES, STAGES
from rules.outcome import Case, Elsewhere, Notify, Outcome
from rules.terms import Act, Decision, Facts, Happened, Happening, Stage

#: Stages of a lead in which its followers' callers can be called back.
_TOLD = (Stage.TO_CALL_BACK, Stage.CLOSED, Stage.ARCHIVED)


def _merge(body: bodies.MergeBody, case: Case) -> Outcome:
    """The follower stops all its clocks; its count and pressure go over to the lead, which does not count twice."""
    facts, lead = case.facts, _other(case)
    if body.into == facts.number:
        raise BadInput("不能并入自己。")
    if lead.stage not in OPEN_STAGES:
        raise BadInput(f"目标工单是“{STAGES[lead.stage].words}”，不能并入。", hint="请选择一张未办结的工单。")
    if facts.restricted != lead.restricted:
        raise BadInput("限定范围办理的工单不能与一般工单合并。")
    if facts.against != lead.against:
        raise BadInput("两件诉求反映的单位不同，不能合并。")
    if escalation.followers(facts):
        raise BadInput("这张工单已有别的工单并入。", hint="请反过来，把目标工单并入这一张。")
    stage = lifecycle.move(facts.stage, Act.MERGE)
    count = max(facts.complaint_count, lead.complaint_count)
    pressure = {"count": facts.complaint_count, "level": facts.supervision, "raised": facts.raised}
    taken = Happening(Happened.FOLLOWED, case.now, {"follower": facts.number, **pressure})
    words = f"工单 {facts.number} 已并入，一并办理和答复。"
    receiver = Notify("handler", words, lead.department) if lead.department else Notify("dispatcher", words)
    relieved = f"工单已并入 {lead.number}，由主单承办单位一并办理，不必再办。"
    return Outcome(
        happenings=(case.happened(Happened.MERGED, stage, into=lead.number),),
        changes={"merged_into": lead.number, "closed_at": case.now},
        decision=Decision(
            stage.value, f"与工单 {lead.number} 是同一事项，并入办理。", "merge", pack=case.policy.hash
        ),
        result="merged",
        notices=(Notify("handler", relieved, facts.department),) if facts.department else (),
        elsewhere=(Elsewhere(lead.number, (taken,), {"complaint_count": count}, (receiver,)),),
    )


def _other(case: Case) -> Facts:
    if case.other is None:
        raise BadInput("没有找到要并入的工单。", hint="请核对编号。")
    return case.other


def _unmerge(_body: bodies.Nothing, case: Case) -> Outcome:
    """Two matters after all: the follower goes to the dispatcher and takes its own pressure along.

    What the lead had counted stays counted: a count falls only when its window empties.
    """
    lead = _other(case)
    stage = lifecycle.move(case.facts.stage, Act.UNMERGE)
    left = Happening(Happened.UNFOLLOWED, case.now, {"follower": case.facts.number})
    return Outcome(
        happenings=(case.happened(Happened.UNMERGED, stage, into=lead.number),),
        changes={"merged_into": None, "closed_at": None},
        notices=(Notify("dispatcher", f"工单已从 {lead.number} 分出，请重新派单。"),),
        elsewhere=(Elsewhere(lead.number, (left,)),),
    )


def _may_be_called_back(facts: Facts, lead: Facts) -> None:
    if lead.stage not in _TOLD:
        raise IllegalAct(
            f"主单 {lead.number} 目前是“{STAGES[lead.stage].words}”，还没有答复可回访。",
            hint="请等主单答复审核通过。",
        )
    told = (each for each in facts.since(Happened.MERGED) if each.kind is Happened.CALLED_BACK)
    if any(each.data.get("reached") for each in told):
        raise IllegalAct("这张并单工单的诉求人已回访过。", hint="诉求人另有不满的，请登记新的诉求。")


def call_back_follower(body: bodies.CallBackBody, case: Case) -> Outcome:
    """The callback of a follower's caller, once the lead was answered: who is not satisfied gets a ticket of their own.

    Raises IllegalAct before the lead's reply is through, and when the caller was reached already.
    """
    lead = _other(case)
    _may_be_called_back(case.facts, lead)
    decision = returns.of_call_back(case.facts, body, case.policy, case.now)
    stage = lifecycle.move(case.facts.stage, Act.CALL_BACK, decision.what)
    called = returns.called_back(
        body, case.now, lead.department
    )  # whose answer it was that the caller judged
    if decision.what != "unsatisfied":
        rated = {"solved": body.solved, "satisfied": body.satisfied} if body.reached else {}
        return Outcome(happenings=(called,), changes=rated, decision=decision)
    department = lead.department
    if department is None:
        raise IllegalAct("主单没有承办单位，不能退回重办。", hint="请先撤销并单，重新派单。")
    redone = case.happened(
        Happened.REDONE,
        stage,
        reason=decision.because,
        round=case.facts.redo_round + 1,
        department=department,
    )
    left = Happening(Happened.UNFOLLOWED, case.now, {"follower": case.facts.number})
    words = f"并单诉求人回访不满意，请单独重办：{body.words or '诉求人未说明'}"
    return Outcome(
        happenings=(called, redone),
        changes={
            "redo_round": case.facts.redo_round + 1,
            "merged_into": None,
            "closed_at": None,
            "solved": body.solved,
            "satisfied": body.satisfied,
        },
        decision=decision,
        lead=department,
        result="redone",
        notices=tuple(
            Notify(each, words, department) for each in ("handler", "liaison", "department_leader")
        ),
        elsewhere=(Elsewhere(lead.number, (left,)),),
    )


def _link(body: bodies.LinkBody, case: Case) -> Outcome:
    """A person says that this ticket repeats an earlier one that is over: it takes over the count and the redo round.

    Whose call it was is not asked: the machine links the same caller by itself, a person knows the family.
    """
    facts, earlier = case.facts, _other(case)
    if facts.earlier is not None:
        raise BadInput(
            f"这张工单已认定为 {facts.earlier} 的重复诉求。", hint="认定有误的，请先撤销（step 填 link）。"
        )
    if body.earlier == facts.number or earlier.received_at >= facts.received_at:
        raise BadInput("只能认定为更早的工单的重复诉求。")
    if earlier.stage in OPEN_STAGES:
        raise BadInput(
            f"前单目前是“{STAGES[earlier.stage].words}”，还没有办结。", hint="同一事项未办结的，请并单。"
        )
    if earlier.stage is Stage.MERGED:
        raise BadInput(f"前单已并入 {earlier.merged_into}。", hint="请认定为主单的重复诉求，或并入主单。")
    if facts.restricted != earlier.restricted:
        raise BadInput("限定范围办理的工单不能与一般工单关联。")
    closed = escalation.closed_of(earlier, case.policy, case.calendar)
    malicious = carrying.is_malicious(facts)
    carried = carrying.carry(closed, case.policy, case.calendar, facts.received_at, malicious)
    linked = case.happened(Happened.LINKED, **carried.as_data())
    counted = f"按第 {carried.count} 次计" if carried.counted else "本次不计次"
    because = f"认定与前单 {earlier.number} 为同一事项，{counted}。"
    return Outcome(
        happenings=(linked,),
        changes={"earlier": earlier.number, "redo_round": max(facts.redo_round, carried.round)},
        decision=Decision("linked", because, "link", case.policy.counting.clause, case.policy.hash),
    )


DECIDERS: Mapping[Act, Callable[[Any, Case], Outcome]] = MappingProxyType(
    {Act.MERGE: _merge, Act.UNMERGE: _unmerge, Act.LINK: _link}
)
