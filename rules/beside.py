"""Acts beside a ticket's way (拆单、申诉、评价、查看身份): body in, Outcome out."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from rules import appeals, lifecycle, splitting
from rules.errors import IllegalAct
from rules.outcome import Case, Outcome
from rules.side_bodies import RATED_STEPS, RateBody, RevealBody
from rules.terms import Act, Happened, Stage

#: What must have happened before a caller can judge a step of it; everybody was received.
_DONE: Mapping[str, tuple[Happened, ...]] = MappingProxyType(
    {
        "receive": (Happened.RECEIVED,),
        "dispatch": (Happened.DISPATCHED, Happened.REASSIGNED),
        "handle": (Happened.SIGNED,),
        "reply": (Happened.REPLIED, Happened.ANSWERED, Happened.REFUSED, Happened.ENDED),
        "call_back": (Happened.CALLED_BACK,),
        "close": (Happened.CLOSED,),
    }
)
#: Steps that a department is rated for; the others are the hotline's work.
_OF_DEPARTMENT = ("handle", "reply")


def _rate(body: RateBody, case: Case) -> Outcome:
    """What the caller thinks of a step; the newest word counts, all stay (评价). Of a merged ticket the lead's steps count."""
    lifecycle.move(case.facts.stage, Act.RATE)
    if case.facts.stage is not Stage.MERGED and case.facts.last(*_DONE[body.step]) is None:
        raise IllegalAct(f"这张工单还没有{RATED_STEPS[body.step]}，不能评价这一环节。")
    whose = case.facts.department if body.step in _OF_DEPARTMENT else None
    rated = case.happened(
        Happened.RATED, about=body.step, stars=body.stars, words=body.words or None, department=whose
    )
    return Outcome(happenings=(rated,))


def _reveal(body: RevealBody, case: Case) -> Outcome:
    """That somebody asked, for what and why; the value itself stands nowhere but in the answer (查看身份)."""
    lifecycle.move(case.facts.stage, Act.REVEAL)
    return Outcome(happenings=(case.happened(Happened.REVEALED, field=body.field, reason=body.reason),))


DECIDERS: Mapping[Act, Callable[[Any, Case], Outcome]] = MappingProxyType(
    {
        Act.SPLIT: splitting.split,
        Act.APPEAL: appeals.appeal,
        Act.SETTLE_APPEAL: appeals.settle_appeal,
        Act.RATE: _rate,
        Act.REVEAL: _reveal,
    }
)
