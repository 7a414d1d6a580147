"""Figures against sums done by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from classifier.measures import calibration_error, figures, macro_f1


def test_figures_come_with_what_they_were_made_of() -> None:
    gold = ["甲", "甲", "乙", "丙"]
    ranked = [["甲"], ["乙", "丙", "甲"], ["乙", "甲"], []]
    confidence = np.array([0.9, 0.6, 0.95, 0.0])
    found = figures(gold, ranked, confidence, np.array([True, False, True, False]))
    assert found["n"] == 4
    assert found["accuracy"] == 0.5
    assert found["top3"] == 0.75
    assert found["coverage"] == 0.5
    assert found["precision_at_gate"] == 1.0
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert found["ece"] == pytest.approx((0.1 + 0.6 + 0.05 + 0.0) / 4, abs=0.03)
    assert found["counts"] == {
        "right": 2,
        "right_in_3": 3,
        "sent": 2,
        "sent_right": 2,
        "unanswered": 1,
        "labels": 3,
    }


def test_nothing_counted_is_not_zero() -> None:
    found = figures([], [], np.zeros(0), np.zeros(0, np.bool_))
    shares = ("accuracy", "macro_f1", "top3", "ece", "coverage", "precision_at_gate")
    assert [found[key] for key in shares] == [None] * 6
    none_sent = figures(["甲"], [["甲"]], np.array([0.4]), np.array([False]))
    assert (none_sent["coverage"], none_sent["precision_at_gate"]) == (0.0, None)


def test_macro_f1_agrees_with_scikit_learn() -> None:
    dice = np.random.default_rng(5)
    gold = [str(k) for k in dice.integers(0, 5, 200)]
    said = [g if dice.random() < 0.6 else str(dice.integers(0, 7)) for g in gold]
    expected = f1_score(gold, said, average="macro", labels=sorted(set(gold)), zero_division=0)
    assert macro_f1(gold, said) == pytest.approx(expected)


def test_calibration_error_is_none_where_confidence_is_true_and_full_where_it_lies() -> None:
    assert calibration_error(np.full(10, 0.5), np.tile([1.0, 0.0], 5)) == pytest.approx(0.0)
    assert calibration_error(np.ones(10), np.zeros(10)) == pytest.approx(1.0)
    assert calibration_error(np.zeros(4), np.zeros(4)) == pytest.approx(0.0)
