"""When somebody must be on duty (值班表), as a table over the national calendar."""

from datetime import timedelta

import pytest

from rules.roster import HOTLINE, Shift, clash, is_off, on_duty, unmanned
from tests.stories import at, calendar


def shift(begins, ends, department=HOTLINE, name="甲", login=None):
    return Shift(department, at(begins), at(ends), name, login)


@pytest.mark.parametrize(
    ("when", "off"),
    [
        ("2026-09-28 08:59", True),
        ("2026-09-28 09:00", False),
        ("2026-09-28 12:30", False),  # back after lunch
        ("2026-09-28 17:29", False),
        ("2026-09-28 17:30", True),
        ("2026-09-28 23:59", True),
        ("2026-10-01 10:00", True),  # national day
        ("2026-10-10 10:00", False),  # a Saturday made up for it
        ("2026-10-11 10:00", True),
    ],
)
def test_nights_and_days_off(when, off):
    assert is_off(calendar(), at(when)) is off


def test_a_shift_is_half_open_and_of_one_department():
    held = shift("2026-09-28 17:30", "2026-09-29 08:30", "urban", login="zhang")
    assert (
        held.receiver == "duty:zhang" and shift("2026-09-28 17:30", "2026-09-29 08:30").receiver == "duty:甲"
    )
    for when, holds in (("17:29", False), ("17:30", True), ("23:59", True)):
        assert (on_duty([held], "urban", at(f"2026-09-28 {when}")) is held) is holds
    assert on_duty([held], "urban", at("2026-09-29 08:30")) is None
    assert on_duty([held], "water", at("2026-09-28 20:00")) is None


@pytest.mark.parametrize(
    ("begins", "ends", "clashes"),
    [
        ("2026-09-28 08:00", "2026-09-28 17:30", False),
        ("2026-09-28 08:00", "2026-09-28 17:31", True),
        ("2026-09-29 08:30", "2026-09-29 09:00", False),
        ("2026-09-28 18:00", "2026-09-28 19:00", True),
    ],
)
def test_two_of_one_department_at_once(begins, ends, clashes):
    held = shift("2026-09-28 17:30", "2026-09-29 08:30")
    assert (clash(shift(begins, ends), [held]) is held) is clashes
    assert clash(shift(begins, ends, "urban"), [held]) is None


def test_the_first_hour_off_without_anybody():
    tonight = shift("2026-09-28 17:30", "2026-09-29 08:00")
    now = at("2026-09-28 10:00")
    assert unmanned([tonight], [HOTLINE], calendar(), now) == {HOTLINE: at("2026-09-29 08:00")}
    longer = shift("2026-09-28 17:30", "2026-09-29 09:00")
    assert unmanned([longer], [HOTLINE], calendar(), now) == {}
    assert unmanned([longer], ["urban"], calendar(), now)["urban"] == now + timedelta(hours=7.5)
