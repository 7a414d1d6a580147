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
        "hint": None,
        "missing": [],
        "together": None,
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


def told(site, filed):
    answer = look(site, filed["number"], filed["query_code"])
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_who_was_merged_hears_how_the_lead_stands_and_its_reply(both, filed):
    other = both.post(text="滨河路的灯又灭了", caller={"phone": "19900005678"}).json()
    settle(both.desk, both.now)
    lead = filed["number"]
    both.act(lead, "dispatch", "dispatcher", department=LEAD, reason="归口")
    both.act(other["number"], "merge", "dispatcher", into=lead)
    said = told(both, other)
    assert (said["stage"], said["together"]) == ("merged", {"stage": "to_sign", "words": "已转交承办单位"})
    assert said["reply"] is None and "答复" in said["hint"] and lead not in str(said)
    both.act(lead, "sign", "liaison", LEAD)
    both.act(lead, "reply", "handler", LEAD, words="内部", public_words="路灯已修复", solved=True)
    assert told(both, other)["reply"] is None
    both.act(lead, "review", "department_leader", LEAD, level=1, approve=True)
    both.act(lead, "review", "supervisor", level=2, approve=True)
    said = told(both, other)
    assert (said["reply"], said["together"]["stage"]) == ("路灯已修复", "to_call_back")
    page = both.ask("POST", "/lookup", data={"number": other["number"], "code": other["query_code"]})
    assert "合并办理" in page.text and "路灯已修复" in page.text and lead not in page.text


def test_what_is_missing_is_named_with_the_way_to_tell_it(both):
    filed = both.post(channel="web", text="太差了", type="投诉").json()
    settle(both.desk, both.now)
    said = told(both, filed)
    assert said["stage"] == "incomplete" and "地点" in said["missing"] and "12345" in said["hint"]
    page = both.ask("POST", "/lookup", data={"number": filed["number"], "code": filed["query_code"]})
    assert "还需要您补充" in page.text and "地点" in page.text
    both.act(filed["number"], "supplement", "operator", elements={"place": "滨河路", "cause": "路灯不亮"})
    assert (told(both, filed)["missing"], told(both, filed)["hint"]) == ([], None)


@pytest.mark.parametrize(
    ("act", "body", "reply", "hint"),
    [
        ("answer", {"words": "办理时间为工作日 9 点到 17 点"}, "办理时间为工作日", None),
        ("refuse", {"reason_code": "litigation", "legal_path": "请向人民法院起诉"}, "请向人民法院起诉", None),
        ("transfer", {"line": "110"}, None, "已转 110 处置"),
        ("withdraw", {}, None, None),
        ("invalidate", {"reason_code": "silent"}, None, None),
    ],
)
def test_the_end_of_a_matter_is_told_with_its_words(site, act, body, reply, hint):
    filed = site.post().json()
    settle(site.desk, site.now)
    done = site.act(filed["number"], act, "operator", **body)
    assert done.status_code == 200, done.text
    said = told(site, filed)
    for found, wanted in ((said["reply"], reply), (said["hint"], hint)):
        assert found is None if wanted is None else found.startswith(wanted)


def test_a_known_event_is_answered_with_its_one_answer(site):
    card = {"title": "停水", "words": ["停水"], "answer": "今晚八点恢复供水。", "ends_at": "2026-09-28 22:00"}
    assert site.ask("POST", "/api/cards", "dispatcher", json=card).status_code == 201
    filed = site.post(text="家里停水了").json()
    settle(site.desk, site.now)
    said = told(site, filed)
    assert (said["stage"], said["reply"]) == ("answered", "今晚八点恢复供水。")


def test_every_stage_has_citizens_words():
    assert set(CITIZEN_STAGES) == set(Stage)
