"""What is kept of the kind of contact, on both databases: codes, agents, and places that are given once (联系方式)."""

import pytest
from sqlalchemy import event

from dispatch.contacts import NOTHING, keep
from dispatch.receive import Asked, request_row, ticket_row
from dispatch.storage import appointments
from dispatch.storage.ledger import Ledger
from intake.request import build
from rules.errors import BadInput
from tests.desks import OPERATOR, rows
from tests.dispatch.test_receive import at_once
from tests.stories import at

NOW = at("2026-11-12 09:30")
DEEDS = "title_deed_counter"


def brought(desk, now=NOW, **raw):
    """What is kept of one message."""
    policy = desk.packs.active(now)
    request = build({"text": "测试的诉求", "channel": "phone", **raw}, now, occasions=policy.occasions)
    with desk.transaction() as tx:
        return keep(tx, desk, policy, request, now)


def book(desk, when, now=NOW, counter=DEEDS, stage="received"):
    """Ask for a place and write it down in the same transaction, as accepting does."""
    policy = desk.packs.active(now)
    raw = {"text": "约个时间来办事", "appointment": {"counter": counter, "at": when}}
    request = build(raw, now, occasions=policy.occasions)
    number = desk.numbers.take(policy.area_code, now)[0]
    with desk.transaction() as tx:
        kept = keep(tx, desk, policy, request, now)
        ledger = Ledger()
        contact = request_row(desk, request, Asked(OPERATOR), number, None)
        ledger.request.append({**contact, "joined": False, "stage": stage, **kept.request})
        ledger.ticket.append({**ticket_row(request, policy, number, None, stage), **kept.ticket})
        ledger.write(tx)
    return kept


def full(desk, when):
    """The free times that are named when nobody more is taken; None where there was a place."""
    try:
        book(desk, when)
    except BadInput as wrong:
        return wrong.advice
    return None


def test_a_plain_message_keeps_nothing_and_costs_no_statement(desk):
    seen = []

    def count(*given):
        seen.append(given[2])

    desk.packs.active(NOW)
    event.listen(desk.database.engine, "before_cursor_execute", count)
    try:
        assert brought(desk) == NOTHING
        brought(desk, occasion="county_head_line", proxy="grid_member", enterprise="测试纸品厂")
    finally:
        event.remove(desk.database.engine, "before_cursor_execute", count)
    assert [each for each in seen if not each.startswith("BEGIN")] == []


def test_session_enterprise_and_agent_become_columns_and_the_first_event_tells(desk):
    kept = brought(desk, occasion="县长接听热线", enterprise="测试纸品厂", proxy="grid_member")
    assert kept.ticket == {"occasion": "county_head_line", "enterprise": "测试纸品厂"}
    assert kept.request == {"proxy": "grid_member", "appointment_at": None}
    assert kept.event == {"occasion": "county_head_line", "proxy": "grid_member"}
    assert kept.alone is False


def test_the_channel_of_a_session_speaks_for_it(desk):
    kept = brought(desk, channel="leader_session")
    assert kept.ticket["occasion"] == "county_head_line"
    assert brought(desk, at("2026-11-12 23:00"), channel="leader_session").ticket["occasion"] is None


def test_an_agent_off_duty_is_noted_in_the_event(desk):
    kept = brought(desk, at("2026-11-11 09:00"), proxy="village_agent")
    assert kept.event["note"] == "不是村代办员的值班日（周二、周四），照常登记。"


def test_a_booked_time_is_kept_as_its_beginning_and_makes_a_ticket_of_its_own(desk):
    kept = book(desk, "2026-11-13 09:10")
    assert kept.ticket["occasion"] == DEEDS and kept.alone
    assert kept.request["appointment_at"] == at("2026-11-13 09:00")
    assert kept.event["appointment"] == {"counter": DEEDS, "at": "2026-11-13T09:00:00+08:00"}
    with desk.transaction() as tx:
        found = appointments.taken(
            tx, DEEDS, "natural_resources", at("2026-11-13 00:00"), at("2026-11-14 00:00")
        )
    assert found == {at("2026-11-13 09:00"): 1}


def test_the_places_of_a_time_are_given_once_each_and_then_others_are_named(desk):
    assert [full(desk, "2026-11-13 09:00") for _ in range(4)] == [None] * 4
    assert full(desk, "2026-11-13 09:29").startswith("最近可预约：2026-11-13（周五） 09:30、")
    assert full(desk, "2026-11-13 09:30") is None
    assert book(desk, "2026-11-13 09:00", counter="marriage_counter").alone, "another counter, another queue"


@pytest.mark.parametrize(
    ("stage", "counted"), [("withdrawn", 0), ("invalid", 0), ("refused", 0), ("handling", 1), ("closed", 1)]
)
def test_a_ticket_that_came_to_nothing_gives_its_place_back(desk, stage, counted):
    book(desk, "2026-11-13 09:00", stage=stage)
    with desk.transaction() as tx:
        found = appointments.taken(tx, DEEDS, "natural_resources", NOW, at("2026-11-20 00:00"))
    assert sum(found.values()) == counted


def test_bookings_outside_the_asked_time_are_not_counted(desk):
    book(desk, "2026-11-13 09:00")
    with desk.transaction() as tx:
        ends = at("2026-11-13 09:00")
        assert appointments.taken(tx, DEEDS, "natural_resources", NOW, ends) == {}
        assert appointments.taken(tx, DEEDS, "natural_resources", ends, ends.replace(minute=1)) == {ends: 1}


def test_twelve_at_once_for_four_places_get_four(desk):
    book(desk, "2026-11-13 10:00")  # numbers and pack are warm
    answers = at_once(12, lambda _: full(desk, "2026-11-13 09:00"))
    assert answers.count(None) == 4
    booked = rows(desk, "SELECT count(*) AS n FROM request WHERE appointment_at IS NOT NULL")
    assert booked == [{"n": 5}]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"occasion": "suoyun_visit", "channel": "visit"}, "现在不在进行"),
        ({"occasion": "service_bus", "channel": "web"}, "只登记这些渠道的诉求"),
        ({"appointment": {"counter": DEEDS, "at": "2026-11-14 09:00"}}, "周六不开放"),
        ({"appointment": {"counter": DEEDS, "at": "2026-11-12 09:00"}}, "已经过了"),
    ],
)
def test_what_cannot_be_kept_is_told_in_chinese(desk, raw, words):
    with pytest.raises(BadInput, match=words):
        brought(desk, **raw)
