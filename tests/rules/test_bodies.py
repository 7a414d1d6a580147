"""What acts are told (操作内容): every body at its bounds, and the words that nobody can see."""

from datetime import datetime

import pytest
from pydantic import ValidationError

from rules.bodies import BODIES
from rules.terms import Act

#: A body that each act accepts.
GOOD = {
    Act.ANSWER: {"words": "已答复"},
    Act.REFUSE: {"reason_code": "litigation"},
    Act.DISPATCH: {"department": "urban", "reason": "属其职责"},
    Act.SIGN: {},
    Act.RETURN_: {"reason": "不属于"},
    Act.SETTLE_RETURN: {"accept": True, "reason": "成立"},
    Act.REASSIGN: {"department": "urban", "reason": "属其职责"},
    Act.CONFER: {"outcome": "由其主办"},
    Act.ASSIST: {"department": "water", "workdays": 1},
    Act.DELEGATE: {"department": "traffic_police"},
    Act.REPORT_UP: {"words": "已到现场处理"},
    Act.CONTACT: {"reached": True, "words": "已联系"},
    Act.EXTEND: {"workdays": 1, "reason": "检测"},
    Act.SETTLE_EXTENSION: {"accept": True},
    Act.SUSPEND: {"reason_code": "诉讼中", "until": "2026-11-02"},
    Act.RESUME: {},
    Act.REPLY: {"words": "已处理", "solved": True},
    Act.REVIEW: {"level": "department", "approve": True},
    Act.CALL_BACK: {"reached": False},
    Act.REDO: {"reason": "未解决"},
    Act.URGE: {"words": "请抓紧"},
    Act.CLOSE: {},
    Act.INVALIDATE: {"reason_code": "silent"},
    Act.TRANSFER: {"line": "119"},
    Act.SUPPLEMENT: {"elements": {"place": "滨河路"}},
    Act.SUPERVISE: {"level": 1, "reason": "久拖不决"},
    Act.RAISE_: {"reason": "推诿"},
    Act.UNDO: {"step": "repeat_3", "reason": "不是同一件事"},
    Act.LINK: {"earlier": "999001202609280000017"},
    Act.MERGE: {"into": "999001202609280000017"},
    Act.UNMERGE: {},
    Act.WITHDRAW: {},
    Act.END: {"reason": "依法已有最终答复", "evidence": "县府函〔2026〕1号"},
    Act.ARCHIVE: {},
    Act.MARK_CALLER: {"malicious": True, "reason": "反复辱骂"},
    Act.SETTLE_CLUE: {"confirm": True},
    Act.SEND_UPWARD: {},
    Act.SETTLE_UPWARD: {"accept": True},
    Act.SPLIT: {"parts": [{"text": "路灯不亮"}, {"text": "井盖破了"}]},
    Act.APPEAL: {"event": 7, "reason": "停电当天系统无法登录"},
    Act.SETTLE_APPEAL: {"event": 7, "accept": True, "reason": "属实"},
    Act.RATE: {"step": "reply", "stars": 5},
    Act.REVEAL: {"field": "phone", "reason": "回访"},
    Act.SET_DUE: {"due_at": "2026-12-01 17:30", "reason": "县政府要求"},
}


@pytest.mark.parametrize("act", sorted(BODIES))
def test_a_good_body_is_taken_and_an_unknown_field_is_not(act):
    BODIES[act](**GOOD[act])
    with pytest.raises(ValidationError, match="nonsense"):
        BODIES[act](**GOOD[act], nonsense=1)


@pytest.mark.parametrize(("act", "field"), [(act, name) for act in sorted(BODIES) for name in GOOD[act]])
def test_every_needed_field_is_needed_and_is_no_list(act, field):
    rest = {name: value for name, value in GOOD[act].items() if name != field}
    if BODIES[act].model_fields[field].is_required():
        with pytest.raises(ValidationError, match=field):
            BODIES[act](**rest)
    for wrong in ([], {}, object()):
        with pytest.raises(ValidationError, match=field):
            BODIES[act](**rest, **{field: wrong})


BLANK = ["", " ", "\n\t ", "\u3000", "\x00", "\u200b\ufeff", " \x00 \u2060 "]
WORDY = [(act, name) for act in sorted(BODIES) for name, value in GOOD[act].items() if isinstance(value, str)]


@pytest.mark.parametrize("blank", BLANK, ids=ascii)
@pytest.mark.parametrize(("act", "field"), WORDY)
def test_words_that_nobody_can_see_are_no_words(act, field, blank):
    with pytest.raises(ValidationError, match=field):
        BODIES[act](**{**GOOD[act], field: blank})


@pytest.mark.parametrize("act", [Act.REPLY, Act.ANSWER, Act.URGE, Act.CONTACT])
def test_no_text_reaches_the_database_that_it_refuses(act):
    taken = BODIES[act](**{**GOOD[act], "words": " 好\x00的\u202e\n第二行\ufffe "})
    assert taken.words == "好的\n第二行"
    with pytest.raises(ValidationError, match="words"):
        BODIES[act](**{**GOOD[act], "words": "半个\ud800字"})


@pytest.mark.parametrize(
    ("act", "field", "most"),
    [
        (Act.ANSWER, "words", 5000),
        (Act.REPLY, "public_words", 5000),
        (Act.DISPATCH, "reason", 1000),
        (Act.DISPATCH, "department", 64),
        (Act.RETURN_, "evidence", 2000),
        (Act.RETURN_, "head", 50),
        (Act.REFUSE, "legal_path", 1000),
        (Act.SETTLE_EXTENSION, "reason", 1000),
        (Act.CALL_BACK, "words", 2000),
    ],
)
def test_texts_have_a_longest_length(act, field, most):
    assert getattr(BODIES[act](**{**GOOD[act], field: "字" * most}), field)
    with pytest.raises(ValidationError, match=field):
        BODIES[act](**{**GOOD[act], field: "字" * (most + 1)})


@pytest.mark.parametrize(
    "days", [0, -1, 181, 10**30, 1.5, float("nan"), float("inf"), "三", None, True and "1e3"]
)
def test_days_of_extension_are_a_small_whole_number(days):
    with pytest.raises(ValidationError, match="workdays"):
        BODIES[Act.EXTEND](workdays=days, reason="检测")


@pytest.mark.parametrize(
    ("word", "level"), [("department", "department"), (1, "department"), ("1", "department"), ("承办单位", "department"),
                        ("hotline", "hotline"), (2, "hotline"), ("热线", "hotline")]
)  # fmt: skip
def test_review_levels_by_word_or_number(word, level):
    assert BODIES[Act.REVIEW](level=word, approve=True).level == level


@pytest.mark.parametrize(
    "word",
    [0, 3, "", None, "both", True, 1.5, [1], 10**5000],
    ids=lambda each: str(each)[:9] if not isinstance(each, int) or each < 10 else "huge",
)
def test_other_review_levels_are_refused(word):
    with pytest.raises(ValidationError, match="level"):
        BODIES[Act.REVIEW](level=word, approve=True)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-02", "2026-11-02T00:00:00+08:00"),
        ("2026-11-02T09:00", "2026-11-02T09:00:00+08:00"),
        ("2026-11-02T01:00:00Z", "2026-11-02T09:00:00+08:00"),
        ("9999-12-31T23:59:59", "9999-12-31T23:59:59+08:00"),
    ],
)
def test_a_naive_time_is_local_and_a_date_is_its_beginning(said, meant):
    assert BODIES[Act.SUSPEND](reason_code="x", until=said).until == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    "said", ["", "明天", "2026-13-01", "2026-02-30", "10000-01-01", float("nan"), 10**30, None]
)
def test_what_is_no_time_is_refused(said):
    with pytest.raises(ValidationError, match="until"):
        BODIES[Act.SUSPEND](reason_code="x", until=said)


def test_twenty_assists_and_no_more():
    many = [f"d{n}" for n in range(21)]
    assert len(BODIES[Act.DISPATCH](**GOOD[Act.DISPATCH], assists=many[:20]).assists) == 20
    with pytest.raises(ValidationError, match="assists"):
        BODIES[Act.DISPATCH](**GOOD[Act.DISPATCH], assists=many)


@pytest.mark.parametrize(
    ("act", "field", "said", "meant"),
    [
        (Act.RATE, "step", "答复", "reply"),
        (Act.RATE, "step", "call_back", "call_back"),
        (Act.REVEAL, "field", "电话", "phone"),
    ],
)
def test_steps_and_items_are_taken_in_chinese_too(act, field, said, meant):
    assert getattr(BODIES[act](**{**GOOD[act], field: said}), field) == meant


@pytest.mark.parametrize("stars", [0, 6, -1, 4.5, True, "5", None])
def test_stars_are_one_to_five(stars):
    with pytest.raises(ValidationError, match="stars"):
        BODIES[Act.RATE](step="reply", stars=stars)


@pytest.mark.parametrize(("n", "fits"), [(0, False), (1, False), (2, True), (10, True), (11, False)])
def test_a_contact_has_two_to_ten_parts(n, fits):
    parts = [{"text": f"第{each}件事", "type": "投诉"} for each in range(n)]
    if fits:
        assert {each.type for each in BODIES[Act.SPLIT](parts=parts).parts} == {"complain"}
        return
    with pytest.raises(ValidationError, match="parts"):
        BODIES[Act.SPLIT](parts=parts)
