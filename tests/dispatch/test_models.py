"""Which model the desk uses (模型启用): copied whole, live within seconds, taken back by one command."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifier.bundle import BadBundle
from classifier.train import fit, save
from dispatch.models import Models, NoEarlierModel
from tests.desks import rows
from tests.dispatch.test_receive import at_once
from tests.dispatch.test_triage import phrases
from tests.stories import at

NOW = at("2026-09-28 10:00")
LATER = NOW + timedelta(seconds=5)


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """Two different small models, and their versions told by their manifests."""
    folder = tmp_path_factory.mktemp("two")
    made = []
    for name, departments in (("one", "甲乙丙"), ("two", "丁戊己")):
        texts, labels = zip(*phrases(list(departments)), strict=True)
        save(fit(list(texts), list(labels), now=datetime(2026, 9, 1, tzinfo=UTC)), folder / name)
        made.append(folder / name)
    return made


def test_an_activated_model_is_copied_so_that_the_original_may_go(desk, bundles, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(bundles[0], moved)
    version = desk.models.activate(moved, "test", NOW)
    shutil.rmtree(moved)
    assert desk.models.active(NOW).version == version
    assert Models(desk.database, desk.models._folder).active(NOW).version == version
    assert [each["hash"] for each in rows(desk, "SELECT hash FROM model")] == [version]


def test_another_process_learns_of_it_within_seconds(desk, bundles):
    other = Models(desk.database, desk.models._folder)
    assert other.active(NOW) is None
    version = desk.models.activate(bundles[0], "test", NOW)
    assert other.active(NOW + timedelta(seconds=4)) is None
    assert other.active(LATER).version == version


def test_back_to_the_one_before_and_there_again(desk, bundles):
    first, second = (desk.models.activate(each, "test", NOW) for each in bundles)
    assert first != second
    assert desk.models.rollback("test", NOW) == first
    assert desk.models.active(LATER).version == first
    assert desk.models.rollback("test", NOW) == second


def test_without_an_earlier_model_there_is_no_way_back(desk, bundles):
    with pytest.raises(NoEarlierModel) as caught:
        desk.models.rollback("test", NOW)
    assert "activate" in caught.value.advice
    desk.models.activate(bundles[0], "test", NOW)
    desk.models.activate(bundles[0], "test", NOW)
    with pytest.raises(NoEarlierModel):
        desk.models.rollback("test", NOW)


def test_the_way_back_to_a_broken_bundle_is_refused_and_nothing_changes(desk, bundles):
    first, second = (desk.models.activate(each, "test", NOW) for each in bundles)
    shutil.rmtree(desk.models._folder / first)
    with pytest.raises(BadBundle):
        desk.models.rollback("test", NOW)
    assert desk.models.active(LATER).version == second
    assert rows(desk, "SELECT count(*) AS n FROM activation WHERE kind = 'model'") == [{"n": 2}]


def test_a_kept_version_is_activated_by_its_name(desk, bundles):

    first, _ = (desk.models.activate(each, "test", NOW) for each in bundles)
    assert desk.models.activate(Path(first), "test", NOW) == first
    assert desk.models.active(LATER).version == first


@pytest.mark.parametrize("what", ["missing", "empty", "foreign", "torn"])
def test_a_bad_bundle_is_refused_before_anything_is_kept(desk, bundles, tmp_path, what):
    bad = tmp_path / "bad"
    if what != "missing":
        bad.mkdir()
    if what == "foreign":
        (bad / "manifest.json").write_text('{"format": "other"}')
    if what == "torn":
        shutil.copytree(bundles[0], bad, dirs_exist_ok=True)
        sorted(bad.glob("*.npz"))[0].write_bytes(b"PK")
    with pytest.raises(BadBundle):
        desk.models.activate(bad, "test", NOW)
    assert rows(desk, "SELECT * FROM activation WHERE kind = 'model'") == []
    assert desk.models.active(NOW) is None
    assert desk.models.fault is None


def test_a_bundle_that_is_mended_is_used_again(desk, bundles):
    version = desk.models.activate(bundles[0], "test", NOW)
    kept = desk.models._folder / version
    kept.rename(kept.with_name("away"))
    assert desk.models.active(NOW) is None
    assert desk.models.fault
    kept.with_name("away").rename(kept)
    assert desk.models.active(LATER).version == version
    assert desk.models.fault is None


def test_many_that_ask_at_once_load_it_once(desk, bundles):
    desk.models.activate(bundles[0], "test", NOW)
    assert len({id(each) for each in at_once(6, lambda _i: desk.models.active(NOW))}) == 1
