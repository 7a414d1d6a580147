"""Clues for the inspector (线索): one at a time, for whatever becomes of the ticket, settled once by whom it may be."""

import json

import pytest

from dispatch import supervise
from rules.errors import BadInput, IllegalAct, NotAllowed
from rules.terms import Role
from tests.desks import DISPATCHER, OPERATOR, SUPERVISOR, act, of, post, rows, settle
from tests.pressing import (
    AGAIN,
    FUMES,
    OTHER,
    TEXT,
    answered,
    one,
    replied,
    require_agreement,
    ring,
    sent,
    steps,
    told,
)
from tests.stories import at

INSPECTOR = of("", Role.DISCIPLINE)
LATE = at("2026-11-20 10:00")


def clues(desk):
    return [(each["step"], each["state"]) for each in rows(desk, "SELECT step, state FROM clue ORDER BY id")]


def armed(desk):
    return rows(desk, "SELECT count(*) AS n FROM clock WHERE kind = 'clue' AND next_at IS NOT NULL")[0]["n"]


def thrice_returned(desk, when="2026-09-28 09"):
    """A ticket whose third return opened a clue, conferred to the same department."""
    number, department = sent(desk, at(f"{when}:00"))
    liaison = of(department, Role.LIAISON)
    for minute in (10, 30, 50):
        act(desk, number, "return", liaison, at(f"{when}:{minute}"), reason="不属于我们", head="王某")
        if minute != 50:
            act(
                desk,
                number,
                "settle-return",
                DISPATCHER,
                at(f"{when}:{minute + 5}"),
                accept=False,
                reason="属于",
            )
    assert clues(desk) == [("return_3", "waiting")]
    act(desk, number, "confer", DISPATCHER, at(f"{when}:55"), lead=department, outcome="由其主办")
    return number


def rung_four_days(desk):
    """After the missed limit, once on each of four days: the fifth complaint."""
    for day in (2, 3, 4, 5):
        ring(desk, at(f"2026-11-0{day} 10:00"), AGAIN)


def go_on(desk, number, what):
    """What may become of a ticket in 待签收 while its clue waits."""
    now = at("2026-09-28 10:10")
    department = one(desk, number)["department"]
    match what:
        case "closed" | "archived" | "redone":
            answered(desk, number, now)
            told(desk, number, now, content=what != "redone")
            if what == "archived":
                act(desk, number, "archive", SUPERVISOR, now)
        case "withdrawn":
            act(desk, number, "withdraw", OPERATOR, now)
        case "merged":
            lead, _ = sent(desk, now, phone=OTHER, text=FUMES)
            act(desk, number, "merge", DISPATCHER, now, into=lead)
        case "ended":
            act(desk, number, "sign", of(department, Role.LIAISON), now)
            act(desk, number, "end", SUPERVISOR, now, reason="已给最终答复", evidence="函〔2026〕1号")
        case "suspended":
            act(desk, number, "sign", of(department, Role.LIAISON), now)
            until = {"reason_code": "诉讼中", "until": "2026-12-01T09:00"}
            act(desk, number, "suspend", of(department, Role.HANDLER), now, **until)
    settle(desk, now)


@pytest.mark.parametrize(
    "what", ["closed", "archived", "redone", "withdrawn", "merged", "ended", "suspended", "waiting"]
)
@pytest.mark.parametrize("silent", [True, False])
def test_who_is_accountable_does_not_go_away_with_the_matter(desk, what, silent):
    number = thrice_returned(desk)
    go_on(desk, number, what)
    assert (clues(desk), armed(desk)) == ([("return_3", "waiting")], 1)
    if silent:
        supervise.tick(desk, LATE)
        settle(desk, LATE)
        assert (clues(desk), armed(desk)) == ([("return_3", "sent_up")], 0)
        heard = rows(desk, "SELECT receiver FROM notice WHERE words LIKE '%自动上报%' AND words LIKE '线索%'")
        assert sorted(each["receiver"] for each in heard) == ["discipline", "supervisor"]
    now = LATE if silent else at("2026-09-28 16:00")
    act(desk, number, "settle-clue", SUPERVISOR, now, confirm=False, reason="退单均有依据")
    assert clues(desk) == [("return_3", "rejected")]
    settle(desk, now)
    told_inspector = rows(
        desk, "SELECT words FROM notice WHERE receiver = 'discipline' AND words LIKE '%驳回%'"
    )
    assert len(told_inspector) == silent  # who was told of it is told how it ended
    with pytest.raises(IllegalAct, match="没有待"):
        act(desk, number, "settle-clue", SUPERVISOR, now, confirm=True)
    require_agreement(desk)


def test_three_returns_and_the_fifth_complaint_are_one_clue_with_both_in_its_chain(desk):
    number = thrice_returned(desk)
    rung_four_days(desk)
    assert steps(desk, number) == ["return_3", "repeat_2", "repeat_3", "repeat_4", "repeat_5"]
    assert (clues(desk), armed(desk)) == (
        [("return_3", "sent_up")],
        0,
    )  # nobody had said anything for a month
    act(desk, number, "settle-clue", INSPECTOR, at("2026-11-05 11:00"), confirm=True)
    assert clues(desk) == [("return_3", "confirmed")]
    settled = rows(desk, "SELECT data FROM event WHERE kind = 'clue_settled'")[0]["data"]
    assert json.loads(settled)["opened"] == "return_3" if isinstance(settled, str) else settled["opened"]
    require_agreement(desk)


@pytest.mark.parametrize(
    ("step", "found"),
    [("repeat_5", [("return_3", "sent_up")]), ("return_3", [("return_3", "undone")])],
)
def test_undoing_what_opened_the_clue_takes_it_away_and_undoing_a_further_trigger_does_not(desk, step, found):
    number = thrice_returned(desk)
    rung_four_days(desk)
    act(desk, number, "undo", SUPERVISOR, at("2026-11-05 11:00"), step=step, reason="核实有误")
    assert clues(desk) == found
    assert armed(desk) == 0
    require_agreement(desk)


def test_undoing_a_settled_clue_leaves_the_one_that_waits(desk):
    number = thrice_returned(desk)
    act(desk, number, "settle-clue", SUPERVISOR, at("2026-09-28 11:00"), confirm=True)
    rung_four_days(desk)
    both = [("return_3", "confirmed"), ("repeat_5", "waiting")]
    assert clues(desk) == both
    act(desk, number, "undo", SUPERVISOR, at("2026-11-05 11:00"), step="return_3", reason="核实有误")
    assert (clues(desk), armed(desk)) == (both, 1)
    require_agreement(desk)


@pytest.mark.parametrize(("returns", "state"), [(True, "waiting"), (False, "undone")])
def test_a_wrong_link_takes_its_own_clue_back_and_no_other(desk, returns, state):
    """The fourth complaint of a chain and one more make the fifth; three returns are this ticket's own."""
    first = ring(desk, at("2026-09-01 10:00"), FUMES, OTHER).number
    act(desk, first, "dispatch", DISPATCHER, at("2026-09-01 10:00"), department="housing", reason="按职责")
    answered(desk, first, at("2026-09-01 11:00"))
    for day in ("02", "03", "04"):
        told(desk, first, at(f"2026-09-{day} 10:00"), content=False)
        replied(desk, first, at(f"2026-09-{day} 11:00"))
    told(desk, first, at("2026-09-05 10:00"))
    number = thrice_returned(desk) if returns else sent(desk, at("2026-09-28 09:00"))[0]
    act(desk, number, "link", SUPERVISOR, at("2026-09-28 12:00"), earlier=first)
    assert one(desk, number)["complaint_count"] == 5
    mine = rows(desk, f"SELECT state FROM clue WHERE ticket = '{number}'")
    assert [each["state"] for each in mine] == ["waiting"]
    act(desk, number, "undo", SUPERVISOR, at("2026-09-28 13:00"), step="link", reason="不是一件事")
    mine = rows(desk, f"SELECT state FROM clue WHERE ticket = '{number}'")
    assert [each["state"] for each in mine] == [state]
    assert one(desk, number)["complaint_count"] == 1
    require_agreement(desk)


def test_a_clue_that_a_link_opened_tells_the_whole_chain(desk):
    number, _ = sent(desk, at("2026-09-01 10:00"), phone=OTHER)
    answered(desk, number, at("2026-09-01 11:00"))
    for day in ("02", "03", "04"):
        told(desk, number, at(f"2026-09-{day} 10:00"), content=False)
        replied(desk, number, at(f"2026-09-{day} 11:00"))
    told(desk, number, at("2026-09-05 10:00"))
    again, _ = sent(desk, at("2026-09-14 10:00"), text=TEXT)
    act(desk, again, "link", OPERATOR, at("2026-09-14 10:10"), earlier=number)
    assert steps(desk, again)[-1] == "repeat_5"
    found = rows(desk, f"SELECT evidence FROM clue WHERE ticket = '{again}'")
    assert len(found) == 1
    evidence = found[0]["evidence"]
    chain = {row["ticket"] for row in (json.loads(evidence) if isinstance(evidence, str) else evidence)}
    assert chain == {number, again}


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.SUPERVISOR, Role.DISCIPLINE)])
def test_only_the_supervision_leader_and_the_inspector_settle(desk, role):
    number = thrice_returned(desk)
    with pytest.raises(NotAllowed):
        act(desk, number, "settle-clue", of("market_supervision", role), at("2026-09-28 11:00"), confirm=True)
    assert clues(desk) == [("return_3", "waiting")]


def test_a_clue_that_a_merge_brings_to_light_has_its_clock(desk):
    """The urging that made five still waits for the ladder's worker when somebody merges another ticket in."""
    number, _ = sent(desk, at("2026-09-28 09:00"), text=TEXT)
    other = ring(desk, at("2026-09-28 10:00"), TEXT, OTHER).number
    for day in (2, 3, 4):
        ring(desk, at(f"2026-11-0{day} 10:00"), AGAIN)
    post(desk, at("2026-11-05 10:00"), text=AGAIN, type="complain", caller={"phone": "19900001234"})
    assert steps(desk, number)[-1] == "repeat_4"
    act(desk, other, "merge", DISPATCHER, at("2026-11-05 10:00"), into=number)
    assert (clues(desk), armed(desk)) == ([("repeat_5", "waiting")], 1)
    settle(desk, at("2026-11-05 10:01"))
    require_agreement(desk)


def test_the_level_of_a_missed_limit_is_undone_one_step_at_a_time(desk):
    number, department = sent(desk, at("2026-09-28 10:00"))
    supervise.tick(desk, at("2026-12-01 10:00"))
    assert one(desk, number)["supervision"] == 3
    for step, left in (("supervise_3", 2), ("supervise_1", 2), ("supervise_2", 0)):
        act(desk, number, "undo", SUPERVISOR, at("2026-12-01 11:00"), step=step, reason="节假日未计")
        assert one(desk, number)["supervision"] == left
        with pytest.raises(BadInput, match="没有可以撤销"):
            act(desk, number, "undo", SUPERVISOR, at("2026-12-01 11:00"), step=step, reason="再来一次")
    supervise.tick(desk, at("2026-12-02 10:00"))
    assert one(desk, number)["supervision"] == 0 and department
    require_agreement(desk)


def test_two_steps_of_one_name_are_undone_the_newest_first(desk):
    number, _ = sent(desk, at("2026-09-28 10:00"))
    for level, hour in ((3, 11), (1, 12)):
        act(desk, number, "supervise", SUPERVISOR, at(f"2026-09-28 {hour}:00"), level=level, reason="拖延")
    for left in (3, 0):
        act(desk, number, "undo", SUPERVISOR, at("2026-09-28 13:00"), step="supervise", reason="已整改")
        assert one(desk, number)["supervision"] == left
    for _ in range(2):
        act(desk, number, "raise", SUPERVISOR, at("2026-09-28 14:00"), reason="推诿")
    # Two in the very same instant are told apart by nothing: they go together.
    act(desk, number, "undo", SUPERVISOR, at("2026-09-28 15:00"), step="raise", reason="已协调")
    require_agreement(desk)
    assert one(desk, number)["raised"] == 0
