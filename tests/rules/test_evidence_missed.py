"""Promises that were not kept (超期认定): told once, against the right department, and by the right length."""

import pytest

from rules.evidence_missed import missed, missed_words, with_leads
from rules.terms import Urgency
from tests.stories import RECEIVED, SIGNED, at, calendar, event, facts, policy

LEAD = "urban_management"
SENT = event("dispatched", "2026-09-28 10:00", "to_sign", department=LEAD, reason="目录")
TAKEN = event("signed", "2026-09-28 11:00", "handling", department=LEAD)
TALKED = event("contacted", "2026-09-28 15:00", reached=True, words="已约时间")
BEGUN = (RECEIVED, SENT, TAKEN, TALKED)  # 7 workdays: due on 10-13 17:30


def found(*happenings, now="2026-11-16 10:00", **given):
    return missed(facts(*happenings, **given), policy(), calendar(), at(now))


def replied(when):
    return event("replied", when, "reviewing", words="已修", solved=True)


def reviewed(when, stage, approved):
    return event("reviewed", when, stage, level="hotline", approved=approved, reason="")


def breach(clock, when):
    return event("breached", when, clock=clock, due_at=at(when))


def extended(when, workdays=2):
    return event("extension_settled", when, accepted=True, workdays=workdays)


def suspended(when, until):
    return event("suspended", when, "suspended", reason_code="weather", until=at(until))


@pytest.mark.parametrize(
    ("story", "now", "late"),
    [
        ((RECEIVED,), "2026-09-28 15:00", []),
        ((RECEIVED,), "2026-09-28 15:01", [("dispatch", 1.0)]),  # half a day from 10:00
        (BEGUN, "2026-10-13 17:30", []),
        (BEGUN, "2026-10-13 17:31", [("handle", 0.0)]),  # after hours: missed, by no working time yet
        (BEGUN, "2026-10-14 10:00", [("handle", 60.0)]),
        ((*BEGUN, replied("2026-10-13 17:30")), "2026-10-14 10:00", []),
        ((*BEGUN, replied("2026-10-14 09:30")), "2026-10-14 12:00", [("handle", 30.0)]),
        (
            (*BEGUN, replied("2026-10-13 16:00"), reviewed("2026-10-14 10:00", "to_call_back", True)),
            "2026-10-14 11:00",
            [],
        ),
        (
            (*BEGUN, replied("2026-10-13 16:00"), reviewed("2026-10-14 09:10", "handling", False)),
            "2026-10-14 10:00",
            [("handle", 60.0)],  # sent back: as if it had never stopped
        ),
        ((*BEGUN, suspended("2026-10-12 10:00", "2026-11-20 00:00")), "2026-11-01 10:00", []),
        (
            (
                *BEGUN,
                suspended("2026-10-14 10:00", "2026-10-16 10:00"),
                event("resumed", "2026-10-16 10:00", "handling"),
            ),
            "2026-10-16 11:00",
            [("handle", 120.0)],  # the pause after the deadline is nobody's delay
        ),
        ((*BEGUN, extended("2026-10-13 10:00")), "2026-10-15 17:30", []),
        ((*BEGUN, extended("2026-10-13 10:00")), "2026-10-16 10:00", [("handle", 60.0)]),
        ((*BEGUN, extended("2026-10-14 10:00")), "2026-10-15 17:00", [("handle", 60.0)]),
        ((*BEGUN, extended("2026-10-20 10:00")), "2026-10-20 10:30", [("handle", 2 * 420.0 + 90.0)]),
        (
            (*BEGUN, event("withdrawn", "2026-10-14 10:00", "withdrawn")),
            "2026-11-01 10:00",
            [("handle", 60.0)],
        ),
        ((*BEGUN, event("merged", "2026-10-13 10:00", "merged")), "2026-11-01 10:00", []),
    ],
)
def test_a_promise_is_missed_when_its_deadline_passed_while_it_ran(story, now, late):
    assert [(each.plan.kind.value, each.minutes) for each in found(*story, now=now)] == late


@pytest.mark.parametrize("fired", [False, True])
def test_a_breach_counts_once_whether_or_not_the_ticker_wrote_it(fired):
    events = (breach("handle", "2026-10-13 17:30"),) if fired else ()
    assert len(found(*BEGUN, *events, now="2026-10-20 10:00")) == 1


def test_a_breach_that_fired_counts_at_its_very_instant():
    (one,) = found(*BEGUN, breach("handle", "2026-10-13 17:30"), now="2026-10-13 17:30")
    assert (one.minutes, one.late) == (0.0, "不足 1 分钟（按工作时间）")


def test_an_unsigned_ticket_is_late_since_the_duty_officer_was_called():
    duty = event("duty_called", "2026-09-29 17:30", clock="sign", due_at=at("2026-09-29 17:30"))
    assert [each.plan.kind.value for each in found(RECEIVED, SENT, duty, now="2026-09-29 17:30")] == ["sign"]


def test_urgent_limits_are_measured_by_the_wall():
    story = (
        event("received", "2026-09-28 22:00", "received"),
        event("dispatched", "2026-09-28 22:00", "to_sign", department=LEAD),
    )
    (one,) = found(*story, now="2026-09-28 23:15", urgency=Urgency.URGENT)
    assert (one.plan.kind.value, one.minutes, one.late) == ("sign", 45.0, "45 分钟（按自然时间）")


def test_history_keeps_no_promises():
    assert found(*BEGUN, history=True) == ()


RETURNED = event("returned", "2026-09-28 15:00", "returned", department=LEAD, reason="不属于")
ACCEPTED = event("return_settled", "2026-09-28 16:00", "to_dispatch", accepted=True, reason="同意")


@pytest.mark.parametrize(
    ("story", "now", "owners"),
    [
        ((RECEIVED, SENT), "2026-09-30 10:00", [("sign", LEAD)]),
        ((RECEIVED,), "2026-09-30 10:00", [("dispatch", None)]),
        ((RECEIVED, SENT, TAKEN), "2026-09-30 10:00", [("first_contact", LEAD)]),
        (
            (*BEGUN, event("reassigned", "2026-10-12 10:00", "to_sign", department="housing")),
            "2026-10-13 18:00",
            [("handle", "housing"), ("sign", "housing")],
        ),
        (
            (RECEIVED, SENT, RETURNED, ACCEPTED),
            "2026-10-13 18:00",
            [("dispatch", None), ("handle", None)],  # nobody held it: the hotline had to dispatch
        ),
        ((*BEGUN, replied("2026-09-29 10:00")), "2026-10-08 10:00", [("review", LEAD)]),
        (
            (
                *BEGUN,
                replied("2026-09-29 10:00"),
                event("reviewed", "2026-09-29 11:00", level="department", approved=True),
            ),
            "2026-10-08 10:00",
            [("review", None)],
        ),
        (
            (*BEGUN, replied("2026-09-29 10:00"), reviewed("2026-09-29 11:00", "to_call_back", True)),
            "2026-10-08 10:00",
            [("call_back", None)],
        ),
        ((*BEGUN, event("clue_opened", "2026-09-29 10:00")), "2026-10-08 10:00", [("clue", None)]),
    ],
)
def test_a_promise_is_missed_by_whoever_held_it_when_it_fell_due(story, now, owners):
    late = found(*story, now=now)
    assert sorted((each.plan.kind.value, each.owner) for each in late) == owners


@pytest.mark.parametrize(
    ("story", "now", "ending"),
    [
        (BEGUN, "2026-10-14 10:00", "截至 2026年10月14日 10:00 仍未办结答复，已超期 1 小时（按工作时间）。"),
        (
            (*BEGUN, replied("2026-10-14 10:00"), reviewed("2026-10-14 11:00", "to_call_back", True)),
            "2026-10-14 12:00",
            "实际 2026年10月14日 10:00 办结答复，超期 1 小时（按工作时间）。",
        ),
        (
            (*BEGUN, replied("2026-10-14 10:00")),
            "2026-10-14 12:00",
            "2026年10月14日 10:00 才提交答复，尚在审核，超期 1 小时（按工作时间）。",
        ),
        (
            (*BEGUN, suspended("2026-10-14 10:00", "2026-10-20 00:00")),
            "2026-10-16 12:00",
            "2026年10月14日 10:00 挂起前已超期 1 小时（按工作时间）。",
        ),
        (
            (*BEGUN, extended("2026-10-14 10:00")),
            "2026-10-14 12:00",
            "2026年10月14日 10:00 前没有办结答复，已超期 1 小时（按工作时间），其后延期获准。",
        ),
        (
            (*BEGUN, event("withdrawn", "2026-10-14 10:00", "withdrawn")),
            "2026-10-16 12:00",
            "到 2026年10月14日 10:00 停止计时仍未办结答复，超期 1 小时（按工作时间）。",
        ),
    ],
)
def test_the_sentence_says_how_it_ended(story, now, ending):
    (one,) = found(*story, now=now)
    assert missed_words(one, policy()) == (
        f"墨榆县城市管理局的办理时限（7 个工作日）：应于 2026年10月13日 17:30 前办结答复，{ending}"
    )


@pytest.mark.parametrize(
    ("story", "given", "leads"),
    [
        ((), {}, []),
        ((RECEIVED, SENT, TAKEN), {}, [None, LEAD, LEAD]),
        ((RECEIVED, SENT, RETURNED, ACCEPTED, SENT), {}, [None, LEAD, LEAD, LEAD, LEAD]),
        ((RECEIVED, SIGNED), {"department": LEAD}, [LEAD, LEAD]),  # no dispatch on record: an import
        ((RECEIVED, SENT, RETURNED, ACCEPTED, RECEIVED), {}, [None, LEAD, LEAD, LEAD, None]),
    ],
)
def test_every_event_knows_who_held_the_ticket(story, given, leads):
    assert [lead for _, lead in with_leads(facts(*story, **given))] == leads
