"""One question put to a text (判别头): which department, or which category; plain sparse arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.calibrate import Calibration
from classifier.ngrams import Floats, Ints, Rows

Scores = NDArray[np.float64]
_CHUNK = 32  # rows at a time: what is spread out then still fits the processor's cache


@dataclass(frozen=True, slots=True)
class Weights:
    """Linear weights (权重): feature f speaks for `columns[starts[f]:starts[f + 1]]` with `values`."""

    starts: Ints
    columns: NDArray[np.int32]
    values: Floats
    bias: Floats

    def spread(self, features: Ints) -> tuple[Ints, Ints]:
        """The weights of these features: which of them each belongs to, and where it lies."""
        first = self.starts[features]
        sizes = self.starts[features + 1] - first
        owner = np.repeat(np.arange(len(features)), sizes)
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return owner, first[owner] + offset

    def scores(self, rows: Rows) -> Scores:
        """Rows to one score for each row and label: the larger, the more it speaks for the label."""
        summed = np.empty((len(rows), len(self.bias)))
        for at in range(0, len(rows), _CHUNK):
            self._add_up(rows, at, summed[at : at + _CHUNK])
        return np.asarray(summed + self.bias)

    def _add_up(self, rows: Rows, at: int, summed: Scores) -> None:
        height, width = summed.shape
        ends = rows.starts[at : at + height + 1]
        inside = slice(int(ends[0]), int(ends[-1]))
        owner, spots = self.spread(rows.features[inside])
        cells = (np.repeat(np.arange(height) * width, np.diff(ends)))[owner] + self.columns[spots]
        products = rows.values[inside][owner] * self.values[spots]
        summed[:] = np.bincount(cells, products, minlength=height * width).reshape(height, width)


@dataclass(frozen=True, slots=True)
class Head:
    """`name` is department or category; label k scores the sum of the columns `parts[:, k]` of the weights.

    With one part, column k is label k. With more, the others stand for what labels have in common: their function, their
    area.
    """

    name: str
    labels: tuple[str, ...]
    weights: Weights
    calibration: Calibration
    parts: NDArray[np.int32]

    def scores(self, rows: Rows) -> Scores:
        """Rows to one score for each row and label."""
        return joined(self.weights.scores(rows), self.parts)


def joined(columns: Scores, parts: NDArray[np.int32]) -> Scores:
    """Scores of columns (rows x columns) to scores of labels (rows x labels)."""
    summed = columns[:, parts[0]]
    for part in parts[1:]:
        summed += columns[:, part]
    return summed
