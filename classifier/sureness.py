"""How sure one may be of a first suggestion (把握): learnt from the answers to unseen rows, right and wrong.

The odds of the first label alone do not tell. A second label close behind, many that share the rest, little evidence at all
or a long story each make an answer less sure than its odds; how much is fitted, not chosen.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: By the odds of the first label alone: for too few rows to learn more from.
PLAIN = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_ENOUGH = 1_000
_RIDGE = 1.0
_ROUNDS = 25
#: A label that no machine knows scores minus infinity; further apart than this is all the same.
_APART = 4.0


def stretch(share: Array) -> Array:
    """Log-odds: the scale on which a curve has room near 0 and near 1."""
    held = np.clip(share, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(held / (1 - held)))


def signs(odds: Array, scores: Array, letters: NDArray[np.int64]) -> Array:
    """Odds and scores (rows x labels) and the length of each text to rows x 7.

    1, then of the first label the log-odds, the score and how far it leads, then the logarithm of the second's odds, the
    entropy of all odds (nats) and the logarithm of the letters.
    """
    two = np.sort(np.partition(odds, -2, axis=1)[:, -2:], axis=1)
    best = np.maximum(np.sort(np.partition(scores, -2, axis=1)[:, -2:], axis=1), -_APART)
    entropy = -(odds * np.log(np.maximum(odds, 1e-12))).sum(axis=1)
    columns = (
        np.ones(len(odds)), stretch(two[:, 1]), best[:, 1], np.minimum(best[:, 1] - best[:, 0], _APART),
        np.log(np.maximum(two[:, 0], 1e-9)), entropy, np.log1p(letters),
    )  # fmt: skip
    return np.stack(columns, axis=1)


def learn(seen: Array, right: Array) -> tuple[float, ...]:
    """What each sign weighs: seen @ weights are the log-odds that the first label is right. Logistic, by Newton's method.

    PLAIN below a thousand rows, and where all or none are right.
    """
    if len(right) < _ENOUGH or right.min() == right.max():
        return PLAIN
    middle, spread = seen.mean(axis=0), seen.std(axis=0)
    middle[0], spread[0] = 0.0, 1.0
    spread[spread < 1e-9] = 1.0
    scaled = (seen - middle) / spread
    held = np.diag(np.append(0.0, np.full(scaled.shape[1] - 1, _RIDGE)))
    weights = np.zeros(scaled.shape[1])
    for _ in range(_ROUNDS):
        share = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        slope = scaled.T @ (share - right) + held @ weights
        bend = (scaled * (share * (1 - share))[:, None]).T @ scaled + held
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    weights = weights / spread
    weights[0] -= weights[1:] @ middle[1:]
    return tuple(weights.tolist())
