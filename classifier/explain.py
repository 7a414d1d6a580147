"""Which words spoke for an answer (判断依据): the weights of the text's pieces, added up by jieba's words."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from classifier.head import Head
from classifier.ngrams import Ints, Vocabulary, grams
from classifier.words import cut

_TERMS = 6
_LONGEST = 12  # letters; longer is a code or a slip of the keyboard, not a word
_CUT = 1_000


def terms(text: str, vocabulary: Vocabulary, head: Head, label: int) -> tuple[tuple[str, float], ...]:
    """Up to six words of the normalised `text` that spoke for label number `label`, strongest first.

    Beside each its share of everything that spoke for the label, 0 to 1. Single characters, numbers and words
    that spoke against it are left out, so the shares may sum to less than 1. Only the first 1,000 characters
    are cut into words: cutting is what costs time here.
    """
    along = np.concatenate([np.zeros(1), np.cumsum(_by_character(text, vocabulary, head, label))])
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


def _by_character(text: str, vocabulary: Vocabulary, head: Head, label: int) -> NDArray[np.float64]:
    """What each character added to the score; a piece gives each of its letters the same share."""
    rows = vocabulary.weigh([text])
    found = grams([text], vocabulary.words)
    spots, known = vocabulary.find(found.codes)
    place = np.searchsorted(rows.features, spots[known])
    spoke = _speaking(head, rows.features, label)
    each = rows.values * spoke / np.bincount(place, minlength=len(rows.features))
    starts, widths = found.starts[known], found.widths[known]
    added = each[place] / widths
    ends = np.bincount(starts + widths, added, len(text) + 1)
    return np.asarray(np.cumsum(np.bincount(starts, added, len(text) + 1) - ends)[:-1])


def _speaking(head: Head, features: Ints, label: int) -> NDArray[np.float64]:
    """What each feature says for a label in all its parts."""
    owner, spots = head.weights.spread(features)
    mine = np.zeros(len(head.weights.bias))
    np.add.at(mine, head.parts[:, label], 1.0)
    said = mine[head.weights.columns[spots]] * head.weights.values[spots]
    return np.bincount(owner, said, len(features)).astype(np.float64)
