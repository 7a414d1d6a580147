"""One act by one person (操作工单): the version guards it, two at once are one, what is refused changes nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch import follow_up, supervise, triage
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage import tickets
from dispatch.storage.tickets import Changed, NoSuchTicket
from rules import clocks
from rules.errors import DeskError, IllegalAct, NoCalendar, NotAllowed
from rules.terms import Role
from tests.desks import CALLER_BACK, DISPATCHER, OPERATOR, SUPERVISOR, act, of, post, rows, settle, version_of
from tests.dispatch.test_receive import at_once
from tests.stories import at

NOW = at("2026-09-28 10:00")
PHONE = {"phone": "19900001234"}
LAMP = "滨河路路灯不亮，晚上走路看不见，请尽快来修。"


@pytest.fixture
def codes(desk):
    return [
        each["code"] for each in rows(desk, "SELECT code FROM department WHERE kind = 'bureau' ORDER BY code")
    ]


def waiting(desk, when=NOW, **raw):
    """A ticket that waits for a dispatcher."""
    number = post(desk, when, **{"text": "这件事谁来管还不清楚。", **raw}).number
    settle(desk, when)
    assert stage(desk, number) == "to_dispatch"
    return number


def stage(desk, number):
    return rows(desk, f"SELECT stage FROM ticket WHERE number = '{number}'")[0]["stage"]


def everything(desk):
    names = ("ticket", "event", "clock", "decision", "assignment", "outbox")
    return {name: rows(desk, f"SELECT * FROM {name}") for name in names}


def as_promised(desk, number):
    """What is stored is what a replay of the events gives."""
    with desk.database.reading() as tx:
        ticket = tickets.read(tx, number)
        plans = clocks.plan(stored_facts.gather(tx, ticket), *desk.packs.of(ticket.pack))
        stored = {
            (row["kind"], row["scope"], row["generation"]): row for row in stored_clocks.read(tx, number)
        }
    assert {(each.kind.value, each.scope, each.generation) for each in plans} == set(stored)
    for each in plans:
        row = stored[each.kind.value, each.scope, each.generation]
        assert (row["state"], row["due_at"], row["stopped_at"]) == (each.state, each.due_at, each.stopped_at)
    assert ticket.due_at == clocks.due_of(plans)


@pytest.mark.parametrize("off", [-1, 1, 10**6, -(10**12)])
def test_an_act_on_another_version_is_refused_and_says_what_changed(desk, off):
    number = waiting(desk)
    before, seen = everything(desk), version_of(desk, number)
    with pytest.raises(Changed, match="待派遣") as caught:
        act(desk, number, "urge", OPERATOR, NOW, version=seen + off, words="快")
    assert f"第 {seen + off} 版" in caught.value.detail and "刷新" in caught.value.advice
    assert everything(desk) == before


def test_two_acts_at_the_same_moment_are_one_and_a_refusal(desk, codes):
    number = waiting(desk)
    seen = version_of(desk, number)

    def dispatch(i):
        try:
            act(
                desk,
                number,
                "dispatch",
                DISPATCHER,
                NOW,
                version=seen,
                department=codes[i],
                reason="属其职责",
            )
            return "done"
        except Changed:
            return "changed"

    assert sorted(at_once(5, dispatch)) == ["changed"] * 4 + ["done"]
    assert rows(desk, "SELECT count(*) AS n FROM assignment WHERE ended_at IS NULL") == [{"n": 1}]
    as_promised(desk, number)


@pytest.mark.parametrize(
    ("name", "actor", "body", "fault"),
    [
        ("answer", of("anybody", Role.HANDLER), {"words": "好"}, NotAllowed),
        ("sign", of("anybody", Role.LIAISON), {}, NotAllowed),
        ("reply", DISPATCHER, {"words": "好", "solved": True}, NotAllowed),
        ("call-back", CALLER_BACK, {"reached": False}, IllegalAct),
        ("redo", SUPERVISOR, {"reason": "x"}, IllegalAct),
        ("dispatch", DISPATCHER, {"department": "nowhere", "reason": "x"}, DeskError),
    ],
)
def test_what_is_refused_changes_nothing(desk, name, actor, body, fault):
    number = waiting(desk)
    before = everything(desk)
    with pytest.raises(fault):
        act(desk, number, name, actor, NOW, **body)
    assert everything(desk) == before


def test_who_may_not_see_a_ticket_does_not_learn_its_stage_from_a_refusal(desk, codes):
    number = waiting(desk)
    act(desk, number, "dispatch", DISPATCHER, NOW, department=codes[0], reason="属其职责")
    with pytest.raises(NotAllowed) as caught:
        act(desk, number, "sign", of(codes[1], Role.LIAISON), NOW, version=999)
    assert "待" not in caught.value.detail


def test_an_unknown_number_is_not_found(desk):
    with pytest.raises(NoSuchTicket):
        act(desk, "999001202609280000017", "urge", OPERATOR, NOW, version=1, words="快")


def test_an_assisting_department_helps_and_does_not_answer(desk, codes):
    number = waiting(desk)
    lead, helper = codes[:2]
    act(desk, number, "dispatch", DISPATCHER, NOW, department=lead, assists=[helper], reason="属其职责")
    settle(desk, NOW)
    told = rows(desk, "SELECT department FROM notice WHERE receiver = 'liaison' ORDER BY department")
    assert [each["department"] for each in told] == sorted([lead, helper])
    with pytest.raises(NotAllowed, match="主办"):
        act(desk, number, "sign", of(helper, Role.LIAISON), NOW)
    act(desk, number, "sign", of(lead, Role.LIAISON), NOW)
    act(desk, number, "contact", of(helper, Role.HANDLER), NOW, reached=True, words="已一同到现场")
    with pytest.raises(NotAllowed, match="主办"):
        act(desk, number, "reply", of(helper, Role.HANDLER), NOW, words="已处理", solved=True)


def test_a_department_that_lost_the_ticket_has_lost_its_clocks_too(desk, codes):
    number = waiting(desk)
    first, second = codes[:2]
    act(desk, number, "dispatch", DISPATCHER, NOW, department=first, reason="属其职责")
    act(desk, number, "sign", of(first, Role.LIAISON), NOW)
    later = at("2026-09-28 11:00")
    act(desk, number, "reassign", SUPERVISOR, later, department=second, reason="应由对方承办")
    with pytest.raises(NotAllowed):
        act(desk, number, "contact", of(first, Role.HANDLER), later, reached=True, words="x")
    running = rows(desk, "SELECT kind, scope FROM clock WHERE state = 'armed' ORDER BY kind, scope")
    assert {(each["kind"], each["scope"]) for each in running} == {
        ("handle", "ticket"),
        ("handle", second),
        ("sign", "ticket"),
    }  # no first contact by somebody who is out of it
    as_promised(desk, number)


def test_a_reply_without_any_contact_leaves_no_clock_that_nobody_can_meet(desk, codes):
    number = waiting(desk)
    act(desk, number, "dispatch", DISPATCHER, NOW, department=codes[0], reason="属其职责")
    act(desk, number, "sign", of(codes[0], Role.LIAISON), NOW)
    act(desk, number, "reply", of(codes[0], Role.HANDLER), NOW, words="已处理", solved=True)
    act(desk, number, "review", of(codes[0], Role.DEPARTMENT_LEADER), NOW, level=1, approve=True)
    act(desk, number, "review", DISPATCHER, NOW, level=2, approve=True)
    assert [each["kind"] for each in rows(desk, "SELECT kind FROM clock WHERE state = 'armed'")] == [
        "call_back"
    ]
    as_promised(desk, number)


def test_while_nobody_holds_the_ticket_the_dispatcher_hears_of_its_deadline(desk, codes):
    number = waiting(desk, type="咨询")
    act(desk, number, "dispatch", DISPATCHER, NOW, department=codes[0], reason="属其职责")
    act(desk, number, "return", of(codes[0], Role.LIAISON), NOW, reason="不属于我们")
    act(desk, number, "settle-return", DISPATCHER, NOW, accept=True, reason="成立")
    supervise.tick(desk, at("2026-10-08 17:30"))  # 3 workdays: the handling limit is over
    settle(desk, at("2026-10-08 17:30"))
    told = rows(desk, "SELECT receiver, department FROM notice WHERE words LIKE '%已超过办理时限%'")
    assert told == [{"receiver": "dispatcher", "department": None}]


def test_a_contact_during_the_closing_joins_or_opens_and_is_never_lost(desk):
    def both(i):
        if i == 0:
            act(desk, number, "answer", OPERATOR, NOW, version=1, words="已答复")
            return None
        return post(desk, NOW, caller=PHONE, text=LAMP)

    for _ in range(5):
        number = post(desk, NOW, caller=PHONE, text=LAMP).number
        assert stage(desk, number) == "received"
        again = next(each for each in at_once(2, both) if each)
        assert again.joined is (again.number == number)
        for open_one in rows(desk, "SELECT number, version FROM ticket WHERE stage = 'received'"):
            act(
                desk, open_one["number"], "answer", OPERATOR, NOW, version=open_one["version"], words="已答复"
            )
    assert rows(desk, "SELECT count(*) AS n FROM request") == [{"n": 10}]


def test_acts_triage_ticks_and_contacts_at_once_leave_what_a_replay_gives(desk, codes):
    numbers = [post(desk, NOW, caller={"phone": f"1990000{n:04d}"}, text=LAMP).number for n in range(6)]
    later = NOW + timedelta(days=30)

    def work(i):
        for number in numbers:
            try:
                match i % 4:
                    case 0:
                        triage.drain(desk, NOW)
                        follow_up.drain(desk, NOW)
                    case 1:
                        supervise.tick(desk, later)
                    case 2:
                        act(desk, number, "urge", OPERATOR, NOW, words="快")
                    case _:
                        post(desk, NOW, caller={"phone": f"1990000{numbers.index(number):04d}"}, text=LAMP)
            except Changed:
                pass

    at_once(8, work)
    settle(desk, later)
    for number in numbers:
        as_promised(desk, number)
    assert rows(desk, "SELECT count(*) AS n FROM ticket WHERE stage = 'received'") == [{"n": 0}]
    assert rows(desk, "SELECT count(*) AS n FROM outbox WHERE state <> 'done'") == [{"n": 0}]


@pytest.mark.parametrize("year", [2001, 2015, 2031])
def test_a_year_without_a_notice_is_reckoned_by_weekdays_and_marked(desk, year):
    number = waiting(desk, at(f"{year}-03-06 10:00"))
    (clock,) = rows(desk, "SELECT provisional FROM clock WHERE kind = 'dispatch'")
    assert clock["provisional"]
    as_promised(desk, number)


def test_a_year_beyond_every_calendar_is_refused_with_what_to_do(desk, codes):
    number = waiting(desk)
    with pytest.raises(NoCalendar) as caught:
        act(desk, number, "dispatch", DISPATCHER, at("2041-03-06 10:00"), department=codes[0], reason="x")
    assert "节假日" in caught.value.advice
    assert stage(desk, number) == "to_dispatch"


def test_the_record_names_who_and_when(desk):
    number = waiting(desk)
    someone = replace(OPERATOR, name="张测试")
    act(desk, number, "urge", someone, at("2026-09-28 11:00"), words="快")
    with desk.database.reading() as tx:
        (row,) = [each for each in stored_facts.history.read(tx, number) if each["kind"] == "urged"]
    assert (row["actor"], row["at"], row["data"]) == ("张测试", at("2026-09-28 11:00"), {"words": "快"})
