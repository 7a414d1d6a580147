"""Which words spoke for an answer (判断依据): the weights of the text's pieces, added up by jieba's words."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.head import Head
from classifier.ngrams import Ints, Rows, Vocabulary, grams
from classifier.words import cut

_TERMS = 6
_LONGEST = 12  # letters; longer is a code or a slip of the keyboard, not a word
_CUT = 1_000


def terms(
    text: str, row: Rows, vocabulary: Vocabulary, head: Head, labels: Sequence[int]
) -> tuple[tuple[tuple[str, float], ...], ...]:
    """For each of these labels up to six words of the normalised `text` that spoke for it, strongest first.

    `row` is what the vocabulary makes of the text. Beside each word its share of everything that spoke for the label, 0 to 1.
    Single characters, numbers and words that spoke against it are left out, so the shares may sum to less than 1. Only the
    first 1,000 characters are cut into words: cutting is what costs time here.
    """
    found = grams([text], vocabulary.words)
    spots, known = vocabulary.find(found.codes)
    place = np.searchsorted(row.features, spots[known])
    often = np.bincount(place, minlength=len(row.features))
    each = row.values / np.where(often > 0, often, 1)
    owner, where = head.weights.spread(row.features)
    pieces = _Pieces(found.starts[known], found.widths[known], place, len(text))
    words = cut(text[:_CUT])
    told = []
    for label in labels:
        mine = np.bincount(head.parts[:, label], minlength=len(head.weights.bias))
        said = mine[head.weights.columns[where]] * head.weights.values[where]
        told.append(_by_word(words, pieces.along(each * np.bincount(owner, said, len(row.features)))))
    return tuple(told)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Where the known pieces of a text stand, and which feature each is."""

    starts: Ints
    widths: Ints
    features: Ints
    letters: int

    def along(self, said: NDArray[np.float64]) -> NDArray[np.float64]:
        """What features say, summed up to the start of every letter; a piece gives each of its letters the same."""
        added = said[self.features] / self.widths
        ends = np.bincount(self.starts + self.widths, added, self.letters + 1)
        each = np.cumsum(np.bincount(self.starts, added, self.letters + 1) - ends)[:-1]
        return np.concatenate([np.zeros(1), np.cumsum(each)])


def _by_word(words: Sequence[str], along: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
    weight: dict[str, float] = defaultdict(float)
    start = 0
    for word in words:
        weight[word] += float(along[start + len(word)] - along[start])
        start += len(word)
    total = sum(share for share in weight.values() if share > 0)
    spoke = [(word, share / total) for word, share in weight.items() if share > 0 and _telling(word)]
    spoke.sort(key=lambda pair: (-pair[1], pair[0]))
    return tuple((word, round(share, 4)) for word, share in spoke[:_TERMS])


def _telling(word: str) -> bool:
    return 1 < len(word) <= _LONGEST and word.isalpha()
