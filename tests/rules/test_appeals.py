"""Objecting to what was counted (申诉), as a table: what, by whom, until when, and what becomes of it."""

from dataclasses import replace

import pytest

from rules.acts import decide
from rules.bodies import BODIES
from rules.errors import BadInput, DeskError, IllegalAct, LimitReached, TooLate
from rules.outcome import Case
from rules.terms import Act, Happened
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

BREACH = event("breached", "2026-10-20 17:30", clock="handle", due_at=at("2026-10-20 17:30"))
UNHAPPY = event("called_back", "2026-10-20 09:00", reached=True, solved=True, satisfied=False)
SUPERVISED = event("supervised", "2026-10-20 09:00", level=1, reason="久拖")


def told(*more, **given):
    """The story with its events numbered from 1, as the history does."""
    story = [RECEIVED, DISPATCHED, SIGNED, *more]
    return facts(*(replace(each, id=n) for n, each in enumerate(story, 1)), **given)


def done(act, story, when="2026-10-21 10:00", **body):
    return decide(act, BODIES[act](**{"reason": "理由", **body}), Case(story, policy(), calendar(), at(when)))


@pytest.mark.parametrize(
    ("counted", "may"),
    [
        (BREACH, True),
        (event("breached", "2026-10-20 10:00", clock="first_contact", due_at=at("2026-10-20 10:00")), True),
        (event("duty_called", "2026-10-20 10:00", clock="sign", due_at=at("2026-10-20 10:00")), True),
        (event("breached", "2026-10-20 10:00", clock="dispatch", due_at=at("2026-10-20 10:00")), False),
        (event("breached", "2026-10-20 10:00", clock="call_back", due_at=at("2026-10-20 10:00")), False),
        (event("warned", "2026-10-20 10:00", clock="handle", due_at=at("2026-10-20 10:00")), False),
        (UNHAPPY, True),
        (event("called_back", "2026-10-20 09:00", reached=True, solved=True, satisfied=True), False),
        (event("called_back", "2026-10-20 09:00", reached=False), False),
        (SUPERVISED, True),
        (event("raised", "2026-10-20 09:00", reason="推诿"), True),
        (event("clue_opened", "2026-10-20 09:00", trigger="complaints", count=5), False),
        (event("urged", "2026-10-20 09:00", words="快"), False),
    ],
)
def test_what_can_be_appealed_against(counted, may):
    story = told(counted)
    if may:
        outcome = done(Act.APPEAL, story, event=4)
        assert [each.kind for each in outcome.happenings] == [Happened.APPEALED]
        assert [each.receiver for each in outcome.notices] == ["supervisor"]
        return
    with pytest.raises(BadInput, match="没有可以申诉的记录 4"):
        done(Act.APPEAL, story, event=4)


@pytest.mark.parametrize(
    ("when", "fault"),
    [("2026-10-27 17:30", None), ("2026-10-27 17:31", TooLate)],  # five workdays after the Tuesday
)
def test_an_appeal_comes_within_the_packs_workdays(when, fault):
    if fault is None:
        assert done(Act.APPEAL, told(BREACH), when, event=4)
        return
    with pytest.raises(fault):
        done(Act.APPEAL, told(BREACH), when, event=4)


def test_what_was_written_down_late_can_be_appealed_against_from_then_on():
    late = replace(BREACH, recorded_at=at("2026-10-26 09:00"))
    assert done(Act.APPEAL, told(late), "2026-11-02 17:00", event=4)


def test_the_department_that_held_it_then_appeals_and_no_other():
    handed_on = event("reassigned", "2026-10-21 09:00", "to_sign", department="water", reason="职责")
    with pytest.raises(BadInput, match="没有记在本单位名下"):
        done(Act.APPEAL, told(BREACH, handed_on, department="water"), event=4)
    back = event("returned", "2026-10-20 17:00", "returned", department="urban")
    accepted = event("return_settled", "2026-10-20 17:10", "to_dispatch", accepted=True)
    with pytest.raises(BadInput, match="没有记在本单位名下"):
        done(Act.APPEAL, told(back, accepted, BREACH, department=None), event=6)


def appealed(counted, *more):
    asked = event("appealed", "2026-10-21 09:00", event=4, reason="停电", department="urban")
    return told(counted, asked, *more)


@pytest.mark.parametrize(("counted", "undoes"), [(BREACH, False), (UNHAPPY, False), (SUPERVISED, True)])
@pytest.mark.parametrize("accept", [True, False])
def test_an_accepted_appeal_takes_pressure_back_and_a_rejected_one_nothing(counted, undoes, accept):
    outcome = done(Act.SETTLE_APPEAL, appealed(counted), event=4, accept=accept)
    kinds = [each.kind for each in outcome.happenings]
    assert kinds == [Happened.APPEAL_SETTLED, *([Happened.UNDONE] if undoes and accept else [])]
    assert outcome.happenings[0].data["accepted"] is accept
    assert {(each.receiver, each.department) for each in outcome.notices} == {
        ("liaison", "urban"), ("department_leader", "urban"),
    }  # fmt: skip
    assert outcome.decision.what == ("accepted" if accept else "rejected")


SETTLED = event("appeal_settled", "2026-10-21 09:30", event=4, accepted=False, reason="不实")
NEWER = event("supervised", "2026-10-21 09:30", level=2, reason="还没办")
UNDONE = event(
    "undone", "2026-10-21 09:30", step="supervise", at=at("2026-10-20 09:00").isoformat(), reason="已撤"
)


@pytest.mark.parametrize(
    ("story", "fault"),
    [
        (told(BREACH), IllegalAct),  # nobody appealed
        (appealed(BREACH, SETTLED), IllegalAct),
        (appealed(SUPERVISED, NEWER), LimitReached),  # by name nobody could tell which is meant
    ],
)
def test_what_cannot_be_settled(story, fault: type[DeskError]):
    with pytest.raises(fault):
        done(Act.SETTLE_APPEAL, story, event=4, accept=True)


def test_what_was_undone_meanwhile_is_settled_without_another_undoing():
    outcome = done(Act.SETTLE_APPEAL, appealed(SUPERVISED, UNDONE), event=4, accept=True)
    assert [each.kind for each in outcome.happenings] == [Happened.APPEAL_SETTLED]


def test_an_event_is_appealed_against_once():
    with pytest.raises(LimitReached, match="只能申诉一次"):
        done(Act.APPEAL, appealed(BREACH), event=4)
    with pytest.raises(LimitReached):
        done(Act.APPEAL, appealed(BREACH, SETTLED), event=4)
