"""Words of a text (分词): jieba with our own dictionary, and how rare a word is; for explaining, search and repeats."""

import hashlib
import logging
import math
from dataclasses import dataclass
from functools import lru_cache

import jieba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Words of the hotline that jieba's own dictionary cuts apart; general terms, no names.
OWN_WORDS = (
    "占道经营", "噪音扰民", "油烟扰民", "施工扰民", "违章停车", "乱停乱放", "农民工工资", "住房公积金",
    "不动产证", "维修基金", "业主委员会", "共享单车", "充电桩", "广场舞", "高空抛物", "群租房",
    "一房多卖", "加装电梯", "电梯故障", "消防通道", "飞线充电", "小广告", "公租房", "失业金",
    "异地就医", "医保报销", "新能源车", "露天烧烤", "垃圾分类", "建筑垃圾", "渣土车", "校外培训",
    "网络诈骗", "装修噪音", "生育津贴", "工伤认定", "劳动仲裁", "承办单位",
)  # fmt: skip
_FREQUENCY = 20_000
#: A text of the background has this many words, and this many characters: rarity is counted in such texts.
_WORDS, _LETTERS = 100, 300
_UNKNOWN_WORD = 10  # times; a word that the dictionary lacks is rare, but less so than a slip of the pen
_UNKNOWN_LETTER = 2
_BITS = 21  # one Unicode code point; a pair takes two of them and still fits a signed 64-bit number


class _Tokenizer(jieba.Tokenizer):  # type: ignore[misc]  # jieba ships no types
    """jieba reads its dictionary itself, without the marshalled cache it shares in the temporary folder."""

    initialized: bool

    def initialize(self, dictionary: str | None = None) -> None:
        """Read the dictionary of the package and our words, once; `dictionary` is jieba's and not used."""
        with self.lock:
            if self.initialized:
                return
            self.FREQ, self.total = self.gen_pfdict(self.get_dict_file())
            self.initialized = True
            for word in OWN_WORDS:
                self.add_word(word, _FREQUENCY)


@lru_cache(maxsize=1)
def tokenizer() -> jieba.Tokenizer:
    """The one tokenizer of this process; 0.7 s and 80 MB the first time: call it before a fork.

    Nobody changes it afterwards: an added word would change the answers of every later ticket.
    """
    jieba.setLogLevel(logging.WARNING)
    made = _Tokenizer()
    made.initialize()
    return made


def cut(text: str) -> list[str]:
    """The words of `text` in order; joined they give `text` again."""
    return list(tokenizer().cut(text, HMM=True))


def known_words(text: str) -> list[str]:
    """The words of `text` in order that the dictionary knows, without guessing at others.

    A name falls apart into its characters, always in the same way; inside a word longer than two characters the
    shorter ones of the dictionary count as well. Single characters are left out.
    """
    counts = tokenizer().FREQ
    found: list[str] = []
    for word in tokenizer().cut(text, HMM=False):
        if len(word) > 1:
            found.append(word)
            if len(word) > 2:
                found += [word[at : at + 2] for at in range(len(word) - 1) if counts.get(word[at : at + 2])]
    return found


def dictionary() -> list[str]:
    """Every word that the dictionary and our own list know."""
    return [word for word, count in tokenizer().FREQ.items() if count]


@lru_cache(maxsize=1)
def dictionary_hash() -> str:
    """SHA-256 over jieba's dictionary and our own words: names the cutting a bundle was explained with."""
    with _Tokenizer().get_dict_file() as source:
        digest = hashlib.sha256(source.read())
    digest.update("\n".join(OWN_WORDS).encode())
    return digest.hexdigest()


# --- How rare, by the counts of jieba's dictionary alone ----------------------------------------------------------


@lru_cache(maxsize=1 << 17)
def word_rarity(word: str) -> float:
    """How rare (罕见程度) a word is: -ln of the share of background texts that hold it, 0 for one that all hold.

    The counts are those of jieba's dictionary, so nothing that the desk has read ever changes a rarity.
    """
    kept = tokenizer()
    share = (kept.FREQ.get(word) or _UNKNOWN_WORD) / kept.total
    return max(0.0, -math.log(-math.expm1(-share * _WORDS)))


@lru_cache(maxsize=1 << 17)
def word_code(word: str) -> int:
    """A number that stands for a word, the same in every process."""
    return int.from_bytes(
        hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True
    )


def pair_codes(points: Ints) -> Ints:
    """One number for each pair of neighbours among these code points."""
    codes: Ints = (points[:-1] << _BITS) | points[1:]
    return codes


def pair_rarities(codes: Ints) -> Floats:
    """The same for pairs of neighbouring characters, which also tell names that no dictionary has.

    A pair is expected inside words as often as the dictionary has it there, and across words as often as the first
    ends a word and the second begins one.
    """
    table = _pairs()
    inside = _counted(table.codes, table.inside, codes)
    ends = _counted(table.letters, table.ends, codes >> _BITS) + _UNKNOWN_LETTER
    begins = _counted(table.letters, table.begins, codes & ((1 << _BITS) - 1)) + _UNKNOWN_LETTER
    share = (inside + ends * begins / table.words) / table.length
    rarities: Floats = np.maximum(0.0, -np.log(-np.expm1(-share * _LETTERS)))
    return rarities


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The dictionary by characters: sorted codes of pairs and of single letters, with their counts beside them."""

    codes: Ints
    inside: Floats
    letters: Ints
    ends: Floats
    begins: Floats
    words: float
    length: float


@lru_cache(maxsize=1)
def _pairs() -> _Pairs:
    """0.3 s and 8 MB, once."""
    known = [(word, count) for word, count in tokenizer().FREQ.items() if count]
    counts = np.array([count for _, count in known], np.float64)
    points = np.frombuffer("\n".join(word for word, _ in known).encode("utf-32-le"), "<u4").astype(np.int64)
    gaps = points == ord("\n")
    weights = counts[np.cumsum(gaps)]
    within = ~(gaps[:-1] | gaps[1:])
    codes, inside = _summed(pair_codes(points)[within], weights[:-1][within])
    ends, begins = np.append(gaps[1:], True), np.append(True, gaps[:-1])
    letters = np.unique(points)
    at_end = _counted(*_summed(points[ends], weights[ends]), letters)
    at_begin = _counted(*_summed(points[begins], weights[begins]), letters)
    return _Pairs(codes, inside, letters, at_end, at_begin, counts.sum(), weights[~gaps].sum())


def _summed(keys: Ints, weights: Floats) -> tuple[Ints, Floats]:
    distinct, place = np.unique(keys, return_inverse=True)
    return distinct, np.bincount(place, weights).astype(np.float64)


def _counted(keys: Ints, counts: Floats, asked: Ints) -> Floats:
    """The counts of `asked`, 0 for what is not among the sorted `keys`."""
    spots = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[spots] == asked, counts[spots], 0.0)
