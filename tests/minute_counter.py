"""Deadlines counted half minute by half minute (逐分钟计数): the other means against which working time is held.

Nothing of `rules/worktime.py` is used: a calendar is an array of booleans, one for each half minute since its first day,
and a deadline is found by counting the true ones. Cases are random and seeded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import numpy as np

TICK = timedelta(seconds=30)
DAY = 2 * 24 * 60
ZONE = timezone(timedelta(hours=8))
FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
DAYS = (LAST - FIRST).days + 1
#: Holidays stand in these years; the first and the last are there to run into.
WRITTEN = (2025, 2026)

UNITS = ("workdays", "half", "work_minutes", "inclusive_days", "minutes", "calendar_days")


@dataclass(frozen=True)
class Office:
    """One random office: its days, and each half minute of them open or not."""

    off: frozenset[date]
    make_up: frozenset[date]
    windows: tuple[tuple[int, int], ...]
    season: tuple[tuple[int, int], tuple[int, int], tuple[tuple[int, int], ...]] | None
    every_day: bool
    open: np.ndarray
    rows: np.ndarray
    worked: np.ndarray


@dataclass(frozen=True)
class Case:
    """One deadline to be found: times are ticks since FIRST."""

    start: int
    amount: int
    unit: str
    moves: bool
    pauses: tuple[tuple[int, int], ...]


def offices(seed: int, count: int) -> Iterator[Office]:
    """`count` random offices."""
    for number in range(count):
        yield _office(np.random.default_rng((seed, number)))


def _office(dice: np.random.Generator) -> Office:
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    written = [day for day in days if day.year in WRITTEN]
    off = {written[n] for n in dice.integers(0, len(written), int(dice.integers(0, 60)))}
    if dice.random() < 0.5:  # and a long holiday
        begin = int(dice.integers(0, len(written) - 12))
        off |= {day for day in written[begin : begin + 10] if day.year == written[begin].year}
    weekends = [day for day in written if day.weekday() >= 5 and day not in off]
    make_up = {weekends[n] for n in dice.integers(0, len(weekends), int(dice.integers(0, 16)))}
    every_day = bool(dice.random() < 0.1)
    windows = ((0, 1440),) if every_day and dice.random() < 0.5 else _windows(dice)
    season = None
    if dice.random() < 0.4:
        first, last = ((int(dice.integers(1, 13)), int(dice.integers(1, 29))) for _ in range(2))
        season = (first, last, _windows(dice))
    opened = np.zeros(DAYS * DAY, dtype=bool)
    for n, day in enumerate(days):
        if not every_day and (day in off or (day.weekday() >= 5 and day not in make_up)):
            continue
        for begin, end in season[2] if season and _within(day, *season[:2]) else windows:
            opened[n * DAY + 2 * begin : n * DAY + 2 * end] = True
    worked = np.flatnonzero(opened.reshape(DAYS, DAY).any(axis=1))
    return Office(
        frozenset(off), frozenset(make_up), windows, season, every_day, opened, np.flatnonzero(opened), worked
    )


def _windows(dice: np.random.Generator) -> tuple[tuple[int, int], ...]:
    if dice.random() < 0.3:
        return ((540, 720), (810, 1050))
    while True:
        edges = sorted({int(each) for each in dice.integers(0, 1441, 2 * int(dice.integers(1, 4)))})
        pairs = tuple(zip(edges[::2], edges[1::2], strict=False))
        if sum(end - begin for begin, end in pairs) >= 60:
            return pairs


def _within(day: date, first: tuple[int, int], last: tuple[int, int]) -> bool:
    here = (day.month, day.day)
    return first <= here <= last if first <= last else here >= first or here <= last


def cases(dice: np.random.Generator, count: int, office: Office) -> Iterator[Case]:
    """`count` random cases that begin in the written years, a third of them where a window opens or closes."""
    low, high = 366 * DAY, (366 + 640) * DAY
    edges = [edge for window in office.windows for edge in window]
    for _ in range(count):
        start = int(dice.integers(low, high))
        if dice.random() < 0.33:
            start += 2 * edges[int(dice.integers(0, len(edges)))] - start % DAY
        unit = UNITS[int(dice.integers(0, len(UNITS)))]
        most = {"workdays": 40, "half": 1, "work_minutes": 4000, "inclusive_days": 20, "minutes": 4000}
        amount = int(dice.integers(1, most.get(unit, 30) + 1))
        pauses, at = [], start
        for _ in range(int(dice.integers(0, 4))):
            begin = at + int(dice.integers(0, 3 * DAY))
            at = begin + int(dice.integers(0, 6 * DAY) if dice.random() < 0.7 else dice.integers(0, 120))
            pauses.append((begin, at))
        yield Case(start, amount, unit, bool(dice.random() < 0.3), tuple(pauses))


def due(office: Office, case: Case) -> int:
    """The tick at which the limit of a case ends, its pauses given back one after the other."""
    end = _counted(office, case)
    for begin, until in case.pauses:
        if begin >= end:
            continue
        if case.unit in ("minutes", "calendar_days"):
            end += until - begin
        else:
            end = nth_open(office, end, elapsed(office, begin, until))
    return end


def elapsed(office: Office, begin: int, end: int) -> int:
    """Open half minutes from one tick to another."""
    return int(np.count_nonzero(office.open[begin:end]))


def nth_open(office: Office, start: int, ticks: int) -> int:
    """The end of the n-th open half minute from a tick on; the tick itself for none."""
    if not ticks:
        return start
    return int(office.rows[np.searchsorted(office.rows, start) + ticks - 1]) + 1


def day_count(office: Office, begin: int, end: int) -> int:
    """Days that are worked, after the day of the one tick, up to that of the other; a midnight that ends work is its eve."""
    last = (end - 1 if end > begin and end % DAY == 0 and office.open[end - 1] else end) // DAY
    return int(np.isin(np.arange(begin // DAY + 1, last + 1), office.worked).sum())


def _counted(office: Office, case: Case) -> int:
    start = case.start
    if case.unit == "minutes":
        return start + 2 * case.amount
    if case.unit == "calendar_days":
        return start + case.amount * DAY
    if case.moves and not office.open[start : (start // DAY + 1) * DAY].any():
        start = int(
            office.rows[np.searchsorted(office.rows, start)]
        )  # nobody is there until the next opening
    if case.unit == "work_minutes":
        return nth_open(office, start, 2 * case.amount)
    today = start // DAY
    over = not office.open[start : (today + 1) * DAY].any()
    if case.unit == "half":
        day = today if not over else int(office.worked[office.worked > today][0])
        return nth_open(office, start, int(office.open[day * DAY : (day + 1) * DAY].sum()) // 2)
    first = today if case.unit == "inclusive_days" and not over else today + 1
    day = int(office.worked[office.worked >= first][case.amount - 1])
    return day * DAY + int(np.flatnonzero(office.open[day * DAY : (day + 1) * DAY])[-1]) + 1


def at(tick: int) -> datetime:
    """The instant of a tick."""
    return datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=ZONE) + tick * TICK
