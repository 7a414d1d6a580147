"""Booking a time at a counter (预约): open, taken, over, and what is free next."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch import packs
from rules.appointments import appointment, bookable, free_times
from rules.errors import BadInput
from rules.policy import parse
from rules.terms import CHINA
from tests.packs import FILES

POLICY = parse(FILES)
CALENDAR = packs.national_calendar()


def at(words: str) -> datetime:
    return datetime.fromisoformat(f"2026-{words}:00+08:00")


MONDAY = at("03-02 08:00")


@pytest.mark.parametrize(
    ("code", "wanted", "begins", "until"),
    [
        ("deeds", "03-02 09:00", "03-02 09:00", "03-02 09:30"),
        ("deeds", "03-02 09:29", "03-02 09:00", "03-02 09:30"),
        ("deeds", "03-02 09:30", "03-02 09:30", "03-02 10:00"),
        ("不动产登记", "03-12 09:59", "03-12 09:30", "03-12 10:00"),
        ("marriage", "03-07 23:59", "03-07 13:30", "03-08 00:00"),
    ],
)
def test_a_moment_is_booked_as_the_time_it_falls_into(
    code: str, wanted: str, begins: str, until: str
) -> None:
    for moment in (at(wanted), at(wanted).astimezone(UTC)):
        found = appointment(code, moment, POLICY, CALENDAR, {}, MONDAY)
        assert (found.at, found.until) == (at(begins), at(until))
        assert found.at.tzinfo is CHINA


@pytest.mark.parametrize(
    ("code", "wanted", "now", "words"),
    [
        ("nobody", "03-02 09:00", "03-02 08:00", "没有“nobody”这样的预约窗口"),
        (
            "deeds",
            "03-02 08:59",
            "03-02 08:00",
            "在08:59不接受预约，可预约的时间是：09:00-09:30、09:30-10:00",
        ),
        ("deeds", "03-02 10:00", "03-02 08:00", "在10:00不接受预约"),
        ("marriage", "03-06 12:30", "03-02 08:00", "可预约的时间是：09:00-12:00、13:30-24:00"),
        ("deeds", "03-07 09:00", "03-02 08:00", "周六不开放，开放的是周一、周二、周三、周四、周五"),
        ("deeds", "03-02 09:00", "03-02 09:00", "已经过了，或者已经开始"),
        ("deeds", "03-02 09:20", "03-02 09:10", "已经过了，或者已经开始"),
        ("deeds", "03-01 09:00", "03-02 08:00", "已经过了"),
        ("deeds", "03-13 00:00", "03-02 08:00", "最多提前10天预约"),
        ("deeds", "04-06 09:00", "04-01 08:00", "清明节放假"),
        ("marriage", "05-02 09:00", "05-01 08:00", "劳动节放假"),
    ],
)
def test_a_time_that_cannot_be_booked_is_told_in_chinese(
    code: str, wanted: str, now: str, words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        appointment(code, at(wanted), POLICY, CALENDAR, {}, at(now))
    assert words in caught.value.detail
    assert caught.value.advice


def test_a_weekend_that_the_counter_lists_is_open_and_a_make_up_saturday_that_it_does_not_is_shut() -> None:
    assert appointment("marriage", at("03-07 09:00"), POLICY, CALENDAR, {}, MONDAY).at == at("03-07 09:00")
    assert CALENDAR.is_workday(at("02-14 09:00").date())
    with pytest.raises(BadInput, match="周六不开放"):
        appointment("deeds", at("02-14 09:00"), POLICY, CALENDAR, {}, at("02-10 08:00"))


def test_the_last_place_is_given_and_then_it_is_full() -> None:
    slot = at("03-02 09:00").astimezone(UTC)
    assert appointment("deeds", at("03-02 09:10"), POLICY, CALENDAR, {slot: 1}, MONDAY).at == slot
    with pytest.raises(BadInput) as caught:
        appointment("deeds", at("03-02 09:10"), POLICY, CALENDAR, {slot: 2}, MONDAY)
    assert caught.value.detail == "“不动产登记”2026-03-02（周一） 09:00-09:30 已约满（2人）。"
    assert caught.value.advice == (
        "最近可预约：2026-03-02（周一） 09:30、2026-03-03（周二） 09:00、2026-03-03（周二） 09:30。"
    )


def test_the_next_free_times_start_at_the_day_that_was_asked_for() -> None:
    with pytest.raises(BadInput) as caught:
        appointment("deeds", at("03-07 09:00"), POLICY, CALENDAR, {}, MONDAY)
    assert (caught.value.advice or "").startswith("最近可预约：2026-03-09（周一） 09:00、")


def test_where_nothing_is_free_people_are_told_where_to_go() -> None:
    counter = POLICY.occasions.counters["deeds"]
    full = dict.fromkeys(free_times(counter, CALENDAR, {}, MONDAY), 2)
    assert len(full) == 18  # nine workdays, two times each
    with pytest.raises(BadInput) as caught:
        appointment("deeds", at("03-03 09:00"), POLICY, CALENDAR, full, MONDAY)
    assert "今后10天都已约满" in (caught.value.advice or "")


def test_free_times_are_in_order_in_reach_and_never_begun() -> None:
    counter = POLICY.occasions.counters["deeds"]
    now = at("03-02 09:00")
    begin, end = bookable(counter, now)
    found = list(free_times(counter, CALENDAR, {}, now))
    assert found == sorted(found)
    assert found[0] == at("03-02 09:30")
    assert all(begin < each < end for each in found)
    assert end == at("03-13 00:00") and end - begin < timedelta(days=11)
