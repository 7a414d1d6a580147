"""Legs (主办、协办、下派): each department has its own deadline, the ticket keeps its one, the answer stays the lead's."""

import pytest

from rules.acts import decide
from rules.bodies import BODIES
from rules.clocks import WHOLE, plan
from rules.errors import BadInput, IllegalAct
from rules.legs import upper_of
from rules.outcome import Case
from rules.terms import CHINA, Act, ClockKind
from tests.stories import RECEIVED, SIGNED, at, calendar, event, facts, policy

SENT = event("dispatched", "2026-09-28 10:00", "to_sign", department="police", assists=["water_affairs"])
SIGNED_BY = event("signed", "2026-09-28 11:00", "handling", department="police")
ASKED = event("assisted", "2026-09-28 14:00", department="housing", workdays=2)
DOWN = event("delegated", "2026-09-28 15:00", department="traffic_police", upper="police")


def legs(*happenings, **given):
    """Each running or ended leg: scope, generation, state, deadline."""
    plans = plan(
        facts(*happenings, department="police", departments=("police",), **given), policy(), calendar()
    )
    return [
        (each.scope, each.generation, each.state, f"{each.due_at.astimezone(CHINA):%m-%d %H:%M}")
        for each in plans
        if each.kind is ClockKind.HANDLE and each.scope != WHOLE
    ]


def steps(*happenings):
    plans = plan(facts(*happenings), policy(), calendar())
    return {
        each.scope: [step.action for step in each.steps] for each in plans if each.kind is ClockKind.HANDLE
    }


def done(act, *happenings, by, departments, when="2026-09-29 09:00", **body):
    story = facts(*happenings, department="police", departments=departments)
    return decide(act, BODIES[act](**body), Case(story, policy(), calendar(), at(when), by=by))


def test_lead_and_assists_each_have_a_deadline_from_their_own_dispatch():
    assert legs(RECEIVED, SENT) == [
        ("police", 1, "armed", "10-13 17:30"),
        ("water_affairs", 1, "armed", "10-13 17:30"),
    ]


def test_a_new_lead_has_its_own_time_and_the_ticket_keeps_its_deadline():
    moved = event("reassigned", "2026-09-30 10:00", "to_sign", department="housing")
    plans = plan(facts(RECEIVED, SENT, SIGNED_BY, moved), policy(), calendar())
    whole = [each for each in plans if each.kind is ClockKind.HANDLE and each.scope == WHOLE]
    assert [(each.state, f"{each.due_at.astimezone(CHINA):%m-%d %H:%M}") for each in whole] == [
        ("armed", "10-13 17:30")
    ]
    assert legs(RECEIVED, SENT, SIGNED_BY, moved) == [
        ("police", 1, "cancelled", "10-13 17:30"),
        ("water_affairs", 1, "cancelled", "10-13 17:30"),
        ("housing", 1, "armed", "10-15 17:30"),
    ]


def test_an_accepted_return_ends_the_leg_and_a_rejected_one_does_not():
    back = event("returned", "2026-09-28 16:00", "returned")
    accepted = event("return_settled", "2026-09-29 09:30", "to_dispatch", accepted=True)
    rejected = event("return_settled", "2026-09-29 09:30", "to_sign", accepted=False)
    assert [state for _, _, state, _ in legs(RECEIVED, SENT, back, accepted)] == ["cancelled", "cancelled"]
    assert [state for _, _, state, _ in legs(RECEIVED, SENT, back, rejected)] == ["armed", "armed"]


def test_who_is_asked_to_help_has_the_workdays_it_was_given():
    assert legs(RECEIVED, SENT, SIGNED_BY, ASKED)[-1] == ("housing", 1, "armed", "09-30 17:30")


def test_who_is_delegated_to_never_has_longer_than_who_delegated():
    late = event("delegated", "2026-10-12 15:00", department="traffic_police", upper="police")
    assert legs(RECEIVED, SENT, SIGNED_BY, DOWN)[-1] == ("traffic_police", 1, "armed", "09-30 17:30")
    assert legs(RECEIVED, SENT, SIGNED_BY, late)[-1] == ("traffic_police", 1, "armed", "10-13 17:30")


def test_reporting_up_meets_the_leg_and_nothing_else():
    reported = event("reported_up", "2026-09-29 10:00", department="housing", upper="police")
    found = legs(RECEIVED, SENT, SIGNED_BY, ASKED, reported)
    assert {scope: state for scope, _, state, _ in found} == {
        "police": "armed",
        "water_affairs": "armed",
        "housing": "met",
    }


def test_a_pause_moves_every_leg_and_an_extension_the_leads():
    off = event("suspended", "2026-09-29 09:00", "suspended", until=at("2026-09-30 09:00"))
    on = event("resumed", "2026-09-30 09:00", "handling")
    longer = event("extension_settled", "2026-09-30 10:00", accepted=True, workdays=3)
    paused = {scope: state for scope, _, state, _ in legs(RECEIVED, SENT, SIGNED_BY, ASKED, off)}
    assert paused == {"police": "paused", "water_affairs": "paused", "housing": "paused"}
    found = {
        scope: due
        for scope, _, state, due in legs(RECEIVED, SENT, SIGNED_BY, ASKED, off, on, longer)
        if state == "armed"
    }
    assert found == {"police": "10-19 17:30", "water_affairs": "10-14 17:30", "housing": "10-08 17:30"}


def test_an_approved_reply_meets_the_leads_leg_when_it_was_given_and_calls_the_others_off():
    replied = event("replied", "2026-09-29 10:00", "reviewing")
    approved = event("reviewed", "2026-09-29 12:00", "to_call_back", level="hotline", approved=True)
    plans = plan(facts(RECEIVED, SENT, SIGNED_BY, ASKED, replied, approved), policy(), calendar())
    ended = {each.scope: (each.state, each.stopped_at) for each in plans if each.kind is ClockKind.HANDLE}
    assert ended == {
        WHOLE: ("met", replied.at),
        "police": ("met", replied.at),
        "water_affairs": ("cancelled", approved.at),
        "housing": ("cancelled", approved.at),
    }


def test_a_redo_times_the_lead_anew():
    replied = event("replied", "2026-09-29 10:00", "reviewing")
    approved = event("reviewed", "2026-09-29 12:00", "to_call_back", level="hotline", approved=True)
    redone = event("redone", "2026-09-29 15:00", "handling", round=1)
    found = legs(RECEIVED, SENT, SIGNED_BY, replied, approved, redone)
    assert found[-2:] == [("police", 2, "armed", "10-09 17:30"), ("water_affairs", 2, "armed", "10-09 17:30")]


def test_the_lead_is_pressed_by_the_tickets_ladder_and_helpers_are_reminded_only():
    found = steps(RECEIVED, SENT, SIGNED_BY, ASKED)
    assert found["police"] == []
    assert set(found["housing"]) == set(found["water_affairs"]) == {"warn", "breach"}
    assert {"supervise", "breach", "warn"} <= set(found[WHOLE])


def test_to_whom_a_department_reports():
    story = facts(RECEIVED, SENT, SIGNED_BY, ASKED, DOWN, department="police")
    told = {code: upper_of(story, code) for code in ("police", "water_affairs", "housing", "traffic_police")}
    assert told == {
        "police": None,
        "water_affairs": "police",
        "housing": "police",
        "traffic_police": "police",
    }


def test_an_assist_tells_the_department_and_begins_its_leg():
    out = done(
        Act.ASSIST,
        RECEIVED,
        SENT,
        SIGNED_BY,
        by="police",
        departments=("police",),
        department="housing",
        workdays=2,
    )
    assert (out.joins.department, out.joins.upper) == ("housing", None)
    assert [(each.receiver, each.department) for each in out.notices] == [("liaison", "housing")]


@pytest.mark.parametrize(
    ("act", "body", "words"),
    [
        (Act.ASSIST, {"department": "housing", "workdays": 30}, "晚于本单截止时间 10月13日 17:30"),
        (Act.ASSIST, {"department": "water_affairs", "workdays": 1}, "已经在办"),
        (Act.ASSIST, {"department": "police", "workdays": 1}, "已经在办"),
        (Act.DELEGATE, {"department": "housing"}, "不是您单位的下级"),
        (Act.DELEGATE, {"department": "water_affairs"}, "已经在办"),
    ],
)
def test_helpers_that_cannot_be_are_refused_in_plain_words(act, body, words):
    with pytest.raises(BadInput, match=words):
        done(act, RECEIVED, SENT, SIGNED_BY, by="police", departments=("police", "water_affairs"), **body)


def test_the_hint_of_a_refused_delegation_names_who_stands_below():
    with pytest.raises(BadInput) as refused:
        done(
            Act.DELEGATE,
            RECEIVED,
            SENT,
            SIGNED_BY,
            by="police",
            departments=("police",),
            department="housing",
        )
    assert "交通警察大队" in refused.value.advice


def test_a_level_that_waits_for_the_one_below_it_cannot_report_yet():
    further = event("delegated", "2026-09-28 16:00", department="fire_rescue", upper="emergency_management")
    asked = event("assisted", "2026-09-28 14:00", department="emergency_management", workdays=2)
    story = (RECEIVED, SENT, SIGNED_BY, asked, further)
    held = ("police", "emergency_management", "fire_rescue")
    with pytest.raises(BadInput, match="还没有向您单位上报"):
        done(Act.REPORT_UP, *story, by="emergency_management", departments=held, words="已办")
    out = done(Act.REPORT_UP, *story, by="fire_rescue", departments=held, words="已办")
    assert (out.leaves, out.notices[0].department) == ("fire_rescue", "emergency_management")


@pytest.mark.parametrize("by", ["police", None])
def test_the_lead_replies_and_does_not_report_up(by):
    with pytest.raises(IllegalAct, match="答复"):
        done(Act.REPORT_UP, RECEIVED, SENT, SIGNED, by=by, departments=("police",), words="已办")
