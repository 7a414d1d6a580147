"""Which rows belong together when a model is measured (相近文本分组): twins never stand on both sides."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NO_LETTER = re.compile(r"[\W\d_]+")
#: Equal this long at the start or at the end: the same matter told again with a new number or a new tail.
_EDGE = 24


def group_rows(texts: Sequence[str], named: Sequence[str] | None = None) -> NDArray[np.int64]:
    """A group number for every normalised text.

    Rows share a group when their name in `named` is the same (blank names count as none), when their letters
    are the same, or when their first or last 24 letters are. Digits, blanks and punctuation do not count.
    """
    parents = list(range(len(texts)))
    seen: dict[str, int] = {}
    for row, text in enumerate(texts):
        name = named[row].strip() if named is not None else ""
        for key in ([f"named:{name}"] if name else []) + _edges(text):
            first = seen.setdefault(key, row)
            parents[_root(parents, row)] = _root(parents, first)
    roots = np.fromiter((_root(parents, row) for row in range(len(texts))), np.int64, len(texts))
    return np.asarray(np.unique(roots, return_inverse=True)[1], np.int64)


def _edges(text: str) -> list[str]:
    letters = _NO_LETTER.sub("", text)
    if len(letters) <= _EDGE:
        return [f"whole:{letters or text}"]
    return [f"start:{letters[:_EDGE]}", f"end:{letters[-_EDGE:]}"]


def _root(parents: list[int], row: int) -> int:
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


def assign_folds(groups: NDArray[np.int64], parts: int, seed: int) -> NDArray[np.int64]:
    """A fold number below `parts` for every row, whole groups together, the folds of nearly equal size.

    Large groups are dealt first, each to the smallest fold; the seed decides the order among equals.
    """
    sizes = np.bincount(groups)
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold_of, load = np.zeros(len(sizes), np.int64), np.zeros(parts, np.int64)
    for group in order:
        fold_of[group] = int(np.argmin(load))
        load[fold_of[group]] += sizes[group]
    return fold_of[groups]


def fingerprint(rows: Sequence[tuple[str, ...]]) -> str:
    """SHA-256 of the training rows whatever their order (训练数据指纹): equal data, equal fingerprint."""
    digests = sorted(
        hashlib.sha256("\x00".join(row).encode("utf-8", "surrogatepass")).digest() for row in rows
    )
    return hashlib.sha256(b"".join(digests)).hexdigest()
