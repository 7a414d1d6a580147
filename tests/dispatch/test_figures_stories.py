"""Stories that once made the figures lie (统计失真的几种情形): what a person would say of each, by real use cases."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch import counting, drill, figures, ladder
from dispatch.desk import Desk
from dispatch.drill import Question
from rules.errors import BadInput
from rules.terms import Role
from tests.desks import CALLER_BACK, DISPATCHER, OPERATOR, SUPERVISOR, act, new_desk, of, post, rows, settle
from tests.dispatch.test_figures import LATER, WEEK, finish, require_exact, send
from tests.recount import differences
from tests.stories import at
from tests.walking import Walk, parts_and_wholes

HANDLER, LIAISON = of("urban_management", Role.HANDLER), of("urban_management", Role.LIAISON)
LEADER = of("urban_management", Role.DEPARTMENT_LEADER)
MUCH_LATER = at("2027-01-20 09:00")


def summed(desk: Desk, *measures: str, key: str | None = "urban_management") -> dict[str, int]:
    """Everything that was ever counted under a department, or in all."""
    counting.catch_up(desk)
    assert differences(desk) == []
    where = f"dimension = 'department' AND key = '{key}'" if key is not None else "dimension = 'all'"
    columns = ", ".join(f"coalesce(sum({each}), 0) AS {each}" for each in measures)
    return {k: int(n) for k, n in rows(desk, f"SELECT {columns} FROM daily_count WHERE {where}")[0].items()}


def in_hand(desk: Desk) -> str:
    number = send(desk)
    act(desk, number, "sign", LIAISON, at("2026-11-16 10:00"))
    act(desk, number, "contact", HANDLER, at("2026-11-16 11:00"), reached=True, words="已联系")
    return number


def test_who_takes_back_a_suspended_matter_makes_nobody_late(desk: Desk):
    number = in_hand(desk)
    act(
        desk, number, "suspend", HANDLER, at("2026-11-17 10:00"),
        reason_code="seasonal_works", until=at("2027-03-01 09:00").isoformat(),
    )  # fmt: skip
    assert summed(desk, "due", "late") == {"due": 0, "late": 0}
    act(desk, number, "withdraw", OPERATOR, MUCH_LATER)
    assert summed(desk, "due", "late") == {"due": 0, "late": 0}
    require_exact(desk)


def test_who_takes_back_a_matter_answered_in_time_makes_nobody_late(desk: Desk):
    number = send(desk)
    act(desk, number, "sign", LIAISON, at("2026-11-16 10:00"))
    act(desk, number, "reply", HANDLER, at("2026-11-17 10:00"), words="已修好", solved=True)
    act(desk, number, "withdraw", OPERATOR, MUCH_LATER)
    assert summed(desk, "due", "late", "contact_due", "in_review") == dict.fromkeys(
        ("due", "late", "contact_due", "in_review"), 0
    )


def test_who_takes_back_a_matter_answered_late_leaves_it_late(desk: Desk):
    number = send(desk)
    act(desk, number, "sign", LIAISON, at("2026-11-16 10:00"))
    act(desk, number, "reply", HANDLER, at("2026-12-30 10:00"), words="已修好", solved=True)
    act(desk, number, "withdraw", OPERATOR, MUCH_LATER)
    assert summed(desk, "due", "late") == {"due": 1, "late": 1}


@pytest.mark.parametrize(("when", "due"), [("2026-11-16 10:00", 0), ("2026-12-16 10:00", 1)])
def test_what_is_taken_back_before_anybody_signed_was_not_signed_in_time(desk: Desk, when: str, due: int):
    number = send(desk)
    act(desk, number, "withdraw", OPERATOR, at(when))
    assert summed(desk, "sign_due", "signed_on_time") == {"sign_due": due, "signed_on_time": 0}


def test_what_is_taken_back_before_anybody_dispatched_was_not_dispatched_in_time(desk: Desk):
    number = post(desk, at("2026-11-16 09:00"), text="帮忙看看。").number
    act(desk, number, "withdraw", OPERATOR, at("2026-11-16 09:30"))
    counted = summed(desk, "received", "dispatch_due", "dispatched_on_time", key=None)
    assert counted == {"received": 1, "dispatch_due": 0, "dispatched_on_time": 0}


@pytest.mark.parametrize("satisfied", [True, False])
def test_what_a_merged_caller_says_counts_for_the_department_that_answered(desk: Desk, satisfied: bool):
    """Else a department would hear of the dissatisfied alone: they get a ticket of their own, the others do not."""
    lead = send(desk)
    other = send(desk, "2026-11-16 09:30", text="小区门口的垃圾没有人清运，味道很大。")
    act(desk, other, "merge", DISPATCHER, at("2026-11-16 10:00"), into=lead)
    finish(desk, lead, "2026-11-17 10:00")
    told = {"reached": True, "solved": satisfied, "satisfied": satisfied}
    act(desk, other, "call-back", CALLER_BACK, at("2026-11-17 15:00"), **told)
    counted = summed(desk, "satisfied_known", "satisfied", "reached")
    assert counted == {"satisfied_known": 2, "satisfied": 1 + satisfied, "reached": 2}
    require_exact(desk)


def test_of_two_supervisions_the_one_that_was_taken_back_does_not_count(desk: Desk):
    number = send(desk)
    for when in ("2026-11-17 10:00", "2026-11-18 10:00"):
        act(desk, number, "supervise", SUPERVISOR, at(when), level=1, reason="久拖不决")
    act(desk, number, "undo", SUPERVISOR, at("2026-11-18 11:00"), step="supervise", reason="误操作")
    assert summed(desk, "supervised") == {"supervised": 1}
    days = rows(desk, "SELECT day FROM daily_count WHERE dimension = 'all' AND supervised > 0")
    assert [str(each["day"]) for each in days] == ["2026-11-17"]


def test_a_server_whose_clock_is_slow_leaves_no_ticket_open_at_the_wrong_place(desk: Desk):
    """It signs a moment before the ticket was sent there, by its own clock."""
    number = send(desk)
    act(desk, number, "reassign", DISPATCHER, at("2026-11-16 10:00"), department="transport", reason="改派")
    slow = at("2026-11-16 10:00") - timedelta(milliseconds=300)
    act(desk, number, "sign", of("transport", Role.LIAISON), slow)
    assert summed(desk, "open_change", key="transport") == {"open_change": 1}
    assert summed(desk, "open_change") == {"open_change": 0}


def test_a_contact_is_counted_even_where_looking_at_its_ticket_fails(desk: Desk, monkeypatch):
    caller = {"phone": "13800000001"}
    number = send(desk, caller=caller)
    counting.catch_up(desk)
    later = at("2026-11-17 10:00")
    assert post(desk, later, caller=caller, type="help").joined

    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(ladder.escalation, "climb", broken)
    assert ladder.drain(desk, later)
    assert summed(desk, "contacts", "urged") == {"contacts": 2, "urged": 1}
    assert number


def test_behind_a_figure_of_limits_stand_no_promises_that_still_run(desk: Desk):
    number = send(desk)
    counting.catch_up(desk)
    asked = Question("year", "2026", "late")
    assert drill.look(desk, SUPERVISOR, asked, at("2026-11-17 09:00")).rows == []
    found = drill.look(desk, SUPERVISOR, asked, at("2026-12-31 09:00")).rows
    assert [each["number"] for each in found] == [number]
    with pytest.raises(BadInput, match="维度"):
        drill.look(desk, SUPERVISOR, Question("year", "2026", "late", "colour", "red"), LATER)


def test_a_ticket_that_cannot_be_counted_holds_up_no_other(desk: Desk, monkeypatch):
    bad, good = send(desk), send(desk, "2026-11-16 10:00", text="小区门口的垃圾没有人清运，味道很大。")
    received = rows(desk, f"SELECT received_at FROM ticket WHERE number = '{bad}'")
    real = counting.tally

    def tally(matter):
        if matter.received_at == at("2026-11-16 09:00"):
            raise ValueError("unknown stage")
        return real(matter)

    monkeypatch.setattr(counting, "tally", tally)
    assert received and good
    assert figures.live(desk, WEEK, LATER)["totals"]["counts"]["received"] == 1
    monkeypatch.undo()
    assert figures.live(desk, WEEK, LATER)["totals"]["counts"]["received"] == 2


@pytest.mark.parametrize("seed", [3, 11])
def test_whatever_happens_to_tickets_the_sums_are_exact(tmp_path: Path, seed: int):
    with new_desk(tmp_path) as desk:
        walk = Walk(desk, random.Random(seed), at("2026-10-12 09:00"))
        walk.run(100)
        counting.catch_up(desk)
        assert differences(desk) == []
        assert parts_and_wholes(desk) == []
        require_exact(desk)


def test_whatever_happens_the_sums_are_exact_on_each_database(desk: Desk):
    walk = Walk(desk, random.Random(5), at("2026-10-12 09:00"))
    walk.run(60)
    settle(desk, walk.now)
    counting.catch_up(desk)
    assert differences(desk) == []
    assert parts_and_wholes(desk) == []
