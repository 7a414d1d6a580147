"""Two texts in, signals of sameness out (相似信号): is this the same matter told again?

Two kinds of evidence are kept apart. The words of the dictionary say what the matter is about. Pairs of characters that
stand together nowhere in the dictionary say whom and where it concerns: an estate, a street, a firm. How rare either
is comes from jieba's dictionary alone, so nothing is fitted on messages and every answer can be had again.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.ngrams import normalise
from classifier.place import spots
from classifier.words import Floats, Ints, known_words, pair_codes, pair_rarities, word_code, word_rarity
from rules.repeats import Shared, Signs

_NO_LETTER = re.compile(r"[\W_]+")
#: What masking leaves in place of a number or a name says nothing about the matter.
_MASK = re.compile(r"\[[\u4e00-\u9fff]{2,4}\]")
#: Of a long story the beginning is compared, and of one without a title the first letters stand for the title.
READ, LEAD = 800, 40
#: Rarities below the least tell nothing and are not kept; above the most, rarer means an oddity of spelling.
_LEAST, _MOST = 5.0, 12.0
_RARE = 9.5
_SHOWN, _TELLING = 3, 6.0
_BEFORE = 4
_LEADING = "在于到从是的住位和与对自往去由离经"
_KEY_WORDS, _KEY_PAIRS = 24, 12


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


# --- By words and rare pairs --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A message made ready for comparing (待比文本).

    `letters`: all of it without blanks and marks. `words`: sorted codes of its words, with `weights` and `terms` beside
    them, and `length` of the weights as a vector. `pairs`: sorted codes of its rarer character pairs, with `rarity` and
    `lead` (the share of each in the title, 0 outside) beside them. `spots`: places named, `named` in the title.
    """

    letters: str
    words: Ints
    weights: Floats
    terms: tuple[str, ...]
    length: float
    pairs: Ints
    rarity: Floats
    lead: Floats
    spots: frozenset[str]
    named: frozenset[str]

    @property
    def blank(self) -> bool:
        """Whether there is nothing to compare."""
        return not self.letters


def prepare(title: str, body: str) -> Text:
    """Cut and weigh one message, about 1 ms for 300 characters; without a title the opening stands for it.

    The first call reads the dictionary, see `words.tokenizer`.
    """
    head, story = _read(title), _read(body)
    lead = head or story[:LEAD]
    weighed = sorted((word_code(word), weight, word) for word, weight in _weights(lead, story, bool(head)))
    weights = np.array([weight for _, weight, _ in weighed], np.float64)
    pairs = np.union1d(_pair_codes(head), _pair_codes(story))
    rarity = np.minimum(pair_rarities(pairs), _MOST)
    pairs, rarity = pairs[rarity >= _LEAST], rarity[rarity >= _LEAST]
    leading = np.where(np.isin(pairs, _pair_codes(lead)), rarity, 0.0)
    return Text(
        letters=_NO_LETTER.sub("", head + story),
        words=np.array([code for code, _, _ in weighed], np.int64),
        weights=weights,
        terms=tuple(word for _, _, word in weighed),
        length=float(np.linalg.norm(weights)),
        pairs=pairs,
        rarity=rarity,
        lead=leading / (leading.sum() or 1.0),
        spots=spots(f"{head} {story}"),
        named=spots(lead),
    )


def _weights(lead: str, story: str, titled: bool) -> Iterator[tuple[str, float]]:
    """(1 + ln times) x rarity of each word; a title counts twice, an opening once more than its story."""
    counts = Counter(known_words(story))
    for word in known_words(lead):
        counts[word] += 2 if titled else 1
    return ((word, (1 + math.log(count)) * word_rarity(word)) for word, count in counts.items())


def compare(a: Text, b: Text) -> Signs:
    """The signs that two messages tell the same matter; the order does not matter. Blank ones are like nothing."""
    return compare_many(a, [b])[0]


def compare_many(text: Text, others: Sequence[Text]) -> list[Signs]:
    """The same for one message with many others at once, in their order: about 10 µs each."""
    if text.blank or not others:
        return [Signs() for _ in others]
    owner, place, shared = _meet(text.words, [other.words for other in others])
    products = np.concatenate([other.weights for other in others])[shared] * text.weights[place]
    lengths = np.array([other.length for other in others]) * text.length
    subject = np.bincount(owner, products, len(others)) / np.where(lengths > 0, lengths, 1.0)
    owner, place, shared = _meet(text.pairs, [other.pairs for other in others])
    rare = np.bincount(owner, np.maximum(text.rarity[place] - _RARE, 0.0), len(others))
    leads = np.concatenate([other.lead for other in others])[shared]
    retold = np.bincount(owner, (text.lead[place] + leads) / 2, len(others))
    figures = zip(others, subject.tolist(), retold.tolist(), rare.tolist(), strict=True)
    return [_signs(text, other, *each) for other, *each in figures]


def _signs(text: Text, other: Text, subject: float, retold: float, rare: float) -> Signs:
    places = len(text.spots & other.spots)
    rare += places * (_MOST - _RARE)  # a place is a name, also where it is made of common words
    if text.letters == other.letters:
        return Signs(identical=True, subject=1.0, retold=1.0, rare=rare)
    apart = bool(text.named and other.named) and not (text.named & other.spots or other.named & text.spots)
    return Signs(False, min(subject, 1.0), min(retold, 1.0), rare, apart)


def in_common(a: Text, b: Text) -> Shared:
    """What two messages share, to be shown to people: the weightiest words, and the places as far as both name them."""
    places = tuple(sorted({_named_by_both(spot, a.letters, b.letters) for spot in a.spots & b.spots}))
    weight = dict(zip(a.terms, a.weights.tolist(), strict=True))
    both = sorted(((weight[word], word) for word in b.terms if word in weight), reverse=True)
    words: list[str] = []
    for _, word in both:
        telling = not word.isascii() and word_rarity(word) > _TELLING
        if telling and not any(word in longer for longer in (*places, *words)):
            words.append(word)
    return Shared(tuple(words[:_SHOWN]), places)


def _named_by_both(spot: str, a: str, b: str) -> str:
    """The spot with the letters before it that are the same in both texts, up to a word that leads to a place."""
    one, other = a.find(spot), b.find(spot)
    size = 0
    while size < min(one, other, _BEFORE) and a[one - size - 1] == b[other - size - 1] not in _LEADING:
        size += 1
    return a[one - size : one] + spot


def keys(text: Text) -> list[tuple[int, float]]:
    """Under which numbers a message is kept and sought (查找键), each with its weight: rarest words, names, places.

    The same in every process and for every version of the index; fit for a column of 64-bit integers.
    """
    heavy = np.argsort(-text.weights, kind="stable")[:_KEY_WORDS]
    rare = np.flatnonzero((text.lead > 0) & (text.rarity > _RARE))
    names = rare[np.argsort(-text.rarity[rare], kind="stable")[:_KEY_PAIRS]]
    return [
        *zip(text.words[heavy].tolist(), text.weights[heavy].tolist(), strict=True),
        *zip(text.pairs[names].tolist(), text.rarity[names].tolist(), strict=True),
        *((word_code(spot), _MOST) for spot in sorted(text.spots)),
    ]


def _meet(known: Ints, others: Sequence[Ints]) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Where the codes of others are among the sorted `known`: whose each is, its place, and a mask over all of theirs."""
    codes = np.concatenate(others)
    if not len(known):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(len(codes), np.bool_)
    place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    shared = known[place] == codes
    owner = np.repeat(np.arange(len(others)), [len(each) for each in others])
    return owner[shared], place[shared], shared


def _read(text: str) -> str:
    return normalise(_MASK.sub(" ", text))[:READ]


def _pair_codes(text: str) -> Ints:
    """Pairs of neighbouring letters, sorted, each once; none reaches over a blank or a mark."""
    points = np.frombuffer(_NO_LETTER.sub(" ", text).encode("utf-32-le"), "<u4").astype(np.int64)
    letter = points != ord(" ")
    codes: Ints = np.unique(pair_codes(points)[letter[:-1] & letter[1:]])
    return codes
