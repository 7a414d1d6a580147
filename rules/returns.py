"""When a department may send back, ask for more time or pause (退单、延期、挂起), and what a callback decides (回访)."""

from datetime import datetime, timedelta

from rules import clocks
from rules.bodies import CallBackBody, ExtendBody, ReturnBody, ReviewBody, SuspendBody
from rules.clockwork import returnable_until
from rules.errors import BadInput, IllegalAct, LimitReached, TooLate
from rules.policy import Policy
from rules.return_records import SuspensionReason
from rules.terms import CHINA, Decision, Facts, Happened, Happening, Stage
from rules.worktime import Calendar


def of_return(facts: Facts, body: ReturnBody, policy: Policy, calendar: Calendar, now: datetime) -> Decision:
    """Where a return goes: `returned`, or `conferring` from the pack's third on.

    Raises TooLate after the window that began with the newest dispatch (首办责任), BadInput when a repeated return
    lacks the head's name.
    """
    rule = policy.returns
    sent = facts.last(Happened.DISPATCHED, Happened.REASSIGNED)
    until = returnable_until(sent.at if sent else facts.received_at, policy, calendar.on(facts.urgency))
    if now > until:
        raise TooLate(
            f"退单期限已过（{until:%Y-%m-%d %H:%M}），按首办责任由本单位办理。",
            hint="确不属于本单位的，请在办理中提请会商。",
        )
    nth = 1 + sum(each.kind is Happened.RETURNED for each in facts.happenings)
    if nth >= rule.head_from and not body.head:
        raise BadInput(f"第 {nth} 次退单须写明本单位主要负责人姓名（head）。")
    confers = nth >= rule.confer_from
    because = (
        f"第 {nth} 次退单，自动转会商确定主办。"
        if confers
        else f"第 {nth} 次退单，在期限内提出，待派单员审核。"
    )
    what = Stage.CONFERRING if confers else Stage.RETURNED
    return Decision(what, because, "returns", rule.clause, policy.hash, department=facts.department)


def extension_waiting(facts: Facts) -> Happening | None:
    """The extension request that nobody has settled yet; one by an earlier lead, or of an earlier round, has lapsed."""
    newest = facts.last(
        Happened.EXTENSION_ASKED,
        Happened.EXTENSION_SETTLED,
        Happened.DISPATCHED,
        Happened.REASSIGNED,
        Happened.REDONE,
    )
    return newest if newest is not None and newest.kind is Happened.EXTENSION_ASKED else None


def may_extend(facts: Facts, body: ExtendBody, policy: Policy, calendar: Calendar, now: datetime) -> None:
    """Raise LimitReached or TooLate unless more time may be asked for (lifecycle.md: 3 × 3 workdays, before expiry)."""
    rule = policy.extensions
    if extension_waiting(facts) is not None:
        raise LimitReached("已有一份延期申请待审核。", hint="请等审核结果后再申请。")
    granted = sum(
        each.kind is Happened.EXTENSION_SETTLED and each.data["accepted"] for each in facts.happenings
    )
    if granted >= rule.times:
        raise LimitReached(f"已延期 {granted} 次，最多 {rule.times} 次。")
    if body.workdays > rule.each.amount:
        raise LimitReached(
            f"每次最多延期 {rule.each.amount:g} 个工作日。", hint=f"请改为 {rule.each.amount:g} 天以内。"
        )
    due = handle_due(facts, policy, calendar)
    if rule.before_expiry and due is not None and now > due:
        raise TooLate(f"办理时限已于 {due:%Y-%m-%d %H:%M} 届满，须在到期前申请延期。")


def handle_due(facts: Facts, policy: Policy, calendar: Calendar) -> datetime | None:
    """The deadline of the newest `handle` clock, by replay; None where there is no such limit."""
    plans = clocks.handling_of(facts, policy, calendar)
    return plans[-1].due_at if plans else None


def may_suspend(body: SuspendBody, policy: Policy, now: datetime) -> SuspensionReason:
    """The pack's row for the reason. Raises BadInput for an unknown one or a review date that cannot be."""
    reason = next((each for each in policy.suspensions if body.reason_code in (each.code, each.name)), None)
    if reason is None:
        known = "、".join(f"{each.code}（{each.name}）" for each in policy.suspensions)
        raise BadInput(f"没有挂起理由“{body.reason_code}”。", hint=f"可用的理由：{known}")
    if body.until <= now:
        raise BadInput("复核日期须晚于现在。")
    if body.until > now + timedelta(days=reason.max_days):
        raise LimitReached(f"“{reason.name}”最多挂起 {reason.max_days} 天。", hint="请选择更早的复核日期。")
    return reason


def may_review(facts: Facts, body: ReviewBody) -> None:
    """Raise unless it is this level's turn: the department first, then the hotline; a refusal needs its reason."""
    passed = any(
        each.kind is Happened.REVIEWED and each.data["level"] == "department" and each.data["approved"]
        for each in facts.since(Happened.REPLIED)
    )
    if body.level == "hotline" and not passed:
        raise IllegalAct(
            "答复还没有经承办单位负责人审核。", hint="请先由承办单位审核（level 填 department）。"
        )
    if body.level == "department" and passed:
        raise IllegalAct("承办单位已审核通过，请由热线审核。", hint="level 填 hotline。")
    if not body.approve and not body.reason:
        raise BadInput("退回答复时请写明理由。")


def called_back(body: CallBackBody, now: datetime, department: str | None = None) -> Happening:
    """The event of a callback; of a merged ticket's caller `department` says whose answer it was."""
    said = {"reached": body.reached, "solved": body.solved, "satisfied": body.satisfied, "words": body.words}
    return Happening(Happened.CALLED_BACK, now, {**said, "department": department} if department else said)


def of_call_back(facts: Facts, body: CallBackBody, policy: Policy, now: datetime) -> Decision:
    """What a callback leads to: satisfied, unsatisfied (redo), not_reached, or given_up (closed as 未评价)."""
    rule = policy.callbacks
    if body.reached:
        if body.solved is None or body.satisfied is None:
            raise BadInput("已接通的回访须填写是否解决（solved）和是否满意（satisfied）。")
        if body.solved and body.satisfied:
            what, because = "satisfied", "诉求人表示已解决且满意，办结。"
        else:
            because = "诉求人表示未解决，退回重办。" if not body.solved else "诉求人表示不满意，退回重办。"
            what = "unsatisfied"
        return Decision(what, because, "call_back", rule.answer_clause, policy.hash)
    if body.solved is not None or body.satisfied is not None:
        raise BadInput("未接通的回访不能填写是否解决、是否满意。")
    waiting_since = facts.since(Happened.REVIEWED)
    tries = [each.at for each in waiting_since if each.kind is Happened.CALLED_BACK] + [now]
    days = {each.astimezone(CHINA).date() for each in tries}
    if len(tries) >= rule.attempts and len(days) >= rule.days:
        because = f"{len(days)} 天内 {len(tries)} 次未接通，按未评价办结，不计入满意率分母。"
        return Decision("given_up", because, "call_back", rule.clause, policy.hash)
    return Decision(
        "not_reached", f"第 {len(tries)} 次未接通，稍后再拨。", "call_back", rule.clause, policy.hash
    )
