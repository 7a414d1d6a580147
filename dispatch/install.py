"""Setting a desk up (安装): folder, key, tables, rule pack, people and keys; running it again changes nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dispatch import keys, packs, passwords
from dispatch.settings import Settings
from dispatch.storage import counts, migrate, people, registry
from dispatch.storage.database import Database, Doubled
from dispatch.storage.people import NoKey
from dispatch.storage.tables import ApiKey, User
from rules.access import DEPARTMENT_ROLES, ROLE_WORDS
from rules.errors import BadInput
from rules.pack_records import BY_PLACE
from rules.policy import Policy
from rules.routing import TOWNSHIP
from rules.terms import CHINA, Role

DEFAULT_PACK = "demo-county"


def init(settings: Settings, pack: str | None, random: Callable[[int], bytes], now: datetime) -> list[str]:
    """Create what is missing; one Chinese line for each thing done or found.

    `pack` None keeps the pack in use, or installs the demo county's. Raises PackFault before anything is made,
    NoKey when there are tickets but no key file, and what storage raises.
    """
    files = packs.read_folder(pack) if pack else None
    done = [_folder(settings.dir)]
    database = Database(settings.database_url)
    if database.is_sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        done.append(_key(settings.key_file, database, random))
        before, after = migrate.upgrade(database)
        done.append(f"数据库已是最新（{after}）" if before == after else f"数据库已建到 {after}")
        done.append(_pack(database, files, now))
    finally:
        database.close()
    return done


def _folder(folder: Path) -> str:
    if folder.is_dir():
        return f"数据目录 {folder} 已有"
    folder.mkdir(mode=0o700, parents=True)
    return f"已建数据目录 {folder}"


def _key(file: Path, database: Database, random: Callable[[int], bytes]) -> str:
    """A new key over old data would make every sealed name unreadable, so that is refused."""
    if file.exists():
        people.read_key_file(file, random)
        return f"密钥文件 {file} 已有"
    if migrate.current(database) is not None:
        with database.reading() as tx:
            if counts.tickets(tx):
                raise NoKey(
                    f"数据库里已有工单，却找不到密钥文件 {file}。",
                    hint="请把备份的密钥文件放回原处，不要新建。",
                )
    people.create_key_file(file, random)
    return f"已建密钥文件 {file}，请另行备份：丢失后诉求人身份无法恢复"


def _pack(database: Database, files: dict[str, str] | None, now: datetime) -> str:
    with database.transaction() as tx:
        active = registry.active(tx, "pack")
        if files is None and active is not None:
            return f"规则包已启用（{active[:12]}）"
        policy = packs.install(tx, files or packs.read_folder(DEFAULT_PACK), "init", now)
        if policy.hash == active:
            return f"规则包“{policy.title}”已启用（{active[:12]}）"
        return f"已启用规则包“{policy.title}”（{policy.hash[:12]}）"


def role_of(word: str) -> Role:
    """The role of an English or Chinese word. Raises BadInput."""
    found = next((role for role, said in ROLE_WORDS.items() if word.strip() in (role.value, said)), None)
    if found is None:
        known = "、".join(f"{role.value}（{said}）" for role, said in ROLE_WORDS.items())
        raise BadInput(f"没有角色“{word}”。", f"可用的角色：{known}")
    return found


def _bounds(role: Role, department: str | None, policy: Policy) -> str | None:
    """The department code that bounds a role. Raises BadInput where one is missing, unknown or out of place."""
    if role not in DEPARTMENT_ROLES:
        if department:
            raise BadInput(f"{ROLE_WORDS[role]}不属于单个承办单位，不要写 --department。")
        return None
    found = policy.department_of(department) if department else None
    if found is None:
        said = f"规则包里没有承办单位“{department}”" if department else f"{ROLE_WORDS[role]}须写明承办单位"
        known = "、".join(policy.departments)
        raise BadInput(f"{said}。", f"请用 --department 写代码或名称：{known}")
    return found.code


def add_user(
    database: Database,
    policy: Policy,
    login: str,
    role: Role,
    department: str | None,
    random: Callable[[int], bytes],
    now: datetime,
    name: str = "",
) -> str:
    """Add a person; the password made for them comes back, to be shown once. Raises BadInput, Doubled."""
    bound = _bounds(role, department, policy)
    if not login.strip() or len(login) > 64:
        raise BadInput("登录名须为 1 到 64 个字符。")
    password = random(9).hex()
    kept = passwords.hash_password(password, random)
    try:
        with database.transaction() as tx:
            user = User(login=login.strip(), name=name or login.strip(), password=kept, created_at=now)
            registry.add_user(tx, user, [(role.value, bound or "")])
    except Doubled as fault:
        raise BadInput(f"登录名“{login}”已有人使用。", "请换一个登录名。") from fault
    return password


def new_password(database: Database, login: str, random: Callable[[int], bytes]) -> str:
    """Give a person another password; it comes back, to be shown once. Raises BadInput for an unknown log-in."""
    password = random(9).hex()
    kept = passwords.hash_password(password, random)
    with database.transaction() as tx:
        user = registry.user(tx, login)
        if user is None:
            raise BadInput(f"没有登录名“{login}”。", "用 hotline user list 查看。")
        user.password = kept
        tx.session.add(user)
    return password


def disable_user(database: Database, login: str, now: datetime) -> None:
    """Close a person's access. Raises BadInput for an unknown log-in."""
    with database.transaction() as tx:
        user = registry.user(tx, login)
        if user is None:
            raise BadInput(f"没有登录名“{login}”。", "用 hotline user list 查看。")
        user.disabled_at = user.disabled_at or now
        tx.session.add(user)


def add_key(
    database: Database,
    policy: Policy,
    name: str,
    role: Role,
    department: str | None,
    random: Callable[[int], bytes],
    now: datetime,
) -> str:
    """Make an API key; it comes back to be shown once, only its digest is kept. Raises BadInput."""
    bound = _bounds(role, department, policy)
    if not name.strip() or len(name) > 64:
        raise BadInput("密钥名称须为 1 到 64 个字符。")
    key = keys.make(random)
    with database.transaction() as tx:
        row = ApiKey(
            name=name.strip(), digest=keys.digest(key), role=role.value, department=bound, created_at=now
        )
        registry.add_key(tx, row)
    return key


def known_users(database: Database) -> list[dict[str, Any]]:
    """All people with their roles, as plain JSON; never their passwords."""
    with database.reading() as tx:
        return [
            {
                "login": each.login,
                "name": each.name,
                "roles": [{"role": held.role, "department": held.department or None} for held in roles],
                "disabled": each.disabled_at is not None,
            }
            for each, roles in registry.users(tx)
        ]


def user_row(person: Mapping[str, Any]) -> tuple[str, ...]:
    """A person of `known_users` as a table row."""
    roles = "、".join(f"{held['role']} {held['department'] or ''}".strip() for held in person["roles"])
    return person["login"], person["name"], roles, "停用" if person["disabled"] else ""


def known_models(database: Database, policy: Policy) -> list[dict[str, Any]]:
    """All models, newest first, as plain JSON; a label's `department` is None where the pack does not know it.

    The label that stands for the township of the place is no department and yet known. `learnt` counts what a model of
    this desk's own was trained on; None for one that was trained elsewhere.
    """
    with database.reading() as tx:
        active, known = registry.active(tx, "model"), registry.models(tx)
    listed = []
    for each in known:
        labels = next(head["labels"] for head in each.manifest["heads"] if head["name"] == "department")
        found = {label: label if label == BY_PLACE else _code_of(label, policy) for label in labels}
        learnt = each.manifest.get("learnt") or None
        listed.append(
            {
                "version": each.hash,
                "active": each.hash == active,
                "created_at": each.created_at.astimezone(CHINA).isoformat(),
                "learnt": learnt and {key: learnt[key] for key in ("pack", "lessons", "labels")},
                "labels": [{"label": label, "department": code} for label, code in found.items()],
            }
        )
    return listed


def _code_of(label: str, policy: Policy) -> str | None:
    found = policy.department_of(label)
    return found.code if found else None


def model_row(model: Mapping[str, Any]) -> tuple[str, ...]:
    """A model of `known_models` as a table row."""
    learnt = model["learnt"]
    source = f"目录 {learnt['lessons']} 条，工单 {learnt['labels']} 件" if learnt else ""
    labels = "、".join(_shown(each) for each in model["labels"])
    return model["version"], "启用" if model["active"] else "", model["created_at"], source, labels


def _shown(label: Mapping[str, Any]) -> str:
    if label["department"] == BY_PLACE:
        return TOWNSHIP
    return str(label["label"]) + ("" if label["department"] else "（不在目录）")
