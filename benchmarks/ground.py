"""A real desk to be measured (试验台): fresh database and queue server, key, pack and model, and its parts as processes."""

import http.client
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from classifier import train
from dispatch import install, packs, settings
from dispatch.desk import Desk, open_desk
from dispatch.embedded import EmbeddedQueue, Tethered
from dispatch.settings import Settings
from rules.policy import Policy, parse
from rules.terms import Role
from tests.servers import fresh_database, running_postgres

HOUSE = Path(__file__).resolve().parent.parent
PACK = "demo-county"
READY_SECONDS = 60.0

#: Debian's own sizes, disk flushes on. Commit times are kept so that lag can be read from outside, afterwards.
POSTGRES = {"shared_buffers": "128MB", "track_commit_timestamp": "on"}


class PartFailed(RuntimeError):
    """A part of the desk did not start, or ended; the message holds its last words."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A prepared desk: its settings, the API key of a dispatcher, the pack, its folder."""

    settings: Settings
    key: str
    policy: Policy
    folder: Path

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment in which the parts of this desk run."""
        named = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
        return {
            **named,
            "HOTLINE_DATABASE_URL": self.settings.database_url,
            "HOTLINE_DIR": str(self.folder),
            "PYTHONPATH": str(HOUSE),
        }

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The desk opened in this process."""
        with _opened(self.settings) as opened:
            yield opened


class Part:
    """One part of the desk as a process group of its own, which ends with us however we end."""

    def __init__(
        self, name: str, command: list[str], ground: Ground, more: Mapping[str, str] | None = None
    ) -> None:
        """Start `command` (the arguments of Python) in `ground`, with `more` added to its environment."""
        self.name = name
        self._command = [sys.executable, *command]
        self._environ = {**ground.environ, **(more or {})}
        self._log: IO[bytes] = (ground.folder / f"{name}.log").open("a+b")
        self.start()

    def start(self) -> None:
        """Start, also again after an end."""
        self._server = Tethered(self._command, log=self._log, cwd=HOUSE, env=self._environ)

    @property
    def group(self) -> int:
        """The number of its process group."""
        return self._server.process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._server.alive()

    def kill(self) -> None:
        """kill -9 of every process of this part at once."""
        os.killpg(self.group, signal.SIGKILL)
        self._server.process.wait()

    def children(self) -> list[int]:
        """The processes of this part that another of its processes started with multiprocessing: uvicorn's servers."""
        group = self.group
        numbers = (each.name for each in Path("/proc").iterdir() if each.name.isdigit())
        return [int(number) for number in numbers if _is_server(int(number), group)]

    def stop(self) -> None:
        """Ask it to end and wait for it."""
        self._server.stop(10.0)
        self._log.close()

    def said(self) -> str:
        """The end of what it wrote."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")[-3000:]


def _is_server(process: int, group: int) -> bool:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        return os.getpgid(process) == group and b"spawn_main" in command
    except OSError:  # it ended meanwhile
        return False


def free_port() -> int:
    """A port of this machine that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def hotline(ground: Ground, *words: str) -> Part:
    """A part by the `hotline` command."""
    return Part(words[0], ["-c", "from cli import app; app()", *words], ground)


def serve(ground: Ground, port: int, workers: int) -> Part:
    """The HTTP door as the `hotline` command starts it; give it to `wait_for`."""
    return hotline(ground, "serve", "--port", str(port), "--workers", str(workers))


def wait_for(part: Part, port: int, path: str = "/healthz") -> None:
    """Until `path` answers 200 on `port`. Raises PartFailed."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if not part.alive():
            break
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", path)
                if connection.getresponse().status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise PartFailed(f"{part.name}: {part.said()}")


def prepare(folder: Path, url: str | None, model: bool = False) -> Ground:
    """Set a desk up in `folder`, on SQLite there or on the database at `url`, with the catalogue's model if wanted."""
    found = settings.read({}, database=url, dir=folder)
    now = datetime.now(UTC)
    install.init(found, PACK, os.urandom, now)
    policy = parse(packs.read_folder(PACK))
    with _opened(found) as desk:
        key = install.add_key(desk.database, policy, "bench", Role.DISPATCHER, None, os.urandom, now)
        if model:
            desk.models.activate(learn(policy, folder / "bundle", now), "bench", now)
    return Ground(found, key, policy, folder)


@contextmanager
def _opened(found: Settings) -> Iterator[Desk]:
    desk = open_desk(found, os.urandom)
    try:
        yield desk
    finally:
        desk.database.close()


def learn(policy: Policy, folder: Path, now: datetime) -> Path:
    """A model from the examples in the pack's catalogue."""
    rows = [
        (phrase, each.department, each.code)
        for each in policy.categories.values()
        if each.department
        for phrase in each.phrases
    ]
    texts, labels, codes = ([row[column] for row in rows] for column in range(3))
    train.save(train.fit(texts, [str(label) for label in labels], categories=codes, now=now), folder)
    return folder


@contextmanager
def ground_on(kind: str, model: bool = False) -> Iterator[Ground]:
    """A desk on "postgresql" (a server of its own, fsync on) or "sqlite", and the embedded queue server; removed after."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="hotline-bench-")))
        url = None
        if kind == "postgresql":
            server = held.enter_context(running_postgres(durable=True, options=POSTGRES))
            url = held.enter_context(fresh_database(server))
        ground = prepare(folder, url, model)
        held.enter_context(EmbeddedQueue(folder, ground.settings.socket))
        yield ground


@contextmanager
def parts(*started: Part) -> Iterator[None]:
    """Stop every part at the end."""
    try:
        yield
    finally:
        for part in started:
            part.stop()


def secret() -> str:
    """A new Idempotency-Key."""
    return secrets.token_hex(12)
