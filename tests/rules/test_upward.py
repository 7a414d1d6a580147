"""Replies upward (上级反馈): when one is owed and by when, what calls it off, and what the upper level's answer does."""

from dataclasses import replace

import pytest

from dispatch.record import follow
from rules import clocks
from rules.acts import decide
from rules.bodies import BODIES
from rules.errors import BadInput, IllegalAct
from rules.explaining_words import why
from rules.outcome import Case
from rules.terms import Act, ClockKind
from rules.upward import from_above, standing
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

REPLIED = event("replied", "2026-09-29 10:00", "reviewing")
PASSED = event("reviewed", "2026-09-29 10:30", level="department", approved=True)
TO_REVIEW = (RECEIVED, DISPATCHED, SIGNED, REPLIED, PASSED)


def told(story, act, when, **said):
    """The facts after an act, and its outcome."""
    case = Case(story, policy(), calendar(), at(when))
    outcome = decide(act, BODIES[act](**said), case)
    return follow(story, outcome), outcome


def approved(when="2026-09-29 11:00", **given):
    story = facts(*TO_REVIEW, **{"upper_number": "SJ-1", **given})
    return told(story, Act.REVIEW, when, level="hotline", approve=True)


def clock(story):
    found = [each for each in clocks.plan(story, policy(), calendar()) if each.kind is ClockKind.UPWARD]
    return found[-1] if found else None


@pytest.mark.parametrize(
    "given", [{"upper_number": "SJ-1"}, {"upper_due_at": at("2026-10-09 12:00")}, {"channel": "handed_down"}]
)
def test_what_an_upper_level_handed_down_is_told_back_after_approval(given):
    story = facts(*TO_REVIEW, **given)
    assert from_above(story)
    after, out = told(story, Act.REVIEW, "2026-09-29 11:00", level="hotline", approve=True)
    assert (standing(after), out.changes["upward"]) == ("queued", "queued")
    assert "dispatcher" in [each.receiver for each in out.notices]


def test_nothing_is_owed_for_a_citizens_own_matter():
    after, out = approved(upper_number=None)
    assert (standing(after), clock(after), dict(out.changes)) == (None, None, {})


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (None, "09-30 17:30"),
        ("2026-10-20 12:00", "09-30 17:30"),
        ("2026-09-29 16:00", "09-29 16:00"),  # the upper level's own day comes first
        ("2026-09-28 12:00", "09-30 17:30"),  # it is over: the ordinary time counts
    ],
)
def test_by_when_it_is_told_and_the_sentence_adds_up(day, due):
    after, _ = approved(upper_due_at=at(day) if day else None)
    plan = clock(after)
    assert f"{plan.due_at:%m-%d %H:%M}" == due
    said = why(plan, clocks.plan(after, policy(), calendar()), after, policy(), calendar())
    assert said["adds_up"] and ("不晚于上级要求的办结时间" in said["words"]) == (day == "2026-09-29 16:00")


def test_it_runs_on_when_the_ticket_is_closed_and_sending_meets_it():
    after, _ = approved()
    closed, _ = told(after, Act.CALL_BACK, "2026-09-29 12:00", reached=True, solved=True, satisfied=True)
    assert clock(closed).state == "armed" and clocks.due_of(clocks.plan(closed, policy(), calendar())) is None
    done, out = told(closed, Act.SEND_UPWARD, "2026-09-30 09:00", receipt="HZ-7")
    assert (clock(done).state, clock(done).stopped_at) == ("met", at("2026-09-30 09:00"))
    assert out.changes == {"upward": "sent", "upper_receipt": "HZ-7"}


def test_an_unsatisfied_caller_calls_it_off_and_the_next_approval_asks_again():
    after, _ = approved()
    again, out = told(after, Act.CALL_BACK, "2026-09-29 12:00", reached=True, solved=False, satisfied=False)
    assert (standing(again), out.changes["upward"], clock(again).state) == (None, None, "cancelled")
    with pytest.raises(IllegalAct, match="还没有结果"):
        told(again, Act.SEND_UPWARD, "2026-09-29 13:00")


def sent(**given):
    return told(approved(**given)[0], Act.SEND_UPWARD, "2026-09-29 12:00")[0]


def test_the_upper_level_takes_it_with_its_number():
    done, out = told(sent(), Act.SETTLE_UPWARD, "2026-09-30 09:00", accept=True, receipt="HZ-8")
    assert (standing(done), out.changes) == ("received", {"upward": "received", "upper_receipt": "HZ-8"})
    with pytest.raises(IllegalAct, match="上级已接收"):
        told(done, Act.SETTLE_UPWARD, "2026-09-30 10:00", accept=True)


def test_what_it_sends_back_is_done_again_with_its_reason():
    with pytest.raises(BadInput, match="理由"):
        told(sent(), Act.SETTLE_UPWARD, "2026-09-30 09:00", accept=False)
    again, out = told(sent(), Act.SETTLE_UPWARD, "2026-09-30 09:00", accept=False, reason="没有附照片")
    assert (again.stage, again.redo_round, standing(again)) == ("handling", 1, "returned")
    assert [each.kind for each in out.happenings] == ["upward_settled", "redone"]
    assert "没有附照片" in out.happenings[1].data["reason"]
    plans = clocks.plan(again, policy(), calendar())
    assert any(each.kind is ClockKind.HANDLE and each.state == "armed" for each in plans)


def test_an_answer_without_dispatch_is_told_too_and_can_be_sent_back_to_the_dispatcher():
    waiting = event("triaged", "2026-09-28 10:01", "to_dispatch")
    story = facts(RECEIVED, waiting, upper_number="SJ-1", department=None, departments=())
    answered, _ = told(story, Act.ANSWER, "2026-09-28 11:00", words="已说明")
    assert (standing(answered), clock(answered).state) == ("queued", "armed")
    gone, _ = told(answered, Act.SEND_UPWARD, "2026-09-28 12:00")
    again, out = told(gone, Act.SETTLE_UPWARD, "2026-09-29 09:00", accept=False, reason="应当派单")
    assert (again.stage, out.changes["closed_at"]) == ("to_dispatch", None)


def test_what_is_put_away_is_not_taken_up_again():
    put_away = replace(sent(), stage="archived")
    with pytest.raises(IllegalAct):
        told(put_away, Act.SETTLE_UPWARD, "2026-09-30 09:00", accept=False, reason="不认可")


def test_only_what_came_from_above_can_be_told_upward():
    with pytest.raises(IllegalAct, match="不是上级交办"):
        told(approved(upper_number=None)[0], Act.SEND_UPWARD, "2026-09-29 12:00")
