"""Signing by itself (自动签收): who neither signs nor returns a ticket in time has it all the same (首办责任).

The rung stands in the pack's ladder of the `sign` clock; its instant is never before the window for returns ends
(`rules/clockwork.py`). The missed limit stays missed: the signature is marked `automatic` and counted apart.
"""

from rules import lifecycle
from rules.clockwork import PlannedStep
from rules.outcome import Case, Notify, Outcome
from rules.terms import Act, Decision, Happened


def by_itself(step: PlannedStep, case: Case) -> Outcome:
    """The signature that nobody gave, at the instant of the case. Raises IllegalAct where nothing is to be signed."""
    stage = lifecycle.move(case.facts.stage, Act.SIGN)
    department = case.facts.department
    signed = case.happened(Happened.SIGNED, stage, department=department, automatic=True, clause=step.clause)
    words = f"到退单期限（{case.now:%m月%d日 %H:%M}）仍未签收，已自动签收，不能再退单，请按期办理。"
    because = "退单期限届满时既没有签收也没有退单，按首办责任自动签收。"
    decision = Decision("automatic", because, step.step, step.clause, case.policy.hash, department)
    return Outcome(
        happenings=(signed,),
        decision=decision,
        notices=tuple(Notify(each, words, department) for each in step.receivers),
    )
