"""Which words spoke for an answer (判断依据): the weights of character pairs, added up by jieba's words."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from classifier.head import Weights
from classifier.ngrams import Ints, Vocabulary, grams
from classifier.words import cut

_TERMS = 6
_LONGEST = 12  # letters; longer is a code or a slip of the keyboard, not a word
_CUT = 1_000


def terms(text: str, vocabulary: Vocabulary, weights: Weights, column: int) -> tuple[tuple[str, float], ...]:
    """Up to six words of the normalised `text` that spoke for label `column`, strongest first.

    Beside each its share of everything that spoke for the label, 0 to 1. Single characters, numbers and words
    that spoke against it are left out, so the shares may sum to less than 1. Only the first 1,000 characters
    are cut into words: cutting is what costs time here.
    """
    along = np.concatenate([np.zeros(1), np.cumsum(_by_character(text, vocabulary, weights, column))])
    weight: dict[str, float] = defaultdict(float)
    start = 0
    for word in cut(text[:_CUT]):
        weight[word] += float(along[start + len(word)] - along[start])
        start += len(word)
    total = sum(share for share in weight.values() if share > 0)
    spoke = [(word, share / total) for word, share in weight.items() if share > 0 and _telling(word)]
    spoke.sort(key=lambda pair: (-pair[1], pair[0]))
    return tuple((word, round(share, 4)) for word, share in spoke[:_TERMS])


def _telling(word: str) -> bool:
    return 1 < len(word) <= _LONGEST and word.isalpha()


def _by_character(text: str, vocabulary: Vocabulary, weights: Weights, column: int) -> NDArray[np.float64]:
    """What each character added to the score; a pair gives half to each of its two."""
    rows = vocabulary.weigh([text])
    _, codes = grams([text])
    spots, known = vocabulary.find(codes)
    place = np.searchsorted(rows.features, spots[known])
    each = (
        rows.values
        * _of_column(weights, rows.features, column)
        / np.bincount(place, minlength=len(rows.features))
    )
    added = np.zeros(len(codes))
    added[known] = each[place]
    singles, pairs = added[: len(text)], added[len(text) :] / 2
    singles[:-1] += pairs
    singles[1:] += pairs
    return singles


def _of_column(weights: Weights, features: Ints, column: int) -> NDArray[np.float64]:
    owner, spots = weights.spread(features)
    hit = weights.columns[spots] == column
    found = np.zeros(len(features))
    found[owner[hit]] = weights.values[spots[hit]]
    return found
