"""How good a new model is (模型测算): on tickets that it has not seen, and on nothing that either side was trained on."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from classifier.groups import group_rows
from classifier.model import Model
from classifier.ngrams import normalise
from classifier.train import fit
from dispatch import measuring
from dispatch.learning import Label, Material
from dispatch.measuring import LEAST, Bench, Trainer, learnt_by
from rules.lessons import Lesson
from rules.pack_records import BY_PLACE
from tests.stories import at, policy

NOW = at("2026-09-28 10:00")
CODES = ("housing", "police", "labour", BY_PLACE)
WORDS = ("电梯故障", "邻居打架", "拖欠工资", "村里账目")
CATALOGUE = [
    Lesson(f"{word}{tail}", code, "")
    for code, word in zip(CODES, WORDS, strict=True)
    for tail in ("", "没人管", "怎么办", "求帮助", "已经三天", "请处理", "要说法")
]


def materials(n: int, told: int = 1) -> Material:
    """`n` matters an hour apart, each told `told` times over, by departments in turn."""
    labels, own = [], []
    for at_ in range(n * told):
        matter, which = at_ // told, (at_ // told) % len(CODES)
        text = f"{chr(0x4E00 + 37 * matter)}{chr(0x5E00 + 53 * matter)}那里{WORDS[which]}，第{at_}次说"
        when = NOW + timedelta(hours=at_)
        labels.append(Label(f"{at_:04d}", f"{matter:04d}", when, text, CODES[which], None))
        own.append(Lesson(text, CODES[which], ""))
    groups = group_rows([normalise(each.text) for each in labels], [each.matter for each in labels])
    return Material(policy(), CATALOGUE, labels, own, np.asarray(groups, np.int64))


class Spied:
    """A trainer that remembers what it was given to learn."""

    def __init__(self) -> None:
        self.shown: list[list[str]] = []
        self.said: list[str] = []

    def trainer(self) -> Trainer:
        return Trainer(self._fit, Path("nowhere"), NOW, self.said.append)

    def _fit(self, texts, labels, **named):
        self.shown.append(list(texts))
        return fit(texts, labels, **named)


def running(material: Material, **learnt) -> Model:
    """A model of the catalogue alone, as it runs."""
    trained = Spied().trainer().fitted(replace(material, labels=[], own=[], groups=np.zeros(0, np.int64)))
    return Model(
        replace(trained, manifest={**trained.manifest, "learnt": learnt} if learnt else trained.manifest), "r"
    )


def test_every_ticket_is_read_once_by_a_model_that_saw_nothing_of_its_matter():
    spy, material = Spied(), materials(15, told=2)
    honest = Bench(spy.trainer(), material).honest()
    assert honest is not None and honest["n"] == 30
    assert honest["top3"] >= honest["accuracy"] > 0.8  # the words of the catalogue are in them
    matters = {label.text: label.matter for label in material.labels}
    held = []
    for texts in spy.shown:
        seen = {matters[text] for text in texts if text in matters}
        held += [label.text for label in material.labels if label.matter not in seen]
        assert len([text for text in texts if text in matters]) == sum(m in seen for m in matters.values())
        assert texts[: len(CATALOGUE)] == [each.text for each in CATALOGUE]
    assert sorted(held) == sorted(matters)
    assert "30 件" in spy.said[-1]


def test_near_twins_of_different_matters_are_parted_neither():
    twin = "同一段话说得很长很长很长很长很长很长很长很长很长很长，只有号码不同"
    material = materials(10)
    labels = [
        *material.labels,
        *(replace(material.labels[0], number=str(n), matter=str(n), text=f"{twin}{n}") for n in "12"),
    ]
    own = [*material.own, *(Lesson(each.text, "housing", "") for each in labels[-2:])]
    groups = group_rows([normalise(each.text) for each in labels], [each.matter for each in labels])
    spy = Spied()
    Bench(spy.trainer(), replace(material, labels=labels, own=own, groups=groups)).honest()
    assert all(sum(text.startswith(twin) for text in texts) in (0, 2) for texts in spy.shown)


@pytest.mark.parametrize("material", [materials(0), materials(1, told=3)])
def test_fewer_than_two_matters_give_no_figures(material):
    spy = Spied()
    assert Bench(spy.trainer(), material).honest() is None
    assert spy.shown == []


def test_many_tickets_are_measured_on_the_newest_fifth_and_trained_for_once(monkeypatch):
    monkeypatch.setattr(measuring, "MANY", 100)
    spy, material = Spied(), materials(100)
    bench = Bench(spy.trainer(), material)
    exam, honest = bench.exam(running(material)), bench.honest()
    assert (exam["n"], honest["n"], len(spy.shown)) == (20, 20, 1)
    assert exam["new"]["top1"] == honest["counts"]["right"]


def test_new_and_running_are_held_against_each_other_on_the_newest_fifth():
    spy, material = Spied(), materials(100)
    exam = Bench(spy.trainer(), material).exam(running(material))
    assert exam["n"] == 20
    for side in ("new", "running"):
        assert 0 < exam[side]["top1"] <= exam[side]["top3"] <= 20
    assert exam["gained"] - exam["lost"] == exam["new"]["top1"] - exam["running"]["top1"]
    (shown,) = spy.shown
    assert not {each.text for each in material.labels[80:]} & set(shown)
    assert {each.text for each in material.labels[:80]} <= set(shown)


def test_a_matter_that_lies_on_both_sides_of_the_newest_fifth_is_not_shown():
    spy, material = Spied(), materials(42, told=3)  # the fifth begins at the last telling of the 34th matter
    quiz = running(material)
    assert Bench(spy.trainer(), material).exam(quiz)["n"] == 25
    matter = material.labels[101].matter
    assert [each.matter for each in material.labels[99:102]] == [matter] * 3
    assert not {each.text for each in material.labels if each.matter == matter} & set(spy.shown[0])


@pytest.mark.parametrize(
    ("matters", "seen", "n"), [(99, None, 19), (100, 85, 14), (400, 370, 29), (400, 100, 80)]
)
def test_what_the_running_model_learnt_is_no_exam_and_a_short_exam_says_nothing(matters, seen, n):
    spy, material = Spied(), materials(matters)
    until = {} if seen is None else {"until": material.labels[seen].received_at.isoformat()}
    exam = Bench(spy.trainer(), material).exam(running(material, **until))
    assert exam["n"] == n
    assert (exam["new"] is None) == (exam["gained"] is None) == (n < LEAST) == (spy.shown == [])


def test_a_running_model_may_say_names_where_the_new_one_says_codes():
    named = {"housing": "住建局", "police": "公安局", "labour": "人社局", BY_PLACE: "鹿笺镇"}
    material = materials(100)
    strange = replace(material, catalogue=[replace(each, label=named[each.label]) for each in CATALOGUE])
    exam = [Bench(Spied().trainer(), material).exam(running(each))["running"] for each in (material, strange)]
    assert exam[0] == exam[1]


@pytest.mark.parametrize("said", [None, "words", ["until"], 7])
def test_a_strangers_manifest_says_nothing(said):
    made = running(materials(0))
    made.manifest["learnt"] = said
    assert learnt_by(made) == {}
