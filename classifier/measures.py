"""How good a model is (评测指标): answers beside the truth in, figures with their counts out."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BINS = 15


def figures(
    gold: Sequence[str],
    ranked: Sequence[Sequence[str]],
    confidence: NDArray[np.float64],
    sent: NDArray[np.bool_],
) -> dict[str, Any]:
    """Figures of one head from, for each row, truth, labels best first, confidence of the first, gate passed.

    accuracy, macro_f1 (mean over the labels in `gold`), top3, ece (15 equal bins of confidence), coverage
    (share sent without a person) and precision_at_gate are shares, None where nothing was counted; `counts`
    holds what they were made of. A row without any answer counts as wrong.
    """
    first = [labels[0] if labels else "" for labels in ranked]
    right = np.array([bool(f) and f == g for f, g in zip(first, gold, strict=True)], np.float64)
    near = sum(truth in labels[:3] for truth, labels in zip(gold, ranked, strict=True))
    total, hits, out = len(gold), int(right.sum()), int(sent.sum())
    out_right = int(right[sent].sum())
    return {
        "n": total,
        "accuracy": _share(hits, total),
        "macro_f1": macro_f1(gold, first),
        "top3": _share(near, total),
        "ece": calibration_error(confidence, right),
        "coverage": _share(out, total),
        "precision_at_gate": _share(out_right, out),
        "counts": {
            "right": hits,
            "right_in_3": near,
            "sent": out,
            "sent_right": out_right,
            "unanswered": sum(not label for label in first),
            "labels": len(set(gold)),
        },
    }


def macro_f1(gold: Sequence[str], first: Sequence[str]) -> float | None:
    """Mean over the labels in `gold` of 2 x hits / (times true + times answered); None for no rows."""
    true, said = Counter(gold), Counter(first)
    hit = Counter(g for g, f in zip(gold, first, strict=True) if g == f)
    return sum(2 * hit[label] / (true[label] + said[label]) for label in true) / len(true) if true else None


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float | None:
    """Expected calibration error (ECE): |right - confidence| over 15 bins, weighted by their rows."""
    if not len(right):
        return None
    bins = np.clip(np.ceil(confidence * _BINS).astype(np.int64) - 1, 0, _BINS - 1)
    gaps = np.bincount(bins, right - confidence, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(right))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
