"""Replies upward on a real desk (上级反馈): event, column, clock and outbox in one go; the list; sent back for redo."""

from dispatch import supervise
from dispatch import upward as desk_upward
from rules.terms import Act, Role
from rules.upward import UPWARD_STATES
from tests.desks import DISPATCHER, act, of, rows, settle
from tests.dispatch.test_supervise import sent as dispatched
from tests.stories import at

REVIEWED = "2026-09-28 14:00"


def approved(desk, **raw):
    number, code = dispatched(desk, upper_number="SJ-1", **raw)
    act(desk, number, "sign", of(code, Role.LIAISON), at("2026-09-28 11:00"))
    act(desk, number, "contact", of(code, Role.HANDLER), at("2026-09-28 11:30"), reached=True, words="已联系")
    act(desk, number, "reply", of(code, Role.HANDLER), at("2026-09-28 12:00"), words="已清运", solved=True)
    leader = of(code, Role.DEPARTMENT_LEADER)
    act(desk, number, "review", leader, at("2026-09-28 13:00"), level="department", approve=True)
    act(desk, number, "review", DISPATCHER, at(REVIEWED), level="hotline", approve=True)
    return number


def do(desk, number, wanted, when, **said):
    return desk_upward.act(desk, number, wanted, said, "张三", at(when))


def test_the_way_of_a_reply_upward(desk):
    number = approved(desk)
    (owed,) = desk_upward.listed(desk, UPWARD_STATES, at(REVIEWED))
    assert (owed["number"], owed["upper_number"], owed["upward"]) == (number, "SJ-1", "queued")
    assert owed["due_at"] == "2026-09-29T17:30:00+08:00" and not owed["overdue"]
    assert desk_upward.listed(desk, UPWARD_STATES, at("2026-09-30 09:00"))[0]["overdue"]
    settle(desk, at(REVIEWED))
    assert rows(desk, "SELECT receiver FROM notice WHERE words LIKE '%反馈上级%'") == [
        {"receiver": "dispatcher"}
    ]
    do(desk, number, Act.SEND_UPWARD, "2026-09-28 15:00", receipt="HZ-7")
    (row,) = rows(desk, "SELECT upward, upper_receipt FROM ticket")
    assert (row["upward"], row["upper_receipt"]) == ("sent", "HZ-7")
    (event,) = rows(desk, "SELECT actor FROM event WHERE kind = 'sent_upward'")
    assert event["actor"] == "张三"
    told = do(desk, number, Act.SETTLE_UPWARD, "2026-09-29 09:00", accept=False, reason="没有附照片")
    assert told["stage"] == "handling"
    assert rows(desk, "SELECT upward, redo_round FROM ticket") == [{"upward": "returned", "redo_round": 1}]


def test_the_ticker_warns_and_tells_the_breach_also_of_a_closed_ticket(desk):
    number = approved(desk)
    caller_back = of("", Role.CALLER_BACK)
    act(
        desk,
        number,
        "call-back",
        caller_back,
        at("2026-09-28 15:00"),
        reached=True,
        solved=True,
        satisfied=True,
    )
    assert rows(desk, "SELECT stage FROM ticket") == [{"stage": "closed"}]
    assert supervise.tick(desk, at("2026-09-29 17:30")) == 2
    settle(desk, at("2026-09-29 17:30"))
    told = rows(desk, "SELECT receiver FROM notice WHERE words LIKE '%反馈上级时限%' ORDER BY receiver")
    assert [each["receiver"] for each in told] == ["dispatcher", "supervisor"]
