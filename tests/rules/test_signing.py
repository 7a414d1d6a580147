"""Signing by itself (自动签收): when, what it leaves of the missed limit, and that nothing can be returned afterwards."""

from dataclasses import replace

import pytest

from rules import clocks, signing
from rules.bodies import ReturnBody
from rules.errors import TooLate
from rules.explaining_words import why
from rules.outcome import Case
from rules.return_records import ReturnRule
from rules.returns import of_return
from rules.terms import Budget, ClockKind, Unit, Urgency
from tests.stories import DISPATCHED, RECEIVED, at, calendar, event, facts, policy

RETURNED = event("returned", "2026-09-29 15:00", "returned")
BACK = event("return_settled", "2026-09-30 10:00", "to_sign", accepted=False)


def within(amount: float):
    """The pack with another window for returns, in workdays."""
    window = Budget(amount, Unit.WORKDAYS)
    return replace(policy(), returns=ReturnRule(window, 2, 3, ""))


def rung(*happenings, pack=None, **given):
    plans = clocks.plan(facts(*happenings, **given), pack or policy(), calendar())
    newest = [each for each in plans if each.kind is ClockKind.SIGN][-1]
    return newest, next((each for each in newest.steps if each.action == "sign"), None)


@pytest.mark.parametrize(
    ("story", "days", "given", "due", "signs"),
    [
        ((), 1, {}, "09-29 17:30", "09-29 17:30"),
        ((), 3, {}, "09-29 17:30", "10-08 17:30"),  # the window is longer than the limit: the window counts
        ((), 1, {"urgency": Urgency.URGENT}, "09-28 10:30", "09-29 17:30"),
        (
            (RETURNED, BACK),
            1,
            {},
            "10-08 17:30",
            "10-08 17:30",
        ),  # sent back to sign: not before the new limit
        ((RETURNED, BACK), 4, {}, "10-08 17:30", "10-09 17:30"),  # the window counts from the dispatch
    ],
)
def test_it_is_never_before_the_limit_nor_before_the_window_for_returns(story, days, given, due, signs):
    plan, step = rung(RECEIVED, DISPATCHED, *story, pack=within(days), **given)
    assert (f"{plan.due_at:%m-%d %H:%M}", f"{step.at:%m-%d %H:%M}") == (due, signs)
    assert step is plan.steps[-1]


def test_a_pack_switches_it_off_by_dropping_the_rung():
    ladder = tuple(row for row in policy().ladder if row.step.action != "sign")
    assert rung(RECEIVED, DISPATCHED, pack=replace(policy(), ladder=ladder))[1] is None


def signed(story=(RECEIVED, DISPATCHED)):
    standing = facts(*story)
    _, step = rung(*story)
    return standing, signing.by_itself(step, Case(standing, policy(), calendar(), step.at))


def test_the_signature_is_marked_and_told():
    _, out = signed()
    (happened,) = out.happenings
    assert (happened.kind, happened.data["stage"], happened.data["automatic"]) == ("signed", "handling", True)
    assert happened.at == at("2026-09-29 17:30") and happened.data["department"] == "urban"
    assert [each.receiver for each in out.notices] == ["liaison", "department_leader"]
    assert "已自动签收" in out.notices[0].words and out.decision.what == "automatic"


def test_the_missed_limit_is_called_off_and_not_met():
    standing, out = signed()
    plan, _ = rung(*standing.happenings, *out.happenings)
    assert (plan.state, plan.stopped_at) == ("cancelled", at("2026-09-29 17:30"))
    later = clocks.plan(facts(*standing.happenings, *out.happenings), policy(), calendar())
    contact = next(each for each in later if each.kind is ClockKind.FIRST_CONTACT)
    assert contact.started_at == at("2026-09-29 17:30")


def test_a_return_is_possible_up_to_that_very_instant_and_no_longer():
    standing, _ = signed()
    body = ReturnBody(reason="不是本单位职责")
    of_return(standing, body, policy(), calendar(), at("2026-09-29 17:30"))
    with pytest.raises(TooLate, match="首办责任"):
        of_return(standing, body, policy(), calendar(), at("2026-09-29 17:31"))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (1, "9月29日 周二 17:30 截止；届时仍未签收的，自动签收。"),
        (3, "9月29日 周二 17:30 截止；到 10月8日 17:30 退单期限届满仍未签收的，自动签收。"),
    ],
)
def test_the_explanation_says_when(days, said):
    story, pack = facts(RECEIVED, DISPATCHED), within(days)
    plans = clocks.plan(story, pack, calendar())
    plan = next(each for each in plans if each.kind is ClockKind.SIGN)
    assert why(plan, plans, story, pack, calendar())["words"].endswith(said)


def test_a_window_beyond_the_known_years_makes_the_promise_provisional():
    sent = (
        event("received", "2026-12-29 10:00", "received"),
        event("dispatched", "2026-12-29 10:00", "to_sign", department="urban"),
    )
    assert not rung(*sent)[0].provisional
    plan, step = rung(*sent, pack=within(5))
    assert plan.provisional and plan.due_at == at("2026-12-30 17:30") and step.at == at("2027-01-05 17:30")
