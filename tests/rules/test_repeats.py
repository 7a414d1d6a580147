"""Is it the same matter (重复诉求)? Signals as a table."""

import pytest

from rules.repeats import Signals, joins


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ((), None),
        ((Signals("A", False, 0.79),), None),
        ((Signals("A", False, 0.8),), "A"),
        ((Signals("A", True, 0.0),), "A"),  # identical in words; too short for pairs
        ((Signals("A", False, 0.9), Signals("B", False, 0.95)), "B"),
        ((Signals("A", False, 0.99), Signals("B", True, 0.99)), "B"),  # identical beats alike
        ((Signals("new", False, 0.9), Signals("old", False, 0.9)), "new"),
        ((Signals("new", True, 1.0), Signals("old", True, 1.0)), "new"),
        ((Signals("A", False, float("nan")),), None),
    ],
)
def test_only_a_sure_one_is_joined_and_the_newest_of_equals(candidates, expected):
    found = joins(candidates, 0.8)
    assert (found.number if found else None) == expected


def test_a_threshold_above_everything_joins_only_identical_words():
    assert joins((Signals("A", False, 1.0),), 1.01) is None
    assert joins((Signals("A", True, 1.0),), 1.01).number == "A"
