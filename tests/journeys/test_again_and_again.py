"""One stubborn matter (重复诉求): five rounds of complaint, answer and complaint, through the real use cases."""

import json
from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from dispatch import digests, ladder, supervise
from dispatch.storage.database import Doubled
from rules.errors import BadInput, IllegalAct
from rules.terms import Budget, Role, Unit
from tests.desks import CALLER_BACK, DISPATCHER, SUPERVISOR, act, of, post, rows, settle
from tests.dispatch.test_receive import at_once
from tests.stories import at, calendar

PHONE = "19900001234"
TEXT = "听橹家园二栋的电梯又坏了，老人下不了楼，物业一直推说等配件。"
AGAIN = "听橹家园二栋的电梯又坏了，老人下不了楼，物业还是推说在等配件。"


def quiet(desk, now):
    """Every queue emptied, the ticker at rest."""
    settle(desk, now)
    while ladder.drain(desk, now):
        pass
    settle(desk, now)


def ring(desk, now, text=TEXT, **raw):
    receipt = post(desk, now, text=text, type="complain", caller={"phone": PHONE}, **raw)
    quiet(desk, now + timedelta(seconds=5))
    return receipt


def one(desk, number):
    return rows(desk, f"SELECT * FROM ticket WHERE number = '{number}'")[0]


def close(desk, number, now):
    """From wherever it stands to closed with a satisfied caller, quick enough to miss nothing."""
    ticket = one(desk, number)
    if ticket["stage"] == "to_dispatch":
        act(desk, number, "dispatch", DISPATCHER, now, department="market_supervision", reason="按职责派单")
        ticket = one(desk, number)
    lead = ticket["department"]
    for name, role, body in (
        ("sign", Role.LIAISON, {}),
        ("contact", Role.HANDLER, {"reached": True, "words": "已联系"}),
        ("reply", Role.HANDLER, {"words": "已修好", "solved": True}),
        ("review", Role.DEPARTMENT_LEADER, {"level": 1, "approve": True}),
    ):
        act(desk, number, name, of(lead, role), now, **body)
    act(desk, number, "review", DISPATCHER, now, level=2, approve=True)
    act(desk, number, "call-back", CALLER_BACK, now, reached=True, solved=True, satisfied=True)
    quiet(desk, now)
    assert one(desk, number)["stage"] == "closed"
    return lead


def rungs(desk):
    return rows(
        desk, "SELECT ticket, kind, step FROM event WHERE step IS NOT NULL AND clock IS NULL ORDER BY id"
    )


def five_rounds(desk, begin, twice=False):
    now, numbers = begin, []
    for _ in range(5):
        receipt = ring(desk, now, AGAIN if numbers else TEXT)
        if twice:  # the same second, other words: it joins what has just been opened
            assert ring(desk, now, f"{AGAIN}请尽快。").joined
        numbers.append(receipt.number)
        close(desk, receipt.number, now + timedelta(minutes=30))
        now = calendar().add(now, Budget(2, Unit.WORKDAYS)).replace(hour=10, minute=0)
    return numbers


@pytest.mark.parametrize("twice", [False, True])
def test_five_closed_and_again_rounds_fire_each_level_once(desk, twice):
    numbers = five_rounds(desk, at("2026-09-07 10:00"), twice)
    assert len(set(numbers)) == 5
    found = rungs(desk)
    assert [(each["ticket"], each["step"]) for each in found] == [
        (numbers[1], "repeat_2"),
        (numbers[2], "repeat_3"),
        (numbers[3], "repeat_4"),
        (numbers[4], "redo_3"),
        (numbers[4], "repeat_5"),
    ]
    counts = [one(desk, number)["complaint_count"] for number in numbers]
    assert counts == [1, 2, 3, 4, 5]
    assert [one(desk, number)["earlier"] for number in numbers] == [None, *numbers[:-1]]
    assert one(desk, numbers[2])["supervision"] == 1 and one(desk, numbers[3])["raised"] == 1
    told = {(each["ticket"], each["receiver"]) for each in rows(desk, "SELECT ticket, receiver FROM notice")}
    assert {(numbers[1], "section_head"), (numbers[2], "duty_office"), (numbers[3], "county_leader")} <= told
    clue = rows(desk, "SELECT ticket, step, state FROM clue")
    assert clue == [{"ticket": numbers[4], "step": "redo_3", "state": "waiting"}]


def test_a_repeat_goes_straight_to_the_former_lead_with_the_limit_of_a_redo(desk):
    first = ring(desk, at("2026-09-28 10:00")).number
    lead = close(desk, first, at("2026-09-28 11:00"))
    second = ring(desk, at("2026-10-09 10:00"), AGAIN).number
    ticket = one(desk, second)
    assert (ticket["stage"], ticket["department"], ticket["redo_round"]) == ("to_sign", lead, 1)
    decided = rows(desk, f"SELECT rule, because FROM decision WHERE ticket = '{second}'")[0]
    assert decided["rule"] == "repeat" and first in decided["because"]
    handle = rows(
        desk, f"SELECT DISTINCT amount, due_at FROM clock WHERE ticket = '{second}' AND kind = 'handle'"
    )
    assert [each["amount"] for each in handle] == [3]  # 10 (Saturday), 12, 13 October
    assert str(handle[0]["due_at"]).startswith("2026-10-13")


def test_the_same_day_is_linked_and_not_counted(desk):
    first = ring(desk, at("2026-09-28 10:00")).number
    close(desk, first, at("2026-09-28 11:00"))
    second = one(desk, ring(desk, at("2026-09-28 16:00"), AGAIN).number)
    assert (second["earlier"], second["complaint_count"], second["redo_round"]) == (first, 1, 0)
    assert rungs(desk) == []


def test_fifty_at_once_are_one_ticket_without_a_rung(desk):
    now = at("2026-09-28 10:00")
    at_once(50, lambda i: post(desk, now, text=TEXT, key=f"idem-{i:013d}", caller={"phone": PHONE}))
    quiet(desk, now)
    assert rows(desk, "SELECT complaint_count AS n FROM ticket") == [{"n": 1}]
    codes = rows(desk, "SELECT query_code FROM request")
    assert len(codes) == 50
    assert rungs(desk) == []


def test_fifty_at_once_after_closing_are_one_new_ticket_with_one_rung(desk):
    first = ring(desk, at("2026-09-28 10:00")).number
    close(desk, first, at("2026-09-28 11:00"))
    now = at("2026-10-12 10:00")
    at_once(50, lambda i: post(desk, now, text=AGAIN, key=f"idem-{i:013d}", caller={"phone": PHONE}))
    quiet(desk, now)
    assert rows(desk, "SELECT complaint_count AS n FROM ticket ORDER BY number") == [{"n": 1}, {"n": 2}]
    assert [each["step"] for each in rungs(desk)] == ["repeat_2"]


def test_urgings_after_the_missed_limit_count_once_a_workday_and_the_level_falls_to_nobody_twice(desk):
    number = ring(desk, at("2026-09-28 10:00")).number
    act(desk, number, "dispatch", DISPATCHER, at("2026-09-28 10:30"), department="market_supervision",
        reason="按职责") if one(desk, number)["stage"] == "to_dispatch" else None  # fmt: skip
    for hour in (11, 14, 15, 16, 17):
        assert ring(desk, at(f"2026-09-29 {hour}:00"), AGAIN).joined
    assert (one(desk, number)["complaint_count"], rungs(desk)) == (1, [])
    late = at("2026-11-02 10:00")
    for day in range(5):
        for hour in (0, 1, 5):
            ring(desk, late + timedelta(days=day, hours=hour), AGAIN)
    assert one(desk, number)["complaint_count"] == 6
    assert [each["step"] for each in rungs(desk)] == ["repeat_2", "repeat_3", "repeat_4", "repeat_5"]
    assert rows(desk, "SELECT count(*) AS n FROM request") == [{"n": 21}]


def test_a_clue_is_settled_by_a_person_or_goes_up_by_silence(desk):
    numbers = five_rounds(desk, at("2026-09-07 10:00"))
    newest = numbers[4]
    clue = rows(desk, "SELECT * FROM clue")[0]
    armed = rows(desk, "SELECT due_at, next_at FROM clock WHERE kind = 'clue' AND state = 'armed'")
    assert len(armed) == 1
    with pytest.raises(BadInput, match="理由"):
        act(desk, newest, "settle-clue", SUPERVISOR, at("2026-09-30 10:00"), confirm=False)
    supervise.tick(desk, at("2026-10-09 18:00"))
    quiet(desk, at("2026-10-09 18:00"))
    assert rows(desk, "SELECT state FROM clue") == [{"state": "sent_up"}]
    heard = rows(desk, f"SELECT words FROM notice WHERE receiver = 'discipline' AND ticket = '{newest}'")
    assert len(heard) == 1
    act(desk, newest, "settle-clue", SUPERVISOR, at("2026-10-12 10:00"), confirm=True)
    quiet(desk, at("2026-10-12 10:00"))
    settled = rows(desk, "SELECT state, settled_by FROM clue")
    assert settled == [{"state": "confirmed", "settled_by": "supervisor"}]
    with pytest.raises(IllegalAct):
        act(desk, newest, "settle-clue", SUPERVISOR, at("2026-10-12 11:00"), confirm=True)
    assert {"rectification", "accountability"} == set(_json(clue["drafts"]))
    told = {row["ticket"] for row in _json(clue["evidence"])}
    assert told == set(numbers), "the whole chain of evidence"


def _json(value):
    return json.loads(value) if isinstance(value, str) else value


def test_what_was_undone_is_taken_back_and_stays_on_record(desk):
    numbers = five_rounds(desk, at("2026-09-07 10:00"))
    act(
        desk,
        numbers[2],
        "undo",
        SUPERVISOR,
        at("2026-10-09 10:00"),
        step="repeat_3",
        reason="两部电梯，两件事",
    )
    assert one(desk, numbers[2])["supervision"] == 0
    with pytest.raises(BadInput, match="没有可以撤销"):
        act(desk, numbers[2], "undo", SUPERVISOR, at("2026-10-09 10:01"), step="repeat_3", reason="再来一次")
    act(desk, numbers[4], "undo", SUPERVISOR, at("2026-10-09 10:02"), step="redo_3", reason="核实为两件事")
    assert rows(desk, "SELECT state FROM clue") == [{"state": "undone"}]
    assert rows(desk, "SELECT count(*) AS n FROM clock WHERE kind = 'clue' AND next_at IS NOT NULL") == [
        {"n": 0}
    ]


def test_a_level_can_stand_in_the_database_once_only(desk):
    numbers = five_rounds(desk, at("2026-09-07 10:00"))
    row = rows(desk, f"SELECT * FROM event WHERE ticket = '{numbers[1]}' AND step = 'repeat_2'")[0]
    table = SQLModel.metadata.tables["event"]
    values = {
        **row,
        "id": None,
        "at": at("2026-10-09 10:00"),
        "recorded_at": at("2026-10-09 10:00"),
        "data": {},
    }
    values.pop("id")
    with pytest.raises(Doubled), desk.transaction() as tx:
        tx.connection().execute(table.insert(), values)


def test_a_malicious_caller_is_heard_and_not_counted(desk):
    first = ring(desk, at("2026-09-28 10:00")).number
    close(desk, first, at("2026-09-28 11:00"))
    act(
        desk,
        first,
        "mark-caller",
        SUPERVISOR,
        at("2026-09-28 12:00"),
        malicious=True,
        reason="反复辱骂话务员",
    )
    second = one(desk, ring(desk, at("2026-10-12 10:00"), AGAIN).number)
    assert (second["earlier"], second["complaint_count"]) == (first, 1)
    assert rungs(desk) == []


def test_what_a_leader_need_not_hear_at_once_comes_in_one_digest(desk):
    numbers = []
    for n, text in enumerate(("砚滴里门口的行道树倒伏挡住人行道。", "滨河路下水道井盖松动，车过就响。")):
        number = post(
            desk, at("2026-09-28 10:00"), text=text, type="consult", caller={"phone": f"1990000555{n}"}
        ).number
        quiet(desk, at("2026-09-28 10:00"))
        if one(desk, number)["stage"] == "to_dispatch":
            act(desk, number, "dispatch", DISPATCHER, at("2026-09-28 10:30"), department="urban_management",
                reason="按职责")  # fmt: skip
        act(desk, number, "sign", of(one(desk, number)["department"], Role.LIAISON), at("2026-09-28 11:00"))
        numbers.append(number)
    supervise.tick(desk, at("2026-10-31 09:00"))  # a Saturday: long past the third level of supervision
    quiet(desk, at("2026-10-31 09:00"))
    assert rows(desk, "SELECT count(*) AS n FROM notice WHERE receiver = 'county_leader'") == [{"n": 0}]
    assert digests.drain(desk, at("2026-10-31 12:00")) == 0
    assert digests.drain(desk, at("2026-11-02 08:30")) == 2
    found = rows(desk, "SELECT ticket, words FROM notice WHERE receiver = 'county_leader'")
    assert len(found) == 1 and all(number in found[0]["words"] for number in numbers)
    assert digests.drain(desk, at("2026-11-02 08:31")) == 0


def test_an_ended_matter_is_answered_and_not_dispatched(desk):
    first = ring(desk, at("2026-09-28 10:00")).number
    close(desk, first, at("2026-09-28 11:00"))
    act(
        desk,
        first,
        "end",
        SUPERVISOR,
        at("2026-09-29 10:00"),
        reason="已按合同更换配件",
        evidence="县府函〔2026〕1号",
    )
    second = one(desk, ring(desk, at("2026-10-12 10:00"), AGAIN).number)
    assert (second["stage"], second["complaint_count"]) == ("answered", 1)
    said = rows(desk, f"SELECT data FROM event WHERE ticket = '{second['number']}' AND kind = 'answered'")
    assert "已按合同更换配件" in _json(said[0]["data"])["words"]
