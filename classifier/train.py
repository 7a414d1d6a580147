"""Past tickets into a model (训练): measured on groups it has not seen first, then fitted on every row."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from classifier import words
from classifier.bundle import FORMAT, FORMAT_VERSION, Trained, save
from classifier.calibrate import PROMISE, Calibration
from classifier.calibrate import fit as calibrate
from classifier.groups import assign_folds, fingerprint, group_rows
from classifier.head import Head, Scores, Weights
from classifier.measures import figures
from classifier.mixing import add_up, mixed, stacked
from classifier.ngrams import Ints, Rows, Vocabulary, codes_of, learn, normalise
from classifier.parts import parts_of
from rules.errors import BadInput

__all__ = ("TooLittle", "Trained", "fit", "save")

#: Folds by number of rows: few rows need large training parts to look like the final model, many cost time.
FOLDS = ((2_000, 10), (10_000, 5))
_LEAST_FOLDS = 3
#: From this many rows on, an n-gram seen in one row only is left out: no accuracy lost, half the memory.
_MANY = 2_000
#: The power of a piece's rarity below so many rows, and from there on: measured on our catalogue's phrases and on both data sets.
_RARITY = ((5_000, 1.0), (None, 0.5))
#: Weights nearer to nothing than this are left out: 250 MB become 4, and the accuracy stays.
_FAINT = 0.05
#: How exactly a machine is fitted: ten times as exact takes four times as long, and is no more often right.
_CLOSE = 0.1
#: From this many letters on (the middle text) they are letters (信件), in which words of the dictionary tell more than pairs.
_LETTER = 100
_TITLES = {"department": "承办单位", "category": "诉求类别"}
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "jieba")

Say = Callable[[str], None]


class TooLittle(BadInput):
    """训练数据不足：至少要有两种不同的标签，且能分成两组互不相近的文本。请补充数据后再训练。"""

    code = "too_little_data"


@dataclass(frozen=True, slots=True)
class _Task:
    """One head's rows: which of all texts carry this label column, the column of each, the folds; and the ways of grouping
    the labels (`parts.parts_of`), the first of which keeps each by itself."""

    name: str
    labels: tuple[str, ...]
    rows: NDArray[np.int64]
    gold: NDArray[np.int64]
    folds: NDArray[np.int64]
    parts: list[NDArray[np.int64]]


def _quiet(_: str) -> None:
    return None


def fit(
    texts: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    *,
    now: datetime,
    names: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = _quiet,
    seed: int = 0,
) -> Trained:
    """Train on one text, department label and, where given, group and category for each row.

    Rows without text or label are left out and counted; a blank category only leaves the category head. The
    honest figures come first: folds (3 to 10) whose groups never straddle, each row answered by a model that
    saw neither it nor its near-twins. `groups` adds to what is found by text. `now` (aware) goes into the
    bundle, `progress` gets Chinese lines, equal input and seed give equal weights. `names` gives the official name of a
    department whose label is a code: names tell which departments share a function or an area. Few rows (a catalogue's
    phrases) work: confidences then err low, and the gate opens only where 19 or more unseen rows were right;
    real tickets differ from phrases, so train again as soon as there are some.
    Raises TooLittle for fewer than two labels or two groups, BadInput for columns of unequal length.
    """
    _refuse_bad_columns(texts, labels, groups, categories, now)
    clean = [normalise(text) for text in texts]
    kept = [row for row, text in enumerate(clean) if text and labels[row].strip()]
    used = [clean[row] for row in kept]
    progress(f"可用 {len(kept)} 行，略去缺文本或标签的 {len(texts) - len(kept)} 行")
    near = group_rows(used, None if groups is None else [groups[row] for row in kept])
    columns = {"department": [labels[row].strip() for row in kept]}
    if categories is not None:
        columns["category"] = [categories[row].strip() for row in kept]
    tasks = [
        task for name, column in columns.items() if (task := _task(name, column, names or {}, near, seed))
    ]
    heads, vocabulary = _measure_and_fit(used, tasks, progress, seed)
    facts = {
        "rows": len(kept),
        "left_out": len(texts) - len(kept),
        "groups": int(near.max()) + 1,
        "folds": {task.name: int(task.folds.max()) + 1 for task in tasks},
        "seed": seed,
        "fingerprint": fingerprint(list(zip(used, *columns.values(), strict=True))),
    }
    measured = {head.name: honest for head, honest in heads}
    return Trained(vocabulary, tuple(head for head, _ in heads), _manifest(now, facts, measured))


def _refuse_bad_columns(
    texts: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[str] | None,
    categories: Sequence[str] | None,
    now: datetime,
) -> None:
    given = [column for column in (labels, groups, categories) if column is not None]
    if any(len(column) != len(texts) for column in given):
        raise BadInput("文本、标签、分组、类别的行数不一致，请检查数据。")
    if now.tzinfo is None:
        raise ValueError("now must be aware")


def _task(
    name: str, column: list[str], names: Mapping[str, str], near: NDArray[np.int64], seed: int
) -> _Task | None:
    """The rows of a head; a category column with fewer than two words has no head, a department must have."""
    rows = np.flatnonzero(np.array([bool(word) for word in column], np.bool_))
    labels = tuple(sorted({column[row] for row in rows}))
    groups = np.unique(near[rows], return_inverse=True)[1]
    if len(labels) < 2 or groups.max() < 1:
        if name == "department":
            raise TooLittle(label_count=len(labels), row_count=len(rows))
        return None
    number = {label: at for at, label in enumerate(labels)}
    gold = np.array([number[column[row]] for row in rows], np.int64)
    parts = next((parts for below, parts in FOLDS if len(rows) < below), _LEAST_FOLDS)
    folds = assign_folds(groups, min(parts, int(groups.max()) + 1), seed)
    each = [np.arange(len(labels))]
    called = [names.get(label, label) for label in labels]
    return _Task(name, labels, rows, gold, folds, each + (parts_of(called) if name == "department" else []))


def _measure_and_fit(
    texts: list[str], tasks: list[_Task], progress: Say, seed: int
) -> tuple[list[tuple[Head, dict[str, Any]]], Vocabulary]:
    known = codes_of(words.dictionary()) if np.median([len(text) for text in texts]) >= _LETTER else None
    tested = [_test(texts, task, known, progress, seed) for task in tasks]
    progress("用全部数据训练…")
    vocabulary = _learn(texts, known)
    rows = vocabulary.weigh(texts)
    heads = []
    for task, (mix, calibration, honest) in zip(tasks, tested, strict=True):
        shown = _pick(rows, task.rows, len(vocabulary))
        weights, parts = stacked(_fit_parts(shown, task, task.gold, seed), task.parts, mix)
        heads.append((Head(task.name, task.labels, weights, calibration, parts), honest))
    return heads, vocabulary


def _test(
    texts: list[str], task: _Task, known: Ints | None, progress: Say, seed: int
) -> tuple[NDArray[np.float64], Calibration, dict[str, Any]]:
    """Score every row by a model of the other folds; mix the parts and calibrate on all of them; measure with each fold's
    calibration and gate taken from the other folds. The shares of the mix, three numbers at most, are the only thing that a
    figure's own rows had a say in."""
    said = [np.zeros((len(task.gold), int(part.max()) + 1), np.float32) for part in task.parts]
    for fold in range(int(task.folds.max()) + 1):
        progress(f"测算{_TITLES[task.name]}第 {fold + 1} 折…")
        inside, outside = task.rows[task.folds != fold], task.rows[task.folds == fold]
        vocabulary = _learn([texts[row] for row in inside], known)
        shown = _pick(vocabulary.weigh([texts[row] for row in inside]), None, len(vocabulary))
        unseen = vocabulary.weigh([texts[row] for row in outside])
        machines = _fit_parts(shown, task, task.gold[task.folds != fold], seed)
        for columns, weights in zip(said, machines, strict=True):
            columns[task.folds == fold] = weights.scores(unseen)
    letters = np.array([len(texts[row]) for row in task.rows], np.int64)
    mix = mixed(said, task.parts, task.gold)
    scores = add_up(said, task.parts, mix)
    honest = _figures(scores, task, letters)
    progress(_line(task.name, honest))
    return mix, calibrate(scores, task.gold, letters), honest


def _figures(scores: Scores, task: _Task, letters: NDArray[np.int64]) -> dict[str, Any]:
    ranked: list[list[str]] = [[] for _ in task.gold]
    confidence, sent = np.zeros(len(task.gold)), np.zeros(len(task.gold), np.bool_)
    for fold in range(int(task.folds.max()) + 1):
        inside = task.folds == fold
        calibration = calibrate(scores[~inside], task.gold[~inside], letters[~inside])
        order, shares = calibration.rank(scores[inside], letters[inside])
        confidence[inside], sent[inside] = shares[:, 0], calibration.passes(shares[:, 0])
        for row, columns in zip(np.flatnonzero(inside), order, strict=True):
            ranked[row] = [task.labels[column] for column in columns]
    return figures([task.labels[column] for column in task.gold], ranked, confidence, sent)


def _line(name: str, honest: dict[str, Any]) -> str:
    known = f"{_TITLES[name]}：没见过的 {honest['n']} 行里，首选正确 {honest['accuracy']:.1%}"
    line = f"{known}，前三含正确 {honest['top3']:.1%}"
    if name != "department":
        return line
    if honest["precision_at_gate"] is None:
        return f"{line}；数据还撑不起 {PROMISE:.0%} 的准确率，不自动派单"
    return f"{line}；自动派单 {honest['coverage']:.1%}，其中正确 {honest['precision_at_gate']:.1%}"


def _learn(texts: list[str], known: Ints | None) -> Vocabulary:
    rows = len(texts)
    rarity = next(power for below, power in _RARITY if below is None or rows < below)
    return learn(texts, 2 if rows >= _MANY else 1, words=known, rarity=rarity)


def _pick(rows: Rows, which: NDArray[np.int64] | None, width: int) -> csr_matrix:
    matrix = csr_matrix((rows.values, rows.features, rows.starts), shape=(len(rows), width))
    return matrix if which is None else matrix[which]


def _fit_parts(shown: csr_matrix, task: _Task, gold: NDArray[np.int64], seed: int) -> list[Weights]:
    """The machines of every part, one after the other: two threads would share liblinear's one row of random numbers,
    and equal seeds would no longer give equal weights."""
    return [_fit_weights(shown, part[gold], int(part.max()) + 1, seed) for part in task.parts]


def _fit_weights(shown: csr_matrix, gold: NDArray[np.int64], width: int, seed: int) -> Weights:
    """One linear support vector machine a label, faint weights dropped. A label without a row never wins."""
    present = np.unique(gold)
    bias = np.full(width, -np.inf, np.float32)
    if len(present) == 1:
        bias[present] = 0.0
        nothing = np.zeros(shown.shape[1] + 1, np.int64)
        return Weights(nothing, np.zeros(0, np.int32), np.zeros(0, np.float32), bias)
    machine = LinearSVC(C=1.0, tol=_CLOSE, dual=True, max_iter=5_000, random_state=seed).fit(shown, gold)
    dense, level = machine.coef_, machine.intercept_
    if len(present) == 2:  # scikit-learn keeps one row for two labels
        dense, level = np.vstack([-dense, dense]), np.concatenate([-level, level])
    for row in dense:  # one label at a time: a whole second matrix would double the memory
        row[np.abs(row) < _FAINT] = 0.0
    sparse = csr_matrix(dense.T)
    bias[present] = level
    columns = present[sparse.indices].astype(np.int32)
    return Weights(sparse.indptr.astype(np.int64), columns, sparse.data.astype(np.float32), bias)


def _manifest(now: datetime, facts: dict[str, Any], measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    libraries = {name: version(name) for name in _LIBRARIES}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "created": now.isoformat(),
        "libraries": {"python": platform.python_version(), **libraries},
        "training": facts,
        "dictionary": words.dictionary_hash(),
        "measured": measured,
    }
