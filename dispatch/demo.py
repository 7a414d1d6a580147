"""The demo (演示): a whole desk in one folder, with people for every role and an invented week behind it."""

import fcntl
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from dispatch import figures, install, settings
from dispatch.desk import Desk, open_desk
from dispatch.measuring import Fit, Say, Trainer
from dispatch.parts import Parts, require_free
from dispatch.settings import Settings
from dispatch.simulation import people, week
from dispatch.storage import registry
from dispatch.storage.database import Database
from dispatch.storage.passing import throw_away
from dispatch.training import first_model
from reports.writers import written
from rules.access import DEPARTMENT_ROLES
from rules.errors import BadInput
from rules.policy import Policy
from rules.terms import CHINA, Role

#: The headless week ends here, so that it is the same week whenever it is run.
HEADLESS_END = datetime(2026, 11, 16, 10, tzinfo=CHINA)

HOST = "127.0.0.1"
PEOPLE = "demo.json"


class DemoRunning(BadInput):
    """这个文件夹里的演示正在运行。"""

    code = "demo_running"
    hint = "请换一个 --dir，或先停掉它。"


@dataclass(frozen=True, slots=True)
class Means:
    """What a demo is made with: the trainer, randomness, the clock, and where Chinese lines go."""

    fit: Fit
    random: Callable[[int], bytes]
    clock: Callable[[], datetime]
    say: Say


def run(folder: Path, port: int, environ: Mapping[str, str], means: Means) -> None:
    """Start the demo and keep it up until SIGINT, SIGTERM or SIGHUP; afterwards no process of it is left.

    Raises PortTaken or DemoRunning before anything is started, PartDied when a part does not stay up.
    """
    with _interruptible():
        require_free(HOST, port)
        found = settings.read({}, dir=folder)
        with _alone(found.dir):
            prepare(found, means, means.clock())
            address = f"http://{HOST}:{port}"
            told = _told(found.dir, address)
            parts = Parts(found, port, environ, means.say)
            try:
                parts.start()
                _show(told, found.dir, means.say)
                parts.watch()
            except KeyboardInterrupt:
                means.say("正在停止……")
            finally:
                _deaf()
                parts.stop()


def headless(folder: Path, reports: Path, means: Means, until: datetime) -> dict[str, Any]:
    """The demo week without a server in an empty `folder`; the figures of contract.md. Raises BadInput.

    The report of the last whole week is given out and written into `reports`.
    """
    found = settings.read({}, dir=folder)
    if database_file(found).exists():
        raise BadInput(f"{found.dir} 里已有一个数据库。", "请用 --dir 指定一个空的文件夹。")
    told = prepare(found, means, until)
    assert told is not None
    desk = open_desk(found, means.random)
    try:
        told_of = week.recount(desk, told)
        given = [figures.freeze(desk, each, until, "system") for each in figures.due(desk, until)]
        report = next(each for each in given if each["kind"] == "week")
        path = reports / f"{report['title']}-{report['period']}.html"
        path.write_bytes(written(report, "html"))
        off = sum(not each["ok"] for each in report["checks"])
    finally:
        desk.database.close()
    return {**told_of, "report_path": str(path), "recount_differences": told_of["recount_differences"] + off}


def database_file(found: Settings) -> Path:
    """Where the demo's SQLite file is."""
    return Path(found.database_url.removeprefix("sqlite:///"))


def prepare(found: Settings, means: Means, until: datetime) -> week.Told | None:
    """Make the desk of a first start, its week ending at `until`; None when the folder holds one already.

    A first start builds in a draft folder and moves the whole into place at its end, so that a killed one leaves
    nothing half done.
    """
    if database_file(found).exists():
        for line in install.init(found, None, means.random, means.clock()):
            means.say(line)
        _reissue(found, means)
        return None
    found.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = found.dir / ".draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    means.say("首次启动：建库、训练模型、编排一周的工单……")
    built = replace(found, database_url=f"sqlite:///{draft / 'hotline.db'}")
    install.init(built, install.DEFAULT_PACK, means.random, means.clock())
    desk = open_desk(built, means.random, open_database=_draft_database)
    try:
        people = _people(desk, means)
        trainer = Trainer(means.fit, found.models, means.clock(), _quiet)
        means.say(first_model(desk, trainer, "demo"))
        told = week.run(desk, until)
    finally:
        desk.database.close()
    _write(found.dir / PEOPLE, people)
    _to_disk(draft / "hotline.db")
    (draft / "hotline.db").rename(database_file(found))
    shutil.rmtree(draft, ignore_errors=True)
    return told


def _draft_database(url: str, pool_size: int) -> Database:
    """A killed first start begins anew, so nothing is awaited from the disk before the end."""
    return throw_away(Database(url, pool_size))


def _to_disk(file: Path) -> None:
    with file.open("rb") as made:
        os.fsync(made.fileno())


def _quiet(_: str) -> None:
    return None


# --- People -----------------------------------------------------------------------------------------------


def _people(desk: Desk, means: Means) -> list[dict[str, Any]]:
    """A log-in, a password and a key for every role, the roles of departments once for each department."""
    policy = desk.packs.active(means.clock())
    posts: list[tuple[Role, str | None]] = []
    for role in Role:
        posts += [(role, code) for code in policy.departments] if role in DEPARTMENT_ROLES else [(role, None)]
    with ThreadPoolExecutor(
        max_workers=os.cpu_count() or 1
    ) as hands:  # hashing passwords is most of the work
        return list(hands.map(lambda post: _person(desk, policy, post[0], post[1], means), posts))


def _person(desk: Desk, policy: Policy, role: Role, department: str | None, means: Means) -> dict[str, Any]:
    login = people.actor(role, department).name
    terms = (role, department, means.random, means.clock())
    with desk.database.reading() as tx:
        known = registry.user(tx, login) is not None
    if known:
        password = install.new_password(desk.database, login, means.random)
    else:
        password = install.add_user(desk.database, policy, login, *terms)
    key = install.add_key(desk.database, policy, login, *terms)
    person = {"role": role.value, "login": login, "password": password, "key": key}
    return {**person, "department": department} if department else person


def _reissue(found: Settings, means: Means) -> None:
    """New passwords and keys where the file that held them is gone or is not ours."""
    if _read(found.dir / PEOPLE) is not None:
        return
    means.say(f"{PEOPLE} 不见了，重新发放登录口令和密钥。")
    desk = open_desk(found, means.random)
    try:
        _write(found.dir / PEOPLE, _people(desk, means))
    finally:
        desk.database.close()


def _read(file: Path) -> list[dict[str, Any]] | None:
    try:
        people = json.loads(file.read_text(encoding="utf-8"))["people"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return people if isinstance(people, list) and people else None


def _write(file: Path, people: list[dict[str, Any]], address: str | None = None) -> dict[str, Any]:
    """The file of log-ins, readable by its owner alone from its first byte on."""
    by_role: dict[str, Any] = {}
    for each in people:
        by_role.setdefault(each["role"], each)
    told = {"address": address, "people": people, "by_role": by_role}
    draft = file.with_name(f".{file.name}.part")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(told, out, ensure_ascii=False, indent=1)
    draft.replace(file)
    return told


def _told(folder: Path, address: str) -> dict[str, Any]:
    people = _read(folder / PEOPLE)
    assert people is not None
    return _write(folder / PEOPLE, people, address)


def _show(told: Mapping[str, Any], folder: Path, say: Say) -> None:
    say(f"演示已就绪：{told['address']}")
    for person in told["by_role"].values():
        say(f"  {person['role']:<18} 登录名 {person['login']:<36} 口令 {person['password']}")
    say(f"全部登录名、口令和接口密钥在 {folder / PEOPLE}。按 Ctrl-C 停止。")


# --- Staying alone, and being stopped --------------------------------------------------------------------------


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "demo.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise DemoRunning() from fault
        yield


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _deaf() -> None:
    """A second Ctrl-C must not interrupt the stopping."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Hear the signals even where they were inherited as ignored, and put everything back afterwards.

    But for SIGHUP: who ignores it (nohup) wants the demo to outlive the terminal.
    """
    lasting = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    heard = [each for each in _SIGNALS if not (lasting and each is signal.SIGHUP)]
    before = {each: signal.signal(each, _stop) for each in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
