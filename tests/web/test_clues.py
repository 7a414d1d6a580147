"""Clues over HTTP: for the supervisor from the first moment, for the inspector once they have arrived, for nobody else."""

import pytest

from dispatch import supervise
from dispatch.storage.records import CLUE_STATES as STORED_STATES
from rules.access import CLUE_STATES
from rules.terms import Role
from tests.desks import rows, settle
from tests.web.conftest import LEAD, about_officials, with_clue

OF_DEPARTMENTS = {"liaison", "handler", "department_leader"}
SECRET = "线索"


def listed(site, role, **asked):
    answer = site.ask("GET", "/api/clues", role, params=asked)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


@pytest.fixture
def clued(both):
    """The number of a ticket with a waiting clue, and the clue's id."""
    number = with_clue(both, caller={"name": "测试人", "phone": "19900001234"})
    (clue,) = listed(both, "supervisor")
    return number, clue


def test_a_clue_is_told_whole_to_the_supervisor(both, clued):
    number, clue = clued
    said = both.ask("GET", f"/api/clues/{clue}", "supervisor").json()
    assert (said["ticket"], said["state"], said["state_words"], said["step"]) == (
        number,
        "waiting",
        "待审定",
        "return_3",
    )
    assert said["words"] == "退单满 3 次" and said["stage_words"] == "会商"
    assert {"at", "ticket", "kind", "words", "missed"} <= said["evidence"][0].keys()
    assert said["drafts"].keys() == {"rectification", "accountability"}
    assert said["settled_by"] is None and said["version"] == both.read(number)["version"]
    assert "19900001234" not in str(said) and "测试人" not in str(said)


@pytest.mark.parametrize("role", [each for each in Role if each not in (Role.SUPERVISOR, Role.DISCIPLINE)])
def test_nobody_else_reads_clues_or_hears_of_one_on_the_ticket(site, role):
    number = with_clue(site)
    of = LEAD if role in OF_DEPARTMENTS else None
    for path in ("/api/clues", "/api/clues/1", "/api/clues/999"):
        answer = site.ask("GET", path, role, of)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    answer = site.ask("GET", f"/api/tickets/{number}", role, of)
    said = answer.json()
    assert answer.status_code == 200, "the department holds it still, though it had to return it"
    assert said["clues"] == [] and "returned" in {each["kind"] for each in said["history"]}
    assert "clue_opened" not in str(said["history"]) and "clue" not in {
        each["kind"] for each in said["clocks"]
    }
    assert SECRET not in answer.text
    settled = site.act(number, "settle-clue", role, of, confirm=True)
    assert (settled.status_code, SECRET in settled.text) == (403, True), (
        "the act has a name, the clue has none"
    )


def test_an_inspector_hears_of_a_clue_once_it_was_confirmed(both, clued):
    number, clue = clued
    for path in (f"/api/clues/{clue}", f"/api/tickets/{number}"):
        assert both.ask("GET", path, "discipline").status_code == 404
    assert listed(both, "discipline") == listed(both, "discipline", state="waiting") == []
    assert both.act(number, "settle-clue", "discipline", confirm=True).status_code == 404
    done = both.act(number, "settle-clue", "supervisor", confirm=True, reason="属实")
    assert done.status_code == 200, done.text
    settle(both.desk, both.now)
    said = both.ask("GET", f"/api/clues/{clue}", "discipline").json()
    assert (said["state"], said["settled_by"], said["reason"]) == ("confirmed", "supervisor", "属实")
    assert listed(both, "discipline") == [clue] and listed(both, "discipline", state="waiting") == []
    whole = both.read(number, "discipline")
    assert [each["state"] for each in whole["clues"]] == ["confirmed"]
    assert {"clue_opened", "clue_settled"} <= {each["kind"] for each in whole["history"]}
    assert [each["number"] for each in both.ask("GET", "/api/tickets", "discipline").json()["items"]] == [
        number
    ]


def test_silence_sends_a_clue_up_and_the_inspector_may_settle_it_then(both, clued):
    number, clue = clued
    both.later(days=20)
    supervise.tick(both.desk, both.now)
    assert listed(both, "discipline", state="sent_up") == [clue]
    assert both.act(number, "settle-clue", "discipline", confirm=False).status_code == 422
    assert both.act(number, "settle-clue", "discipline", confirm=False, reason="不属实").status_code == 200
    assert both.ask("GET", f"/api/clues/{clue}", "discipline").status_code == 404, "a rejected one is none"
    assert both.ask("GET", f"/api/clues/{clue}", "supervisor").json()["state"] == "rejected"


def test_a_clue_is_settled_once(both, clued):
    number, _ = clued
    assert both.act(number, "settle-clue", "supervisor", confirm=False).status_code == 422
    assert both.act(number, "settle-clue", "supervisor", confirm=True).status_code == 200
    again = both.act(number, "settle-clue", "supervisor", confirm=False, reason="改主意")
    assert (again.status_code, again.json()["detail"]) == (409, "没有待审定线索的线索。")
    assert rows(both.desk, "SELECT state FROM clue") == [{"state": "confirmed"}]


def test_a_clue_that_was_taken_back_is_as_if_it_had_never_been(both, clued):
    number, clue = clued
    assert [each["step"] for each in both.read(number)["undoable"]] == ["return_3"]
    assert both.act(number, "undo", "supervisor", step="return_3", reason="计数有误").status_code == 200
    settle(both.desk, both.now)
    assert both.ask("GET", f"/api/clues/{clue}", "supervisor").json()["state"] == "undone"
    assert "undone" in {each["kind"] for each in both.read(number)["history"]}
    answer = both.ask("GET", f"/api/tickets/{number}", "auditor")
    assert SECRET not in answer.text and "undone" not in {each["kind"] for each in answer.json()["history"]}
    assert both.ask("GET", f"/api/tickets/{number}", "discipline").status_code == 404


def test_a_settled_clue_whose_rung_is_undone_later_is_no_more_told(both, clued):
    number, _ = clued
    both.act(number, "settle-clue", "supervisor", confirm=False, reason="不属实")
    assert both.act(number, "undo", "supervisor", step="return_3", reason="计数有误").status_code == 200
    settle(both.desk, both.now)
    answer = both.ask("GET", f"/api/tickets/{number}", "auditor")
    assert SECRET not in answer.text and "return_3" not in answer.text
    assert "undone" in {each["kind"] for each in both.read(number)["history"]}


def test_an_inspector_cannot_settle_what_still_waits_on_a_ticket_that_they_read(both):
    number = about_officials(both)["number"]
    with both.desk.database.transaction() as tx:
        tx.connection().exec_driver_sql(
            "INSERT INTO clue (ticket, step, state, evidence, drafts, opened_at) "
            f"VALUES ('{number}', 'return_3', 'waiting', '[]', '{{}}', '2026-09-28 02:00:00')"
        )
    assert both.read(number, "discipline")["clues"] == []
    answer = both.act(number, "settle-clue", "discipline", confirm=True)
    assert (answer.status_code, answer.json()["detail"]) == (409, "没有待审定线索的线索。")


def test_pages_of_clues_follow_each_other(site):
    numbers = [with_clue(site, text=f"第{n}件事，与别的都不同") for n in range(3)]
    first = site.ask("GET", "/api/clues", "supervisor", params={"limit": 2}).json()
    second = site.ask("GET", "/api/clues", "supervisor", params={"limit": 2, "cursor": first["next"]}).json()
    assert [each["ticket"] for each in first["items"] + second["items"]] == numbers[::-1]
    assert second["next"] is None and "evidence" not in first["items"][0]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"state": "nowhere"}, 422),
        ({"cursor": "x"}, 422),
        ({"cursor": "MHww"}, 422),
        ({"cursor": "LTE"}, 422),
        ({"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk"}, 422),
        ({"limit": 0}, 422),
        ({"limit": 101}, 422),
    ],
)
def test_questions_that_make_no_sense_get_a_plain_answer(site, asked, status):
    assert site.ask("GET", "/api/clues", "supervisor", params=asked).status_code == status


@pytest.mark.parametrize(
    ("clue", "status"), [("1", 404), ("0", 422), ("-1", 422), ("x", 422), ("9" * 30, 422), (str(2**63), 422)]
)
def test_ids_that_are_none_are_not_found(site, clue, status):
    answer = site.ask("GET", f"/api/clues/{clue}", "supervisor")
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_what_can_become_of_a_clue_is_what_is_stored():
    assert set(CLUE_STATES) == set(STORED_STATES)
