"""A served desk for each test: real routes, real storage, a clock that the test moves."""

import os
import shutil
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

import api
from dispatch import keys, passwords, settings
from dispatch.desk import open_desk
from dispatch.storage import registry
from dispatch.storage.tables import ApiKey, User
from rules.terms import CHINA
from tests.desks import new_desk
from tests.servers import fresh_database

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client warns of its own HTTP library, at import alone
    from fastapi.testclient import TestClient

LEAD = "urban_management"
OTHER = "police"
PASSWORD = "correct horse"


@dataclass
class Site:
    """The desk as it is seen over HTTP. `now` may be moved; keys are made when first asked for."""

    desk: object
    now: datetime = datetime(2026, 9, 28, 10, 0, tzinfo=CHINA)
    made: dict = field(default_factory=dict)
    client: TestClient = None

    def later(self, **span):
        self.now += timedelta(**span)

    def key(self, role, department=None, name=None):
        wanted = (role, department, name)
        if wanted not in self.made:
            fresh = keys.make(os.urandom)
            row = ApiKey(
                name=name or role,
                digest=keys.digest(fresh),
                role=role,
                department=department,
                created_at=self.now,
            )
            with self.desk.database.transaction() as tx:
                registry.add_key(tx, row)
            self.later(seconds=2)
            self.made[wanted] = fresh
        return self.made[wanted]

    def ask(self, method, path, role=None, department=None, headers=None, **kind):
        """One request, with the key of `role` if there is one."""
        given = {**(headers or {})}
        if role:
            given["Authorization"] = "Bearer " + self.key(role, department)
        return self.client.request(method, path, headers=given, follow_redirects=False, **kind)

    def post(self, role="operator", headers=None, **body):
        """One contact."""
        said = {"channel": "phone", "text": "滨河路路灯不亮，晚上走路看不见。", **body}
        return self.ask("POST", "/api/tickets", role, headers=headers, json=said)

    def act(self, number, act, role, of=None, **body):
        """One act at the present version unless another is given; `of` is the key's department."""
        if "version" not in body:
            body["version"] = self.ask("GET", f"/api/tickets/{number}", "auditor").json()["version"]
        return self.ask("POST", f"/api/tickets/{number}/{act}", role, of, json=body)

    def person(self, login, *roles):
        row = User(
            login=login,
            name=f"测试{login}",
            password=passwords.hash_password(PASSWORD, os.urandom),
            created_at=self.now,
        )
        with self.desk.database.transaction() as tx:
            registry.add_user(tx, row, roles)
        self.later(seconds=6)


def _served(desk):
    site = Site(desk)
    with TestClient(api.create_app(desk, lambda: site.now), raise_server_exceptions=False) as client:
        site.client = client
        yield site


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """The folder of an empty desk, made once: copying it is quicker than making it for each test."""
    folder = tmp_path_factory.mktemp("prepared")
    with new_desk(folder):
        pass
    return folder


@pytest.fixture
def site(tmp_path, prepared):
    """On SQLite alone: for what has nothing to do with storage."""
    folder = shutil.copytree(prepared, tmp_path / "desk")
    desk = open_desk(settings.read({}, dir=folder), os.urandom)
    try:
        yield from _served(desk)
    finally:
        desk.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request, tmp_path):
    """On each database in turn."""
    if request.param == "sqlite":
        with new_desk(tmp_path) as desk:
            yield from _served(desk)
    else:
        with fresh_database(request.getfixturevalue("postgres_url")) as url, new_desk(tmp_path, url) as desk:
            yield from _served(desk)
