"""The worker of the ladder by count (升级复核): run twice, cut off, late or early, it leaves what a replay gives."""

from datetime import timedelta
from pathlib import Path

import pytest

from dispatch import ladder, supervise, triage
from dispatch.imports import Order
from dispatch.storage import outbox
from rules.errors import LimitReached
from rules.terms import Role
from tests.desks import DISPATCHER, OPERATOR, SUPERVISOR, act, of, post, rows, settle
from tests.dispatch.test_imports import COLUMNS, load
from tests.dispatch.test_receive import at_once
from tests.pressing import (
    AGAIN,
    FUMES,
    OTHER,
    PHONE,
    STILL,
    TEXT,
    answered,
    closed,
    one,
    receivers,
    require_agreement,
    ring,
    sent,
    steps,
)
from tests.stories import at

LATE = at("2026-11-02 10:00")


def urged_late(desk):
    """A contact after the missed limit, accepted and not yet looked at by the ladder's worker."""
    number, _ = sent(desk, at("2026-09-28 10:00"))
    assert post(desk, LATE, text=AGAIN, type="complain", caller={"phone": PHONE}).joined
    assert (one(desk, number)["complaint_count"], steps(desk)) == (1, [])
    return number


def waits(desk):
    return rows(desk, "SELECT count(*) AS n FROM outbox WHERE kind = 'ladder' AND state <> 'done'")[0]["n"]


def test_a_second_look_finds_nothing_more(desk):
    number = urged_late(desk)
    assert (ladder.drain(desk, LATE), ladder.drain(desk, LATE)) == (1, 0)
    assert (one(desk, number)["complaint_count"], steps(desk), waits(desk)) == (2, ["repeat_2"], 0)
    require_agreement(desk)


def test_workers_at_once_climb_once(desk):
    number = urged_late(desk)
    for minute in range(1, 20):
        post(desk, LATE + timedelta(minutes=minute), text=AGAIN, type="complain", caller={"phone": PHONE})
    late = LATE + timedelta(hours=1)
    assert sum(at_once(6, lambda _i: ladder.drain(desk, late))) == 20
    assert (one(desk, number)["complaint_count"], steps(desk), waits(desk)) == (2, ["repeat_2"], 0)
    require_agreement(desk)


def test_a_worker_that_died_is_followed_by_another_and_coming_back_does_nothing(desk):
    number = urged_late(desk)
    claimed = outbox.claim(desk.database, "ladder", 10, LATE)
    assert len(claimed) == 1 and ladder.drain(desk, LATE + timedelta(seconds=14)) == 0
    assert ladder.drain(desk, LATE + timedelta(seconds=15)) == 1
    ladder._look(desk, claimed, LATE + timedelta(seconds=16))
    assert (one(desk, number)["complaint_count"], steps(desk), waits(desk)) == (2, ["repeat_2"], 0)
    require_agreement(desk)


def test_a_look_that_fails_is_rolled_back_whole_and_tried_again(desk, monkeypatch):
    number = urged_late(desk)

    def broken(*_given):
        raise RuntimeError("cut off before the commit")

    with monkeypatch.context() as cut:
        cut.setattr(ladder.tickets, "mark", broken)
        assert ladder.drain(desk, LATE) == 1
    assert (one(desk, number)["complaint_count"], steps(desk), waits(desk)) == (1, [], 1)
    assert ladder.drain(desk, LATE + timedelta(minutes=10)) == 1
    assert (one(desk, number)["complaint_count"], steps(desk), waits(desk)) == (2, ["repeat_2"], 0)
    require_agreement(desk)


@pytest.mark.parametrize("first", ["ticker", "ladder"])
def test_whether_the_breach_is_written_before_or_after_the_look_is_all_the_same(desk, first):
    number = urged_late(desk)
    runs = [lambda: supervise.tick(desk, LATE), lambda: ladder.drain(desk, LATE)]
    for run in runs if first == "ticker" else reversed(runs):
        run()
    settle(desk, LATE)
    found = one(desk, number)
    assert (found["complaint_count"], found["supervision"], steps(desk)) == (2, 3, ["repeat_2"])
    require_agreement(desk)


@pytest.mark.parametrize("what", ["withdraw", "merge", "end", "answer", "urge"])
def test_a_person_is_quicker_than_the_worker(desk, what):
    """Whatever the person did, the urging counts, once, and its rung is told: with the act, or by the worker."""
    number = urged_late(desk)
    match what:
        case "withdraw":
            act(desk, number, "withdraw", OPERATOR, LATE)
        case "merge":
            lead, _ = sent(desk, LATE, phone=OTHER, text=FUMES)
            act(desk, number, "merge", DISPATCHER, LATE, into=lead)
        case "end":
            lead = of(one(desk, number)["department"], Role.HANDLER)
            act(desk, number, "contact", lead, LATE, reached=True, words="已联系")
            act(desk, number, "end", SUPERVISOR, LATE, reason="已给最终答复", evidence="函〔2026〕1号")
        case "answer":
            answered(desk, number, LATE)
        case _:
            act(desk, number, "urge", OPERATOR, LATE, words="请抓紧")
    settle(desk, LATE)
    assert (one(desk, number)["complaint_count"], steps(desk, number), waits(desk)) == (2, ["repeat_2"], 0)
    require_agreement(desk)


def test_while_nobody_holds_an_overdue_ticket_its_caller_still_counts_and_the_dispatcher_hears(desk):
    number, department = sent(desk, at("2026-09-28 10:00"))
    act(desk, number, "return", of(department, Role.LIAISON), at("2026-09-28 11:00"), reason="不属于我们")
    act(desk, number, "settle-return", DISPATCHER, at("2026-09-28 12:00"), accept=True, reason="成立")
    assert one(desk, number)["department"] is None
    ring(desk, LATE, AGAIN)
    assert (one(desk, number)["complaint_count"], steps(desk)) == (2, ["repeat_2"])
    heard = receivers(desk, number)
    assert ("section_head", None) not in heard and ("department_leader", None) not in heard
    assert ("dispatcher", None) in heard
    require_agreement(desk)


def test_a_repeat_whose_former_department_is_gone_goes_the_way_of_a_new_matter(desk):
    number = closed(desk, text=FUMES)
    with desk.transaction() as tx:
        tx.connection().exec_driver_sql("UPDATE ticket SET department = 'abolished'")
    again = ring(desk, LATE, STILL).number
    found = one(desk, again)
    assert (found["earlier"], found["stage"], found["department"]) == (number, "to_dispatch", None)
    assert (found["complaint_count"], found["redo_round"], steps(desk, again)) == (2, 1, ["repeat_2"])
    heard = receivers(desk, again)
    assert ("dispatcher", None) in heard and not any(department for _, department in heard)
    require_agreement(desk)


def test_a_repeat_that_cannot_be_triaged_is_handed_over_with_its_rung(desk, monkeypatch):
    former = one(desk, closed(desk))["department"]
    number = post(desk, LATE, text=AGAIN, type="complain", caller={"phone": PHONE}).number

    def broken(*_given, **_named):
        raise RuntimeError("no gazetteer")

    monkeypatch.setattr(triage, "judge", broken)
    now = LATE
    while triage.drain(desk, now) or waits_for_triage(desk):
        now += timedelta(minutes=10)
    settle(desk, now)
    found = one(desk, number)
    assert (found["stage"], found["complaint_count"], steps(desk, number)) == ("to_dispatch", 2, ["repeat_2"])
    heard = receivers(desk, number)
    assert ("dispatcher", None) in heard and ("section_head", former) in heard
    require_agreement(desk)


def waits_for_triage(desk):
    found = rows(
        desk, "SELECT count(*) AS n FROM outbox WHERE kind = 'triage' AND state IN ('ready', 'claimed')"
    )
    return found[0]["n"]


def test_tickets_of_history_climb_nothing_and_tell_nobody(desk, tmp_path: Path):
    lines = [f"{n},2026-0{n}-02,{AGAIN},{PHONE}" for n in range(1, 7)]
    assert load(desk, tmp_path, lines, Order(COLUMNS, history=True, open=True)).joined == 5
    settle(desk, LATE)
    supervise.tick(desk, LATE)
    settle(desk, LATE)
    assert (steps(desk), rows(desk, "SELECT * FROM notice"), waits(desk)) == ([], [], 0)
    assert rows(desk, "SELECT count(*) AS n FROM clock WHERE next_at IS NOT NULL") == [{"n": 0}]


def test_what_history_told_counts_for_the_ticket_of_today(desk, tmp_path: Path):
    assert load(desk, tmp_path, [f"1,2026-08-03,{TEXT},{PHONE}"]).tickets == 1
    old = rows(desk, "SELECT number, stage FROM ticket")[0]
    again = ring(desk, at("2026-09-28 10:00"), AGAIN)
    assert old["stage"] == "archived" and not again.joined
    found = one(desk, again.number)
    assert (found["earlier"], found["complaint_count"]) == (old["number"], 2)
    assert steps(desk) == ["repeat_2"]


@pytest.mark.parametrize(("tries", "may"), [(0, False), (2, False), (3, True)])
def test_a_matter_that_nobody_explains_is_set_invalid_after_three_tries(desk, tries, may):
    number = incomplete(desk)
    now = at("2026-09-28 11:00")
    for _ in range(tries):
        act(desk, number, "contact", OPERATOR, now, reached=False, words="无人接听")
    if not may:
        with pytest.raises(LimitReached, match=f"只有 {tries} 次"):
            act(desk, number, "invalidate", OPERATOR, now, reason_code="incomplete")
        return
    act(desk, number, "invalidate", OPERATOR, now, reason_code="incomplete")
    assert one(desk, number)["stage"] == "invalid"
    act(desk, number, "supplement", OPERATOR, now, elements={"地点": "听橹家园三栋", "经过": "电梯停了两天"})
    settle(desk, now)
    assert one(desk, number)["stage"] not in ("invalid", "incomplete", "received")
    require_agreement(desk)


@pytest.mark.parametrize("urged", ["before", "between", "after"])
def test_an_urging_before_or_after_the_supplement_upsets_no_clock_and_no_link(desk, urged):
    now = at("2026-09-28 11:00")
    if urged == "before":
        number = post(desk, at("2026-09-28 10:00"), channel="web", text="没人管", type="complain").number
        act(desk, number, "urge", OPERATOR, at("2026-09-28 10:00"), words="请抓紧")
        settle(desk, at("2026-09-28 10:00"))
        assert one(desk, number)["stage"] == "incomplete"
    else:
        number = incomplete(desk)
    if urged == "between":
        act(desk, number, "urge", OPERATOR, now, words="请抓紧")
    act(desk, number, "supplement", OPERATOR, now, elements={"地点": "听橹家园三栋", "经过": "电梯停了两天"})
    if urged == "after":
        act(desk, number, "urge", OPERATOR, now, words="请抓紧")
    settle(desk, now)
    assert one(desk, number)["stage"] in ("to_dispatch", "to_sign")
    require_agreement(desk)


def incomplete(desk):
    number = post(desk, at("2026-09-28 10:00"), channel="web", text="没人管", type="complain").number
    settle(desk, at("2026-09-28 10:00"))
    assert one(desk, number)["stage"] == "incomplete"
    return number
