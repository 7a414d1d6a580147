"""Bundles: whole or not at all, and nothing foreign gets in."""

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from classifier.bundle import BadBundle, BundleTaken, Trained, read, refuse_if_taken, save
from classifier.model import load

TEXT = "望江小区水管爆裂漏水严重"


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


def retell(folder: Path, change: Callable[[dict], object]) -> None:
    manifest = folder / "manifest.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    change(told)
    manifest.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def swap(folder: Path, name: str, content: bytes) -> None:
    """Another file, its hash put right: only the content can give it away."""
    (folder / name).write_bytes(content)
    retell(folder, lambda told: told["files"][name].update(sha256=sha256(content).hexdigest()))


def test_what_was_trained_answers_the_same_after_the_disk(trained: Trained, bundle: Path) -> None:
    again, version = read(bundle)
    assert again.heads[0].labels == trained.heads[0].labels
    assert again.heads[0].calibration == trained.heads[0].calibration
    for name in ("starts", "columns", "values", "bias"):
        np.testing.assert_array_equal(
            getattr(again.heads[0].weights, name), getattr(trained.heads[0].weights, name)
        )
    np.testing.assert_array_equal(again.heads[0].parts, trained.heads[0].parts)
    np.testing.assert_array_equal(again.vocabulary.codes, trained.vocabulary.codes)
    assert load(bundle).version == version == save(trained, bundle)


def test_the_manifest_says_what_one_must_know(bundle: Path) -> None:
    told = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    assert told["created"] == "2026-11-02T09:00:00+00:00"
    assert set(told["libraries"]) == {"python", "numpy", "scipy", "scikit-learn", "jieba"}
    assert set(told["files"]) == {p.name for p in bundle.iterdir()} - {"manifest.json"}
    assert len(told["dictionary"]) == len(told["training"]["fingerprint"]) == 64
    assert set(told["measured"]) == {"department", "category"}


def test_equal_training_gives_equal_bytes(trained: Trained, bundle: Path, tmp_path: Path) -> None:
    save(trained, tmp_path / "twin")
    for file in bundle.iterdir():
        assert (tmp_path / "twin" / file.name).read_bytes() == file.read_bytes()


def test_something_else_is_never_overwritten(trained: Trained, bundle: Path, tmp_path: Path) -> None:
    other = replace(trained, manifest={**trained.manifest, "created": "later"})
    before = {file.name: file.read_bytes() for file in bundle.iterdir()}
    with pytest.raises(BundleTaken, match="没有覆盖"):
        save(other, bundle)
    assert {file.name: file.read_bytes() for file in bundle.iterdir()} == before
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("file", "dangling"):
        with pytest.raises(BundleTaken):
            refuse_if_taken(tmp_path / name)


def test_an_empty_folder_and_missing_parents_are_fine(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    save(trained, tmp_path / "empty")
    save(trained, tmp_path / "a" / "b")
    assert load(tmp_path / "empty").version == load(tmp_path / "a" / "b").version


def test_a_torn_save_leaves_nothing(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="disk full"):
        save(trained, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["manifest.json", "vocabulary.npz", "department.npz", "category.npz"])
@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "flipped"])
def test_a_damaged_bundle_is_refused_in_chinese(copy: Path, name: str, harm: str) -> None:
    file = copy / name
    content = file.read_bytes()
    if harm == "missing":
        file.unlink()
    elif harm == "empty":
        file.write_bytes(b"")
    elif harm == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) // 2
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 0x80]) + content[middle + 1 :])
    with pytest.raises(BadBundle, match="模型包") as caught:
        load(copy)
    assert caught.value.as_dict()["hint"]


@pytest.mark.parametrize(
    "content", [b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": "something else"}']
)
def test_a_foreign_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(BadBundle):
        load(tmp_path)


def test_no_folder_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "none", tmp_path / "file", tmp_path):
        with pytest.raises(BadBundle):
            load(path)


def test_another_format_version_says_to_train_again(copy: Path) -> None:
    retell(copy, lambda told: told.update(format_version=99))
    with pytest.raises(BadBundle, match="重新训练"):
        load(copy)


def test_names_of_heads_cannot_lead_out_of_the_folder(copy: Path) -> None:
    shutil.copy(copy / "department.npz", copy.parent / "outside.npz")
    retell(copy, lambda told: told["heads"][0].update(name="../outside"))
    with pytest.raises(BadBundle):
        load(copy)


def test_a_pickle_with_the_right_hash_runs_nothing(copy: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "sprung",)

    for content in (pickle.dumps(Trap()), b""):
        swap(copy, "department.npz", content)
        with pytest.raises(BadBundle):
            load(copy)
    np.savez(tmp_path / "trap.npz", sizes=np.array([Trap()], dtype=object))
    swap(copy, "department.npz", (tmp_path / "trap.npz").read_bytes())
    with pytest.raises(BadBundle):
        load(copy)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("columns", lambda a: np.full_like(a, 60_000)),
        ("columns", lambda a: a[:-1]),
        ("sizes", lambda a: a[:-1]),
        ("sizes", lambda a: a + 1),
        ("values", lambda a: np.full_like(a, np.nan)),
        ("bias", lambda a: a[:-1]),
        ("bias", lambda a: np.full_like(a, np.inf)),
        ("parts", lambda a: a[:, :-1]),
        ("parts", lambda a: a[:0]),
        ("parts", lambda a: a - 1),
        ("parts", lambda a: a + 1_000),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(
    copy: Path, tmp_path: Path, part: str, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    with np.load(copy / "department.npz") as packed:
        arrays = {key: packed[key] for key in packed.files}
    arrays[part] = change(arrays[part])
    np.savez(tmp_path / "changed.npz", **arrays)
    swap(copy, "department.npz", (tmp_path / "changed.npz").read_bytes())
    with pytest.raises(BadBundle):
        load(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head["labels"].pop(),
        lambda head: head["labels"].__setitem__(0, head["labels"][1]),
        lambda head: head["calibration"].update(gate=-1),
        lambda head: head["calibration"].pop("curve_x"),
    ],
)
def test_a_manifest_that_does_not_fit_its_arrays_is_refused(
    copy: Path, change: Callable[[dict], object]
) -> None:
    retell(copy, lambda told: change(told["heads"][0]))
    with pytest.raises(BadBundle):
        load(copy)
