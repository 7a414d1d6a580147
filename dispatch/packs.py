"""Rule packs at the desk (规则包): the only reader of pack folders; what is live stands in the database by content hash."""

import re
import threading
import time
import tomllib
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

import rules
from dispatch.storage import calendars, registry
from dispatch.storage.database import Database, Transaction
from rules import worktime
from rules.errors import PackFault
from rules.hours import Hours, calendar_for
from rules.pack_chain import HEAD
from rules.policy import Policy, parse
from rules.succession import succeed
from rules.worktime import Calendar, Window

#: A newly activated pack, and a newly loaded notice of the calendar, is used everywhere within this time.
FRESH = timedelta(seconds=5)

_SHIPPED = Path(rules.__file__).parent / "packs"
_CALENDARS = Path(rules.__file__).parent / "calendars"

#: A pack is named by its folder; a name never leads elsewhere.
_NAME = re.compile(r"[\w.-]*\w")

#: Worked examples stand beside a pack and are no part of its rules.
_NOT_RULES = ("cases.toml",)


class NoPack(PackFault):
    """没有启用的规则包。"""

    code = "no_pack"
    status = 503
    hint = "请运行 hotline init --pack demo-county。"


def read_folder(name: str, with_cases: bool = False) -> dict[str, str]:
    """The files of a pack and of all it extends, by a shipped name or a folder: {"pack/file.toml": text}.

    What `extends` names is looked for beside the folder, then among the shipped ones. A parent that is not there
    and a ring are left to `rules.policy.parse`, which names the line. Worked cases come only if asked for, and only
    the pack's own. Raises PackFault.
    """
    folder: Path | None = Path(name) if name and Path(name).is_dir() else _SHIPPED / name
    if not name or not (folder and folder.is_dir()):
        raise PackFault(
            f"找不到规则包“{name}”。", hint=f"可用的名字：{'、'.join(shipped())}；也可以写一个文件夹。"
        )
    files: dict[str, str] = {}
    passed: list[str] = []
    while folder is not None and folder.resolve().name not in passed:
        passed.append(folder.resolve().name)
        own = _texts(folder)
        left_out = () if with_cases and len(passed) == 1 else _NOT_RULES
        files |= {f"{passed[-1]}/{file}": text for file, text in own.items() if file not in left_out}
        folder = _parent(folder, own.get(HEAD, ""))
    return files


def shipped() -> list[str]:
    """The names of the packs that come with the desk."""
    return sorted(each.name for each in _SHIPPED.iterdir() if each.is_dir())


def _texts(folder: Path) -> dict[str, str]:
    found = {file.name: text_of(file) for file in sorted(folder.glob("*.toml"))}
    if not found:
        raise PackFault(f"文件夹“{folder.name}”里没有规则文件（*.toml）。")
    return found


def text_of(file: Path) -> str:
    """What a file of rules says, without the mark that some editors put before it. Raises PackFault, OSError."""
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        line = file.read_bytes()[: fault.start].count(b"\n") + 1
        raise PackFault(
            f"文件 {file.name} 第 {line} 行不是 UTF-8 编码。",
            hint="请在编辑器里另存为 UTF-8 后重试（记事本：另存为，编码选 UTF-8）。",
        ) from fault


def _parent(folder: Path, head: str) -> Path | None:
    """The folder of what a pack extends; None at the top, and where the pack does not say it properly."""
    try:
        name = tomllib.loads(head).get("extends")
    except tomllib.TOMLDecodeError:
        return None
    if not isinstance(name, str) or not _NAME.fullmatch(name.strip()):
        return None
    places = (folder.resolve().parent / name.strip(), _SHIPPED / name.strip())
    return next((place for place in places if (place / HEAD).is_file()), None)


@cache
def national_calendar() -> Calendar:
    """The shipped national calendar with the default office hours."""
    return worktime.parse_calendar(calendar_files())


@cache
def calendar_files() -> Mapping[str, str]:
    """The shipped calendar files, one a year."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(_CALENDARS.glob("*.toml"))}


#: Notices that were loaded, in their order: (the name of the file that each stands for, its text).
Loaded = tuple[tuple[str, str], ...]


def calendar_of(policy: Policy, loaded: Loaded = ()) -> Calendar:
    """The calendar that a pack's office hours, local days and region make of the national one. Raises PackFault.

    A `loaded` notice stands for the shipped file of its year and region; the calendar knows those before each of them.
    """
    terms = (policy.windows, policy.area_code, policy.hours)
    chain = [_calendar(*terms, loaded[:n]) for n in range(len(loaded) + 1)]
    return succeed(chain[-1], chain[:-1])


@lru_cache(maxsize=64)
def _calendar(windows: tuple[Window, ...], region: str, hours: Hours, loaded: Loaded) -> Calendar:
    return calendar_for({**calendar_files(), **dict(loaded)}, windows, region, hours)


def file_of(year: int, region: str) -> str:
    """The file that a year's notice stands in, or would, had it been shipped."""
    return f"{region}-{year}.toml" if region else f"{year}.toml"


def parsed(files: Mapping[str, str]) -> Policy:
    """`rules.policy.parse`, remembered: a policy never changes, and reading a large pack takes a tenth of a second."""
    return _parsed(tuple(files.items()))


@lru_cache(maxsize=16)
def _parsed(files: tuple[tuple[str, str], ...]) -> Policy:
    return parse(dict(files))


class Packs:
    """The packs in the database, parsed once each; running tickets ask for theirs by hash."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[Policy, Calendar]] = {}
        self._active: str | None = None
        self._looked: datetime | None = None
        self._notices = 0
        self._loaded: Loaded = ()
        self._asked: float | None = None
        self._lock = threading.Lock()

    def active(self, now: datetime) -> Policy:
        """The pack in use. Raises NoPack before `hotline init`."""
        if self._active is None or self._looked is None or not timedelta(0) <= now - self._looked < FRESH:
            with self._database.reading() as tx:
                self._active = registry.active(tx, "pack")
            self._looked = now
        if self._active is None:
            raise NoPack()
        return self.of(self._active)[0]

    def of(self, digest: str, tx: Transaction | None = None) -> tuple[Policy, Calendar]:
        """The pack of that hash and its calendar. Raises NoPack when the database does not hold it.

        Whoever is in a transaction gives it: a second connection for each act would empty the pool on a cold start.
        """
        fresh = self._asked is not None and time.monotonic() - self._asked < FRESH.total_seconds()
        found = self._known.get(digest) if fresh else None
        if found is None:
            with nullcontext(tx) if tx is not None else self._database.reading() as reader:
                if not fresh:
                    self._look(reader)
                found = self._known.get(digest) or self._read(reader, digest)
        return found

    def loaded(self, tx: Transaction) -> Loaded:
        """The notices of the calendar that are in the database now."""
        self._look(tx)
        return self._loaded

    def _read(self, tx: Transaction, digest: str) -> tuple[Policy, Calendar]:
        files = registry.pack_files(tx, digest)
        if files is None:
            raise NoPack(f"数据库里没有规则包 {digest[:12]}。")
        policy, loaded = parsed(files), self._loaded
        made = (policy, calendar_of(policy, loaded))
        with self._lock:
            return self._known.setdefault(digest, made) if loaded == self._loaded else made

    def _look(self, tx: Transaction) -> None:
        """Ask whether a notice of the calendar came; then every pack gets its calendar anew."""
        asked, newest = time.monotonic(), calendars.newest(tx)
        if newest != self._notices:
            notices = calendars.loaded(tx)
            with self._lock:
                self._loaded = tuple((file_of(each.year, each.region), each.content) for each in notices)
                self._notices = newest
                self._known.clear()
        self._asked = asked


def install(tx: Transaction, files: dict[str, str], actor: str, now: datetime) -> Policy:
    """Check a pack, keep it by its hash, make it the one in use and bring departments and areas in line.

    Raises PackFault and changes nothing when the pack has faults, or is only there to be extended.
    """
    policy = parsed(files)
    if policy.abstract:
        raise PackFault(
            f"规则包“{policy.title}”只供继承，不能直接启用。",
            hint=f'请新建一个包，写 extends = "{policy.name}"；它还缺：{"；".join(policy.missing)}。',
        )
    calendar_of(policy)  # a local day that contradicts a notice is found now, not by the first ticket
    registry.keep_pack(tx, policy.hash, policy.name, policy.title, files, now)
    registry.sync_departments(tx, list(policy.departments.values()))
    registry.sync_areas(tx, list(policy.areas.values()))
    if registry.active(tx, "pack") != policy.hash:
        registry.activate(tx, "pack", policy.hash, actor, now)
    return policy
