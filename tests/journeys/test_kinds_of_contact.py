"""Sessions, visits, campaigns, the green lane, agents and bookings, from the door to the department (联系方式)."""

import pytest

from dispatch import pack_explain, packs, replay
from dispatch.storage import history
from rules.errors import BadInput
from tests.desks import post, rows, settle
from tests.stories import at

NOW = at("2026-11-12 09:30")
PHONE = "19900001234"


def ticket(desk, number):
    columns = "stage, department, urgency, occasion, enterprise, due_at"
    return rows(desk, f"SELECT {columns} FROM ticket WHERE number = '{number}'")[0]


def test_a_call_to_a_leader_is_raised_followed_up_and_timed_as_urgent(desk):
    number = post(desk, NOW, channel="leader_session", text="我们这片又停水了", type="求助").number
    plain = post(desk, NOW, text="隔壁小区也停水了", type="求助").number
    settle(desk, NOW)
    found, other = ticket(desk, number), ticket(desk, plain)
    assert (found["department"], found["occasion"], found["urgency"]) == (
        "water_supply",
        "county_head_line",
        "urgent",
    )
    assert (other["occasion"], other["urgency"]) == (None, "normal")
    assert found["due_at"] < other["due_at"]
    signed = rows(desk, f"SELECT unit FROM clock WHERE kind = 'sign' AND ticket = '{number}'")
    assert signed == [{"unit": "minutes"}]
    parts = rows(desk, f"SELECT department FROM assignment WHERE ticket = '{number}' AND part = 'assist'")
    assert parts == [{"department": "government_office"}]


def test_what_a_visit_brings_back_goes_to_its_team(desk):
    now = at("2026-11-06 15:00")
    number = post(desk, now, channel="下访", occasion="suoyun_visit", text="想问一下书展的事").number
    settle(desk, now)
    assert ticket(desk, number)["department"] == "visit_team"


def test_a_suggestion_in_a_campaign_is_thanked_at_once_and_copied(desk):
    said = post(desk, NOW, channel="web", type="建议", text="建议三路公交线路多设几个公交站").number
    settle(desk, NOW)
    assert ticket(desk, said)["stage"] == "answered"
    with desk.database.reading() as tx:
        answered = history.read_all(tx, [said])[said][-1]
    assert answered["data"]["words"].startswith("感谢您参加公交线路和停车位意见征集。")
    told = rows(desk, f"SELECT data FROM outbox WHERE kind = 'notices' AND ticket = '{said}'")
    assert len(told) == 1 and "transport" in str(told[0]["data"])


def test_an_enterprise_is_raised_and_its_desk_helps_and_a_replay_finds_no_difference(desk):
    number = post(desk, NOW, type="求助", text="厂里停水两天了", enterprise="测试纸品厂").number
    settle(desk, NOW)
    found = ticket(desk, number)
    assert (found["enterprise"], found["urgency"]) == ("测试纸品厂", "urgent")
    again = replay.replay(desk, "demo-county", (at("2026-11-12 00:00"), at("2026-11-13 00:00")))
    assert (again["tickets"], again["changed"]) == (1, 0)


def test_an_agent_files_and_the_caller_is_who_is_called_back(desk):
    caller = {"name": "测某甲", "phone": PHONE}
    number = post(desk, NOW, channel="proxy", proxy="village_agent", caller=caller).number
    held = rows(desk, f"SELECT proxy, person FROM request WHERE ticket = '{number}'")
    assert held[0]["proxy"] == "village_agent" and held[0]["person"] is not None


def test_a_booking_is_a_ticket_of_its_own_and_the_same_key_again_is_no_second_place(desk):
    caller = {"phone": PHONE}
    wanted = {"counter": "title_deed_counter", "at": "2026-11-13 09:00"}
    words = "想约个时间办房产证"
    first = post(desk, NOW, text=words, caller=caller)
    booked = post(desk, NOW, text=words, caller=caller, appointment=wanted, key="once")
    assert not booked.joined and booked.number != first.number
    for n in range(3):
        post(desk, NOW, text=f"约时间{n}", appointment=wanted)
    with pytest.raises(BadInput, match="已约满"):
        post(desk, NOW, text="来晚了", appointment=wanted)
    again = post(desk, NOW, text=words, caller=caller, appointment=wanted, key="once")
    assert again.again and again.number == booked.number
    settle(desk, NOW)
    assert ticket(desk, booked.number)["department"] == "natural_resources"


def test_a_contact_that_is_known_is_answered_although_its_session_is_over(desk):
    said = {"occasion": "county_head_line", "text": "又停水了", "key": "once"}
    first = post(desk, NOW, **said)
    again = post(desk, at("2026-11-12 23:00"), **said)
    assert again.again and again.number == first.number
    with pytest.raises(BadInput, match="现在不在进行"):
        post(desk, at("2026-11-12 23:00"), **{**said, "key": "twice"})
    assert len(rows(desk, "SELECT number FROM ticket")) == 1


def test_explaining_a_ticket_tells_what_the_kind_of_contact_did_and_where_it_stands():
    files = packs.read_folder("demo-county")
    raw = {"text": "厂里停水两天", "type": "求助", "enterprise": "测试纸品厂", "occasion": "county_head_line"}
    found = pack_explain.explain(files, raw, NOW)
    decided = found["decision"]
    assert [each["rule"] for each in decided["effects"]] == [
        "session.county_head_line",
        "lane.enterprise_urgent",
    ]
    assert all(each["origin"]["file"] == "occasions.toml" for each in decided["effects"])
    assert decided["raised"] == "urgent"
    assert {"sign_urgent"} <= {each["limit"] for each in found["limits"]}
    assert any(line.startswith("联系方式：诉求来自领导接听") for line in pack_explain.lines(found))
