"""Acts over HTTP: a whole journey, the stale click, the wrong words, what is not built."""

import pytest

from rules.bodies import BODIES
from rules.terms import Act
from tests.desks import settle
from tests.web.conftest import LEAD


@pytest.fixture
def number(both):
    """A ticket that waits for a dispatcher."""
    made = both.post().json()["number"]
    settle(both.desk, both.now)
    return made


def test_a_ticket_goes_from_dispatch_to_closed(both, number):
    journey = [
        ("dispatch", "dispatcher", None, {"department": LEAD, "reason": "归口"}, "to_sign"),
        ("sign", "liaison", LEAD, {}, "handling"),
        ("contact", "handler", LEAD, {"reached": True, "words": "已联系"}, "handling"),
        (
            "reply",
            "handler",
            LEAD,
            {"words": "已修好", "public_words": "路灯已修复", "solved": True},
            "reviewing",
        ),
        ("review", "department_leader", LEAD, {"level": "department", "approve": True}, "reviewing"),
        ("review", "supervisor", None, {"level": "hotline", "approve": True}, "to_call_back"),
        ("call-back", "caller_back", None, {"reached": True, "solved": True, "satisfied": True}, "closed"),
    ]
    for act, role, department, body, stage in journey:
        both.later(minutes=10)
        answer = both.act(number, act, role, department, **body)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said.keys() == {"number", "stage", "version", "department", "due_at"}
        assert (said["number"], said["stage"]) == (number, stage)
    assert said["department"] == LEAD


def test_a_stale_version_says_what_changed(both, number):
    body = {"department": LEAD, "reason": "归口", "version": 2}
    first = both.ask("POST", f"/api/tickets/{number}/dispatch", "dispatcher", json=body)
    second = both.ask("POST", f"/api/tickets/{number}/dispatch", "dispatcher", json=body)
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "changed_meanwhile"
    assert "第 2 版" in second.json()["detail"] and "待签收" in second.json()["detail"]


def test_an_illegal_act_says_what_is_possible(both, number):
    answer = both.act(number, "reply", "handler", LEAD, words="x", solved=True, version=2)
    assert answer.status_code == 404, "not theirs yet"
    answer = both.act(number, "redo", "supervisor", reason="重来")
    assert answer.status_code == 409
    assert "待派遣" in answer.json()["detail"] and "派单" in answer.json()["hint"]


@pytest.mark.parametrize(
    ("act", "body", "words"),
    [
        ("dispatch", {"department": LEAD, "reason": "归口"}, "请填写 version（工单版本，见工单详情）"),
        ("dispatch", {"version": 2, "department": LEAD}, "请填写 reason（理由）"),
        ("dispatch", {"version": 2, "department": "", "reason": "x"}, "请填写 department（承办单位）"),
        (
            "dispatch",
            {"version": 2, "department": "x" * 65, "reason": "x"},
            "department（承办单位） 太长，最多 64 个字",
        ),
        ("dispatch", {"version": 2, "department": "nobody", "reason": "x"}, "目录中没有承办单位“nobody”"),
        (
            "dispatch",
            {"version": "2", "department": LEAD, "reason": "x"},
            "version（工单版本，见工单详情） 应是整数",
        ),
        ("dispatch", {"version": True, "department": LEAD, "reason": "x"}, "应是整数"),
        ("dispatch", {"version": 0, "department": LEAD, "reason": "x"}, "不能小于 1"),
        ("dispatch", {"version": 2, "department": LEAD, "reason": "x", "why": 1}, "没有 why 这一项"),
        (
            "dispatch",
            {"version": 2, "department": LEAD, "reason": "x", "assists": "y"},
            "assists（协办单位） 应是列表",
        ),
        ("dispatch", {"version": 2, "department": LEAD, "reason": "\0"}, "请填写 reason（理由）"),
        ("dispatch", {"version": 2, "department": LEAD, "reason": "x", "assists": ["y"] * 21}, "最多 20 项"),
        ("dispatch", {"version": 2, "department": LEAD, "reason": "  "}, "请填写 reason（理由）"),
        ("urge", {"version": 2, "words": "长" * 5001}, "words（内容） 太长，最多 5000 个字"),
        ("refuse", {"version": 2, "reason_code": "because"}, "没有不予受理的理由"),
    ],
)
def test_what_is_wrong_with_a_body_is_said_in_chinese(site, act, body, words):
    number = site.post().json()["number"]
    settle(site.desk, site.now)
    answer = site.ask("POST", f"/api/tickets/{number}/{act}", "dispatcher", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_every_act_of_the_life_cycle_is_built():
    assert {each for each in Act if each not in BODIES} == {Act.TRIAGE}  # the desk's own


@pytest.mark.parametrize("word", ["triage", "explode", "SIGN", "%00"])
def test_words_that_are_no_act_are_answered_with_those_that_are(site, word):
    answer = site.ask("POST", f"/api/tickets/999001202609280000015/{word}", "dispatcher", json={"version": 1})
    assert answer.status_code == 404
    assert all(each.value in answer.json()["hint"] for each in BODIES)


@pytest.mark.parametrize("number", ["1", "999001202609280000016", "x" * 500, "%00", "999001202609280000015"])
def test_numbers_that_are_none_are_not_found(site, number):
    for answer in (
        site.ask("GET", f"/api/tickets/{number}", "operator"),
        site.ask("POST", f"/api/tickets/{number}/urge", "operator", json={"version": 1, "words": "快"}),
    ):
        assert answer.status_code == 404
        assert answer.json()["code"] == "no_such_ticket"


def test_every_built_act_has_its_own_body_in_the_description(site):
    paths = site.ask("GET", "/openapi.json").json()["paths"]
    for act in BODIES:
        body = paths[f"/api/tickets/{{number}}/{act.value}"]["post"]["requestBody"]
        assert body["required"] is True
