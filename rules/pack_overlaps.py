"""Dispatch rules that can meet in one ticket (派单规则重叠): no fault, as the first one wins, but somebody should know."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rules.pack_records import Area, Category, RoutingRule, upwards
from rules.pack_rules import covers
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rules with different leads that one ticket can fit (重叠); neither is an exception to the other.

    `first` and `second` are positions in the routing table, `shared` is what both ask for.
    """

    first: int
    second: int
    shared: tuple[str, ...]


def overlaps(policy: Policy) -> Iterator[Overlap]:
    """Pairs of rules that share a word or a category and exclude each other by nothing, in the order of the pack.

    A narrower rule before a wider one is how exceptions are written and is left out.
    """
    for second, later in enumerate(policy.routing):
        for first, earlier in enumerate(policy.routing[:second]):
            shared = _shared(earlier, later, policy)
            if (
                shared
                and _meet(earlier, later, policy)
                and not covers(later, earlier, policy.areas, policy.categories)
            ):
                yield Overlap(first, second, shared)


def _shared(one: RoutingRule, other: RoutingRule, policy: Policy) -> tuple[str, ...]:
    if (one.lead, one.assists) == (other.lead, other.assists) or one.id == other.id:
        return ()
    words = tuple(word for word in one.any_words if word in other.any_words)
    return words or _common(one.categories, other.categories, policy.categories)


def _meet(one: RoutingRule, other: RoutingRule, policy: Policy) -> bool:
    """Whether no condition of the two shuts the other out."""
    listed: tuple[tuple[Collection[object], Collection[object]], ...] = (
        (one.types, other.types),
        (one.urgencies, other.urgencies),
        (one.channels, other.channels),
        (one.occasions, other.occasions),
        (_minutes(one), _minutes(other)),
    )
    inside = (
        (one.categories, other.categories, policy.categories),
        (one.areas, other.areas, policy.areas),
    )
    return (
        all(not a or not b or bool(set(a) & set(b)) for a, b in listed)
        and all(not a or not b or bool(_common(a, b, rows)) for a, b, rows in inside)
        and (one.valid_from or date.min) <= (other.valid_to or date.max)
        and (other.valid_from or date.min) <= (one.valid_to or date.max)
        and not any(out in word for word in other.all_words for out in one.unless)
        and not any(out in word for word in one.all_words for out in other.unless)
    )


def _common(
    one: Sequence[str], other: Sequence[str], rows: Mapping[str, Area] | Mapping[str, Category]
) -> tuple[str, ...]:
    """Codes of either side that are, or lie below, a code of the other."""
    below = [code for code in one if set(upwards(code, rows)) & set(other)]
    above = [code for code in other if set(upwards(code, rows)) & set(one)]
    return tuple(dict.fromkeys([*below, *above]))


def _minutes(rule: RoutingRule) -> set[int]:
    spans: Iterable[tuple[int, int]] = (
        part
        for start, end in rule.hours
        for part in (((start, end),) if start < end else ((start, 24 * 60), (0, end)))
    )
    return {minute for start, end in spans for minute in range(start, end)}
