"""A model against known answers."""

import pytest

from classifier.evaluate import evaluate
from classifier.model import Model
from rules.errors import BadInput


def test_figures_agree_with_the_answers_counted_by_hand(model: Model, tickets) -> None:
    texts, labels, _ = tickets(200, seed=21)
    found = evaluate(model, texts, labels)
    answers = model.suggest_many(texts, explain=False)
    right = [a.labels[0][0] == label for a, label in zip(answers, labels, strict=True)]
    sent = [not a.abstain for a in answers]
    assert found["accuracy"] == sum(right) / 200
    assert found["coverage"] == sum(sent) / 200
    assert found["counts"]["sent_right"] == sum(r for r, s in zip(right, sent, strict=True) if s)
    assert found["model"] == model.version


def test_blank_rows_are_left_out_and_unknown_truths_are_wrong(model: Model) -> None:
    found = evaluate(model, ["停水", "", "停水", "ภาษาไทย"], ["供水公司", "供水公司", " ", "没有的单位"])
    assert (found["n"], found["left_out"]) == (2, 2)
    assert found["counts"]["unknown_labels"] == 1
    assert found["counts"]["unanswered"] == 1
    assert found["accuracy"] == 0.5


def test_no_rows_give_no_figures(model: Model) -> None:
    found = evaluate(model, [], [])
    assert found["n"] == 0
    assert found["accuracy"] is None


def test_columns_of_unequal_length_are_refused(model: Model) -> None:
    with pytest.raises(BadInput):
        evaluate(model, ["停水"], [])
