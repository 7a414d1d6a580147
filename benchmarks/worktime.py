"""Working time against a minute counter (逐分钟核对): 100,000 random deadlines, every one counted by other means.

`python -m benchmarks.run --only worktime`; `tests/minute_counter.py` is the other means. Broken where one differs.
"""

import time
from dataclasses import dataclass

from benchmarks.figures import Figure
from dispatch import packs
from rules.policy import parse
from tests import counted

#: Other cases than those of the suite.
SEED = 20261128


@dataclass(frozen=True, slots=True)
class Size:
    """How many random calendars, and how many cases in each."""

    offices: int = 250
    cases: int = 400


def run(size: Size) -> list[Figure]:
    """Count every case twice."""
    policy = parse(packs.read_folder("demo-county"))
    begun = time.process_time()
    found = counted.compare(policy, SEED, size.offices, size.cases)
    took = time.process_time() - begun
    told = (
        f"{found.cases} cases in {size.offices} calendars, {found.pauses} pauses, {took:.0f} s of processor"
    )
    wrong = "; ".join(found.differences[:5])
    return [
        Figure("random deadlines", told),
        Figure("differences", str(len(found.differences)), "0", not found.differences, wrong),
    ]
