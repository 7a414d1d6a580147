"""What a citizen is told by number and query code: their matter, plainly, and nothing to a guesser."""

import pytest

from rules.terms import Stage
from tests.desks import settle
from tests.web.conftest import LEAD
from web.words import CITIZEN_STAGES


def look(site, number, code):
    return site.ask("GET", f"/api/public/tickets/{number}", params={"code": code})


@pytest.fixture
def filed(both):
    return both.post(caller={"phone": "19900001234"}).json()


def test_the_right_code_tells_how_it_stands(both, filed):
    answer = look(both, filed["number"], filed["query_code"])
    assert answer.status_code == 200
    assert answer.json() == {
        "number": filed["number"],
        "stage": "received",
        "words": "已收到",
        "received_at": "2026-09-28T10:00:02+08:00",
        "reply": None,
    }


def test_a_code_of_a_joined_contact_opens_the_same_matter(both, filed):
    joined = both.post(caller={"phone": "19900001234"}).json()
    assert joined["joined"] is True
    assert look(both, joined["number"], joined["query_code"]).status_code == 200


def test_a_wrong_code_and_an_unknown_number_look_the_same(both, filed):
    wrong = "00000000" if filed["query_code"] != "00000000" else "00000001"
    answers = [
        look(both, filed["number"], wrong),
        look(both, "999001202609289999991", filed["query_code"]),
        look(both, "nonsense", filed["query_code"]),
        look(both, filed["number"], "1"),
        look(both, filed["number"], "１２３４５６７８"),
        look(both, "%00", "%00"),
    ]
    assert {each.status_code for each in answers} == {404}
    assert len({each.text for each in answers}) == 1


def test_a_missing_code_is_asked_for(site):
    answer = site.ask("GET", "/api/public/tickets/1")
    assert answer.status_code == 422
    assert "请填写 code（查询码）" in answer.json()["detail"]


def test_after_ten_wrong_guesses_even_the_right_code_must_wait(site):
    filed = site.post().json()
    for _ in range(10):
        assert look(site, filed["number"], "1").status_code == 404
    held = look(site, filed["number"], filed["query_code"])
    assert held.status_code == 429
    site.later(seconds=int(held.headers["retry-after"]) + 1)
    assert look(site, filed["number"], filed["query_code"]).status_code == 200


def test_right_answers_are_not_counted_as_guesses(site):
    filed = site.post().json()
    assert {look(site, filed["number"], filed["query_code"]).status_code for _ in range(15)} == {200}


def test_the_reply_is_told_once_it_has_passed_both_reviews(both, filed):
    number = filed["number"]
    settle(both.desk, both.now)

    def told():
        return look(both, number, filed["query_code"]).json()["reply"]

    both.act(number, "dispatch", "dispatcher", department=LEAD, reason="归口")
    both.act(number, "sign", "liaison", LEAD)
    both.act(number, "contact", "handler", LEAD, reached=True, words="已联系")
    public = "路灯已修复，联系人电话19900005678"
    both.act(number, "reply", "handler", LEAD, words="内部说明", public_words=public, solved=True)
    assert told() is None
    both.act(number, "review", "department_leader", LEAD, level="department", approve=True)
    assert told() is None
    both.act(number, "review", "supervisor", level="hotline", approve=True)
    assert told().startswith("路灯已修复") and "19900005678" not in told()


def test_every_stage_has_citizens_words():
    assert set(CITIZEN_STAGES) == set(Stage)
