"""The terminal door (命令行): the `hotline` command of contract.md; the work itself is done in the rooms."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any, cast

import structlog
import typer

import worker as queue_door
from classifier.bundle import Trained, refuse_if_taken, save
from classifier.evaluate import evaluate as measure
from classifier.model import load
from classifier.stream import answer_stream
from dispatch import checkup, demo, imports, install, jobs, replay, serving, settings, timing, training
from dispatch.desk import Desk, open_desk
from dispatch.embedded import EmbeddedQueue
from dispatch.measuring import Trainer
from dispatch.options import (
    AsJson,
    Bundle,
    Column,
    Csv,
    DatabaseUrl,
    DepartmentWord,
    Dir,
    LabelColumn,
    PackWord,
    RedisUrl,
    RoleWord,
    TextColumns,
)
from dispatch.pack_check import check_pack, show_pack
from dispatch.pack_explain import explain_file, show_explained
from dispatch.proposals import catalogue
from dispatch.repeating import answer_lines
from dispatch.reporting import Means, counts, report
from dispatch.roster import duty
from dispatch.sheets import Sheet, read_columns
from dispatch.simulation.command import simulate
from dispatch.storage import migrate
from dispatch.storage.database import Database
from dispatch.terminal import Door, answer, bar, names_in, peak_mb, say, table, write
from dispatch.upward import upward
from dispatch.watching import audit, ticker
from dispatch.yearly import calendar
from intake.csv import Columns
from rules.errors import BadInput

app = typer.Typer(cls=Door, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="12345 热线工单：受理、分拣、派单、限时、督办。")  # fmt: skip


def _group(name: str, words: str) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help=words)
    app.add_typer(group, name=name)
    return group


user, key, seal = _group("user", "人员"), _group("key", "接口密钥"), _group("seal", "密封密钥")
model, pack = _group("model", "文本模型"), _group("pack", "规则包")
for _part, _word in (
    (timing.workday, "workday"), (counts, "counts"), (calendar, "calendar"), (duty, "duty"), (catalogue, "catalogue"),
    (upward, "upward"),
):  # fmt: skip
    app.add_typer(_part, name=_word)
for _command in (timing.due, report, ticker, audit, simulate):
    app.command()(_command)


@app.callback()
def _begin(ctx: typer.Context) -> None:
    """12345 热线工单系统。"""
    ctx.obj = Means(_desk, _now, queue_door.tick_until_stopped, queue_door.audit_until_stopped)
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _desk(
    database: str | None, dir: Path | None, redis: str | None = None, ring: bool = False
) -> Iterator[Desk]:
    found = settings.read(os.environ, database, redis, dir)
    bell = jobs.Doorbell(found.redis_url or f"unix://{found.socket}") if ring else None
    desk = open_desk(found, os.urandom, bell)
    try:
        yield desk
    finally:
        desk.database.close()


# --- Setting up ---------------------------------------------------------------------------------------------


@app.command()
def init(
    pack: Annotated[str | None, typer.Option(help="规则包：名字或文件夹，缺省 demo-county")] = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="不训练首个模型，只按规则派单")] = False,
    database: DatabaseUrl = None,
    dir: Dir = None,
) -> None:
    """新建数据目录、密钥、数据库，启用规则包，用派单目录训练首个模型；再运行一次不会改动已有的。"""
    found = settings.read(os.environ, database, None, dir)
    for line in install.init(found, pack, os.urandom, _now()):
        write(line)
    if not no_model:
        with _desk(database, dir) as desk:
            write(training.first_model(desk, Trainer(_fit, found.models, _now(), say), "init"))


@app.command("migrate")
def migrate_(database: DatabaseUrl = None, dir: Dir = None) -> None:
    """把数据库升级到程序需要的版本。"""
    opened = Database(settings.read(os.environ, database, None, dir).database_url)
    before, after = migrate.upgrade(opened)
    opened.close()
    write(f"数据库已是最新（{after}）" if before == after else f"数据库已从 {before or '空'} 升级到 {after}")


@app.command()
def doctor(
    database: DatabaseUrl = None, redis: RedisUrl = None, dir: Dir = None, json: AsJson = False
) -> int:
    """检查每个部件：哪里不对，怎样修好。"""
    found = settings.read(os.environ, database, redis, dir)
    findings = checkup.check(found, os.environ, os.urandom, _now())
    data = {"ok": all(each.ok for each in findings), "checks": [each.as_dict() for each in findings]}
    rows = [each.as_row() for each in findings]
    answer(json, {**data, "settings": found.shown()}, lambda: table(("", "部件", "情况", "怎样修好"), rows))
    return 0 if data["ok"] else 1


@user.command("add")
def user_add(
    login: str, role: RoleWord, department: DepartmentWord = None, name: str = "",
    database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False,
) -> None:  # fmt: skip
    """添加人员；口令由系统生成，只显示这一次。"""
    with _desk(database, dir) as desk:
        terms = (install.role_of(role), department, os.urandom, _now(), name)
        password = install.add_user(desk.database, desk.packs.active(_now()), login, *terms)
    data = {"login": login, "role": install.role_of(role).value, "password": password}
    answer(json, data, f"已添加 {login}，口令（只显示这一次）：{password}")


@user.command("list")
def user_list(database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False) -> None:
    """列出人员和角色。"""
    with _desk(database, dir) as desk:
        data = install.known_users(desk.database)
    answer(
        json, data, lambda: table(("登录名", "姓名", "角色", ""), [install.user_row(each) for each in data])
    )


@user.command("disable")
def user_disable(login: str, database: DatabaseUrl = None, dir: Dir = None) -> None:
    """停用人员。"""
    with _desk(database, dir) as desk:
        install.disable_user(desk.database, login, _now())
    write(f"已停用 {login}")


@key.command("add")
def key_add(
    name: str, role: RoleWord, department: DepartmentWord = None,
    database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False,
) -> None:  # fmt: skip
    """生成接口密钥，只显示这一次。"""
    with _desk(database, dir) as desk:
        held, policy = install.role_of(role), desk.packs.active(_now())
        made = install.add_key(desk.database, policy, name, held, department, os.urandom, _now())
        bound = policy.department_of(department) if department else None
    data = {"name": name, "role": held.value, "department": bound.code if bound else None, "key": made}
    answer(json, data, f"{made}\n（只显示这一次，请妥善保存）")


# --- The parts ----------------------------------------------------------------------------------------------


@app.command()
def serve(
    host: str = "127.0.0.1", port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1)] = 1,
    database: DatabaseUrl = None, redis: RedisUrl = None, dir: Dir = None,
) -> None:  # fmt: skip
    """接口和网页。没有 Redis 时照常受理，处理暂停。"""
    found = settings.read(os.environ, database, redis, dir)
    open_desk(found, os.urandom).database.close()
    settings.export(found, os.environ)
    serving.serve(host, port, workers, os.environ)


@app.command("worker")
def worker_(
    queues: Annotated[str, typer.Option(help="队列，用逗号分开")] = ",".join(jobs.QUEUES),
    database: DatabaseUrl = None, redis: RedisUrl = None, dir: Dir = None,
) -> None:  # fmt: skip
    """处理任务；没有设 Redis 时带起内嵌队列。"""
    found = settings.read(os.environ, database, redis, dir)
    names = names_in(queues)
    jobs.known(names)
    open_desk(found, os.urandom).database.close()
    settings.export(found, os.environ)
    with nullcontext(found.redis_url) if found.redis_url else EmbeddedQueue(found.dir, found.socket) as url:
        jobs.work(str(url), names)


def _fit(*args: Any, **named: Any) -> Trained:
    from classifier.train import fit  # noqa: PLC0415 - scikit-learn costs 1.7 s and is needed nowhere else

    return fit(*args, **named)


@app.command("demo")
def demo_(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    dir: Dir = None,
    headless: Annotated[bool, typer.Option("--headless", help="不起服务，只在虚拟时间里走完一周")] = False,
    json: AsJson = False,
) -> None:
    """一条命令看到整套系统：虚构的县、各角色的人和一周的工单。"""
    means = demo.Means(_fit, os.urandom, _now, say)
    if not headless:
        demo.run(dir or Path("demo-data"), port, os.environ, means)
        return
    with tempfile.TemporaryDirectory() if dir is None else nullcontext(dir) as folder:
        reports = dir or Path(tempfile.mkdtemp(prefix="hotline-report-"))
        figures = demo.headless(Path(folder), reports, means, demo.HEADLESS_END)
    answer(json, figures, lambda: table(("项目", "结果"), list(figures.items())))


# --- Bulk intake, models ------------------------------------------------------------------------------------


@app.command("import")
def import_(
    file: Csv, text: Annotated[str, typer.Option(help="诉求内容列")],
    received: Column = None, channel: Column = None, external_id: Column = None, caller: Column = None,
    title: Column = None, place: Column = None, type: Column = None,
    history: Annotated[bool, typer.Option("--history", help="都是历史：不通知、不督办")] = False,
    open: Annotated[bool, typer.Option("--open", help="历史工单仍未办结")] = False,
    database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False,
) -> int:  # fmt: skip
    """批量受理：每一行成为工单、并入同一人的未结工单，或写进 FILE.rejects.csv。"""
    begun = time.monotonic()
    with _desk(database, dir) as desk:
        sheet = Sheet(file, say)
        columns = Columns(text, received, channel, external_id, caller, title, place, type)
        order = imports.Order(columns, history, open)
        with bar("导入", sheet.size) as done:
            tell = lambda tally: done(sheet.taken, f"导入 {tally.rows} 行")  # noqa: E731
            tally, rejects = imports.load(desk, sheet, order, imports.rejects_path(file, say), _now, tell)
    answer(json, *imports.summary(tally, rejects, time.monotonic() - begun, peak_mb()))
    return 1 if tally.rejected else 0


@model.command("list")
def model_list(database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False) -> None:
    """列出模型；标签不在规则包目录里的写明“不在目录”。"""
    with _desk(database, dir) as desk:
        data = install.known_models(desk.database, desk.packs.active(_now()))
    answer(
        json,
        data,
        lambda: table(("版本", "", "时间", "学自", "标签"), [install.model_row(each) for each in data]),
    )


@model.command("learn")
def model_learn(
    days: Annotated[int, typer.Option(min=1, max=3660, help="学最近多少天受理的工单")] = 365,
    history: Annotated[bool, typer.Option("--history", help="导入的历史工单也学")] = False,
    activate: Annotated[bool, typer.Option("--activate", help="不论好坏都启用")] = False,
    database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False,
) -> None:  # fmt: skip
    """用派单目录和单位已确定的工单训练；先在没学过的工单上测算，比现在的好才启用。"""
    folder = settings.read(os.environ, database, None, dir).models
    with _desk(database, dir) as desk:
        order = training.Order(days, history, activate)
        data = training.learn(desk, Trainer(_fit, folder, _now(), say), order)
    answer(json, data, lambda: training.show(data))


@model.command("activate")
def model_activate(
    bundle: Bundle, database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False
) -> None:
    """启用模型（文件夹，或已有的版本）。"""
    with _desk(database, dir) as desk:
        version = desk.models.activate(bundle, "cli", _now())
    answer(json, {"active": version}, f"已启用模型 {version}")


@model.command("rollback")
def model_rollback(database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False) -> None:
    """退回上一个模型。"""
    with _desk(database, dir) as desk:
        version = desk.models.rollback("cli", _now())
    answer(json, {"active": version}, f"已退回模型 {version}")


@app.command()
def train(
    file: Csv, text: TextColumns, label: LabelColumn, out: Annotated[Path, typer.Option(help="模型文件夹")],
    group: Annotated[str | None, typer.Option(help="同组不拆开的列")] = None, json: AsJson = False,
) -> None:  # fmt: skip
    """用历史工单训练模型：先在没见过的组上测算，再用全部行训练。"""
    refuse_if_taken(out)
    columns = read_columns(Sheet(file, say), names_in(text), label, group)
    trained = _fit(*columns, now=_now(), progress=say)
    version = save(trained, out)
    facts, honest = trained.manifest["training"], trained.manifest["measured"]["department"]
    data = {"bundle": str(out), "version": version, **facts, **honest}
    answer(json, data, f"模型 {version} 已写到 {out}")


@app.command()
def predict(bundle: Bundle) -> None:
    """逐行预测：标准输入是 JSON 行，标准输出按同样的顺序作答。"""
    for answers in answer_stream(load(bundle), cast(BufferedReader, sys.stdin.buffer)):
        sys.stdout.buffer.write("".join(f"{each}\n" for each in answers).encode())
        sys.stdout.buffer.flush()


@app.command()
def evaluate(bundle: Bundle, file: Csv, text: TextColumns, label: LabelColumn, json: AsJson = False) -> None:
    """在已知承办单位的工单上评测模型。"""
    loaded = load(bundle)
    texts, labels, _ = read_columns(Sheet(file, say), names_in(text), label, None)
    data = measure(loaded, texts, labels)
    answer(json, data, lambda: table(("指标", "值"), list(data.items())))


@app.command()
def repeats(json: AsJson = False) -> None:
    """逐行查重复诉求：标准输入是按时间排列的 JSON 行，每一行只和前面的比；带不带 --json 都输出 JSON 行。"""
    for line in answer_lines(sys.stdin.buffer):
        sys.stdout.buffer.write(f"{line}\n".encode())
        sys.stdout.buffer.flush()


# --- Time and rules, without a database -------------------------------------------------------------------------


@pack.command("check")
def pack_check(folder: PackWord, json: AsJson = False) -> int:
    """检查规则包：错误在哪个文件哪一行、怎样改；核对样例；列出合并后的每个值和出处。"""
    data = check_pack(folder)
    answer(json, data, lambda: show_pack(data))
    return 0 if data["ok"] else 1


@pack.command("explain")
def pack_explain(
    folder: PackWord, ticket: Annotated[Path, typer.Argument(metavar="TICKET.json")], json: AsJson = False
) -> None:
    """说明一件诉求会怎样处理：用上哪条规则，前面的为什么没用上，时限和依据。"""
    data = explain_file(folder, ticket, _now())
    answer(json, data, lambda: show_explained(data))


@app.command("replay")
def replay_(
    pack: Annotated[str, typer.Option(help="规则包：名字或文件夹")],
    since: Annotated[str, typer.Option("--from", help="从哪天受理的算起")],
    until: Annotated[str, typer.Option("--to", help="到哪天为止，这一天也算")],
    database: DatabaseUrl = None, dir: Dir = None, json: AsJson = False,
) -> None:  # fmt: skip
    """换一个规则包重算已有的工单：哪些会派到别处，哪些时限会变；只读，什么也不改。"""
    with _desk(database, dir) as desk:
        data = replay.replay(desk, pack, replay.span(since, until))
    answer(json, data, lambda: replay.show(data))


# --- Not built yet ------------------------------------------------------------------------------------------------


@seal.command("rotate", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def _later() -> None:
    """还没有建成"""
    raise BadInput("这个命令还没有建成，会在以后的版本提供。")


if __name__ == "__main__":
    app()
