"""Clocks (时钟) by replay. The calendar is the real one of autumn 2026: 1–7 October off, Saturday 10 October worked."""

import pytest

from rules.clocks import WHOLE, due_of, next_step, plan
from rules.terms import CHINA, ClockKind, TicketType, Urgency
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy


def clocks_of(*happenings, **given):
    return plan(facts(*happenings, **given), policy(), calendar())


def one(plans, kind, generation=None):
    found = [
        each
        for each in plans
        if each.kind == kind and each.scope == WHOLE and generation in (None, each.generation)
    ]
    return found[-1]


def due(plans, kind, generation=None):
    return one(plans, kind, generation).due_at.astimezone(CHINA).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("kind", "urgency", "clock", "expected"),
    [
        ("consult", "normal", "handle", "10-08 17:30"),
        ("help", "normal", "handle", "10-13 17:30"),
        ("suggest", "normal", "handle", "10-13 17:30"),
        ("complain", "normal", "handle", "10-23 17:30"),
        ("report", "normal", "handle", "10-23 17:30"),
        ("help", "normal", "sign", "09-29 17:30"),
        ("help", "urgent", "sign", "09-28 10:30"),
        ("help", "normal", "dispatch", "09-28 15:00"),
        ("help", "urgent", "dispatch", "09-28 11:00"),
    ],
)
def test_limits_are_the_packs(kind, urgency, clock, expected):
    plans = clocks_of(RECEIVED, DISPATCHED, type=TicketType(kind), urgency=Urgency(urgency))
    assert due(plans, clock) == expected


def test_dispatch_is_timed_from_receipt_and_met_when_somebody_is_named():
    before = one(clocks_of(RECEIVED), ClockKind.DISPATCH)
    after = one(clocks_of(RECEIVED, DISPATCHED), ClockKind.DISPATCH)
    assert (before.state, after.state) == ("armed", "met")
    assert before.started_at == after.started_at == RECEIVED.at


def test_waiting_for_a_person_does_not_restart_the_dispatch_clock():
    doubted = event("triaged", "2026-09-28 10:01", "to_dispatch")
    plans = clocks_of(RECEIVED, doubted)
    assert [each.kind for each in plans] == [ClockKind.DISPATCH]
    assert plans[0].started_at == RECEIVED.at


def test_a_return_restarts_nothing_but_the_signing():
    returned = event("returned", "2026-09-28 16:00", "returned")
    accepted = event("return_settled", "2026-09-29 09:30", "to_dispatch", accepted=True)
    again = event("dispatched", "2026-09-29 10:00", "to_sign", department="water")
    plans = clocks_of(RECEIVED, DISPATCHED, returned, accepted, again)
    handle = one(plans, ClockKind.HANDLE)
    assert (handle.generation, handle.started_at, handle.state) == (1, DISPATCHED.at, "armed")
    assert one(plans, ClockKind.SETTLE).state == "met"
    assert one(plans, ClockKind.SIGN).generation == 2
    assert due(plans, ClockKind.SIGN) == "09-30 17:30"


def test_a_rejected_return_must_be_signed_anew():
    returned = event("returned", "2026-09-28 16:00", "returned")
    rejected = event("return_settled", "2026-09-29 09:30", "to_sign", accepted=False)
    plans = clocks_of(RECEIVED, DISPATCHED, returned, rejected)
    assert [(each.generation, each.state) for each in plans if each.kind == "sign"] == [
        (1, "met"),
        (2, "armed"),
    ]


def test_an_extension_is_added_to_the_original_deadline():
    granted = event("extension_settled", "2026-10-09 10:00", accepted=True, workdays=3)
    plans = clocks_of(RECEIVED, DISPATCHED, SIGNED, granted)
    assert (due(plans, "handle", 1), due(plans, "handle", 2)) == ("10-13 17:30", "10-16 17:30")
    assert one(plans, "handle", 1).state == "cancelled"


def test_a_refused_extension_changes_nothing():
    refused = event("extension_settled", "2026-10-09 10:00", accepted=False, workdays=3)
    assert clocks_of(RECEIVED, DISPATCHED, SIGNED, refused) == clocks_of(RECEIVED, DISPATCHED, SIGNED)


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        # 30 September 15:00 to 8 October 09:00 loses 2.5 working hours: 13 October 17:30 and 2.5 hours more.
        ("2026-09-30 15:00", "2026-10-08 09:00", "10-14 11:30"),
        # From close to opening over the whole holiday nothing is lost, however long it looks.
        ("2026-09-30 17:30", "2026-10-08 09:00", "10-13 17:30"),
        ("2026-10-01 08:00", "2026-10-07 20:00", "10-13 17:30"),
        # A whole working day.
        ("2026-09-29 10:00", "2026-09-30 10:00", "10-14 17:30"),
    ],
)
def test_a_pause_is_measured_in_working_time(begin, end, expected):
    paused = event("suspended", begin, "suspended", until=at("2026-12-01 00:00"))
    resumed = event("resumed", end, "handling")
    before = clocks_of(RECEIVED, DISPATCHED, SIGNED, paused)
    assert one(before, "handle").state == "paused"
    assert due(before, "resume") == "12-01 00:00"
    assert due(clocks_of(RECEIVED, DISPATCHED, SIGNED, paused, resumed), "handle") == expected


def test_a_pause_after_the_deadline_forgives_nothing():
    paused = event("suspended", "2026-10-15 10:00", "suspended", until=at("2026-11-01 00:00"))
    resumed = event("resumed", "2026-10-20 10:00", "handling")
    plans = clocks_of(RECEIVED, DISPATCHED, SIGNED, paused, resumed)
    assert (due(plans, "handle"), one(plans, "handle").state) == ("10-13 17:30", "armed")


def test_two_pauses_and_an_extension_add_up_in_order():
    plans = clocks_of(
        RECEIVED,
        DISPATCHED,
        SIGNED,
        event("suspended", "2026-09-29 10:00", "suspended", until=at("2026-12-01 00:00")),
        event("resumed", "2026-09-30 10:00", "handling"),
        event("extension_settled", "2026-10-09 10:00", accepted=True, workdays=1),
        event("suspended", "2026-10-12 10:00", "suspended", until=at("2026-12-01 00:00")),
        event("resumed", "2026-10-12 11:00", "handling"),
    )
    # 13 October; a day lost: 14; one more workday: 15; one working hour lost: 16 October 10:00.
    assert due(plans, "handle") == "10-16 10:00"


def test_a_wall_clock_limit_is_paused_by_the_wall():
    urgent = {"urgency": Urgency.URGENT}
    plans = clocks_of(RECEIVED, DISPATCHED, **urgent)
    assert due(plans, "sign") == "09-28 10:30"


def test_a_reply_holds_the_clock_and_an_approved_one_met_it():
    replied = event("replied", "2026-10-12 10:00", "reviewing")
    passed = event("reviewed", "2026-10-13 10:00", level="department", approved=True)
    approved = event("reviewed", "2026-10-14 10:00", "to_call_back", level="hotline", approved=True)
    held = one(clocks_of(RECEIVED, DISPATCHED, SIGNED, replied, passed), "handle")
    assert (held.state, next_step(held, ())) == ("held", None)
    met = one(clocks_of(RECEIVED, DISPATCHED, SIGNED, replied, passed, approved), "handle")
    assert (met.state, met.stopped_at) == ("met", replied.at)


def test_a_reply_sent_back_never_stopped_the_clock():
    replied = event("replied", "2026-10-12 10:00", "reviewing")
    back = event("reviewed", "2026-10-14 10:00", "handling", level="department", approved=False)
    handle = one(clocks_of(RECEIVED, DISPATCHED, SIGNED, replied, back), "handle")
    assert (handle.generation, handle.state) == (1, "armed")
    assert next_step(handle, ("warn_50", "warn_80")).at == at("2026-10-13 17:30")


def test_a_redo_has_its_own_three_workdays():
    plans = clocks_of(
        RECEIVED,
        DISPATCHED,
        SIGNED,
        event("replied", "2026-09-29 10:00", "reviewing"),
        event("reviewed", "2026-09-29 11:00", "to_call_back", level="hotline", approved=True),
        event("called_back", "2026-09-30 10:00", reached=True, solved=False, satisfied=False),
        event("redone", "2026-09-30 10:00", "handling"),
    )
    assert due(plans, "handle") == "10-10 17:30"  # 8, 9 and Saturday 10 October
    assert one(plans, "handle").generation == 2
    assert one(plans, "first_contact").generation == 2


@pytest.mark.parametrize(
    ("contacts", "state"),
    [([True], "met"), ([False], "armed"), ([False, False], "armed"), ([False] * 3, "met")],
)
def test_a_first_contact_is_one_that_reached_or_the_third_logged_attempt(contacts, state):
    tries = [event("contacted", f"2026-09-28 15:0{n}", reached=reached) for n, reached in enumerate(contacts)]
    assert one(clocks_of(RECEIVED, DISPATCHED, SIGNED, *tries), "first_contact").state == state


@pytest.mark.parametrize("stage", ["withdrawn", "merged", "closed", "ended", "refused"])
def test_a_final_stage_disarms_everything(stage):
    plans = clocks_of(RECEIVED, DISPATCHED, SIGNED, event("closed", "2026-09-29 10:00", stage))
    assert {each.state for each in plans} <= {"met", "cancelled"}
    assert due_of(plans) is None


def test_the_ladder_of_handle_is_counted_from_both_ends():
    handle = one(clocks_of(RECEIVED, DISPATCHED), "handle")
    steps = {each.step: each.at.astimezone(CHINA).strftime("%m-%d %H:%M") for each in handle.steps}
    assert steps["breach"] == "10-13 17:30"
    assert steps["supervise_1"] == "10-14 17:30"
    assert steps["supervise_2"] == "10-16 17:30"
    assert steps["supervise_3"] == "10-20 17:30"
    # 55 working hours from Monday 28 September 10:00 (6 that day) to 13 October 17:30 (7 × 7 more).
    assert steps["warn_50"] == "10-09 09:30"
    assert steps["warn_80"] == "10-12 12:00"
    assert next_step(handle, ()).step == "warn_50"
    assert next_step(handle, ("warn_50", "warn_80")).step == "breach"


def test_a_longer_deadline_does_not_repeat_reminders_that_lie_behind():
    granted = event("extension_settled", "2026-10-12 17:00", accepted=True, workdays=1)
    handle = one(clocks_of(RECEIVED, DISPATCHED, SIGNED, granted), "handle")
    assert [each.step for each in handle.steps] == [
        "warn_80",
        "breach",
        "supervise_1",
        "supervise_2",
        "supervise_3",
    ]
    assert all(each.at > granted.at for each in handle.steps)


def test_history_keeps_deadlines_and_fires_nothing():
    plans = clocks_of(RECEIVED, DISPATCHED, history=True)
    assert {each.state for each in plans} == {"history"}
    assert all(each.due_at is not None and each.steps == () for each in plans)
    assert due_of(plans) is not None


def test_a_year_without_a_notice_is_marked_provisional():
    late = event("received", "2026-12-30 10:00", "received")
    sent = event("dispatched", "2026-12-30 10:00", "to_sign")
    plans = clocks_of(late, sent)
    assert one(plans, "handle").provisional
    assert not one(plans, "dispatch").provisional


def test_replaying_is_the_same_as_growing():
    """Whatever was promised at one moment is found again, generation by generation, at every later one."""
    story = [
        RECEIVED,
        DISPATCHED,
        SIGNED,
        event("contacted", "2026-09-28 15:00", reached=True),
        event("extension_settled", "2026-09-29 10:00", accepted=True, workdays=3),
        event("suspended", "2026-09-30 15:00", "suspended", until=at("2026-10-09 00:00")),
        event("resumed", "2026-10-09 00:00", "handling"),
        event("replied", "2026-10-12 10:00", "reviewing"),
        event("reviewed", "2026-10-13 09:30", "to_call_back", level="hotline", approved=True),
    ]
    for length in range(1, len(story)):
        shorter = {(e.kind, e.generation): e for e in clocks_of(*story[:length])}
        longer = {(e.kind, e.generation): e for e in clocks_of(*story[: length + 1])}
        assert shorter.keys() <= longer.keys()
        for key, promised in shorter.items():
            assert (longer[key].due_at, longer[key].started_at) == (promised.due_at, promised.started_at)
