"""Two texts in, signals of sameness out (相似信号): is this the same caller telling the same matter again?"""

import re
from dataclasses import dataclass

from classifier.ngrams import normalise

_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """Signals (相似度). `identical`: letter for letter after normalising; `dice`: shared pairs of characters
    over both, 0 to 1; `overlap`: over the shorter text alone, so that a reminder inside a story shows."""

    identical: bool
    dice: float
    overlap: float


def signals(a: str, b: str) -> Likeness:
    """Compare two texts; the order does not matter. Blank texts are like nothing, not even each other."""
    one, two = _letters(a), _letters(b)
    if not one or not two:
        return Likeness(False, 0.0, 0.0)
    if one == two:
        return Likeness(True, 1.0, 1.0)
    pairs_one, pairs_two = _pairs(one), _pairs(two)
    shared = len(pairs_one & pairs_two)
    dice = 2 * shared / (len(pairs_one) + len(pairs_two))
    return Likeness(False, dice, shared / min(len(pairs_one), len(pairs_two)))


def _letters(text: str) -> str:
    """Punctuation and blanks left out: people type the same words with other commas."""
    return _NO_LETTER.sub("", normalise(text))


def _pairs(letters: str) -> set[str]:
    """Pairs of neighbours; a single letter stands for itself."""
    return {letters[at : at + 2] for at in range(len(letters) - 1)} or {letters}
