"""Several matters in one contact (拆单): what stays, what is refused, and from when a part's clocks count."""

import pytest

from rules import clocks, splitting
from rules.acts import decide
from rules.bodies import BODIES
from rules.errors import BadInput
from rules.outcome import Case
from rules.terms import Act, ClockKind, Happened, Stage
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

TWO = ({"text": "路灯不亮"}, {"text": "井盖破了"})
URBAN = "urban_management"


def case(*story, when="2026-09-30 10:00", **given):
    told = facts(*(story or (RECEIVED, DISPATCHED, SIGNED)), **{"department": URBAN, **given})
    return Case(told, policy(), calendar(), at(when))


def split(looked_at, *parts):
    return decide(Act.SPLIT, BODIES[Act.SPLIT](parts=parts or TWO), looked_at)


@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.TO_DISPATCH, Stage.HANDLING, Stage.TO_CALL_BACK])
def test_the_ticket_stays_where_it_is(stage):
    outcome = split(case(event("received", "2026-09-28 10:00", stage), department=None))
    (told,) = outcome.happenings
    assert (told.kind, told.data) == (Happened.SPLIT, {"parts": 2})  # no words: not all may read all parts
    assert outcome.decision.what == stage and outcome.lead is None


@pytest.mark.parametrize(
    ("first", "story", "words"),
    [
        ({"department": "water_supply"}, (), "承办单位不能在拆单时改"),
        ({"department": URBAN}, (), None),
        ({"department": "water_supply"}, (RECEIVED,), None),  # nobody holds it yet
        ({"type": "投诉"}, (), "诉求类型不能在拆单时改"),
        ({"type": "求助"}, (), None),
        ({"category": "没有"}, (), "没有诉求类别"),
        ({"department": "月球管理局"}, (RECEIVED,), "没有承办单位"),
    ],
)
def test_what_the_first_part_may_say(first, story, words):
    parts = ({**TWO[0], **first}, TWO[1])
    if words is None:
        assert split(case(*story), *parts).happenings
        return
    with pytest.raises(BadInput, match=words):
        split(case(*story), *parts)


def test_a_category_is_known_by_code_and_name():
    known = next(iter(policy().categories.values()))
    for said in (known.code, known.name):
        assert split(case(), {**TWO[0], "category": said}, TWO[1]).changes == {"category": known.code}


def test_a_parts_clocks_count_from_the_contact_and_from_the_tickets_own_promise():
    looked_at = case()
    held = splitting.promises_of(looked_at)
    assert held == {"since": at("2026-09-28 10:00"), "promised": at("2026-09-28 10:00")}
    born = event("received", "2026-09-30 10:00", "received", **held)
    sent = event("dispatched", "2026-09-30 11:00", "to_sign", department="water_supply")
    part = facts(born, sent, received_at=looked_at.facts.received_at)
    plans = {
        each.kind: each for each in clocks.plan(part, policy(), calendar()) if each.scope == clocks.WHOLE
    }
    own = {
        each.kind: each
        for each in clocks.plan(looked_at.facts, policy(), calendar())
        if each.scope == clocks.WHOLE
    }
    assert plans[ClockKind.DISPATCH].due_at == own[ClockKind.DISPATCH].due_at
    assert plans[ClockKind.HANDLE].due_at == own[ClockKind.HANDLE].due_at
    assert plans[ClockKind.SIGN].started_at == sent.at


def test_a_ticket_that_nobody_has_yet_promises_nothing_to_its_parts():
    assert splitting.promises_of(case(RECEIVED))["promised"] is None
