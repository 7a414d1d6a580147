"""What a repeat takes over (接续): count, redo round and former lead, when it is told again, linked, sent and unlinked."""

from dataclasses import replace

import pytest

from rules import clocks
from rules.acts import decide
from rules.bodies import BODIES
from rules.carrying import Closed, carry, is_malicious, redo_round_of
from rules.outcome import Case
from rules.terms import Act, ClockKind, Stage
from tests.stories import RECEIVED, at, calendar, event, facts, policy

CLOSED = Closed("999001202609280000017", Stage.CLOSED, 1, at("2026-09-28 10:00"), 0, "urban")


@pytest.mark.parametrize(
    ("closed", "when", "count", "counted", "round_"),
    [
        (CLOSED, "2026-10-12 10:00", 2, True, 1),
        (CLOSED, "2026-09-28 17:00", 1, False, 0),  # the same day: linked, not counted
        (replace(CLOSED, stage=Stage.ANSWERED), "2026-10-12 10:00", 1, False, 0),
        (replace(CLOSED, stage=Stage.ENDED), "2026-10-12 10:00", 1, False, 0),
        (replace(CLOSED, stage=Stage.ARCHIVED, count=4, round=3), "2026-10-12 10:00", 5, True, 4),
        (replace(CLOSED, count=4, round=3), "2027-03-27 09:59", 5, True, 4),
        (
            replace(CLOSED, count=4, round=3),
            "2027-03-29 10:00",
            1,
            False,
            0,
        ),  # the window of 180 days is empty
    ],
)
def test_a_new_ticket_carries_the_count_of_the_closed_one(closed, when, count, counted, round_):
    found = carry(closed, policy(), calendar(), at(when))
    assert (found.count, found.counted, found.round, found.former) == (count, counted, round_, "urban")
    assert found.counted_at == (
        at(when) if counted or (count == 1 and closed.count > 1) else closed.counted_at
    )


def test_nothing_of_a_malicious_caller_counts():
    found = carry(CLOSED, policy(), calendar(), at("2026-10-12 10:00"), malicious=True)
    assert (found.count, found.counted) == (1, False)


OVER = "2027-03-29 10:00"  # more than 180 days after the last counted contact


@pytest.mark.parametrize(
    ("closed", "when", "malicious"),
    [
        (CLOSED, OVER, False),
        (replace(CLOSED, stage=Stage.ANSWERED), OVER, False),
        (replace(CLOSED, stage=Stage.ENDED), OVER, False),
        (CLOSED, OVER, True),
        (CLOSED, "2027-03-28 10:00", False),  # a Sunday: apart or not, the window is empty
    ],
)
def test_beyond_the_window_count_and_round_begin_anew_whatever_else(closed, when, malicious):
    found = carry(replace(closed, count=4, round=3), policy(), calendar(), at(when), malicious)
    assert (found.count, found.counted, found.round, found.counted_at) == (1, False, 0, at(when))
    assert (found.earlier, found.former) == (closed.number, "urban")


def told_again(**data):
    """Received as a counted repeat of what the housing bureau handled; a person has to dispatch it."""
    held = {"earlier": "x", "count": 2, "counted": True, "round": 1, "former": "housing", **data}
    received = event("received", "2026-09-28 10:00", "received", **held)
    waiting = event("triaged", "2026-09-28 10:00", "to_dispatch")
    return facts(received, waiting, earlier="x", department=None, departments=(), redo_round=1)


def linked_later():
    held = {"earlier": "x", "count": 2, "counted": True, "round": 1, "former": "housing"}
    waiting = event("triaged", "2026-09-28 10:00", "to_dispatch")
    return facts(RECEIVED, waiting, event("linked", "2026-09-28 11:00", **held), earlier="x")


def unlinked():
    story = linked_later()
    return replace(story, happenings=(*story.happenings, event("undone", "2026-09-28 11:30", step="link")))


@pytest.mark.parametrize(
    ("story", "department", "round_"),
    [
        (told_again(), "housing", 1),
        (told_again(round=3), "housing", 3),
        (linked_later(), "housing", 1),
        (told_again(), "market_supervision", None),  # another lead begins with the ordinary limit
        (told_again(counted=False), "housing", None),
        (told_again(former=None), "housing", None),
        (unlinked(), "housing", None),
        (facts(RECEIVED), "housing", None),
    ],
)
def test_who_sends_a_counted_repeat_to_its_former_lead_begins_a_redo_round(story, department, round_):
    assert redo_round_of(story, department) == round_


@pytest.mark.parametrize(
    ("act", "before", "body"),
    [
        (Act.DISPATCH, None, {"department": "housing", "reason": "原主办"}),
        (
            Act.CONFER,
            event("conferred", "2026-09-28 11:00", "conferring"),
            {"lead": "housing", "outcome": "x"},
        ),
        (
            Act.SETTLE_RETURN,
            event("returned", "2026-09-28 11:00", "returned", department="housing", reason="x"),
            {"accept": True, "department": "housing", "reason": "x"},
        ),
    ],
)
def test_the_redo_limit_holds_whichever_act_of_a_person_sends_it(act, before, body):
    for counted, occasion in ((True, "redo"), (False, "")):
        story = told_again(counted=counted)
        happenings = (*story.happenings, before) if before else story.happenings
        story = replace(story, happenings=happenings, stage=Stage(happenings[-1].data["stage"]))
        case = Case(story, policy(), calendar(), at("2026-09-28 12:00"))
        out = decide(act, BODIES[act](**body), case)
        plans = clocks.plan(replace(story, happenings=happenings + out.happenings), policy(), calendar())
        (handle,) = [each for each in plans if each.kind is ClockKind.HANDLE and each.scope == clocks.WHOLE]
        assert handle.rule == policy().limit(ClockKind.HANDLE, story.type, story.urgency, occasion).rule
        assert bool(out.happenings[-1].data["round"]) == counted


@pytest.mark.parametrize(
    ("happenings", "marked"),
    [
        ([RECEIVED], False),
        ([event("received", "2026-09-28 10:00", "received", malicious=True)], True),
        ([RECEIVED, event("marked", "2026-09-28 11:00", malicious=True)], True),
        (
            [
                event("received", "2026-09-28 10:00", "received", malicious=True),
                event("marked", "2026-09-28 11:00", malicious=False),
            ],
            False,
        ),
        (
            [
                event("received", "2026-09-28 10:00", "received", malicious=True),
                event("undone", "2026-09-28 11:00", step="link"),
            ],
            True,
        ),
    ],
)
def test_a_caller_is_marked_at_receipt_or_since_and_an_undone_link_changes_nothing(happenings, marked):
    assert is_malicious(facts(*happenings)) == marked
