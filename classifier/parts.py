"""What the names of departments have in common (单位的职能与区域): 甲区城管局 is 城管局 by function and 甲区 by area.

What a ticket is about and where it plays are two questions. A department of few tickets learns the first from its sisters in
other districts, and the second from its neighbours.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: A district at the head of a name, perhaps after its city, with something to follow.
_DISTRICT = re.compile(r"^(?:[\u4e00-\u9fff]{2,6}?市)?([\u4e00-\u9fff]{1,5}?[区县旗])(?=[\u4e00-\u9fff]{2})")
_CITY = re.compile(r"^(?:[\u4e00-\u9fff]{2,4}?市|[省市区县])(?=[\u4e00-\u9fff]{2})")
#: Street offices and townships are one function: each for its own piece of land.
_LOCAL = re.compile(r"(?:街道办事处|街道办|街道|[镇乡](?:人民)?政府|[镇乡])$")
_SHORT = 3  # letters; a shorter name is no abbreviation of anything

Groups = NDArray[np.int64]


def parts_of(names: Sequence[str]) -> list[Groups]:
    """Names of labels to ways of grouping them: by function, by area, and by first hop (a district as a whole, or the label).

    Each gives every label the number of its group. None where names tell of no district that has two labels or more.
    """
    districts = _districts(names)
    if not any(districts):
        return []
    functions = _functions(names, districts)
    hops = [district or f"\n{name}" for name, district in zip(names, districts, strict=True)]
    return [np.unique(column, return_inverse=True)[1] for column in (functions, districts, hops)]


def _districts(names: Sequence[str]) -> list[str]:
    """The district of each name; blank for the city's own, and where no other name shares it."""
    found = [match[1] if (match := _DISTRICT.match(name)) else "" for name in names]
    return [district if found.count(district) > 1 else "" for district in found]


def _functions(names: Sequence[str], districts: Sequence[str]) -> list[str]:
    """What is left of each name without its place, abbreviations written out."""
    bare = []
    for name, district in zip(names, districts, strict=True):
        rest = name[name.index(district) + len(district) :] if district else _CITY.sub("", name)
        bare.append("街镇" if district and _LOCAL.search(rest) else rest)
    where = defaultdict(set)
    for function, district in zip(bare, districts, strict=True):
        where[function].add(district)
    long_name: dict[str, str] = {}
    for short in sorted(where, key=lambda each: (len(each), each)):
        for longer in sorted(where, key=lambda each: (len(each), each)):
            # Two that one district keeps apart are two.
            if _abbreviates(short, longer) and not where[short] & where[longer]:
                long_name[short] = longer
                where[longer] |= where[short]
                break
    return [_written_out(function, long_name) for function in bare]


def _abbreviates(short: str, longer: str) -> bool:
    """Whether all letters of one stand in the other in that order, and both end alike: 环保局 and 环境保护局 do."""
    if not _SHORT <= len(short) < len(longer) or short[-1] != longer[-1]:
        return False
    letters = iter(longer)
    return all(letter in letters for letter in short)


def _written_out(function: str, long_name: dict[str, str]) -> str:
    while function in long_name:
        function = long_name[function]
    return function
