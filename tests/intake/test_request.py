"""One message in, checked and cleaned."""

from datetime import datetime, timedelta

import pytest

from intake.request import (
    LONGEST_TEXT,
    Appointment,
    Caller,
    Request,
    body_fingerprint,
    build,
    clean,
    short_title,
)
from rules.errors import BadInput
from rules.policy import parse
from rules.terms import CHANNEL_WORDS, CHINA, TYPE_WORDS, URGENCY_WORDS, TicketType, Urgency
from tests.packs import FILES

OCCASIONS = parse(FILES).occasions
NOW = datetime(2026, 7, 14, 9, 30, tzinfo=CHINA)


def request(**raw: object) -> Request:
    return build({"text": "东街路灯不亮，请派人修理。", **raw}, NOW)


def test_a_full_message_is_taken_in() -> None:
    taken = request(
        channel="网站",
        title="路灯不亮",
        type="投诉",
        urgency="紧急",
        caller={"name": "张三", "phone": "138-1234-5678", "anonymous": False, "confidential": True},
        place="东街 1 号",
        occurred_at="2026-07-13",
        external_id="w-1",
        source_line="市政热线",
        upper_number="S-9",
        upper_due_at="2026-07-20 17:30",
        recording_id="r-1",
    )
    assert taken.channel == "web"
    assert taken.type is TicketType.COMPLAIN
    assert taken.urgency is Urgency.URGENT
    assert taken.caller == Caller("张三", "13812345678", confidential=True)
    assert taken.title == taken.given_title == "路灯不亮"
    assert taken.occurred_at == datetime(2026, 7, 13, tzinfo=CHINA)
    assert taken.time_known is False
    assert taken.upper_due_at == datetime(2026, 7, 20, 17, 30, tzinfo=CHINA)
    assert (taken.place, taken.external_id, taken.source_line) == ("东街 1 号", "w-1", "市政热线")
    assert (taken.upper_number, taken.recording_id, taken.received_at) == ("S-9", "r-1", NOW)


def test_text_alone_is_enough() -> None:
    taken = request()
    assert taken.channel == "phone"
    assert taken.type is TicketType.OTHER
    assert taken.urgency is Urgency.NORMAL
    assert taken.caller == Caller()
    assert taken.caller.key is None
    assert taken.title == "东街路灯不亮，请派人修理"
    assert (taken.occurred_at, taken.place, taken.external_id) == (None, None, None)


@pytest.mark.parametrize(("word", "said"), [*TYPE_WORDS.items()])
def test_types_are_known_in_english_and_chinese(word: TicketType, said: str) -> None:
    assert request(type=word.value).type is request(type=said).type is request(type=said + "类").type is word


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("求决", TicketType.HELP),
        ("意见/建议", TicketType.SUGGEST),
        ("投诉举报", TicketType.COMPLAIN),
        ("COMPLAIN", TicketType.COMPLAIN),
        ("反馈", TicketType.OTHER),
        ("", TicketType.OTHER),
        (None, TicketType.OTHER),
    ],
)
def test_other_platforms_words_are_mapped_and_unknown_ones_are_other(said: object, word: TicketType) -> None:
    assert request(type=said).type is word


@pytest.mark.parametrize(("word", "said"), [*URGENCY_WORDS.items()])
def test_urgency_is_known_in_english_and_chinese(word: Urgency, said: str) -> None:
    assert request(urgency=word.value).urgency is request(urgency=said).urgency is word


@pytest.mark.parametrize(("code", "said"), [*CHANNEL_WORDS.items()])
def test_channels_are_known_in_english_and_chinese(code: str, said: str) -> None:
    assert request(channel=code).channel == request(channel=said).channel == code


def test_a_pack_may_name_more_words_for_a_channel() -> None:
    assert (
        build({"text": "路灯", "channel": "县长信箱"}, NOW, channel_words={"县长信箱": "mailbox"}).channel
        == "mailbox"
    )
    assert request(channel=" ").channel == "phone"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": None}, "请填写诉求内容"),
        ({"text": " \n\t\u200b\ufeff"}, "请填写诉求内容"),
        ({"text": 5}, "文字"),
        ({"text": "好\ud800"}, "残缺的字符"),
        ({"text": "字" * 100_000}, "100000字，最多20000字"),
        ({"channel": "飞鸽"}, "飞鸽"),
        ({"channel": 1}, "渠道"),
        ({"urgency": "火烧眉毛"}, "紧急程度"),
        ({"title": "长" * 201}, "标题有201字"),
        ({"place": "长" * 201}, "地点有201字"),
        ({"place": ["街"]}, "地点"),
        ({"caller": "张三"}, "诉求人"),
        ({"caller": {"name": "长" * 51}}, "姓名有51字"),
        ({"caller": {"phone": "123"}}, "电话"),
        ({"caller": {"anonymous": "yes"}}, "匿名"),
        ({"occurred_at": "某天"}, "发生时间"),
        ({"occurred_at": "2026-07-16"}, "还没有到"),
        ({"upper_due_at": "2026-02-30"}, "上级要求"),
        ({"external_id": "x" * 201}, "外部编号"),
    ],
)
def test_what_is_wrong_is_said_in_plain_chinese(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        request(**wrong)
    assert caught.value.status == 422
    assert len(caught.value.detail) < 100


def test_limits_count_what_is_left_after_cleaning() -> None:
    assert len(request(text=" " * 50_000 + "字" * LONGEST_TEXT + "\0" * 9).text) == LONGEST_TEXT
    assert request(title="长" * 200, place="长" * 200, caller={"name": "长" * 50}).caller.name == "长" * 50


def test_control_characters_go_and_lines_stay() -> None:
    assert clean(" a\0b\r\nc\td\u202e\x1be\u2028f\r", "x") == "ab\nc\tde\nf"
    assert request(title="一\n二\t三").title == "一 二 三"


def test_a_matter_may_be_announced_for_tonight_but_not_for_next_week() -> None:
    assert request(occurred_at=(NOW + timedelta(hours=12)).isoformat()).occurred_at == NOW + timedelta(
        hours=12
    )
    with pytest.raises(BadInput):
        request(occurred_at=(NOW + timedelta(hours=25)).isoformat())


def test_a_moment_without_a_zone_is_the_programs_mistake() -> None:
    with pytest.raises(ValueError, match="aware"):
        build({"text": "路灯"}, datetime(2026, 7, 14))  # noqa: DTZ001


def test_an_anonymous_caller_keeps_phone_and_flag() -> None:
    caller = request(caller={"name": "张三", "phone": "13812345678", "anonymous": True}).caller
    assert caller == Caller("张三", "13812345678", anonymous=True)
    assert caller.key == "13812345678"


def test_a_caller_of_another_platform_is_found_by_its_reference() -> None:
    assert request(caller={"reference": "user-7", "phone": " "}).caller.key == "ref:user-7"


def test_what_is_shown_never_holds_what_is_sealed() -> None:
    taken = request(text="我叫张三，电话13812345678，东街路灯不亮", title="请回电13812345678")
    assert "13812345678" in taken.text
    assert taken.given_title == "请回电13812345678"
    assert taken.title == "请回电[手机号]"
    assert taken.masked_text == "我叫[姓名]，电话[手机号]，东街路灯不亮"
    assert request(text="我叫张三，电话13812345678").title == "我叫[姓名]，电话[手机号]"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("路灯不亮。请修。", "路灯不亮"),
        ("\n\n。！路灯不亮\n请修", "路灯不亮"),
        ("一" * 30, "一" * 30),
        ("一" * 31, "一" * 29 + "…"),
        ("一" * 27 + "[手机号]请回电", "一" * 27 + "…"),
        ("。。。", ""),
        ("", ""),
    ],
)
def test_a_short_title_is_the_first_sentence(text: str, title: str) -> None:
    assert short_title(text) == title


def test_the_fingerprint_knows_the_same_body_and_another_one() -> None:
    body = {"text": "路灯", "caller": {"name": "张三", "phone": None}}
    same = {"caller": {"name": "张三"}, "text": "路灯", "title": None}
    assert body_fingerprint(body) == body_fingerprint(same)
    assert len(body_fingerprint(body)) == 64
    assert body_fingerprint(body) != body_fingerprint({**body, "text": "路灯 "})
    assert body_fingerprint({"a": [1, None]}) != body_fingerprint({"a": [1]})
    assert body_fingerprint({"text": "\ud800"})


def test_the_callers_own_name_is_hidden_wherever_it_stands():
    request = build(
        {
            "text": "测某甲反映：楼道灯坏了，请与测某甲联系。",
            "title": "测某甲的诉求",
            "caller": {"name": "测某甲"},
        },
        NOW,
    )
    assert "测某甲" not in request.masked_text + request.title
    assert request.masked_text.count("[姓名]") == 2
    assert "测某甲" in request.text


def test_a_name_of_one_character_is_not_hunted_through_the_text():
    request = build({"text": "天黑路滑，天天如此。", "caller": {"name": "天"}}, NOW)
    assert request.masked_text == "天黑路滑，天天如此。"


# --- The kind of contact -------------------------------------------------------------------------------------


def brought(**raw: object) -> Request:
    return build({"text": "东街路灯不亮，请派人修理。", **raw}, NOW, occasions=OCCASIONS)


def test_what_a_request_is_brought_to_is_kept_as_codes_of_the_pack() -> None:
    taken = brought(
        occasion="县长接听日",
        enterprise="  测试 纸品厂 ",
        proxy={"agent": "网格员", "for": "测某甲"},
        caller={"phone": "19900001234"},
    )
    assert (taken.occasion, taken.enterprise, taken.proxy) == ("head_line", "测试 纸品厂", "grid")
    assert taken.caller == Caller("测某甲", "19900001234")
    assert taken.appointment is None
    booked = brought(appointment={"counter": "不动产登记", "at": "2026-07-15 09:10"})
    assert booked.appointment == Appointment("deeds", datetime(2026, 7, 15, 9, 10, tzinfo=CHINA))


@pytest.mark.parametrize(
    ("proxy", "agent"), [("grid", "grid"), ({"agent": "grid"}, "grid"), (None, None), ("", None), ({}, None)]
)
def test_an_agent_may_be_named_alone_and_the_caller_stays_who_is_helped(
    proxy: object, agent: str | None
) -> None:
    taken = brought(proxy=proxy, caller={"name": "测某甲", "phone": "19900001234"})
    assert taken.proxy == agent
    assert taken.caller == Caller("测某甲", "19900001234")


def test_the_name_of_who_is_helped_is_hidden_in_the_text_too() -> None:
    taken = build(
        {"text": "测某甲行动不便，请上门。", "proxy": {"agent": "grid", "for": "测某甲"}},
        NOW,
        occasions=OCCASIONS,
    )
    assert "测某甲" not in taken.masked_text
    assert taken.caller.name == "测某甲"


def test_a_telephone_number_in_the_name_of_an_enterprise_is_hidden() -> None:
    assert brought(enterprise="测试纸品厂 13812345678").enterprise == "测试纸品厂 [手机号]"


@pytest.mark.parametrize(
    ("raw", "words", "hint"),
    [
        ({"occasion": "nobody"}, "没有“nobody”这样的接听", "head_line（县长接听日）"),
        ({"occasion": 5}, "没有“5”这样的接听", "head_line"),
        ({"occasion": ["head_line"]}, "应是文字", ""),
        ({"proxy": "neighbour"}, "没有“neighbour”这样的代办员", "grid（网格员）、village（村代办员）"),
        ({"proxy": {"for": "测某甲"}}, "请写明代办员（agent）", ""),
        ({"proxy": 1.5}, "代办员应是文字", ""),
        (
            {"proxy": {"agent": "grid", "for": "测某甲"}, "caller": {"name": "测某乙"}},
            "不是同一个人",
            "被代办的人",
        ),
        ({"appointment": "deeds"}, "预约应包括窗口（counter）和时间（at）", ""),
        ({"appointment": {}}, "预约要写明窗口（counter）和时间（at）", ""),
        ({"appointment": {"counter": "deeds"}}, "预约要写明窗口（counter）和时间（at）", ""),
        ({"appointment": {"at": "2026-07-15 09:00"}}, "预约要写明窗口", ""),
        (
            {"appointment": {"counter": "x", "at": "2026-07-15 09:00"}},
            "没有“x”这样的预约窗口",
            "deeds（不动产登记）",
        ),
        ({"appointment": {"counter": "deeds", "at": "2026-07-15"}}, "预约时间要写到几点几分", ""),
        ({"appointment": {"counter": "deeds", "at": "明天"}}, "预约时间：看不懂时间", ""),
        (
            {"occasion": "head_line", "appointment": {"counter": "deeds", "at": "2026-07-15 09:00"}},
            "一次只能登记一种",
            "分两次",
        ),
        ({"enterprise": "厂" * 101}, "企业名称有101字，最多100字", ""),
    ],
)
def test_an_unknown_or_half_written_kind_of_contact_is_told_in_chinese(
    raw: dict[str, object], words: str, hint: str
) -> None:
    with pytest.raises(BadInput) as caught:
        brought(**raw)
    assert words in caught.value.detail
    assert hint in (caught.value.advice or "")


def test_a_door_that_brings_no_pack_knows_no_code() -> None:
    with pytest.raises(BadInput) as caught:
        request(proxy="grid")
    assert caught.value.advice == "本地没有设置，请不要填这一项。"
