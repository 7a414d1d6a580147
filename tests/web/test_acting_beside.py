"""Splitting, appealing, rating and looking at who called, over HTTP: answers, pages, refusals."""

import pytest

from tests.desks import rows, settle
from tests.web.conftest import CALLER, INQUIRY, LEAD, OTHER, about_officials
from tests.web.test_acting_pressure import closed, handled, waiting
from tests.web.test_pages import log_in

PARTS = [{"text": "滨河路路灯不亮"}, {"text": "自来水浑浊发黄", "department": "water_supply", "type": "投诉"}]


def test_every_part_has_its_own_number_and_query_code_and_its_caller_can_ask_for_it(both):
    filed = both.post(caller=CALLER).json()
    number = filed["number"]
    settle(both.desk, both.now)
    version = both.read(number)["version"]
    answer = both.act(number, "split", "operator", parts=PARTS, version=version)
    assert answer.status_code == 200, answer.text
    kept, new = answer.json()["parts"]
    assert (kept["number"], kept["query_code"], new["stage"]) == (number, None, "to_sign")
    assert both.act(number, "split", "operator", parts=PARTS, version=version).status_code == 409
    for which, code in ((number, filed["query_code"]), (new["number"], new["query_code"])):
        asked = both.ask("GET", f"/api/public/tickets/{which}", params={"code": code})
        assert asked.status_code == 200, asked.text
    assert (
        both.ask("GET", f"/api/public/tickets/{number}", params={"code": new["query_code"]}).status_code
        == 404
    )
    whole, part = both.read(number), both.read(new["number"])
    assert [each["number"] for each in whole["parts"]] == [new["number"]]
    assert part["split_from"]["number"] == number and part["ticket"]["department"] == "water_supply"
    assert "sealed" not in str(whole["history"]) and new["query_code"] not in str((whole, part))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], "parts（拆出的各件事） 至少 2 项"),
        ([{"text": "甲"}], "至少 2 项"),
        ([{"text": "甲"}] * 11, "最多 10 项"),
        ([{"text": "甲"}, {"text": " "}], "请填写 parts.text（诉求内容）"),
        ([{"text": "甲"}, {"text": "乙", "department": "月球管理局"}], "没有承办单位“月球管理局”"),
    ],
)
def test_parts_that_cannot_be_are_refused_in_plain_words(site, parts, words):
    number = waiting(site)
    answer = site.act(number, "split", "operator", parts=parts)
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text
    assert rows(site.desk, "SELECT count(*) AS n FROM ticket") == [{"n": 1}]


def test_a_look_is_told_once_and_never_kept_by_anybody_in_between(site):
    number = handled(site, caller=CALLER)
    answer = site.act(number, "reveal", "handler", LEAD, field="电话", reason="首次联系")
    assert (answer.status_code, answer.json()["value"]) == (200, CALLER["phone"])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["version"] == site.read(number)["version"]
    assert CALLER["phone"] not in str(site.read(number)) and CALLER["name"] not in str(site.read(number))
    assert site.act(number, "reveal", "manager", field="phone", reason="看看").status_code == 403
    assert site.act(number, "reveal", "operator", field="phone", reason=" ").status_code == 422
    log = site.ask("GET", "/api/reveals", "supervisor").json()
    assert [(each["ticket"], each["field"], each["reason"]) for each in log["items"]] == [
        (number, "phone", "首次联系")
    ]
    assert CALLER["phone"] not in str(log)
    assert site.ask("GET", "/api/reveals", "operator").status_code == 403
    site.act(number, "reveal", "operator", field="name", reason="核对")
    first = site.ask("GET", "/api/reveals", "auditor", params={"limit": 1}).json()
    rest = site.ask("GET", "/api/reveals", "auditor", params={"limit": 1, "cursor": first["next"]}).json()
    assert [first["items"][0]["field"], rest["items"][0]["field"], rest["next"]] == ["name", "phone", None]


def test_of_a_complaint_about_officials_the_supervisor_alone_learns_who_it_was(site):
    number = about_officials(site)["number"]
    for role, of, status in (
        ("handler", INQUIRY, 403),
        ("handler", OTHER, 404),
        ("operator", None, 404),
        ("discipline", None, 403),
        ("supervisor", None, 200),
    ):
        version = site.read(number)["version"]
        answer = site.act(number, "reveal", role, of, field="name", reason="核实", version=version)
        assert answer.status_code == status, (role, answer.text)


def test_an_appeal_names_an_event_of_the_history_and_is_settled(site):
    number = handled(site)
    assert site.act(number, "supervise", "supervisor", level=2, reason="进度慢").status_code == 200
    event = next(each["id"] for each in site.read(number)["history"] if each["kind"] == "supervised")
    assert site.act(number, "appeal", "liaison", LEAD, event=event, reason="已报延期").status_code == 200
    assert site.act(number, "appeal", "liaison", LEAD, event=event, reason="再报").status_code == 409
    assert (
        site.act(number, "settle-appeal", "liaison", LEAD, event=event, accept=True, reason="x").status_code
        == 403
    )
    settled = site.act(number, "settle-appeal", "supervisor", event=event, accept=True, reason="属实")
    assert settled.status_code == 200, settled.text
    whole = site.read(number, "liaison", LEAD)
    assert whole["ticket"]["supervision"] == 0
    assert [each["words"] for each in whole["history"]][-3:] == ["申诉", "申诉审定", "撤销升级"]


def test_stars_are_given_by_the_hotline_for_the_caller(site):
    number = closed(site)
    assert site.act(number, "rate", "caller_back", step="答复", stars=5, words="快").status_code == 200
    assert site.act(number, "rate", "handler", LEAD, step="reply", stars=5).status_code == 403
    refused = site.act(number, "rate", "operator", step="天气", stars=5)
    assert refused.status_code == 422 and "step" in refused.json()["detail"]


def test_the_page_tells_all_of_it_in_words(site):
    number = handled(site, caller=CALLER)
    site.act(number, "supervise", "supervisor", level=1, reason="进度慢")
    event = next(each["id"] for each in site.read(number)["history"] if each["kind"] == "supervised")
    site.act(number, "appeal", "liaison", LEAD, event=event, reason="已报延期")
    site.act(number, "rate", "operator", step="受理", stars=4)
    site.act(number, "reveal", "operator", field="电话", reason="回访")
    new = site.act(number, "split", "operator", parts=[PARTS[0], PARTS[1]]).json()["parts"][1]["number"]
    site.person("boss", ("supervisor", ""))
    assert log_in(site, "boss").status_code == 303
    page = site.ask("GET", f"/tickets/{number}").text
    for words in ("针对：督办", "受理：4 星", "查看：电话", "拆为 2 件", "同一来件拆出"):
        assert words in page, words
    assert f"由工单 {number} 拆出" in site.ask("GET", f"/tickets/{new}").text
