"""The evidence chain (证据链): whole, in order, each breach once, and only of one matter."""

from dataclasses import replace

import pytest

from rules.errors import BadInput, NoCalendar
from rules.evidence import as_rows, chain
from rules.terms import Budget, ClockKind, Happened, Happening, Unit
from tests.stories import RECEIVED, at, calendar, event, facts, policy

LEAD = "urban_management"
SENT = event("dispatched", "2026-09-28 10:00", "to_sign", department=LEAD, assists=[], reason="目录")
TAKEN = event("signed", "2026-09-28 11:00", "handling", department=LEAD)
DUE = at("2026-10-13 17:30")


def breach(clock="handle", due=DUE):
    return Happening(Happened.BREACHED, due, {"clock": clock, "due_at": due}, "breach")


FIRST = facts(
    RECEIVED,
    SENT,
    TAKEN,
    event("contacted", "2026-09-28 15:00", reached=True, words="已约时间"),
    breach(),
    event("joined", "2026-10-14 09:00", channel="wechat"),
    event("supervised", "2026-10-14 17:30", level=1, clock="handle", due_at=DUE),
    event("replied", "2026-10-15 09:00", "reviewing", words="已修", solved=True),
    event("reviewed", "2026-10-15 09:30", "handling", level="department", approved=False, reason="缺照片"),
    event("replied", "2026-10-15 10:00", "reviewing", words="已补照片", solved=True),
    event("reviewed", "2026-10-15 11:00", "to_call_back", level="hotline", approved=True, reason=""),
    event("called_back", "2026-10-15 15:00", reached=True, solved=True, satisfied=True, words=""),
    event("closed", "2026-10-15 15:00", "closed", rated=True),
    number="1",
    department=LEAD,
)
SECOND = facts(
    event(
        "received",
        "2026-11-03 10:00",
        "received",
        earlier="1",
        count=3,
        counted=True,
        round=1,
        channel="phone",
    ),
    event("dispatched", "2026-11-03 10:00", "to_sign", department=LEAD, assists=[], round=1, reason="接续"),
    number="2",
    department=LEAD,
    earlier="1",
)


def entries(*tickets, **given):
    return chain(tickets, policy(), calendar(), **given)


def test_the_chain_of_two_tickets_is_whole_and_in_order():
    found = entries(FIRST, SECOND, now=at("2026-11-05 10:00"), mask=str)
    assert [(f"{each.at:%m-%d %H:%M}", each.ticket, each.kind) for each in found] == [
        ("09-28 10:00", "1", "received"),
        ("09-28 10:00", "1", "dispatched"),
        ("09-28 11:00", "1", "signed"),
        ("09-28 15:00", "1", "contacted"),
        ("10-13 17:30", "1", "breached"),
        ("10-14 09:00", "1", "joined"),
        ("10-14 17:30", "1", "supervised"),
        ("10-15 09:00", "1", "replied"),
        ("10-15 09:30", "1", "reviewed"),
        ("10-15 10:00", "1", "replied"),
        ("10-15 11:00", "1", "reviewed"),
        ("10-15 15:00", "1", "called_back"),
        ("10-15 15:00", "1", "closed"),
        ("11-03 10:00", "2", "received"),
        ("11-03 10:00", "2", "dispatched"),
        ("11-04 17:30", "2", "breached"),
    ]
    assert [each.kind for each in found if each.missed] == ["breached", "breached"]
    assert [each.department for each in found if each.missed] == [LEAD, LEAD]
    assert found[4].words == (
        "墨榆县城市管理局的办理时限（7 个工作日）：应于 2026年10月13日 17:30 前办结答复，"
        "实际 2026年10月15日 10:00 办结答复，超期 8 小时（按工作时间）。"
    )


def test_events_are_sorted_by_their_own_time_and_not_by_when_they_were_written():
    late = event("joined", "2026-09-28 10:30", channel="phone")
    found = entries(facts(RECEIVED, SENT, TAKEN, late))
    assert [each.kind for each in found] == ["received", "dispatched", "joined", "signed"]


@pytest.mark.parametrize(
    ("events", "breaches"),
    [
        ((), [(DUE, True, LEAD)]),
        ((breach(),), [(DUE, True, LEAD)]),
        # the calendar was corrected since: the clock tells the deadline that holds
        ((breach(due=at("2026-10-14 17:30")),), [(DUE, True, LEAD)]),
        ((breach(due=at("2026-10-09 17:30")),), [(DUE, True, LEAD)]),
        # no clock explains it any more, but it happened
        ((breach("call_back"),), [(DUE, True, LEAD), (DUE, True, None)]),
        ((Happening(Happened.BREACHED, DUE),), [(DUE, True, LEAD), (DUE, True, None)]),
    ],
)
def test_a_breach_stands_once_in_the_chain(events, breaches):
    reached = event("contacted", "2026-09-28 15:00", reached=True, words="在")
    found = entries(facts(RECEIVED, SENT, TAKEN, reached, *events), now=at("2026-10-20 10:00"))
    assert [(each.at, each.missed, each.department) for each in found if each.kind == "breached"] == breaches


def test_a_call_to_the_duty_officer_is_a_measure_and_not_a_second_breach():
    due = at("2026-09-29 17:30")
    duty = Happening(Happened.DUTY_CALLED, due, {"clock": "sign", "due_at": due}, "breach")
    found = entries(facts(RECEIVED, SENT, duty), now=at("2026-09-30 10:00"))
    assert [(each.kind, each.missed) for each in found][-2:] == [("breached", True), ("duty_called", False)]


@pytest.mark.parametrize(
    ("change", "due"),
    [
        (SENT, "2026年10月13日 17:30"),
        (event("extension_settled", "2026-10-12 10:00", accepted=True, workdays=2), "2026年10月15日 17:30"),
        (event("extension_settled", "2026-10-12 10:00", accepted=False, workdays=2), "2026年10月13日 17:30"),
        (event("redone", "2026-10-12 15:00", "handling", round=1), "2026年10月15日 17:30"),
        (
            event("resumed", "2026-10-15 09:00", "handling"),
            "2026年10月15日 11:30",
        ),  # the pause took 570 minutes
    ],
)
def test_a_new_limit_is_named_where_it_is_set(change, due):
    before = {
        "redone": [event("replied", "2026-10-12 10:00", "to_call_back", words="已修", solved=True)],
        "resumed": [event("suspended", "2026-10-13 15:00", "suspended", until=at("2026-10-15 09:00"))],
    }
    story = (RECEIVED, SENT, TAKEN, *before.get(change.kind, []), change)
    found = next(each for each in entries(facts(*story)) if each.kind == change.kind and each.at == change.at)
    assert f"应于 {due} 前办结答复" in found.words


def test_words_of_people_are_left_out_unless_somebody_masks_them():
    said = facts(RECEIVED, SENT, event("returned", "2026-09-28 11:00", "returned", reason="找王小明"))
    assert not any("王小明" in each.words for each in entries(said))
    assert entries(said, mask=lambda text: text.replace("王小明", "[姓名]"))[-1].words.endswith("找[姓名]。")


def test_running_promises_are_looked_at_up_to_the_newest_event_unless_told():
    assert not any(each.missed for each in entries(facts(RECEIVED, SENT)))
    assert any(each.missed for each in entries(facts(RECEIVED, SENT), now=at("2026-09-30 09:00")))


def test_a_ticket_is_judged_by_the_pack_it_ran_by():
    lenient = replace(
        policy(),
        limits=tuple(
            replace(row, budget=Budget(30, Unit.WORKDAYS)) if row.clock is ClockKind.HANDLE else row
            for row in policy().limits
        ),
    )
    ran = replace(FIRST, happenings=tuple(each for each in FIRST.happenings if each.kind != "breached"))
    assert any(each.missed for each in entries(ran))
    assert not any(each.missed for each in entries(ran, frozen={"1": (lenient, calendar())}))
    assert any(each.missed for each in entries(ran, frozen={"2": (lenient, calendar())}))


@pytest.mark.parametrize(
    "tickets",
    [
        (SECOND, FIRST),
        (FIRST, replace(SECOND, earlier=None)),
        (FIRST, replace(SECOND, earlier="7")),
        (FIRST, FIRST),
    ],
)
def test_tickets_of_different_matters_make_no_chain(tickets):
    with pytest.raises(BadInput, match="不能合成一条证据链"):
        entries(*tickets)


def test_there_is_no_chain_of_nothing():
    with pytest.raises(BadInput, match="没有工单"):
        entries()


def test_a_ticket_without_events_has_an_empty_chain():
    assert entries(facts()) == ()


def test_beyond_the_calendar_there_is_no_guess():
    with pytest.raises(NoCalendar):
        entries(facts(RECEIVED, SENT), now=at("2199-01-04 10:00"))


def test_rows_are_plain_and_in_business_time():
    rows = as_rows(entries(FIRST))
    assert rows[0] == {
        "at": "2026-09-28T10:00:00+08:00",
        "ticket": "1",
        "kind": "received",
        "words": "诉求人通过电话提出求助，热线登记。",
        "department": None,
        "missed": False,
    }
    assert as_rows(()) == []
