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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from tests.house import HOUSE
from tests.papers import Block, blocks, is_shown

#: Longer than any paper takes on an idle machine; the tests may share theirs.
PATIENCE = 300.0
_END = "=-= end of block =-="
_CURL = Path(__file__).with_name("curl.py")


class Refuted(AssertionError):
    """A command of a paper failed, or printed something else than the paper shows."""


def move_in(folder: Path, week: Path, own_curl: bool) -> Path:
    """A copy of the house in `folder`, with this Python as its .venv and the demo's `week` already built.

    `own_curl` puts tests/curl.py in curl's place, as it is where there is none.
    """
    leave = [line.rstrip("/") for line in (HOUSE / ".gitignore").read_text(encoding="utf-8").split()]
    house = shutil.copytree(HOUSE, folder / "hotline", ignore=shutil.ignore_patterns(".git", *leave))
    shutil.copytree(week, house / "demo-data", ignore=shutil.ignore_patterns("*.lock", "*.sock"))
    programs = house / ".venv" / "bin"
    programs.mkdir(parents=True)
    _program(programs / "hotline", f'exec "{sys.executable}" -P -m cli "$@"')
    for name in ("python", "python3"):
        _program(programs / name, f'exec "{sys.executable}" "$@"')
    if own_curl or shutil.which("curl") is None:
        _program(programs / "curl", f'exec "{sys.executable}" "{_CURL}" "$@"')
    (programs / "activate").write_text(f'PATH="{programs}:$PATH"; export PATH\n', encoding="utf-8")
    _program(house / "scripts" / "environment.sh", "exit 0")  # this Python has what it would install
    return house


def _program(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


class Shell:
    """One `sh` in the house, in which one block after the other is run, and terminals beside it."""

    def __init__(self, house: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._house = house
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
        self._env |= {
            "PYTHONPATH": str(house),
            "desk": f"http://127.0.0.1:{self.port}",
            "COLUMNS": "120",
            "NO_PROXY": "127.0.0.1",
        }
        self._beside: list[subprocess.Popen[bytes]] = []
        self._shell = subprocess.Popen(
            ["sh", "-eu"], cwd=house, env=self._env, text=True, encoding="utf-8", start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, block: Block) -> str:
        """What the block prints. Raises Refuted when a command fails or the paper shows something else."""
        printed = self._apart(block) if block.apart else self._here(block)
        printed = printed.replace(f":{self.port}", ":8000")
        if block.shown is not None and not is_shown(block.shown, printed):
            raise Refuted(f"line {block.line} shows\n{block.shown}\nbut it printed\n{printed}")
        return printed

    def _here(self, block: Block) -> str:
        assert self._shell.stdin and self._shell.stdout
        self._shell.stdin.write(f"{{\n{block.commands}\n}} </dev/null\nprintf '\\n{_END}\\n'\n")
        self._shell.stdin.flush()
        printed: list[str] = []
        while (line := self._shell.stdout.readline()) and line != f"{_END}\n":
            printed.append(line)
        if not line:
            raise Refuted(f"line {block.line} failed:\n{block.commands}\n{''.join(printed)}")
        return "".join(printed).removesuffix("\n")

    def _apart(self, block: Block) -> str:
        """Started in the background; it has printed enough once the paper is satisfied. The demo takes our port."""
        file = self._house / f"terminal-{len(self._beside)}"
        with file.open("wb") as out:
            env = {**self._env, "ARGS": f"--port {self.port}"}
            beside = subprocess.Popen(["sh", "-euc", block.commands], cwd=self._house, env=env, stdout=out,
                                      stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        self._beside.append(beside)
        deadline = time.monotonic() + PATIENCE / 2
        while True:
            printed = file.read_text(encoding="utf-8").replace(f":{self.port}", ":8000")
            done = is_shown(block.shown or "", printed)
            if done or beside.poll() is not None or time.monotonic() > deadline:
                return printed
            time.sleep(0.1)

    def stop(self) -> None:
        """End it and everything that it started, the terminals as Ctrl-C would."""
        for beside in self._beside:
            _end(beside, signal.SIGINT)
        _end(self._shell, signal.SIGKILL)


def _end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]", how: signal.Signals) -> None:
    for each in (how, signal.SIGKILL):
        try:
            os.killpg(process.pid, each)
            process.wait(30)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()


@contextmanager
def shell_in(house: Path) -> Iterator[Shell]:
    """A shell that is ended afterwards, or when it hangs."""
    shell = Shell(house)
    watch = Timer(PATIENCE, shell.stop)
    watch.daemon = True
    watch.start()
    try:
        yield shell
    finally:
        watch.cancel()
        shell.stop()


def follow(paper: str, house: Path) -> list[tuple[Block, str]]:
    """Every block of a paper of docs/ and what it printed, run in order."""
    text = (house / "docs" / paper).read_text(encoding="utf-8")
    found = blocks(text)
    assert len(found) == len(re.findall(r"^```sh", text, re.MULTILINE))
    with shell_in(house) as shell:
        return [(block, shell.run(block)) for block in found]
