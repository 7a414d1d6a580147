"""Working time counted backwards (工作时间倒推): known answers and where there are none."""

from datetime import datetime

import pytest

from dispatch.packs import national_calendar
from rules.errors import BadInput, NoCalendar
from rules.terms import CHINA, Budget, Unit

NATIONAL = national_calendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def workdays(amount: float) -> Budget:
    return Budget(amount, Unit.WORKDAYS)


def work_minutes(amount: float) -> Budget:
    return Budget(amount, Unit.WORK_MINUTES)


@pytest.mark.parametrize(
    ("end", "minutes", "start"),
    [
        ("2026-03-09T09:30", 60, "2026-03-06T17:00"),
        ("2026-03-09T09:30", 30, "2026-03-09T09:00"),
        ("2026-03-02T15:00", 90, "2026-03-02T13:30"),
        ("2026-03-08T10:00", 420, "2026-03-06T09:00"),
        ("2026-03-08T10:00", 0, "2026-03-08T10:00"),
    ],
)
def test_subtract_finds_the_latest_start(end: str, minutes: float, start: str) -> None:
    assert NATIONAL.subtract(at(end), work_minutes(minutes)) == at(start)


@pytest.mark.parametrize(
    ("end", "budget", "start"),
    [
        ("2026-02-14T17:30", workdays(1), "2026-02-13T09:00"),
        ("2026-02-27T17:30", workdays(5), "2026-02-13T09:00"),
        ("2026-10-13T17:30", workdays(5), "2026-09-30T09:00"),
        ("2026-10-05T12:00", workdays(1), "2026-09-29T09:00"),
        ("2026-10-13T17:30", Budget(1, Unit.INCLUSIVE_DAYS), "2026-10-13T09:00"),
        ("2026-10-08T17:30", Budget(2, Unit.INCLUSIVE_DAYS), "2026-09-30T09:00"),
        ("2026-10-08T10:00", Budget(2, Unit.CALENDAR_DAYS), "2026-10-06T10:00"),
        ("2026-10-08T00:10", Budget(30, Unit.MINUTES), "2026-10-07T23:40"),
    ],
)
def test_subtracting_days_finds_the_opening_of_the_last_day_to_start_on(
    end: str, budget: Budget, start: str
) -> None:
    assert NATIONAL.subtract(at(end), budget) == at(start)


def test_half_a_workday_cannot_be_counted_backwards() -> None:
    with pytest.raises(BadInput, match="半个工作日"):
        NATIONAL.subtract(at("2026-03-06T17:30"), workdays(0.5))


def test_no_day_before_the_table_is_made_up() -> None:
    assert NATIONAL.subtract(at("2000-01-04T17:30"), workdays(1)) == at("2000-01-03T09:00")
    for budget in (workdays(2), Budget(3, Unit.INCLUSIVE_DAYS)):
        with pytest.raises(NoCalendar):
            NATIONAL.subtract(at("2000-01-04T17:30"), budget)
