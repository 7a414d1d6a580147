"""Steps that fell due while no ticker ran (先补到点步骤): whoever acts next finds them written, once, at their instants."""

from collections import Counter

import pytest
from sqlalchemy import event as listening

from dispatch import supervise, triage
from dispatch.storage import history as stored_history
from dispatch.storage import watch as stored_watch
from rules.access import Actor
from rules.errors import IllegalAct, TooLate
from rules.terms import Role
from tests.desks import DISPATCHER, act, of, post, rows, settle, version_of
from tests.dispatch.test_receive import at_once
from tests.dispatch.test_supervise import WORDS, sent, signed
from tests.stories import at

#: The handling limit of `signed` ends on 13 October at 17:30, supervision 1 follows a workday later.
LATE = at("2026-10-15 10:00")
MISSED = [
    ("warned", "warn_50", at("2026-10-09 09:30")),
    ("warned", "warn_80", at("2026-10-12 12:00")),
    ("breached", "breach", at("2026-10-13 17:30")),
    ("supervised", "supervise_1", at("2026-10-14 17:30")),
]
HOTLINE = Actor("everybody", frozenset(Role) - {Role.LIAISON, Role.HANDLER}, scope="key:9")
PHONE = {"phone": "19900001234"}


def fired(desk, number, *kinds):
    """Kind, step and instant of each step of that ticket, of these clocks where some are named."""
    page = [each for each in history(desk, number) if each["step"]]
    clocks = {row["id"]: row["kind"] for row in rows(desk, "SELECT id, kind FROM clock")}
    return [
        (each["kind"], each["step"], each["at"])
        for each in page
        if not kinds or clocks.get(each["clock"]) in kinds
    ]


def history(desk, number):
    with desk.database.reading() as tx:
        return stored_history.read(tx, number)


def reply(desk, number, code, now=LATE, **more):
    return act(desk, number, "reply", of(code, Role.HANDLER), now, words="已清运", solved=True, **more)


def test_a_reply_after_a_missed_limit_leaves_the_breach_in_the_history(desk):
    number, code = signed(desk)
    reply(desk, number, code)
    assert fired(desk, number) == MISSED
    kinds = [each["kind"] for each in history(desk, number)]
    assert kinds.index("supervised") < kinds.index("replied")
    assert rows(desk, "SELECT supervision FROM ticket") == [{"supervision": 1}]
    settle(desk, LATE)
    told = rows(desk, "SELECT receiver, words FROM notice WHERE words LIKE '%督办%'")
    assert [each["receiver"] for each in told] == ["department_head"]
    assert "另有 3 个提醒" in told[0]["words"]
    act(desk, number, "review", of(code, Role.DEPARTMENT_LEADER), LATE, level=1, approve=True)
    supervise.tick(desk, LATE)
    assert fired(desk, number, "handle") == MISSED


@pytest.mark.parametrize(
    ("name", "who", "body"),
    [
        ("suspend", Role.HANDLER, {"reason_code": "诉讼中", "until": "2026-11-02T09:00"}),
        ("reassign", None, {"department": "water_supply", "reason": "属其职责"}),
        ("end", None, {"reason": "已有最终答复", "evidence": "县府函"}),
        ("withdraw", None, {}),
        ("urge", None, {"words": "请抓紧"}),
        ("set-due", None, {"due_at": "2026-11-20T17:30", "reason": "县政府要求"}),
    ],
)
def test_whatever_is_done_to_a_late_ticket_what_was_missed_stays(desk, name, who, body):
    number, code = signed(desk)
    act(desk, number, name, of(code, who) if who else HOTLINE, LATE, **body)
    assert fired(desk, number, "handle") == MISSED
    supervise.tick(desk, LATE)
    assert fired(desk, number, "handle") == MISSED


def test_an_extension_asked_in_time_and_granted_late_does_not_wash_the_breach_away(desk):
    number, code = signed(desk)
    act(desk, number, "extend", of(code, Role.HANDLER), at("2026-10-13 10:00"), workdays=3, reason="等材料")
    act(desk, number, "settle-extension", of(code, Role.DEPARTMENT_LEADER), LATE, accept=True, reason="同意")
    assert fired(desk, number, "handle") == MISSED
    assert supervise.tick(desk, LATE) == 0


def test_signing_after_the_window_finds_the_ticket_signed_by_itself_and_the_duty_officer_called(desk):
    number, code = sent(desk)
    now = at("2026-09-29 17:45")
    with pytest.raises(IllegalAct, match="办理中"):
        act(desk, number, "sign", of(code, Role.LIAISON), now)
    assert ("duty_called", "breach", at("2026-09-29 17:30")) in fired(desk, number, "sign")
    assert ("signed", "automatic", at("2026-09-29 17:30")) in fired(desk, number, "sign")
    assert supervise.tick(desk, now) == 0


def test_the_second_ticket_of_a_merge_is_caught_up_too(desk):
    lead, code = signed(desk)
    follower, _ = signed(desk)
    act(desk, follower, "merge", HOTLINE, LATE, into=lead)
    assert fired(desk, lead) == fired(desk, follower) == MISSED
    assert supervise.tick(desk, LATE) == 0
    assert code


def suspended(desk, until="2026-10-12T10:00"):
    number, code = signed(desk)
    handler = of(code, Role.HANDLER)
    act(desk, number, "suspend", handler, at("2026-09-29 10:00"), reason_code="诉讼中", until=until)
    return number, code


def test_a_form_opened_before_the_step_is_taken_when_the_step_fires_with_it(desk):
    number, code = suspended(desk)
    seen = version_of(desk, number)
    contact = {"version": seen, "reached": True, "words": "已联系"}
    act(desk, number, "contact", of(code, Role.HANDLER), at("2026-10-12 15:00"), **contact)
    resumed, contacted = history(desk, number)[-2:]
    assert (resumed["kind"], resumed["at"], contacted["kind"]) == (
        "resumed",
        at("2026-10-12 10:00"),
        "contacted",
    )
    assert version_of(desk, number) == seen + 2


def test_resuming_and_what_was_missed_since_fire_in_one_go(desk):
    """Suspended on 29 September over five workdays: the limit ends on 20 October, and nobody ticked until the 22nd."""
    number, code = suspended(desk)
    reply(desk, number, code, at("2026-10-22 10:00"))
    assert [each[1] for each in fired(desk, number)] == [
        "resume",
        "warn_50",
        "warn_80",
        "breach",
        "supervise_1",
    ]
    assert fired(desk, number)[3][2] == at("2026-10-20 17:30")
    assert history(desk, number)[-1]["kind"] == "replied"


def test_an_act_that_the_fired_step_made_impossible_says_so_and_the_page_shows_why(desk):
    number, code = suspended(desk)
    with pytest.raises(IllegalAct, match=r"办理中.*不能恢复办理"):
        act(desk, number, "resume", of(code, Role.HANDLER), at("2026-10-12 15:00"))
    assert rows(desk, "SELECT stage FROM ticket") == [{"stage": "handling"}]
    assert fired(desk, number) == [("resumed", "resume", at("2026-10-12 10:00"))]
    assert supervise.tick(desk, at("2026-10-12 15:00")) == 0


def test_a_refused_act_takes_its_steps_back_and_the_ticker_fires_them(desk):
    number, code = signed(desk)
    with pytest.raises(TooLate):
        act(desk, number, "extend", of(code, Role.HANDLER), LATE, workdays=1, reason="检测")
    assert fired(desk, number) == []
    assert supervise.tick(desk, LATE) == 4


def test_nothing_fires_while_the_clock_has_gone_back(desk):
    number, code = signed(desk)
    with desk.transaction() as tx:
        stored_watch.see(tx, at("2026-10-16 10:00"))
    act(desk, number, "urge", DISPATCHER, LATE, words="请抓紧")
    assert fired(desk, number) == []
    act(desk, number, "urge", DISPATCHER, at("2026-10-16 09:59"), words="请抓紧")
    assert fired(desk, number) == MISSED
    assert code


def test_a_ticker_and_people_at_once_fire_each_step_once(desk):
    held = [signed(desk) for _ in range(4)]

    def one(i):
        if i < 2:
            return supervise.tick(desk, LATE)
        return reply(desk, *held[i - 2])

    at_once(6, one)
    for number, _ in held:
        assert fired(desk, number, "handle") == MISSED
    supervise.tick(desk, LATE)
    fired_steps = rows(desk, "SELECT clock, generation, step FROM event WHERE step IS NOT NULL")
    per_step = Counter((each["clock"], each["generation"], each["step"]) for each in fired_steps)
    assert set(per_step.values()) == {1}


def test_a_caller_who_urges_after_the_review_date_is_heard_of_a_ticket_that_goes_on(desk):
    number = post(desk, at("2026-09-28 10:00"), text=WORDS, type="求助", caller=PHONE).number
    settle(desk, at("2026-09-28 10:00"))
    if rows(desk, "SELECT stage FROM ticket")[0]["stage"] == "to_dispatch":
        act(
            desk, number, "dispatch", DISPATCHER, at("2026-09-28 10:00"), department="environment", reason="x"
        )
    code = rows(desk, "SELECT department FROM ticket")[0]["department"]
    act(desk, number, "sign", of(code, Role.LIAISON), at("2026-09-28 10:00"))
    more = {"reason_code": "诉讼中", "until": "2026-10-12T10:00"}
    act(desk, number, "suspend", of(code, Role.HANDLER), at("2026-09-29 10:00"), **more)
    joined = post(desk, at("2026-10-22 10:00"), text=WORDS, type="求助", caller=PHONE)
    assert (joined.number, joined.joined, joined.stage) == (number, True, "handling")
    kinds = [each["kind"] for each in history(desk, number)]
    assert kinds.index("resumed") < kinds.index("breached") < kinds.index("joined")
    settle(desk, at("2026-10-22 10:00"))
    assert rows(desk, "SELECT complaint_count FROM ticket") == [
        {"complaint_count": 2}
    ]  # after its limit: it counts


def test_triage_that_was_away_for_hours_missed_the_limit_of_dispatching(desk):
    now = at("2026-09-29 10:00")
    number = post(desk, at("2026-09-28 09:00"), text=WORDS, type="求助").number
    urged = post(desk, at("2026-09-28 09:00"), text="滨河路路灯不亮，晚上走路看不见。", type="求助").number
    act(desk, urged, "urge", DISPATCHER, at("2026-09-28 09:30"), words="请抓紧")  # has clocks already
    while triage.drain(desk, now):
        pass
    for each in (number, urged):
        assert ("breached", "breach", at("2026-09-28 14:00")) in fired(desk, each, "dispatch")
        assert history(desk, each)[-1]["kind"] in ("triaged", "dispatched")
    assert [each for each in fired(desk, number) if each[0] == "breached"] == [
        ("breached", "breach", at("2026-09-28 14:00"))
    ]


def test_an_act_asks_for_due_steps_once_and_otherwise_costs_what_it_did(desk):
    number, _ = signed(desk)
    seen = []

    def listen(_connection, _cursor, statement, *_):
        seen.append(statement)

    listening.listen(desk.database.engine, "before_cursor_execute", listen)
    try:
        act(
            desk,
            number,
            "urge",
            DISPATCHER,
            at("2026-09-28 11:00"),
            version=version_of(desk, number),
            words="请",
        )
    finally:
        listening.remove(desk.database.engine, "before_cursor_execute", listen)
    asked = [each for each in seen if "clock.next_at <=" in each]
    assert len(asked) == 1
    assert not any("FROM watch" in each for each in seen)
