"""Linking and merging (关联、并单): what a person may say is one matter, and what the machine only shows."""

import pytest

from dispatch import replay
from rules.errors import BadInput, DeskError, IllegalAct, NotAllowed
from rules.terms import Role
from tests.desks import DISPATCHER, OPERATOR, SUPERVISOR, act, of, post, rows, settle
from tests.pressing import (
    AGAIN,
    FUMES,
    OTHER,
    RUDE,
    STILL,
    TEXT,
    answered,
    closed,
    one,
    receivers,
    replied,
    require_agreement,
    ring,
    sent,
    steps,
    told,
)
from tests.stories import at

NOW = at("2026-10-12 10:00")
THIRD = "19900005555"


def linked(desk, number, earlier, now=NOW, actor=OPERATOR):
    act(desk, number, "link", actor, now, earlier=earlier)
    settle(desk, now)
    return one(desk, number)


def test_a_persons_link_takes_over_the_count_and_climbs(desk):
    """The family of the first caller rings: the machine knows another number only, a person knows better."""
    first = closed(desk)
    second = ring(desk, NOW, phone=OTHER).number
    assert one(desk, second)["earlier"] is None
    found = linked(desk, second, first)
    assert (found["earlier"], found["complaint_count"], found["redo_round"]) == (first, 2, 1)
    assert steps(desk, second) == ["repeat_2"]
    assert ("section_head", found["department"]) in receivers(desk, second)
    require_agreement(desk)


def test_a_wrong_link_is_undone_and_the_right_one_brings_its_levels_back_without_firing_twice(desk):
    first = thrice_counted(desk)
    wrong = closed(desk, "2026-09-30 10:00", phone=OTHER)
    number = ring(desk, NOW, phone=THIRD).number
    assert linked(desk, number, first)["complaint_count"] == 4
    assert (one(desk, number)["raised"], steps(desk, number)) == (1, ["repeat_4"])
    act(desk, number, "undo", SUPERVISOR, NOW, step="link", reason="两栋楼")
    found = one(desk, number)
    assert (found["earlier"], found["complaint_count"], found["raised"]) == (None, 1, 0)
    assert linked(desk, number, wrong)["complaint_count"] == 2
    assert steps(desk, number) == ["repeat_4", "repeat_2"]
    act(desk, number, "undo", SUPERVISOR, NOW, step="link", reason="还是第一件")
    assert linked(desk, number, first)["complaint_count"] == 4
    assert (one(desk, number)["raised"], steps(desk, number)) == (1, ["repeat_4", "repeat_2"])
    require_agreement(desk)


def thrice_counted(desk):
    """A closed ticket that was complained of three times."""
    number, _ = sent(desk, at("2026-09-01 10:00"))
    answered(desk, number, at("2026-09-01 11:00"))
    for day in ("02", "03"):
        told(desk, number, at(f"2026-09-{day} 10:00"), content=False)
        replied(desk, number, at(f"2026-09-{day} 11:00"))
    told(desk, number, at("2026-09-04 10:00"))
    assert one(desk, number)["complaint_count"] == 3
    return number


def itself(desk):
    number = ring(desk, NOW).number
    return number, number


def later(desk):
    number = ring(desk, at("2026-09-28 09:00"), FUMES, OTHER).number
    return number, closed(desk)


def same_instant(desk):
    first = closed(desk)
    other = ring(desk, at("2026-09-28 10:00"), FUMES, OTHER).number
    return other, first


def still_open(desk):
    first, _ = sent(desk, at("2026-09-28 10:00"))
    return ring(desk, NOW, phone=OTHER).number, first


def merged_away(desk):
    lead, _ = sent(desk, at("2026-09-28 09:00"))
    follower = ring(desk, at("2026-09-28 10:00"), phone=OTHER).number
    act(desk, follower, "merge", DISPATCHER, at("2026-09-28 10:30"), into=lead)
    return ring(desk, NOW, FUMES, THIRD).number, follower


def linked_before(desk):
    first = closed(desk)
    number = ring(desk, NOW, phone=OTHER).number
    linked(desk, number, first)
    return number, first


def about_officials(desk):
    number = ring(desk, at("2026-09-28 10:00"), RUDE, OTHER).number
    act(desk, number, "answer", SUPERVISOR, at("2026-09-28 11:00"), words="已核实")
    return ring(desk, NOW).number, number


@pytest.mark.parametrize(
    ("two", "says"),
    [
        (itself, "更早"),
        (later, "更早"),
        (same_instant, "更早"),
        (still_open, "还没有办结"),
        (merged_away, "已并入"),
        (linked_before, "已认定"),
        (about_officials, "限定范围"),
    ],
)
def test_a_link_that_cannot_be_is_refused_and_says_why(desk, two, says):
    number, earlier = two(desk)
    before = one(desk, number)
    with pytest.raises(BadInput, match=says):
        act(desk, number, "link", SUPERVISOR, NOW, earlier=earlier)
    assert one(desk, number) == before
    require_agreement(desk)


def test_no_two_tickets_can_repeat_each_other(desk):
    """An earlier one is earlier by its time: a chain of links never comes back to where it began."""
    numbers = [closed(desk, f"2026-09-{day} 10:00", phone=f"1990000{day}00", text=TEXT) for day in (14, 21)]
    newest = ring(desk, NOW, phone=THIRD).number
    linked(desk, newest, numbers[1])
    for number in numbers:
        for other in (*numbers, newest):
            with pytest.raises((BadInput, IllegalAct)):
                act(desk, number, "link", SUPERVISOR, NOW, earlier=other)


def merged(desk):
    lead, _ = sent(desk, at("2026-09-28 09:00"))
    follower = ring(desk, at("2026-09-28 10:00"), phone=OTHER).number
    act(desk, follower, "merge", DISPATCHER, at("2026-09-28 10:30"), into=lead)
    return lead, follower


@pytest.mark.parametrize(
    ("which", "says"),
    [
        ("the lead into another", "已有别的工单并入"),
        ("into the follower", "不能并入"),
        ("into itself", "自己"),
        ("into a closed one", "不能并入"),
        ("into nothing", "没有目标工单"),
    ],
)
def test_merges_never_chain_cross_or_end_nowhere(desk, which, says):
    lead, follower = merged(desk)
    third = ring(desk, at("2026-09-28 11:00"), FUMES, THIRD).number
    over = closed(desk, "2026-09-28 11:00", phone="19900003333", text=STILL)
    number, into = {
        "the lead into another": (lead, third),
        "into the follower": (third, follower),
        "into itself": (third, third),
        "into a closed one": (third, over),
        "into nothing": (third, "999001202609280009999"),
    }[which]
    with pytest.raises(DeskError, match=says):
        act(desk, number, "merge", DISPATCHER, at("2026-09-28 12:00"), into=into)
    assert one(desk, number)["merged_into"] is None
    require_agreement(desk)


def test_the_follower_cannot_be_merged_again_and_is_taken_out_once(desk):
    lead, follower = merged(desk)
    third = ring(desk, at("2026-09-28 11:00"), FUMES, THIRD).number
    with pytest.raises(IllegalAct):
        act(desk, follower, "merge", DISPATCHER, at("2026-09-28 11:30"), into=third)
    act(desk, follower, "unmerge", DISPATCHER, at("2026-09-28 12:00"))
    with pytest.raises(IllegalAct):
        act(desk, follower, "unmerge", DISPATCHER, at("2026-09-28 12:00"))
    act(desk, lead, "merge", DISPATCHER, at("2026-09-28 12:30"), into=third)  # it leads nobody any more
    assert one(desk, lead)["merged_into"] == third
    require_agreement(desk)


def test_a_merge_counts_the_higher_of_the_two_and_fires_no_rung_of_the_follower_again(desk):
    high, _ = sent(desk, at("2026-09-01 10:00"))
    answered(desk, high, at("2026-09-01 11:00"))
    for day in ("02", "03"):
        told(desk, high, at(f"2026-09-{day} 10:00"), content=False)
        if day == "02":
            replied(desk, high, at(f"2026-09-{day} 11:00"))
    assert (one(desk, high)["stage"], one(desk, high)["complaint_count"]) == ("handling", 3)
    lead, _ = sent(desk, at("2026-09-04 09:00"), phone=OTHER, text=FUMES)
    act(desk, high, "merge", DISPATCHER, at("2026-09-04 10:00"), into=lead)
    assert (one(desk, lead)["complaint_count"], steps(desk, lead)) == (3, [])
    answered(desk, lead, at("2026-09-04 11:00"))
    told(desk, lead, at("2026-09-05 10:00"), content=False)
    assert (one(desk, lead)["complaint_count"], steps(desk, lead)) == (4, ["repeat_4"])
    require_agreement(desk)


def test_a_merge_hands_the_pressure_to_the_lead_and_taking_apart_gives_it_back(desk):
    pressed, department = sent(desk, at("2026-09-28 10:00"))
    lead, _ = sent(desk, at("2026-09-28 10:00"), phone=OTHER, text=FUMES)
    for name, body in (("supervise", {"level": 2}), ("raise", {})):
        act(desk, pressed, name, SUPERVISOR, at("2026-09-28 11:00"), reason="群众反映强烈", **body)
    act(desk, pressed, "merge", DISPATCHER, at("2026-09-28 12:00"), into=lead)
    assert (one(desk, lead)["supervision"], one(desk, lead)["raised"]) == (2, 1)
    require_agreement(desk)
    act(desk, pressed, "unmerge", DISPATCHER, at("2026-09-28 14:00"))
    assert (one(desk, lead)["supervision"], one(desk, lead)["raised"]) == (0, 0)
    assert (one(desk, pressed)["supervision"], one(desk, pressed)["raised"]) == (2, 1)
    assert steps(desk) == [] and ("handler", department) in receivers(desk, pressed)
    require_agreement(desk)


def test_a_counted_repeat_that_a_person_sends_to_its_former_lead_gets_the_redo_limit(desk):
    first = closed(desk, phone=OTHER, text=FUMES)
    number = ring(desk, NOW, STILL, THIRD).number
    linked(desk, number, first)
    lead = one(desk, first)["department"]
    act(desk, number, "dispatch", DISPATCHER, NOW, department=lead, reason="原主办")
    (handle,) = rows(desk, f"SELECT DISTINCT rule FROM clock WHERE ticket = '{number}' AND kind = 'handle'")
    assert handle["rule"] == "handle_redo" and one(desk, number)["redo_round"] == 1
    act(desk, number, "undo", SUPERVISOR, NOW, step="link", reason="两家饭店")
    assert (one(desk, number)["redo_round"], one(desk, number)["complaint_count"]) == (0, 1)
    require_agreement(desk)


@pytest.mark.parametrize("role", [Role.CALLER_BACK, Role.HANDLER, Role.MANAGER, Role.AUDITOR])
@pytest.mark.parametrize(("name", "key"), [("link", "earlier"), ("merge", "into")])
def test_who_may_neither_link_nor_merge(desk, role, name, key):
    number = ring(desk, NOW).number
    with pytest.raises(NotAllowed):
        act(desk, number, name, of("housing", role), NOW, **{key: number})


NEAR = "听橹家园三栋的电梯坏了三天，老人孩子上下楼很困难。"


@pytest.mark.parametrize("first", ["triaged", "urged"])
def test_other_callers_of_one_place_are_shown_and_never_joined(desk, first):
    """Also where somebody urged the new ticket before the worker had read it."""
    one_of_them = ring(desk, at("2026-09-28 10:00")).number
    receipt = post(desk, at("2026-09-28 10:10"), text=TEXT, type="complain", caller={"phone": OTHER})
    if first == "urged":
        act(desk, receipt.number, "urge", OPERATOR, at("2026-09-28 10:10"), words="请抓紧")
    settle(desk, at("2026-09-28 10:10"))
    assert not receipt.joined
    assert rows(desk, "SELECT ticket, other FROM link") == [{"ticket": receipt.number, "other": one_of_them}]


def test_a_supplement_links_no_second_time(desk):
    ring(desk, at("2026-09-28 10:00"), NEAR)
    number = post(desk, at("2026-09-28 10:10"), channel="web", text="没人管", type="complain").number
    settle(desk, at("2026-09-28 10:10"))
    assert one(desk, number)["stage"] == "incomplete"
    act(desk, number, "supplement", OPERATOR, at("2026-09-28 11:00"), elements={"地点": "听橹家园三栋"})
    settle(desk, at("2026-09-28 11:00"))
    assert rows(desk, "SELECT * FROM outbox WHERE state = 'dead'") == []
    assert one(desk, number)["stage"] in ("to_dispatch", "to_sign")


def test_a_replay_of_repeats_links_merges_and_supplements_finds_no_difference(desk):
    first = closed(desk)
    ring(desk, NOW, AGAIN)
    other = ring(desk, NOW, phone=OTHER).number
    linked(desk, other, first)
    follower = ring(desk, NOW, FUMES, THIRD).number
    act(desk, follower, "merge", DISPATCHER, NOW, into=other)
    number = post(desk, NOW, channel="web", text="没人管", type="complain").number
    settle(desk, NOW)
    act(desk, number, "supplement", OPERATOR, NOW, elements={"地点": "听橹家园三栋"})
    settle(desk, NOW)  # the very same instant
    again = ring(desk, NOW, RUDE, "19900002222").number
    assert one(desk, again)["restricted"]
    found = replay.replay(desk, "demo-county", replay.span("2026-09-01", "2026-12-31"))
    assert (found["tickets"], found["changed"], found["rule_changed"]) == (6, 0, 0), found["samples"]
