"""A model against tickets whose right department is known (评测)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from classifier.measures import figures
from classifier.model import Model
from rules.errors import BadInput


def evaluate(model: Model, texts: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """The figures of `measures.figures` on these rows, and the model's version.

    Rows without text or label are left out and counted (`left_out`); `unknown_labels` counts rows whose truth
    the model never learned and so cannot answer. Raises BadInput for columns of unequal length.
    """
    if len(texts) != len(labels):
        raise BadInput("文本与标签的行数不一致，请检查数据。")
    kept = [row for row, text in enumerate(texts) if text.strip() and labels[row].strip()]
    gold = [labels[row].strip() for row in kept]
    answers = model.suggest_many([texts[row] for row in kept], explain=False)
    confidence = np.array([answer.labels[0][1] if answer.labels else 0.0 for answer in answers], np.float64)
    sent = np.array([not answer.abstain for answer in answers], np.bool_)
    measured = figures(gold, [[label for label, _ in answer.labels] for answer in answers], confidence, sent)
    known = set(model.departments)
    measured["left_out"] = len(texts) - len(kept)
    measured["counts"]["unknown_labels"] = sum(label not in known for label in gold)
    measured["model"] = model.version
    return measured
