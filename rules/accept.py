"""What the hotline takes in and what it hands on at once (受理): danger to life, and proposals to refuse.

Both word tables live in the pack (`acceptance.toml`). An entry is plain text: `|` separates equal words of a part;
`~` joins parts that follow each other in this order within one clause; `+` joins what must stand near each other in
one sentence, in any order; `#` stands for a number: `"正在|刚才~着火|起火"`, `"塌+被埋|压在"`, `"#年前"`.
What silences an entry has a reach: the idiom itself, its clause, what follows, its sentence, the whole text.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import permutations

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


class Reach(StrEnum):
    """How far a word that silences is heard (作用范围)."""

    WORD = "word"  # an idiom: the characters it covers count for nothing
    CLAUSE = "clause"
    BEFORE = "before"  # its own clause and what follows in the sentence
    SENTENCE = "sentence"
    TEXT = "text"


@dataclass(frozen=True, slots=True, eq=False)
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
    reading = _Reading(text)
    for rule in rules:
        spoken = reading.spoken(rule.words, _stilled(rule.unless, rule.silences))
        if spoken:
            return Danger(rule.line, spoken, rule.clause)
    return None


def refusal(text: str, rules: Sequence[RefusalRule]) -> RefusalRule | None:
    """Propose a ground for not accepting (不予受理) to a person; None where nothing speaks for it.

    Only a proposal: the machine never refuses. Of several rules the first of the pack is proposed.
    Source of the grounds: 国办发〔2020〕53号.
    """
    reading = _Reading(text)
    heard = (rule for rule in rules if reading.spoken(rule.words, _stilled(rule.unless, rule.silences)))
    return next(heard, None)


@dataclass(frozen=True, slots=True, eq=False)
class _Stilled:
    """What stills one rule, by its reach: idioms, words anywhere in the text, words in the sentence."""

    idioms: tuple[Silence, ...]
    anywhere: tuple[Silence, ...]
    nearby: tuple[Silence, ...]


@lru_cache(maxsize=256)
def _stilled(unless: tuple[str, ...], silences: tuple[Silence, ...]) -> _Stilled:
    own = (Silence(unless, Reach.SENTENCE),) if unless else ()
    return _Stilled(
        tuple(each for each in silences if each.reach is Reach.WORD),
        tuple(each for each in silences if each.reach is Reach.TEXT),
        (*(each for each in silences if each.reach not in (Reach.WORD, Reach.TEXT)), *own),
    )


class _Reading:
    """One text as all rules read it: without idioms, by sentences; nothing is looked for twice."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._sentences: dict[tuple[Silence, ...], list[_Sentence]] = {}
        self._anywhere: dict[Silence, bool] = {}

    def spoken(self, words: tuple[str, ...], stilled: _Stilled) -> tuple[str, ...]:
        """The words of the first entry that speaks and is not silenced; empty if none does."""
        for sentence in self._without(stilled.idioms):
            for found in sentence.hits(words):
                if any(self._holds(each, stilled.idioms) for each in stilled.anywhere):
                    return ()
                if not any(sentence.silences(each, found) for each in stilled.nearby):
                    return tuple(word for word in found.groups() if word)
        return ()

    def _without(self, idioms: tuple[Silence, ...]) -> list["_Sentence"]:
        if idioms not in self._sentences:
            text = self._text
            for each in idioms:
                text = _phrases(each.words).any.sub(lambda idiom: _BLANK * len(idiom[0]), text)
            self._sentences[idioms] = [_Sentence(part) for part in _SENTENCE_END.split(text)]
        return self._sentences[idioms]

    def _holds(self, silence: Silence, idioms: tuple[Silence, ...]) -> bool:
        if silence not in self._anywhere:
            wanted = _phrases(silence.words).any
            self._anywhere[silence] = any(wanted.search(each.words) for each in self._without(idioms))
        return self._anywhere[silence]


class _Sentence:
    """One sentence and its clauses; what silences is looked for once, however many words speak in it."""

    def __init__(self, words: str) -> None:
        self.words = words
        self._letters = frozenset(words)
        self._starts = [0, *(end.end() for end in _CLAUSE_END.finditer(words))]
        self._clauses: dict[tuple[Silence, int, int], bool] = {}
        self._places: dict[tuple[str, ...], list[int]] = {}

    def hits(self, words: tuple[str, ...]) -> Iterator[re.Match[str]]:
        """Every place where an entry is wholly there, overlapping ones too: one may be silenced, the next not."""
        phrases = _phrases(words)
        begun = [phrases.by_letter[letter] for letter in self._letters & phrases.by_letter.keys()]
        for place in sorted(phrases.always.union(*begun)):
            pattern = phrases.each[place]
            found = pattern.search(self.words)
            while found:
                yield found
                found = pattern.search(self.words, found.start() + 1)

    def silences(self, silence: Silence, found: re.Match[str]) -> bool:
        """Whether `silence` is heard at `found`."""
        first = bisect_right(self._starts, found.start()) - 1
        after = bisect_right(self._starts, found.end() - 1)
        end = self._starts[after] if after < len(self._starts) else len(self.words)
        if silence.reach is Reach.CLAUSE:
            return self._in_clause(silence, self._starts[first], end)
        at = self._last(silence.words, len(self.words) if silence.reach is Reach.SENTENCE else end)
        return at > self._last(silence.until, found.end()) if silence.until else at >= 0

    def _in_clause(self, silence: Silence, start: int, end: int) -> bool:
        key = (silence, start, end)
        if key not in self._clauses:
            self._clauses[key] = _phrases(silence.words).any.search(self.words, start, end) is not None
        return self._clauses[key]

    def _last(self, words: tuple[str, ...], end: int) -> int:
        """Where the last of `words` before `end` begins; -1 where there is none."""
        if words not in self._places:
            self._places[words] = [each.start() for each in _phrases(words).any.finditer(self.words)]
        places = self._places[words]
        before = bisect_left(places, end)
        return places[before - 1] if before else -1


@dataclass(frozen=True, slots=True)
class _Phrases:
    """A word list ready to be looked for: each entry, all at once, and which are worth a look for a letter.

    `by_letter` names entries by the letters with which one of their parts must begin: most are ruled out by them.
    """

    each: tuple[re.Pattern[str], ...]
    any: re.Pattern[str]
    by_letter: dict[str, frozenset[int]]
    always: frozenset[int]


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


@lru_cache(maxsize=256)
def _phrases(entries: tuple[str, ...]) -> _Phrases:
    """Compile a checked word list."""
    grouped = [_groups(entry) for entry in entries]
    patterns = [_pattern(groups) for groups in grouped]
    by_letter: defaultdict[str, set[int]] = defaultdict(set)
    for place, groups in enumerate(grouped):
        for letter in _letters(groups):
            by_letter[letter].add(place)
    frozen = {letter: frozenset(places) for letter, places in by_letter.items()}
    always = frozenset(range(len(entries))) - frozenset().union(*frozen.values())
    return _Phrases(tuple(map(re.compile, patterns)), re.compile("|".join(patterns)), frozen, always)


def _letters(groups: list[list[list[str]]]) -> set[str]:
    """The first letters of the part that has fewest; none where each part may begin with a number."""
    parts = [{word[0] for word in part} for group in groups for part in group]
    return min((letters for letters in parts if "#" not in letters), key=len, default=set())


def _pattern(groups: list[list[list[str]]]) -> str:
    within = f"[^，,：:\\s]{{0,{_NEAR}}}?"
    parts = [within.join(f"({_any_of(part)})" for part in group) for group in groups]
    return "|".join(f".{{0,{_NEAR}}}?".join(order) for order in permutations(parts))


def _any_of(words: list[str]) -> str:
    return "|".join(re.escape(word).replace(r"\#", _NUMBER) for word in words)
