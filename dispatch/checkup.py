"""The check-up of a desk (体检): every part looked at by itself, what is wrong and how to mend it."""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dispatch import embedded, packs, settings
from dispatch.audit import REPAIRS
from dispatch.models import Models
from dispatch.packs import Packs
from dispatch.settings import Settings
from dispatch.storage import calendars, clocks, migrate, outbox, people, rosters, watch
from dispatch.storage.database import Database, DatabaseUnreachable, NotPrepared
from dispatch.watch import MEND, setback
from rules.clocks import KIND_WORDS
from rules.errors import DeskError
from rules.roster import AHEAD, HOTLINE, REMEMBERED, unmanned
from rules.terms import CHINA, ClockKind

LEAST_FREE_MB = 500
#: Work that waits longer than this says that nobody does it.
WORKER_LATE = timedelta(minutes=5)
TICKER_LATE = timedelta(minutes=1)
REPAIRED_LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: whether it is well, what was seen, and what to do about it."""

    name: str
    ok: bool
    says: str
    mend: str = ""

    def as_row(self) -> tuple[str, str, str, str]:
        """A row of the table for people."""
        return "正常" if self.ok else "异常", self.name, self.says, self.mend

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def check(
    found: Settings, environ: Mapping[str, str], random: Callable[[int], bytes], now: datetime
) -> list[Finding]:
    """Look at every part; nothing is created or changed, and one broken part does not hide the others."""
    findings = [_python(), _variables(environ), _disk(found.dir), _guard("密钥", lambda: _key(found, random))]
    findings.append(_guard("队列", lambda: _queue(found)))
    database = Database(found.database_url)
    try:
        reach = _guard("数据库", lambda: _database(database))
        holds = database if reach.ok else None
        findings += [_guard("日历", lambda: _calendar(holds, now)), reach]
        if reach.ok:
            findings += _inside(database, found, now)
    finally:
        database.close()
    return findings


def _guard(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except DatabaseUnreachable as fault:
        return Finding(name, False, fault.detail, "请检查地址、端口、用户，以及数据库服务是否在运行。")
    except DeskError as fault:
        return Finding(name, False, fault.detail, fault.advice or "")
    except OSError as fault:
        return Finding(name, False, f"{fault.strerror or fault}", "请检查路径和权限。")
    except Exception as fault:  # whatever it is, the other parts are still to be looked at
        return Finding(name, False, f"{type(fault).__name__}：{str(fault)[:200]}", "请把这一行告诉维护人员。")


def _python() -> Finding:
    well = sys.version_info >= (3, 11)
    return Finding(
        "Python", well, platform.python_version(), "" if well else "请换用 Python 3.11 或更新的版本。"
    )


def _variables(environ: Mapping[str, str]) -> Finding:
    unread = settings.unread(environ)
    if not unread:
        return Finding("环境变量", True, "没有认不出的 HOTLINE_ 变量")
    known = "、".join(settings.NAMES)
    return Finding("环境变量", False, f"没有人读取：{'、'.join(unread)}", f"请核对拼写，可用的是：{known}")


def _disk(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding("数据目录", False, f"{folder} 不存在", "请运行 hotline init。")
    free = shutil.disk_usage(folder).free // 2**20
    well = free >= LEAST_FREE_MB
    mend = "" if well else f"请清理磁盘，至少留出 {LEAST_FREE_MB} MB。"
    return Finding("数据目录", well, f"{folder}，剩余 {free} MB", mend)


def _key(found: Settings, random: Callable[[int], bytes]) -> Finding:
    people.read_key_file(found.key_file, random)
    return Finding("密钥", True, f"{found.key_file}，只有本人可读")


def _queue(found: Settings) -> Finding:
    if found.redis_url is None:
        running = embedded.answers(f"unix://{found.socket}")
        embedded.server_binary()
        return Finding(
            "队列", True, "内嵌队列正在运行" if running else "内嵌队列未运行，hotline worker 会带起它"
        )
    if embedded.answers(found.redis_url):
        return Finding("队列", True, f"{found.shown()['redis']} 有应答")
    return Finding(
        "队列", False, f"{found.shown()['redis']} 没有应答", "请检查 Redis 是否在运行、地址和密码是否正确。"
    )


def _calendar(database: Database | None, now: datetime) -> Finding:
    today = now.astimezone(CHINA).date()
    loaded: set[int] = set()
    if database is not None:
        with database.reading() as tx:
            loaded = {each.year for each in calendars.loaded(tx) if not each.region}
    if today.year not in loaded and packs.national_calendar().is_provisional(today):
        return Finding(
            "日历",
            False,
            f"没有 {today.year} 年的节假日通知，时限只按周末推算",
            "请运行 hotline calendar load 载入通知，或升级到载有该年日历的版本。",
        )
    return Finding("日历", True, f"{today.year} 年节假日已载入")


def _database(database: Database) -> Finding:
    file = database.url.database
    if database.is_sqlite and file and not Path(file).exists():
        return Finding("数据库", False, f"{file} 不存在", "请运行 hotline init。")
    present, needed = migrate.current(database), migrate.newest()
    if present != needed:
        raise NotPrepared(f"数据库版本是 {present or '空'}，程序需要 {needed}。")
    if not database.is_sqlite:
        migrate.require_utf8(database)
    return Finding("数据库", True, f"{database.url.get_backend_name()}，版本 {present}")


def _inside(database: Database, found: Settings, now: datetime) -> Iterator[Finding]:
    yield _guard("规则包", lambda: _pack(database, now))
    yield _guard("模型", lambda: _model(database, found, now))
    yield _guard("待办", lambda: _outbox(database, now))
    yield _guard("时限", lambda: _ticker(database, now))
    yield _guard("核查", lambda: _audit(database, now))
    yield _guard("时钟", lambda: _clock(database, found, now))
    yield _guard("值班表", lambda: _duty(database, now))


def _pack(database: Database, now: datetime) -> Finding:
    policy = Packs(database).active(now)
    named = f"{policy.title}（{policy.hash[:12]}）"
    if not policy.indicators:
        mend = "请运行 hotline init --pack 名字或文件夹，启用写有 indicators.toml 的新版规则包。"
        return Finding("规则包", False, f"{named}没有指标，报表只有数、没有率", mend)
    return Finding("规则包", True, named)


def _model(database: Database, found: Settings, now: datetime) -> Finding:
    models = Models(database, found.models)
    model = models.active(now)
    if models.fault:
        return Finding("模型", False, models.fault, "请用 hotline model rollback 退回，或重新训练后启用。")
    return Finding("模型", True, f"版本 {model.version}" if model else "没有启用模型，只按规则派单")


def _outbox(database: Database, now: datetime) -> Finding:
    with database.reading() as tx:
        dead, oldest = outbox.dead(tx), outbox.oldest(tx)
    if dead:
        return Finding("待办", False, f"{dead} 件多次失败后被搁置", "请查看日志里的 work_failed。")
    if oldest is not None and now - oldest > WORKER_LATE:
        waited = int((now - oldest).total_seconds() // 60)
        return Finding("待办", False, f"最早的一件已等了 {waited} 分钟", "请检查 hotline worker 是否在运行。")
    return Finding("待办", True, "没有积压")


def _ticker(database: Database, now: datetime) -> Finding:
    with database.reading() as tx:
        oldest = clocks.oldest(tx)
    if oldest is not None and now - oldest["next_at"] > TICKER_LATE:
        late = int((now - oldest["next_at"]).total_seconds() // 60)
        what = KIND_WORDS[ClockKind(oldest["kind"])]
        return Finding(
            "时限",
            False,
            f"有步骤已迟了 {late} 分钟没有触发，最早的是工单 {oldest['ticket']} 的{what}",
            "请检查 hotline ticker 是否在运行；正在运行的，请查看日志里的 step_failed。",
        )
    return Finding("时限", True, "没有迟到的步骤")


def _audit(database: Database, now: datetime) -> Finding:
    """Repairs say that something wrote wrong rows; a desk without an auditor is well, but nobody would see it."""
    with database.reading() as tx:
        repairs, (last, _) = watch.repairs(tx), watch.last_audit(tx)
    told = "、".join(f"{REPAIRS.get(kind, kind)} {n} 次" for kind, n in repairs.by_kind.items())
    when = (
        f"最近一遍在 {last.astimezone(CHINA):%Y-%m-%d %H:%M}"
        if last
        else "还没有核查过，可运行 hotline audit"
    )
    if repairs.last is not None and now - repairs.last < REPAIRED_LATELY:
        mend = "已修复，不必处理；请把日志里的 repaired 告诉维护人员，查明原因。"
        return Finding("核查", False, f"一天内有修复，累计：{told}；{when}", mend)
    return Finding("核查", True, f"{when}" + (f"；累计：{told}" if told else ""))


def _clock(database: Database, found: Settings, now: datetime) -> Finding:
    back = setback(database, now, timedelta(seconds=found.clock_tolerance), server=True)
    if back is not None:
        return Finding("时钟", False, back.words, MEND)
    return Finding("时钟", True, f"{now.astimezone(CHINA):%Y-%m-%d %H:%M}")


def _duty(database: Database, now: datetime) -> Finding:
    """Whoever has, or had, shifts should have somebody for every hour off that is near; the hotline always."""
    found = Packs(database)
    with database.reading() as tx:
        policy, calendar = found.of(found.active(now).hash, tx)
        known = rosters.known(tx, now - REMEMBERED)
        shifts = [rosters.shift_of(each) for each in rosters.between(tx, now, now + AHEAD)]
    if not known:
        return Finding(
            "值班表", True, "没有装载，夜间和节假日的提醒只进单位信箱，可用 hotline duty load 装载"
        )
    bare = unmanned(shifts, sorted(known | {HOTLINE}), calendar, now)
    if not bare:
        return Finding("值班表", True, f"{len(known)} 个单位已排班，24 小时内无空班")
    names = {code: each.name for code, each in policy.departments.items()} | {HOTLINE: "热线"}
    told = "、".join(
        f"{names.get(code, code)}（{at.astimezone(CHINA):%m月%d日 %H:%M} 起）"
        for code, at in list(bare.items())[:5]
    )
    more = f" 等 {len(bare)} 个单位" if len(bare) > 5 else ""
    return Finding("值班表", False, f"24 小时内有空班：{told}{more}", "请用 hotline duty load 补上。")
