"""What an act does (操作的结果): facts and body in, an Outcome out; the desk writes it down.

Every decider has the same shape: `(facts, body, policy, calendar, now) -> Outcome`. Stages come from the table in
`rules/lifecycle.py`; limits and counts come from the pack.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from rules import (
    beside,
    bodies,
    carrying,
    due_dates,
    ends,
    escalation,
    legs,
    lifecycle,
    merging,
    pressure,
    returns,
    upward,
)
from rules.errors import BadInput
from rules.outcome import Case, Notify, Outcome
from rules.terms import CHINA, Act, Decision, Happened, Happening, Stage, Urgency


def decide(act: Act, body: bodies.Body, case: Case) -> Outcome:
    """What `act` does to the ticket. Raises IllegalAct, BadInput, TooLate or LimitReached and changes nothing."""
    lifecycle.require(case.facts.stage, act)
    return upward.also(DECIDERS[act](body, case), case.facts)


def _dispatched(
    case: Case, act: Act, kind: Happened, lead: str, assists: tuple[str, ...], reason: str
) -> Outcome:
    department = case.department(lead)
    named = dict.fromkeys(map(case.department, assists))
    helpers = tuple(code for code in named if code != department)
    for code in (department, *helpers):
        case.not_to_the_accused(code)
    duty = case.facts.urgency is not Urgency.NORMAL
    told = tuple(Notify("liaison", f"新工单待签收：{reason}", code, duty) for code in (department, *helpers))
    return Outcome(
        happenings=(
            case.happened(
                kind,
                lifecycle.move(case.facts.stage, act),
                department=department,
                assists=list(helpers),
                reason=reason,
                round=carrying.redo_round_of(case.facts, department),
            ),
        ),
        lead=department,
        assists=helpers,
        result=kind.value,
        notices=told,
    )


def _answer(body: bodies.AnswerBody, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.ANSWER)
    return Outcome(
        happenings=(case.happened(Happened.ANSWERED, stage, words=body.words, article=body.article),),
        changes={"closed_at": case.now},
        decision=Decision(stage.value, "热线当场答复，不派单。", "answer", pack=case.policy.hash),
    )


def _refuse(body: bodies.RefuseBody, case: Case) -> Outcome:
    rule = next((each for each in case.policy.refusals if body.reason_code in (each.code, each.name)), None)
    if rule is None:
        known = "、".join(f"{each.code}（{each.name}）" for each in case.policy.refusals)
        raise BadInput(f"没有不予受理的理由“{body.reason_code}”。", hint=f"可用的理由：{known}")
    stage = lifecycle.move(case.facts.stage, Act.REFUSE)
    path = body.legal_path or rule.legal_path
    return Outcome(
        happenings=(case.happened(Happened.REFUSED, stage, reason_code=rule.code, legal_path=path),),
        changes={"closed_at": case.now},
        decision=Decision(
            what=Stage.REFUSED,
            because=f"{rule.name}，不属于热线受理范围。{path}",
            rule=rule.code,
            clause=rule.clause,
            pack=case.policy.hash,
        ),
    )


def _dispatch(body: bodies.DispatchBody, case: Case) -> Outcome:
    return _dispatched(case, Act.DISPATCH, Happened.DISPATCHED, body.department, body.assists, body.reason)


def _reassign(body: bodies.ReassignBody, case: Case) -> Outcome:
    if case.department(body.department) == case.facts.department:
        raise BadInput("工单已经在这个单位。", hint="改派请选择另一个单位。")
    return _dispatched(case, Act.REASSIGN, Happened.REASSIGNED, body.department, (), body.reason)


def _sign(_body: bodies.Nothing, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.SIGN)
    return Outcome(happenings=(case.happened(Happened.SIGNED, stage, department=case.facts.department),))


def _return(body: bodies.ReturnBody, case: Case) -> Outcome:
    decision = returns.of_return(case.facts, body, case.policy, case.calendar, case.now)
    stage = lifecycle.move(
        case.facts.stage, Act.RETURN_, "conferring" if decision.what == Stage.CONFERRING else ""
    )
    suggested = case.department(body.suggested_department) if body.suggested_department else None
    return Outcome(
        happenings=(
            case.happened(
                Happened.RETURNED,
                stage,
                department=case.facts.department,
                reason=body.reason,
                evidence=body.evidence,
                suggested=suggested,
                head=body.head,
            ),
        ),
        decision=decision,
        notices=(Notify("dispatcher", f"退单待审：{body.reason}"),),
    )


def _settle_return(body: bodies.SettleReturnBody, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.SETTLE_RETURN, "accepted" if body.accept else "rejected")
    settled = case.happened(Happened.RETURN_SETTLED, stage, accepted=body.accept, reason=body.reason)
    if not body.accept:
        words = f"退单未获同意，请签收办理：{body.reason}"
        return Outcome(happenings=(settled,), notices=(Notify("liaison", words, case.facts.department),))
    if body.department is None:
        return Outcome(happenings=(settled,), result="returned")
    department = case.department(body.department)
    case.not_to_the_accused(department)
    sent = case.happened(
        Happened.DISPATCHED,
        lifecycle.move(stage, Act.DISPATCH),
        department=department,
        assists=[],
        reason=body.reason,
        round=carrying.redo_round_of(case.facts, department),
    )
    return Outcome(
        happenings=(settled, sent),
        lead=department,
        result="returned",
        notices=(
            Notify(
                "liaison",
                f"新工单待签收：{body.reason}",
                department,
                duty=case.facts.urgency is not Urgency.NORMAL,
            ),
        ),
    )


def _confer(body: bodies.ConferBody, case: Case) -> Outcome:
    if case.facts.stage is Stage.TO_DISPATCH:
        stage = lifecycle.move(case.facts.stage, Act.CONFER)
        return Outcome(happenings=(case.happened(Happened.CONFERRED, stage, outcome=body.outcome),))
    if body.lead is None:
        raise BadInput("请写明会商确定的主办单位。")
    if body.category is not None and body.category not in case.policy.categories:
        raise BadInput(f"派单目录中没有类别“{body.category}”。", hint="请从派单目录中选择，或不填类别。")
    found = _dispatched(
        case, Act.CONFER, Happened.DISPATCHED, body.lead, body.assists, f"会商确定：{body.outcome}"
    )
    return replace(found, changes={"category": body.category}) if body.category else found


def _contact(body: bodies.ContactBody, case: Case) -> Outcome:
    lifecycle.move(case.facts.stage, Act.CONTACT)
    return Outcome(happenings=(case.happened(Happened.CONTACTED, reached=body.reached, words=body.words),))


def _extend(body: bodies.ExtendBody, case: Case) -> Outcome:
    returns.may_extend(case.facts, body, case.policy, case.calendar, case.now)
    asked = case.happened(Happened.EXTENSION_ASKED, workdays=body.workdays, reason=body.reason)
    words = f"申请延期 {body.workdays} 个工作日：{body.reason}"
    return Outcome(happenings=(asked,), notices=(Notify("department_leader", words, case.facts.department),))


def _settle_extension(body: bodies.SettleBody, case: Case) -> Outcome:
    asked = returns.extension_waiting(case.facts)
    if asked is None:
        raise BadInput("没有待审核的延期申请。")
    if not body.accept and not body.reason:
        raise BadInput("不同意延期时请写明理由。")
    workdays = asked.data["workdays"]
    settled = case.happened(
        Happened.EXTENSION_SETTLED, accepted=body.accept, workdays=workdays, reason=body.reason
    )
    words = f"延期 {workdays} 个工作日已同意" if body.accept else f"延期未获同意：{body.reason}"
    return Outcome(happenings=(settled,), notices=(Notify("handler", words, case.facts.department),))


def _suspend(body: bodies.SuspendBody, case: Case) -> Outcome:
    reason = returns.may_suspend(body, case.policy, case.now)
    stage = lifecycle.move(case.facts.stage, Act.SUSPEND)
    suspended = case.happened(
        Happened.SUSPENDED, stage, reason_code=reason.code, until=body.until, clause=reason.clause
    )
    words = f"工单已挂起（{reason.name}），{body.until.astimezone(CHINA):%Y-%m-%d} 复核"
    return Outcome(happenings=(suspended,), notices=(Notify("supervisor", words),))


def _resume(_body: bodies.Nothing, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.RESUME)
    return Outcome(
        happenings=(case.happened(Happened.RESUMED, stage),),
        notices=(Notify("handler", "挂起结束，请继续办理", case.facts.department),),
    )


def _reply(body: bodies.ReplyBody, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.REPLY)
    replied = case.happened(
        Happened.REPLIED,
        stage,
        words=body.words,
        public_words=body.public_words,
        solved=body.solved,
        department=case.facts.department,
    )
    return Outcome(
        happenings=(replied,),
        notices=(Notify("department_leader", "答复待审核", case.facts.department),),
    )


def _review(body: bodies.ReviewBody, case: Case) -> Outcome:
    returns.may_review(case.facts, body)
    outcome = "sent_back" if not body.approve else "passed_on" if body.level == "department" else "approved"
    stage = lifecycle.move(case.facts.stage, Act.REVIEW, outcome)
    data: dict[str, Any] = {"level": body.level, "approved": body.approve, "reason": body.reason}
    if outcome == "passed_on":
        return Outcome(
            happenings=(case.happened(Happened.REVIEWED, **data),),
            notices=(Notify("dispatcher", "答复待热线审核"),),
        )
    also = escalation.followers(case.facts)
    words = f"工单待回访，并单诉求人也要回访：{'、'.join(also)}" if also else "工单待回访"
    to_whom = Notify("caller_back", words)
    if outcome == "sent_back":
        to_whom = Notify("handler", f"答复被退回：{body.reason}", case.facts.department)
    return Outcome(happenings=(case.happened(Happened.REVIEWED, stage, **data),), notices=(to_whom,))


def _call_back(body: bodies.CallBackBody, case: Case) -> Outcome:
    if case.facts.stage is Stage.MERGED:
        return merging.call_back_follower(body, case)
    decision = returns.of_call_back(case.facts, body, case.policy, case.now)
    stage = lifecycle.move(case.facts.stage, Act.CALL_BACK, decision.what)
    called = returns.called_back(body, case.now)
    match decision.what:
        case "not_reached":
            return Outcome(happenings=(called,), decision=decision)
        case "unsatisfied":
            return _redo_after(called, decision, body, case)
        case _:
            return _closed((called,), stage, case, decision, solved=body.solved, satisfied=body.satisfied)


def _redo_after(called: Happening, decision: Decision, body: bodies.CallBackBody, case: Case) -> Outcome:
    """An unsatisfied callback counts as a complaint and sends the same ticket back (lifecycle.md, 2nd counted)."""
    redone = case.happened(
        Happened.REDONE, Stage.HANDLING, reason=decision.because, round=case.facts.redo_round + 1
    )
    words = f"回访不满意，请重办：{body.words or '诉求人未说明'}"
    return Outcome(
        happenings=(called, redone),
        changes={
            "redo_round": case.facts.redo_round + 1,
            "solved": body.solved,
            "satisfied": body.satisfied,
        },
        decision=decision,
        notices=tuple(
            Notify(each, words, case.facts.department) for each in ("handler", "liaison", "department_leader")
        ),
    )


def _closed(
    before: tuple[Happening, ...], stage: Stage, case: Case, decision: Decision | None, **rated: Any
) -> Outcome:
    """Close; a ticket closed without any contact goes back to handling once, under supervision 1 (lifecycle.md)."""
    closed = case.happened(Happened.CLOSED, stage, rated=rated.get("satisfied") is not None)
    reached = any(
        each.data.get("reached") for each in case.facts.happenings + before
        if each.kind in (Happened.CONTACTED, Happened.CALLED_BACK)
    )  # fmt: skip
    if reached or case.facts.redo_round:
        return Outcome(
            happenings=(*before, closed), changes={"closed_at": case.now, **rated}, decision=decision
        )
    redone = case.happened(
        Happened.REDONE, lifecycle.move(stage, Act.REDO), reason="办结前没有联系到诉求人", round=1
    )
    supervised = case.happened(Happened.SUPERVISED, level=1, reason="办结前没有联系到诉求人")
    return Outcome(
        happenings=(*before, closed, redone, supervised),
        changes={"redo_round": 1, "supervision": max(case.facts.supervision, 1)},
        decision=decision,
        notices=(Notify("department_head", "未联系诉求人即办结，退回重办并督办", case.facts.department),),
    )


def _close(_body: bodies.Nothing, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.CLOSE)
    return _closed((), stage, case, None, solved=None, satisfied=None)


def _redo(body: bodies.RedoBody, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.REDO)
    redone = case.happened(Happened.REDONE, stage, reason=body.reason, round=case.facts.redo_round + 1)
    return Outcome(
        happenings=(redone,),
        changes={"redo_round": case.facts.redo_round + 1, "closed_at": None},
        notices=(Notify("handler", f"请重办：{body.reason}", case.facts.department),),
    )


def _urge(body: bodies.UrgeBody, case: Case) -> Outcome:
    lifecycle.move(case.facts.stage, Act.URGE)
    to_whom = ("handler", "liaison") if case.facts.department else ("dispatcher",)
    return Outcome(
        happenings=(case.happened(Happened.URGED, words=body.words),),
        notices=tuple(Notify(each, f"催办：{body.words}", case.facts.department) for each in to_whom),
    )


DECIDERS: Mapping[Act, Callable[[Any, Case], Outcome]] = MappingProxyType(
    {
        Act.ANSWER: _answer,
        Act.REFUSE: _refuse,
        Act.DISPATCH: _dispatch,
        Act.SIGN: _sign,
        Act.RETURN_: _return,
        Act.SETTLE_RETURN: _settle_return,
        Act.REASSIGN: _reassign,
        Act.CONFER: _confer,
        Act.CONTACT: _contact,
        Act.EXTEND: _extend,
        Act.SETTLE_EXTENSION: _settle_extension,
        Act.SUSPEND: _suspend,
        Act.RESUME: _resume,
        Act.REPLY: _reply,
        Act.REVIEW: _review,
        Act.CALL_BACK: _call_back,
        Act.REDO: _redo,
        Act.URGE: _urge,
        Act.CLOSE: _close,
        **legs.DECIDERS,
        **due_dates.DECIDERS,
        **ends.DECIDERS,
        **pressure.DECIDERS,
        **merging.DECIDERS,
        **beside.DECIDERS,
        **upward.DECIDERS,
    }
)
