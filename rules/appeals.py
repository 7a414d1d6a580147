"""Objecting to what was counted (申诉): once for each event, in time, settled by a named person; nothing is erased.

An accepted appeal takes pressure back as `undo` does. A missed limit or an unsatisfied callback stays in the history and
is counted apart (`rules/measures.py`, excused and excused_answers); the caller's complaint stays counted.
"""

from datetime import datetime

from rules import escalation, lifecycle
from rules.errors import BadInput, IllegalAct, LimitReached, TooLate
from rules.outcome import Case, Notify, Outcome
from rules.side_bodies import AppealBody, SettleAppealBody
from rules.terms import Act, ClockKind, Decision, Facts, Happened, Happening, Stage
from rules.wording import EVENT_WORDS

#: Limits that a department is judged by; the others are the hotline's own.
_JUDGED = (ClockKind.SIGN, ClockKind.FIRST_CONTACT, ClockKind.HANDLE)
_MISSED = (Happened.BREACHED, Happened.DUTY_CALLED)
#: Pressure that an accepted appeal takes back. A clue is the inspector's, and no department is told of it.
_PRESSURE = (Happened.SUPERVISED, Happened.RAISED, Happened.REPEATED)
_HANDED_OVER = (Happened.DISPATCHED, Happened.REASSIGNED, Happened.REDONE)


def appeal(body: AppealBody, case: Case) -> Outcome:
    """A department objects. Raises BadInput, LimitReached for a second try, TooLate after the pack's workdays."""
    lifecycle.move(case.facts.stage, Act.APPEAL)
    event = _event(body.event, case.facts)
    department = case.facts.department
    if department is None or holder(case.facts, event.at) != department:
        raise BadInput("这一条没有记在本单位名下，不能申诉。")
    if _appealed(case.facts, body.event):
        raise LimitReached("这一条已经申诉过，每条只能申诉一次。")
    known = max(event.at, event.recorded_at or event.at)  # a late ticker takes nobody's time
    until = case.calendar.add(known, case.policy.appeals.window, after_hours=case.policy.after_hours)
    if case.now > until:
        raise TooLate(f"申诉期限已过（{until:%Y-%m-%d %H:%M}）。")
    asked = case.happened(Happened.APPEALED, event=body.event, reason=body.reason, department=department)
    words = f"对“{EVENT_WORDS[event.kind]}”提出申诉，请审定：{body.reason}"
    return Outcome(happenings=(asked,), notices=(Notify("supervisor", words),))


def settle_appeal(body: SettleAppealBody, case: Case) -> Outcome:
    """A named person accepts or rejects. Raises IllegalAct where nothing waits, LimitReached for older pressure."""
    lifecycle.move(case.facts.stage, Act.SETTLE_APPEAL)
    asked = _appealed(case.facts, body.event)
    if asked is None or _settled(case.facts, body.event):
        raise IllegalAct("这一条没有待审定的申诉。", hint="请核对记录编号。")
    event, department = _event(body.event, case.facts), str(asked.data["department"])
    name = EVENT_WORDS[event.kind]
    words = f"对“{name}”的申诉{'成立' if body.accept else '不成立'}：{body.reason}"
    excused = {"clock": event.data.get("clock"), "due_at": event.data.get("due_at")}
    settled = case.happened(
        Happened.APPEAL_SETTLED,
        event=body.event,
        accepted=body.accept,
        reason=body.reason,
        department=department,
        **excused,
    )
    undone = _taken_back(event, body, case) if body.accept else ()
    what = "accepted" if body.accept else "rejected"
    return Outcome(
        happenings=(settled, *undone),
        decision=Decision(what, words, "appeal", case.policy.appeals.clause, case.policy.hash),
        notices=tuple(Notify(each, words, department) for each in ("liaison", "department_leader")),
    )


def _taken_back(event: Happening, body: SettleAppealBody, case: Case) -> tuple[Happening, ...]:
    """Pressure goes as by `undo`; what was taken back meanwhile needs nothing more."""
    if event.kind not in _PRESSURE or _is_undone(case.facts, event):
        return ()
    step = escalation.step_of(event)
    if escalation.undoable(case.facts, step) is not event:
        raise LimitReached(
            f"此后另有“{EVENT_WORDS[event.kind]}”在生效，撤销时分不清。", hint="请先撤销或审定较新的那一次。"
        )
    undone = case.happened(Happened.UNDONE, step=step, at=event.at.isoformat(), reason=body.reason)
    return (undone,)


def _is_undone(facts: Facts, event: Happening) -> bool:
    """By name and instant, as undoing writes it."""
    marks = (escalation.step_of(event), event.at.isoformat())
    return any(
        each.kind is Happened.UNDONE and (each.data["step"], each.data.get("at")) == marks
        for each in facts.happenings
    )


def _event(number: int, facts: Facts) -> Happening:
    """The event that the history numbers so. Raises BadInput where it is nothing that is counted against anybody."""
    found = next((each for each in facts.happenings if each.id == number), None)
    if found is None or not _counts_against(found):
        raise BadInput(
            f"这张工单没有可以申诉的记录 {number}。",
            hint="可以申诉的有：签收、首次联系、办理超期，回访不满意，督办，提级，重复投诉升级。",
        )
    return found


def _counts_against(event: Happening) -> bool:
    match event.kind:
        case Happened.CALLED_BACK:
            said = event.data
            return bool(said.get("reached") and not (said.get("solved") and said.get("satisfied")))
        case kind if kind in _MISSED:
            return event.data.get("clock") in _JUDGED
        case kind:
            return kind in _PRESSURE


def holder(facts: Facts, at: datetime) -> str | None:
    """The lead that held the ticket at that instant, by its events; None while nobody did."""
    lead: str | None = None
    for each in facts.happenings:
        if each.at > at:
            continue
        if each.kind in _HANDED_OVER and each.data.get("department"):
            lead = str(each.data["department"])
        elif each.data.get("stage") in (Stage.TO_DISPATCH, Stage.MERGED):
            lead = None
    return lead


def _appealed(facts: Facts, number: int) -> Happening | None:
    asked = (each for each in facts.happenings if each.kind is Happened.APPEALED)
    return next((each for each in asked if each.data["event"] == number), None)


def _settled(facts: Facts, number: int) -> bool:
    return any(
        each.kind is Happened.APPEAL_SETTLED and each.data["event"] == number for each in facts.happenings
    )
