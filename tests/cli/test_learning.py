"""The first model and those after it on the command line (首个模型与再训练)."""

import sys

import pytest

from rules.pack_records import BY_PLACE
from tests.cli.conftest import hotline, told

NEEDS = {
    "pack",
    "lessons",
    "labels",
    "left_pack",
    "running",
    "honest",
    "exam",
    "version",
    "activated",
    "because",
}


def test_a_fresh_desk_has_a_model_of_its_catalogue_and_learns_again_only_what_is_new(tmp_path) -> None:
    folder = tmp_path / "data"
    first = hotline("init", "--dir", folder)
    assert first.exit_code == 0 and "测算" in first.stderr  # progress, apart from the result
    (model,) = told(hotline("model", "list", "--dir", folder, "--json"))
    assert model["active"] and model["version"] in first.stdout
    assert model["learnt"]["lessons"] > 1000 and model["learnt"]["labels"] == 0
    assert {"label": BY_PLACE, "department": BY_PLACE} in model["labels"]
    shown = hotline("model", "list", "--dir", folder).stdout
    assert "不在目录" not in shown and BY_PLACE not in shown
    second = hotline("init", "--dir", folder)
    assert model["version"] in second.stdout and second.stderr == ""
    learnt = told(hotline("model", "learn", "--dir", folder, "--json"))
    assert set(learnt) == NEEDS
    assert (learnt["running"], learnt["version"], learnt["activated"]) == (model["version"], None, False)
    assert learnt["because"] in hotline("model", "learn", "--dir", folder).stdout
    assert told(hotline("doctor", "--dir", folder, "--json"))["ok"] is True


def test_no_model_means_none_until_somebody_says_learn(desk_dir) -> None:
    assert told(hotline("model", "list", "--dir", desk_dir, "--json")) == []
    learnt = told(hotline("model", "learn", "--days", 30, "--dir", desk_dir, "--json"))
    assert (learnt["labels"], learnt["honest"], learnt["activated"]) == (0, None, True)
    assert told(hotline("model", "list", "--dir", desk_dir, "--json"))[0]["version"] == learnt["version"]


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where scikit-learn was not installed."""
    monkeypatch.delitem(sys.modules, "classifier.train", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)


def test_without_the_training_library_a_desk_starts_on_rules_and_says_so(no_library: None, tmp_path) -> None:
    result = hotline("init", "--dir", tmp_path / "data")
    assert result.exit_code == 0 and "sklearn" in result.stdout and "只按规则派单" in result.stdout
    assert told(hotline("model", "list", "--dir", tmp_path / "data", "--json")) == []


def test_without_the_training_library_nothing_is_learnt_and_nothing_is_half_done(
    no_library: None, desk_dir
) -> None:
    result = hotline("model", "learn", "--dir", desk_dir)
    assert result.exit_code == 2 and result.stdout == "" and "sklearn" in result.stderr
    assert told(hotline("model", "list", "--dir", desk_dir, "--json")) == []


@pytest.mark.parametrize("days", ["0", "-1", "3661", "many"])
def test_a_span_that_is_none_is_refused(days: str, desk_dir) -> None:
    result = hotline("model", "learn", "--days", days, "--dir", desk_dir)
    assert result.exit_code == 2 and "Traceback" not in result.stderr


def test_before_init_learning_says_to_run_it(tmp_path) -> None:
    result = hotline("model", "learn", "--dir", tmp_path / "none")
    assert result.exit_code == 2 and "hotline init" in result.stderr
