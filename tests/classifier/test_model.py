"""The interface for good: ranked, calibrated, explained, never surprised by a text."""

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from classifier.model import Model

TEXT = "望江小区水管爆裂漏水严重，请尽快处理"


def test_an_answer_ranks_departments_and_categories(model: Model) -> None:
    answer = model.suggest(TEXT)
    shares = [share for _, share in answer.labels]
    assert answer.labels[0][0] == "供水公司"
    assert answer.categories[0][0] == "停水"
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.0001
    assert {label for label, _ in answer.labels} <= set(model.departments)
    assert answer.model == model.version
    assert len(model.version) == 12


def test_the_terms_are_words_of_the_text_that_spoke_for_the_answer(model: Model) -> None:
    terms = model.suggest(TEXT).terms
    assert {"水管", "漏水", "爆裂"} & {word for word, _ in terms[:2]}
    assert all(word in TEXT and 0 < share <= 1 for word, share in terms)
    assert sum(share for _, share in terms) <= 1.0001
    assert "小区" not in {word for word, _ in terms[:1]}


def test_each_of_the_first_three_has_words_of_its_own(model: Model) -> None:
    answer = model.suggest("小区停水一整天，公交车到站不停")
    assert len(answer.spoke) == 3
    assert answer.terms == answer.spoke[0]
    words = {
        label: {word for word, _ in spoke}
        for (label, _), spoke in zip(answer.labels[:3], answer.spoke, strict=True)
    }
    assert "停水" in words["供水公司"] - words["公交公司"]
    assert "公交车" in words["公交公司"] - words["供水公司"]
    assert model.suggest_many(["小区停水"], explain=False)[0].spoke == ()


def test_terms_hold_no_numbers_and_no_endless_words(model: Model) -> None:
    terms = model.suggest(f"停水 12345 13x {'ab' * 400} 漏水").terms
    assert all(word.isalpha() and 1 < len(word) <= 12 for word, _ in terms)


def test_abstaining_is_exactly_staying_below_the_gate(model: Model, tickets) -> None:
    answers = model.suggest_many(tickets(150, seed=8)[0], explain=False)
    assert model.gate is not None
    clear = [a for a in answers if abs(a.labels[0][1] - model.gate) > 1e-6]
    assert all(a.abstain is (a.labels[0][1] < model.gate) for a in clear)
    assert any(not a.abstain for a in answers)


@pytest.mark.parametrize("text", ["", " \n\t\u3000", "\x00\x07", "\ud800\udfff", "\u200b\ufeff"])
def test_nothing_to_read_gives_no_label_and_abstains(model: Model, text: str) -> None:
    answer = model.suggest(text)
    assert (answer.labels, answer.categories, answer.terms) == ((), (), ())
    assert answer.abstain


def test_a_script_never_seen_gives_no_label(model: Model) -> None:
    answer = model.suggest("ภาษาไทย")
    assert answer.labels == ()
    assert answer.abstain


@pytest.mark.parametrize(
    "text",
    [
        "停水" * 50_000,
        "a" * 100_000,
        "\u0301" * 100_000,
        "停\ud800水\x00了",
        "\ufdfa" * 100_000,
        "{" * 100_000,
    ],
)
def test_hostile_texts_are_answered(model: Model, text: str) -> None:
    answer = model.suggest(text)
    json.dumps(asdict(answer), ensure_ascii=False).encode()
    assert len(answer.labels) <= 10


def test_a_batch_answers_like_one_by_one_in_order(model: Model, tickets) -> None:
    texts = [*tickets(300, seed=5)[0], "", TEXT]
    assert model.suggest_many(texts)[250:] == [model.suggest(text) for text in texts[250:]]
    assert model.suggest_many([]) == []


def test_width_case_and_blanks_make_no_difference(model: Model) -> None:
    assert model.suggest("公交Ａ线　到站不停").labels == model.suggest(" 公交a线 到站不停\n").labels


def test_loading_and_answering_needs_neither_scikit_learn_nor_scipy(bundle) -> None:
    script = (
        "import sys; from pathlib import Path; from classifier.model import load\n"
        "assert 'jieba' not in sys.modules or not sys.modules['jieba'].dt.initialized\n"
        "answer = load(Path(sys.argv[1])).suggest(sys.argv[2])\n"
        "assert not {'sklearn', 'scipy', 'pandas'} & set(sys.modules), 'heavy'\n"
        "print(len(answer.labels), len(answer.terms) > 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(bundle), TEXT], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["5", "True"]
    assert ran.stderr == ""
