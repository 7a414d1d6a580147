"""How good the text model is (文本模型): on tickets it has not seen, whole groups kept out, over several draws.

`make bench-classifier` (data in ../shared/data; another place with ARGS="--data FOLDER"). Every draw trains in a process of its
own, so that its peak memory is its own. Nothing learnt is kept.
"""

import argparse
import csv
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, code, show
from classifier.bundle import save
from classifier.measures import calibration_error, figures, macro_f1
from classifier.model import load
from classifier.train import fit

#: One group in so many is kept out.
PARTS = 5
#: Labels with so many unseen rows count for macro-F1.
_SUPPORT = 10
_ALONE = 1_000
_SIMULATED = 2_000


@dataclass(frozen=True, slots=True)
class Task:
    """One question put to one file: which columns are read, and what is to be reached."""

    file: str
    texts: tuple[str, ...]
    label: str
    goals: dict[str, float]


_TICKETS, _TEXT = "haikou12345_dev.csv.gz", ("citizen_text",)
TASKS = {
    "unit": Task(_TICKETS, _TEXT, "unit", {"accuracy": 0.74, "top3": 0.90, "macro": 0.65, "coverage": 0.50}),
    "first_hop": Task(_TICKETS, _TEXT, "first_hop", {"accuracy": 0.82, "top3": 0.95}),
    "hunan7": Task("hunan7_dev.csv.gz", ("title", "body"), "label", {"accuracy": 0.935, "coverage": 0.95}),
}


def read(folder: Path, task: Task) -> tuple[list[str], list[str], list[str]]:
    """Texts, labels and groups of the labelled rows that say something."""
    with gzip.open(folder / task.file, "rt", encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    made = []
    for row in rows:
        cells = [row[name] for name in task.texts]
        if "tokens" in row and not row["body"]:
            cells[-1] = row["tokens"]
        text = "\n".join(cell for cell in cells if cell)
        if text.strip() and row[task.label]:
            made.append((text, row[task.label], row["group"]))
    texts, labels, groups = zip(*made, strict=True)
    return list(texts), list(labels), list(groups)


def one(folder: Path, name: str, seed: int) -> dict[str, Any]:
    """Train on four groups of five, answer the fifth; the figures and what they cost."""
    texts, labels, groups = read(folder, TASKS[name])
    number = np.unique(groups, return_inverse=True)[1]
    held = np.random.default_rng(seed).permutation(int(number.max()) + 1)[number] % PARTS == 0
    shown, unseen = np.flatnonzero(~held).tolist(), np.flatnonzero(held).tolist()
    began = time.perf_counter()
    trained = fit(
        [texts[at] for at in shown],
        [labels[at] for at in shown],
        [groups[at] for at in shown],
        now=datetime.now(UTC),
    )
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as draft:
        save(trained, Path(draft) / "bundle")
        size = sum(each.stat().st_size for each in (Path(draft) / "bundle").iterdir())
        began = time.perf_counter()
        model = load(Path(draft) / "bundle")
        loaded = time.perf_counter() - began
    began = time.perf_counter()
    answers = model.suggest_many([texts[at] for at in unseen], explain=False)
    rate = len(unseen) / (time.perf_counter() - began)
    gold = [labels[at] for at in unseen]
    confidence = np.array([each.labels[0][1] if each.labels else 0.0 for each in answers])
    sent = np.array([not each.abstain for each in answers])
    ranked = [[label for label, _ in each.labels] for each in answers]
    told = figures(gold, ranked, confidence, sent)
    often = {label for label in set(gold) if gold.count(label) >= _SUPPORT}
    some = [at for at, label in enumerate(gold) if label in often]
    first = [labels[0] if labels else "" for labels in ranked]
    waits = [_timed(lambda at=at: model.suggest(texts[at])) for at in unseen[:_ALONE]]  # type: ignore[misc]
    return {
        **{key: told[key] for key in ("n", "accuracy", "top3", "ece", "coverage", "precision_at_gate")},
        "macro": macro_f1([gold[at] for at in some], [first[at] for at in some]),
        "ece_by_chance": _ece_by_chance(confidence, seed),
        "seconds": seconds,
        "peak_mb": peak,
        "size_mb": size / 1e6,
        "load_ms": loaded * 1000,
        "rate": rate,
        "p99_ms": float(np.percentile(waits[20:], 99)) * 1000,
    }


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _ece_by_chance(confidence: NDArray[np.float64], seed: int) -> float:
    """The calibration error that a perfectly calibrated model stays below 95 times of 100 on as many rows."""
    draw = np.random.default_rng(seed)
    found = [
        calibration_error(confidence, (draw.random(len(confidence)) < confidence).astype(np.float64)) or 0.0
        for _ in range(_SIMULATED)
    ]
    return float(np.percentile(found, 95))


def _drawn(folder: Path, name: str, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.classifier", "--data", str(folder), "--one", name, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _rows(name: str, drawn: Sequence[dict[str, Any]]) -> list[Figure]:
    task = TASKS[name]
    found = []
    words = {
        "accuracy": "first suggestion right", "top3": "right one among three", "macro": "macro-F1, 10 rows or more",
        "coverage": "goes out alone",
    }  # fmt: skip
    for key, called in words.items():
        said = [each[key] for each in drawn]
        goal = task.goals.get(key)
        line = _spread(said)
        if key == "coverage":
            line += f", of those right {_spread([each['precision_at_gate'] or 0.0 for each in drawn])}"
        reached = goal is None or float(np.mean(said)) >= goal
        found.append(
            Figure(f"{name}: {called}", line, f"≥ {goal}" if goal else "", reached if goal else None)
        )
    ece, chance = [each["ece"] for each in drawn], [each["ece_by_chance"] for each in drawn]
    within = sum(a <= b for a, b in zip(ece, chance, strict=True))
    line = f"{_spread(ece)}; a perfect model stays below {max(chance):.4f}: {within} of {len(drawn)} draws do"
    found.append(Figure(f"{name}: calibration error", line))
    cost = "; ".join(
        (
            f"training {_mean(drawn, 'seconds'):.0f} s, peak {_mean(drawn, 'peak_mb'):.0f} MB",
            f"bundle {_mean(drawn, 'size_mb'):.1f} MB, loads in {_mean(drawn, 'load_ms'):.0f} ms",
            f"one ticket explained p99 {_mean(drawn, 'p99_ms'):.1f} ms",
            f"{_mean(drawn, 'rate'):.0f} tickets/s without",
        )
    )
    found.append(Figure(f"{name}: cost", cost))
    return found


def _mean(drawn: Sequence[dict[str, Any]], key: str) -> float:
    return float(np.mean([each[key] for each in drawn]))


def _spread(said: Sequence[float]) -> str:
    return f"{np.mean(said):.4f} ({min(said):.4f} to {max(said):.4f})"


def main() -> int:
    """Measure as asked for; the exit code."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.classifier", description=__doc__)
    asked.add_argument("--data", type=Path, default=Path("../shared/data"))
    asked.add_argument("--seeds", type=int, default=5)
    asked.add_argument("--only", choices=tuple(TASKS), nargs="+", default=tuple(TASKS))
    asked.add_argument("--one", nargs=2, metavar=("TASK", "SEED"), help=argparse.SUPPRESS)
    told = asked.parse_args()
    if told.one:
        print(json.dumps(one(told.data, told.one[0], int(told.one[1]))))
        return 0
    if not told.data.is_dir():
        print(f"no folder {told.data}: give the folder of the data sets with --data", file=sys.stderr)
        return 2
    began = time.monotonic()
    found = []
    for name in told.only:
        drawn = [_drawn(told.data, name, seed) for seed in range(told.seeds)]
        found += _rows(name, drawn)
    show(f"classifier, {told.seeds} draws ({time.monotonic() - began:.0f} s)", found)
    return code(found)


if __name__ == "__main__":
    sys.exit(main())
