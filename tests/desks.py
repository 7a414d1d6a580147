"""A whole desk for a test: database, key, pack, and people by role, on whatever database the fixture gives."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from dispatch import follow_up, ladder, packs, settings, triage
from dispatch.desk import Desk, open_desk
from dispatch.handle import perform
from dispatch.receive import Asked, Receipt, receive
from dispatch.storage import migrate, people
from dispatch.storage.database import Database
from intake.request import build
from rules.access import Actor
from rules.bodies import BODIES
from rules.terms import Act, Facts, Role

OPERATOR = Actor("operator", frozenset({Role.OPERATOR}), scope="key:1")
DISPATCHER = Actor("dispatcher", frozenset({Role.DISPATCHER}), scope="key:2")
SUPERVISOR = Actor("supervisor", frozenset({Role.SUPERVISOR}), scope="key:3")
CALLER_BACK = Actor("caller_back", frozenset({Role.CALLER_BACK}), scope="key:4")


def of(department: str, role: Role) -> Actor:
    """Somebody of a department."""
    return Actor(f"{department}-{role}", frozenset({role}), department, scope=f"key:{department}-{role}")


@contextmanager
def new_desk(folder: Path, url: str | None = None, bell=None) -> Iterator[Desk]:
    """An empty desk with the demo county's pack, on SQLite in `folder` or on the database at `url`."""
    found = settings.read({}, database=url, dir=folder)
    people.create_key_file(found.key_file, os.urandom)
    database = Database(found.database_url)
    migrate.upgrade(database)
    with database.transaction() as tx:
        packs.install(
            tx, packs.read_folder("demo-county"), "test", datetime.fromisoformat("2026-01-01T00:00:00+08:00")
        )
    database.close()
    with prepared_desk(folder, url, bell) as desk:
        yield desk


@contextmanager
def prepared_desk(folder: Path, url: str | None = None, bell=None) -> Iterator[Desk]:
    """The desk that was made in `folder` and on that database, or copied there."""
    desk = open_desk(settings.read({}, database=url, dir=folder), os.urandom, bell)
    try:
        yield desk
    finally:
        desk.database.close()


def post(desk: Desk, now: datetime, actor: Actor = OPERATOR, key: str | None = None, **raw) -> Receipt:
    """Accept one message through the real use case."""
    raw = {"channel": "phone", "text": "滨河路路灯不亮，晚上走路看不见。", **raw}
    request = build(raw, now, occasions=desk.packs.active(now).occasions)
    return receive(desk, request, Asked(actor, key), now)


def act(
    desk: Desk, number: str, name: str, actor: Actor, now: datetime, version: int | None = None, **body
) -> Facts:
    """One act through the real use case; the version is the present one unless given."""
    wanted = Act(name)
    return perform(
        desk, number, wanted, BODIES[wanted](**body), version or version_of(desk, number), actor, now
    )


def version_of(desk: Desk, number: str) -> int:
    with desk.database.reading() as tx:
        return (
            tx.connection()
            .exec_driver_sql("SELECT version FROM ticket WHERE number = '" + number + "'")
            .scalar_one()
        )


def rows(desk: Desk, sql: str) -> list[dict]:
    """Plain SQL, as an outside check would run it."""
    with desk.database.reading() as tx:
        return [dict(each) for each in tx.connection().execute(text(sql)).mappings()]


def settle(desk: Desk, now: datetime) -> None:
    """Let the workers empty their queues, but for the digest of the next morning."""
    while triage.drain(desk, now) or ladder.drain(desk, now) or follow_up.drain(desk, now):
        pass
