"""Is it the same matter (重复诉求)? Signals in, decision out.

Only the first, safe half stands here: the same caller telling the same open matter again joins it by itself.
Linking, counting and mass matters come with the repeats issue, on the same signals.
"""

from dataclasses import dataclass


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
