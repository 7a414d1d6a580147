"""What the hotline takes in and what it hands on at once (受理): danger to life, and proposals to refuse.

Both word tables live in the pack (`acceptance.toml`). An entry is plain text; `+` joins parts that must all
stand near each other in one sentence, in any order, and `|` separates equal words inside a part:
`"现在|正在+着火|起火"`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from rules.errors import PackFault

#: A sentence ends here. Commas do not end it: a lead-in such as 去年 governs the clauses behind it.
_SENTENCE_END = re.compile(r"[。！？!?；;\n]+")

#: Joined parts follow each other within this many characters: records of a hotline run on without full stops.
_NEAR = 20

#: Any order of the parts is tried, so their number is kept small.
_MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class _Phrases:
    """A word list ready to be looked for: what any hit must contain, and the whole phrases."""

    hint: re.Pattern[str]
    whole: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class EmergencyRule:
    """One row of `[[emergency]]`: `words` speak for `line`, `unless` in the same sentence silences them."""

    line: str
    words: tuple[str, ...]
    unless: tuple[str, ...]
    clause: str

    def __post_init__(self) -> None:
        """Raise PackFault for entries that say nothing or too much."""
        _check(f"[[emergency]] {self.line}", self.words + self.unless, self.words)


@dataclass(frozen=True, slots=True)
class RefusalRule:
    """One row of `[[refusal]]`: a matter for another procedure, its Chinese `name`, the way to tell."""

    code: str
    name: str
    legal_path: str
    words: tuple[str, ...]
    clause: str

    def __post_init__(self) -> None:
        """Raise PackFault for entries that say nothing or too much."""
        _check(f"[[refusal]] {self.code}", self.words, self.words)


@dataclass(frozen=True, slots=True)
class Danger:
    """Danger to life (危及生命): the `line` to transfer to, the `words` that spoke, their `clause`."""

    line: str
    words: tuple[str, ...]
    clause: str

    @property
    def because(self) -> str:
        """One Chinese sentence for the decision and the operator."""
        return f"诉求提到“{'、'.join(self.words)}”，可能危及生命，应立即转接{self.line}。"


def emergency(text: str, rules: Sequence[EmergencyRule]) -> Danger | None:
    """Say whether `text` tells of danger to life now, and which line must hear of it; None if not.

    Rules are asked in the order of the pack, each sentence by itself, and the first that speaks wins.
    Source: 国办发〔2022〕12号 (110 and 12345 linked), 国办发〔2020〕53号 (110/119/120/122 stay apart).
    """
    for rule in rules:
        words = _phrases(rule.words)
        if words is None or words.hint.search(text) is None:
            continue
        unless = _phrases(rule.unless)
        for sentence in _SENTENCE_END.split(text):
            spoken = _spoken(sentence, words)
            if spoken and not _spoken(sentence, unless):
                return Danger(rule.line, spoken, rule.clause)
    return None


def refusal(text: str, rules: Sequence[RefusalRule]) -> RefusalRule | None:
    """Propose a ground for not accepting (不予受理) to a person; None where nothing speaks for it.

    Only a proposal: the machine never refuses. Of several rules the first of the pack is proposed.
    Source of the grounds: 国办发〔2020〕53号.
    """
    for rule in rules:
        words = _phrases(rule.words)
        if words is None or words.hint.search(text) is None:
            continue
        if any(_spoken(sentence, words) for sentence in _SENTENCE_END.split(text)):
            return rule
    return None


def _spoken(sentence: str, phrases: _Phrases | None) -> tuple[str, ...]:
    """The words of the first phrase that is wholly in `sentence`; empty if none is."""
    found = phrases.whole.search(sentence) if phrases else None
    return tuple(word for word in found.groups() if word) if found else ()


def _check(where: str, entries: tuple[str, ...], needed: tuple[str, ...]) -> None:
    if not needed:
        raise PackFault(f"{where}：没有写任何词（words），这条规则永远不会生效。")
    for entry in entries:
        parts = [part.split("|") for part in entry.split("+")]
        if any(not word.strip() for part in parts for word in part):
            raise PackFault(f"{where}：“{entry}”里有空的词，请检查多余的“+”或“|”。")
        if len(parts) > _MOST_PARTS:
            raise PackFault(f"{where}：“{entry}”用“+”连了{len(parts)}段，最多{_MOST_PARTS}段。")


@lru_cache(maxsize=256)
def _phrases(entries: tuple[str, ...]) -> _Phrases | None:
    """Compile a checked word list; None for an empty one, which says nothing."""
    if not entries:
        return None
    phrases = [[part.split("|") for part in entry.split("+")] for entry in entries]
    hints = sorted({word for parts in phrases for word in _rarest(parts)})
    orders = [order for parts in phrases for order in permutations(map(_any_of, parts))]
    whole = "|".join(f".{{0,{_NEAR}}}?".join(f"({part})" for part in order) for order in orders)
    return _Phrases(re.compile("|".join(map(re.escape, hints))), re.compile(whole))


def _rarest(parts: list[list[str]]) -> list[str]:
    """The part that is likely to be rarest, by the length of its shortest word; of equals the last."""
    return max(reversed(parts), key=lambda part: min(map(len, part)))


def _any_of(words: list[str]) -> str:
    return "|".join(map(re.escape, words))
