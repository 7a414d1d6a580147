"""The sentences of evidence (证据用语): every event has one, and nothing personal slips into it."""

import re

import pytest

from rules.evidence_words import (
    DONE_WORDS,
    LONGEST,
    TRIGGER_WORDS,
    Scene,
    budget_words,
    length,
    name_of,
    sentence,
)
from rules.pack_records import LEVEL_TRIGGERS
from rules.terms import Budget, ClockKind, Happened, Happening, Unit
from tests.stories import RECEIVED, at, event, facts, policy

LEAD = "urban_management"


def told(happening, mask=str, **given):
    return sentence(happening, Scene(facts(RECEIVED, happening, **given), policy(), LEAD, mask))


@pytest.mark.parametrize("kind", Happened)
def test_every_event_has_a_sentence_even_when_it_says_nothing_more(kind):
    words = told(Happening(kind, at("2026-09-28 10:00")))
    assert re.fullmatch(r"[^{}]+。", words)
    assert "None" not in words
    assert not words.endswith("。。")


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("received", {"channel": "phone"}, "诉求人通过电话提出求助，热线登记。"),
        (
            "received",
            {"channel": "phone", "earlier": "7", "count": 3, "counted": True},
            "诉求人通过电话就同一事项再次提出求助（接续工单 7），计为第 3 次投诉。",
        ),
        (
            "received",
            {"channel": "phone", "earlier": "7", "count": 2, "counted": False},
            "诉求人通过电话就同一事项再次提出求助（接续工单 7），这次不计次。",
        ),
        ("joined", {"channel": "wechat"}, "诉求人通过微信就未办结的同一事项再次反映，{lead}承办中。"),
        ("dispatched", {"assists": ["housing"]}, "热线派{lead}主办，墨榆县住房和城乡建设局协办。"),
        ("reassigned", {"assists": []}, "热线改派{lead}主办。"),
        ("return_settled", {"accepted": False, "reason": "首办"}, "热线不同意{lead}退单：首办。"),
        ("contacted", {"reached": False, "words": "占线"}, "{lead}联系诉求人，没有联系上：占线。"),
        ("extension_asked", {"workdays": 3, "reason": "采购"}, "{lead}申请延期 3 个工作日：采购。"),
        ("extension_settled", {"workdays": 3, "accepted": False}, "{lead}的延期（3 个工作日）未获同意。"),
        (
            "suspended",
            {"reason_code": "nowhere", "until": at("2026-10-20 00:00")},
            "{lead}承办的工单挂起（nowhere），2026年10月20日 00:00 复核。",
        ),
        ("replied", {"solved": False, "words": "缺件"}, "{lead}答复，自报未解决：缺件。"),
        (
            "reviewed",
            {"level": "hotline", "approved": False, "reason": "没有照片"},
            "热线审核未通过，答复退回{lead}：没有照片。",
        ),
        ("reviewed", {"level": "department", "approved": True}, "{lead}审核通过答复。"),
        ("called_back", {"reached": False}, "热线回访，没有接通。"),
        (
            "called_back",
            {"reached": True, "solved": True, "satisfied": False, "words": "太慢"},
            "热线回访，诉求人表示已解决、不满意：太慢。",
        ),
        ("redone", {"round": 2, "reason": "未解决"}, "退回{lead}重办（第 2 轮）：未解决。"),
        ("closed", {"rated": False}, "工单办结，诉求人未评价。"),
        ("supervised", {"level": 2, "clock": "handle"}, "办理时限超期，对{lead}二级督办。"),
        ("supervised", {"level": 1, "reason": "没有联系"}, "对{lead}一级督办：没有联系。"),
        (
            "supervised",
            {"level": 1, "trigger": "complaints", "count": 3, "complaints": 4},
            "同一事项第 3 次投诉，对{lead}一级督办。",
        ),
        ("raised", {"trigger": "complaints", "count": 4}, "同一事项第 4 次投诉，{lead}承办的事项提级。"),
        (
            "clue_opened",
            {"trigger": "returns", "count": 3},
            "退单满 3 次，就{lead}的办理情况形成线索，待审定。",
        ),
        ("clue_settled", {"confirmed": False, "reason": "不实"}, "督办负责人驳回线索：不实。"),
        (
            "warned",
            {"clock": "sign", "due_at": at("2026-09-29 17:30")},
            "签收时限预警：{lead}应于 2026年09月29日 17:30 前签收或退单。",
        ),
        (
            "breached",
            {"clock": "call_back", "due_at": at("2026-09-29 17:30")},
            "热线应于 2026年09月29日 17:30 前回访，到期没有完成（回访时限）。",
        ),
        (
            "duty_called",
            {"clock": "sign", "due_at": at("2026-09-29 17:30")},
            "签收时限已到，通知{lead}值班人员：应于 2026年09月29日 17:30 前签收或退单。",
        ),
    ],
)
def test_an_event_is_told_in_one_sentence(kind, data, words):
    happening = Happening(Happened(kind), at("2026-09-28 10:00"), data)
    assert told(happening) == words.format(lead="墨榆县城市管理局")


def test_what_was_undone_is_named():
    raised = Happening(Happened.RAISED, at("2026-10-20 09:00"), {}, "repeat_4")
    undone = event("undone", "2026-10-21 09:00", step="repeat_4", at=raised.at.isoformat(), reason="误判")
    scene = Scene(facts(RECEIVED, raised, undone), policy(), LEAD, str)
    assert sentence(undone, scene) == "撤销 2026年10月20日 09:00 的提级：误判。"


def test_free_texts_are_left_out_without_a_mask():
    assert told(event("returned", "2026-09-28 10:00", reason="找李四，电话 19900001234"), None) == (
        "墨榆县城市管理局退单。"
    )


@pytest.mark.parametrize("field", ["head", "evidence", "outcome", "public_words", "legal_path", "line"])
def test_only_reasons_and_words_are_told(field):
    assert "王小明" not in told(event("returned", "2026-09-28 10:00", reason="不属于", **{field: "王小明"}))


def test_a_text_is_masked_before_it_is_cut():
    long = "灯" * (LONGEST - 5) + "19900001234"
    words = told(
        event("contacted", "2026-09-28 10:00", words=long), lambda text: re.sub(r"\d{11}", "[手机号]", text)
    )
    assert "199" not in words
    assert words.endswith("灯[手机号]。")


@pytest.mark.parametrize(("written", "shown"), [(LONGEST, LONGEST), (LONGEST + 1, LONGEST), (5000, LONGEST)])
def test_at_most_two_hundred_characters_are_kept_of_a_text(written, shown):
    words = told(event("replied", "2026-09-28 10:00", words="灯" * written))
    assert len(words.partition("：")[2].rstrip("。")) == shown


def test_a_text_of_many_lines_stays_one_sentence():
    assert told(event("replied", "2026-09-28 10:00", words="已修。\n 已试。\n")).endswith("：已修。 已试。")


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "不足 1 分钟"),
        (0.9, "不足 1 分钟"),
        (1, "1 分钟"),
        (59.9, "59 分钟"),
        (60, "1 小时"),
        (510.5, "8 小时 30 分钟"),
    ],
)
def test_a_length_of_time_is_told_in_hours_and_minutes(minutes, words):
    assert length(minutes) == words


@pytest.mark.parametrize(
    ("budget", "words"),
    [(Budget(0.5, Unit.WORKDAYS), "0.5 个工作日"), (Budget(30, Unit.MINUTES), "30 分钟")],
)
def test_a_limit_is_told_as_it_was_promised(budget, words):
    assert budget_words(budget) == words


@pytest.mark.parametrize(
    ("code", "name"),
    [(None, "承办单位"), (LEAD, "墨榆县城市管理局"), ("gone", "gone（不在目录）")],
)
def test_a_department_is_named_also_where_the_pack_lacks_it(code, name):
    assert name_of(code, policy()) == name


def test_every_limit_and_every_trigger_has_its_words():
    assert set(DONE_WORDS) == set(ClockKind) - {ClockKind.RESUME}  # a review date is nobody's promise
    assert set(TRIGGER_WORDS) == set(LEVEL_TRIGGERS)
