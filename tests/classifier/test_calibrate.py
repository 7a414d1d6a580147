"""Confidence that means what it says, and a gate that keeps its promise or stays shut."""

import numpy as np
import pytest

from classifier.calibrate import Calibration, find_gate, fit, rising_curve, softmax


def drawn(rows: int, sharpness: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    gold = dice.integers(0, 6, rows)
    scores = dice.normal(0, 1, (rows, 6))
    scores[np.arange(rows), gold] += sharpness * dice.random(rows)
    return scores, gold


def lengths(rows: int) -> np.ndarray:
    return np.full(rows, 30)


def test_confidence_is_the_share_that_is_right_on_new_rows() -> None:
    calibration = fit(*drawn(20_000, 5, 1), lengths(20_000))
    scores, gold = drawn(20_000, 5, 2)
    order, shares = calibration.rank(scores, lengths(len(scores)))
    right = order[:, 0] == gold
    for low, high in ((0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)):
        inside = (shares[:, 0] >= low) & (shares[:, 0] < high)
        assert inside.sum() > 100
        assert right[inside].mean() == pytest.approx(shares[inside, 0].mean(), abs=0.05)


@pytest.mark.parametrize("scale", [0.01, 0.05, 0.3, 1.0, 8.0])
def test_the_temperature_is_the_likeliest_of_all(scale: float) -> None:
    scores, gold = drawn(1_500, 4, 6)
    scores *= scale
    rows = np.arange(len(gold))
    every = np.geomspace(0.02, 4, 60)
    losses = [-np.log(softmax(scores, each)[rows, gold] + 1e-12).mean() for each in every]
    assert fit(scores, gold, lengths(1_500)).temperature == every[int(np.argmin(losses))]


def test_the_gate_keeps_its_promise_on_new_rows() -> None:
    calibration = fit(*drawn(6_000, 8, 1), lengths(6_000))
    scores, gold = drawn(6_000, 8, 2)
    order, shares = calibration.rank(scores, lengths(len(scores)))
    sent = calibration.passes(shares[:, 0])
    assert 0.2 < sent.mean() < 1
    assert (order[sent, 0] == gold[sent]).mean() >= 0.94


def test_rows_are_ranked_and_never_sum_to_more_than_one() -> None:
    scores, gold = drawn(500, 2, 3)
    order, shares = fit(scores, gold, lengths(500)).rank(scores, lengths(500))
    assert (np.diff(shares, axis=1) <= 1e-12).all()
    assert (shares.sum(axis=1) <= 1 + 1e-9).all()
    assert (shares >= 0).all()
    assert (order[:, 0] == scores.argmax(axis=1)).all()


def test_at_most_ten_labels_are_ranked() -> None:
    flat = Calibration(1.0, (0.0,), (0.5,), None)
    order, shares = flat.rank(np.zeros((2, 40)), lengths(2))
    assert order.shape == shares.shape == (2, 10)


def test_without_a_gate_nothing_passes() -> None:
    assert not Calibration(1.0, (0.0,), (1.0,), None).passes(np.ones(3)).any()


@pytest.mark.parametrize(("rows", "opens"), [(18, False), (19, True), (400, True)])
def test_the_gate_wants_enough_right_answers(rows: int, opens: bool) -> None:
    gate = find_gate(np.full(rows, 0.99), np.ones(rows))
    assert (gate is not None) is opens


def test_the_gate_takes_equal_confidences_together() -> None:
    confidence = np.array([0.9] * 100 + [0.5] * 100)
    right = np.array([1.0] * 150 + [0.0] * 50)  # the first fifty of the lower half would pass alone
    assert find_gate(confidence, right) == 0.9


def test_no_gate_where_no_stretch_is_good_enough() -> None:
    assert find_gate(np.linspace(0, 1, 1_000), np.tile([1.0, 0.0], 500)) is None


def test_the_curve_never_falls_and_never_claims_certainty() -> None:
    looked = np.linspace(-3, 3, 900)
    right = (np.sin(looked * 5) + looked > 0).astype(float)
    _, heights = rising_curve(looked, right)
    assert (np.diff(heights) >= 0).all()
    assert 0 < heights.min() <= heights.max() < 1


def test_few_rows_give_one_flat_confidence() -> None:
    _, heights = rising_curve(np.arange(12.0), np.array([1.0] * 6 + [0.0] * 6))
    assert heights.tolist() == [0.5]


def test_a_label_with_no_score_gets_no_probability() -> None:
    assert softmax(np.array([[0.0, -np.inf]]), 0.5).tolist() == [[1.0, 0.0]]


def test_a_calibration_survives_the_manifest() -> None:
    made = fit(*drawn(2_000, 5, 4), lengths(2_000))
    assert Calibration.from_dict(made.as_dict()) == made


@pytest.mark.parametrize(
    "broken",
    [
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"curve_y": [0.9, 0.1]},
        {"curve_x": [1.0, 0.0]},
        {"curve_x": [], "curve_y": []},
        {"curve_y": [0.5, 1.5]},
        {"curve_y": [0.5]},
        {"gate": 2.0},
        {"gate": float("nan")},
        {"sureness": [0.0, 1.0]},
        {"sureness": [float("nan")] * 7},
    ],
)
def test_an_impossible_calibration_is_refused(broken: dict[str, object]) -> None:
    sound = {
        "temperature": 1.0,
        "sureness": [0.0] * 7,
        "curve_x": [0.0, 1.0],
        "curve_y": [0.1, 0.9],
        "gate": 0.8,
    }
    told = sound | broken
    with pytest.raises(ValueError, match="range"):
        Calibration.from_dict(told)
