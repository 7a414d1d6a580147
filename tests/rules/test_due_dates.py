"""A deadline that a person sets (指定办结时间)."""

import pytest

from rules.acts import decide
from rules.bodies import BODIES
from rules.clocks import WHOLE, plan
from rules.errors import BadInput, IllegalAct
from rules.explaining_words import why
from rules.outcome import Case
from rules.terms import Act
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy


def put(story, due, when="2026-09-29 10:00"):
    body = BODIES[Act.SET_DUE](due_at=due, reason="县政府要求")
    return decide(Act.SET_DUE, body, Case(story, policy(), calendar(), at(when), who="督办王"))


def handling(told):
    plans = plan(told, policy(), calendar())
    return plans, [each for each in plans if each.kind == "handle" and each.scope == WHOLE]


def shown(plans):
    return [(each.generation, each.state, f"{each.due_at:%m-%d %H:%M}") for each in plans]


def test_it_holds_and_pauses_and_extensions_go_on_from_it():
    out = put(facts(RECEIVED, DISPATCHED, SIGNED), "2026-10-20 12:00")
    assert [each.receiver for each in out.notices] == ["liaison", "handler"]
    assert out.notices[0].words == "办结时间由 10月13日 17:30 改为 10月20日 12:00：县政府要求"
    more = event("extension_settled", "2026-10-09 10:00", accepted=True, workdays=1)
    paused = event("suspended", "2026-10-12 09:00", "suspended", until=at("2026-12-01 00:00"))
    resumed = event("resumed", "2026-10-13 09:00", "handling")
    told = facts(RECEIVED, DISPATCHED, SIGNED, *out.happenings, more, paused, resumed)
    plans, found = handling(told)
    assert shown(found) == [
        (1, "cancelled", "10-13 17:30"),
        (2, "cancelled", "10-20 12:00"),
        (3, "cancelled", "10-21 17:30"),
        (4, "armed", "10-22 17:30"),
    ]
    leg = [each for each in plans if each.kind == "handle" and each.scope == "urban"]
    assert [each.due_at for each in leg] == [each.due_at for each in found]
    reasons = [why(each, plans, told, policy(), calendar()) for each in plans]
    assert all(each["adds_up"] for each in reasons)
    last = why(found[-1], plans, told, policy(), calendar())
    assert "9月29日 10:00 督办王指定办结时间（县政府要求）" in last["words"]
    assert [each["kind"] for each in last["changes"]] == ["set", "extension", "pause"]


@pytest.mark.parametrize("due", ["2026-09-29 09:00", "2026-10-13 17:30"])
def test_a_time_that_is_past_and_the_same_time_are_refused(due):
    with pytest.raises(BadInput):
        put(facts(RECEIVED, DISPATCHED, SIGNED), due)


def test_it_needs_a_running_limit():
    with pytest.raises(IllegalAct):
        put(facts(RECEIVED), "2026-10-20")


def test_a_reply_under_review_stays_held():
    replied = event("replied", "2026-09-29 09:30", "reviewing", words="x")
    told = facts(RECEIVED, DISPATCHED, SIGNED, replied)
    out = put(told, "2026-10-20 12:00")
    _, found = handling(facts(RECEIVED, DISPATCHED, SIGNED, replied, *out.happenings))
    assert shown(found)[-1] == (2, "held", "10-20 12:00")
