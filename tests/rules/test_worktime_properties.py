"""What holds on any calendar (工作时间的性质): round trips, order, counts; calendars made up as we go."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.terms import CHINA, Budget, Unit
from rules.worktime import NATIONAL_WINDOWS, AfterHours, Calendar, Season, Window, parse_calendar

PLENTY = settings(max_examples=80, derandomize=True, deadline=None, database=None)

NOTICE = '[notice]\ntitle = "通知"\nsource = "https://example.invalid/notice"\n'


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)


def workdays(amount: float) -> Budget:
    return Budget(amount, Unit.WORKDAYS)


def work_minutes(amount: float) -> Budget:
    return Budget(amount, Unit.WORK_MINUTES)


def year_2026(off: Iterable[date] = (), make_up: Iterable[date] = ()) -> str:
    free = ", ".join(f'{{ festival = "假", from = {day}, to = {day} }}' for day in sorted(off))
    extra = ", ".join(f'{{ festival = "假", date = {day} }}' for day in sorted(make_up))
    return f"year = 2026\noff = [{free}]\nmake_up = [{extra}]\n{NOTICE}"


def build(
    off: set[date],
    make_up: set[date],
    windows: Iterable[Window],
    seasons: Iterable[Season] = (),
    every_day: bool = False,
) -> Calendar:
    files = {"2026.toml": year_2026(off, make_up - off)}
    return parse_calendar(files, windows, seasons=seasons, every_day=every_day, years_after=4)


DAYS_2026 = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
WEEKENDS = [day for day in DAYS_2026 if day.weekday() >= 5]
DUTY = build(set(), set(), [Window(0, 1440)], every_day=True)
MONTHLY = {day for day in DAYS_2026 if day.day != 15} - set(WEEKENDS)  # one or no workday a month

some_off = st.one_of(st.sets(st.sampled_from(DAYS_2026), max_size=40), st.just(MONTHLY))
some_make_up = st.sets(st.sampled_from(WEEKENDS), max_size=20)
some_windows = st.one_of(
    st.just(NATIONAL_WINDOWS),
    st.sets(st.integers(0, 1440), min_size=2, max_size=6)
    .map(lambda edges: tuple(map(Window, sorted(edges)[::2], sorted(edges)[1::2])))
    .filter(lambda windows: sum(window.end - window.start for window in windows) >= 60),
)
instants = st.integers(0, 500 * 86_400 * 10).map(
    lambda tenths: datetime(2026, 1, 1, tzinfo=CHINA) + timedelta(milliseconds=100 * tenths)
)
minutes = st.one_of(
    st.integers(0, 6000), st.integers(0, 40), st.floats(0, 3000).map(lambda m: round(m * 600) / 600)
)
counted = st.builds(
    Budget, st.integers(0, 40), st.sampled_from([Unit.WORKDAYS, Unit.INCLUSIVE_DAYS, Unit.WORK_MINUTES])
)
budgets = st.one_of(
    counted,
    st.just(workdays(0.5)),
    st.builds(Budget, st.integers(0, 4000), st.sampled_from([Unit.MINUTES, Unit.CALENDAR_DAYS])).filter(
        lambda budget: budget.unit is Unit.MINUTES or budget.amount < 400
    ),
)
policies: st.SearchStrategy[AfterHours] = st.sampled_from(["as_is", "next_workday"])


calendars = st.builds(build, some_off, some_make_up, some_windows)
with_summer = st.builds(
    lambda off, windows, other: build(off, set(), windows, [Season((6, 1), (9, 30), other)]),
    some_off,
    some_windows,
    some_windows,
)
any_calendar = st.one_of(calendars, with_summer)


@PLENTY
@given(any_calendar, instants, minutes)
def test_what_is_added_is_what_elapses(calendar: Calendar, start: datetime, n: float) -> None:
    due = calendar.add(start, work_minutes(n))
    assert calendar.elapsed(start, due) == pytest.approx(n, abs=1e-8)
    assert due >= start
    if n == int(n):
        assert calendar.elapsed(start, due) == n
    if n:
        assert calendar.elapsed(due - timedelta(microseconds=1), due) > 0, "an earlier instant would do"


@PLENTY
@given(any_calendar, instants, minutes)
def test_subtracting_undoes_adding(calendar: Calendar, start: datetime, n: float) -> None:
    due = calendar.add(start, work_minutes(n))
    back = calendar.subtract(due, work_minutes(n))
    assert back >= start
    assert calendar.elapsed(start, back) == 0
    assert calendar.add(back, work_minutes(n)) == due
    if n:
        assert calendar.elapsed(back, back + timedelta(microseconds=1)) > 0, "a later start would do"
    if n and calendar.elapsed(start, start + timedelta(microseconds=1)) > 0:
        assert back == start


@PLENTY
@given(any_calendar, instants, st.integers(1, 60), st.sampled_from([Unit.WORKDAYS, Unit.INCLUSIVE_DAYS]))
def test_subtracting_days_undoes_adding_them(calendar: Calendar, start: datetime, n: int, unit: Unit) -> None:
    due = calendar.add(start, Budget(n, unit))
    back = calendar.subtract(due, Budget(n, unit))
    assert calendar.add(back, Budget(n, unit)) == due
    assert back.date() >= start.date() or not calendar.is_workday(start.date())
    assert back == midnight(back.date()) + timedelta(minutes=calendar.windows_on(back.date())[0].start)
    assert calendar.workdays_between(back, due) == (n if unit is Unit.WORKDAYS else n - 1)
    following = back + timedelta(days=1)
    while not calendar.is_workday(following.date()):
        following += timedelta(days=1)
    assert calendar.add(following, Budget(n, unit)) > due, "a later workday would do"


@PLENTY
@given(any_calendar, instants, st.integers(0, 40), st.integers(1, 40))
def test_workdays_add_up(calendar: Calendar, start: datetime, a: int, b: int) -> None:
    first = calendar.add(start, workdays(a))
    if first != midnight(first.date()):  # a close at 24:00 already stands on the next date
        assert calendar.add(first, workdays(b)) == calendar.add(start, workdays(a + b))


@PLENTY
@given(any_calendar, instants, st.integers(0, 3000), st.integers(0, 3000))
def test_adding_twice_is_adding_the_sum(calendar: Calendar, start: datetime, a: int, b: int) -> None:
    twice = calendar.add(calendar.add(start, work_minutes(a)), work_minutes(b))
    assert twice == calendar.add(start, work_minutes(a + b))


@PLENTY
@given(any_calendar, instants, instants, instants)
def test_elapsed_is_additive_and_signed(calendar: Calendar, a: datetime, b: datetime, c: datetime) -> None:
    assert calendar.elapsed(a, b) == -calendar.elapsed(b, a)
    assert calendar.elapsed(a, b) + calendar.elapsed(b, c) == pytest.approx(calendar.elapsed(a, c), abs=1e-6)
    assert abs(calendar.elapsed(a, b)) <= abs(b - a) / timedelta(minutes=1) + 1e-9


@PLENTY
@given(any_calendar, instants, instants)
def test_elapsed_is_the_sum_of_the_windows_cut_one_by_one(
    calendar: Calendar, a: datetime, b: datetime
) -> None:
    a, b = min(a, b), min(max(a, b), min(a, b) + timedelta(days=60))
    total = timedelta()
    for n in range((b.date() - a.date()).days + 1):
        day = a.date() + timedelta(days=n)
        for window in calendar.windows_on(day):
            opened, closed = (midnight(day) + timedelta(minutes=edge) for edge in (window.start, window.end))
            total += max(timedelta(), min(b, closed) - max(a, opened))
    assert calendar.elapsed(a, b) == total / timedelta(minutes=1)


@PLENTY
@given(calendars, instants, st.integers(0, 10**7), budgets, policies)
def test_a_later_start_never_ends_earlier(
    calendar: Calendar, start: datetime, later: int, budget: Budget, after_hours: AfterHours
) -> None:
    early = calendar.add(start, budget, after_hours=after_hours)
    late = calendar.add(start + timedelta(seconds=later), budget, after_hours=after_hours)
    assert early <= late


@PLENTY
@given(any_calendar, instants, budgets, policies)
def test_no_limit_ends_before_it_starts(
    calendar: Calendar, start: datetime, budget: Budget, after_hours: AfterHours
) -> None:
    due = calendar.add(start, budget, after_hours=after_hours)
    assert due >= start
    assert calendar.add(start, budget) <= due


@PLENTY
@given(any_calendar, instants, st.integers(0, 60))
def test_whole_workdays_are_a_count(calendar: Calendar, start: datetime, n: int) -> None:
    due = calendar.add(start, workdays(n))
    assert calendar.workdays_between(start, due) == n
    assert calendar.workdays_between(due, start) == -n
    if n:
        last = (due - timedelta(microseconds=1)).date()
        assert due == midnight(last) + timedelta(minutes=calendar.windows_on(last)[-1].end)


@PLENTY
@given(any_calendar, instants, st.integers(1, 30))
def test_inclusive_days_begin_one_workday_sooner_unless_the_day_is_over(
    calendar: Calendar, start: datetime, n: int
) -> None:
    inclusive = calendar.add(start, Budget(n, Unit.INCLUSIVE_DAYS))
    hours = calendar.windows_on(start.date())
    close = midnight(start.date()) + timedelta(minutes=hours[-1].end if hours else 0)
    whole = n - 1 if start < close else n
    assert inclusive == (calendar.add(start, workdays(whole)) if whole else close)


@PLENTY
@given(some_off, some_make_up, some_windows, st.sampled_from(DAYS_2026), instants, budgets, policies)
def test_one_more_holiday_never_makes_a_deadline_earlier(
    off: set[date],
    make_up: set[date],
    windows: tuple[Window, ...],
    day: date,
    start: datetime,
    budget: Budget,
    after_hours: AfterHours,
) -> None:
    before = build(off, make_up, windows).add(start, budget, after_hours=after_hours)
    after = build(off | {day}, make_up, windows).add(start, budget, after_hours=after_hours)
    assert after >= before


@PLENTY
@given(some_off, some_make_up, some_windows, st.sampled_from(WEEKENDS), instants, counted)
def test_one_more_make_up_day_never_makes_a_deadline_later(
    off: set[date],
    make_up: set[date],
    windows: tuple[Window, ...],
    day: date,
    start: datetime,
    budget: Budget,
) -> None:
    off = off - {day}
    before = build(off, make_up - {day}, windows).add(start, budget)
    assert build(off, make_up | {day}, windows).add(start, budget) <= before


@PLENTY
@given(instants, st.integers(0, 10**6), st.integers(0, 10**6))
def test_round_the_clock_every_day_working_time_is_the_wall_clock(start: datetime, n: int, m: int) -> None:
    assert DUTY.add(start, work_minutes(n)) == start + timedelta(minutes=n)
    assert DUTY.elapsed(start, start + timedelta(minutes=m)) == m
    assert DUTY.subtract(start + timedelta(minutes=m), work_minutes(m)) == start


@PLENTY
@given(any_calendar, instants, st.integers(0, 5000), st.floats(0.01, 1))
def test_a_share_lies_in_order_between_start_and_due(
    calendar: Calendar, start: datetime, n: int, share: float
) -> None:
    due = calendar.add(start, work_minutes(n))
    half, part = calendar.at_share(start, due, share / 2), calendar.at_share(start, due, share)
    assert start <= half <= part <= due
    assert calendar.elapsed(start, part) == pytest.approx(n * share, abs=1e-6)


@PLENTY
@given(any_calendar, instants, instants)
def test_skipped_days_and_workdays_make_up_the_span(calendar: Calendar, a: datetime, b: datetime) -> None:
    a, b = sorted((a, b))
    skipped = calendar.skipped(a, b)
    assert all(why and not calendar.is_workday(day) for day, why in skipped)
    worked = calendar.workdays_between(a, b) + calendar.is_workday(a.date())
    closing = b.time() == datetime.min.time() and b > a and _closes_at_midnight(calendar, b.date())
    assert (
        len(skipped) + worked + (calendar.is_workday(b.date()) if closing else 0)
        == (b.date() - a.date()).days + 1
    )


def _closes_at_midnight(calendar: Calendar, day: date) -> bool:
    return any(window.end == 1440 for window in calendar.windows_on(day - timedelta(days=1)))
