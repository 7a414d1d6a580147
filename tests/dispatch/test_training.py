"""Training at the desk (训练与启用): the catalogue first, tickets as they come, and never a worse model by itself."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.train import TooLittle, fit
from dispatch import training
from dispatch.learning import Material, catalogue_alone
from dispatch.measuring import Trainer
from dispatch.storage import registry
from dispatch.training import Order, first_model, learn
from rules.errors import BadInput
from rules.lessons import Lesson
from rules.policy import parse
from tests.desks import rows
from tests.dispatch.test_learning import dispatched
from tests.dispatch.test_measuring import CATALOGUE, materials
from tests.packs import FILES
from tests.stories import at, policy

NOW = at("2026-09-28 10:00")
LATER = at("2026-09-28 11:00")


@pytest.fixture
def trainer(desk):
    return Trainer(fit, desk.models._folder, NOW, lambda _: None)


@pytest.fixture
def small(monkeypatch):
    """A catalogue that is learnt in no time, for whichever pack is in use."""
    monkeypatch.setattr("dispatch.learning.lessons", lambda _: CATALOGUE)


def given(monkeypatch, material: Material) -> None:
    """Let the desk find this to learn from."""
    monkeypatch.setattr(training, "gather", lambda *_: material)


def activated(desk):
    return [
        each["hash"] for each in rows(desk, "SELECT hash FROM activation WHERE kind = 'model' ORDER BY id")
    ]


def learnt(desk, version):
    return json.loads((desk.models._folder / version / "manifest.json").read_text(encoding="utf-8"))["learnt"]


# --- The first one ---------------------------------------------------------------------------------------------


def test_a_fresh_desk_uses_what_its_catalogue_teaches_and_a_second_time_nothing_changes(desk, trainer, small):
    line = first_model(desk, trainer, "init")
    model = desk.models.active(NOW)
    assert model.version in line and f"{len(CATALOGUE)} 条" in line
    assert learnt(desk, model.version) == {**catalogue_alone(policy()).told(), "honest": None}
    assert model.version in first_model(desk, trainer, "init")
    assert activated(desk) == [model.version]
    assert sorted(each.name for each in desk.models._folder.iterdir()) == [model.version]
    assert model.suggest("电梯故障怎么办").labels[0][0] == "housing"


def no_library(*_, **__):
    raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")


def too_little(*_, **__):
    raise TooLittle()


@pytest.mark.parametrize(("fails", "words"), [(no_library, "sklearn"), (too_little, "训练数据不足")])
def test_where_nothing_can_be_trained_the_desk_runs_on_rules_and_says_why(desk, trainer, small, fails, words):
    line = first_model(desk, Trainer(fails, trainer.folder, NOW, trainer.say), "init")
    assert words in line and "只按规则派单" in line
    assert (desk.models.active(NOW), activated(desk)) == (None, [])


def test_without_a_catalogue_there_is_nothing_to_train(desk, trainer, monkeypatch):
    monkeypatch.setattr("dispatch.learning.lessons", lambda _: [])
    assert "只按规则派单" in first_model(desk, trainer, "init")
    assert activated(desk) == []


def test_a_model_that_was_switched_off_stays_off(desk, trainer, small, monkeypatch):
    with desk.database.transaction() as tx:
        registry.activate(tx, "model", "", "somebody", NOW)
    assert "停用" in first_model(desk, trainer, "init")
    given(monkeypatch, materials(30))
    told = learn(desk, trainer, Order())
    assert (told["activated"], activated(desk)) == (False, [""])
    assert "停用" in told["because"] and told["version"]
    assert learn(desk, trainer, Order(activate=True))["activated"]


# --- Those that come after ---------------------------------------------------------------------------------------


def test_tickets_of_the_desk_are_learnt_with_the_catalogue_and_the_manifest_counts_both(desk, trainer, small):
    for n in range(3):
        dispatched(desk, text=f"第{n}件：这件事谁来管还不清楚，{'甲乙丙'[n] * 3}")
    told = learn(desk, Trainer(fit, trainer.folder, LATER, trainer.say), Order())
    assert (told["lessons"], told["labels"], told["left_pack"]) == (len(CATALOGUE), 3, 0)
    assert (told["activated"], told["running"], told["exam"]) == (True, None, None)
    assert told["honest"]["n"] == 3
    said = learnt(desk, told["version"])
    assert {key: said[key] for key in ("pack", "lessons", "labels")} == {
        "pack": policy().hash,
        "lessons": len(CATALOGUE),
        "labels": 3,
    }
    assert said["until"] == NOW.isoformat()


def test_the_second_click_trains_nothing_and_another_pack_or_ticket_does(desk, trainer, monkeypatch):
    material = materials(30)
    given(monkeypatch, material)
    first = learn(desk, trainer, Order())["version"]
    again = learn(desk, trainer, Order())
    assert (again["version"], again["activated"], again["running"]) == (None, False, first)
    assert "没有重新训练" in again["because"]
    given(monkeypatch, Material(policy(), [*CATALOGUE, Lesson("新的事", "police", "")], *rest(material)))
    assert learn(desk, trainer, Order())["version"]
    given(monkeypatch, materials(31))
    assert learn(desk, trainer, Order())["version"]
    given(monkeypatch, replace(material, policy=parse(FILES)))
    assert learn(desk, trainer, Order())["version"]
    assert activated(desk) == [first]  # too few new tickets to compare


def rest(material: Material):
    return material.labels, material.own, material.groups


def swapped(material: Material) -> Material:
    """The same tickets, but for a county where other departments do the work: only tickets can tell."""
    turn = {"housing": "police", "police": "labour", "labour": "housing"}
    own = [Lesson(each.text, turn.get(each.label, each.label), "") for each in material.own]
    return Material(policy(), CATALOGUE, material.labels, own, material.groups)


def test_a_better_model_goes_live_by_itself_and_one_that_is_not_waits(desk, trainer, small, monkeypatch):
    first_model(desk, trainer, "init")
    (catalogue,) = activated(desk)
    given(monkeypatch, swapped(materials(200)))
    told = learn(desk, trainer, Order())
    assert told["exam"]["n"] == 40 and told["exam"]["new"]["top1"] > told["exam"]["running"]["top1"]
    assert told["activated"] and "更好" in told["because"]
    assert desk.models.active(LATER).version == told["version"]
    assert activated(desk) == [catalogue, told["version"]]


def test_as_good_is_not_better_but_the_model_is_kept_and_can_be_ordered(desk, trainer, small, monkeypatch):
    first_model(desk, trainer, "init")
    given(monkeypatch, materials(100))
    told = learn(desk, trainer, Order())
    assert told["exam"]["new"] == told["exam"]["running"] == {"top1": 20, "top3": 20}
    assert not told["activated"] and "没有更好" in told["because"]
    assert desk.models.activate(Path(told["version"]), "somebody", LATER) == told["version"]
    assert {each["hash"] for each in rows(desk, "SELECT hash FROM model")} == set(activated(desk))


@pytest.mark.parametrize(
    ("gained", "lost", "live", "words"),
    [
        (0, 0, False, "没有更好"),
        (3, 3, False, "没有更好"),
        (1, 2, False, "没有更好"),
        (1, 0, False, "偶然"),
        (6, 3, False, "偶然"),
        (2, 0, True, "更好"),
        (7, 3, True, "更好"),
    ],
)
def test_better_means_by_more_than_chance(
    desk, trainer, small, monkeypatch, gained: int, lost: int, live: bool, words: str
) -> None:
    first_model(desk, trainer, "init")
    given(monkeypatch, materials(10))
    exam = {"n": 44, "new": {"top1": 20 + gained, "top3": 44}, "running": {"top1": 20 + lost, "top3": 40}}
    monkeypatch.setattr(training.Bench, "exam", lambda *_: {**exam, "gained": gained, "lost": lost})
    told = learn(desk, trainer, Order())
    assert (told["activated"], words in told["because"]) == (live, True)
    assert len(activated(desk)) == 1 + live


def test_an_order_is_an_order(desk, trainer, small, monkeypatch):
    first_model(desk, trainer, "init")
    given(monkeypatch, materials(10))
    told = learn(desk, trainer, Order(activate=True))
    assert told["activated"] and "--activate" in told["because"]


def test_a_running_model_that_cannot_be_read_is_replaced(desk, trainer, small, monkeypatch):
    first_model(desk, trainer, "init")
    shutil.rmtree(desk.models._folder / activated(desk)[0])
    desk.models._looked = None
    given(monkeypatch, materials(10))
    told = learn(desk, trainer, Order())
    assert (told["running"], told["activated"]) == (None, True)
    assert desk.models.active(LATER).version == told["version"]


def test_too_little_to_learn_from_is_said_and_leaves_nothing(desk, trainer, monkeypatch):
    given(monkeypatch, Material(policy(), [], [], [], np.zeros(0, np.int64)))
    with pytest.raises(BadInput, match="训练数据不足"):
        learn(desk, trainer, Order())
    assert activated(desk) == [] and not list(desk.models._folder.glob("*"))


def test_people_read_what_was_learnt_and_why_it_is_used_or_not(desk, trainer, small, monkeypatch, capsys):
    given(monkeypatch, materials(30))
    told = learn(desk, trainer, Order())
    training.show({**told, "left_pack": 2})
    said = capsys.readouterr().out
    assert all(words in said for words in (told["version"], told["because"], "30 件", "2 件", "首选正确"))
    training.show({**told, "honest": None, "version": None})
    assert told["version"] not in capsys.readouterr().out
