"""Which text model the desk uses (模型启用): bundles kept by version, one active, the last one a command away."""

import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from classifier.bundle import BadBundle
from classifier.model import Model, load
from dispatch.storage import registry
from dispatch.storage.database import Database
from rules.errors import BadInput

#: An activated or rolled-back model is used everywhere within this time.
FRESH = timedelta(seconds=5)

log = structlog.get_logger(__name__)


class NoEarlierModel(BadInput):
    """没有更早的模型可以退回。"""

    code = "no_earlier_model"


class Models:
    """The bundles of this desk; the active one is loaded once and kept until another goes live."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._loaded: Model | None = None
        self._version: str | None = None
        self._looked: datetime | None = None
        self._lock = threading.Lock()
        self.fault: str | None = None

    def active(self, now: datetime) -> Model | None:
        """The model in use; None when there is none or its bundle cannot be read (then rules decide alone).

        `fault` says in Chinese what is wrong with the bundle; readiness and decisions show it.
        """
        with self._lock:
            if self._looked is None or not timedelta(0) <= now - self._looked < FRESH:
                with self._database.reading() as tx:
                    version = registry.active(tx, "model")
                self._looked = now
                if version != self._version or (version is not None and self._loaded is None):
                    self._take(version)
            return self._loaded

    def _take(self, version: str | None) -> None:
        self._loaded, self._version, self.fault = None, version, None
        if version is None:
            return
        try:
            self._loaded = load(self._folder / version)
        except BadBundle as fault:
            self.fault = fault.detail
            log.error("model_unreadable", version=version, why=fault.detail)

    def activate(self, bundle: Path, actor: str, now: datetime) -> str:
        """Copy a sound bundle into the desk's own folder and use it from now on; its version comes back.

        `bundle` is a folder, or the version of a bundle that the desk keeps already. Raises BadBundle.
        """
        source = bundle if bundle.is_dir() else self._folder / bundle.name
        model = load(source)
        kept = self._folder / model.version
        if not kept.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = self._folder / f".{model.version}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(source, draft)
            load(draft)
            draft.rename(kept)
        with self._database.transaction() as tx:
            registry.keep_model(tx, model.version, model.manifest, now)
            registry.activate(tx, "model", model.version, actor, now)
        self._looked = None
        return model.version

    def rollback(self, actor: str, now: datetime) -> str:
        """Use the model that was in use before the present one. Raises NoEarlierModel."""
        with self._database.transaction() as tx:
            used = [each.hash for each in registry.activations(tx, "model")]
            earlier = next((each for each in used if each != used[0]), None)
            if earlier is None:
                raise NoEarlierModel(hint="请先用 hotline model activate 启用另一个模型。")
            load(self._folder / earlier)
            registry.activate(tx, "model", earlier, actor, now)
        self._looked = None
        return earlier
