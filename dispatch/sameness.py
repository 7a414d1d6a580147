"""Is it the same matter (同一事项)? Tickets at hand are compared with a new contact; what is found keeps its reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from classifier import likeness
from classifier.likeness import Text
from classifier.words import tokenizer
from rules import repeats

#: Earlier tickets of one caller that are looked at; who has more is known at the desk by name.
COMPARED = 20

#: One caller's two texts that share this much of their character pairs are one matter, and how sure that is.
NEARLY, COPY = 0.75, 0.95

#: Few words at one place are alike whatever they tell: of eleven invented pairs (lamp and lift of one house, potholes and
#: lamps of one street) seven came out above 0.9. The weights were made on long messages, so a shorter one is never sure.
LONG, UNSURE = 80, 0.75

_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Likely:
    """An earlier ticket that a contact may be about: its row, the calibrated probability, and why, in Chinese."""

    row: Mapping[str, Any]
    p: float
    reasons: tuple[str, ...]

    @property
    def number(self) -> str:
        """Its number."""
        return str(self.row["number"])

    def as_data(self) -> dict[str, Any]:
        """For an event."""
        return {"number": self.number, "p": round(self.p, 4), "reasons": list(self.reasons)}


def warm() -> None:
    """Read the dictionary now, 0.7 s and 80 MB, so that nobody on the telephone waits for it."""
    tokenizer()


@lru_cache(maxsize=8192)
def prepared(title: str, text: str) -> Text:
    """A ticket's words ready for comparing; a title that is only the beginning of the text says nothing more."""
    beginning = text.replace("\n", " ").startswith(title.rstrip("…"))
    return likeness.prepare("" if beginning else title, text)


def weighed(
    rows: Iterable[Mapping[str, Any]], title: str, text: str, at: datetime, same_caller: bool
) -> list[Likely]:
    """Every ticket with how likely masked `text` is about it, likest first; of equally like ones the earlier in `rows`.

    Each row has number, title, text and received_at; `at` is when the contact came.
    """
    held = list(rows)
    if not held:
        return []
    mine = prepared(title, text)
    others = [prepared(each["title"], each["text"]) for each in held]
    found = []
    for row, other, signs in zip(held, others, likeness.compare_many(mine, others), strict=True):
        days = abs((at - row["received_at"]).total_seconds()) / _SECONDS_A_DAY
        p = repeats.probability(signs, same_caller, days)
        if same_caller and not signs.elsewhere and _copies(mine, other):
            p = max(p, COPY)
        elif min(len(mine.letters), len(other.letters)) < LONG:
            p = min(p, UNSURE)
        shared = likeness.in_common(mine, other) if p >= repeats.FOUND else repeats.Shared()
        found.append(Likely(row, p, repeats.because(signs, shared, same_caller, days)))
    return sorted(found, key=lambda each: -each.p)


def likely(
    rows: Iterable[Mapping[str, Any]], title: str, text: str, at: datetime, same_caller: bool
) -> list[Likely]:
    """Of `weighed` those that are more likely the same matter than not (`repeats.FOUND`)."""
    return [each for each in weighed(rows, title, text, at, same_caller) if each.p >= repeats.FOUND]


def _copies(mine: Text, other: Text) -> bool:
    """Whether a caller says the same again in nearly the same letters: short texts have too few words to weigh."""
    return likeness.signals(mine.letters, other.letters).dice >= NEARLY


def surest(found: Sequence[Likely], numbers: Iterable[str], threshold: float) -> Likely | None:
    """The likest of `found` among `numbers` that reaches `threshold`; None when none does."""
    wanted = set(numbers)
    return next((each for each in found if each.number in wanted and each.p >= threshold), None)
