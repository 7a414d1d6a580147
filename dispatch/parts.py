"""The parts of the demo as processes (各部件进程): started together, watched, stopped together, never left behind."""

import http.client
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dispatch
from dispatch.embedded import EmbeddedQueue, Tethered
from dispatch.settings import NAMES, Settings
from rules.errors import BadInput, DeskError

READY_SECONDS = 30.0
#: Everything is to be gone five seconds after the signal; the queue, stopped last, has three of them.
STOP_SECONDS = 1.8
POLL_SECONDS = 0.1
MOST_RESTARTS = 5

#: Where the doors lie, so that a child finds them however this desk was installed.
_HOME = Path(dispatch.__file__).parent.parent


class PartDied(DeskError):
    """一个部件起不来。"""

    code = "part_died"
    status = 503


class PortTaken(BadInput):
    """端口已被占用。"""

    code = "port_taken"


@contextmanager
def shared_counts() -> Iterator[Path]:
    """A folder for the counters that several web processes share, gone afterwards.

    In memory where the system offers it: on a disk each count may wait for the database's next commit.
    """
    memory = Path("/dev/shm")  # noqa: S108  (ours alone: mkdtemp makes it 0700)
    with tempfile.TemporaryDirectory(
        prefix="hotline-metrics-", dir=memory if os.access(memory, os.W_OK) else None
    ) as folder:
        yield Path(folder)


def require_free(host: str, port: int) -> None:
    """Raise PortTaken, with a hint, unless a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as fault:
            hint = f"请换一个端口，例如 --port {port + 1 if port < 65000 else 8000}；或先停掉占用它的程序。"
            raise PortTaken(f"{host}:{port} 不能用：端口已被占用，或没有权限。", hint) from fault


@dataclass(slots=True)
class _Part:
    """One process: its command, its log, how often it had to be started."""

    name: str
    command: Sequence[str]
    log: Path
    starts: int = 0
    process: Tethered | None = field(default=None, repr=False)


class Parts:
    """API with console, worker and ticker around one embedded queue; all of them end with this process."""

    def __init__(
        self, found: Settings, port: int, environ: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        """`found` names the folder and the database, `say` hears in Chinese what happens to the parts."""
        self._found = found
        self._port = port
        self._say = say
        self._queue = EmbeddedQueue(found.dir, found.socket)
        self._env = {name: value for name, value in environ.items() if name not in NAMES}
        path = [str(_HOME), environ.get("PYTHONPATH", "")]
        self._env["PYTHONPATH"] = ":".join(each for each in path if each)
        flags = {
            "serve": ["--port", str(port), "--host", "127.0.0.1"],
            "worker": [],
            "ticker": [],
        }
        self._parts = [
            _Part(name, self._command(name, own), found.dir / f"{name}.log") for name, own in flags.items()
        ]

    def _command(self, name: str, own: Sequence[str]) -> list[str]:
        where = ["--dir", str(self._found.dir), "--database", self._found.database_url]
        return [
            sys.executable,
            "-P",
            "-m",
            "cli",
            name,
            *own,
            *where,
            "--redis",
            f"unix://{self._found.socket}",
        ]

    def start(self) -> None:
        """Start everything and wait until it answers. Raises PartDied, QueueStartFailed."""
        self._queue.start()
        for part in self._parts:
            self._launch(part)
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(self._port):
            dead = next((each for each in self._parts if not _alive(each)), None)
            if dead is not None or time.monotonic() > deadline:
                slow = dead or self._parts[0]
                raise PartDied(f"{slow.name} 没有起来：{_tail(slow.log)}", f"完整日志在 {slow.log}")
            time.sleep(POLL_SECONDS)

    def _launch(self, part: _Part) -> None:
        part.starts += 1
        with part.log.open("ab") as log:
            part.process = Tethered(part.command, log=log, cwd=self._found.dir, env=self._env)

    def watch(self) -> None:
        """Keep everything running until interrupted. Raises PartDied when one part does not stay up."""
        while True:
            time.sleep(POLL_SECONDS)
            if not self._queue.alive() and self._queue.owned:
                self._say("内嵌队列意外停止，正在重新启动。")
                self._queue.stop()
                self._queue.start()
            for part in self._parts:
                if not _alive(part):
                    self._again(part)

    def _again(self, part: _Part) -> None:
        if part.starts > MOST_RESTARTS:
            raise PartDied(f"{part.name} 反复退出，演示停止：{_tail(part.log)}", f"完整日志在 {part.log}")
        self._say(f"{part.name} 意外退出，正在重新启动（第 {part.starts} 次）。")
        time.sleep(POLL_SECONDS * part.starts)
        self._launch(part)

    def stop(self) -> None:
        """End all parts at once, then the queue. Safe to call twice, and half-started."""
        stopping = [
            threading.Thread(target=part.process.stop, args=(STOP_SECONDS,))
            for part in self._parts
            if part.process is not None
        ]
        for each in stopping:
            each.start()
        for each in stopping:
            each.join()
        self._queue.stop()


def _alive(part: _Part) -> bool:
    return part.process is not None and part.process.alive()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: Path) -> str:
    """The last words of a log, for people who have no other window."""
    if not log.exists():
        return "没有日志"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-5:]) or "日志为空"
