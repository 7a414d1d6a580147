"""What the hotline takes in and what it hands on at once (受理): danger to life, and proposals to refuse.

Both word tables live in the pack (`acceptance.toml`). An entry is plain text: `|` separates equal words of a part;
`~` joins parts that follow each other in this order within one clause; `+` joins what must stand near each other in
one sentence, in any order; `#` stands for a number: `"正在|刚才~着火|起火"`, `"塌+被埋|压在"`, `"#年前"`.
What silences an entry has a reach: the idiom itself, its clause, what follows, its sentence, the whole text.
"""

import re
import sys
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import groupby, permutations
from operator import add

from rules.errors import PackFault

#: A sentence ends here. Commas do not end it: a lead-in such as 去年 governs the clauses behind it.
_SENTENCE_END = re.compile(r"[。！？!?；;\n]+")

#: A clause ends here as well. The mark 、 only lists things.
_CLAUSE_END = re.compile(r"[，,：:\s]")

#: Joined parts follow each other within this many characters: records of a hotline run on without full stops.
_NEAR = 20

#: Any order of the parts is tried, so their number is kept small.
_MOST_PARTS = 4

_NUMBER = "[0-9０-９零〇一二两三四五六七八九十百几数半]+"
#: Stands where an idiom stood; no word of a pack can hold it.
_BLANK = "\0"

#: Every text holds the empty key, which is all that can be asked of a bare number.
_NO_KEY = frozenset(("",))


class Reach(StrEnum):
    """How far a word that silences is heard (作用范围)."""

    WORD = "word"  # an idiom: the characters it covers count for nothing
    CLAUSE = "clause"
    BEFORE = "before"  # its own clause and what follows in the sentence
    SENTENCE = "sentence"
    TEXT = "text"


@dataclass(frozen=True, eq=False)
class Silence:
    """Words that silence a rule (排除词) as far as `reach` goes, BEFORE only up to a word of `until`.

    Told apart by identity, as each hit asks for them.
    """

    words: tuple[str, ...]
    reach: Reach
    until: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise PackFault for entries that say nothing or too much."""
        _check("[[word_list]]", self.words + self.until, self.words)
        if self.until and self.reach is not Reach.BEFORE:
            raise PackFault("[[word_list]]：只有 reach = “before” 的词组可以写 until。")

    @cached_property
    def _index(self) -> "_Index":
        return _Index(self.words)

    @cached_property
    def _ends(self) -> "_Index":
        return _Index(self.until)


@dataclass(frozen=True, slots=True)
class EmergencyRule:
    """One row of `[[emergency]]`: `words` speak for `line`; `unless` in the same sentence or a silence stills them."""

    line: str
    words: tuple[str, ...]
    unless: tuple[str, ...]
    clause: str
    silences: tuple[Silence, ...] = ()

    def __post_init__(self) -> None:
        """Raise PackFault for entries that say nothing or too much."""
        _check(f"[[emergency]] {self.line}", self.words + self.unless, self.words)

    def __hash__(self) -> int:
        """Hash little of it: the rules of a pack are looked up for every text."""
        return hash((self.line, self.words[0], len(self.words)))


@dataclass(frozen=True, slots=True)
class RefusalRule:
    """One row of `[[refusal]]`: a matter for another procedure, its Chinese `name`, the way to tell."""

    code: str
    name: str
    legal_path: str
    words: tuple[str, ...]
    clause: str
    unless: tuple[str, ...] = ()
    silences: tuple[Silence, ...] = ()

    def __post_init__(self) -> None:
        """Raise PackFault for entries that say nothing or too much."""
        _check(f"[[refusal]] {self.code}", self.words + self.unless, self.words)

    def __hash__(self) -> int:
        """Hash little of it: the rules of a pack are looked up for every text."""
        return hash((self.code, self.words[0], len(self.words)))


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
    for place, spoken in _heard(text, _book(tuple(rules))):
        return Danger(rules[place].line, spoken, rules[place].clause)
    return None


def refusal(text: str, rules: Sequence[RefusalRule]) -> RefusalRule | None:
    """Propose a ground for not accepting (不予受理) to a person; None where nothing speaks for it.

    Only a proposal: the machine never refuses. Of several rules the first of the pack is proposed.
    Source of the grounds: 国办发〔2020〕53号.
    """
    return next((rules[place] for place, _ in _heard(text, _book(tuple(rules)))), None)


def _heard(text: str, book: "_Book") -> Iterator[tuple[int, tuple[str, ...]]]:
    """The places of the rules that speak, in order, each with the words that spoke."""
    reading = _Reading(text)
    asked: defaultdict[int, list[tuple[_Sentence, list[int]]]] = defaultdict(list)
    for sentence in reading.sentences:
        for rule, entries in book.candidates(sentence):
            asked[rule].append((sentence, entries))
    for rule in sorted(asked):
        spoken = book.spoken(rule, asked[rule], reading)
        if spoken:
            yield rule, spoken


class _Index:
    """Entries found again by the letters they cannot do without; most are ruled out without being looked for.

    Each entry is filed under the keys of one of its parts; the keys of its other parts must be there as well.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self.entries = [_entry(each) for each in entries]
        filed: defaultdict[str, list[tuple[int, tuple[frozenset[str], ...]]]] = defaultdict(list)
        for place, entry in enumerate(self.entries):
            first, *others = entry.keys
            for key in first:
                filed[key].append((place, tuple(others)))
        self._filed = dict(filed)
        self._keys = frozenset(filed)

    def among(self, tokens: frozenset[str]) -> list[int]:
        """The places of the entries that may be there, in order."""
        found = set()
        for key in self._keys & tokens:
            for place, others in self._filed[key]:
                for part in others:
                    if part.isdisjoint(tokens):
                        break
                else:
                    found.add(place)
        return sorted(found)


class _Book:
    """All rules of a table, ready to be asked together."""

    def __init__(self, rules: Sequence[EmergencyRule | RefusalRule]) -> None:
        self._index = _Index(word for rule in rules for word in rule.words)
        self._owner = [place for place, rule in enumerate(rules) for _ in rule.words]
        self._stilled = [_Stilled.of(rule.unless, rule.silences) for rule in rules]

    def candidates(self, sentence: "_Sentence") -> Iterator[tuple[int, list[int]]]:
        """Each rule that may speak in the sentence, with its entries that may be there."""
        places = self._index.among(sentence.tokens)
        return ((rule, list(own)) for rule, own in groupby(places, self._owner.__getitem__))

    def spoken(
        self, rule: int, asked: list[tuple["_Sentence", list[int]]], reading: "_Reading"
    ) -> tuple[str, ...]:
        """The words of the first entry of the rule that speaks and is not silenced; empty if none does."""
        stilled = self._stilled[rule]
        for whole, entries in asked:
            sentence = whole.without(stilled.idioms)
            for found in sentence.hits(self._index.entries[each] for each in entries):
                if reading.holds(stilled):
                    return ()
                if not any(sentence.silences(each, found) for each in stilled.nearby):
                    return tuple(word for word in found.groups() if word)
        return ()


@lru_cache(maxsize=64)
def _book(rules: tuple[EmergencyRule | RefusalRule, ...]) -> _Book:
    return _Book(rules)


@dataclass(frozen=True, slots=True, eq=False)
class _Stilled:
    """What stills one rule, by its reach: idioms, words anywhere in the text, words in the sentence."""

    idioms: tuple[Silence, ...]
    anywhere: tuple[Silence, ...]
    nearby: tuple[Silence, ...]

    @classmethod
    def of(cls, unless: tuple[str, ...], silences: tuple[Silence, ...]) -> "_Stilled":
        own = (Silence(unless, Reach.SENTENCE),) if unless else ()
        return cls(
            tuple(each for each in silences if each.reach is Reach.WORD),
            tuple(each for each in silences if each.reach is Reach.TEXT),
            (*(each for each in silences if each.reach not in (Reach.WORD, Reach.TEXT)), *own),
        )


class _Reading:
    """One text as all rules read it, by sentences; what silences the whole of it is looked for once."""

    def __init__(self, text: str) -> None:
        self.sentences = [_Sentence(part) for part in _SENTENCE_END.split(text) if part]
        self._held: dict[tuple[tuple[Silence, ...], ...], bool] = {}

    def holds(self, stilled: _Stilled) -> bool:
        """Whether a word that stills the rule from anywhere is in the text."""
        key = (stilled.idioms, stilled.anywhere)
        if key not in self._held:
            self._held[key] = any(
                each.without(stilled.idioms).has(silence)
                for silence in stilled.anywhere
                for each in self.sentences
                if each.has(silence)
            )
        return self._held[key]


class _Sentence:
    """One sentence and its clauses; what silences is looked for once, however many words speak in it."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.tokens = _NO_KEY.union(words, map(add, words, words[1:]))

    @cached_property
    def _bare(self) -> dict[tuple[Silence, ...], "_Sentence"]:
        return {}

    @cached_property
    def _clauses(self) -> dict[tuple[Silence, int, int], bool]:
        return {}

    @cached_property
    def _places(self) -> dict[_Index, list[int]]:
        return {}

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _CLAUSE_END.finditer(self.words))]

    def without(self, idioms: tuple[Silence, ...]) -> "_Sentence":
        """The same sentence with a blank where an idiom stood."""
        if idioms not in self._bare:
            letters = list(self.words)
            for each in idioms:
                for found in self._found(each._index):
                    letters[found.start() : found.end()] = _BLANK * len(found[0])
            bare = "".join(letters)
            self._bare[idioms] = self if bare == self.words else _Sentence(bare)
        return self._bare[idioms]

    def hits(self, entries: Iterable["_Entry"]) -> Iterator[re.Match[str]]:
        """Every place where an entry is wholly there, overlapping ones too: one may be silenced, the next not."""
        for entry in entries:
            found = entry.pattern.search(self.words)
            while found:
                yield found
                found = entry.pattern.search(self.words, found.start() + 1)

    def has(self, silence: Silence) -> bool:
        """Whether a word of `silence` is anywhere in the sentence."""
        return next(self._found(silence._index), None) is not None

    def silences(self, silence: Silence, found: re.Match[str]) -> bool:
        """Whether `silence` is heard at `found`."""
        first = bisect_right(self._starts, found.start()) - 1
        after = bisect_right(self._starts, found.end() - 1)
        end = self._starts[after] if after < len(self._starts) else len(self.words)
        if silence.reach is Reach.CLAUSE:
            return self._in_clause(silence, self._starts[first], end)
        at = self._last(silence._index, len(self.words) if silence.reach is Reach.SENTENCE else end)
        return at > self._last(silence._ends, found.end()) if silence.until else at >= 0

    def _in_clause(self, silence: Silence, start: int, end: int) -> bool:
        key = (silence, start, end)
        if key not in self._clauses:
            self._clauses[key] = next(self._found(silence._index, start, end), None) is not None
        return self._clauses[key]

    def _last(self, index: _Index, end: int) -> int:
        """Where the last entry that begins before `end` begins; -1 where there is none."""
        if index not in self._places:
            self._places[index] = sorted(each.start() for each in self._found(index))
        places = self._places[index]
        before = bisect_left(places, end)
        return places[before - 1] if before else -1

    def _found(self, index: _Index, start: int = 0, end: int = sys.maxsize) -> Iterator[re.Match[str]]:
        for place in index.among(self.tokens):
            yield from index.entries[place].pattern.finditer(self.words, start, end)


class _Entry:
    """An entry ready to be looked for, and for each of its parts one of which keys a text must hold.

    A key is one letter or two that follow each other; the part with the rarest keys comes first.
    """

    def __init__(self, entry: str) -> None:
        self._groups = _groups(entry)
        parts = [frozenset(map(_key, part)) for group in self._groups for part in group]
        self.keys = tuple(sorted(parts, key=_cost))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when first needed: most entries of a pack never are."""
        return re.compile(_pattern(self._groups))


@lru_cache(maxsize=16_384)
def _entry(entry: str) -> _Entry:
    return _Entry(entry)


def _key(word: str) -> str:
    """What of a word a text must hold: nothing of a number."""
    return max(word.split("#"), key=len)[:2]


def _cost(keys: frozenset[str]) -> int:
    """How often keys are met, roughly: one letter far more often than two, the empty key always."""
    return sum((1, 8, 1000)[2 - len(key)] for key in keys)


def _check(where: str, entries: tuple[str, ...], needed: tuple[str, ...]) -> None:
    if not needed:
        raise PackFault(f"{where}：没有写任何词（words），这条规则永远不会生效。")
    for entry in entries:
        groups = _groups(entry)
        if any(not word.strip() for group in groups for part in group for word in part):
            raise PackFault(f"{where}：“{entry}”里有空的词，请检查多余的“+”“~”或“|”。")
        if len(groups) > _MOST_PARTS:
            raise PackFault(f"{where}：“{entry}”用“+”连了{len(groups)}段，最多{_MOST_PARTS}段。")


def _groups(entry: str) -> list[list[list[str]]]:
    """What stands in any order, each of parts in order, each of equal words."""
    return [[part.split("|") for part in group.split("~")] for group in entry.split("+")]


def _pattern(groups: list[list[list[str]]]) -> str:
    within = f"[^，,：:\\s]{{0,{_NEAR}}}?"
    parts = [within.join(f"({_any_of(part)})" for part in group) for group in groups]
    return "|".join(f".{{0,{_NEAR}}}?".join(order) for order in permutations(parts))


def _any_of(words: list[str]) -> str:
    return "|".join(re.escape(word).replace(r"\#", _NUMBER) for word in words)
