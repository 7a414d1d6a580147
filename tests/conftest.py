"""The servers every test may ask for (测试夹具), each started once, and only when asked for."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from dispatch.desk import Desk
from dispatch.embedded import EmbeddedQueue
from tests.desks import new_desk
from tests.house import HOUSE
from tests.servers import fresh_database, running_postgres


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
    """The folder of a headless demo and what it told: a minute's work, so done once. Copy the folder to write in it."""
    folder = tmp_path_factory.mktemp("week") / "demo-data"
    command = [sys.executable, "-P", "-m", "cli", "demo", "--headless", "--dir", str(folder), "--json"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    told = subprocess.run(
        command,
        env={**env, "PYTHONPATH": str(HOUSE)},
        cwd=folder.parent,
        capture_output=True,
        check=True,
        timeout=600,
    )
    return folder, json.loads(told.stdout)


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """An empty desk with the demo county's rules, on each database: what holds on one must hold on the other."""
    if request.param == "sqlite":
        with new_desk(tmp_path) as made:
            yield made
    else:
        with fresh_database(request.getfixturevalue("postgres_url")) as url, new_desk(tmp_path, url) as made:
            yield made
