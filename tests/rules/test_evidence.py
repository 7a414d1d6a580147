"""Drafts and summary (证据与草稿): figures that add up, posts and never persons, nothing stated as guilt."""

import json
import re
from dataclasses import replace

import pytest

from rules.errors import BadInput
from rules.evidence import drafts, summary
from rules.pack_records import LEVEL_ACTIONS, LEVEL_TRIGGERS, Level
from rules.terms import Budget, Happened, Happening, Unit
from tests.stories import RECEIVED, at, calendar, event, facts, policy

LEAD = "urban_management"
NOW = at("2026-11-05 10:00")
SENT = event("dispatched", "2026-09-28 10:00", "to_sign", department=LEAD, assists=[], reason="目录")
TAKEN = event("signed", "2026-09-28 11:00", "handling", department=LEAD)
TRIED = event("contacted", "2026-09-28 15:00", reached=False, words="王小明 19900001234 占线")
SOLVED = {"reached": True, "solved": True, "satisfied": True, "words": ""}
UNSOLVED = {"reached": True, "solved": False, "satisfied": False, "words": "王小明说还不亮"}


def replied(when):
    return event("replied", when, "reviewing", words="王小明家门口已修", solved=True)


def passed(when):
    return event("reviewed", when, "to_call_back", level="hotline", approved=True, reason="")


FIRST = facts(
    RECEIVED,
    SENT,
    event("returned", "2026-09-28 10:20", "returned", department=LEAD, reason="不属于", head="赵六"),
    event("return_settled", "2026-09-28 10:40", "to_sign", accepted=False, reason="首办"),
    TAKEN,
    TRIED,
    event("extension_asked", "2026-10-12 09:00", workdays=1, reason="采购"),
    event("extension_settled", "2026-10-12 10:00", accepted=True, workdays=1, reason=""),
    event("joined", "2026-10-15 09:00", channel="wechat"),
    replied("2026-10-15 10:00"),
    passed("2026-10-15 11:00"),
    event("called_back", "2026-10-15 15:00", **UNSOLVED),
    event("redone", "2026-10-15 15:00", "handling", reason="未解决", round=1),
    event("contacted", "2026-10-16 09:00", reached=True, words="约时间"),
    replied("2026-10-16 10:00"),
    passed("2026-10-16 11:00"),
    event("called_back", "2026-10-16 15:00", **SOLVED),
    event("closed", "2026-10-16 15:00", "closed", rated=True),
    number="1",
    department=LEAD,
    supervision=2,
)
CARRIED = {"earlier": "1", "count": 4, "counted": True, "counted_at": at("2026-11-02 10:00"), "round": 2}
SECOND = facts(
    event("received", "2026-11-02 10:00", "received", channel="phone", **CARRIED),
    event("dispatched", "2026-11-02 10:00", "to_sign", department=LEAD, assists=[], round=2, reason="接续"),
    number="2",
    department=LEAD,
    earlier="1",
)


def level(trigger="complaints", action="clue"):
    found = next(each for each in policy().levels if each.trigger == trigger)
    return replace(
        next((each for each in policy().levels if (each.trigger, each.action) == (trigger, action)), found),
        action=action,
    )


def drafted(*tickets, rung=None, now=NOW, **given):
    return drafts(tickets, rung or level(), policy(), calendar(), now, **given)


def test_the_drafts_are_plain_json_and_marked_as_drafts():
    made = drafted(FIRST, SECOND)
    assert json.loads(json.dumps(made, ensure_ascii=False)) == made
    assert set(made) == {"rectification", "accountability"}
    for each in made.values():
        assert each["draft"] is True
        assert each["title"].endswith("（拟）")
        assert "待核实" in each["notice"]
        assert each["department"] == {"code": LEAD, "name": "墨榆县城市管理局"}
        assert each["tickets"] == ["1", "2"]
        assert each["made_at"] == "2026-11-05T10:00:00+08:00"


@pytest.mark.parametrize("trigger", LEVEL_TRIGGERS)
def test_the_grounds_are_the_rung_that_fired(trigger):
    rung = level(trigger)
    for each in drafted(FIRST, SECOND, rung=rung).values():
        grounds = each["grounds"]
        assert (grounds["step"], grounds["trigger"], grounds["count"], grounds["clause"]) == (
            rung.step,
            trigger,
            rung.count,
            rung.clause,
        )
        assert str(rung.count) in grounds["words"]


def test_the_findings_say_how_often_and_how_late():
    assert drafted(FIRST, SECOND)["rectification"]["findings"] == [
        "2026年09月28日 10:00 至 2026年11月05日 10:00，诉求人就同一事项反映 3 次，形成工单 2 张；"
        "连同回访未解决或不满意，按规则计为投诉 4 次。",
        "退回重办 2 次；接通回访 2 次，其中未解决或不满意 1 次；答复审核未通过 0 次。",
        "退单 1 次（墨榆县城市管理局 1 次）。",
        "承办单位联系诉求人 2 次（墨榆县城市管理局 2 次），联系上 1 次。",
        "获准延期 1 次，挂起 0 次；最高二级督办，提级 1 次。",
        "没有按时兑现的时限 3 项。",
        "墨榆县城市管理局的首次联系时限（1 个工作日）：应于 2026年09月29日 17:30 前完成首次联系，"
        "到 2026年10月15日 10:00 停止计时仍未完成首次联系，超期 50 小时（按工作时间）。",
        "墨榆县城市管理局的办理时限（7 个工作日）：应于 2026年10月14日 17:30 前办结答复，"
        "实际 2026年10月15日 10:00 办结答复，超期 1 小时（按工作时间）。",
        "墨榆县城市管理局的签收时限（1 个工作日）：应于 2026年11月03日 17:30 前签收或退单，"
        "截至 2026年11月05日 10:00 仍未签收或退单，已超期 8 小时（按工作时间）。",
    ]


def test_without_contact_or_delay_the_findings_say_so_too():
    findings = drafted(facts(RECEIVED, SENT, department=LEAD), now=at("2026-09-28 12:00"))
    said = findings["rectification"]["findings"]
    assert "没有承办单位联系诉求人的记录。" in said
    assert said[-1] == "没有超过时限的记录。"
    assert "此前没有联系上的记录" in findings["rectification"]["measures"][0]["words"]
    assert len(findings["accountability"]["posts"]) == 1


@pytest.mark.parametrize(
    ("now", "deadline"),
    [
        ("2026-11-05 10:00", "2026-11-12T17:30:00+08:00"),
        ("2026-09-30 10:00", "2026-10-13T17:30:00+08:00"),  # over the holidays, a make-up Saturday in between
    ],
)
def test_measures_are_due_in_five_workdays_and_the_number_is_marked_unsure(now, deadline):
    assert policy().rectification.within == Budget(5, Unit.WORKDAYS)
    for each in drafted(FIRST, now=at(now)).values():
        assert each["measures"]
        for measure in each["measures"]:
            assert measure["deadline"] == deadline
            assert measure["clause"].startswith("待核实")
            assert measure["words"].startswith("拟")


def test_the_posts_to_be_examined_are_titles_and_nobody_is_found_guilty():
    posts = drafted(FIRST, SECOND)["accountability"]["posts"]
    assert [(each["department"], each["title"], each["to_examine"]) for each in posts] == [
        (
            LEAD,
            "城市管理局分管副局长",
            [
                "首次联系时限超期 1 次，待核实",
                "办理时限超期 1 次，待核实",
                "答复后诉求人表示未解决或不满意 1 次，待核实",
            ],
        ),
        (LEAD, "城市管理局热线联络员", ["签收时限超期 1 次，待核实", "退单 1 次，待核实"]),
    ]


@pytest.mark.parametrize(
    ("story", "now", "title"),
    [
        ((RECEIVED,), "2026-09-30 10:00", "派单员"),
        (
            (RECEIVED, SENT, TAKEN, TRIED, replied("2026-09-29 10:00"), passed("2026-09-29 11:00")),
            None,
            "回访员",
        ),
    ],
)
def test_the_hotline_answers_for_its_own_promises(story, now, title):
    found = drafted(facts(*story), now=at(now) if now else NOW)["accountability"]["posts"]
    assert (None, title) in [(each["department"], each["title"]) for each in found]
    assert LEAD not in [each["department"] for each in found]


def test_a_ticket_on_its_way_back_is_still_the_last_leads_to_put_right():
    back = facts(
        RECEIVED,
        SENT,
        event("returned", "2026-09-28 11:00", "returned", department=LEAD, reason="不属于"),
        event("return_settled", "2026-09-28 12:00", "to_dispatch", accepted=True, reason="同意"),
        department=None,
    )
    made = drafted(back, rung=level("returns"))["rectification"]
    assert made["department"]["code"] == LEAD
    assert any("尚无主办单位" in each for each in made["to_check"])


def test_departments_answer_for_what_each_of_them_did():
    moved = facts(
        RECEIVED,
        SENT,
        event("returned", "2026-09-28 11:00", "returned", department=LEAD, reason="不属于"),
        event("return_settled", "2026-09-28 12:00", "to_dispatch", accepted=True, reason="同意"),
        event("dispatched", "2026-09-28 12:00", "to_sign", department="housing", assists=[], reason="改"),
        department="housing",
    )
    made = drafted(moved, rung=level("returns"), now=at("2026-09-30 10:00"))
    assert made["rectification"]["department"]["code"] == "housing"
    assert [(each["department"], each["to_examine"]) for each in made["accountability"]["posts"]] == [
        ("housing", ["签收时限超期 1 次，待核实"]),
        (LEAD, ["退单 1 次，待核实"]),
    ]


@pytest.mark.parametrize(
    ("given", "kind", "titles"),
    [
        ({"department": LEAD}, "rectification", ["城市管理局分管副局长", "督办员"]),
        ({"department": LEAD}, "accountability", ["督办员", "纪检监察机关（限定范围）"]),
        (
            {"department": "traffic_police"},
            "accountability",
            ["督办员", "纪检监察机关（限定范围）", "公安局分管副局长"],
        ),
        ({"department": None}, "rectification", ["督办员"]),
        ({"department": "gone"}, "rectification", ["督办员"]),
        ({"department": LEAD, "restricted": True, "against": LEAD}, "rectification", ["督办员"]),
        (
            {"department": "traffic_police", "restricted": True, "against": "police"},
            "accountability",
            ["督办员", "纪检监察机关（限定范围）"],
        ),
    ],
)
def test_nobody_signs_the_examination_of_himself(given, kind, titles):
    made = drafted(facts(RECEIVED, **given))[kind]
    assert [each["title"] for each in made["signers"]] == titles


def test_a_pack_without_receivers_still_names_who_decides():
    bare = replace(policy(), receivers={}, ladder=())
    made = drafts([FIRST], level(), bare, calendar(), NOW)
    assert [each["title"] for each in made["accountability"]["signers"]] == ["督办员"]


@pytest.mark.parametrize(
    ("given", "now", "words"),
    [
        ({"department": None}, NOW, "尚无主办单位"),
        ({"department": "gone"}, NOW, "不在现行目录"),
        ({"department": LEAD, "history": True}, NOW, "历史导入"),
        ({"department": LEAD, "restricted": True, "against": "police"}, NOW, "涉及公职人员"),
        ({"department": LEAD}, at("2027-06-01 10:00"), "尚未公布放假安排"),
    ],
)
def test_what_a_person_must_check_depends_on_the_matter(given, now, words):
    plain = facts(RECEIVED, SENT, department=LEAD)
    for kind in ("rectification", "accountability"):
        assert any(
            words in each for each in drafted(facts(RECEIVED, SENT, **given), now=now)[kind]["to_check"]
        )
        assert not any(words in each for each in drafted(plain)[kind]["to_check"])


def test_nothing_that_people_wrote_and_no_name_reaches_drafts_or_summary():
    everything = json.dumps(drafted(FIRST, SECOND), ensure_ascii=False) + summary(
        [FIRST, SECOND], policy(), calendar(), NOW, level()
    )
    for each in ("王小明", "赵六", "19900001234", "采购", "首办"):
        assert each not in everything


@pytest.mark.parametrize(
    ("rung", "asked"),
    [
        (None, "请按时限办结（2026年11月05日 17:30 前办结答复）"),
        (level(action="redo"), "请督促重新办理（2026年11月05日 17:30 前办结答复）"),
        (level(action="raise"), "已提级，请阅示（2026年11月05日 17:30 前办结答复）"),
        (level(action="clue"), "请审定线索：确认或写明理由驳回（2026年11月06日 17:30 前审定线索）"),
    ],
)
def test_the_summary_says_in_five_short_lines_what_a_leader_needs(rung, asked):
    lines = summary([FIRST, SECOND], policy(), calendar(), NOW, rung).split("\n")
    assert lines == [
        "墨榆县城市管理局·求助，工单 2 等 2 张",
        "2026年09月28日 10:00起，反映 3 次，计投诉 4 次",
        "重办 2 次，退单 1 次，联系上诉求人 1 次",
        "3 项超期，最久：墨榆县城市管理局首次联系时限超期 50 小时（按工作时间）",
        asked,
    ]


@pytest.mark.parametrize("action", LEVEL_ACTIONS)
@pytest.mark.parametrize("trigger", LEVEL_TRIGGERS)
def test_every_rung_of_a_pack_has_its_summary_and_its_drafts(trigger, action):
    rung = Level("rung", trigger, 3, action, 0, ("supervisor",), "待核实")
    lines = summary([FIRST], policy(), calendar(), NOW, rung).split("\n")
    assert len(lines) <= 5
    assert all(0 < len(line) <= 70 for line in lines)
    assert re.search("第 3 次|满 3 次", drafted(FIRST, rung=rung)["rectification"]["grounds"]["words"])


@pytest.mark.parametrize(
    ("tickets", "now", "line", "words"),
    [
        ([FIRST], NOW, 4, "目前没有计时中的办理时限"),
        ([facts(RECEIVED, department=None)], at("2026-09-28 11:00"), 3, "没有超过时限的记录"),
        (
            [facts(RECEIVED, department=None)],
            at("2026-09-28 11:00"),
            0,
            "承办单位·求助，工单 999001202609280000017",
        ),
        (
            [facts(RECEIVED, SENT)],
            at("2026-09-30 10:00"),
            3,
            "墨榆县城市管理局签收时限超期 1 小时（按工作时间）",
        ),
        (
            [facts(RECEIVED, SENT)],
            at("2026-10-14 10:00"),
            4,
            "请按时限办结（办理时限已于 2026年10月13日 17:30 届满）",
        ),
    ],
)
def test_the_summary_of_plainer_matters(tickets, now, line, words):
    assert summary(tickets, policy(), calendar(), now).split("\n")[line] == words


def test_an_open_clue_keeps_the_deadline_it_was_given():
    opened = Happening(
        Happened.CLUE_OPENED, at("2026-11-03 09:00"), {"trigger": "complaints", "count": 5}, "repeat_5"
    )
    told = replace(SECOND, happenings=(*SECOND.happenings, opened))
    asked = summary([FIRST, told], policy(), calendar(), NOW, level()).split("\n")[-1]
    assert asked == "请审定线索：确认或写明理由驳回（线索审定时限已于 2026年11月04日 17:30 届满）"


@pytest.mark.parametrize(
    "tickets", [(), (SECOND, FIRST), (FIRST, replace(SECOND, earlier=None))], ids=["none", "turned", "other"]
)
def test_no_drafts_and_no_summary_of_nothing_or_of_different_matters(tickets):
    with pytest.raises(BadInput):
        drafted(*tickets)
    with pytest.raises(BadInput):
        summary(tickets, policy(), calendar(), NOW)
