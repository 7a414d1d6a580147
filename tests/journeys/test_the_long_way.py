"""One ticket the whole way (一张工单的全程): a return, an extension, a pause over the National Day holiday, a redo.

Autumn 2026: 1–7 October are off, Saturday 10 October is worked; every instant below was counted on that calendar.
"""

from datetime import UTC, datetime

import pytest

from dispatch import supervise
from rules.errors import BadInput, IllegalAct, LimitReached, NotAllowed, TooLate
from rules.terms import CHINA, Role
from tests.desks import CALLER_BACK, DISPATCHER, OPERATOR, SUPERVISOR, act, of, post, rows, settle
from tests.stories import at

WORDS = "楼下饭店的排烟口正对卧室，晚上开不了窗。"


def clock(desk, kind, state):
    found = rows(
        desk,
        f"SELECT generation, due_at FROM clock WHERE kind = '{kind}' AND scope = 'ticket' AND state = '{state}'",
    )
    return [(each["generation"], local(each["due_at"])) for each in found]


def local(value):
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)
    return moment.astimezone(CHINA).strftime("%m-%d %H:%M")


def stage(desk):
    return rows(desk, "SELECT stage FROM ticket")[0]["stage"]


def send(desk, number, department, when):
    act(desk, number, "dispatch", DISPATCHER, at(when), department=department, reason="属其职责")


@pytest.fixture
def departments(desk):
    codes = [
        each["code"] for each in rows(desk, "SELECT code FROM department WHERE kind = 'bureau' ORDER BY code")
    ]
    return codes[0], codes[1]


def returned_and_sent_on(desk, first, second):
    """Received, sent to the wrong bureau, returned, and signed by the right one."""
    number = post(
        desk, at("2026-09-28 10:00"), type="投诉", text=WORDS, caller={"phone": "19900001234"}
    ).number
    settle(desk, at("2026-09-28 10:00"))
    assert stage(desk) == "to_dispatch"
    send(desk, number, first, "2026-09-28 10:30")
    assert clock(desk, "handle", "armed") == [(1, "10-23 17:30")]  # 15 workdays after 28 September
    reason = "属餐饮油烟，应由对方承办"
    act(desk, number, "return", of(first, Role.LIAISON), at("2026-09-28 16:00"), reason=reason)
    act(desk, number, "settle-return", DISPATCHER, at("2026-09-29 09:00"), accept=True, reason="成立")
    assert stage(desk) == "to_dispatch"
    send(desk, number, second, "2026-09-29 09:30")
    act(desk, number, "sign", of(second, Role.LIAISON), at("2026-09-29 10:00"))
    assert clock(desk, "handle", "armed") == [(1, "10-23 17:30")]  # a return restarts nothing
    return number


def extended_and_paused(desk, number, handler, leader):
    """Three workdays more, and a pause over the National Day holiday that ends by itself."""
    act(desk, number, "contact", handler, at("2026-09-29 14:00"), reached=True, words="约定现场查看")
    act(desk, number, "extend", handler, at("2026-09-29 15:00"), workdays=3, reason="需要检测")
    act(desk, number, "settle-extension", leader, at("2026-09-29 16:00"), accept=True)
    assert clock(desk, "handle", "armed") == [(2, "10-28 17:30")]  # 26, 27, 28 October
    pause = {"reason_code": "等待第三方鉴定", "until": "2026-10-09T09:00"}
    act(desk, number, "suspend", handler, at("2026-09-30 15:00"), **pause)
    assert (stage(desk), clock(desk, "handle", "armed")) == ("suspended", [])
    assert supervise.tick(desk, at("2026-10-09 08:59")) == 0
    assert supervise.tick(desk, at("2026-10-09 09:00")) == 1
    # 30 September 15:00 to 9 October 09:00 holds 2.5 + 7 working hours: 28 October 17:30 and 9.5 hours more.
    assert (stage(desk), clock(desk, "handle", "armed")) == ("handling", [(3, "10-30 11:30")])


def replied_and_called_back(desk, number, second, days, **answer):
    """Reply, both reviews and the callback, at four instants."""
    handler, leader = of(second, Role.HANDLER), of(second, Role.DEPARTMENT_LEADER)
    act(desk, number, "reply", handler, at(days[0]), words="已责令安装净化器", solved=True)
    act(desk, number, "review", leader, at(days[1]), level="department", approve=True)
    act(desk, number, "review", DISPATCHER, at(days[2]), level=2, approve=True)
    act(desk, number, "call-back", CALLER_BACK, at(days[3]), reached=True, **answer)


def test_from_receipt_to_closing(desk, departments):
    first, second = departments
    number = returned_and_sent_on(desk, first, second)
    extended_and_paused(desk, number, of(second, Role.HANDLER), of(second, Role.DEPARTMENT_LEADER))

    days = ("2026-10-12 10:00", "2026-10-12 15:00", "2026-10-13 09:00", "2026-10-13 10:00")
    replied_and_called_back(desk, number, second, days, solved=False, satisfied=False)
    assert clock(desk, "handle", "met") == [(3, "10-30 11:30")]
    assert (stage(desk), clock(desk, "handle", "armed")) == (
        "handling",
        [(4, "10-16 17:30")],
    )  # 14, 15, 16 October
    assert rows(desk, "SELECT complaint_count AS n, redo_round AS r FROM ticket") == [{"n": 2, "r": 1}]

    days = ("2026-10-14 10:00", "2026-10-14 11:00", "2026-10-14 14:00", "2026-10-14 15:00")
    replied_and_called_back(desk, number, second, days, solved=True, satisfied=True)
    (ticket,) = rows(desk, "SELECT stage, closed_at, due_at FROM ticket")
    assert (ticket["stage"], local(ticket["closed_at"]), ticket["due_at"]) == ("closed", "10-14 15:00", None)
    assert rows(desk, "SELECT count(*) AS n FROM clock WHERE next_at IS NOT NULL") == [{"n": 0}]
    assert supervise.tick(desk, at("2027-06-01 10:00")) == 0
    kept = rows(desk, "SELECT department, result FROM assignment ORDER BY id")
    assert [(each["department"], each["result"]) for each in kept] == [(first, "returned"), (second, None)]


def handled(desk, departments, when="2026-09-28 10:00"):
    """A ticket that `departments[0]` has signed."""
    number = post(desk, at(when), type="求助", text=WORDS, caller={"phone": "19900001234"}).number
    settle(desk, at(when))
    send(desk, number, departments[0], when)
    act(desk, number, "sign", of(departments[0], Role.LIAISON), at(when))
    return number, of(departments[0], Role.HANDLER), of(departments[0], Role.DEPARTMENT_LEADER)


def called_back(desk, departments, *answers):
    number, handler, leader = handled(desk, departments)
    act(desk, number, "reply", handler, at("2026-09-29 10:00"), words="已处理", solved=True)
    act(desk, number, "review", leader, at("2026-09-29 11:00"), level="department", approve=True)
    act(desk, number, "review", SUPERVISOR, at("2026-09-29 12:00"), level="hotline", approve=True)
    for when in answers:
        act(desk, number, "call-back", CALLER_BACK, at(when), reached=False)
    return number


def test_a_return_after_the_window_is_too_late(desk, departments):
    number = post(desk, at("2026-09-28 10:00"), text=WORDS).number
    settle(desk, at("2026-09-28 10:00"))
    send(desk, number, departments[0], "2026-09-28 10:00")
    with pytest.raises(IllegalAct, match="办理中"):  # signed by itself when the window ended
        act(
            desk,
            number,
            "return",
            of(departments[0], Role.LIAISON),
            at("2026-09-29 17:31"),
            reason="不属于我们",
        )
    assert stage(desk) == "handling"


def test_a_second_return_needs_the_heads_name_and_a_third_confers(desk, departments):
    liaison = of(departments[0], Role.LIAISON)
    number = post(desk, at("2026-09-28 09:00"), text=WORDS).number
    settle(desk, at("2026-09-28 09:00"))
    send(desk, number, departments[0], "2026-09-28 09:00")
    act(desk, number, "return", liaison, at("2026-09-28 09:10"), reason="不属于我们")
    act(desk, number, "settle-return", DISPATCHER, at("2026-09-28 09:20"), accept=False, reason="属于")
    with pytest.raises(BadInput, match="负责人姓名"):
        act(desk, number, "return", liaison, at("2026-09-28 09:30"), reason="还是不属于")
    act(desk, number, "return", liaison, at("2026-09-28 09:30"), reason="还是不属于", head="王某")
    act(desk, number, "settle-return", DISPATCHER, at("2026-09-28 09:40"), accept=False, reason="属于")
    act(desk, number, "return", liaison, at("2026-09-28 09:50"), reason="坚持", head="王某")
    assert stage(desk) == "conferring"
    act(desk, number, "confer", DISPATCHER, at("2026-09-28 10:30"), lead=departments[1], outcome="由其主办")
    assert rows(desk, "SELECT stage, department FROM ticket") == [
        {"stage": "to_sign", "department": departments[1]}
    ]


def test_an_accepted_return_with_a_department_goes_straight_on(desk, departments):
    number = post(desk, at("2026-09-28 09:00"), text=WORDS).number
    settle(desk, at("2026-09-28 09:00"))
    send(desk, number, departments[0], "2026-09-28 09:00")
    act(desk, number, "return", of(departments[0], Role.LIAISON), at("2026-09-28 09:10"), reason="不属于我们")
    act(
        desk, number, "settle-return", DISPATCHER, at("2026-09-28 09:20"),
        accept=True, department=departments[1], reason="转派",
    )  # fmt: skip
    assert rows(desk, "SELECT stage, department FROM ticket") == [
        {"stage": "to_sign", "department": departments[1]}
    ]
    with pytest.raises(NotAllowed):
        act(desk, number, "sign", of(departments[0], Role.LIAISON), at("2026-09-28 09:30"))


def test_extensions_are_bounded_in_number_size_and_time(desk, departments):
    number, handler, leader = handled(desk, departments)
    with pytest.raises(LimitReached, match="每次最多延期 3"):
        act(desk, number, "extend", handler, at("2026-09-28 11:00"), workdays=4, reason="多一点")
    for day in ("2026-09-29", "2026-09-30", "2026-10-08"):
        act(desk, number, "extend", handler, at(f"{day} 10:00"), workdays=3, reason="仍需时间")
        with pytest.raises(LimitReached, match="待审核"):
            act(desk, number, "extend", handler, at(f"{day} 10:01"), workdays=3, reason="再来一份")
        act(desk, number, "settle-extension", leader, at(f"{day} 11:00"), accept=True)
    with pytest.raises(LimitReached, match="最多 3 次"):
        act(desk, number, "extend", handler, at("2026-10-09 10:00"), workdays=1, reason="第四次")
    assert clock(desk, "handle", "armed") == [(4, "10-26 17:30")]  # 7 + 9 workdays after 28 September


def test_an_extension_asked_for_after_expiry_is_too_late(desk, departments):
    number, handler, _ = handled(desk, departments)
    with pytest.raises(TooLate, match="到期前"):
        act(desk, number, "extend", handler, at("2026-10-13 17:31"), workdays=1, reason="忘了")


def test_a_pause_is_bounded_by_its_reason(desk, departments):
    number, handler, _ = handled(desk, departments)
    with pytest.raises(BadInput, match="没有挂起理由"):
        act(
            desk, number, "suspend", handler, at("2026-09-28 11:00"), reason_code="想休息", until="2026-10-09"
        )
    with pytest.raises(BadInput, match="晚于现在"):
        act(
            desk, number, "suspend", handler, at("2026-09-28 11:00"), reason_code="诉讼中", until="2026-09-01"
        )
    with pytest.raises(LimitReached):
        act(
            desk, number, "suspend", handler, at("2026-09-28 11:00"), reason_code="诉讼中", until="2028-01-01"
        )


def test_three_calls_on_two_days_close_as_unrated(desk, departments):
    number, handler, leader = handled(desk, departments)
    act(desk, number, "contact", handler, at("2026-09-28 15:00"), reached=True, words="已联系")
    act(desk, number, "reply", handler, at("2026-09-29 10:00"), words="已处理", solved=True)
    act(desk, number, "review", leader, at("2026-09-29 11:00"), level="department", approve=True)
    act(desk, number, "review", SUPERVISOR, at("2026-09-29 12:00"), level="hotline", approve=True)
    for when in ("2026-09-29 14:00", "2026-09-29 15:00", "2026-09-29 16:00"):
        act(desk, number, "call-back", CALLER_BACK, at(when), reached=False)
    assert stage(desk) == "to_call_back"  # three tries, but on one day
    act(desk, number, "call-back", CALLER_BACK, at("2026-09-30 09:00"), reached=False)
    assert rows(desk, "SELECT stage, satisfied FROM ticket") == [{"stage": "closed", "satisfied": None}]


def test_closing_without_any_contact_goes_back_once_under_supervision(desk, departments):
    number = called_back(desk, departments, "2026-09-29 14:00", "2026-09-29 15:00", "2026-09-30 09:00")
    (ticket,) = rows(desk, "SELECT stage, supervision, redo_round, closed_at FROM ticket")
    assert ticket == {"stage": "handling", "supervision": 1, "redo_round": 1, "closed_at": None}
    settle(desk, at("2026-09-30 09:00"))
    assert rows(desk, "SELECT count(*) AS n FROM notice WHERE receiver = 'department_head'") == [{"n": 1}]
    assert number


def test_a_callback_that_reached_somebody_needs_both_answers(desk, departments):
    number = called_back(desk, departments)
    with pytest.raises(BadInput, match="solved"):
        act(desk, number, "call-back", CALLER_BACK, at("2026-09-29 14:00"), reached=True)
    with pytest.raises(BadInput, match="未接通"):
        act(desk, number, "call-back", CALLER_BACK, at("2026-09-29 14:00"), reached=False, solved=True)


def test_solved_but_unsatisfied_goes_back_too(desk, departments):
    number = called_back(desk, departments)
    act(
        desk,
        number,
        "call-back",
        CALLER_BACK,
        at("2026-09-29 14:00"),
        reached=True,
        solved=True,
        satisfied=False,
    )
    assert stage(desk) == "handling"


def test_the_department_reviews_before_the_hotline(desk, departments):
    number, handler, leader = handled(desk, departments)
    act(desk, number, "reply", handler, at("2026-09-29 10:00"), words="已处理", solved=True)
    with pytest.raises(IllegalAct, match="承办单位"):
        act(desk, number, "review", DISPATCHER, at("2026-09-29 11:00"), level="hotline", approve=True)
    with pytest.raises(NotAllowed):
        act(desk, number, "review", DISPATCHER, at("2026-09-29 11:00"), level="department", approve=True)
    with pytest.raises(BadInput, match="理由"):
        act(desk, number, "review", leader, at("2026-09-29 11:00"), level="department", approve=False)
    act(
        desk,
        number,
        "review",
        leader,
        at("2026-09-29 11:00"),
        level="department",
        approve=False,
        reason="不够具体",
    )
    assert stage(desk) == "handling"


def test_praise_is_answered_at_once_and_copied(desk):
    post(desk, at("2026-09-28 10:00"), type="表扬", text="感谢墨榆县市场监督管理局的同志，很快帮我退了款。")
    settle(desk, at("2026-09-28 10:00"))
    assert stage(desk) == "answered"


def test_an_operator_answers_refuses_and_nobody_else_may(desk, departments):
    first = post(desk, at("2026-09-28 10:00"), text="社保卡在哪里办？").number
    act(desk, first, "answer", OPERATOR, at("2026-09-28 10:01"), words="到政务大厅三楼窗口办理。")
    second = post(desk, at("2026-09-28 10:00"), text="法院判得不公。").number
    with pytest.raises(BadInput, match="没有不予受理"):
        act(desk, second, "refuse", OPERATOR, at("2026-09-28 10:01"), reason_code="不想办")
    reason = "litigation"
    act(desk, second, "refuse", OPERATOR, at("2026-09-28 10:01"), reason_code=reason)
    (decision,) = rows(desk, "SELECT what, because, clause FROM decision WHERE act = 'refuse'")
    assert decision["what"] == "refused"
    assert decision["clause"]
    third = post(desk, at("2026-09-28 10:00"), text=WORDS).number
    with pytest.raises(NotAllowed):
        act(desk, third, "answer", of(departments[0], Role.HANDLER), at("2026-09-28 10:01"), words="好")


def test_an_act_that_is_not_legal_now_says_what_is(desk, departments):
    number, _, _ = handled(desk, departments)
    with pytest.raises(IllegalAct, match="办理中") as caught:
        act(desk, number, "sign", of(departments[0], Role.LIAISON), at("2026-09-28 11:00"))
    assert "答复" in caught.value.advice
