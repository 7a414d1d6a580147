"""What a pack makes of one ticket (规则包说明): the rule, the earlier rules, the limits, each with its place."""

import json
from pathlib import Path

import pytest

from dispatch import pack_explain, packs
from rules.errors import BadInput
from tests.packs import FILES
from tests.stories import at

NOW = at("2026-03-03 12:00")


def explained(**raw: object) -> dict:
    return pack_explain.explain(FILES, raw, NOW)


def test_the_rule_that_fires_is_named_with_its_place_and_each_earlier_one_with_why_not() -> None:
    found = explained(text="请帮忙挪车，堵在小区出口了", type="求助")
    decided = found["decision"]
    assert (decided["what"], decided["rule"], decided["department"]) == (
        "to_sign",
        "move_car",
        "traffic_police",
    )
    line = FILES["county/routing.toml"].splitlines()[decided["origin"]["line"] - 1 :][:2]
    assert line == ["[[rule]]", 'id = "move_car"']
    assert decided["clause"].startswith("道路交通安全法")
    whys = {each["rule"]: each["why"] for each in found["passed_over"]}
    assert whys["official_conduct_words"] == "诉求类型不符"
    assert whys["night_construction"] == "不在规定的时段"
    assert whys["wages_words"] == "没有出现任何一个关键词"
    assert whys["village_road"] == "类别不符"
    assert "move_car" not in whys and "urban" not in whys
    assert all(each["origin"]["file"] == "routing.toml" for each in found["passed_over"])


def test_where_no_rule_fires_all_of_them_say_why() -> None:
    found = explained(text="这件事谁来管还不清楚")
    assert found["decision"]["what"] == "to_dispatch"
    assert (found["decision"]["rule"], found["decision"]["origin"]) == ("no_model", None)
    assert len(found["passed_over"]) == FILES["county/routing.toml"].count("[[rule]]")


@pytest.mark.parametrize(
    ("raw", "rule", "department"),
    [
        ({"labels": [["公安局", 0.95]]}, "model", "police"),
        ({"labels": [["公安局", 0.5]]}, "doubt", None),
        ({"labels": [["公安局", 0.95]], "abstain": True}, "doubt", None),
        ({"category": "water"}, "water", "water_supply"),
        ({"category": "供水"}, "water", "water_supply"),
        (
            {"category": "construction_noise", "received_at": "2026-03-03T23:00:00+08:00"},
            "night_construction",
            None,
        ),
        (
            {"category": "construction_noise", "received_at": "2026-03-03T11:00:00+08:00"},
            "construction_noise",
            None,
        ),
    ],
)
def test_the_model_the_category_and_the_hour_count_as_at_the_desk(
    raw: dict, rule: str, department: str | None
) -> None:
    found = explained(text="有件事要反映，请处理", **raw)
    assert found["decision"]["rule"] == rule
    assert department is None or found["decision"]["department"] == department


def test_danger_to_life_and_grounds_of_refusal_are_named_with_their_words_and_places() -> None:
    found = explained(text="我家厨房现在着火了，快来人")
    assert (found["emergency"]["line"], found["emergency"]["words"]) == ("119", ["现在", "着火"])
    assert found["emergency"]["origin"]["pack"] == "national"
    found = explained(text="劳动仲裁结果出来了，我不服这个裁决")
    assert found["refusal"]["code"] == "arbitration"
    assert (found["decision"]["what"], found["decision"]["rule"]) == ("to_dispatch", "refusal")
    assert found["emergency"] is None
    assert any("可能不予受理：仲裁" in line for line in pack_explain.lines(found))


def test_every_limit_of_the_ticket_is_named_with_its_clause_and_place() -> None:
    found = explained(text="请问社保怎么转", type="consult")
    limits = {(each["clock"], each["occasion"]): each for each in found["limits"]}
    assert limits["handle", None]["amount"] == 3
    assert limits["handle", None]["origin"]["pack"] == "hunan-template"
    assert limits["handle", "redo"]["limit"] == "handle_redo"
    assert limits["settle", "conferring"]["amount"] == 1
    assert ("resume", None) not in limits and ("sign", "redo") not in limits
    assert all(len(each["clause"]) > 5 for each in found["limits"])
    urgent = explained(text="请问社保怎么转", type="consult", urgency="紧急")["limits"]
    assert next(each for each in urgent if each["clock"] == "sign")["unit"] == "minutes"


def test_the_tables_for_people_have_a_row_for_each() -> None:
    found = explained(text="请帮忙挪车", type="求助")
    assert len(pack_explain.rule_rows(found)) == len(found["passed_over"])
    assert ("办理时限（重办）", "3 workdays") in [row[:2] for row in pack_explain.limit_rows(found)]
    assert json.loads(json.dumps(found)) == found


def test_a_pack_that_is_only_extended_can_be_asked_too() -> None:
    found = pack_explain.explain(packs.read_folder("lvliang-2024"), {"text": "路灯坏了", "type": "投诉"}, NOW)
    assert found["decision"]["what"] == "to_dispatch"
    handle = next(each for each in found["limits"] if each["clock"] == "handle")
    assert (handle["amount"], handle["origin"]["pack"]) == (5, "lvliang-2024")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"text": "路灯坏了", "colour": "red"}, "不认识的字段：colour"),
        ({"text": "路灯坏了", "labels": ["公安局"]}, "labels"),
        ({"text": "路灯坏了", "labels": [["公安局", 2]]}, "labels"),
        ({"text": "路灯坏了", "labels": "公安局"}, "labels"),
        ({"text": "路灯坏了", "labels": [["公安局", True]]}, "labels"),
        ({"text": "路灯坏了", "category": "moon"}, "没有类别“moon”"),
        ({"text": "路灯坏了", "category": ["water"]}, "没有类别"),
        ({"text": "路灯坏了", "received_at": "昨天"}, "时间"),
        ({"text": ""}, "内容"),
        ({}, "内容"),
    ],
)
def test_what_is_no_ticket_is_said_to_be(raw: dict, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        pack_explain.explain(FILES, raw, NOW)


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"', "\ufeff{}"])
def test_a_file_that_holds_no_ticket_is_said_to_be(content: str, tmp_path: Path) -> None:
    file = tmp_path / "ticket.json"
    file.write_text(content, "utf-8")
    with pytest.raises(BadInput, match=r"ticket\.json"):
        pack_explain.explain_file("demo-county", file, NOW)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"occasion": "nobody"}, "没有“nobody”这样的接听"),
        ({"occasion": "weekly_line", "channel": "leader_session"}, "每周三 09:00-11:00、15:00-16:00"),
        ({"proxy": "neighbour"}, "没有“neighbour”这样的代办员"),
        ({"appointment": {"counter": "deeds", "at": "2026-03-04"}}, "预约时间要写到几点几分"),
    ],
)
def test_a_kind_of_contact_that_the_pack_does_not_have_is_told(raw: dict, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        explained(text="又停水了", **raw)


def test_a_decision_that_no_kind_of_contact_touched_says_so() -> None:
    decided = explained(text="又停水了", occasion="bus_plan", proxy="grid")["decision"]
    assert (decided["effects"], decided["raised"], decided["copy_to"]) == ([], None, [])
