"""Acts of pressure (督办、提级、撤销升级、审定线索、标记诉求人): body in, Outcome out."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from typing import Any

from rules import bodies, carrying, escalation, lifecycle
from rules.errors import BadInput, IllegalAct
from rules.lifecycle import ACT_WORDS
from rules.outcome import Case, Notify, Outcome
from rules.terms import Act, Decision, Happened, Happening, Stage
from rules.wording import EVENT_WORDS


def _supervise(body: bodies.SuperviseBody, case: Case) -> Outcome:
    lifecycle.move(case.facts.stage, Act.SUPERVISE)
    supervised = case.happened(Happened.SUPERVISED, level=body.level, reason=body.reason)
    rungs = (row.step for row in case.policy.ladder if row.step.level == body.level)
    receivers = next((rung.receivers for rung in rungs), ("department_head",))
    words = f"现予{'一二三'[body.level - 1]}级督办：{body.reason}"
    return Outcome(happenings=(supervised,), notices=_told((*receivers, "handler"), words, case))


def _raise(body: bodies.RaiseBody, case: Case) -> Outcome:
    lifecycle.move(case.facts.stage, Act.RAISE_)
    raised = case.happened(Happened.RAISED, reason=body.reason)
    receivers = next(
        (each.receivers for each in case.policy.levels if each.action == "raise"), ("supervisor",)
    )
    return Outcome(happenings=(raised,), notices=_told(receivers, f"提级办理：{body.reason}", case))


def _told(receivers: tuple[str, ...], words: str, case: Case) -> tuple[Notify, ...]:
    """A receiver of a department hears nothing where no department holds the ticket."""
    found = []
    for name in dict.fromkeys(receivers):
        known = case.policy.receivers.get(name)
        ours = known is None or known.scope == "hotline"
        if ours or case.facts.department:
            found.append(Notify(name, words, None if ours else case.facts.department))
    return tuple(found)


def _undo(body: bodies.UndoBody, case: Case) -> Outcome:
    """Take back what pressure did, by name and reason; the event stays, and the same rung never fires again."""
    if case.facts.stage is Stage.TRANSFERRED:
        return _untransfer(body, case)
    lifecycle.move(case.facts.stage, Act.UNDO)
    if body.step == carrying.LINK:
        return _unlink(body, case)
    event = escalation.undoable(case.facts, body.step)
    if event is None:
        raise BadInput(f"没有可以撤销的升级“{body.step}”。", hint=_what_can_be_undone(case))
    is_clue = event is escalation.open_clue(case.facts) or None  # a second trigger, or an old one, leaves it
    undone = case.happened(
        Happened.UNDONE, step=body.step, at=event.at.isoformat(), reason=body.reason, clue=is_clue
    )
    words = f"“{EVENT_WORDS[event.kind]}”已撤销：{body.reason}"
    return Outcome(
        happenings=(undone,),
        decision=Decision("undone", words, body.step, pack=case.policy.hash),
        notices=_told(_receivers(body.step, event, case), words, case),
    )


def _unlink(body: bodies.UndoBody, case: Case) -> Outcome:
    """Not the same matter after all: the count begins anew, and what it had raised is no longer in force."""
    if case.facts.earlier is None:
        raise BadInput("这张工单没有认定为重复诉求。")
    words = f"不再认定为 {case.facts.earlier} 的重复诉求：{body.reason}"
    clue = _stood_on_the_link(body, case) or None
    undone = case.happened(Happened.UNDONE, step=body.step, reason=body.reason, clue=clue)
    heard = (
        each for each in case.policy.levels if any(each.step == told.step for told in case.facts.happenings)
    )
    receivers = tuple(dict.fromkeys(name for level in heard for name in level.receivers))
    return Outcome(
        happenings=(undone,),
        changes={"earlier": None, "redo_round": _own_rounds(case)},
        decision=Decision("undone", words, body.step, pack=case.policy.hash),
        notices=_told(receivers, words, case),
    )


def _own_rounds(case: Case) -> int:
    """The redo rounds that this very ticket went through, without those taken over by the link."""
    return sum(each.kind is Happened.REDONE for each in case.facts.happenings)


def _stood_on_the_link(body: bodies.UndoBody, case: Case) -> bool:
    """Whether the waiting clue goes with the link: not where, say, three returns of this very ticket carry it."""
    without = (*case.facts.happenings, case.happened(Happened.UNDONE, step=body.step))
    after = replace(case.facts, happenings=without)
    events = escalation.clue_events(case.facts)
    held = any(escalation.founded(each, after, case.policy, case.calendar) for each in events)
    return bool(events) and not held


def _receivers(step: str, event: Happening, case: Case) -> tuple[str, ...]:
    """Who heard of the step hears that it was taken back."""
    by_count = (each.receivers for each in case.policy.levels if each.step == step)
    by_clock = (row.step.receivers for row in case.policy.ladder if row.step.step == step)
    by_level = (
        row.step.receivers for row in case.policy.ladder if row.step.level == event.data.get("level", -1)
    )
    return next(chain(by_count, by_clock, by_level), ("supervisor",))


def _what_can_be_undone(case: Case) -> str:
    names = dict.fromkeys(escalation.step_of(each) for each in case.facts.happenings)
    steps = [name for name in names if name and escalation.undoable(case.facts, name)]
    return f"可以撤销的：{'、'.join(steps)}。" if steps else "这张工单没有在生效的督办、提级或线索。"


def _untransfer(body: bodies.UndoBody, case: Case) -> Outcome:
    """A false alarm: the matter is an ordinary one after all and goes to the dispatcher at once."""
    if body.step != Act.TRANSFER.value:
        raise BadInput("已转紧急的工单只能撤销转接。", hint="step 请填 transfer。")
    stage = lifecycle.move(case.facts.stage, Act.UNDO, "transfer")
    words = f"紧急转接已撤销，按一般诉求办理：{body.reason}"
    return Outcome(
        happenings=(case.happened(Happened.UNDONE, stage, step=body.step, reason=body.reason),),
        changes={"closed_at": None},
        decision=Decision(stage.value, words, "untransfer", pack=case.policy.hash),
        notices=(Notify("dispatcher", words),),
    )


def _settle_clue(body: bodies.ClueBody, case: Case) -> Outcome:
    """The supervision leader confirms, or rejects with a reason; a clue that went up by silence can still be settled."""
    newest = escalation.open_clue(case.facts)
    if newest is None:
        raise IllegalAct(f"没有待{ACT_WORDS[Act.SETTLE_CLUE]}的线索。")
    if not body.confirm and not body.reason:
        raise BadInput("驳回线索时请写明理由。")
    words = "线索已确认，附整改和问责记录草稿，请依规办理。" if body.confirm else f"线索已驳回：{body.reason}"
    settled = case.happened(
        Happened.CLUE_SETTLED, confirmed=body.confirm, reason=body.reason or None, opened=newest.step
    )
    sent_up = case.facts.last(Happened.CLUE_SENT_UP)
    knows = body.confirm or (sent_up is not None and sent_up.at >= newest.at)
    return Outcome(
        happenings=(settled,),
        decision=Decision(
            "confirmed" if body.confirm else "rejected", words, newest.step, pack=case.policy.hash
        ),
        notices=(Notify("discipline", words),) if knows else (),
    )


def _mark_caller(body: bodies.MarkBody, case: Case) -> Outcome:
    """A named person says that this caller abuses the hotline: from now on nothing of theirs counts (国办函〔2025〕66号)."""
    marked = case.happened(Happened.MARKED, malicious=body.malicious, reason=body.reason)
    return Outcome(happenings=(marked,))


DECIDERS: Mapping[Act, Callable[[Any, Case], Outcome]] = MappingProxyType(
    {
        Act.SUPERVISE: _supervise,
        Act.RAISE_: _raise,
        Act.UNDO: _undo,
        Act.SETTLE_CLUE: _settle_clue,
        Act.MARK_CALLER: _mark_caller,
    }
)
