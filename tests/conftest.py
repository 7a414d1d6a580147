"""The servers every test may ask for (测试夹具), each started once, and only when asked for."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from dispatch.desk import Desk
from dispatch.embedded import EmbeddedQueue
from tests.desks import new_desk, prepared_desk
from tests.house import HOUSE
from tests.servers import fresh_database, in_memory, name_of, running_postgres


def pytest_configure(config: pytest.Config) -> None:
    """Temporary folders in memory where there is room, unless somebody said where."""
    place = in_memory()
    if place and not config.option.basetemp and "TMPDIR" not in os.environ:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)


#: Files that take minutes: they begin first, so that no process is left alone with one of them at the end.
LONG = (
    "tests/test_papers_at_work.py",
    "tests/cli/test_demo.py",
    "tests/dispatch/simulation/test_week.py",
    "tests/cli/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first; otherwise as collected."""
    items.sort(
        key=lambda item: next((at for at, each in enumerate(LONG) if item.nodeid.startswith(each)), len(LONG))
    )


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of this session on a real PostgreSQL; `fresh_database(postgres_url)` makes further ones.

    HOTLINE_TEST_DATABASE_URL names another server to use; what is there already is not touched.
    """
    given = os.environ.get("HOTLINE_TEST_DATABASE_URL", "").strip()
    if given:
        with fresh_database(given) as url:
            yield url
        return
    with running_postgres() as server, fresh_database(server) as url:
        yield url


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A real Redis-protocol server, shared by the session and used one test at a time: see `empty_valkey`.

    HOTLINE_TEST_REDIS_URL names another one; it must be empty, as tests flush it.
    """
    given = os.environ.get("HOTLINE_TEST_REDIS_URL", "").strip()
    if given:
        with redis.Redis.from_url(given) as client:
            if client.dbsize():
                pytest.exit(
                    "HOTLINE_TEST_REDIS_URL names a database that is not empty: the tests would flush it", 2
                )
        yield given
        return
    with (
        tempfile.TemporaryDirectory(prefix="hotline-vk-", dir=_short_temporary()) as folder,
        EmbeddedQueue(Path(folder), Path(folder) / "v.sock") as url,
    ):
        yield url


@pytest.fixture
def empty_valkey(valkey_url: str) -> Iterator[str]:
    """The address of `valkey_url`, emptied before and after the test."""
    with redis.Redis.from_url(valkey_url) as client:
        client.flushdb()
        yield valkey_url
        client.flushdb()


def _short_temporary() -> str:
    """A socket path holds 107 bytes; some temporary folders are longer than half of that."""
    return tempfile.gettempdir() if len(os.fsencode(tempfile.gettempdir())) < 60 else "/tmp"


@pytest.fixture(scope="session")
def demo_week(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of a headless demo and what it told: a minute's work, so done once for all processes of a run.

    Copy the folder to write in it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, told = shared / "week" / "demo-data", shared / "week.json"
    with (shared / "week.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            (shared / "week").mkdir()
            told.write_text(_headless_week(folder), "utf-8")
    return folder, json.loads(told.read_text("utf-8"))


def _headless_week(folder: Path) -> str:
    command = [sys.executable, "-P", "-m", "cli", "demo", "--headless", "--dir", str(folder), "--json"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    return subprocess.run(
        command,
        env={**env, "PYTHONPATH": str(HOUSE)},
        cwd=folder.parent,
        capture_output=True,
        check=True,
        timeout=600,
        encoding="utf-8",
    ).stdout


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty desk with the demo county's rules: copying it takes a tenth of what making one does."""
    folder = tmp_path_factory.mktemp("prepared")
    with new_desk(folder):
        pass
    return folder


@pytest.fixture(scope="session")
def prepared_database(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with such a desk, to be copied; nobody is connected to it."""
    with fresh_database(postgres_url) as url:
        with new_desk(tmp_path_factory.mktemp("prepared"), url):
            pass
        yield name_of(url)


@contextmanager
def copied_desk(request: pytest.FixtureRequest, folder: Path) -> Iterator[Desk]:
    """A copy of the prepared desk on the database that the test's parameter names, its files in `folder`."""
    sqlite = request.param == "sqlite"
    like = None if sqlite else request.getfixturevalue("prepared_database")
    with (
        copied(request, request.getfixturevalue("prepared"), like, folder) as url,
        prepared_desk(folder, url) as made,
    ):
        yield made


@contextmanager
def copied(
    request: pytest.FixtureRequest, like: Path, database: str | None, folder: Path
) -> Iterator[str | None]:
    """The files of a desk that nobody uses, copied to `folder`, and its `database`; the copy's URL, None for SQLite."""
    shutil.copytree(like, folder, dirs_exist_ok=True)
    if database is None:
        yield None
        return
    with fresh_database(request.getfixturevalue("postgres_url"), database) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """An empty desk with the demo county's rules, on each database: what holds on one must hold on the other."""
    with copied_desk(request, tmp_path) as made:
        yield made
