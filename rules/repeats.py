"""Is it the same matter (重复诉求)? Signs in, a probability and a decision out.

Two questions stand here. Whether a new contact joins its caller's open ticket by itself: only where that is sure, by
`joins`. And how likely two contacts tell the same matter, whoever told them, by `judge`: what a person is shown to
link or to merge. Counting towards the ladder comes with the repeats issue, on the same signs.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

#: From here on two contacts count as found to be the same matter, and from there on as surely so.
FOUND, SURE = 0.5, 0.8

#: Logistic regression over the labelled pairs, by `python -m benchmarks.likeness DATA`, line "weights": first the base,
#: then a weight for each figure of `evidence`.
WEIGHTS = (-11.84, 10.37, 7.53, 1.26, 1.64, -0.35)
#: Titles that name different places, and few names in common: neighbours copy each other's letters and change the
#: estate. Line "elsewhere" there: of 636 such pairs one was the same matter, however alike the words.
_FEW_NAMES, _ELSEWHERE = 40.0, 0.1
#: Two callers without a single name in common: like words alone are never sure. A precaution, as hardly any such pair
#: is labelled (line "nameless" there).
_NO_NAME, _NAMELESS = 1.0, 0.7


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for sameness with one earlier ticket: identical text, and shared character pairs (0 to 1)."""

    number: str
    identical: bool
    likeness: float


def joins(candidates: tuple[Signals, ...], threshold: float) -> Signals | None:
    """The open ticket of the same caller that a new contact joins; None when none is surely the same matter.

    `threshold` is the pack's likeness from which "the same" is sure; between equally like ones the newest wins, so
    `candidates` come newest first.
    """
    sure = [each for each in candidates if each.identical or each.likeness >= threshold]
    return max(sure, key=lambda each: (each.identical, each.likeness), default=None)


# --- How likely it is ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for two texts telling the same matter (相似迹象), as `classifier.likeness.compare` finds it.

    `subject`: cosine of their weighted words, 0 to 1. `retold`: how much of either title stands in the other text, 0 to
    1. `rare`: how rare the character pairs and places are that both have, in nats above what is common, summed, from 0.
    `elsewhere`: both titles name places, and neither's stand in the other text.
    """

    identical: bool = False
    subject: float = 0.0
    retold: float = 0.0
    rare: float = 0.0
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Shared:
    """What both texts hold (共同之处), to be shown: the weightiest words, and places by their last letters."""

    words: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


class Sameness(StrEnum):
    """What is decided (重复判定): the same matter, perhaps, or another."""

    SAME = "same"
    PERHAPS = "perhaps"
    OTHER = "other"


def evidence(signs: Signs, same_caller: bool, days: float) -> tuple[float, ...]:
    """The figures that are weighed: subject, retold title, rare names, same caller, days between, each from 0.

    `same_caller` is false too where a caller is not known; `days` lie between the two contacts, in either order.
    """
    apart = math.log1p(abs(days))
    return math.sqrt(signs.subject), signs.retold, math.log1p(signs.rare), float(same_caller), apart


def probability(signs: Signs, same_caller: bool, days: float) -> float:
    """The calibrated probability, 0 to 1, that both tell the same matter; arguments as of `evidence`."""
    base, *weights = WEIGHTS
    figures = evidence(signs, same_caller, days)
    score = base + sum([weight * figure for weight, figure in zip(weights, figures, strict=True)])
    return bounded(1 / (1 + math.exp(-score)), signs, same_caller)


def bounded(found: float, signs: Signs, same_caller: bool) -> float:
    """`found` held down where words may be alike without the matter being the same."""
    if _stands_apart(signs):
        return min(found, _ELSEWHERE)
    if signs.rare < _NO_NAME and not same_caller:
        return min(found, _NAMELESS)
    return found


def _stands_apart(signs: Signs) -> bool:
    return signs.elsewhere and signs.rare < _FEW_NAMES


def decide(found: float | None) -> Sameness:
    """The decision on the best probability found; None where nothing came near."""
    if found is None or found < FOUND:
        return Sameness.OTHER
    return Sameness.SAME if found >= SURE else Sameness.PERHAPS


def because(signs: Signs, shared: Shared, same_caller: bool, days: float) -> tuple[str, ...]:
    """Why, in plain Chinese, the weightiest first; what speaks against it comes last."""
    reasons = [
        "同一诉求人" if same_caller else "",
        "内容完全相同" if signs.identical else "",
        f"同一地点：{'、'.join(shared.places)}" if shared.places else "",
        f"共同的少见词：{'、'.join(shared.words)}" if shared.words else "",
        "说的地点不同" if _stands_apart(signs) else "",
        f"相隔 {abs(days):.0f} 天" if abs(days) >= 1 else "同一天",
    ]
    return tuple(each for each in reasons if each)
