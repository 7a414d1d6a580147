"""Which days a report is about (统计周期): names and days, neighbours, publication, and words that mean nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports import period
from reports.period import KINDS, Period
from rules.errors import BadInput
from rules.pack_records import Reporting
from rules.terms import CHINA

MONDAY, FRIDAY, SUNDAY = 1, 5, 7
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "name", "week_starts", "begin", "end"),
    [
        ("week", "2026-W47", MONDAY, "2026-11-16", "2026-11-22"),
        ("week", "2026-W47", FRIDAY, "2026-11-13", "2026-11-19"),  # Thursday lies in the ISO week
        ("week", "2026-W47", SUNDAY, "2026-11-15", "2026-11-21"),
        ("week", "2026-W47", 2, "2026-11-10", "2026-11-16"),  # ends on the ISO week's Monday
        ("week", "2026-W53", MONDAY, "2026-12-28", "2027-01-03"),
        ("week", "2026-W53", FRIDAY, "2026-12-25", "2026-12-31"),
        ("week", "2026-W53", SUNDAY, "2026-12-27", "2027-01-02"),
        ("week", "2027-W01", MONDAY, "2027-01-04", "2027-01-10"),
        ("week", "2027-W01", FRIDAY, "2027-01-01", "2027-01-07"),
        ("week", "2026-W01", MONDAY, "2025-12-29", "2026-01-04"),
        ("week", "2026-W01", FRIDAY, "2025-12-26", "2026-01-01"),
        ("week", "2026-W01", SUNDAY, "2025-12-28", "2026-01-03"),
        ("week", "2025-W52", MONDAY, "2025-12-22", "2025-12-28"),
        ("week", "2016-W10", FRIDAY, "2016-03-04", "2016-03-10"),  # 大英's week (domain-12345.md, 6.4)
        ("week", "2020-W53", MONDAY, "2020-12-28", "2021-01-03"),
        ("month", "2026-11", MONDAY, "2026-11-01", "2026-11-30"),
        ("month", "2026-12", MONDAY, "2026-12-01", "2026-12-31"),
        ("month", "2026-01", FRIDAY, "2026-01-01", "2026-01-31"),
        ("month", "2026-02", MONDAY, "2026-02-01", "2026-02-28"),
        ("month", "2028-02", MONDAY, "2028-02-01", "2028-02-29"),
        ("month", "2100-02", MONDAY, "2100-02-01", "2100-02-28"),
        ("quarter", "2026-Q1", MONDAY, "2026-01-01", "2026-03-31"),
        ("quarter", "2026-Q2", MONDAY, "2026-04-01", "2026-06-30"),
        ("quarter", "2026-Q3", MONDAY, "2026-07-01", "2026-09-30"),
        ("quarter", "2026-Q4", FRIDAY, "2026-10-01", "2026-12-31"),
        ("year", "2026", MONDAY, "2026-01-01", "2026-12-31"),
        ("year", "2028", SUNDAY, "2028-01-01", "2028-12-31"),
    ],
)
def test_a_period_runs_from_its_first_day_to_its_last(kind, name, week_starts, begin, end):
    wanted = Period(kind, name, date.fromisoformat(begin), date.fromisoformat(end))
    assert period.parse(kind, name, week_starts) == wanted


@pytest.mark.parametrize(
    ("kind", "said", "name"),
    [
        ("week", " 2026-w47 ", "2026-W47"),
        ("quarter", "２０２６－Ｑ４", "2026-Q4"),  # an input method left on full width
        ("year", "2026\n", "2026"),
    ],
)
def test_a_slip_that_leaves_no_doubt_is_forgiven(kind, said, name):
    assert period.parse(kind, said, MONDAY).name == name


@pytest.mark.parametrize(
    ("kind", "said", "detail", "hint"),
    [
        ("week", "2025-W53", "2025 年没有第 53 周", "2025 年有 52 周，请写 2025-W01 到 2025-W52"),
        ("week", "2026-W54", "2026 年没有第 54 周", "2026 年有 53 周"),
        ("week", "2026-W00", "2026 年没有第 0 周", "请写 2026-W01"),
        ("week", "2026-W7", "看不懂周报的周期“2026-W7”", "例如 2026-W47"),
        ("week", "2026-47", "看不懂周报的周期", "请写成“年份-W两位周数”"),
        ("week", "上周", "看不懂周报的周期“上周”", "2026-W47"),
        ("week", "", "看不懂周报的周期“”", "2026-W47"),
        ("week", "2026-W٤٧", "看不懂周报的周期", "2026-W47"),
        ("month", "2026-13", "没有第 13 个月份", "月份请写 01 到 12"),
        ("month", "2026-00", "没有第 0 个月份", "例如 2026-11"),
        ("month", "2026-1", "看不懂月报的周期“2026-1”", "请写成“年份-两位月份”"),
        ("month", "2026年11月", "看不懂月报的周期", "2026-11"),
        ("month", "2026-11-01", "看不懂月报的周期", "2026-11"),
        ("quarter", "2026-Q5", "没有第 5 个季度", "季度请写 1 到 4"),
        ("quarter", "2026-Q0", "没有第 0 个季度", "例如 2026-Q4"),
        ("quarter", "2026Q4", "看不懂季报的周期“2026Q4”", "请写成“年份-Q季度”"),
        ("year", "26", "看不懂年报的周期“26”", "请写成“四位年份”，例如 2026"),
        ("year", "20261", "看不懂年报的周期", "例如 2026"),
        ("year", "0000", "年份 0 不对", "1980 到 2999"),
        ("week", "1979-W10", "年份 1979 不对", "例如 2026-W47"),
        ("year", "3000", "年份 3000 不对", "1980 到 2999"),
        ("day", "2026-11-16", "没有“day”这种报表", "可以写：week、month、quarter、year"),
        ("", "2026", "没有“”这种报表", "week"),
    ],
)
def test_what_means_nothing_is_refused_with_what_to_write(kind, said, detail, hint):
    with pytest.raises(BadInput) as caught:
        period.parse(kind, said, MONDAY)
    assert detail in caught.value.detail
    assert hint in (caught.value.advice or "")


def test_a_page_of_nonsense_is_not_said_back_whole():
    with pytest.raises(BadInput) as caught:
        period.parse("week", "乱" * 9000, MONDAY)
    assert len(caught.value.detail) < 80


@pytest.mark.parametrize(
    ("kind", "week_starts", "earlier", "later"),
    [
        ("week", MONDAY, "2026-W46", "2026-W47"),
        ("week", MONDAY, "2026-W53", "2027-W01"),
        ("week", FRIDAY, "2026-W53", "2027-W01"),
        ("week", SUNDAY, "2025-W52", "2026-W01"),
        ("month", MONDAY, "2025-12", "2026-01"),
        ("month", MONDAY, "2028-02", "2028-03"),
        ("quarter", MONDAY, "2026-Q4", "2027-Q1"),
        ("quarter", MONDAY, "2026-Q1", "2026-Q2"),
        ("year", MONDAY, "2026", "2027"),
    ],
)
def test_the_neighbours_of_a_period(kind, week_starts, earlier, later):
    first, second = (period.parse(kind, name, week_starts) for name in (earlier, later))
    assert period.after(first, week_starts) == second
    assert period.before(second, week_starts) == first


@pytest.mark.parametrize(
    ("kind", "day", "week_starts", "name"),
    [
        ("week", "2027-01-01", MONDAY, "2026-W53"),
        ("week", "2027-01-01", FRIDAY, "2027-W01"),
        ("week", "2026-12-31", FRIDAY, "2026-W53"),
        ("week", "2026-11-19", FRIDAY, "2026-W47"),
        ("week", "2026-11-20", FRIDAY, "2026-W48"),
        ("week", "2025-12-29", MONDAY, "2026-W01"),
        ("month", "2028-02-29", MONDAY, "2028-02"),
        ("quarter", "2026-09-30", MONDAY, "2026-Q3"),
        ("quarter", "2026-10-01", MONDAY, "2026-Q4"),
        ("year", "2026-12-31", MONDAY, "2026"),
    ],
)
def test_the_period_that_holds_a_day(kind, day, week_starts, name):
    assert period.of_day(kind, date.fromisoformat(day), week_starts).name == name


def test_before_the_first_year_there_is_nothing():
    with pytest.raises(BadInput, match="年份 1979 不对"):
        period.before(period.parse("year", "1980", MONDAY), MONDAY)


def test_an_instant_is_no_day_and_a_week_starts_on_a_weekday():
    with pytest.raises(ValueError, match="not the instant"):
        period.of_day("week", datetime(2026, 11, 16, tzinfo=UTC), MONDAY)
    for wrong in (0, 8):
        with pytest.raises(ValueError, match="weekday from 1 to 7"):
            period.parse("week", "2026-W47", wrong)


@pytest.mark.parametrize(
    ("kind", "name", "week_starts", "after_days", "minute", "at"),
    [
        ("week", "2026-W47", MONDAY, 1, 480, "2026-11-23T08:00:00+08:00"),
        ("week", "2026-W47", FRIDAY, 1, 480, "2026-11-20T08:00:00+08:00"),
        ("week", "2026-W53", MONDAY, 2, 0, "2027-01-05T00:00:00+08:00"),
        ("month", "2028-02", MONDAY, 1, 1439, "2028-03-01T23:59:00+08:00"),
        ("quarter", "2026-Q4", MONDAY, 5, 570, "2027-01-05T09:30:00+08:00"),
        ("year", "2026", MONDAY, 60, 480, "2027-03-01T08:00:00+08:00"),
    ],
)
def test_a_report_comes_out_so_many_days_after_the_last_day(kind, name, week_starts, after_days, minute, at):
    reporting = Reporting(week_starts, after_days, minute, "half_up", 2, "")
    found = period.published_at(period.parse(kind, name, week_starts), reporting)
    assert found.isoformat() == at


def test_the_span_is_half_open_midnights_in_china():
    begin, end = period.span(period.parse("month", "2026-11", MONDAY))
    assert (begin.isoformat(), end.isoformat()) == ("2026-11-01T00:00:00+08:00", "2026-12-01T00:00:00+08:00")
    assert begin.astimezone(UTC).isoformat() == "2026-10-31T16:00:00+00:00"


days = st.dates(date(1981, 1, 1), date(2998, 12, 31))
kinds = st.sampled_from(sorted(KINDS))
starts = st.integers(1, 7)


@given(kinds, days, starts)
@example("week", date(2026, 12, 31), FRIDAY)
@example("week", date(2027, 1, 3), MONDAY)
@example("month", date(2028, 2, 29), MONDAY)
def test_periods_tile_the_calendar_without_gap_or_overlap(kind, day, week_starts):
    found = period.of_day(kind, day, week_starts)
    earlier, later = period.before(found, week_starts), period.after(found, week_starts)
    assert found.begin <= day <= found.end
    assert (earlier.end + DAY, later.begin - DAY) == (found.begin, found.end)
    assert period.after(earlier, week_starts) == found == period.before(later, week_starts)
    assert period.parse(kind, found.name, week_starts) == found
    assert (
        period.of_day(kind, found.begin, week_starts) == found == period.of_day(kind, found.end, week_starts)
    )
    if kind == "week":
        assert (found.begin.isoweekday(), found.end - found.begin) == (week_starts, 6 * DAY)
        assert found.name == f"{found.end.isocalendar().year}-W{found.end.isocalendar().week:02d}"


@given(kinds, days, starts)
def test_spans_meet_and_hold_their_days(kind, day, week_starts):
    found = period.of_day(kind, day, week_starts)
    begin, end = period.span(found)
    assert end == period.span(period.after(found, week_starts))[0]
    assert begin <= datetime(day.year, day.month, day.day, 23, 59, tzinfo=CHINA) < end


@given(kinds, st.text(max_size=12), starts)
def test_any_words_are_a_period_or_refused_in_chinese(kind, words, week_starts):
    try:
        found = period.parse(kind, words, week_starts)
    except BadInput as refused:
        assert "请写" in str(refused.advice)
    else:
        assert found.begin <= found.end
