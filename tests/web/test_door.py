"""Who may call what: every route, without a key and with a key of each role."""

import pytest

from rules.terms import Role
from tests.web.conftest import LEAD, OTHER

ROLES = [each.value for each in Role]
DESK = {"operator", "dispatcher", "caller_back", "supervisor", "manager", "admin", "auditor"}
OF_DEPARTMENTS = {"liaison", "handler", "department_leader"}
SOUND = "999001202609280000015"

KEYED = [
    ("GET", "/api/tickets"),
    ("GET", f"/api/tickets/{SOUND}"),
    ("POST", f"/api/tickets/{SOUND}/sign"),
    ("POST", f"/api/tickets/{SOUND}/merge"),
    ("POST", f"/api/tickets/{SOUND}/no-such-act"),
    ("POST", "/api/suggest"),
    ("GET", "/api/reports/week/2026-W40"),
    ("GET", "/api/clues"),
    ("GET", "/api/clues/1"),
    ("GET", "/api/cards"),
    ("POST", "/api/cards"),
    ("POST", "/api/cards/1/end"),
]


@pytest.mark.parametrize(("method", "path"), KEYED)
@pytest.mark.parametrize("header", [None, "Bearer hk_unknown", "Bearer", "Basic dTpw", "Bearer \xe9"])
def test_without_a_good_key_the_answer_is_401_before_anything_else(site, method, path, header):
    headers = {"Authorization": header.encode("latin-1")} if header else {}
    answer = site.ask(method, path, headers=headers, json={} if method == "POST" else None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="hotline"'
    assert answer.json()["code"] == "unauthorized"


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/", "/login", "/static/desk.css"]
)
def test_these_are_open_to_all(site, path):
    assert site.ask("GET", path).status_code == 200


def _department(role):
    return LEAD if role in OF_DEPARTMENTS else None


@pytest.mark.parametrize("role", ROLES)
def test_registering_is_for_those_who_receive(site, role):
    answer = site.ask(
        "POST", "/api/tickets", role, _department(role), json={"channel": "phone", "text": "路灯不亮"}
    )
    assert answer.status_code == (201 if role in {"operator", "dispatcher", "admin"} else 403)


@pytest.mark.parametrize("role", ROLES)
def test_lists_and_tickets_are_for_the_desk_and_the_department_at_work(site, role):
    number = site.post().json()["number"]
    listed = site.ask("GET", "/api/tickets", role, _department(role))
    single = site.ask("GET", f"/api/tickets/{number}", role, _department(role))
    if role in DESK:
        assert (listed.status_code, single.status_code) == (200, 200)
    else:  # an inspector reads restricted ones and those with a clue, a department its own
        assert (listed.status_code, listed.json()["items"], single.status_code) == (200, [], 404)


@pytest.mark.parametrize("role", ROLES)
def test_suggestions_are_for_the_desk(site, role):
    answer = site.ask("POST", "/api/suggest", role, _department(role), json={"text": "路灯不亮"})
    assert answer.status_code == (200 if role in DESK else 403)


@pytest.mark.parametrize("role", ROLES)
def test_only_operator_and_dispatcher_look_up_a_caller_by_phone(site, role):
    body = {"text": "路灯不亮", "phone": "19900001234"}
    answer = site.ask("POST", "/api/suggest", role, _department(role), json=body)
    assert answer.status_code == (200 if role in {"operator", "dispatcher"} else 403)


@pytest.mark.parametrize("role", ROLES)
def test_dispatching_is_for_the_dispatcher(site, role):
    number = site.post().json()["number"]
    body = {"department": LEAD, "reason": "归口", "version": 1}
    answer = site.ask("POST", f"/api/tickets/{number}/dispatch", role, _department(role), json=body)
    # received is not yet triaged: the dispatcher is let in, and then told that it is too early
    expected = 409 if role == "dispatcher" else 403 if role in DESK else 404
    assert answer.status_code == expected


def test_a_department_cannot_try_out_the_numbers_of_others(site):
    number = site.post().json()["number"]
    for path in (f"/api/tickets/{number}/sign", f"/api/tickets/{SOUND[:-1]}5/sign"):
        answer = site.ask("POST", path, "liaison", OTHER, json={"version": 1})
        assert answer.status_code == 404
        assert answer.json()["code"] == "no_such_ticket"


def test_a_key_switched_off_stops_working_within_thirty_seconds(site):
    assert site.ask("GET", "/api/tickets", "operator").status_code == 200
    with site.desk.database.transaction() as tx:
        tx.connection().exec_driver_sql("UPDATE api_key SET disabled_at = '2026-09-28 00:00:00'")
    assert site.ask("GET", "/api/tickets", "operator").status_code == 200
    site.later(seconds=30)
    assert site.ask("GET", "/api/tickets", "operator").status_code == 401
