"""Event cards over HTTP: made with checked patterns and places, answering at once, counted, ended once."""

import pytest

from rules.terms import Role
from tests.desks import rows, settle
from tests.web.conftest import LEAD

OF_DEPARTMENTS = {"liaison", "handler", "department_leader"}
OUTAGE = {
    "title": "桐鲤街道停水",
    "words": ["停水|没有水", "水管+爆"],
    "areas": ["桐鲤街道"],
    "answer": "桐鲤街道主管道抢修，预计今晚恢复供水。",
    "department": "墨榆县城市管理局",
    "ends_at": "2026-09-28 22:00",
}


def make(site, role="dispatcher", of=None, **changes):
    return site.ask("POST", "/api/cards", role, of, json={**OUTAGE, **changes})


def suggested(site, text):
    return site.ask("POST", "/api/suggest", "operator", json={"text": text}).json()["card"]


def test_a_card_answers_whoever_asks_and_counts_them(both):
    made = make(both)
    assert made.status_code == 201, made.text
    card = made.json()
    assert (card["department"], card["area_names"], card["asked"]) == (LEAD, ["桐鲤街道"], 0)
    assert card["begins_at"].endswith("+08:00") and card["ends_at"] == "2026-09-28T22:00:00+08:00"
    assert card["created_by"] == "dispatcher"
    numbers = [both.post(text=f"桐鲤街道第{n}栋停水了").json()["number"] for n in range(3)]
    elsewhere = both.post(text="云溪路停水了，不知道是哪里").json()["number"]
    settle(both.desk, both.now)
    assert both.ask("GET", "/api/cards", "operator").json()["items"][0]["asked"] == 3
    whole = both.read(numbers[0])
    assert (whole["stage"], whole["card"]["id"]) == ("answered", card["id"])
    assert both.read(elsewhere)["card"] is None


def test_while_somebody_talks_the_running_card_is_shown(both):
    assert suggested(both, "桐鲤街道停水了") is None
    card = make(both).json()
    found = suggested(both, "桐鲤街道停水了")
    assert (found["id"], found["answer"]) == (card["id"], OUTAGE["answer"])
    assert found["department_name"] == "墨榆县城市管理局"
    assert suggested(both, "停水了") is None, "where is not said"
    assert suggested(both, "桐鲤街道路灯不亮") is None
    both.later(hours=13)
    assert suggested(both, "桐鲤街道停水了") is None, "it has run out"


def test_of_two_that_fit_the_newer_is_shown(site):
    make(site)
    newer = make(site, title="全县停水", areas=[]).json()
    assert suggested(site, "桐鲤街道停水了")["id"] == newer["id"]
    assert suggested(site, "停水了")["id"] == newer["id"]


def test_a_card_that_can_no_longer_be_read_stops_nobody(site):
    make(site)
    with site.desk.database.transaction() as tx:
        tx.connection().exec_driver_sql("UPDATE event_card SET words = '[\"停水+\"]'")
    assert suggested(site, "桐鲤街道停水了") is None


def test_a_card_is_ended_once_and_answers_nobody_after(both):
    card = make(both).json()["id"]
    ended = both.ask("POST", f"/api/cards/{card}/end", "supervisor")
    assert ended.status_code == 200 and ended.json()["ends_at"] < OUTAGE["ends_at"].replace(" ", "T")
    again = both.ask("POST", f"/api/cards/{card}/end", "supervisor")
    assert (again.status_code, again.json()["code"]) == (409, "card_over")
    number = both.post(text="桐鲤街道停水了").json()["number"]
    settle(both.desk, both.now)
    assert both.read(number)["card"] is None
    assert both.ask("GET", "/api/cards?running=true", "operator").json()["items"] == []
    assert make(both).status_code == 201, "the same title is free again"


def test_a_second_click_makes_no_second_card(both):
    assert [make(both).status_code, make(both).status_code] == [201, 409]
    assert rows(both.desk, "SELECT count(*) AS n FROM event_card") == [{"n": 1}]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"words": ["停水", "停电+"]}, "第 2 条词（words）有误：“停电+”里有空的词"),
        ({"words": ["a+b+c+d+e"]}, "最多4段"),
        ({"words": ["停水", "水"]}, "第 2 条词（words）“水”太短"),
        ({"words": ["水|停水"]}, "太短"),
        ({"words": []}, "words（内容） 至少 1 项"),
        ({"words": ["停水"] * 21}, "最多 20 项"),
        ({"words": "停水"}, "应是列表"),
        ({"words": ["\u200b"]}, "请填写 words（内容）"),
        ({"words": ["长" * 101]}, "太长"),
        ({"areas": ["别处"]}, "规则包里没有区域“别处”"),
        ({"department": "nobody"}, "目录中没有承办单位“nobody”"),
        ({"ends_at": "2026-09-28 09:00"}, "结束时间"),
        ({"begins_at": "2026-09-29", "ends_at": "2026-09-29"}, "结束时间"),
        ({"ends_at": "晚上"}, "看不懂时间“晚上”"),
        ({"ends_at": ""}, "请填写 ends_at（结束时间）"),
        ({"title": ""}, "请填写 title（标题）"),
        ({"answer": "   "}, "请填写 answer（统一口径）"),
        ({"why": 1}, "没有 why 这一项"),
    ],
)
def test_what_is_wrong_with_a_card_is_said_in_chinese(site, changes, words):
    answer = make(site, **changes)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert rows(site.desk, "SELECT count(*) AS n FROM event_card") == [{"n": 0}]


@pytest.mark.parametrize("role", list(Role))
def test_who_makes_ends_and_reads_cards(site, role):
    of = LEAD if role in OF_DEPARTMENTS else None
    card = make(site).json()["id"]
    makes = role in (Role.DISPATCHER, Role.SUPERVISOR)
    reads = role not in OF_DEPARTMENTS and role is not Role.DISCIPLINE
    assert make(site, role, of, title="另一张").status_code == (201 if makes else 403)
    assert site.ask("GET", "/api/cards", role, of).status_code == (200 if reads else 403)
    assert site.ask("POST", f"/api/cards/{card}/end", role, of).status_code == (200 if makes else 403)


def test_pages_of_cards_follow_each_other(site):
    ids = [make(site, title=f"第{n}张").json()["id"] for n in range(3)]
    first = site.ask("GET", "/api/cards?limit=2", "operator").json()
    second = site.ask("GET", f"/api/cards?limit=2&cursor={first['next']}", "operator").json()
    assert [each["id"] for each in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(("card", "status"), [("7", 404), ("0", 422), ("x", 422), ("9" * 30, 422)])
def test_cards_that_are_none_are_not_found(site, card, status):
    assert site.ask("POST", f"/api/cards/{card}/end", "dispatcher").status_code == status
