"""What a catalogue teaches (目录教材): names, duties and callers' words of each category, for the first text model."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rules.pack_records import BY_PLACE, Category, upwards
from rules.policy import Policy

_PIECES = re.compile(r"[，。；：、\n]")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text to learn from (教材), with the department's code, or BY_PLACE, and the category that it stands for."""

    text: str
    label: str
    category: str


def lessons(policy: Policy) -> list[Lesson]:
    """All that the catalogue of a pack teaches, in its order; nothing where it has no catalogue (an abstract pack).

    A department that is not in the pack any more is not in its catalogue either, so nothing of it is learnt.
    """
    return [*duties(policy), *phrases(policy)]


def phrases(policy: Policy) -> list[Lesson]:
    """The callers' words of the catalogue."""
    return [
        Lesson(phrase, owner_of(each, policy), each.code)
        for each in _teaching(policy)
        for phrase in each.phrases
        if phrase.strip()
    ]


def duties(policy: Policy) -> list[Lesson]:
    """The name of each category and what its duties list, piece by piece: short texts like the phrases.

    A piece that stands under several departments tells them apart no better than none, and is left out.
    """
    rows = [
        Lesson(words, owner_of(each, policy), each.code)
        for each in _teaching(policy)
        for words in dict.fromkeys(map(str.strip, (each.name, *_PIECES.split(each.duties))))
        if words
    ]
    owners = Counter(words for words, _ in {(row.text, row.label) for row in rows})
    return [row for row in rows if owners[row.text] == 1]


def _teaching(policy: Policy) -> Iterator[Category]:
    """The categories that stand for one owner; a heading over several departments stands for none."""
    headings = {each.parent for each in policy.categories.values()}
    for each in policy.categories.values():
        if each.phrases or each.department or each.code not in headings:
            yield each


def owner_of(category: Category, policy: Policy) -> str:
    """The code of its department, or of the nearest group's above, as routing has it; else BY_PLACE."""
    above = (policy.categories[code].department for code in upwards(category.code, policy.categories))
    return next((department for department in above if department), BY_PLACE)
