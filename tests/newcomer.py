"""A newcomer (新来的人): a fresh copy of the house, in which the commands of a paper are run as they stand, in one shell."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

from tests.house import HOUSE
from tests.papers import Block, blocks, is_shown

#: Longer than any paper takes on an idle machine; the tests may share theirs.
PATIENCE = 600.0
_END = "=-= end of block =-="
_CURL = Path(__file__).with_name("curl.py")


class Refuted(AssertionError):
    """A command of a paper failed, or printed something else than the paper shows."""


def move_in(folder: Path, week: Path) -> Path:
    """A copy of the house in `folder`, with this Python as its .venv and the demo's `week` already built."""
    leave = [line.rstrip("/") for line in (HOUSE / ".gitignore").read_text(encoding="utf-8").split()]
    house = shutil.copytree(HOUSE, folder / "hotline", ignore=shutil.ignore_patterns(".git", *leave))
    shutil.copytree(week, house / "demo-data", ignore=shutil.ignore_patterns("*.lock", "*.sock"))
    programs = house / ".venv" / "bin"
    _program(programs / "hotline", f'exec "{sys.executable}" -P -m cli "$@"')
    for name in ("python", "python3"):
        _program(programs / name, f'exec "{sys.executable}" "$@"')
    (programs / "activate").write_text(f'PATH="{programs}:$PATH"; export PATH\n', encoding="utf-8")
    _program(house / "scripts" / "environment.sh", "exit 0")  # this Python has what it would install
    return house


def _program(file: Path, line: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


class Newcomer:
    """Somebody in their copy of the house, who leaves open the terminals that a paper asked for (```sh apart)."""

    def __init__(self, house: Path) -> None:
        self.house = house
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # A newcomer's shell knows neither this desk's settings nor the make and pytest that run this test.
        ours = ("HOTLINE_", "MAKE", "MFLAGS", "PYTEST_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.env = {
            **kept,
            "PYTHONPATH": str(house),
            "desk": f"http://127.0.0.1:{self.port}",
            "COLUMNS": "120",
            "NO_PROXY": "127.0.0.1",
        }
        self._open: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}

    def follow(self, paper: str, own_curl: bool = False) -> list[tuple[Block, str]]:
        """Every block of a paper of docs/ and what it printed, in order. Raises Refuted.

        `own_curl` puts tests/curl.py in curl's place, as it is where there is none.
        """
        text = (self.house / "docs" / paper).read_text(encoding="utf-8")
        found = blocks(text)
        assert len(found) == len(re.findall(r"^```sh", text, re.MULTILINE))
        env = self.env
        if own_curl or shutil.which("curl") is None:
            _program(self.house / ".curl" / "curl", f'exec "{sys.executable}" "{_CURL}" "$@"')
            env = {**env, "PATH": f"{self.house / '.curl'}:{env['PATH']}"}
        with shell_in(self.house, env) as shell:
            return [(block, self._done(block, shell)) for block in found]

    def _done(self, block: Block, shell: "Shell") -> str:
        printed = self.terminal(block) if block.apart else shell.run(block)
        return compared(block, printed.replace(f":{self.port}", ":8000"))

    def terminal(self, block: Block) -> str:
        """What stands in the terminal of these commands, opened if it is not, once it shows what the paper does.

        The demo takes our port.
        """
        if block.commands not in self._open:
            file = self.house / f"terminal-{len(self._open)}"
            env = {**self.env, "ARGS": f"--port {self.port}"}
            with file.open("wb") as out:
                begun = subprocess.Popen(["sh", "-euc", block.commands], cwd=self.house, env=env, stdout=out,
                                         stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
            self._open[block.commands] = begun, file
        begun, file = self._open[block.commands]
        deadline = time.monotonic() + PATIENCE / 4
        while True:
            ended = begun.poll() is not None or time.monotonic() > deadline
            printed = file.read_text(encoding="utf-8")
            if ended or is_shown(block.shown or "", printed.replace(f":{self.port}", ":8000")):
                return printed
            time.sleep(0.1)

    def leave(self) -> None:
        """Close the terminals. SIGTERM, as a shell in the background hands SIGINT on as ignored."""
        for begun, _ in self._open.values():
            _end(begun, signal.SIGTERM)


class Shell:
    """One `sh`, in which one block after the other is run."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["sh", "-eu"], cwd=folder, env=env, text=True, encoding="utf-8", start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, block: Block) -> str:
        """What the block prints. Raises Refuted when a command of it fails."""
        assert self._shell.stdin and self._shell.stdout
        self._shell.stdin.write(f"{{\n{block.commands}\n}} </dev/null\nprintf '\\n{_END}\\n'\n")
        self._shell.stdin.flush()
        printed: list[str] = []
        while (line := self._shell.stdout.readline()) and line != f"{_END}\n":
            printed.append(line)
        if not line:
            raise Refuted(f"line {block.line} failed:\n{block.commands}\n{''.join(printed)}")
        return "".join(printed).removesuffix("\n")

    def end(self) -> None:
        """End it and whatever it still runs."""
        _end(self._shell, signal.SIGKILL)


def compared(block: Block, printed: str) -> str:
    """What was printed. Raises Refuted when the paper shows something else."""
    if block.shown is not None and not is_shown(block.shown, printed):
        raise Refuted(f"line {block.line} shows\n{block.shown}\nbut it printed\n{printed}")
    return printed


def _end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]", how: signal.Signals) -> None:
    """Signal the whole group, and kill what is left of it after ten seconds."""
    for each in (how, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, each)
        deadline = time.monotonic() + 10
        while _lives(process) and time.monotonic() < deadline:
            time.sleep(0.05)
    for stream in (process.stdin, process.stdout):
        if stream:
            with suppress(BrokenPipeError):
                stream.close()


def _lives(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> bool:
    """Whether anything of its group is left."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def shell_in(folder: Path, env: Mapping[str, str]) -> Iterator[Shell]:
    """A shell that is ended afterwards, or when it hangs."""
    shell = Shell(folder, env)
    watch = Timer(PATIENCE, shell.end)
    watch.daemon = True
    watch.start()
    try:
        yield shell
    finally:
        watch.cancel()
        shell.end()
