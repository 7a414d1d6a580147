"""A served desk for each test: real routes, real storage, a clock that the test moves."""

import os
import shutil
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

import api
from dispatch import keys, passwords
from dispatch.storage import registry
from dispatch.storage.tables import ApiKey, User
from rules.terms import CHINA
from tests.conftest import copied, copied_desk
from tests.desks import prepared_desk, settle
from tests.servers import name_of
from tests.web.figuring import MONDAY, make_week

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client warns of its own HTTP library, at import alone
    from fastapi.testclient import TestClient

LEAD = "urban_management"
OTHER = "police"
#: Stands under OTHER in the county's tree.
BELOW_OTHER = "traffic_police"
#: Who looks into complaints about officials.
INQUIRY = "government_office"
CALLER = {"name": "测试人", "phone": "19900001234"}
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

    def read(self, number, role="supervisor", of=None):
        """The whole ticket as that role sees it; a supervisor sees every one."""
        answer = self.ask("GET", f"/api/tickets/{number}", role, of)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, number, act, role, of=None, **body):
        """One act at the present version unless another is given; `of` is the key's department."""
        if "version" not in body:
            body["version"] = self.read(number)["version"]
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


def about_officials(site):
    """A complaint about OTHER's people that lies with INQUIRY; number and query code."""
    filed = site.post(text="公安局民警不作为，去了三次都没人管。", type="投诉", caller=CALLER).json()
    settle(site.desk, site.now)
    sent = site.act(filed["number"], "dispatch", "supervisor", department=INQUIRY, reason="限定范围")
    assert sent.status_code == 200, sent.text
    settle(site.desk, site.now)
    return filed


def with_clue(site, **body):
    """A ticket that three departments would not have: conferring, with a clue that waits."""
    number = site.post(**body).json()["number"]
    settle(site.desk, site.now)
    for n in range(3):
        site.later(minutes=5)
        steps = [
            site.act(number, "dispatch", "dispatcher", department=LEAD, reason="归口"),
            site.act(
                number, "return", "liaison", LEAD, reason="不属于我们", evidence="三定方案", head="主要负责人"
            ),
        ]
        if n < 2:
            steps.append(site.act(number, "settle-return", "dispatcher", accept=True, reason="成立"))
        assert [each.status_code for each in steps] == [200] * len(steps), [each.text for each in steps]
    settle(site.desk, site.now)
    return number


def _served(desk):
    site = Site(desk)
    with TestClient(api.create_app(desk, lambda: site.now), raise_server_exceptions=False) as client:
        site.client = client
        yield site


@pytest.fixture
def site(tmp_path, prepared):
    """On SQLite alone: for what has nothing to do with storage."""
    with prepared_desk(shutil.copytree(prepared, tmp_path / "desk")) as desk:
        yield from _served(desk)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def made_week(request, tmp_path_factory):
    """The week of `tests/web/figuring.py` on each database, made once: folder, database to be copied, numbers."""
    folder, sqlite = tmp_path_factory.mktemp("made-week"), request.param == "sqlite"
    like = None if sqlite else request.getfixturevalue("prepared_database")
    with copied(request, request.getfixturevalue("prepared"), like, folder) as url:
        with prepared_desk(folder, url) as desk:
            numbers = make_week(Site(desk))
        yield folder, name_of(url) if url else None, numbers


@pytest.fixture
def week(request, made_week, tmp_path):
    """A copy of that week, served; `numbers` tells its tickets."""
    folder, database, numbers = made_week
    with copied(request, folder, database, tmp_path) as url, prepared_desk(tmp_path, url) as desk:
        for served in _served(desk):
            served.numbers, served.now = numbers, MONDAY
            yield served


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request, tmp_path):
    """On each database in turn."""
    with copied_desk(request, tmp_path) as desk:
        yield from _served(desk)
