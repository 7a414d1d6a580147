"""A loaded text model (文本模型): a ticket's words in, ranked departments and categories out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.bundle import Trained, read
from classifier.explain import terms
from classifier.head import Head
from classifier.ngrams import Rows, normalise

Ranked = tuple[tuple[str, float], ...]
_BATCH = 256
_EXPLAINED = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the model thinks of one text (派单建议).

    `labels` and `categories` are at most ten words with calibrated probabilities, best first. `abstain` is
    true when the ticket must not go out alone. `spoke` has for each of the first three labels the words that spoke for
    it with their share of it. `model` is the version that answered.
    """

    labels: Ranked
    categories: Ranked
    abstain: bool
    spoke: tuple[Ranked, ...]
    model: str

    @property
    def terms(self) -> Ranked:
        """The words that spoke for the first label; none where nobody asked for them."""
        return self.spoke[0] if self.spoke else ()


class Model:
    """One bundle in memory; it never changes, so threads and forked workers share it."""

    __slots__ = ("_category", "_department", "_vocabulary", "manifest", "version")

    def __init__(self, trained: Trained, version: str) -> None:
        """Use `load`, or pass what training gave together with a word for its version."""
        heads = {head.name: head for head in trained.heads}
        self._department: Head = heads["department"]
        self._category: Head | None = heads.get("category")
        self._vocabulary = trained.vocabulary
        self.manifest: dict[str, Any] = trained.manifest
        self.version = version

    @property
    def departments(self) -> tuple[str, ...]:
        """Every department label the model can answer."""
        return self._department.labels

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category label; empty when the bundle has no category head."""
        return self._category.labels if self._category else ()

    @property
    def gate(self) -> float | None:
        """The confidence from which a ticket may go out alone; None: the model never lets one go."""
        return self._department.calibration.gate

    def suggest(self, text: str) -> Suggestion:
        """One text (title and body joined by a newline), with the words that spoke for the first three labels."""
        return self.suggest_many([text])[0]

    def suggest_many(self, texts: Sequence[str], explain: bool = True) -> list[Suggestion]:
        """Many texts at once, in order; without `explain` no words, and several times faster.

        A text without a single known character (blank, or in a script never seen) gets no label and
        abstains. Only the first 6,000 and last 2,000 characters of a longer text are read. Never raises for
        the content of a text.
        """
        made: list[Suggestion] = []
        for at in range(0, len(texts), _BATCH):
            made.extend(self._answer([normalise(text) for text in texts[at : at + _BATCH]], explain))
        return made

    def _answer(self, texts: list[str], explain: bool) -> Iterator[Suggestion]:
        rows = self._vocabulary.weigh(texts)
        letters = np.array([len(text) for text in texts], np.int64)
        passes, labels, best = _ranked(self._department, rows, letters)
        categories: list[Ranked] = [()] * len(texts)
        if self._category:
            categories = _ranked(self._category, rows, letters)[1]
        for row, text in enumerate(texts):
            if rows.starts[row] == rows.starts[row + 1]:
                yield Suggestion((), (), True, (), self.version)
                continue
            spoke: tuple[Ranked, ...] = ()
            if explain:
                spoke = terms(text, rows.row(row), self._vocabulary, self._department, best[row])
            yield Suggestion(labels[row], categories[row], not passes[row], spoke, self.version)


def _ranked(
    head: Head, rows: Rows, letters: NDArray[np.int64]
) -> tuple[list[bool], list[Ranked], list[list[int]]]:
    """For each row: may it go out alone, its labels with probabilities, and the columns of the first three."""
    order, shares = head.calibration.rank(head.scores(rows), letters)
    passes = head.calibration.passes(shares[:, 0]).tolist()
    named = [
        tuple((head.labels[column], round(share, 6)) for column, share in zip(columns, row, strict=True))
        for columns, row in zip(order.tolist(), shares.tolist(), strict=True)
    ]
    return passes, named, order[:, :_EXPLAINED].tolist()


def load(folder: Path) -> Model:
    """The model in a bundle folder. Raises BadBundle for a missing, altered or foreign one."""
    trained, version = read(folder)
    return Model(trained, version)
