"""Text into weighted pieces (文本特征): the one vectoriser for training and for answering.

A text is seen in three ways, each weighed by itself: its characters one and two at a time; the same of its opening, where
people say what it is about; and in long letters the words of jieba's dictionary, wherever their letters stand together.
No segmentation stands between a text and its department.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
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
#: A title is the opening; a text without one opens with so many characters. No title is longer than the most.
_OPENING_LENGTH, _OPENING_MOST = 12, 40
_BITS = 21  # one Unicode code point; a pair takes two of them and still fits a signed 64-bit number
#: From which code on a piece belongs to the opening, and from which to the words.
_OPENING, _WORD = 1 << 44, 1 << 62
_WIDTHS = (2, 3, 4)
_MIX = np.uint64(0x9E3779B97F4A7C15)
#: How long each of the three is in a row: measured on both our data sets by grouped cross-validation.
_LENGTHS = (1.0, 0.4, 1.0)
_CHUNK = 2_000  # texts at a time while learning: bounds the memory, changes no result


def clip(text: str) -> str:
    """The first 6,000 and the last 2,000 characters of a longer text; a shorter one as it is."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} {text[-TAIL:]}"


def normalise(text: str) -> str:
    """`text` as the model reads it: clipped, NFKC, lower case, every run of blanks one space, ends bare.

    The first line, which is the title, keeps its end where anything follows. Control characters and lone surrogates count
    as blanks, zero-width characters vanish. Never raises.
    """
    folded = clip(unicodedata.normalize("NFKC", _INVISIBLE.sub("", clip(text))).lower())
    title, _, rest = (_BLANK.sub(" ", part).strip() for part in folded.strip().partition("\n"))
    return f"{title}\n{rest}" if title and rest else title or rest


@dataclass(frozen=True, slots=True)
class Rows:
    """Sparse rows (稀疏行): row i holds `features[starts[i]:starts[i + 1]]` with `values` beside them."""

    starts: Ints
    features: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def row(self, at: int) -> "Rows":
        """Row number `at` by itself."""
        inside = slice(int(self.starts[at]), int(self.starts[at + 1]))
        size = np.array([0, inside.stop - inside.start], np.int64)
        return Rows(size, self.features[inside], self.values[inside])


@dataclass(frozen=True, slots=True)
class Grams:
    """Pieces of texts (片段): the text each stands in, its code, and `widths` letters from `starts` on in that text."""

    rows: Ints
    codes: Ints
    starts: Ints
    widths: Ints


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The known pieces (词表): sorted `codes`, and for each its weight `idf`."""

    codes: Ints
    idf: Floats

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def words(self) -> bool:
        """Whether words of the dictionary are among them."""
        return bool(len(self.codes)) and int(self.codes[-1]) >= _WORD

    def find(self, codes: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """For each code its feature number, and whether it is known; if not, the number means nothing."""
        if not len(self.codes):
            return np.zeros(len(codes), np.int64), np.zeros(len(codes), np.bool_)
        spots = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return spots, self.codes[spots] == codes

    def weigh(self, texts: Sequence[str]) -> Rows:
        """Normalised texts to rows of (1 + ln count) x idf; opening, words and the whole each of its own length.

        A text of which nothing is known has an empty row.
        """
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
        found = grams(texts, self.words)
        spots, known = self.find(found.codes)
        width = max(len(self.codes), 1)
        keys, counts = np.unique(found.rows[known] * width + spots[known], return_counts=True)
        row, feature = np.divmod(keys, width)
        values = (1.0 + np.log(counts)) * self.idf[feature]
        side = np.searchsorted((_OPENING, _WORD), self.codes[feature], side="right") if len(self) else feature
        part = row * len(_LENGTHS) + side
        lengths = np.sqrt(np.bincount(part, values * values, minlength=len(texts) * len(_LENGTHS)))
        starts = np.searchsorted(row, np.arange(len(texts) + 1))
        return Rows(starts, feature, (values / lengths[part] * np.array(_LENGTHS)[side]).astype(np.float32))


def grams(texts: Sequence[str], words: bool = False) -> Grams:
    """Every single character and pair of neighbours of normalised texts, those of the openings once more, and with
    `words` every two to four letters that stand together.

    All singles come first, in order, then all pairs; nothing reaches over the end of a text.
    """
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    openings = np.fromiter((_opening(text) for text in texts), np.int64, len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
    rows = np.repeat(np.arange(len(texts)), lengths)
    starts = np.arange(len(points)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    left = np.repeat(lengths, lengths) - starts
    pairs = np.flatnonzero(left > 1)
    whole = [
        (points, np.arange(len(points)), 1),
        (((points[pairs] + 1) << _BITS) | points[pairs + 1], pairs, 2),
    ]
    made = list(whole)
    for codes, places, width in whole:
        early = starts[places] + width <= openings[rows[places]]
        made.append((codes[early] + _OPENING, places[early], width))
    if words:
        spots = ((np.flatnonzero(left >= width), width) for width in _WIDTHS)
        made += [(_word_codes(points, places, width), places, width) for places, width in spots]
    at = np.concatenate([places for _, places, _ in made])
    widths = np.repeat([width for _, _, width in made], [len(places) for _, places, _ in made])
    return Grams(rows[at], np.concatenate([codes for codes, _, _ in made]), starts[at], widths)


def _opening(text: str) -> int:
    """How many of its letters are the opening."""
    title = text.find("\n")
    return min(title, _OPENING_MOST) if title > 0 else _OPENING_LENGTH


def _word_codes(points: Ints, places: Ints, width: int) -> Ints:
    mixed = np.zeros(len(places), np.uint64)
    for step in range(width):
        mixed = (mixed ^ points[places + step].astype(np.uint64)) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(2)).astype(np.int64) | _WORD


def codes_of(words: Iterable[str]) -> Ints:
    """Sorted codes of those of these words that have two to four letters, for `learn`."""
    found: list[Ints] = [np.zeros(0, np.int64)]
    by_width: dict[int, list[str]] = {width: [] for width in _WIDTHS}
    for word in words:
        if len(word) in by_width:
            by_width[len(word)].append(word)
    for width, same in by_width.items():
        points = np.frombuffer("".join(same).encode("utf-32-le"), "<u4").astype(np.int64)
        found.append(_word_codes(points, np.arange(0, len(points), width), width))
    return np.unique(np.concatenate(found))


def learn(
    texts: Sequence[str], least: int = 1, limit: int = 300_000, words: Ints | None = None, rarity: float = 0.5
) -> Vocabulary:
    """The pieces in at least `least` of these normalised texts, at most the `limit` most frequent.

    `words` (from `codes_of`) are the words to be known as such. A piece weighs ln((1 + texts) / (1 + texts with it)) + 1,
    as if one more text held every piece; single characters and pairs weigh that to the power of `rarity`.
    """
    found, counted = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for at in range(0, len(texts), _CHUNK):
        part = grams(texts[at : at + _CHUNK], words is not None)
        rows, codes = part.rows, part.codes
        if words is not None:
            kept = (codes < _WORD) | np.isin(codes, words)
            rows, codes = rows[kept], codes[kept]
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
    return Vocabulary(codes[keep], np.where(codes[keep] < _WORD, idf**rarity, idf).astype(np.float32))
