"""Repeated complaints found (重复诉求检出): labelled pairs, known recurring matters, and the time it takes.

`python -m benchmarks.likeness PATH_TO_DATA`, a folder with hunan_hot_messages.csv.gz, repeat_pairs_dev.csv and
repeat_clusters_dev.csv. Figures on pairs are cross-validated, a matter never on both sides; the line "weights" gives
what belongs into `rules/repeats.py`. No word of the messages is printed.
"""

import argparse
import csv
import gzip
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.figures import Figure, code, show
from classifier.likeness import compare, prepare
from classifier.words import pair_rarities, tokenizer
from dispatch.repeating import Contact, Match, Memory, answer_lines, find
from intake.times import parse_time
from rules.repeats import FOUND, SURE, WEIGHTS, Signs, bounded, evidence

PARTS, TURNS, PRECISION, BINS = 5, 10, 0.95, 10
MOST_TIMED, OPENING = 5_000, 80
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two messages by their place in time, and whether a reader found them to be the same matter."""

    first: int
    second: int
    same: bool


@dataclass(frozen=True, slots=True)
class Data:
    """Messages in order of time as rows and as contacts, labelled pairs, and the members of recurring matters."""

    rows: list[dict[str, str]]
    contacts: list[Contact]
    pairs: list[Pair]
    matters: list[list[int]]


@dataclass(frozen=True, slots=True)
class Table:
    """The pairs as figures to weigh, with their signs, answers, and the group that must not be parted."""

    figures: Floats
    signs: list[Signs]
    callers: list[bool]
    same: NDArray[np.bool_]
    groups: NDArray[np.int64]


def read(folder: Path) -> Data:
    """The three files; raises FileNotFoundError."""
    csv.field_size_limit(10**8)
    with gzip.open(folder / "hunan_hot_messages.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["time"], row["msg_id"]))
    place = {row["msg_id"]: at for at, row in enumerate(rows)}
    matters: defaultdict[str, list[int]] = defaultdict(list)
    for row in _table(folder / "repeat_clusters_dev.csv"):
        matters[row["cluster"]].append(place[row["msg_id"]])
    pairs = [
        Pair(min(ends), max(ends), row["label"] == "1")
        for row in _table(folder / "repeat_pairs_dev.csv")
        if row["label"] in ("0", "1")
        for ends in [(place[row["msg_a"]], place[row["msg_b"]])]
    ]
    contacts = [_contact(row) for row in rows]
    return Data(rows, contacts, pairs, [sorted(each) for each in matters.values()])


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _contact(row: dict[str, str]) -> Contact:
    text = prepare(row["title"], row["body"])
    return Contact(row["msg_id"], row["user"] or None, parse_time(row["time"])[0], text)


# --- Pairs --------------------------------------------------------------------------------------------------


def tabled(data: Data, contacts: Sequence[Contact] | dict[int, Contact]) -> Table:
    """The signs of every pair, told by `contacts`."""
    told = [(contacts[pair.first], contacts[pair.second]) for pair in data.pairs]
    signs = [compare(a.text, b.text) for a, b in told]
    callers = [a.caller is not None and a.caller == b.caller for a, b in told]
    days = [(b.at - a.at).total_seconds() / 86_400 for a, b in told]
    figures = [evidence(*each) for each in zip(signs, callers, days, strict=True)]
    same = np.array([pair.same for pair in data.pairs])
    return Table(np.array(figures), signs, callers, same, _groups(data))


def untitled(data: Data, column: str, most: int | None) -> Table:
    """The same pairs without titles: one column stands for all the text, or its first letters."""
    used = {at for pair in data.pairs for at in (pair.first, pair.second)}
    bare = {at: {**data.rows[at], "title": "", "body": data.rows[at][column][:most]} for at in used}
    return tabled(data, {at: _contact(row) for at, row in bare.items()})


def _groups(data: Data) -> NDArray[np.int64]:
    """One number for all messages of one matter, and for whatever a pair of the list ties to it."""
    above: dict[int, int] = {}

    def root(at: int) -> int:
        while above.setdefault(at, at) != at:
            at = above[at]
        return at

    ties = [(pair.first, pair.second) for pair in data.pairs]
    for one, other in [*ties, *(tie for each in data.matters for tie in pairwise(each))]:
        above[root(one)] = root(other)
    return np.array([root(pair.first) for pair in data.pairs])


def parted(groups: NDArray[np.int64], seed: int) -> list[NDArray[np.bool_]]:
    """Masks of the parts: whole groups, the largest first into the smallest part, equal ones shuffled."""
    chance = np.random.default_rng(seed)
    sizes = Counter(groups.tolist())
    order = sorted(sizes, key=lambda group: (-sizes[group], chance.random()))
    parts: list[list[int]] = [[] for _ in range(PARTS)]
    for group in order:
        min(parts, key=lambda part: sum(sizes[each] for each in part)).append(group)
    return [np.isin(groups, part) for part in parts]


def learned(figures: Floats, same: NDArray[np.bool_]) -> tuple[float, Floats]:
    """Base and weights of a logistic regression, regularised on figures of equal spread."""
    made = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1_000)).fit(figures, same)
    spread, fitted = made[0], made[1]
    weights = fitted.coef_[0] / spread.scale_
    return float(fitted.intercept_[0] - weights @ spread.mean_), weights


def told(table: Table, base: float, weights: Floats, columns: Sequence[int]) -> Floats:
    """The probability of each pair as the rules give it with these weights."""
    raw = 1 / (1 + np.exp(-(base + table.figures[:, columns] @ weights)))
    bounds = zip(raw.tolist(), table.signs, table.callers, strict=True)
    return np.array([bounded(*each) for each in bounds])


def crossed(
    table: Table, tried: Table | None = None, columns: Sequence[int] = range(len(WEIGHTS) - 1)
) -> list[Floats]:
    """Probabilities by weights that never saw the matter, once for each turn; `tried` stands in for the tested part."""
    turns = []
    for seed in range(TURNS):
        found = np.zeros(len(table.same))
        for part in parted(table.groups, seed):
            base, weights = learned(table.figures[~part][:, columns], table.same[~part])
            found[part] = told(tried or table, base, weights, columns)[part]
        turns.append(found)
    return turns


def measured(same: NDArray[np.bool_], turns: Iterable[Floats]) -> dict[str, float]:
    """Means over the turns: precision, recall and F1 at 0.5, area, recall at 95 % precision, calibration, log loss."""
    rows = []
    for found in turns:
        hit = found >= FOUND
        precision, recall = same[hit].mean(), hit[same].mean()
        order = np.argsort(-found, kind="stable")
        right = np.cumsum(same[order])
        sure = right[right / np.arange(1, len(same) + 1) >= PRECISION]
        rows.append(
            {
                "P": precision,
                "R": recall,
                "F1": 2 * precision * recall / (precision + recall),
                "AUC": roc_auc_score(same, found),
                "R95": (sure.max() if len(sure) else 0) / same.sum(),
                "ECE": _calibration(same, found),
                "loss": log_loss(same, np.clip(found, 1e-9, 1 - 1e-9)),
                "sure P": same[found >= SURE].mean(),
                "sure R": (found >= SURE)[same].mean(),
            }
        )
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _calibration(same: NDArray[np.bool_], found: Floats) -> float:
    slot = np.minimum((found * BINS).astype(int), BINS - 1)
    return float(sum(abs((same - found)[slot == each].sum()) for each in range(BINS)) / len(same))


def on_pairs(data: Data) -> list[Figure]:
    """Cross-validated figures, those of the cosine alone and on short texts, and the weights of all pairs."""
    table = tabled(data, data.contacts)
    whole, cosine = measured(table.same, crossed(table)), measured(table.same, crossed(table, columns=[0]))
    cuts = (
        ("titles alone", "title", None),
        ("openings alone", "body", OPENING),
        ("bodies alone", "body", None),
    )
    short = {
        words: measured(table.same, crossed(table, untitled(data, column, most)))
        for words, column, most in cuts
    }
    return [
        Figure("pairs, of them the same matter", f"{len(table.same)}, {table.same.sum()}"),
        Figure(f"F1 at {FOUND}, cross-validated", f"{whole['F1']:.3f}", ">= .92", whole["F1"] >= 0.92),
        Figure("precision, recall", _three(whole, "P", "R")),
        Figure(f"recall at precision {PRECISION}", f"{whole['R95']:.3f}", ">= .80", whole["R95"] >= 0.80),
        Figure(f"AUC, log loss, calibration error in {BINS} bins", _three(whole, "AUC", "loss", "ECE")),
        Figure(f"surely the same (>= {SURE}): precision, recall", _three(whole, "sure P", "sure R")),
        Figure("word cosine alone: F1, AUC", _three(cosine, "F1", "AUC")),
        *(
            Figure(f"{words}: precision, recall, AUC", _three(each, "P", "R", "AUC"))
            for words, each in short.items()
        ),
        _weights(table),
    ]


def _three(found: dict[str, float], *names: str) -> str:
    return ", ".join(f"{found[name]:.3f}" for name in names)


def _weights(table: Table) -> Figure:
    base, weights = learned(table.figures, table.same)
    fitted = [base, *weights.tolist()]
    met = bool(np.allclose(fitted, WEIGHTS, atol=0.01))
    return Figure("weights", ", ".join(f"{each:.2f}" for each in fitted), "those in rules/repeats.py", met)


# --- Recurring matters --------------------------------------------------------------------------------------


def on_matters(data: Data) -> list[Figure]:
    """Every message against the earlier ones, as `hotline repeats` does it, looked at for members of known matters."""
    matter: dict[str | int, int] = {at: number for number, each in enumerate(data.matters) for at in each}
    memory, found = Memory(), dict[int, tuple[Match, ...]]()
    for at, contact in enumerate(data.contacts):
        contact = replace(contact, id=at)
        found[at] = find(contact, memory)
        memory.add(contact)
    later = [(at, set(each[:place])) for each in data.matters for place, at in enumerate(each) if place]
    figures = []
    for least, goal in ((0.0, 0.99), (FOUND, None)):
        first, five = (sum(_hit(found[at], least, most, own) for at, own in later) for most in (1, 5))
        words = f"an earlier one among the first / first five, p >= {least}"
        met = five >= goal * len(later) if goal else None
        wish = f">= {goal} of five" if goal else ""
        figures.append(Figure(words, f"{first / len(later):.3f} / {five / len(later):.3f}", wish, met))
    sides = [
        (match, matter.get(at) == matter.get(match.earlier.id))
        for at, matches in found.items()
        for match in matches
        if at in matter or match.earlier.id in matter
    ]
    hits = [inside for match, inside in sides if match.probability >= FOUND]
    whole = sum(len(list(combinations(each, 2))) for each in data.matters)
    return [
        Figure("later members of recurring matters", str(len(later))),
        *figures,
        Figure("pairs found that touch a matter, inside it", f"{len(hits)}, {sum(hits)} (lists of members have gaps)"),
        Figure("pairs inside matters, of them found", f"{whole}, {sum(hits) / whole:.3f}"),
        *_held_down(data, sides),
    ]  # fmt: skip


def _hit(matches: Sequence[Match], least: float, most: int, own: set[int]) -> bool:
    near = [match.earlier.id for match in matches if match.probability >= least][:most]
    return not own.isdisjoint(near)


def _held_down(data: Data, sides: Sequence[tuple[Match, bool]]) -> list[Figure]:
    """What the two bounds of the rules rest on: how many of the pairs that they hold down were the same matter."""
    table = tabled(data, data.contacts)
    pairs = list(zip(table.signs, table.callers, table.same.tolist(), strict=True))
    told = [*((signs, same) for signs, _, same in pairs), *((match.signs, inside) for match, inside in sides)]
    apart = [same for signs, same in told if bounded(1.0, signs, True) < 1]
    nameless = [same for signs, caller, same in pairs if not caller and 0.5 < bounded(1.0, signs, False) < 1]
    return [
        Figure("elsewhere: pairs, of them the same", f"{len(apart)}, {sum(apart)}"),
        Figure("nameless: pairs, of them the same", f"{len(nameless)}, {sum(nameless)}"),
    ]


# --- Time ---------------------------------------------------------------------------------------------------


def on_time(data: Data, load: float) -> list[Figure]:
    """The whole command but for starting Python: JSON in, JSON out."""
    asked = [
        json.dumps({"id": row["msg_id"], **{name: row[name] for name in ("user", "time", "title", "body")}}).encode()
        for row in data.rows[:MOST_TIMED]
    ]  # fmt: skip
    begun = time.perf_counter()
    answers = sum(1 for _ in answer_lines(asked))
    each = 1_000 * (time.perf_counter() - begun) / len(asked)
    letters = sum(len(row["title"]) + len(row["body"]) for row in data.rows) / len(data.rows)
    broken = "" if answers == len(asked) else f"{len(asked) - answers} lines without an answer"
    return [
        Figure(f"a message of {letters:.0f} letters among {len(asked)}", f"{each:.2f} ms", "<= 2 ms", each <= 2, broken),
        Figure("reading the dictionary, once", f"{load:.2f} s"),
    ]  # fmt: skip


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.likeness", description=__doc__)
    asked.add_argument("data", type=Path)
    folder = asked.parse_args().data
    begun = time.perf_counter()
    tokenizer()
    pair_rarities(np.zeros(0, np.int64))
    load = time.perf_counter() - begun
    try:
        data = read(folder)
    except FileNotFoundError as fault:
        asked.error(f"no {fault.filename}")
    figures = [*on_pairs(data), *on_matters(data), *on_time(data, load)]
    show("likeness", figures)
    return code(figures)


if __name__ == "__main__":
    sys.exit(main())
