"""Is it the same matter (重复诉求)? Signals as a table."""

from dataclasses import replace

import pytest

from rules.repeats import Sameness, Shared, Signals, Signs, because, decide, joins, probability


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


# --- How likely it is ---------------------------------------------------------------------------------------

ALIKE = Signs(subject=0.6, retold=0.6, rare=30.0)
UNLIKE = Signs(subject=0.05, retold=0.1, rare=0.0)
COPIED = Signs(subject=0.9, retold=0.8, rare=20.0, elsewhere=True)


@pytest.mark.parametrize(
    ("signs", "same_caller", "days", "decision"),
    [
        (ALIKE, False, 1, Sameness.SAME),
        (ALIKE, True, 400, Sameness.SAME),
        (UNLIKE, True, 0, Sameness.OTHER),
        (Signs(), False, 0, Sameness.OTHER),
        (Signs(identical=True, subject=1.0, retold=1.0, rare=8.0), False, 0, Sameness.SAME),
        # Like words without a name in common: sure of one caller, never of two.
        (Signs(identical=True, subject=1.0, retold=1.0), True, 0, Sameness.SAME),
        (Signs(identical=True, subject=1.0, retold=1.0), False, 0, Sameness.PERHAPS),
        # A neighbour's letter copied, with another estate in it.
        (COPIED, False, 0, Sameness.OTHER),
        (COPIED, True, 0, Sameness.OTHER),
        (replace(COPIED, elsewhere=False), False, 0, Sameness.SAME),
        (replace(COPIED, rare=41.0), False, 0, Sameness.SAME),
    ],
)
def test_signs_make_a_decision(signs: Signs, same_caller: bool, days: float, decision: Sameness) -> None:
    assert decide(probability(signs, same_caller, days)) is decision


@pytest.mark.parametrize("name", ["subject", "retold", "rare"])
@pytest.mark.parametrize("same_caller", [True, False])
def test_more_in_common_is_never_less_likely(name: str, same_caller: bool) -> None:
    rising = [
        probability(replace(ALIKE, **{name: value * (240 if name == "rare" else 1)}), same_caller, 3)
        for value in (0, 0.05, 0.1, 0.5, 1)
    ]
    assert rising == sorted(rising) and rising[0] < rising[-1]
    assert all(0 < each < 1 for each in rising)


def test_the_same_caller_makes_it_likelier_and_time_less_so_in_either_order() -> None:
    assert probability(ALIKE, True, 3) > probability(ALIKE, False, 3)
    assert probability(ALIKE, False, 3) > probability(ALIKE, False, 300)
    assert probability(ALIKE, False, 3) == probability(ALIKE, False, -3)


@pytest.mark.parametrize(
    ("found", "decision"),
    [(None, "other"), (0.0, "other"), (0.4999, "other"), (0.5, "perhaps"), (0.7999, "perhaps"), (0.8, "same"), (1.0, "same")],
)  # fmt: skip
def test_half_is_found_and_four_fifths_is_sure(found: float | None, decision: str) -> None:
    assert decide(found) == decision


@pytest.mark.parametrize(
    ("signs", "shared", "same_caller", "days", "reasons"),
    [
        (Signs(), Shared(), False, 0.2, ("同一天",)),
        (Signs(), Shared(), False, -3.4, ("相隔 3 天",)),
        (
            Signs(identical=True, subject=1, retold=1, rare=9),
            Shared(("停水",), ("听橹家园", "民东路")),
            True,
            1.0,
            ("同一诉求人", "内容完全相同", "同一地点：听橹家园、民东路", "共同的少见词：停水", "相隔 1 天"),
        ),
        (COPIED, Shared(("停水",)), False, 0, ("共同的少见词：停水", "说的地点不同", "同一天")),
    ],
)
def test_the_reasons_are_told_in_plain_words(
    signs: Signs, shared: Shared, same_caller: bool, days: float, reasons: tuple[str, ...]
) -> None:
    assert because(signs, shared, same_caller, days) == reasons
