"""Replies upward (上级工单办结反馈): what an upper level handed down is told back, received there or sent back for redo.

A side record beside the ticket's way: nothing, `queued` (with a clock of its own), `sent`, `received` or `returned`. It
is read from the events; the ticket's column is a copy of it. Whether the upper level's platform takes a message by
itself is not ours to know: a person sends it there and says so here.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from rules import lifecycle
from rules.errors import BadInput, IllegalAct
from rules.lifecycle import STAGES
from rules.outcome import Case, Notify, Outcome
from rules.side_bodies import SendUpwardBody, SettleUpwardBody
from rules.terms import Act, Facts, Happened, Happening, Stage

UPWARD_STATES = ("queued", "sent", "received", "returned")
UPWARD_WORDS: Mapping[str, str] = MappingProxyType(
    {"queued": "待反馈", "sent": "已反馈", "received": "上级已接收", "returned": "上级退回"}
)

#: Where a matter has a result that can be told upward. A merged one has its lead's.
RESULTS = (
    Stage.TO_CALL_BACK,
    Stage.ANSWERED,
    Stage.REFUSED,
    Stage.INVALID,
    Stage.TRANSFERRED,
    Stage.ENDED,
    Stage.WITHDRAWN,
)

_STATES = {Happened.UPWARD_QUEUED: "queued", Happened.SENT_UPWARD: "sent"}


def from_above(facts: Facts) -> bool:
    """Whether an upper level handed the matter down: it gave it a number or a day, or it came by that channel."""
    return bool(facts.upper_number or facts.upper_due_at or facts.channel == "handed_down")


def standing(facts: Facts) -> str | None:
    """How far the reply upward has come; None before there is a result, and again when work goes on before it was sent."""
    state: str | None = None
    for each in facts.happenings:
        if each.kind is Happened.UPWARD_SETTLED:
            state = "received" if each.data["accepted"] else "returned"
        elif each.kind in _STATES:
            state = _STATES[each.kind]
        elif state == "queued" and _goes_on(each):
            state = None
    return state


def _goes_on(event: Happening) -> bool:
    """Whether a department is at work again, so that what was to be told is out of date."""
    moved = event.data.get("stage")
    return moved is not None and moved not in RESULTS and not STAGES[Stage(moved)].final


def also(outcome: Outcome, facts: Facts) -> Outcome:
    """The outcome of an act with what it means for the reply upward: queued where a result is there, else called off."""
    if not from_above(facts) or facts.history:
        return outcome
    moved = next((each for each in reversed(outcome.happenings) if "stage" in each.data), None)
    if moved is None:
        return outcome
    if moved.data["stage"] in RESULTS and facts.stage not in (*RESULTS, Stage.CLOSED):
        queued = Happening(Happened.UPWARD_QUEUED, moved.at, {"upper_number": facts.upper_number})
        return replace(
            outcome,
            happenings=(*outcome.happenings, queued),
            changes={**outcome.changes, "upward": "queued"},
            notices=(*outcome.notices, Notify("dispatcher", "上级交办的工单有了结果，请反馈上级")),
        )
    if _goes_on(moved) and standing(facts) == "queued":
        return replace(outcome, changes={**outcome.changes, "upward": None})
    return outcome


def _send(body: SendUpwardBody, case: Case) -> Outcome:
    """Somebody sent it; the upper level's number may come later, with its answer."""
    lifecycle.move(case.facts.stage, Act.SEND_UPWARD)
    state = standing(case.facts)
    waits = state == "queued" or (case.facts.stage is Stage.MERGED and state is None)
    if not from_above(case.facts) or not waits:
        raise IllegalAct(_why_not(case.facts, state), hint="有了办理结果、还没有反馈的工单才能反馈上级。")
    sent = case.happened(Happened.SENT_UPWARD, receipt=body.receipt or None, words=body.words or None)
    return Outcome((sent,), changes={"upward": "sent", "upper_receipt": body.receipt or None})


def _why_not(facts: Facts, state: str | None) -> str:
    if not from_above(facts):
        return "这张工单不是上级交办的，不用反馈上级。"
    said = UPWARD_WORDS[state] if state else "还没有结果"
    return f"这张工单的上级反馈目前是“{said}”，不能这样操作。"


def _settle(body: SettleUpwardBody, case: Case) -> Outcome:
    """The upper level took the reply, or sent it back: then the matter is done again, with its reason."""
    lifecycle.move(case.facts.stage, Act.SETTLE_UPWARD)
    state = standing(case.facts)
    if state != "sent":
        raise IllegalAct(_why_not(case.facts, state), hint="反馈上级以后，才有上级的回执。")
    if not body.accept:
        return _sent_back(body, case)
    receipt = {"upper_receipt": body.receipt} if body.receipt else {}
    settled = case.happened(Happened.UPWARD_SETTLED, accepted=True, receipt=body.receipt or None)
    return Outcome((settled,), changes={"upward": "received", **receipt})


def _sent_back(body: SettleUpwardBody, case: Case) -> Outcome:
    if not body.reason:
        raise BadInput("上级退回的，请写明退回的理由。")
    facts = case.facts
    settled = case.happened(Happened.UPWARD_SETTLED, accepted=False, reason=body.reason)
    changes: dict[str, Any] = {"upward": "returned"}
    words = f"上级退回，请重办：{body.reason}"
    if not STAGES[facts.stage].final and facts.stage is not Stage.TO_CALL_BACK:
        # It is being done again already.
        return Outcome((settled,), changes=changes, notices=_told(words, facts))
    target = lifecycle.move(facts.stage, Act.SETTLE_UPWARD, "returned")
    if target is Stage.TO_DISPATCH:
        moved = replace(settled, data={**settled.data, "stage": target})
        return Outcome((moved,), changes={**changes, "closed_at": None}, notices=_told(words, facts))
    round_ = facts.redo_round + 1
    redone = case.happened(Happened.REDONE, target, reason=words, round=round_)
    return Outcome(
        (settled, redone),
        changes={**changes, "redo_round": round_, "closed_at": None},
        notices=_told(words, facts),
    )


def _told(words: str, facts: Facts) -> tuple[Notify, ...]:
    if facts.department is None:
        return (Notify("dispatcher", words),)
    return tuple(
        Notify(each, words, facts.department) for each in ("handler", "liaison", "department_leader")
    )


DECIDERS: Mapping[Act, Callable[[Any, Case], Outcome]] = MappingProxyType(
    {Act.SEND_UPWARD: _send, Act.SETTLE_UPWARD: _settle}
)
