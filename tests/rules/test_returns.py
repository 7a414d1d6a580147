"""Sending back, asking for time, pausing, calling back (退单、延期、挂起、回访): bounds at their edges, one table each."""

from datetime import timedelta

import pytest

from rules import acts, returns
from rules.bodies import BODIES, CallBackBody, ExtendBody, ReturnBody, ReviewBody, SuspendBody
from rules.errors import BadInput, IllegalAct, LimitReached, TooLate
from rules.outcome import Case
from rules.terms import Act, Stage, TicketType
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy


def decided(story, act, when, **body):
    return acts.decide(act, BODIES[act](**body), Case(story, policy(), calendar(), at(when)))


def returned(story, when, **body):
    return returns.of_return(story, ReturnBody(reason="不属于", **body), policy(), calendar(), at(when))


@pytest.mark.parametrize(
    ("when", "in_time"),
    [
        ("2026-09-28 10:01", True),
        ("2026-09-29 17:30", True),
        ("2026-09-29 17:31", False),
        ("2026-10-08 09:00", False),
    ],
)
def test_the_window_closes_with_the_first_workday_after_the_dispatch(when, in_time):
    story = facts(RECEIVED, DISPATCHED)
    if in_time:
        assert returned(story, when).what == Stage.RETURNED
    else:
        with pytest.raises(TooLate, match="09-29 17:30"):
            returned(story, when)


def test_a_new_dispatch_opens_a_new_window_and_a_refused_return_does_not():
    back = event("returned", "2026-09-28 16:00", "returned")
    refused = event("return_settled", "2026-09-29 17:00", "to_sign", accepted=False)
    with pytest.raises(TooLate):
        returned(facts(RECEIVED, DISPATCHED, back, refused), "2026-09-30 09:00", head="某")
    moved = event("reassigned", "2026-09-29 17:00", "to_sign", department="water")
    assert returned(facts(RECEIVED, DISPATCHED, moved), "2026-09-30 09:00").what == Stage.RETURNED


@pytest.mark.parametrize(
    ("earlier", "head", "outcome"),
    [
        (0, "", Stage.RETURNED),
        (1, "", BadInput),
        (1, "某", Stage.RETURNED),
        (2, "", BadInput),
        (2, "某", Stage.CONFERRING),
        (9, "某", Stage.CONFERRING),
    ],
)
def test_returns_are_counted_over_all_departments(earlier, head, outcome):
    story = facts(RECEIVED, DISPATCHED, *[event("returned", "2026-09-28 10:30", "returned")] * earlier)
    if outcome is BadInput:
        with pytest.raises(BadInput, match="负责人姓名"):
            returned(story, "2026-09-28 11:00", head=head)
    else:
        assert returned(story, "2026-09-28 11:00", head=head).what == outcome


def test_a_head_of_blanks_is_no_name():
    assert ReturnBody(reason="x", head=" \u200b ").head == ""


ASKED = event("extension_asked", "2026-09-29 10:00", workdays=3, reason="检测")


@pytest.mark.parametrize(
    ("after", "waits"),
    [
        ([], True),
        ([event("extension_settled", "2026-09-29 11:00", accepted=True, workdays=3)], False),
        ([event("extension_settled", "2026-09-29 11:00", accepted=False, workdays=3)], False),
        ([event("reassigned", "2026-09-29 11:00", "to_sign", department="water")], False),
        ([event("redone", "2026-09-29 11:00", "handling")], False),
        ([event("contacted", "2026-09-29 11:00", reached=True)], True),
        ([event("replied", "2026-09-29 11:00", "reviewing")], True),
    ],
)
def test_a_request_waits_until_it_is_settled_or_its_asker_is_out_of_it(after, waits):
    story = facts(RECEIVED, DISPATCHED, SIGNED, ASKED, *after)
    assert (returns.extension_waiting(story) is not None) is waits


def test_the_next_lead_may_ask_although_the_former_ones_request_was_never_settled():
    moved = event("reassigned", "2026-09-29 11:00", "to_sign", department="water")
    again = event("signed", "2026-09-29 12:00", "handling")
    story = facts(RECEIVED, DISPATCHED, SIGNED, ASKED, moved, again)
    returns.may_extend(
        story, ExtendBody(workdays=1, reason="检测"), policy(), calendar(), at("2026-09-30 10:00")
    )
    with pytest.raises(BadInput, match="没有待审核"):
        decided(story, Act.SETTLE_EXTENSION, "2026-09-30 10:00", accept=True)


@pytest.mark.parametrize("when", ["2026-10-13 17:30", "2026-10-13 17:31"])
def test_more_time_is_asked_for_up_to_the_very_deadline(when):
    story, body = facts(RECEIVED, DISPATCHED, SIGNED), ExtendBody(workdays=3, reason="检测")
    if when.endswith("30"):
        returns.may_extend(story, body, policy(), calendar(), at(when))
    else:
        with pytest.raises(TooLate):
            returns.may_extend(story, body, policy(), calendar(), at(when))


def test_refused_requests_do_not_use_up_the_three():
    refused = [
        event("extension_asked", "2026-09-29 10:00", workdays=3, reason="x"),
        event("extension_settled", "2026-09-29 11:00", accepted=False, workdays=3),
    ]
    story = facts(RECEIVED, DISPATCHED, SIGNED, *refused * 5)
    returns.may_extend(
        story, ExtendBody(workdays=3, reason="x"), policy(), calendar(), at("2026-09-30 10:00")
    )


def test_a_type_without_a_limit_has_no_deadline_to_extend():
    story = facts(RECEIVED, DISPATCHED, SIGNED, type=TicketType.PRAISE)
    assert returns.handle_due(story, policy(), calendar()) is None


@pytest.mark.parametrize(
    ("until", "fault"),
    [
        ("2026-09-28T10:00:00+08:00", BadInput),
        ("2026-09-28T10:00:00.000001+08:00", None),
        ("2026-10-13T10:00:00+08:00", None),
        ("2026-10-13T10:00:00.000001+08:00", LimitReached),
        ("2026-10-13T02:00:00+00:00", None),
        ("1900-01-01", BadInput),
        ("9999-12-31T23:59:59-12:00", LimitReached),
    ],
)
def test_a_pause_ends_after_now_and_within_the_days_of_its_reason(until, fault):
    body = SuspendBody(reason_code="等待诉求人", until=until)
    if fault is None:
        assert returns.may_suspend(body, policy(), at("2026-09-28 10:00")).code == "awaiting_caller"
    else:
        with pytest.raises(fault):
            returns.may_suspend(body, policy(), at("2026-09-28 10:00"))


def test_the_review_date_is_told_in_local_time():
    out = decided(
        facts(RECEIVED, DISPATCHED, SIGNED),
        Act.SUSPEND,
        "2026-09-29 10:00",
        reason_code="诉讼中",
        until="2026-11-01T20:00:00+00:00",
    )
    assert "2026-11-02" in out.notices[0].words


REPLIED = event("replied", "2026-09-29 10:00", "reviewing")
PASSED = event("reviewed", "2026-09-29 11:00", level="department", approved=True)


@pytest.mark.parametrize(
    ("story", "level", "may"),
    [
        ((REPLIED,), "department", True),
        ((REPLIED,), "hotline", False),
        ((REPLIED, PASSED), "hotline", True),
        ((REPLIED, PASSED), "department", False),
        # a second reply starts the two levels anew
        ((REPLIED, PASSED, REPLIED), "hotline", False),
        ((REPLIED, PASSED, REPLIED), "department", True),
    ],
)
def test_the_levels_take_turns_for_each_reply(story, level, may):
    body = ReviewBody(level=level, approve=True)
    if may:
        returns.may_review(facts(RECEIVED, DISPATCHED, SIGNED, *story), body)
    else:
        with pytest.raises(IllegalAct):
            returns.may_review(facts(RECEIVED, DISPATCHED, SIGNED, *story), body)


READY = (
    *(RECEIVED, DISPATCHED, SIGNED, REPLIED, PASSED),
    event("reviewed", "2026-09-29 12:00", "to_call_back", level="hotline", approved=True),
)


def missed(*when):
    return [event("called_back", each, reached=False) for each in when]


@pytest.mark.parametrize(
    ("earlier", "now", "what"),
    [
        ([], "2026-09-29 14:00", "not_reached"),
        (["2026-09-29 14:00"], "2026-09-30 09:00", "not_reached"),
        (["2026-09-29 14:00", "2026-09-29 15:00"], "2026-09-29 16:00", "not_reached"),
        (["2026-09-29 14:00", "2026-09-29 15:00"], "2026-09-30 09:00", "given_up"),
        # by local days: 23:30 and 00:30 in China are one UTC day, and two days
        (["2026-09-29 23:20", "2026-09-29 23:30"], "2026-09-30 00:30", "given_up"),
    ],
)
def test_calls_are_counted_by_number_and_by_local_day(earlier, now, what):
    story = facts(*READY, *missed(*earlier))
    found = returns.of_call_back(story, CallBackBody(reached=False), policy(), at(now))
    assert found.what == what


def test_calls_of_an_earlier_round_do_not_count():
    story = facts(
        *READY,
        *missed("2026-09-29 14:00", "2026-09-29 15:00"),
        event("redone", "2026-09-30 09:00", "handling"),
    )
    later = event("reviewed", "2026-10-08 12:00", "to_call_back", level="hotline", approved=True)
    again = facts(*story.happenings, REPLIED, PASSED, later)
    found = returns.of_call_back(again, CallBackBody(reached=False), policy(), at("2026-10-08 14:00"))
    assert found.what == "not_reached"


@pytest.mark.parametrize(
    "body",
    [
        {"reached": True},
        {"reached": True, "solved": True},
        {"reached": True, "satisfied": True},
        {"reached": False, "solved": False},
        {"reached": False, "satisfied": True},
    ],
)
def test_half_an_answer_is_none(body):
    with pytest.raises(BadInput):
        returns.of_call_back(facts(*READY), CallBackBody(**body), policy(), at("2026-09-29 14:00"))


def test_a_pause_lengthens_nothing_but_the_limit_it_pauses():
    """The deadline after the pause is by exactly the working time that passed; see test_clocks for the dates."""
    story = facts(RECEIVED, DISPATCHED, SIGNED)
    before = returns.handle_due(story, policy(), calendar())
    paused = event("suspended", "2026-09-29 10:00", "suspended", until=at("2026-10-09 00:00"))
    early = event("resumed", "2026-09-29 09:59", "handling")  # another machine's clock, a minute behind
    assert returns.handle_due(facts(*story.happenings, paused, early), policy(), calendar()) == before
    later = event("resumed", "2026-09-29 11:00", "handling")
    after = returns.handle_due(facts(*story.happenings, paused, later), policy(), calendar())
    assert calendar().elapsed(before, after) == timedelta(hours=1).total_seconds() / 60


@pytest.mark.parametrize(
    ("solved", "satisfied", "what", "because"),
    [
        (True, True, "satisfied", "办结"),
        (True, False, "unsatisfied", "不满意，退回重办"),
        (False, True, "unsatisfied", "未解决，退回重办"),
        (False, False, "unsatisfied", "未解决，退回重办"),
    ],
)
def test_an_answer_rests_on_the_clause_for_answers_not_on_the_one_for_calls_in_vain(
    solved, satisfied, what, because
):
    body = CallBackBody(reached=True, solved=solved, satisfied=satisfied)
    found = returns.of_call_back(facts(*READY), body, policy(), at("2026-09-29 14:00"))
    assert (found.what, because in found.because) == (what, True)
    assert "闭环" in found.clause and "拨打" not in found.clause
    unreached = returns.of_call_back(
        facts(*READY), CallBackBody(reached=False), policy(), at("2026-09-29 14:00")
    )
    assert "拨打" in unreached.clause
