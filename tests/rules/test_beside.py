"""Rating a step and looking at who called (评价、查看身份): when, and whose the stars are."""

import pytest

from rules.acts import decide
from rules.bodies import BODIES
from rules.errors import IllegalAct
from rules.outcome import Case
from rules.terms import Act
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

REPLIED = event("replied", "2026-09-29 10:00", "reviewing", words="已修", solved=True, department="urban")
ANSWERED = event("answered", "2026-09-28 10:01", "answered", words="请拨打")
STORY = (RECEIVED, DISPATCHED, SIGNED, REPLIED)


def done(act, story, **body):
    given = {"department": None} if story[-1] is ANSWERED else {}
    looked_at = Case(facts(*story, **given), policy(), calendar(), at("2026-09-30 10:00"))
    return decide(act, BODIES[act](**body), looked_at)


@pytest.mark.parametrize(
    ("step", "story", "whose"),
    [
        ("receive", (RECEIVED,), None),
        ("dispatch", STORY, None),
        ("handle", STORY, "urban"),
        ("reply", STORY, "urban"),
        ("reply", (RECEIVED, ANSWERED), None),
        ("dispatch", (RECEIVED,), IllegalAct),
        ("handle", (RECEIVED, DISPATCHED), IllegalAct),
        ("reply", (RECEIVED, DISPATCHED, SIGNED), IllegalAct),
        ("call_back", STORY, IllegalAct),
        ("close", STORY, IllegalAct),
    ],
)
def test_a_step_is_rated_once_it_was_taken_and_for_whom_took_it(step, story, whose):
    if whose is IllegalAct:
        with pytest.raises(IllegalAct):
            done(Act.RATE, story, step=step, stars=1)
        return
    (rated,) = done(Act.RATE, story, step=step, stars=4).happenings
    assert (rated.data["about"], rated.data["stars"], rated.data["department"]) == (step, 4, whose)
    assert "stage" not in rated.data


def test_a_look_leaves_field_and_reason_and_tells_nobody():
    outcome = done(Act.REVEAL, STORY, field="电话", reason="首次联系")
    assert [each.data for each in outcome.happenings] == [{"field": "phone", "reason": "首次联系"}]
    assert (outcome.changes, outcome.notices, outcome.decision) == ({}, (), None)
