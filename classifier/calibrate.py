"""Scores into honest probabilities and a gate (概率校准与派单门槛), fitted on rows not seen in training."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.sureness import PLAIN, learn, signs

Array = NDArray[np.float64]

#: Of what is dispatched without a person, at least this share is to be right.
PROMISE = 0.95
#: At most this many labels are ranked for people (contract.md).
TOP = 10
_TEMPERATURES = np.geomspace(0.02, 4, 60)
_STRIDE = 6
_BINS = 120  # of equal count: too few to follow noise, enough to be fine near the gate
_LEAST = 20  # rows in a bin
_PRIOR = 2.0  # rows of average quality added to every bin, so that no bin claims certainty
_MARGIN = 1.0  # standard errors between what was measured and what is promised


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores become probabilities: `temperature` for the ranking, `sureness` and a rising curve for the first label.

    `gate` is the confidence from which a ticket may go out alone; None means never: the rows could not
    support the promise.
    """

    temperature: float
    curve_x: tuple[float, ...]
    curve_y: tuple[float, ...]
    gate: float | None
    sureness: tuple[float, ...] = PLAIN

    def rank(self, scores: Array, letters: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
        """Scores (rows x labels) and lengths of texts to the columns of the best ten, best first, and their probabilities.

        The first gets its measured confidence, the others share what is left in their old proportions, and
        none overtakes the first. No row sums to more than 1.
        """
        odds = softmax(scores, self.temperature)
        order = np.argsort(-odds, axis=1, kind="stable")[:, :TOP]
        ranked = np.take_along_axis(odds, order, axis=1)
        looked = signs(odds, scores, letters) @ np.array(self.sureness)
        first = np.interp(looked, self.curve_x, self.curve_y)
        rest = np.maximum(1.0 - ranked[:, 0], 1e-12)
        shared = np.minimum(ranked * ((1.0 - first) / rest)[:, None], first[:, None])
        shared[:, 0] = first
        return order, shared

    def passes(self, confidence: Array) -> NDArray[np.bool_]:
        """Which of these may go out alone."""
        return np.zeros(len(confidence), np.bool_) if self.gate is None else confidence >= self.gate

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        curve = {"curve_x": list(self.curve_x), "curve_y": list(self.curve_y)}
        told = {"temperature": self.temperature, "sureness": list(self.sureness), **curve}
        return {**told, "gate": self.gate, "promise": PROMISE}

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "Calibration":
        """Back from the manifest; ValueError, KeyError or TypeError for what cannot be a calibration."""
        curve_x, curve_y = (tuple(float(v) for v in told[key]) for key in ("curve_x", "curve_y"))
        gate = None if told["gate"] is None else float(told["gate"])
        sureness = tuple(float(v) for v in told["sureness"])
        made = cls(float(told["temperature"]), curve_x, curve_y, gate, sureness)
        rising = all(a <= b for a, b in pairwise(curve_x)) and all(a <= b for a, b in pairwise(curve_y))
        inside = all(0.0 <= share <= 1.0 for share in (*curve_y, made.gate or 0.0))
        weighed = len(sureness) == len(PLAIN) and bool(np.all(np.isfinite(sureness)))
        if not (
            curve_x
            and len(curve_x) == len(curve_y)
            and rising
            and inside
            and weighed
            and made.temperature > 0
        ):
            raise ValueError("calibration out of range")
        return made


def softmax(scores: Array, temperature: float) -> Array:
    """Scores to shares that sum to 1 in every row; a score of minus infinity gets nothing."""
    raised = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit(scores: Array, gold: NDArray[np.int64], letters: NDArray[np.int64]) -> Calibration:
    """Calibrate on scores of unseen rows (rows x labels), the right column and the length of each.

    Temperature by likelihood; then how sure the first label is by its signs (`sureness`), made a confidence by a monotone
    curve through bins of at least 20 rows, each with two average rows added; then the gate. With few rows the curve is nearly
    flat at the overall accuracy, and the gate stays shut: fewer than 19 right answers cannot support 0.95.
    """
    temperature = _best_temperature(scores, gold)
    odds = softmax(scores, temperature)
    right = (odds.argmax(axis=1) == gold).astype(np.float64)
    seen = signs(odds, scores, letters)
    sureness = learn(seen, right)
    looked = seen @ np.array(sureness)
    curve_x, curve_y = rising_curve(looked, right)
    gate = find_gate(np.interp(looked, curve_x, curve_y), right)
    return Calibration(temperature, tuple(curve_x.tolist()), tuple(curve_y.tolist()), gate, sureness)


def _best_temperature(scores: Array, gold: NDArray[np.int64]) -> float:
    """The likeliest: among a few far apart, then among all between the neighbours of the best of those."""
    spots = np.arange(len(gold))

    def best(among: range) -> int:
        losses = [-np.log(softmax(scores, _TEMPERATURES[at])[spots, gold] + 1e-12).mean() for at in among]
        return among[int(np.argmin(losses))]

    about = best(range(0, len(_TEMPERATURES), _STRIDE))
    return float(
        _TEMPERATURES[best(range(max(0, about - _STRIDE + 1), min(len(_TEMPERATURES), about + _STRIDE)))]
    )


def rising_curve(looked: Array, right: Array) -> tuple[Array, Array]:
    """The share right as a never falling, straight-pieced curve over `looked` (pool adjacent violators)."""
    order = np.argsort(looked, kind="stable")
    bins = int(np.clip(len(order) // _LEAST, 1, _BINS))
    blocks: list[tuple[float, float]] = []  # (weight, share right)
    spans: list[int] = []
    middles = []
    average = (right.sum() + 1) / (len(right) + 2)  # never quite 1: all right so far is not right for ever
    for part in np.array_split(order, bins):
        middles.append(float(looked[part].mean()))
        share = (right[part].sum() + _PRIOR * average) / (len(part) + _PRIOR)
        blocks.append((float(len(part)), float(share)))
        spans.append(1)
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:
            (weight, share_a), (more, share_b) = blocks[-2:]
            pooled = (weight * share_a + more * share_b) / (weight + more)
            blocks[-2:] = [(weight + more, pooled)]
            spans[-2:] = [spans[-2] + spans[-1]]
    heights = np.repeat([share for _, share in blocks], spans)
    return np.asarray(middles), np.asarray(heights, np.float64)


def find_gate(confidence: Array, right: Array, promise: float = PROMISE) -> float | None:
    """The lowest confidence from which on enough answers are right, or None.

    Enough: the Wilson lower bound, one standard error down, reaches the promise; rows of equal confidence
    pass together.
    """
    order = np.argsort(-confidence, kind="stable")
    count = np.arange(1, len(order) + 1)
    share = np.cumsum(right[order]) / count
    z2 = _MARGIN**2
    spread = _MARGIN * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    lower = (share + z2 / (2 * count) - spread) / (1 + z2 / count)
    ends = np.append(np.diff(confidence[order]) != 0, True)
    good = np.flatnonzero((lower >= promise) & ends)
    return float(confidence[order[good[-1]]]) if len(good) else None
