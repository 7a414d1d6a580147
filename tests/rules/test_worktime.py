"""Working time (工作时间): known answers and boundaries."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rules.errors import BadInput, NoCalendar
from rules.terms import CHINA, Budget, Unit
from rules.worktime import Season, Window, parse_calendar

FOLDER = Path(__file__).parents[2] / "rules" / "calendars"
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.toml"))}
NATIONAL = parse_calendar(FILES)
DUTY = parse_calendar(FILES, [Window(0, 1440)], every_day=True)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def workdays(amount: float) -> Budget:
    return Budget(amount, Unit.WORKDAYS)


def work_minutes(amount: float) -> Budget:
    return Budget(amount, Unit.WORK_MINUTES)


# Known answers


@pytest.mark.parametrize("clock", ["00:00", "10:00", "17:29", "23:59"])
@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-02-14", 5, "2026-02-28"),
        ("2026-02-10", 15, "2026-03-09"),
        ("2026-04-30", 5, "2026-05-11"),
        ("2026-09-30", 5, "2026-10-13"),
        ("2025-09-28", 5, "2025-10-11"),
        ("2025-09-30", 5, "2025-10-14"),
        ("2018-12-28", 1, "2018-12-29"),
        ("2018-12-28", 2, "2019-01-02"),
        ("2020-01-23", 1, "2020-02-03"),
        ("2022-12-30", 1, "2023-01-03"),
    ],
)
def test_whole_workdays_end_at_the_close_of_the_nth_day_after_receipt(
    clock: str, received: str, days: int, due: str
) -> None:
    start = at(f"{received}T{clock}")
    assert NATIONAL.add(start, workdays(days)) == at(f"{due}T17:30")
    assert NATIONAL.workdays_between(start, at(f"{due}T17:30")) == days


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-02T09:00", "2026-03-02T14:00"),
        ("2026-03-02T07:00", "2026-03-02T14:00"),
        ("2026-03-02T12:30", "2026-03-02T17:00"),
        ("2026-03-02T14:00", "2026-03-02T17:30"),
        ("2026-03-02T14:01", "2026-03-03T09:01"),
        ("2026-03-02T17:29", "2026-03-03T13:59"),
        ("2026-03-02T17:30", "2026-03-03T14:00"),
        ("2026-02-13T18:00", "2026-02-14T14:00"),
        ("2026-02-14T16:30", "2026-02-24T11:30"),
        ("2026-03-07T10:00", "2026-03-09T14:00"),
    ],
)
def test_half_a_workday_is_half_the_hours_of_the_first_day_still_open(start: str, due: str) -> None:
    assert NATIONAL.add(at(start), workdays(0.5)) == at(due)


def test_half_a_workday_is_measured_by_the_day_it_falls_on() -> None:
    short = Season((3, 3), (3, 3), (Window(540, 660),))
    calendar = parse_calendar(FILES, seasons=[short])
    assert calendar.add(at("2026-03-02T18:00"), workdays(0.5)) == at("2026-03-03T10:00")
    assert calendar.add(at("2026-03-02T17:00"), workdays(0.5)) == at("2026-03-04T10:00")


@pytest.mark.parametrize(
    ("start", "budget", "due"),
    [
        ("2026-03-06T17:00", work_minutes(30), "2026-03-06T17:30"),
        ("2026-03-06T17:00", work_minutes(31), "2026-03-09T09:01"),
        ("2026-03-06T12:00", work_minutes(1), "2026-03-06T13:31"),
        ("2026-03-07T10:00", work_minutes(420), "2026-03-09T17:30"),
        ("2026-03-06T23:50", Budget(30, Unit.MINUTES), "2026-03-07T00:20"),
        ("2026-03-06T10:00", Budget(2, Unit.CALENDAR_DAYS), "2026-03-08T10:00"),
        ("2026-03-06T10:00", Budget(1, Unit.INCLUSIVE_DAYS), "2026-03-06T17:30"),
        ("2026-03-06T10:00", Budget(3, Unit.INCLUSIVE_DAYS), "2026-03-10T17:30"),
        ("2026-03-06T17:30", Budget(1, Unit.INCLUSIVE_DAYS), "2026-03-09T17:30"),
        ("2026-03-07T10:00", Budget(1, Unit.INCLUSIVE_DAYS), "2026-03-09T17:30"),
        ("2026-02-13T10:00", Budget(2, Unit.INCLUSIVE_DAYS), "2026-02-14T17:30"),
    ],
)
def test_every_unit_counts_as_its_name_says(start: str, budget: Budget, due: str) -> None:
    assert NATIONAL.add(at(start), budget) == at(due)


@pytest.mark.parametrize("unit", Unit)
def test_nothing_of_any_unit_is_the_start_itself(unit: Unit) -> None:
    night = at("2026-03-07T23:00")
    assert NATIONAL.add(night, Budget(0, unit)) == night


@pytest.mark.parametrize(
    ("start", "budget", "due"),
    [
        ("2026-03-06T17:30", workdays(1), "2026-03-10T17:30"),
        ("2026-03-06T17:29", workdays(1), "2026-03-09T17:30"),
        ("2026-03-06T08:00", workdays(1), "2026-03-09T17:30"),
        ("2026-03-06T12:30", workdays(1), "2026-03-09T17:30"),
        ("2026-03-07T10:00", workdays(1), "2026-03-10T17:30"),
        ("2026-02-13T20:00", workdays(1), "2026-02-24T17:30"),
        ("2026-03-07T10:00", workdays(0.5), "2026-03-09T14:00"),
        ("2026-03-07T10:00", work_minutes(1), "2026-03-09T09:01"),
        ("2026-03-07T10:00", Budget(1, Unit.INCLUSIVE_DAYS), "2026-03-09T17:30"),
        ("2026-03-07T10:00", Budget(30, Unit.MINUTES), "2026-03-07T10:30"),
        ("2026-03-07T10:00", Budget(1, Unit.CALENDAR_DAYS), "2026-03-08T10:00"),
    ],
)
def test_a_start_after_hours_can_count_as_received_at_the_next_opening(
    start: str, budget: Budget, due: str
) -> None:
    assert NATIONAL.add(at(start), budget, after_hours="next_workday") == at(due)


def test_an_unknown_word_for_after_hours_is_refused() -> None:
    with pytest.raises(BadInput, match="next_day"):
        NATIONAL.add(at("2026-03-06T10:00"), workdays(1), after_hours="next_day")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("a", "b", "minutes"),
    [
        ("2026-03-02T09:00", "2026-03-02T17:30", 420),
        ("2026-03-02T00:00", "2026-03-03T00:00", 420),
        ("2026-03-02T12:00", "2026-03-02T13:30", 0),
        ("2026-03-02T11:59", "2026-03-02T13:31", 2),
        ("2026-03-06T17:30", "2026-03-09T09:00", 0),
        ("2026-03-02T10:00:00", "2026-03-02T10:00:15", 0.25),
        ("2026-03-02T17:30", "2026-03-02T09:00", -420),
        ("2026-09-30T17:00", "2026-10-08T09:30", 60),
        ("2026-12-31T17:00", "2027-01-01T09:30", 60),
    ],
)
def test_elapsed_counts_office_minutes_only(a: str, b: str, minutes: float) -> None:
    assert NATIONAL.elapsed(at(a), at(b)) == minutes


def test_elapsed_is_exact_to_the_microsecond() -> None:
    start = at("2026-03-02T10:00")
    assert NATIONAL.elapsed(start, start + timedelta(microseconds=3)) == 3 / 60_000_000


@pytest.mark.parametrize(
    ("instant", "opens"),
    [
        ("2026-09-30T10:00", "2026-09-30T10:00"),
        ("2026-09-30T12:00", "2026-09-30T13:30"),
        ("2026-09-30T17:30", "2026-10-08T09:00"),
        ("2026-10-03T10:00", "2026-10-08T09:00"),
    ],
)
def test_time_runs_on_from_the_next_opening(instant: str, opens: str) -> None:
    assert NATIONAL.opens_at(at(instant)) == at(opens)


@pytest.mark.parametrize(
    ("a", "b", "days"),
    [
        ("2026-02-13T10:00", "2026-02-13T17:30", 0),
        ("2026-02-13T10:00", "2026-02-14T00:00", 1),
        ("2026-02-14T10:00", "2026-02-24T08:00", 1),
        ("2026-02-24T08:00", "2026-02-14T10:00", -1),
        ("2026-02-15T10:00", "2026-02-23T10:00", 0),
    ],
)
def test_workdays_between_counts_the_dates_after_the_first(a: str, b: str, days: int) -> None:
    assert NATIONAL.workdays_between(at(a), at(b)) == days


def test_a_day_that_closes_at_midnight_is_counted_as_that_day() -> None:
    due = DUTY.add(at("2026-03-06T10:00"), workdays(2))
    assert due == at("2026-03-09T00:00")
    assert DUTY.workdays_between(at("2026-03-06T10:00"), due) == 2
    assert DUTY.workdays_between(due, due) == 0


def test_skipped_days_come_with_their_reasons() -> None:
    due = NATIONAL.add(at("2026-09-30T10:00"), workdays(5))
    assert NATIONAL.skipped(at("2026-09-30T10:00"), due) == [
        *((date(2026, 10, day), "国庆节") for day in range(1, 8)),
        (date(2026, 10, 11), "周日"),
    ]
    assert NATIONAL.skipped(at("2026-03-07T10:00"), at("2026-03-09T17:30")) == [
        (date(2026, 3, 7), "周六"),
        (date(2026, 3, 8), "周日"),
    ]
    assert NATIONAL.skipped(at("2026-03-02T10:00"), at("2026-03-02T11:00")) == []


@pytest.mark.parametrize(
    ("a", "b", "provisional"),
    [
        ("2026-01-01T00:00", "2026-12-31T23:59", False),
        ("2026-12-31T23:59", "2027-01-01T00:00", True),
        ("2027-01-01T00:00", "2026-12-31T23:59", True),
        ("2040-01-01T00:00", "2040-01-02T00:00", True),
    ],
)
def test_a_span_into_a_year_without_a_notice_is_provisional(a: str, b: str, provisional: bool) -> None:
    assert NATIONAL.touches_provisional(at(a), at(b)) is provisional


def test_the_year_too_is_asked_in_china() -> None:
    new_year = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)
    assert NATIONAL.touches_provisional(new_year, new_year)


def test_a_duty_roster_never_waits_for_a_notice() -> None:
    assert not DUTY.touches_provisional(at("2027-01-01T00:00"), at("2027-02-01T00:00"))
    assert DUTY.why_off(date(2026, 10, 1)) == DUTY.note(date(2026, 10, 1)) == ""
    assert DUTY.skipped(at("2026-10-01T00:00"), at("2026-10-31T00:00")) == []


@pytest.mark.parametrize(
    ("start", "due", "share", "wall", "instant"),
    [
        ("2026-03-02T09:00", "2026-03-03T17:30", 0.5, False, "2026-03-02T17:30"),
        ("2026-03-06T10:00", "2026-03-10T17:30", 0.8, False, "2026-03-10T12:00"),
        ("2026-03-02T17:20", "2026-03-02T17:50", 0.5, False, "2026-03-02T17:25"),
        ("2026-03-02T17:20", "2026-03-02T17:50", 0.5, True, "2026-03-02T17:35"),
        ("2026-03-02T23:00", "2026-03-02T23:30", 0.8, True, "2026-03-02T23:24"),
        ("2026-03-02T23:00", "2026-03-02T23:30", 0.8, False, "2026-03-02T23:30"),
        ("2026-03-02T09:00", "2026-03-02T22:00", 1, False, "2026-03-02T22:00"),
        ("2026-03-02T09:00", "2026-03-01T09:00", 0.5, False, "2026-03-01T09:00"),
        ("2026-03-02T09:00", "2026-03-02T09:00", 0.5, True, "2026-03-02T09:00"),
    ],
)
def test_a_share_of_the_limit_is_reached_in_its_own_time(
    start: str, due: str, share: float, wall: bool, instant: str
) -> None:
    assert NATIONAL.at_share(at(start), at(due), share, wall) == at(instant)


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(BadInput):
        NATIONAL.at_share(at("2026-03-02T09:00"), at("2026-03-03T09:00"), share)


# Zones and boundaries


def test_the_day_is_asked_in_china_whatever_the_zone_of_the_instant() -> None:
    friday_evening_utc = datetime(2026, 3, 5, 16, 30, tzinfo=UTC)  # already Friday the 6th in China
    due = NATIONAL.add(friday_evening_utc, workdays(1))
    assert due.isoformat() == "2026-03-09T17:30:00+08:00"
    assert NATIONAL.skipped(friday_evening_utc, due)[0][0] == date(2026, 3, 7)


def test_summer_time_elsewhere_changes_nothing() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 3, 28, 12, tzinfo=berlin), datetime(2026, 3, 29, 12, tzinfo=berlin)
    assert DUTY.elapsed(before, after) == 23 * 60
    assert NATIONAL.add(after, work_minutes(60)) == at("2026-03-30T10:00")


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-11)), CHINA])
def test_results_always_come_out_in_china(zone: timezone) -> None:
    start = at("2026-03-06T10:00").astimezone(zone)
    for unit in Unit:
        for amount in (0, 1):
            due = NATIONAL.add(start, Budget(amount, unit))
            assert due.tzinfo is CHINA
            assert NATIONAL.subtract(start, Budget(amount, unit)).tzinfo is CHINA
    assert NATIONAL.at_share(start, start, 0.5).tzinfo is CHINA


def test_a_naive_instant_is_refused_everywhere() -> None:
    aware = at("2026-03-06T10:00")
    naive = aware.replace(tzinfo=None)
    for call in (
        lambda: NATIONAL.add(naive, workdays(1)),
        lambda: NATIONAL.add(naive, Budget(1, Unit.MINUTES)),
        lambda: NATIONAL.subtract(naive, workdays(1)),
        lambda: NATIONAL.elapsed(naive, aware),
        lambda: NATIONAL.elapsed(aware, naive),
        lambda: NATIONAL.workdays_between(aware, naive),
        lambda: NATIONAL.skipped(naive, aware),
        lambda: NATIONAL.touches_provisional(aware, naive),
        lambda: NATIONAL.at_share(naive, aware, 0.5),
    ):
        with pytest.raises(BadInput, match="时区"):
            call()


def test_an_instant_is_no_date() -> None:
    with pytest.raises(BadInput):
        NATIONAL.is_workday(at("2026-03-06T10:00"))


@pytest.mark.parametrize(
    "budget",
    [
        workdays(-1),
        workdays(1.5),
        workdays(0.25),
        Budget(0.5, Unit.INCLUSIVE_DAYS),
        work_minutes(float("nan")),
        work_minutes(float("inf")),
        Budget(-1, Unit.MINUTES),
        Budget(1e300, Unit.MINUTES),
        Budget(1e9, Unit.CALENDAR_DAYS),
    ],
)
def test_an_amount_that_makes_no_sense_is_refused(budget: Budget) -> None:
    with pytest.raises(BadInput):
        NATIONAL.add(at("2026-03-06T10:00"), budget)


def test_the_smallest_budget_never_leads_back_before_the_start() -> None:
    night = at("2026-03-06T23:00")
    assert NATIONAL.add(night, work_minutes(1e-12)) > night
    assert NATIONAL.subtract(night, work_minutes(1e-12)) < night
    assert NATIONAL.at_share(night, at("2026-03-09T17:30"), 1e-12) > night


@pytest.mark.parametrize(
    "start, budget",
    [
        ("1999-12-31T10:00", workdays(1)),
        ("2032-01-01T10:00", workdays(1)),
        ("2031-12-30T10:00", workdays(2)),
        ("2031-12-30T10:00", work_minutes(900)),
        ("2031-12-31T18:00", workdays(0.5)),
        ("2031-12-31T18:00", Budget(1, Unit.INCLUSIVE_DAYS)),
        ("2026-03-06T10:00", workdays(100_000)),
    ],
)
def test_beyond_the_table_there_is_no_answer(start: str, budget: Budget) -> None:
    with pytest.raises(NoCalendar):
        NATIONAL.add(at(start), budget)


def test_the_last_moment_of_the_table_still_answers() -> None:
    assert NATIONAL.add(at("2031-12-30T10:00"), workdays(1)) == at("2031-12-31T17:30")
    assert NATIONAL.add(at("2031-12-31T10:00"), work_minutes(360)) == at("2031-12-31T17:30")
    with pytest.raises(NoCalendar):
        NATIONAL.subtract(at("2000-01-03T09:01"), work_minutes(2))
    assert NATIONAL.subtract(at("2000-01-03T09:01"), work_minutes(1)) == at("2000-01-03T09:00")


def test_years_before_the_first_notice_are_weekdays_and_provisional() -> None:
    """Tickets of old systems are imported with their deadlines; no notice of those years is shipped."""
    friday = at("2015-03-06T10:00")
    assert NATIONAL.add(friday, workdays(2)) == at("2015-03-10T17:30")
    assert NATIONAL.touches_provisional(friday, friday)
    assert NATIONAL.elapsed(at("2016-12-30T17:00"), at("2017-01-03T09:30")) == 30 + 30
    assert not NATIONAL.touches_provisional(at("2017-01-03T10:00"), at("2017-01-04T10:00"))


def test_wall_clock_limits_need_no_table() -> None:
    assert NATIONAL.add(at("2050-01-01T10:00"), Budget(30, Unit.MINUTES)) == at("2050-01-01T10:30")
