"""Attempts to break repeats and pressure (重复与升级的冲突): many at once, crossing merges, late and early hands."""

from datetime import timedelta

import pytest

from dispatch import supervise
from dispatch.storage.tickets import Changed
from rules.errors import BadInput, IllegalAct
from rules.terms import Role
from tests.desks import CALLER_BACK, DISPATCHER, OPERATOR, SUPERVISOR, act, of, post, rows, settle
from tests.dispatch.test_receive import at_once
from tests.pressing import (
    AGAIN,
    FUMES,
    OTHER,
    PHONE,
    STILL,
    TEXT,
    answered,
    closed,
    one,
    replied,
    require_agreement,
    ring,
    sent,
    steps,
    told,
)
from tests.stories import at

NOW = at("2026-10-12 10:00")


def call(desk, now, text=AGAIN, phone=PHONE):
    return post(desk, now, text=text, type="complain", caller={"phone": phone})


def trying(do):
    """What people meet when somebody was quicker is no fault of the desk; anything else is."""
    try:
        do()
    except (Changed, IllegalAct, BadInput) as refused:
        return type(refused).__name__
    return "done"


def after_the_end(desk, *ends):
    """Urgings that were written into a ticket after it had come to its end, or had been merged away."""
    kinds = ", ".join(f"'{each}'" for each in ends)
    return rows(
        desk,
        f"SELECT j.ticket FROM event j JOIN event e ON e.ticket = j.ticket AND e.id < j.id "
        f"WHERE j.kind = 'joined' AND e.kind IN ({kinds}) AND NOT EXISTS (SELECT 1 FROM event o WHERE "
        f"o.ticket = j.ticket AND o.id > e.id AND o.id < j.id AND o.kind IN ('redone', 'unmerged'))",
    )


CONTENT = {"reached": True, "solved": True, "satisfied": True}


@pytest.mark.parametrize(
    ("name", "actor", "body"),
    [
        ("call-back", CALLER_BACK, CONTENT),
        ("call-back", CALLER_BACK, {"reached": True, "solved": False, "satisfied": False}),
        ("merge", DISPATCHER, {}),
        ("withdraw", OPERATOR, {}),
        ("supervise", SUPERVISOR, {"level": 2, "reason": "拖延"}),
        ("mark-caller", SUPERVISOR, {"malicious": True, "reason": "反复辱骂"}),
    ],
)
def test_a_crowd_of_contacts_while_somebody_acts_leaves_one_open_ticket_at_most(desk, name, actor, body):
    lead, _ = sent(desk, at("2026-09-28 09:00"), phone=OTHER, text=TEXT)
    number, _ = sent(desk, at("2026-09-28 10:00"))
    answered(desk, number, at("2026-09-28 11:00"))
    body = {"into": lead} if name == "merge" else body

    def do(i):
        if i == 5:
            return trying(lambda: act(desk, number, name, actor, NOW, **body))
        return call(desk, NOW)

    found = at_once(25, do)
    settle(desk, NOW)
    receipts = [each for each in found if not isinstance(each, str)]
    assert "done" in found
    assert len(receipts) == len({each.query_code for each in receipts}) == 24
    mine = rows(desk, f"SELECT DISTINCT ticket FROM request WHERE ticket <> '{lead}'")
    assert len(mine) <= 2  # the first one, and at most one new ticket
    assert after_the_end(desk, "closed", "withdrawn", "merged") == []
    assert max(steps(desk).count(each) for each in [*steps(desk), ""]) <= 1
    require_agreement(desk)


def test_a_merged_callers_contacts_race_the_closing_of_the_lead(desk):
    lead, _ = sent(desk, at("2026-09-28 10:00"), phone=OTHER)
    answered(desk, lead, at("2026-09-28 11:00"))
    number = ring(desk, at("2026-09-28 10:30")).number
    act(desk, number, "merge", DISPATCHER, at("2026-09-28 12:00"), into=lead)

    def do(i):
        if i == 3:
            return act(desk, lead, "call-back", CALLER_BACK, NOW, **CONTENT)
        return call(desk, NOW, phone=PHONE if i % 2 else OTHER)

    at_once(16, do)
    settle(desk, NOW)
    assert after_the_end(desk, "closed", "merged") == []
    require_agreement(desk)


def test_contacts_of_two_merged_callers_at_once_neither_wait_for_each_other_nor_get_lost(desk):
    """Each locks the other's ticket as its lead; ascending, so that none waits for ever."""
    first, _ = sent(desk, at("2026-09-28 09:00"), phone=OTHER)
    second, _ = sent(desk, at("2026-09-28 09:30"))
    third = ring(desk, at("2026-09-28 10:00"), text="三号楼对面的垃圾桶满了一周没人清。").number
    fourth = ring(desk, at("2026-09-28 10:30"), text="三号楼对面的垃圾桶满了一周没人清。", phone=OTHER).number
    act(desk, second, "merge", DISPATCHER, at("2026-09-28 11:00"), into=first)
    act(desk, fourth, "merge", DISPATCHER, at("2026-09-28 11:00"), into=third)
    found = at_once(24, lambda i: call(desk, at("2026-09-28 12:00"), phone=(PHONE, OTHER)[i % 2]))
    assert {each.number for each in found} == {first} and all(each.joined for each in found)
    settle(desk, at("2026-09-28 12:00"))
    require_agreement(desk)


def test_marking_a_caller_while_they_ring_waits_for_nobody(desk):
    """Person before ticket, in both: the other way round PostgreSQL gave one of them up after a second."""
    number, _ = sent(desk, at("2026-09-28 10:00"))

    def do(i):
        if i % 4:
            return call(desk, at("2026-09-28 11:00"))
        said = {"malicious": i % 8 == 0, "reason": "反复辱骂"}
        return trying(lambda: act(desk, number, "mark-caller", SUPERVISOR, at("2026-09-28 11:00"), **said))

    found = at_once(24, do)
    assert sum(not isinstance(each, str) for each in found) == 18
    assert "done" in found


def test_two_merges_crossing_make_one_follower(desk):
    a = ring(desk, at("2026-09-28 10:00")).number
    b = ring(desk, at("2026-09-28 10:01"), phone=OTHER).number
    pairs = [(a, b), (b, a)] * 3

    def do(i):
        number, into = pairs[i]
        return trying(lambda: act(desk, number, "merge", DISPATCHER, at("2026-09-28 11:00"), into=into))

    assert at_once(6, do).count("done") == 1
    stages = sorted(each["stage"] for each in rows(desk, "SELECT stage FROM ticket"))
    assert stages.count("merged") == 1
    assert rows(desk, "SELECT count(*) AS n FROM event WHERE kind = 'followed'") == [{"n": 1}]
    require_agreement(desk)


def test_the_ticker_and_a_person_settle_a_clue_at_once(desk):
    number = with_clue(desk)
    due = rows(desk, "SELECT due_at FROM clock WHERE kind = 'clue'")
    assert len(due) == 1
    late = at("2026-11-20 10:00")

    def do(i):
        if i % 2:
            return supervise.fire(desk, number, late)
        return trying(lambda: act(desk, number, "settle-clue", SUPERVISOR, late, confirm=True))

    found = at_once(6, do)
    assert [each for each in found if isinstance(each, str)].count("done") == 1
    assert [each["state"] for each in rows(desk, "SELECT state FROM clue")] == ["confirmed"]
    assert rows(desk, "SELECT count(*) AS n FROM event WHERE kind = 'clue_settled'") == [{"n": 1}]
    settle(desk, late)
    require_agreement(desk)


def with_clue(desk, begin="2026-09-28 10:00"):
    """A ticket whose fifth complaint opened a clue: its limit was missed, and its caller rang four days running."""
    number, _ = sent(desk, at(begin))
    for day in (2, 3, 4, 5):
        ring(desk, at(f"2026-11-0{day} 10:00"), text=AGAIN)
    assert steps(desk, number)[-1] == "repeat_5"
    return number


def test_an_urging_after_a_late_reply_still_counts_when_the_redo_begins(desk):
    """The new limit of the redo says nothing of the promise that had been missed before it."""
    number, _ = sent(desk, at("2026-09-28 10:00"))
    answered(desk, number, at("2026-11-02 10:00"))
    assert ring(desk, at("2026-11-03 10:00"), AGAIN).joined
    assert one(desk, number)["complaint_count"] == 2
    told(desk, number, at("2026-11-04 10:00"), content=False)
    assert (one(desk, number)["complaint_count"], steps(desk)) == (3, ["repeat_2", "repeat_3"])
    require_agreement(desk)


@pytest.mark.parametrize("stage", ["suspended", "reviewing"])
def test_what_was_paused_or_answered_before_a_merge_does_not_hold_after_it(desk, stage):
    lead, _ = sent(desk, at("2026-09-28 09:00"), phone=OTHER)
    number, department = sent(desk, at("2026-09-28 10:00"))
    handler = of(department, Role.HANDLER)
    act(desk, number, "sign", of(department, Role.LIAISON), at("2026-09-28 10:30"))
    if stage == "suspended":
        pause = {"reason_code": "诉讼中", "until": "2026-10-20T09:00"}
        act(desk, number, "suspend", handler, at("2026-09-28 11:00"), **pause)
    else:
        act(desk, number, "reply", handler, at("2026-09-28 11:00"), words="已修好", solved=True)
    act(desk, number, "merge", DISPATCHER, at("2026-09-28 12:00"), into=lead)
    act(desk, number, "unmerge", DISPATCHER, at("2026-09-28 13:00"))
    act(desk, number, "dispatch", DISPATCHER, at("2026-09-28 14:00"), department=department, reason="另案")
    assert ring(desk, at("2026-11-10 10:00"), AGAIN).joined
    assert one(desk, number)["complaint_count"] == 2
    require_agreement(desk)


def test_a_lead_closes_its_follower_is_taken_out_and_both_go_on_by_themselves(desk):
    lead, _ = sent(desk, at("2026-09-28 09:00"), phone=OTHER)
    number = ring(desk, at("2026-09-28 10:00")).number
    act(desk, number, "merge", DISPATCHER, at("2026-09-28 10:30"), into=lead)
    answered(desk, lead, at("2026-09-28 11:00"))
    told(desk, lead, at("2026-09-28 12:00"))
    act(desk, number, "unmerge", DISPATCHER, at("2026-09-29 09:00"))
    ticket = one(desk, number)
    assert (ticket["stage"], ticket["merged_into"], ticket["closed_at"]) == ("to_dispatch", None, None)
    assert one(desk, lead)["stage"] == "closed"
    armed = rows(desk, f"SELECT kind FROM clock WHERE ticket = '{number}' AND state = 'armed'")
    assert [each["kind"] for each in armed] == ["dispatch"]
    require_agreement(desk)


def test_a_follower_is_called_back_once_and_who_is_not_content_gets_a_ticket_of_their_own(desk):
    lead, department = sent(desk, at("2026-09-28 09:00"), phone=OTHER)
    content = ring(desk, at("2026-09-28 10:00")).number
    sorry = ring(desk, at("2026-09-28 10:10"), phone="19900005555").number
    for number in (content, sorry):
        act(desk, number, "merge", DISPATCHER, at("2026-09-28 10:30"), into=lead)
    with pytest.raises(IllegalAct, match="还没有答复"):
        told(desk, content, at("2026-09-28 10:40"))
    answered(desk, lead, at("2026-09-28 11:00"))
    told(desk, content, at("2026-09-28 12:00"))
    with pytest.raises(IllegalAct, match="已回访过"):
        told(desk, content, at("2026-09-28 12:01"), content=False)
    told(desk, sorry, at("2026-09-28 12:00"), content=False)
    ticket = one(desk, sorry)
    assert (ticket["stage"], ticket["department"], ticket["merged_into"]) == ("handling", department, None)
    assert (ticket["complaint_count"], steps(desk, sorry)) == (2, ["repeat_2"])
    assert one(desk, content)["stage"] == "merged" and steps(desk, lead) == []
    require_agreement(desk)


@pytest.mark.parametrize("name", ["withdraw", "invalidate"])
def test_one_caller_cannot_take_back_what_others_told(desk, name):
    lead = ring(desk, at("2026-09-28 10:00"), FUMES).number
    number = ring(desk, at("2026-09-28 10:01"), FUMES, OTHER).number
    act(desk, number, "merge", DISPATCHER, at("2026-09-28 10:30"), into=lead)
    body = {"reason_code": "test"} if name == "invalidate" else {}
    with pytest.raises(BadInput, match="并有其他诉求人"):
        act(desk, lead, name, OPERATOR, at("2026-09-28 11:00"), **body)
    act(desk, number, "unmerge", DISPATCHER, at("2026-09-28 11:10"))
    act(desk, lead, name, OPERATOR, at("2026-09-28 11:20"), **body)
    assert one(desk, number)["stage"] == "to_dispatch"
    require_agreement(desk)


@pytest.mark.parametrize(
    ("end", "count", "earlier"),
    [
        ("closed", 2, True),
        ("archived", 2, True),
        ("ended", 1, True),
        ("answered", 1, True),
        ("refused", 1, False),
        ("transferred", 1, False),
    ],
)
def test_a_merged_caller_who_rings_again_repeats_what_became_of_the_lead(desk, end, count, earlier):
    lead = ring(desk, at("2026-09-28 09:00"), FUMES, OTHER).number
    number = ring(desk, at("2026-09-28 10:00"), FUMES).number
    act(desk, number, "merge", DISPATCHER, at("2026-09-28 10:30"), into=lead)
    bring(desk, lead, end)
    again = one(desk, ring(desk, NOW, STILL).number)
    assert again["number"] not in (lead, number)
    assert (again["earlier"], again["complaint_count"]) == (lead if earlier else None, count)
    require_agreement(desk)


def bring(desk, number, end):
    """A ticket to be dispatched, to that end."""
    now = at("2026-09-28 11:00")
    short = {
        "answered": (OPERATOR, "answer", {"words": "物业已在更换，周五恢复。"}),
        "refused": (OPERATOR, "refuse", {"reason_code": "litigation"}),
        "transferred": (OPERATOR, "transfer", {"line": "119"}),
    }
    if end in short:
        actor, name, body = short[end]
        act(desk, number, name, actor, now, **body)
        return
    act(desk, number, "dispatch", DISPATCHER, now, department="market_supervision", reason="按职责")
    answered(desk, number, now)
    told(desk, number, now)
    if end == "archived":
        act(desk, number, "archive", SUPERVISOR, now)
    if end == "ended":
        act(desk, number, "end", SUPERVISOR, now, reason="已给最终答复", evidence="函〔2026〕1号")


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        # (when the first was closed, when the caller rang again) -> count, redo round
        ("2026-09-28 23:59", "2026-09-29 00:00", (2, 1)),  # a minute later, but the next workday
        ("2026-09-28 00:00", "2026-09-28 23:59", (1, 0)),  # one day
        ("2026-10-02 10:00", "2026-10-07 23:59", (1, 0)),  # the whole holiday is no workday
        ("2026-10-02 10:00", "2026-10-08 00:00", (2, 1)),
        ("2026-10-09 23:00", "2026-10-10 00:00", (2, 1)),  # a Saturday that is worked
        ("2026-10-16 23:00", "2026-10-18 23:59", (1, 0)),  # a weekend
        ("2026-03-02 10:00", "2026-08-29 10:00", (2, 1)),  # 180 days to the second
        ("2026-03-02 10:00", "2026-08-29 10:00:01", (1, 0)),  # and one second more: the window is empty
        ("2026-09-28 10:00", "2026-09-27 10:00", (1, 0)),  # a clock that was set back counts nothing
    ],
)
def test_what_counts_at_the_edges_of_days_and_of_the_window(desk, first, second, found):
    number = closed(desk, first)
    again = one(desk, ring(desk, at(second), AGAIN).number)
    assert (again["earlier"], (again["complaint_count"], again["redo_round"])) == (number, found)
    assert steps(desk) == (["repeat_2"] if found[0] > 1 else [])
    require_agreement(desk)


def test_counts_and_rungs_stand_after_the_desk_was_opened_anew(desk):
    with_clue(desk)
    before = rows(desk, "SELECT number, complaint_count, counted_at, supervision, raised FROM ticket")
    desk.database.engine.dispose()
    ring(desk, at("2026-11-05 10:01"), AGAIN)
    assert rows(desk, "SELECT number, complaint_count, counted_at, supervision, raised FROM ticket") == before
    require_agreement(desk)


def test_a_clock_set_back_between_two_acts_loses_nothing(desk):
    number, _ = sent(desk, at("2026-09-28 10:00"))
    answered(desk, number, at("2026-09-28 09:00"))
    told(desk, number, at("2026-09-28 08:00"), content=False)
    replied(desk, number, at("2026-09-28 07:00"))
    told(desk, number, at("2026-09-27 07:00"))
    assert (one(desk, number)["stage"], one(desk, number)["complaint_count"]) == ("closed", 2)
    again = one(desk, ring(desk, at("2026-09-27 06:00"), AGAIN).number)
    assert (again["earlier"], again["complaint_count"]) == (number, 2)
    supervise.tick(desk, at("2026-09-27 06:00") + timedelta(days=60))
    settle(desk, at("2026-12-01 10:00"))
    require_agreement(desk)
