"""Keys into rows (归并): departments that were merged, places below a township, categories under their groups."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rules.pack_records import upwards
from rules.policy import Policy
from rules.terms import TYPE_WORDS, TicketType

Counts = Mapping[str, int]

#: Reports speak of townships; what lies below is summed there (镇街).
TOWNSHIP = 2


@dataclass(frozen=True, slots=True)
class Folded:
    """One row of a table: its key and name, the row it stands under, and what to say of it."""

    key: str
    name: str
    parent: str | None = None
    note: str = ""


def fold(
    dimension: str, counted: Mapping[str, Counts], policy: Policy, former: Mapping[str, str]
) -> list[tuple[Folded, dict[str, int]]]:
    """The rows of a table with their counts, in the order people look for them; no count is lost or doubled.

    Rows under another one are part of it. `former` names departments that the pack has no more.
    """
    match dimension:
        case "department":
            return list(_departments(counted, policy, former))
        case "category":
            return list(_categories(counted, policy))
        case "area":
            return list(_areas(counted, policy))
        case "channel":
            names = {code: each.name for code, each in policy.channels.items()}
            return list(_plain(counted, names))
        case _:
            return list(_plain(counted, {kind.value: TYPE_WORDS[kind] for kind in TicketType}))


def members(dimension: str, key: str, policy: Policy) -> tuple[str, ...]:
    """The keys that the row `key` of a table sums up, itself first."""
    match dimension:
        case "department":
            within = [old for old, new in successors(policy).items() if new == key]
        case "category":
            within = [each for each in policy.categories if _top(each, policy) == key]
        case "area":
            within = [each for each in policy.areas if _township(each, policy) == key]
        case _:
            within = []
    return (key, *(each for each in within if each != key))


def _added(groups: Mapping[str, list[str]], counted: Mapping[str, Counts]) -> dict[str, dict[str, int]]:
    found = {}
    for key, members in groups.items():
        sums: defaultdict[str, int] = defaultdict(int)
        for member in members:
            for measure, n in counted[member].items():
                sums[measure] += n
        found[key] = dict(sums)
    return found


def successors(policy: Policy) -> dict[str, str]:
    """Which department took over which former one (机构合并)."""
    return {old: each.code for each in policy.departments.values() for old in each.succeeds}


def _departments(
    counted: Mapping[str, Counts], policy: Policy, former: Mapping[str, str]
) -> Iterator[tuple[Folded, dict[str, int]]]:
    """The hotline itself first, then the pack's order, then departments that only history knows."""
    after = successors(policy)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for key in counted:
        groups[after.get(key, key)].append(key)
    sums = _added(groups, counted)
    ordered = [
        "",
        *policy.departments,
        *sorted(key for key in groups if key and key not in policy.departments),
    ]
    for key in ordered:
        if key not in sums:
            continue
        known = policy.departments.get(key)
        name = known.name if known else former.get(key, key) if key else "热线中心"
        taken = "、".join(former.get(each, each) for each in groups[key] if each != key)
        note = f"含已并入的{taken}" if taken else "" if known or not key else "已不在目录"
        yield Folded(key, name, note=note), sums[key]


def _categories(counted: Mapping[str, Counts], policy: Policy) -> Iterator[tuple[Folded, dict[str, int]]]:
    """Each group with the categories under it; the busiest first."""
    tops: defaultdict[str, list[str]] = defaultdict(list)
    for key in counted:
        tops[_top(key, policy)].append(key)
    sums = _added(tops, counted)
    for top in _busiest(sums):
        yield Folded(top, _category(top, policy)), sums[top]
        under = {key: dict(counted[key]) for key in tops[top] if key != top}
        for key in _busiest(under):
            yield Folded(key, _category(key, policy), parent=top), under[key]


def _top(key: str, policy: Policy) -> str:
    return [key, *upwards(key, policy.categories)][-1]


def _category(key: str, policy: Policy) -> str:
    known = policy.categories.get(key)
    return known.name if known else key or "未分类"


def _areas(counted: Mapping[str, Counts], policy: Policy) -> Iterator[tuple[Folded, dict[str, int]]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for key in counted:
        groups[_township(key, policy)].append(key)
    sums = _added(groups, counted)
    for key in _busiest(sums):
        known = policy.areas.get(key)
        yield Folded(key, known.name if known else key or "未写明"), sums[key]


def _township(key: str, policy: Policy) -> str:
    line = [code for code in upwards(key, policy.areas) if policy.areas[code].level >= TOWNSHIP]
    return line[-1] if line else key


def _plain(
    counted: Mapping[str, Counts], names: Mapping[str, str]
) -> Iterator[tuple[Folded, dict[str, int]]]:
    for key in _busiest(counted):
        yield Folded(key, names.get(key, key or "未写明")), dict(counted[key])


def _busiest(counted: Mapping[str, Counts]) -> list[str]:
    """The keys by how many tickets were received, then by name; what nobody filed comes last."""
    return sorted(counted, key=lambda key: (not key, -counted[key].get("received", 0), key))
