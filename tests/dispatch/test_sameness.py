"""The same matter or another (同一事项): what of a caller's earlier tickets a new contact is held against, and how."""

from datetime import timedelta

import pytest

from dispatch import sameness
from rules import repeats
from tests.desks import DISPATCHER, act, post, rows, settle
from tests.pressing import AGAIN, FUMES, OTHER, STILL, TEXT, closed, one, require_agreement, ring, sent
from tests.stories import at

NOW = at("2026-10-12 10:00")
#: Matters that have nothing in common.
OTHERS = [
    "社保卡丢了到哪里补办？",
    "砚滴里门口的行道树倒伏挡住人行道。",
    "三路公交车早上等了四十分钟。",
    "孩子转学要准备什么材料？",
]


def row(number, text, title="", received="2026-09-28 10:00"):
    return {"number": number, "title": title or text[:20], "text": text, "received_at": at(received)}


def numbers(found):
    return [each.number for each in found]


@pytest.mark.parametrize("same_caller", [True, False])
def test_nothing_at_hand_and_nothing_said_find_nothing(same_caller):
    assert sameness.likely([], "", TEXT, NOW, same_caller) == []
    assert sameness.likely([row("1", TEXT)], "", "", NOW, same_caller) == []
    assert sameness.likely([row("1", "")], "", TEXT, NOW, same_caller) == []


def test_the_likest_comes_first_and_of_equally_like_ones_the_one_given_first():
    found = sameness.likely([row("1", FUMES), row("2", TEXT), row("3", TEXT)], "", AGAIN, NOW, True)
    assert numbers(found) == ["2", "3"]
    assert all(repeats.FOUND <= each.p <= 1 for each in found)
    assert all(each.reasons for each in found)


@pytest.mark.parametrize("text", OTHERS)
def test_one_callers_other_matters_are_other_matters(text):
    assert sameness.likely([row("1", TEXT), row("2", FUMES)], "", text, NOW, True) == []


@pytest.mark.parametrize(
    ("wanted", "threshold", "found"),
    [
        ([], 0.0, None),
        (["1", "2"], 0.0, "2"),
        (["1"], 0.0, "1"),
        (["1", "2"], 1.01, None),
        (["9"], 0.0, None),
    ],
)
def test_the_surest_is_the_likest_of_those_asked_for_that_reaches_the_threshold(wanted, threshold, found):
    held = [sameness.Likely(row("2", TEXT), 0.9, ()), sameness.Likely(row("1", TEXT), 0.8, ())]
    best = sameness.surest(held, wanted, threshold)
    assert (best.number if best else None) == found


def test_a_short_text_said_again_word_for_word_is_the_same_matter():
    found = sameness.likely([row("1", "没人管")], "", "没人管", NOW, True)
    assert len(found) == 1 and found[0].p >= sameness.COPY
    (other,) = sameness.likely([row("1", "没人管")], "", "没人管", NOW, False)
    assert other.p < found[0].p  # another caller may mean another matter by it


def test_a_contact_before_the_earlier_one_is_compared_as_well():
    """Two machines' clocks: the days between are counted either way."""
    assert numbers(sameness.likely([row("1", TEXT)], "", AGAIN, at("2026-09-27 10:00"), True)) == ["1"]


def test_an_open_ticket_is_joined_before_a_closed_one_is_carried_on(desk):
    over = closed(desk)
    open_one = ring(desk, NOW, AGAIN).number
    assert one(desk, open_one)["earlier"] == over
    assert ring(desk, NOW + timedelta(days=2), TEXT).number == open_one
    require_agreement(desk)


def test_of_two_open_matters_the_contact_joins_its_own(desk):
    first, second = (ring(desk, at("2026-09-28 10:00"), text).number for text in (TEXT, FUMES))
    assert first != second
    assert ring(desk, at("2026-09-28 11:00"), STILL).number == second
    assert ring(desk, at("2026-09-28 11:00"), AGAIN).number == first


@pytest.mark.parametrize("last", ["withdrawn", "refused", "invalid"])
def test_what_came_to_no_end_is_not_carried_on(desk, last):
    number = ring(desk, at("2026-09-28 10:00"), FUMES).number
    act_of = {
        "withdrawn": ("withdraw", {}),
        "refused": ("refuse", {"reason_code": "litigation"}),
        "invalid": ("invalidate", {"reason_code": "test"}),
    }
    name, body = act_of[last]
    act(desk, number, name, DISPATCHER, at("2026-09-28 11:00"), **body)
    again = one(desk, ring(desk, NOW, STILL).number)
    assert (again["earlier"], again["complaint_count"]) == (None, 1)


def test_who_gives_no_number_repeats_nobody(desk):
    number, _ = sent(desk, at("2026-09-28 10:00"))
    receipt = post(desk, at("2026-09-28 11:00"), text=TEXT, type="complain")
    assert not receipt.joined and receipt.number != number


def test_another_callers_words_are_never_joined(desk):
    number, _ = sent(desk, at("2026-09-28 10:00"))
    assert not ring(desk, at("2026-09-28 10:00"), TEXT, OTHER).joined
    assert one(desk, number)["complaint_count"] == 1


def test_only_the_newest_tickets_of_a_caller_with_many_are_compared(desk, monkeypatch):
    """The matter of twenty tickets ago is a new one; what is compared, and the time it takes, stays bounded."""
    monkeypatch.setattr(sameness, "COMPARED", 3)
    ring(desk, at("2026-09-28 10:00"), TEXT)
    for minute, text in enumerate(OTHERS):
        assert not ring(desk, at(f"2026-09-28 11:0{minute}"), text).joined
    assert not ring(desk, at("2026-09-28 12:00"), AGAIN).joined
    assert ring(desk, at("2026-09-28 12:10"), AGAIN).joined
    settle(desk, at("2026-09-28 12:10"))
    assert rows(desk, "SELECT contacts FROM person") == [{"contacts": 7}]


#: Different matters of one caller at one place: none may be swallowed by the other.
NEIGHBOURS = [
    ("听橹家园二栋楼道灯不亮，晚上上楼看不见。", "听橹家园二栋电梯坏了，老人下不了楼。"),
    ("滨河路路灯不亮", "滨河路路面有个大坑"),
    ("纸鸢新村7栋楼下垃圾桶满了没人收", "纸鸢新村7栋楼上漏水到我家"),
    ("我在墨榆某食品厂上班，工资拖欠两个月", "我在墨榆某食品厂上班，厂里排放的气味很臭"),
    ("雁柱花苑物业费涨价没有公示", "雁柱花苑物业不修电梯"),
    ("3路公交车司机态度差", "3路公交车等了一个小时不来"),
    ("豆灯里菜场门口占道经营", "豆灯里菜场里面的秤不准"),
]


@pytest.mark.parametrize(("first", "second"), NEIGHBOURS)
def test_two_matters_of_one_caller_at_one_place_stay_two_tickets(desk, first, second):
    number = ring(desk, NOW, first).number
    other = ring(desk, NOW + timedelta(hours=1), second)
    assert not other.joined and other.number != number
    assert one(desk, other.number)["complaint_count"] == 1
