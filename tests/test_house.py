"""The house keeps its own rules (守房规矩), and each rule is shown a fault that it must find."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from dispatch.jobs import JOB, QUEUES
from tests import house, papers
from tests.house import HOUSE, ROOMS, Source

MIGRATIONS = HOUSE / "dispatch" / "storage" / "migrations"

Rule = Callable[[Source], Iterable[str]]
RULES: tuple[Rule, ...] = (
    house.homeless,
    house.impure,
    house.late_imports,
    house.own_clocks,
    house.own_settings,
    house.nameless,
    house.oversized,
    house.untyped,
)
LONG = "def f() -> None:\n" + '    """一\n\n    二"""\n' + "    g()\n"

PLANTED: list[tuple[Rule, str, str]] = [
    (house.homeless, "dispatch/receive.py", "import fastapi"),
    (house.homeless, "cli.py", "from fastapi.testclient import TestClient"),
    (house.homeless, "api.py", "import sqlalchemy.orm"),
    (house.homeless, "worker.py", "from sqlmodel import Session"),
    (house.homeless, "dispatch/storages.py", "import psycopg"),
    (house.homeless, "classifier/model.py", "from sklearn.svm import LinearSVC"),
    (house.homeless, "classifier/model.py", "import pickle"),
    (house.homeless, "web/tickets.py", "import redis.asyncio"),
    (house.homeless, "api.py", "import rq"),
    (house.homeless, "worker.py", "import api"),
    (house.homeless, "api.py", "from worker import drain"),
    (house.homeless, "dispatch/parts.py", "import cli"),
    (house.impure, "rules/planted.py", "from importlib.resources import files"),
    (house.impure, "rules/planted.py", "from importlib import resources"),
    (house.impure, "intake/planted.py", "import os.path"),
    (house.impure, "intake/planted.py", "def f():\n    return open('x').read()"),
    (house.impure, "reports/planted.py", "reading = open"),
    (house.impure, "reports/planted.py", "if TYPE_CHECKING:\n    from pathlib import Path"),
    (house.late_imports, "rules/planted.py", "def f():\n    import json"),
    (
        house.late_imports,
        "rules/planted.py",
        "class A:\n    async def f(self):\n        from rules import terms",
    ),
    (house.late_imports, "cli.py", "def train():\n    from dispatch import receive"),
    (house.late_imports, "cli.py", "def train():\n    import classifier.training"),
    (house.late_imports, "api.py", "def train():\n    from classifier.train import fit"),
    (house.own_clocks, "dispatch/planted.py", "from datetime import datetime\ndatetime.now(UTC)"),
    (house.own_clocks, "dispatch/planted.py", "from datetime import datetime as dt\nclock = dt.now"),
    (house.own_clocks, "web/planted.py", "import datetime\ndatetime.date.today()"),
    (house.own_clocks, "classifier/planted.py", "import time as t\nt.time()"),
    (house.own_clocks, "classifier/planted.py", "from time import time\ntime()"),
    (house.own_clocks, "dispatch/storage/planted.py", "from sqlalchemy import func\nfunc.now()"),
    (house.own_settings, "dispatch/planted.py", "import os\nos.environ['HOME']"),
    (house.own_settings, "web/planted.py", "from os import getenv\ngetenv('HOME')"),
    (house.nameless, "rules/planted.py", '"""What it is for."""'),
    (house.nameless, "rules/planted.py", "import json  # 中文"),
    (house.nameless, "rules/planted.py", '"""What it is for.\n\n中文"""'),
    (house.nameless, "rules/utils.py", '"""工具"""'),
    (house.nameless, "dispatch/ticket_manager.py", '"""工单"""'),
    (house.nameless, "web/common/page.py", '"""网页"""'),
    (house.oversized, "rules/planted.py", "\n" * 401),
    (house.oversized, "rules/planted.py", LONG + "    g()\n" * 49),
    (house.untyped, "rules/planted.py", "def f(a) -> int: ..."),
    (house.untyped, "rules/planted.py", "def f(a: int): ..."),
    (house.untyped, "rules/planted.py", "class A:\n    def f(self, *, a) -> int: ..."),
    (house.untyped, "rules/planted.py", "class A:\n    @staticmethod\n    def f(a) -> int: ..."),
    (house.untyped, "rules/planted.py", "async def f(*a) -> int: ..."),
]
ALLOWED: list[tuple[Rule, str, str]] = [
    (house.homeless, "web/tickets.py", "from fastapi import APIRouter"),
    (house.homeless, "dispatch/storage/tickets.py", "import sqlmodel"),
    (house.homeless, "worker.py", "import rq"),
    (house.homeless, "cli.py", "import api, worker"),
    (house.homeless, "classifier/train.py", "from sklearn.svm import LinearSVC"),
    (house.homeless, "web/tickets.py", "import apiary"),
    (house.impure, "rules/planted.py", "import re, tomllib, hashlib\nre.compile('x')"),
    (house.impure, "reports/writers/planted.py", "import io"),
    (house.impure, "dispatch/planted.py", "open('x')"),
    (house.late_imports, "cli.py", "def train():\n    from classifier import train"),
    (house.late_imports, "rules/planted.py", "import json"),
    (house.own_clocks, "worker.py", "from datetime import datetime\ndatetime.now(UTC)"),
    (house.own_clocks, "rules/planted.py", "from datetime import datetime\ndatetime.fromisoformat('')"),
    (house.own_settings, "dispatch/settings.py", "import os\nos.environ['HOME']"),
    (house.nameless, "rules/planted.py", '"""What it is for (用途)."""'),
    (house.nameless, "rules/database.py", '"""数据库"""'),
    (house.oversized, "rules/planted.py", LONG + "    g()\n" * 48),
    (house.untyped, "rules/planted.py", "class A:\n    def f(self, a: int, *b: int, **c: int) -> int: ..."),
]


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    return house.read_sources(HOUSE)


def label(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize("rule", RULES, ids=label)
def test_the_house_keeps_the_rule(rule: Rule, sources: list[Source]) -> None:
    assert [fault for source in sources for fault in rule(source)] == []


@pytest.mark.parametrize("rule", [house.late_imports, house.oversized], ids=label)
def test_the_tests_keep_the_rules_that_bind_them_too(rule: Rule) -> None:
    assert [fault for source in house.read_sources(HOUSE, ["tests"]) for fault in rule(source)] == []


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED, ids=label)
def test_a_rule_finds_the_planted_fault(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED, ids=label)
def test_a_rule_leaves_what_is_right(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) == []


def test_every_rule_has_been_shown_a_fault() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


def test_a_missing_room_or_door_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="web is missing"):
        house.read_sources(tmp_path)


def test_there_are_six_rooms_three_doors_and_all_of_them_are_packaged() -> None:
    wheel = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert list(house.strange_rooms(HOUSE, wheel["targets"]["wheel"]["only-include"])) == []


def test_a_seventh_room_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "attic").mkdir()
    (tmp_path / "attic" / "__init__.py").touch()
    (tmp_path / "window.py").touch()
    found = list(house.strange_rooms(tmp_path, [*ROOMS, *house.DOORS[1:], "window.py"]))
    assert [line.split(" ")[0] for line in found] == ["attic", "window.py", "api.py", "window.py"]


def test_every_queue_is_drained_by_the_job_that_is_enqueued_by_name(sources: list[Source]) -> None:
    worker = next(source for source in sources if source.path == "worker.py")
    assert list(house.undrained(QUEUES, JOB, worker)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("def drain(q): ...", "queue a is filled and never drained"),
        ("DRAINS = {'a': f, 'b': f}\ndef drain(q): ...", "queue b is drained and never filled"),
        ("DRAINS: dict = {'a': f}\ndef empty(q): ...", "worker.drain is enqueued by name and does not exist"),
        ("DRAINS = {'a': f}\nclass A:\n    def drain(q): ...", "worker.drain is enqueued by name"),
    ],
)
def test_a_queue_without_a_drain_is_noticed(text: str, fault: str) -> None:
    assert any(
        found.startswith(fault) for found in house.undrained(["a"], "worker.drain", Source("worker.py", text))
    )


def test_migrations_have_one_head_and_one_root() -> None:
    migrations = ScriptDirectory(str(MIGRATIONS))
    assert (len(migrations.get_heads()), len(migrations.get_bases())) == (1, 1)


def test_a_second_migration_head_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    first = ScriptDirectory(str(MIGRATIONS)).get_bases()[0]
    for name in ("left", "right"):
        (tmp_path / "migrations" / "versions" / f"{name}.py").write_text(
            f"revision = {name!r}\ndown_revision = {first!r}\n", encoding="utf-8"
        )
    assert len(ScriptDirectory(str(tmp_path / "migrations")).get_heads()) >= 2


def test_every_test_is_named_after_what_it_tests() -> None:
    files = [path for path, _ in papers.texts(HOUSE)]
    tests = [path for path in files if re.fullmatch(r"tests/.*test_\w+\.py", path)]
    assert len(tests) > 10
    assert list(house.orphan_tests(tests, files)) == []


@pytest.mark.parametrize(
    "path", ["tests/rules/test_ghost.py", "tests/attic/test_worktime.py", "tests/test_ghost.py"]
)
def test_a_test_without_a_module_is_noticed(path: str) -> None:
    assert list(house.orphan_tests([path], ["rules/worktime.py", "api.py"]))


#: For each contract of .importlinter: (planted file, its text, what the linter must then show).
CONTRACTS = {
    "Rooms import downwards only": ("rules/planted_up.py", "import dispatch", "rules.planted_up -> dispatch"),
    "and the middle three not": (
        "intake/planted_side.py",
        "import classifier",
        "intake.planted_side -> classifier",
    ),
    "Pure rooms touch no machine": (
        "reports/planted_pure.py",
        "from importlib import resources",
        "reports.planted_pure -> importlib",
    ),
    "SQL has one home": (
        "dispatch/planted_sql.py",
        "import sqlalchemy.orm",
        "dispatch.planted_sql -> sqlalchemy",
    ),
    "The queue has one home": ("web/planted_queue.py", "import rq", "web.planted_queue -> rq"),
    "No room imports a door": (
        "dispatch/planted_door.py",
        "import worker",
        "dispatch.planted_door -> worker",
    ),
    "No cycles inside a room": (
        "rules/planted_a.py",
        "from rules import planted_b",
        "planted_b -> .planted_a",
    ),
}


def lint(place: Path) -> "subprocess.CompletedProcess[str]":
    program = "import sys; from importlinter.cli import lint_imports_command as lint; sys.exit(lint())"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--no-logo"],
        cwd=place,
        env={"COLUMNS": "300", "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("house")
    shutil.copy(HOUSE / ".importlinter", place)
    for room in ROOMS:
        shutil.copytree(HOUSE / room, place / room, ignore=shutil.ignore_patterns("__pycache__", "static"))
    return place


def test_the_import_contracts_hold_and_each_one_catches_its_planted_fault(copied: Path) -> None:
    clean = lint(copied)
    assert (clean.returncode, clean.stdout.count("BROKEN")) == (0, 0), clean.stdout + clean.stderr
    for path, text, _ in CONTRACTS.values():
        (copied / path).write_text(text + "\n", encoding="utf-8")
    (copied / "rules" / "planted_b.py").write_text("from rules import planted_a\n", encoding="utf-8")
    broken = lint(copied)
    assert broken.returncode == 1, broken.stdout + broken.stderr
    for contract, (_, _, shown) in CONTRACTS.items():
        assert re.search(rf"{re.escape(contract)}.* BROKEN", broken.stdout), contract
        assert shown in broken.stdout, broken.stdout
