"""The command line as people meet it (命令行测试夹具): in this process, or as a real one."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app

HOME = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and nothing is written outside its own folder."""
    for name in [each for each in os.environ if each.startswith("HOTLINE_")]:
        if not name.startswith("HOTLINE_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def hotline(*words: object, given: bytes | None = None) -> Result:
    """`hotline` with these words, in this process."""
    return CliRunner().invoke(app, [str(each) for each in words], input=given)


def told(result: Result, code: int = 0):
    """The one JSON document on standard output of a command that ended with `code`."""
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def environment() -> dict[str, str]:
    """What a real `hotline` needs to be found by this Python."""
    return {**os.environ, "PYTHONPATH": str(HOME)}


def real(*words: object, **named) -> subprocess.CompletedProcess[bytes]:
    """`hotline` as a process of its own."""
    command = [sys.executable, "-P", "-m", "cli", *(str(each) for each in words)]
    return subprocess.run(command, env=environment(), capture_output=True, timeout=600, **named)


@pytest.fixture
def desk_dir(tmp_path: Path) -> Path:
    """A folder in which `hotline init` was run, without the first model: that takes seconds."""
    folder = tmp_path / "data"
    assert hotline("init", "--no-model", "--dir", folder).exit_code == 0
    return folder


@pytest.fixture
def rows_of(desk_dir: Path) -> Callable[[str], list[tuple]]:
    """Plain SQL over that folder's database, as an outside check runs it."""

    def ask(sql: str) -> list[tuple]:
        connection = sqlite3.connect(desk_dir / "hotline.db")
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    return ask
