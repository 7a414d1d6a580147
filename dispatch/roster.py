"""Loading and listing the duty roster (值班表): `hotline duty`; bad rows are told with line and reason, the rest counts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatch.desk import Desk
from dispatch.options import AsJson, DatabaseUrl, DepartmentWord, Dir
from dispatch.sheets import Sheet
from dispatch.storage import registry, rosters
from dispatch.storage.tables import User, UserRole
from dispatch.terminal import answer, say, table
from intake import roster as intake_roster
from intake.csv import Rejected
from intake.roster import Listed
from rules.errors import BadInput
from rules.policy import Policy
from rules.roster import HOTLINE, Shift, clash
from rules.terms import CHINA

duty = typer.Typer(no_args_is_help=True, help="值班表：装载、列出")

#: How a file may name the hotline itself.
_HOTLINE_WORDS = ("", "热线", "热线中心", "12345", "hotline")
_SHOWN_DIGITS = 4

People = Mapping[str, tuple[User, list[UserRole]]]


def load(desk: Desk, lines: Iterator[str], actor: str, now: datetime) -> dict[str, Any]:
    """Load a roster; for its departments and the time that it spans it takes the place of what was there.

    How many shifts were loaded and taken out, and the rejected rows, as plain JSON. Raises BadInput for a file that is
    no roster; then nothing changes.
    """
    policy = desk.packs.active(now)
    with desk.transaction() as tx:
        people = {user.login: (user, roles) for user, roles in registry.users(tx)}
        taken: list[tuple[int, Shift]] = []
        rows: list[dict[str, Any]] = []
        rejected: list[Rejected] = []
        for row in intake_roster.rows(lines):
            try:
                shift = _shift(row, policy, people)
                _stands_alone(shift, taken)
            except BadInput as wrong:
                rejected.append(Rejected(row.line, row.cells, wrong.detail))
                continue
            assert isinstance(row, Listed)
            taken.append((row.line, shift))
            rows.append(_stored(desk, shift, row.phone, actor, now))
        replaced = rosters.replace(tx, rows)
    return {
        "loaded": len(rows),
        "replaced": replaced,
        "rejected": len(rejected),
        "rejects": [{"line": each.line, "reason": each.reason} for each in rejected],
    }


def _shift(row: Listed | Rejected, policy: Policy, people: People) -> Shift:
    """The row as a shift. Raises BadInput with what is wrong."""
    if isinstance(row, Rejected):
        raise BadInput(row.reason)
    department = _department(row.department, policy)
    user, roles = people.get(row.person, (None, []))
    if user is None:
        if row.phone is None:
            raise BadInput(f"没有登录名“{row.person}”；不用本系统的人请写姓名和电话。")
        return Shift(department, row.begins_at, row.ends_at, row.person)
    if user.disabled_at is not None:
        raise BadInput(f"“{row.person}”已停用。")
    if not any(each.department == department for each in roles):
        raise BadInput(f"“{row.person}”不是这个单位的人员。")
    return Shift(department, row.begins_at, row.ends_at, user.name or user.login, user.login)


def _department(said: str, policy: Policy) -> str:
    if said in _HOTLINE_WORDS:
        return HOTLINE
    found = policy.department_of(said)
    if found is None:
        raise BadInput(f"目录中没有承办单位“{said}”。")
    return found.code


def _stands_alone(shift: Shift, taken: Sequence[tuple[int, Shift]]) -> None:
    other = clash(shift, (each for _, each in taken))
    if other is not None:
        line = next(line for line, each in taken if each is other)
        raise BadInput(f"与第 {line} 行同一单位的时段重叠。")


def _stored(desk: Desk, shift: Shift, phone: str | None, actor: str, now: datetime) -> dict[str, Any]:
    return {
        "department": shift.department,
        "begins_at": shift.begins_at,
        "ends_at": shift.ends_at,
        "login": shift.login,
        "name": shift.name,
        "sealed_phone": desk.seal.seal(phone, f"duty.phone:{shift.department}"),
        "loaded_by": actor,
        "loaded_at": now,
    }


def listed(
    desk: Desk, now: datetime, department: str | None = None, phones: bool = False
) -> list[dict[str, Any]]:
    """The shifts that are not over, as plain JSON; of phones the last digits, with `phones` all of them."""
    policy = desk.packs.active(now)
    wanted = None if department is None else [_department(department, policy)]
    with desk.database.reading() as tx:
        rows = rosters.between(tx, now, None, wanted)
    return [_told(desk, row, policy, now, phones) for row in rows]


def _told(desk: Desk, row: Mapping[str, Any], policy: Policy, now: datetime, phones: bool) -> dict[str, Any]:
    phone = desk.seal.open(row["sealed_phone"], f"duty.phone:{row['department']}")
    held = policy.departments.get(row["department"])
    return {
        "department": row["department"] or None,
        "department_name": held.name if held else row["department"] or "热线",
        "from": row["begins_at"].astimezone(CHINA).isoformat(),
        "to": row["ends_at"].astimezone(CHINA).isoformat(),
        "login": row["login"],
        "name": row["name"],
        "phone": phone if phones or phone is None else f"***{phone[-_SHOWN_DIGITS:]}",
        "now": rosters.shift_of(row).holds(now),
    }


@duty.command("load")
def load_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="表头：单位,开始,结束,人员,电话")],
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> int:
    """装载值班表；文件所及单位、所及时段以文件为准，退回的行写明行号和原因。"""
    with ctx.obj.desk(database, dir) as desk:
        data = load(desk, Sheet(file, say).lines(), "cli", ctx.obj.now())
    answer(
        json, data, f"已装载 {data['loaded']} 班，替换 {data['replaced']} 班，退回 {data['rejected']} 行。"
    )
    for each in data["rejects"]:
        say(f"第 {each['line']} 行：{each['reason']}")
    return 1 if data["rejected"] else 0


@duty.command("list")
def list_(
    ctx: typer.Context,
    department: DepartmentWord = None,
    phones: Annotated[bool, typer.Option("--phones", help="写出完整的电话号码")] = False,
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> None:
    """列出还没有结束的班。"""
    with ctx.obj.desk(database, dir) as desk:
        data = listed(desk, ctx.obj.now(), department, phones)
    answer(json, data, lambda: _show(data))


def _show(data: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            "在班" if each["now"] else "",
            each["department_name"],
            each["from"][:16].replace("T", " "),
            each["to"][:16].replace("T", " "),
            f"{each['name']}（{each['login']}）" if each["login"] else each["name"],
            each["phone"] or "",
        )
        for each in data
    ]
    table(("", "单位", "开始", "结束", "人员", "电话"), rows)
