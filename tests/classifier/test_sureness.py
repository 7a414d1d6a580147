"""How sure one may be of an answer: learnt where there is enough to learn from, and better than the odds alone."""

import numpy as np

from classifier.calibrate import softmax
from classifier.sureness import PLAIN, learn, signs, stretch


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, lengths, and whether the first label is right: in long texts less often than its odds say."""
    dice = np.random.default_rng(seed)
    scores = dice.normal(0, 1, (rows, 5))
    letters = dice.integers(5, 400, rows)
    share = softmax(scores, 0.5).max(axis=1) * np.where(letters > 200, 0.4, 1.0)
    return scores, letters, (dice.random(rows) < share).astype(np.float64)


def loss(looked: np.ndarray, right: np.ndarray) -> float:
    return float(np.logaddexp(0, np.where(right > 0, -looked, looked)).mean())


def test_what_is_learnt_beats_the_odds_alone_on_new_rows() -> None:
    scores, letters, right = drawn(5_000, 1)
    weights = learn(signs(softmax(scores, 0.5), scores, letters), right)
    scores, letters, right = drawn(5_000, 2)
    seen = signs(softmax(scores, 0.5), scores, letters)
    assert loss(seen @ np.array(weights), right) < loss(seen @ np.array(PLAIN), right) - 0.05


def test_few_rows_and_rows_of_one_kind_teach_nothing() -> None:
    scores, letters, right = drawn(2_000, 3)
    seen = signs(softmax(scores, 0.5), scores, letters)
    assert learn(seen[:900], right[:900]) == PLAIN
    assert learn(seen, np.ones(len(seen))) == PLAIN
    assert np.array_equal(seen @ np.array(PLAIN), stretch(softmax(scores, 0.5).max(axis=1)))


def test_a_sign_that_never_changes_does_no_harm() -> None:
    scores, _, right = drawn(2_000, 4)
    seen = signs(softmax(scores, 0.5), scores, np.full(2_000, 30))
    assert np.all(np.isfinite(learn(seen, right)))


def test_labels_that_no_machine_knows_leave_the_signs_finite() -> None:
    scores = np.array([[0.3, -np.inf], [-np.inf, 0.1]])
    assert np.all(np.isfinite(signs(softmax(scores, 0.1), scores, np.array([0, 12_000]))))
