"""How good a new model is (模型测算): on the desk's own tickets, and always on such as it has not seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.bundle import Trained
from classifier.calibrate import TOP
from classifier.groups import assign_folds
from classifier.measures import figures
from classifier.model import Model, Suggestion
from dispatch.learning import Material, label_for
from rules.lessons import Lesson

Fit = Callable[..., Trained]
Say = Callable[[str], None]

#: The tickets are dealt over so many parts, each read by a model of the others.
PARTS = 5
#: From this many tickets on the newest fifth alone is read: every part costs a training, which takes minutes then.
MANY = 2_000
#: On fewer tickets than this two models are not told apart.
LEAST = 20

_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trainer:
    """What training needs: the function that fits, the desk's models folder, the time, and where progress is told."""

    fit: Fit
    folder: Path
    now: datetime
    say: Say

    def fitted(self, material: Material, kept: _Mask | None = None) -> Trained:
        """A model of the catalogue and the tickets; with `kept` of those tickets alone, for departments only."""
        rows, matters = material.rows(kept)
        return self.fit(
            [each.text for each in rows],
            [each.label for each in rows],
            groups=matters,
            categories=[each.category for each in rows] if kept is None else None,
            now=self.now,
            names={code: each.name for code, each in material.policy.departments.items()},
            progress=self.say if kept is None else _quiet,
        )


def _quiet(_: str) -> None:
    return None


def learnt_by(model: Model) -> Mapping[str, Any]:
    """What the manifest says that the model learnt (`Material.told`); nothing for one that was trained elsewhere."""
    said = model.manifest.get("learnt")
    return said if isinstance(said, Mapping) else {}


class Bench:
    """Measures what `material` teaches; a model that two measurements need is trained once."""

    def __init__(self, trainer: Trainer, material: Material) -> None:
        self._trainer = trainer
        self._material = material
        self._n = len(material.own)
        self._made: dict[bytes, Model] = {}

    def honest(self) -> dict[str, Any] | None:
        """The figures of `measures.figures` on tickets that the model did not see; None with fewer than two matters."""
        held = self._parts()
        gold: list[str] = []
        said: list[Suggestion] = []
        for nth, part in enumerate(held, 1):
            self._trainer.say(f"测算工单第 {nth} 份，共 {len(held)} 份…")
            rows = self._rows(part)
            gold += [each.label for each in rows]
            said += self._without(part).suggest_many([each.text for each in rows], explain=False)
        if not held:
            return None
        sure = np.array([each.labels[0][1] if each.labels else 0.0 for each in said], np.float64)
        alone = np.array([not each.abstain for each in said], np.bool_)
        found = figures(gold, [[label for label, _ in each.labels] for each in said], sure, alone)
        shares = f"首选正确 {found['accuracy']:.1%}，前三含正确 {found['top3']:.1%}"
        self._trainer.say(f"没学过的 {found['n']} 件工单里，{shares}")
        return found

    def exam(self, running: Model) -> dict[str, Any]:
        """The new model against the running one on the newest fifth, but for what the running one was trained on.

        How many tickets `n`, how many of them each has right at first and among its first three, and how many the new
        one `gained` and `lost` at first; None but for `n` where fewer than LEAST are left.
        """
        held = self._newest()
        until = learnt_by(running).get("until")
        if until is not None:
            seen = datetime.fromisoformat(until)
            held &= np.array([each.received_at > seen for each in self._material.labels], np.bool_)
        rows = self._rows(held)
        if len(rows) < LEAST:
            return {"n": len(rows), **dict.fromkeys(("new", "running", "gained", "lost"))}
        self._trainer.say(f"与现在的模型在最新的 {len(rows)} 件工单上比较…")
        new, old = self._places(self._without(held), rows), self._places(running, rows)
        return {
            "n": len(rows),
            "new": _right(new),
            "running": _right(old),
            "gained": sum(a == 0 != b for a, b in zip(new, old, strict=True)),
            "lost": sum(b == 0 != a for a, b in zip(new, old, strict=True)),
        }

    def _parts(self) -> list[_Mask]:
        matters = len(np.unique(self._material.groups))
        if matters < 2:
            return []
        if self._n >= MANY:
            return [self._newest()]
        parts = min(PARTS, matters)
        folds = assign_folds(self._material.groups, parts, 0)
        return [folds == part for part in range(parts)]

    def _newest(self) -> _Mask:
        return np.arange(self._n) >= self._n - self._n // PARTS

    def _rows(self, held: _Mask) -> list[Lesson]:
        return [self._material.own[at] for at in np.flatnonzero(held)]

    def _without(self, held: _Mask) -> Model:
        """A model that saw none of the held tickets, nor their near-twins; it is never written down."""
        groups = self._material.groups
        kept = ~np.isin(groups, groups[held])
        if kept.tobytes() not in self._made:
            self._made = {kept.tobytes(): Model(self._trainer.fitted(self._material, kept), "")}
        return self._made[kept.tobytes()]

    def _places(self, model: Model, rows: Sequence[Lesson]) -> list[int]:
        """At which place from 0 on the model has the right label of each row, TOP where it has it nowhere.

        Labels count as the department they stand for in the pack in use: a bundle may have names for labels.
        """
        policy = self._material.policy
        places = []
        for row, said in zip(
            rows, model.suggest_many([each.text for each in rows], explain=False), strict=True
        ):
            ranked = list(dict.fromkeys(label_for(label, policy) or label for label, _ in said.labels))
            places.append(ranked.index(row.label) if row.label in ranked else TOP)
        return places


def _right(places: Sequence[int]) -> dict[str, int]:
    return {"top1": sum(each < 1 for each in places), "top3": sum(each < 3 for each in places)}
