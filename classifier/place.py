"""Places named in a text (地点识别): streets, townships and communities of the pack's list of areas."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from classifier.words import word_rarity
from rules.errors import BadInput

#: What the name of a place ends in, also of one that no list of areas has; longer endings first.
_ENDINGS = (
    "幼儿园|居委会|村委会|小区|花园|家园|公寓|大厦|广场|公园|市场|商场|超市|街道|社区|大道|大街|胡同|学校|小学|中学|"
    "医院|车站|路|街|巷|镇|乡|村|桥|苑"
)
_SPOT = re.compile(rf"(?=([\u4e00-\u9fff]{{2}})({_ENDINGS}))")
#: Below it, a short ending and the letter before are a common word (道路, 农村), not the end of a name.
_COMMON = 9.0
_SIDES = "东南西北中"


@dataclass(frozen=True, slots=True)
class Area:
    """A place of the pack (区域): its code, its official name, and what people call it."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A place found (地点): `text[start:end]` names each of `codes`; several when places share a name."""

    codes: tuple[str, ...]
    start: int
    end: int


class Gazetteer:
    """The names of all areas, ready to be found (地名表). Build once for a pack; it never changes."""

    __slots__ = ("_codes", "_sizes")

    def __init__(self, areas: Iterable[Area]) -> None:
        """Raises BadInput for a name shorter than two characters: it would be found in every text."""
        self._codes: dict[str, tuple[str, ...]] = {}
        sizes: dict[str, set[int]] = {}
        for area in areas:
            for name in (area.name, *area.aliases):
                folded = _fold(name)[0]
                if len(folded) < 2:
                    raise BadInput(f"区域 {area.code} 的名称或别名“{name}”太短，至少要两个字。")
                self._codes[folded] = tuple(dict.fromkeys((*self._codes.get(folded, ()), area.code)))
                sizes.setdefault(folded[0], set()).add(len(folded))
        self._sizes = {first: sorted(found, reverse=True) for first, found in sizes.items()}

    def find(self, text: str) -> tuple[Mention, ...]:
        """Every place named in `text`, in order, without overlap; at one spot the longest name wins.

        Full-width letters and capitals make no difference; spans count characters of `text` as given.
        """
        folded, origin = _fold(text)
        found: list[Mention] = []
        at = 0
        while at < len(folded):
            size = self._longest(folded, at)
            if size:
                codes = self._codes[folded[at : at + size]]
                found.append(Mention(codes, origin[at], origin[at + size - 1] + 1))
            at += size or 1
        return tuple(found)

    def _longest(self, folded: str, at: int) -> int:
        for size in self._sizes.get(folded[at], ()):
            if at + size <= len(folded) and folded[at : at + size] in self._codes:
                return size
        return 0


def _fold(text: str) -> tuple[str, list[int]]:
    """Width and case folded, blanks dropped, and for each character left the place it came from."""
    letters: list[str] = []
    origin: list[int] = []
    for at, letter in enumerate(text):
        for piece in unicodedata.normalize("NFKC", letter).lower():
            if not piece.isspace():
                letters.append(piece)
                origin.append(at)
    return "".join(letters), origin


def spots(text: str) -> frozenset[str]:
    """Places named in `text` by their last two letters and their kind, as 听橹家园 is 听橹家园 and 阳光听橹家园 too.

    Made for comparing: two texts that share one speak of the same place. Not for showing, as a longer name is cut.
    `text` as `ngrams.normalise` leaves it.
    """
    found = (match.groups() for match in _SPOT.finditer(text))
    return frozenset(
        name + kind
        for name, kind in found
        if len(kind) > 1 or name[1] in _SIDES or word_rarity(name[1] + kind) > _COMMON
    )
