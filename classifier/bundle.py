"""A model on disk (模型包): arrays and a manifest with their hashes; no pickle, so reading runs no code."""

import hashlib
import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.calibrate import Calibration
from classifier.head import Head, Weights
from classifier.ngrams import Vocabulary
from rules.errors import DeskError

FORMAT = "hotline-text-model"
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
HEADS = ("department", "category")
_VOCABULARY = "vocabulary"
_Arrays = dict[str, NDArray[Any]]


class BadBundle(DeskError):
    """模型包缺失、损坏或不是本系统的模型包。"""

    code = "bad_bundle"
    status = 422
    hint = "请检查路径，或用 hotline train 重新训练；没有模型时系统只按规则派单。"


class BundleTaken(DeskError):
    """目标位置已有别的内容，没有覆盖。"""

    code = "bundle_taken"
    status = 409
    hint = "请换一个文件夹名，或先把原来的移走。"


@dataclass(frozen=True, slots=True)
class Trained:
    """What training gives (训练结果): vocabulary, one or two heads, and what the manifest says about them."""

    vocabulary: Vocabulary
    heads: tuple[Head, ...]
    manifest: dict[str, Any]


def refuse_if_taken(out: Path) -> None:
    """Raise BundleTaken when `out` exists and is not an empty folder: better before a minute of training."""
    if out.is_dir() and not any(out.iterdir()):
        return
    if os.path.lexists(out):
        raise BundleTaken(f"{out.name} 已经存在，没有覆盖。")


def save(trained: Trained, out: Path) -> str:
    """Write the bundle as folder `out`, whole or not at all, and return its version.

    The very same bundle already there is left as it is. Raises BundleTaken for anything else that is there,
    OSError when the disk refuses.
    """
    files = {f"{name}.npz": _pack(arrays) for name, arrays in _arrays(trained).items()}
    manifest = _manifest_bytes(trained, files)
    if (out / MANIFEST).is_file() and (out / MANIFEST).read_bytes() == manifest:
        read(out)
        return version_of(manifest)
    refuse_if_taken(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".bundle-", dir=out.parent))
    try:
        for name, content in {**files, MANIFEST: manifest}.items():
            _write(part / name, content)
        part.chmod(0o755)
        _sync_folder(part)
        part.rename(out)
        _sync_folder(out.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return version_of(manifest)


def read(folder: Path) -> tuple[Trained, str]:
    """Read a bundle and its version. Raises BadBundle for whatever is missing, foreign, altered or torn."""
    try:
        manifest = (folder / MANIFEST).read_bytes()
        told = json.loads(manifest)
    except (OSError, ValueError, RecursionError) as fault:
        raise BadBundle(f"模型包 {folder.name} 读不出清单文件 {MANIFEST}。") from fault
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise BadBundle(f"{folder.name} 不是本系统的模型包。")
    if told.get("format_version") != FORMAT_VERSION:
        raise BadBundle(f"模型包 {folder.name} 的格式版本与本系统不符，请用本系统重新训练。")
    try:
        return _rebuild(folder, told), version_of(manifest)
    except Exception as fault:  # a stranger's bytes break zip, numpy and us in more ways than can be listed
        raise BadBundle(f"模型包 {folder.name} 的内容与清单不符，可能已损坏。") from fault


def version_of(manifest: bytes) -> str:
    """Twelve characters that name a bundle: the manifest holds the hash of every other file."""
    return hashlib.sha256(manifest).hexdigest()[:12]


def _arrays(trained: Trained) -> dict[str, _Arrays]:
    vocabulary = trained.vocabulary
    found: dict[str, _Arrays] = {_VOCABULARY: {"codes": vocabulary.codes, "idf": vocabulary.idf}}
    for head in trained.heads:
        weights, small = head.weights, len(head.weights.bias) <= np.iinfo(np.uint16).max
        found[head.name] = {
            "sizes": np.diff(weights.starts).astype(np.uint32),
            "columns": weights.columns.astype(np.uint16 if small else np.uint32),
            "values": weights.values.astype(np.float16),
            "bias": weights.bias,
            "parts": head.parts,
        }
    return found


def _pack(arrays: _Arrays) -> bytes:
    target = io.BytesIO()
    np.savez_compressed(target, allow_pickle=False, **arrays)
    return target.getvalue()


def _manifest_bytes(trained: Trained, files: dict[str, bytes]) -> bytes:
    told = dict(trained.manifest)
    told["heads"] = [
        {"name": head.name, "labels": list(head.labels), "calibration": head.calibration.as_dict()}
        for head in trained.heads
    ]
    told["files"] = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in sorted(files.items())
    }
    return (json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rebuild(folder: Path, told: dict[str, Any]) -> Trained:
    names = [str(head["name"]) for head in told["heads"]]
    if names not in (list(HEADS[:1]), list(HEADS)):  # names become file names: nothing but these
        raise ValueError(f"heads {names}")
    packed = {name: _load(folder, name, told["files"]) for name in (_VOCABULARY, *names)}
    words = packed[_VOCABULARY]
    vocabulary = Vocabulary(words["codes"].astype(np.int64), words["idf"].astype(np.float32))
    _demand(vocabulary.codes.shape == vocabulary.idf.shape, vocabulary.codes.ndim == 1)
    _demand(bool(np.all(np.diff(vocabulary.codes) > 0)), bool(np.all(np.isfinite(vocabulary.idf))))
    heads = tuple(_head(head, packed[head["name"]], len(vocabulary)) for head in told["heads"])
    return Trained(vocabulary, heads, told)


def _load(folder: Path, name: str, files: dict[str, Any]) -> _Arrays:
    content = (folder / f"{name}.npz").read_bytes()
    _demand(hashlib.sha256(content).hexdigest() == files[f"{name}.npz"]["sha256"])
    with np.load(io.BytesIO(content), allow_pickle=False) as packed:
        return {key: packed[key] for key in packed.files}


def _head(told: dict[str, Any], packed: _Arrays, features: int) -> Head:
    labels = tuple(str(label) for label in told["labels"])
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(packed["sizes"], dtype=np.int64)])
    columns, values, bias, parts = (packed[name] for name in ("columns", "values", "bias", "parts"))
    _demand(len(labels) >= 2, len(set(labels)) == len(labels), all(labels), bias.ndim == 1)
    _demand(parts.ndim == 2, len(parts) > 0, parts.shape[1] == len(labels))
    _demand(0 <= int(parts.min()) <= int(parts.max()) < len(bias))
    _demand(len(starts) == features + 1, columns.shape == values.shape == (int(starts[-1]),))
    _demand(not len(columns) or 0 <= int(columns.min()) <= int(columns.max()) < len(bias))
    _demand(bool(np.all(np.isfinite(values))), bool(np.all(np.isfinite(bias))))
    weights = Weights(starts, columns.astype(np.int32), values.astype(np.float32), bias.astype(np.float32))
    calibration = Calibration.from_dict(told["calibration"])
    return Head(str(told["name"]), labels, weights, calibration, parts.astype(np.int32))


def _demand(*true: bool) -> None:
    if not all(true):
        raise ValueError("the arrays contradict each other or the manifest")
