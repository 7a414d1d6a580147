"""Working time and clocks against the minute counter; `python -m benchmarks.run --only worktime` counts 100,000 cases."""

from collections.abc import Callable
from datetime import datetime

import pytest

from rules.worktime import Calendar
from tests.counted import compare
from tests.stories import policy


def test_every_deadline_is_the_one_that_counting_minutes_finds() -> None:
    found = compare(policy(), seed=5, offices=8, each=250)
    assert found.differences == ()
    assert (found.cases, found.pauses > 1000) == (2000, True)


def _still_open_at_the_close(calendar: Calendar, moment: int) -> bool:
    return not calendar._windows[calendar._day(moment)] or moment > calendar._close(calendar._day(moment))


def _never_moved(_: Calendar, start: datetime, *__: object, **___: object) -> datetime:
    return start


@pytest.mark.parametrize(
    ("name", "broken"), [("_over", _still_open_at_the_close), ("counted_from", _never_moved)]
)
def test_the_counter_sees_a_planted_fault(
    monkeypatch: pytest.MonkeyPatch, name: str, broken: Callable[..., object]
) -> None:
    monkeypatch.setattr(Calendar, name, broken)
    assert compare(policy(), seed=5, offices=4, each=150).differences
