"""Acts that end a matter without a department, or begin it again (无效、转紧急、补充、撤诉、终结、归档)."""

import pytest

from rules.acts import decide
from rules.bodies import BODIES
from rules.errors import BadInput, LimitReached
from rules.outcome import Case
from rules.terms import Act, Stage
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

VAGUE = event("triaged", "2026-09-28 10:00", "incomplete")
TRIED = [event("contacted", f"2026-09-{day} 10:00", reached=False, words="无人接听") for day in (28, 29, 30)]


def done(story, act, when="2026-09-30 11:00", **body):
    return decide(act, BODIES[act](**body), Case(story, policy(), calendar(), at(when)))


@pytest.mark.parametrize("reason", ["silent", "误拨", "test", "abuse"])
def test_an_invalid_call_is_told_by_code_or_name_and_keeps_its_reason(reason):
    out = done(facts(RECEIVED), Act.INVALIDATE, reason_code=reason)
    assert out.happenings[0].data["stage"] is Stage.INVALID
    assert out.decision.because.startswith("无效：") and out.decision.clause
    assert out.changes == {"closed_at": at("2026-09-30 11:00")}


def test_an_unknown_reason_is_refused_with_the_list():
    with pytest.raises(BadInput) as refused:
        done(facts(RECEIVED), Act.INVALIDATE, reason_code="boring")
    assert "silent（无声来电）" in refused.value.advice


@pytest.mark.parametrize("tries", [0, 1, 2])
def test_too_little_told_is_invalid_only_after_three_logged_attempts(tries):
    with pytest.raises(LimitReached, match=f"现在只有 {tries} 次"):
        done(facts(RECEIVED, VAGUE, *TRIED[:tries]), Act.INVALIDATE, reason_code="incomplete")
    out = done(facts(RECEIVED, VAGUE, *TRIED), Act.INVALIDATE, reason_code="要素不全")
    assert out.happenings[0].data["attempts"] == 3


def test_a_supplement_goes_to_triage_again_and_a_name_is_not_written_down():
    out = done(facts(RECEIVED, VAGUE), Act.SUPPLEMENT, elements={"地点": "滨河路", "name": "某人"})
    assert out.again and out.happenings[0].data["stage"] is Stage.RECEIVED
    assert out.happenings[0].data["elements"] == {"place": "滨河路"}


@pytest.mark.parametrize(("reason", "may"), [("incomplete", True), ("silent", False)])
def test_of_invalid_calls_only_what_lacked_elements_can_be_supplemented(reason, may):
    story = facts(RECEIVED, event("invalidated", "2026-09-29 10:00", "invalid", reason_code=reason))
    if may:
        assert done(story, Act.SUPPLEMENT, elements={"cause": "漏水"}).again
    else:
        with pytest.raises(BadInput, match="要素不全"):
            done(story, Act.SUPPLEMENT, elements={"cause": "漏水"})


def test_a_person_may_transfer_at_once_and_take_a_false_alarm_back():
    out = done(facts(RECEIVED), Act.TRANSFER, line="119")
    assert out.decision.clause and [each.receiver for each in out.notices] == ["operator", "duty_office"]
    story = facts(RECEIVED, event("transferred", "2026-09-28 10:00", "transferred", line="119"))
    back = done(story, Act.UNDO, step="transfer", reason="说的是去年的火灾")
    assert back.happenings[0].data["stage"] is Stage.TO_DISPATCH
    assert back.changes == {"closed_at": None}
    with pytest.raises(BadInput, match="只能撤销转接"):
        done(story, Act.UNDO, step="repeat_3", reason="x")


@pytest.mark.parametrize(
    ("act", "body", "stage"),
    [
        (Act.WITHDRAW, {}, Stage.WITHDRAWN),
        (Act.END, {"reason": "依法已答复", "evidence": "盖章的书面报告"}, Stage.ENDED),
    ],
)
def test_the_department_hears_that_a_matter_is_over(act, body, stage):
    out = done(facts(RECEIVED, DISPATCHED, SIGNED), act, **body)
    assert out.happenings[0].data["stage"] is stage
    assert {each.department for each in out.notices} == {"urban"}
    assert out.changes == {"closed_at": at("2026-09-30 11:00")}


def test_only_what_is_closed_is_archived():
    story = facts(RECEIVED, DISPATCHED, SIGNED, event("closed", "2026-09-29 10:00", "closed"))
    assert done(story, Act.ARCHIVE).happenings[0].data["stage"] is Stage.ARCHIVED
