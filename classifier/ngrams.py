"""Text into weighted character pairs (字符特征): the one vectoriser for training and for answering.

Characters one and two at a time beat words, longer n-grams and every union of them on both data sets we
measured, so no segmentation stands between a text and its department.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

#: A text longer than HEAD + TAIL characters is read at both ends: letters open with the matter and close
#: with the demand, and no reader of a hotline needs more. Real letters in our data end at 12,220 characters.
HEAD, TAIL = 6_000, 2_000
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00ad]")
_BITS = 21  # one Unicode code point; a pair takes two of them and still fits a signed 64-bit number
_CHUNK = 2_000  # texts at a time while learning: bounds the memory, changes no result


def clip(text: str) -> str:
    """The first 6,000 and the last 2,000 characters of a longer text; a shorter one as it is."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} {text[-TAIL:]}"


def normalise(text: str) -> str:
    """`text` as the model reads it: clipped, NFKC, lower case, every run of blanks one space, ends bare.

    Control characters and lone surrogates count as blanks, zero-width characters vanish. Never raises.
    """
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", clip(text))).lower()
    return _BLANK.sub(" ", clip(folded)).strip()


@dataclass(frozen=True, slots=True)
class Rows:
    """Sparse rows (稀疏行): row i holds `features[starts[i]:starts[i + 1]]` with `values` beside them."""

    starts: Ints
    features: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The known n-grams (词表): sorted `codes`, and for each its inverse document frequency."""

    codes: Ints
    idf: Floats

    def __len__(self) -> int:
        return len(self.codes)

    def find(self, codes: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """For each code its feature number, and whether it is known; if not, the number means nothing."""
        if not len(self.codes):
            return np.zeros(len(codes), np.int64), np.zeros(len(codes), np.bool_)
        spots = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return spots, self.codes[spots] == codes

    def weigh(self, texts: Sequence[str]) -> Rows:
        """Normalised texts to rows of (1 + ln count) x idf, of length 1, or empty if nothing is known."""
        parts = [self._weigh(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)]
        if not parts:
            return Rows(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
        sizes = np.concatenate([np.diff(part.starts) for part in parts])
        return Rows(
            np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.values for part in parts]),
        )

    def _weigh(self, texts: Sequence[str]) -> Rows:
        rows, codes = grams(texts)
        spots, known = self.find(codes)
        width = max(len(self.codes), 1)
        keys, counts = np.unique(rows[known] * width + spots[known], return_counts=True)
        row, feature = np.divmod(keys, width)
        values = (1.0 + np.log(counts)) * self.idf[feature]
        lengths = np.sqrt(np.bincount(row, values * values, minlength=len(texts)))
        starts = np.searchsorted(row, np.arange(len(texts) + 1))
        return Rows(starts, feature, (values / lengths[row]).astype(np.float32))


def grams(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """Every single character and every pair of neighbours: the text each stands in, and its code.

    All singles come first, in order, then all pairs; no pair reaches over the end of a text.
    """
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    packed = "".join(texts).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(packed, "<u4").astype(np.int64)
    rows = np.repeat(np.arange(len(texts)), lengths)
    inside = rows[:-1] == rows[1:]
    pairs = ((points[:-1] + 1) << _BITS) | points[1:]
    return np.concatenate([rows, rows[:-1][inside]]), np.concatenate([points, pairs[inside]])


def learn(texts: Sequence[str], least: int = 1, limit: int = 300_000) -> Vocabulary:
    """The n-grams in at least `least` of these normalised texts, at most the `limit` most frequent.

    idf = ln((1 + texts) / (1 + texts with it)) + 1, as if one more text held every n-gram.
    """
    found, counted = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for at in range(0, len(texts), _CHUNK):
        rows, codes = grams(texts[at : at + _CHUNK])
        distinct, place = np.unique(codes, return_inverse=True)
        once = np.unique(rows * max(len(distinct), 1) + place)
        found.append(distinct)
        counted.append(np.bincount(once % max(len(distinct), 1), minlength=len(distinct)))
    codes, place = np.unique(np.concatenate(found), return_inverse=True)
    seen = np.bincount(place, np.concatenate(counted), minlength=len(codes)).astype(np.int64)
    keep = seen >= least
    if keep.sum() > limit:
        keep[:] = False
        keep[np.argsort(-seen, kind="stable")[:limit]] = True
    idf = np.log((1 + len(texts)) / (1 + seen[keep])) + 1
    return Vocabulary(codes[keep], idf.astype(np.float32))
