"""Sessions: signed, lapsing, and bound to the password they were opened with."""

import os
from datetime import timedelta

import pytest

from dispatch.passwords import hash_password
from dispatch.sessions import Sessions, WrongPassword
from dispatch.storage import registry
from dispatch.storage.tables import User
from rules.terms import Role
from tests.stories import at

NOW = at("2026-09-28 10:00")
PASSWORD = "correct horse"


@pytest.fixture
def sessions(desk):
    row = User(login="w.x", name="测试", password=hash_password(PASSWORD, os.urandom), created_at=NOW)
    with desk.database.transaction() as tx:
        registry.add_user(tx, row, [("handler", "police"), ("liaison", "housing"), ("supervisor", "")])
    return Sessions(desk.database, desk.seal, os.urandom)


def test_a_cookie_brings_its_holder_back(sessions):
    visitor = sessions.visitor(sessions.log_in("w.x", PASSWORD, NOW), NOW)
    assert (visitor.name, visitor.actor.name, visitor.actor.department) == ("测试", "w.x", "housing")
    assert visitor.actor.roles == {Role.LIAISON, Role.SUPERVISOR}, "roles of another department do not count"


@pytest.mark.parametrize("login", ["nobody", "", "w", "W.X"])
def test_an_unknown_log_in_is_a_wrong_password(sessions, login):
    with pytest.raises(WrongPassword):
        sessions.log_in(login, PASSWORD, NOW)


def test_nothing_in_a_cookie_can_be_changed(sessions):
    cookie = sessions.log_in("w.x", PASSWORD, NOW)
    until, rest = cookie.split(".", 1)
    forged = [
        "",
        ".",
        "..",
        f"{int(until) + 1}.{rest}",
        f"{until}.{rest.replace('w.x', 'w.y')}",
        cookie[:-1] + ("0" if cookie[-1] != "0" else "1"),
        f"{'9' * 40}.{rest}",
        f"²{cookie}",
        cookie + "é",
    ]
    assert [sessions.visitor(each, NOW) for each in forged] == [None] * len(forged)


def test_a_session_lapses(sessions):
    cookie = sessions.log_in("w.x", PASSWORD, NOW)
    assert sessions.visitor(cookie, NOW + timedelta(hours=11, minutes=59)) is not None
    assert sessions.visitor(cookie, NOW + timedelta(hours=12)) is None


@pytest.mark.parametrize("change", [{"password": "other"}, {"disabled_at": NOW}])
def test_a_new_password_or_switching_off_ends_all_sessions(desk, sessions, change):
    cookie = sessions.log_in("w.x", PASSWORD, NOW)
    with desk.database.transaction() as tx:
        person = registry.user(tx, "w.x")
        for name, value in change.items():
            setattr(person, name, value)
        tx.session.add(person)
    assert sessions.visitor(cookie, NOW + timedelta(seconds=6)) is None


def test_signatures_of_one_purpose_are_worthless_for_another(desk):
    signed = {desk.seal.sign("words", purpose) for purpose in ("session", "form", "logout")}
    assert len(signed | {desk.seal.index("words")}) == 4
