"""Acts that end or begin a matter without a department (无效、转紧急、补充、撤诉、终结、归档): body in, Outcome out."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rules import bodies, escalation, lifecycle
from rules.errors import BadInput, LimitReached
from rules.outcome import Case, Notify, Outcome
from rules.terms import Act, Decision, Happened, Stage

#: Who must ring the line at once (紧急转接): whoever sits at the hotline, and the duty office.
HEAR_OF_DANGER = ("operator", "duty_office")

#: The reason that only asking back in vain can give, and that a supplement takes back (要素不全).
NOT_TOLD = "incomplete"


def _invalidate(body: bodies.InvalidateBody, case: Case) -> Outcome:
    _not_over_followers(case)
    reason = next((each for each in case.policy.invalid if body.reason_code in (each.code, each.name)), None)
    if reason is None:
        known = "、".join(f"{each.code}（{each.name}）" for each in case.policy.invalid)
        raise BadInput(f"没有无效事由“{body.reason_code}”。", hint=f"可用的事由：{known}")
    tried = sum(each.kind is Happened.CONTACTED for each in case.facts.since(Happened.TRIAGED))
    if tried < reason.attempts:
        raise LimitReached(
            f"置为“{reason.name}”之前要记下至少 {reason.attempts} 次联系诉求人的尝试，现在只有 {tried} 次。",
            hint="请再联系诉求人，并用“联系诉求人”记录下来。",
        )
    stage = lifecycle.move(case.facts.stage, Act.INVALIDATE)
    because = f"无效：{reason.name}。"
    return Outcome(
        happenings=(case.happened(Happened.INVALIDATED, stage, reason_code=reason.code, attempts=tried),),
        changes={"closed_at": case.now},
        decision=Decision(stage.value, because, f"invalid_{reason.code}", reason.clause, case.policy.hash),
    )


def _transfer(body: bodies.TransferBody, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.TRANSFER)
    clause = next((each.clause for each in case.policy.emergencies if each.line == body.line), "")
    because = f"人工判断危及人身安全，立即转 {body.line}。"
    return Outcome(
        happenings=(case.happened(Happened.TRANSFERRED, stage, line=body.line),),
        changes={"closed_at": case.now},
        decision=Decision(stage.value, because, "emergency", clause, case.policy.hash),
        notices=tuple(Notify(each, because) for each in HEAR_OF_DANGER),
    )


def _supplement(body: bodies.SupplementBody, case: Case) -> Outcome:
    """What was asked for is told: the ticket goes to triage again. A name is kept apart and never written here."""
    ended = case.facts.last(Happened.INVALIDATED)
    if case.facts.stage is Stage.INVALID and (ended is None or ended.data.get("reason_code") != NOT_TOLD):
        raise BadInput("只有因要素不全置为无效的工单可以补充。", hint="其他情况请登记一件新的诉求。")
    stage = lifecycle.move(case.facts.stage, Act.SUPPLEMENT)
    told = {key: words for key, words in body.elements.items() if key != "name"}
    return Outcome(
        happenings=(case.happened(Happened.SUPPLEMENTED, stage, elements=told),),
        changes={"closed_at": None},
        again=True,
    )


def _not_over_followers(case: Case) -> None:
    """One caller takes their matter back, or had none: those of others that were merged into it go on."""
    if escalation.followers(case.facts):
        raise BadInput(
            "这张工单里并有其他诉求人的工单，不能这样了结。", hint="请派单员先对并入的工单撤销并单，再操作。"
        )


def _withdraw(_body: bodies.Nothing, case: Case) -> Outcome:
    _not_over_followers(case)
    stage = lifecycle.move(case.facts.stage, Act.WITHDRAW)
    holder = case.facts.department
    told = (
        tuple(Notify(each, "诉求人已撤诉，不必再办。", holder) for each in ("handler", "liaison"))
        if holder
        else ()
    )
    return Outcome(
        happenings=(case.happened(Happened.WITHDRAWN, stage),),
        changes={"closed_at": case.now},
        notices=told,
    )


def _end(body: bodies.EndBody, case: Case) -> Outcome:
    """终结: a final answer on stamped paper; filing the same again is answered and not dispatched (吕梁 2024)."""
    stage = lifecycle.move(case.facts.stage, Act.END)
    holder = case.facts.department
    return Outcome(
        happenings=(case.happened(Happened.ENDED, stage, words=body.reason, evidence=body.evidence),),
        changes={"closed_at": case.now},
        decision=Decision(
            stage.value,
            f"给予最终答复并终结：{body.reason}",
            "end",
            "吕梁市办法2024：最终答复；效力待核实",
            case.policy.hash,
        ),
        notices=(Notify("liaison", "工单已终结，重复诉求只答复、不再派单。", holder),) if holder else (),
    )


def _archive(_body: bodies.Nothing, case: Case) -> Outcome:
    stage = lifecycle.move(case.facts.stage, Act.ARCHIVE)
    return Outcome(happenings=(case.happened(Happened.ARCHIVED, stage),))


DECIDERS: Mapping[Act, Callable[[Any, Case], Outcome]] = MappingProxyType(
    {
        Act.INVALIDATE: _invalidate,
        Act.TRANSFER: _transfer,
        Act.SUPPLEMENT: _supplement,
        Act.WITHDRAW: _withdraw,
        Act.END: _end,
        Act.ARCHIVE: _archive,
    }
)
