"""What one ticket adds to the counts: stories as tables, each with the counts that a person would write down."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from reports.matter import HOTLINE, Event, Leg, Matter, Promise
from reports.tally import tally
from rules.measures import MEASURES
from rules.terms import CHINA

MON, TUE, WED, THU, FRI = (date(2026, 11, day) for day in range(16, 21))


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA)


def event(kind: str, when: datetime, step: str = "", **data: Any) -> Event:
    return Event(kind, when, data, step)


RECEIVED = event("received", at(MON), stage="received")
SENT = event("dispatched", at(MON, 11), stage="to_sign", department="water")
SIGNED = event("signed", at(MON, 14), stage="handling")
REPLIED = event("replied", at(TUE, 10), stage="reviewing")
APPROVED = event("reviewed", at(TUE, 16), stage="to_call_back", level="hotline", approved=True)
CALLED = event("called_back", at(WED, 9), reached=True, solved=True, satisfied=True)
CLOSED = event("closed", at(WED, 9), stage="closed")
WATER = Leg("water", True, at(MON, 11))
HANDLE = Promise("handle", "met", at(MON, 11), at(THU, 17, 30), at(TUE, 10))

MATTER = Matter(
    stage="received",
    department=None,
    received_at=at(MON),
    closed_at=None,
    repeats=False,
    history=False,
    events=(RECEIVED,),
    legs=(),
    promises=(),
)


def walked(*events: Event, stage: str, legs: Sequence[Leg] = (WATER,), **more: Any) -> Matter:
    leads = [leg.department for leg in legs if leg.lead and leg.ended_at is None]
    found = replace(MATTER, stage=stage, department=leads[-1] if leads else None, legs=legs, **more)
    return replace(found, events=(RECEIVED, *events))


def counts(matter: Matter, *, without: Sequence[str] = ("open_change",)) -> dict[tuple[date, str, str], int]:
    return {
        (day, department, measure): n
        for (day, department), sums in tally(matter).items()
        for measure, n in sums.items()
        if measure not in without
    }


def named(day: date, department: str, words: str) -> dict[tuple[date, str, str], int]:
    return {(day, department, measure): n for measure, n in Counter(words.split()).items()}


def test_a_ticket_that_nobody_has_looked_at_is_received_and_not_sent():
    assert counts(MATTER) == named(MON, HOTLINE, "contacts received valid waiting")


@pytest.mark.parametrize(
    ("stage", "went"),
    [
        ("answered", "direct valid"),
        ("refused", "refused valid"),
        ("transferred", "transferred valid"),
        ("invalid", "invalid"),
        ("withdrawn", "waiting valid"),
        ("incomplete", "waiting valid"),
        ("merged", "waiting valid merged"),
    ],
)
def test_every_ticket_goes_to_one_place(stage: str, went: str):
    assert counts(replace(MATTER, stage=stage)) == named(MON, HOTLINE, f"contacts received {went}")


def test_the_whole_way_counts_each_thing_on_its_own_day():
    matter = walked(
        SENT,
        SIGNED,
        REPLIED,
        APPROVED,
        CALLED,
        CLOSED,
        stage="closed",
        closed_at=at(WED, 9),
        promises=(HANDLE,),
    )
    assert counts(matter) == {
        **named(MON, "water", "contacts received valid dispatched assigned first_assigned first_right"),
        **named(MON, "water", "signed signed_by_hand"),
        **named(TUE, "water", "done called_back"),
        **named(WED, "water", "closed concluded reached solved_known solved satisfied_known satisfied"),
        **named(THU, "water", "due on_time"),
    }


def test_a_ticket_signed_by_itself_is_counted_apart_and_its_limit_stays_missed():
    ended = at(TUE, 17, 30)
    by_itself = event("signed", ended, "automatic", stage="handling", automatic=True)
    limit = Promise("sign", "cancelled", at(MON, 11), ended, ended)
    found = counts(walked(SENT, by_itself, stage="handling", promises=(limit,)))
    assert found.items() >= named(MON, "water", "signed signed_automatic").items()
    assert found.items() >= named(TUE, "water", "sign_due").items()
    assert not {"signed_by_hand", "signed_on_time"} & {measure for *_, measure in found}


@pytest.mark.parametrize(
    ("promise", "events", "expected"),
    [
        ({"state": "met", "stopped_at": at(THU, 17, 30)}, (), "due on_time"),
        ({"state": "met", "stopped_at": at(THU, 17, 31)}, (), "due late"),
        ({"state": "armed"}, (), "due late"),
        ({"state": "held"}, (REPLIED,), "in_review"),
        ({"state": "held"}, (event("replied", at(FRI), stage="reviewing"),), "due late"),
        ({"state": "paused"}, (event("suspended", at(WED), stage="suspended"),), ""),
        ({"state": "paused"}, (event("suspended", at(FRI), stage="suspended"),), "due late"),
        ({"state": "cancelled", "stopped_at": at(WED)}, (), ""),
        ({"state": "cancelled", "stopped_at": at(FRI)}, (), "due late"),
        ({"state": "history"}, (), ""),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_limit_counts_on_the_day_it_ends(
    promise: Mapping[str, Any], events: Sequence[Event], expected: str
):
    made = Promise("handle", promise["state"], at(MON, 11), at(THU, 17, 30), promise.get("stopped_at"))
    matter = walked(SENT, SIGNED, *events, stage="handling", promises=(made,))
    found = {key: n for key, n in counts(matter).items() if key[0] == THU}
    assert found == named(THU, "water", expected)


def test_a_limit_that_was_extended_after_it_ended_lives_in_the_new_one():
    old = Promise("handle", "cancelled", at(MON, 11), at(TUE, 17, 30), at(WED, 9))
    new = Promise("handle", "met", at(MON, 11), at(FRI, 17, 30), at(THU))
    found = counts(walked(SENT, SIGNED, stage="closed", promises=(old, new)))
    assert (TUE, "water", "due") not in found
    assert found[FRI, "water", "on_time"] == 1


def test_a_redo_round_has_a_limit_of_its_own_and_marks_the_answer_before_it():
    redone = event("redone", at(WED, 9), stage="handling", round=1)
    unhappy = event("called_back", at(WED, 9), reached=True, solved=False, satisfied=False)
    second = Promise("handle", "armed", at(WED, 9), at(FRI, 17, 30))
    matter = walked(
        SENT, SIGNED, REPLIED, APPROVED, unhappy, redone, stage="handling", promises=(HANDLE, second)
    )
    found = counts(matter)
    assert found[TUE, "water", "done"] == found[TUE, "water", "redone"] == 1
    assert (WED, "water", "solved") not in found
    assert found[WED, "water", "solved_known"] == 1
    assert found[THU, "water", "on_time"] == found[FRI, "water", "late"] == 1


def test_who_cannot_be_reached_is_unrated_and_out_of_the_satisfaction():
    missed = [event("called_back", at(WED, hour), reached=False) for hour in (9, 11)]
    last = event("called_back", at(THU, 9), reached=False)
    over = event("closed", at(THU, 9), stage="closed")
    found = counts(
        walked(SENT, SIGNED, REPLIED, APPROVED, *missed, last, over, stage="closed", closed_at=at(THU, 9))
    )
    assert found[THU, "water", "concluded"] == found[THU, "water", "unrated"] == 1
    assert found[TUE, "water", "called_back"] == 1
    assert not any(measure in ("reached", "satisfied_known", "solved_known") for _, _, measure in found)


def test_a_return_counts_for_the_department_that_sent_it_back_and_the_next_one_gets_its_own():
    first = Leg("water", True, at(MON, 11), at(TUE, 9), "returned")
    second = Leg("roads", True, at(TUE, 9))
    returned = event("returned", at(MON, 15), stage="returned")
    settled = event("return_settled", at(TUE, 9), stage="to_dispatch", accepted=True)
    sent = event("dispatched", at(TUE, 9), stage="to_sign", department="roads")
    matter = walked(SENT, returned, settled, sent, stage="to_sign", legs=(first, second))
    found = counts(matter)
    assert found[MON, "water", "returned"] == found[MON, "water", "returned_accepted"] == 1
    assert (MON, "water", "first_right") not in found
    assert found[TUE, "roads", "assigned"] == 1
    assert (TUE, "roads", "first_assigned") not in found


def test_twice_returned_by_the_same_department_is_one_returned_ticket():
    again = [event("returned", at(MON, hour), stage="returned") for hour in (13, 16)]
    rejected = event("return_settled", at(MON, 15), stage="to_sign", accepted=False)
    found = counts(walked(SENT, again[0], rejected, again[1], stage="returned"))
    assert found[MON, "water", "returned"] == 1


def test_a_merged_ticket_is_heat_and_no_work_of_a_department():
    merged = event("merged", at(MON, 16), stage="merged", into="1")
    found = counts(walked(SENT, merged, stage="merged"))
    assert found == named(MON, "water", "contacts received valid dispatched merged")


def test_pressure_that_was_taken_back_does_not_count():
    raised = event("raised", at(TUE), step="repeat_4")
    supervised = event("supervised", at(TUE), level=1)
    undone = Event("undone", at(WED), {"step": "repeat_4"})
    found = counts(walked(SENT, SIGNED, raised, supervised, undone, stage="handling"))
    assert (TUE, "water", "raised") not in found
    assert found[TUE, "water", "supervised"] == 1


def test_closed_without_a_word_to_the_caller_is_on_the_list():
    found = counts(walked(SENT, SIGNED, CLOSED, stage="closed", closed_at=at(WED, 9)))
    assert found[WED, "water", "no_reply"] == 1
    assert (WED, "water", "no_reply") not in counts(
        walked(SENT, SIGNED, REPLIED, APPROVED, CLOSED, stage="closed", closed_at=at(WED, 9))
    )


def test_history_is_received_and_sent_and_judged_by_no_limit():
    gone = event("archived", at(MON, 11), stage="archived")
    past = Promise("handle", "history", at(MON, 11), at(THU, 17, 30))
    matter = walked(SENT, gone, stage="archived", history=True, promises=(past,))
    assert counts(matter, without=()) == named(
        MON, "water", "contacts received valid dispatched assigned first_assigned first_right"
    )


def test_open_tickets_move_from_hand_to_hand_and_add_up():
    matter = walked(SENT, SIGNED, REPLIED, APPROVED, CALLED, CLOSED, stage="closed", closed_at=at(WED, 9))
    moved = {
        (day, department): sums["open_change"]
        for (day, department), sums in tally(matter).items()
        if "open_change" in sums
    }
    assert moved == {(MON, "water"): 1, (TUE, "water"): -1, (TUE, HOTLINE): 1, (WED, HOTLINE): -1}
    assert sum(moved.values()) == 0


def test_a_day_ends_at_midnight_in_china():
    late = datetime(2026, 11, 16, 23, 59, 59, tzinfo=CHINA)
    utc = (late + timedelta(seconds=1)).astimezone(tz=None)
    for moment, day in ((late, MON), (utc, TUE)):
        received = event("received", moment, stage="received")
        assert {key[0] for key in counts(replace(MATTER, received_at=moment, events=(received,)))} == {day}


def test_every_measure_that_is_counted_is_in_the_registry():
    urged = (event("urged", at(MON, 15)), event("joined", at(MON, 16)))
    matter = walked(
        SENT, SIGNED, *urged, REPLIED, APPROVED, CALLED, CLOSED,
        stage="closed", closed_at=at(WED, 9), promises=(HANDLE,), repeats=True,
    )  # fmt: skip
    found = counts(matter, without=())
    assert {measure for _, _, measure in found} <= set(MEASURES)
    assert found[MON, "water", "urged"] == found[MON, "water", "contacts"] == 2
