"""What the desk runs by (台账): packs and models by hash, which is in use, departments, areas, users and keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import bindparam
from sqlmodel import col, select

from dispatch.storage.database import Transaction
from dispatch.storage.tables import Activation, ApiKey, Area, Department, Model, Pack, User, UserRole
from rules.pack_records import Area as PackArea
from rules.pack_records import Department as PackDepartment

AnyPlace = TypeVar("AnyPlace", Department, Area)

#: Built once, as every act asks.
_active = (
    select(Activation.hash)
    .where(Activation.kind == bindparam("kind"))
    .order_by(col(Activation.id).desc())
    .limit(1)
)


def active(tx: Transaction, kind: str) -> str | None:
    """The hash of the pack or model in use; None before the first one, and an empty hash means none on purpose."""
    return tx.session.exec(_active, params={"kind": kind}).first() or None


def activations(tx: Transaction, kind: str) -> list[Activation]:
    """Every change of what is in use, newest first."""
    return list(
        tx.session.exec(select(Activation).where(Activation.kind == kind).order_by(col(Activation.id).desc()))
    )


def activate(tx: Transaction, kind: str, digest: str, actor: str, now: datetime) -> None:
    """Make `digest` the one in use."""
    tx.session.add(Activation(kind=kind, hash=digest, actor=actor, at=now))
    tx.session.flush()


def keep_pack(
    tx: Transaction, digest: str, name: str, title: str, files: dict[str, str], now: datetime
) -> None:
    """Store a pack under its hash; the same pack is stored once."""
    if tx.session.get(Pack, digest) is None:
        tx.session.add(Pack(hash=digest, name=name, title=title, files=files, created_at=now))
        tx.session.flush()


def pack_files(tx: Transaction, digest: str) -> dict[str, str] | None:
    """The files of a stored pack."""
    found = tx.session.get(Pack, digest)
    return dict(found.files) if found else None


def keep_model(tx: Transaction, digest: str, manifest: dict[str, Any], now: datetime) -> None:
    """Remember a model bundle by its hash."""
    if tx.session.get(Model, digest) is None:
        tx.session.add(Model(hash=digest, manifest=manifest, created_at=now))
        tx.session.flush()


def models(tx: Transaction) -> list[Model]:
    """All model bundles the desk knows, newest first."""
    return list(tx.session.exec(select(Model).order_by(col(Model.created_at).desc())))


def sync_departments(tx: Transaction, rows: Sequence[PackDepartment]) -> None:
    """Bring the department table in line with a pack; a department the pack dropped is kept, inactive."""
    _sync(
        tx,
        Department,
        [
            Department(
                code=row.code,
                name=row.name,
                kind=row.kind,
                parent=row.parent,
                leader=row.leader_title,
                liaison=row.liaison_title,
                area=row.area,
                aliases=list(row.aliases),
            )
            for row in rows
        ],
    )


def sync_areas(tx: Transaction, rows: Sequence[PackArea]) -> None:
    """Bring the area table in line with a pack; an area the pack dropped is kept, inactive."""
    wanted = [
        Area(code=row.code, name=row.name, level=row.level, parent=row.parent, aliases=list(row.aliases))
        for row in rows
    ]
    _sync(tx, Area, wanted)


def _sync(tx: Transaction, table: type[AnyPlace], wanted: Sequence[AnyPlace]) -> None:
    for held in tx.session.exec(select(table)):
        held.active = False
    for row in wanted:
        tx.session.merge(row)
    tx.session.flush()


def departments(tx: Transaction) -> list[Department]:
    """All departments, active ones first."""
    return list(
        tx.session.exec(select(Department).order_by(col(Department.active).desc(), col(Department.code)))
    )


def add_user(tx: Transaction, user: User, roles: Sequence[tuple[str, str]]) -> None:
    """Add a person with their (role, department) pairs. Raises Doubled when the log-in is taken."""
    tx.session.add(user)
    tx.session.flush()
    for role, department in roles:
        tx.session.add(UserRole(login=user.login, role=role, department=department))
    tx.session.flush()


def users(tx: Transaction) -> list[tuple[User, list[UserRole]]]:
    """All people with their roles."""
    held: dict[str, list[UserRole]] = {}
    for role in tx.session.exec(select(UserRole)):
        held.setdefault(role.login, []).append(role)
    return [
        (user, held.get(user.login, [])) for user in tx.session.exec(select(User).order_by(col(User.login)))
    ]


def user(tx: Transaction, login: str) -> User | None:
    """One person by log-in."""
    return tx.session.get(User, login)


def add_key(tx: Transaction, key: ApiKey) -> ApiKey:
    """Store an API key's digest; the row comes back with its id."""
    tx.session.add(key)
    tx.session.flush()
    return key


def keys(tx: Transaction) -> list[ApiKey]:
    """All keys that have not been switched off."""
    return list(tx.session.exec(select(ApiKey).where(col(ApiKey.disabled_at).is_(None))))
