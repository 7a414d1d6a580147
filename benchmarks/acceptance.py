"""Word tables on sentences they were not written for (紧急转接与不予受理): recall, precision, wrong lines, by kind.

`python -m benchmarks.acceptance [--emergencies FILE] [--refusals FILE] [--pack P]`. Never tune on the two files that are
read by default: they only measure. Their sentences are never printed.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, code, show
from dispatch import packs
from rules.accept import emergency, refusal
from rules.errors import PackFault
from rules.policy import Policy, parse

DATA = Path(__file__).parents[1] / "tests" / "data"
EMERGENCIES, REFUSALS = DATA / "emergencies.jsonl", DATA / "refusals.jsonl"


@dataclass(frozen=True, slots=True)
class Answer:
    """What should come of a sentence and what did: a line or a ground, None for neither."""

    wanted: str | None
    told: str | None


def share(hits: int, n: int) -> str:
    """`97.5% (39/40)`."""
    return f"{hits / n:.1%} ({hits}/{n})" if n else "none"


def read(file: Path, key: str, told: Callable[[str], str | None]) -> list[Answer]:
    """Each line of the file, put to the tables."""
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return [Answer(row[key], told(row["text"])) for row in rows]


def scored(what: str, answers: Sequence[Answer]) -> list[Figure]:
    """Recall and precision of speaking at all, of speaking rightly, and every kind of error with its number."""
    real = [each for each in answers if each.wanted is not None]
    spoke = [each for each in answers if each.told is not None]
    both = [each for each in real if each.told is not None]
    right = sum(each.wanted == each.told for each in both)
    calm = [each for each in answers if each.wanted is None]
    false = sum(each.told is not None for each in calm)
    return [
        Figure(f"{what}: sentences, of these to be heard", f"{len(answers)}, {len(real)}"),
        Figure(f"{what}: recall (heard at all)", share(len(both), len(real))),
        Figure(f"{what}: precision (of what was heard, to be heard)", share(len(both), len(spoke))),
        Figure(f"{what}: false alarms among the rest", share(false, len(calm))),
        Figure(f"{what}: heard, but taken for another", share(len(both) - right, len(both))),
        *_kinds(what, answers),
    ]


def _kinds(what: str, answers: Sequence[Answer]) -> list[Figure]:
    total = Counter(each.wanted for each in answers)
    wrong = Counter((each.wanted, each.told) for each in answers if each.wanted != each.told)
    return [
        Figure(f"{what}: {wanted or 'none'} told as {told or 'none'}", f"{times}/{total[wanted]}")
        for (wanted, told), times in sorted(wrong.items(), key=lambda each: (-each[1], str(each[0])))
    ]


def run(emergencies: Path, refusals: Path, policy: Policy) -> list[Figure]:
    """All figures of both files; a file that is not there is said to be not measured."""
    figures: list[Figure] = []
    for what, file, key, told in (
        ("emergency", emergencies, "line", lambda text: _line(text, policy)),
        ("refusal", refusals, "code", lambda text: _ground(text, policy)),
    ):
        if file.is_file():
            figures += scored(what, read(file, key, told))
        else:
            figures.append(Figure(what, f"no {file.name}: not measured"))
    return figures


def _line(text: str, policy: Policy) -> str | None:
    danger = emergency(text, policy.emergencies)
    return danger.line if danger else None


def _ground(text: str, policy: Policy) -> str | None:
    found = refusal(text, policy.refusals)
    return found.code if found else None


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.acceptance", description=__doc__)
    asked.add_argument("--emergencies", type=Path, default=EMERGENCIES)
    asked.add_argument("--refusals", type=Path, default=REFUSALS)
    asked.add_argument("--pack", default="national")
    told = asked.parse_args()
    try:
        policy = parse(packs.read_folder(told.pack))
    except PackFault as fault:
        asked.error(fault.detail)
    figures = run(told.emergencies, told.refusals, policy)
    show("acceptance", figures)
    return code(figures)


if __name__ == "__main__":
    sys.exit(main())
