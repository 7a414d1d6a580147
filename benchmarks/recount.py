"""Counts against plain SQL (重新清点): a file of past tickets is imported, counted, and counted again by other means.

`python -m benchmarks.recount FILE.csv[.gz] --columns "--text WORDS --received DATE --external-id ID" [--kind postgresql]`. Exit 1
where one place differs; `tests/recount.py` is the other means.
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import Figure, code, show
from benchmarks.ground import Ground, ground_on
from dispatch import counting, imports
from dispatch.sheets import Sheet
from dispatch.terminal import say
from intake.csv import Columns
from tests import recount


def run(ground: Ground, file: Path, columns: str) -> list[Figure]:
    """Import as history that is still open, count, recount, rebuild."""
    with ground.desk() as desk:
        order = imports.Order(_columns(columns), history=True, open=True)
        tally, _ = imports.load(desk, Sheet(file, say), order, ground.folder / "rejects.csv", _now)
        begun = time.monotonic()
        counted = counting.catch_up(desk)
        took = time.monotonic() - begun
        places, off = len(recount.recounted(desk)), recount.differences(desk)
        for line in off[:20]:
            say(line)
        counting.rebuild(desk)
        again = recount.differences(desk)
    broken = f"{len(off)} differ, {len(again)} after a rebuild" if off or again else ""
    return [
        Figure("imported", tally.in_words()),
        Figure(
            "counted",
            f"{counted} tickets in {took:.1f} s",
            broken="" if counted == tally.tickets else "not all",
        ),
        Figure("recounted by SQL", f"{places} places, {len(off)} differences", "0", not off, broken),
    ]


def _columns(words: str) -> Columns:
    """`--text words --received date --external-id id`, as `hotline import` takes them."""
    given = words.split()
    named = {
        name.lstrip("-").replace("-", "_"): column
        for name, column in zip(given[::2], given[1::2], strict=True)
    }
    return Columns(**named)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    """The exit code."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.recount", description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("--columns", required=True)
    asked.add_argument("--kind", choices=("sqlite", "postgresql"), default="sqlite")
    told = asked.parse_args()
    with ground_on(told.kind, model=True) as ground:
        found = run(ground, told.file, told.columns)
    show(f"recount, {told.kind}", found)
    return code(found)


if __name__ == "__main__":
    sys.exit(main())
