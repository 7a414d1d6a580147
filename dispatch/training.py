"""Training at the desk (训练与启用): a first model from the catalogue alone, later ones with the desk's own tickets.

Every lesson and every ticket counts once: as tickets become many they outweigh the lessons by number, and what no
ticket has told of yet stays known from the catalogue.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from classifier.bundle import Trained, save
from classifier.model import Model, load
from dispatch.desk import Desk
from dispatch.learning import Material, catalogue_alone, gather
from dispatch.measuring import LEAST, Bench, Trainer, learnt_by
from dispatch.storage import registry
from dispatch.terminal import table, write
from rules.errors import BadInput


@dataclass(frozen=True, slots=True)
class Order:
    """What to learn from: tickets received in the last `days`, imported history or not; `activate` come what may."""

    days: int = 365
    history: bool = False
    activate: bool = False


def first_model(desk: Desk, trainer: Trainer, actor: str) -> str:
    """Train on the catalogue and use it where no model was ever in use; a Chinese line says what was done, or why not.

    Without scikit-learn, and with a catalogue too small to learn from, the desk runs on rules alone.
    """
    with desk.database.reading() as tx:
        used = registry.activations(tx, "model")
    if used:
        return f"模型已启用（{used[0].hash}）" if used[0].hash else "模型已停用，只按规则派单"
    material = catalogue_alone(desk.packs.active(trainer.now))
    if not material.catalogue:
        return "规则包没有派单目录，训练不了模型，先只按规则派单"
    try:
        trained = _marked(trainer.fitted(material), material, None)
    except BadInput as fault:
        return f"模型没有训练成（{fault.detail}），先只按规则派单"
    except ImportError as fault:
        return f"没有安装训练所需的 {fault.name or fault}，先只按规则派单"
    version = _keep(desk, trainer, trained)
    desk.models.activate(trainer.folder / version, actor, trainer.now)
    return f"已用派单目录（{len(material.catalogue)} 条）训练并启用模型 {version}"


def learn(desk: Desk, trainer: Trainer, order: Order) -> dict[str, Any]:
    """Train on the catalogue and the desk's tickets, measured first on tickets it has not seen; plain JSON comes back.

    The new model is kept under its version. It is used at once if ordered so, if it is better than the running one on
    the newest tickets that neither was trained on, or if there is no running one and nobody switched it off. Where
    catalogue and tickets are those that the running model learnt, nothing is trained. Raises BadInput for too little
    to learn from, and what storage raises.
    """
    material = gather(desk, trainer.now, order.days, order.history)
    running, stopped = _running(desk, trainer.now)
    told = {
        "pack": {"name": material.policy.name, "hash": material.policy.hash},
        "lessons": len(material.catalogue),
        "labels": len(material.own),
        "left_pack": material.left,
        "running": running.version if running else None,
    }
    if running is not None and _same(running, material):
        because = "目录和可学的工单都和现在的模型学过的一样，没有重新训练。"
        none = {"honest": None, "exam": None, "version": None, "activated": False}
        return {**told, **none, "because": because}
    bench = Bench(trainer, material)
    exam = bench.exam(running) if running is not None else None
    honest = bench.honest()
    version = _keep(desk, trainer, _marked(trainer.fitted(material), material, honest))
    activated, because = _verdict(order, exam, stopped)
    if activated:
        desk.models.activate(trainer.folder / version, "learn", trainer.now)
    done = {"version": version, "activated": activated, "because": because}
    return {**told, "honest": honest, "exam": exam, **done}


def _running(desk: Desk, now: datetime) -> tuple[Model | None, bool]:
    """The readable model in use, and whether somebody switched models off."""
    with desk.database.reading() as tx:
        used = registry.activations(tx, "model")
    return desk.models.active(now), bool(used) and not used[0].hash


def _same(running: Model, material: Material) -> bool:
    before, now = learnt_by(running), material.told()
    return all(before.get(key) == now[key] for key in ("pack", "rows"))


def _marked(trained: Trained, material: Material, honest: dict[str, Any] | None) -> Trained:
    """With what it learnt in its manifest."""
    return replace(trained, manifest={**trained.manifest, "learnt": {**material.told(), "honest": honest}})


def _keep(desk: Desk, trainer: Trainer, trained: Trained) -> str:
    """Write the bundle under its version among the desk's own and remember it; the version comes back."""
    trainer.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".learnt-", dir=trainer.folder) as draft:
        version = save(trained, Path(draft) / "bundle")
        kept = trainer.folder / version
        if not kept.exists():
            (Path(draft) / "bundle").rename(kept)
    with desk.database.transaction() as tx:
        registry.keep_model(tx, version, load(kept).manifest, trainer.now)
    return version


def _verdict(order: Order, exam: Mapping[str, Any] | None, stopped: bool) -> tuple[bool, str]:
    """Whether the new model goes into use, and why; `exam` None: no model runs, or none that can be read.

    Better means by more than one standard error of the tickets on which the two differ: one more right of forty is
    chance.
    """
    if order.activate:
        return True, "按 --activate 启用。"
    later = "要启用请用 hotline model activate。"
    if exam is None:
        return (
            (False, f"模型是有人停用的，没有启用；{later}")
            if stopped
            else (True, "目前没有可用的模型，已启用。")
        )
    if exam["new"] is None:
        return (
            False,
            f"两个模型都没学过的新工单只有 {exam['n']} 件，不足 {LEAST} 件，比不出好坏，没有启用；{later}",
        )
    gained, lost = exam["gained"], exam["lost"]
    compared = f"在最新的 {exam['n']} 件工单上首选正确 {exam['new']['top1']} 件，现在的模型 {exam['running']['top1']} 件"
    compared += f"（新对了 {gained} 件，新错了 {lost} 件）"
    if gained <= lost:
        return False, f"{compared}，没有更好，没有启用；{later}"
    if (gained - lost) ** 2 <= gained + lost:
        return False, f"{compared}，差别小到可能是偶然，没有启用；{later}"
    return True, f"{compared}，更好，已启用。"


def show(told: Mapping[str, Any]) -> None:
    """Tell people what `learn` found and did."""
    honest = told["honest"]
    rows = [("派单目录", f"{told['lessons']} 条"), ("可学的工单", f"{told['labels']} 件")]
    if told["left_pack"]:
        rows.append(("单位已不在目录、没有学的工单", f"{told['left_pack']} 件"))
    if honest is not None:
        rows.append(("没学过的工单：首选正确", f"{honest['accuracy']:.1%}（{honest['n']} 件）"))
        rows.append(("没学过的工单：前三含正确", f"{honest['top3']:.1%}"))
    table(("项目", "结果"), rows)
    made = f"新模型 {told['version']}：" if told["version"] else ""
    write(f"{made}{told['because']}")
