"""One matter, several departments (主办、协办、下派): helpers are timed and heard apart, the answer stays the lead's."""

import json

import pytest

from dispatch import counting, supervise
from rules.errors import IllegalAct, NotAllowed
from rules.terms import Role
from tests import recount
from tests.desks import DISPATCHER, act, of, rows
from tests.pressing import sent
from tests.stories import at

HELPER = of("housing", Role.HANDLER)
BELOW = of("traffic_police", Role.LIAISON)
LEAD = of("police", Role.HANDLER)


def legs(desk, number):
    found = rows(
        desk,
        f"SELECT scope, state, generation FROM clock WHERE ticket = '{number}' AND kind = 'handle' ORDER BY id",
    )
    return [(each["scope"], each["state"]) for each in found]


def heard(desk, number, department):
    found = rows(desk, f"SELECT data FROM outbox WHERE ticket = '{number}' AND kind = 'notices' ORDER BY id")
    data = [each["data"] if isinstance(each["data"], dict) else json.loads(each["data"]) for each in found]
    return [(each["receiver"], each["words"]) for each in data if each["department"] == department]


@pytest.fixture
def number(desk):
    """A ticket that the police handle, with a helper asked at 11:00 and a unit below delegated to at 12:00."""
    made, department = sent(
        desk, at("2026-09-28 10:00"), department="police", text="小区北门每天晚上有人飙车扰民。"
    )
    assert department == "police"
    act(desk, made, "sign", of("police", Role.LIAISON), at("2026-09-28 10:30"))
    act(
        desk,
        made,
        "assist",
        LEAD,
        at("2026-09-28 11:00"),
        department="housing",
        workdays=2,
        reason="请提供监控",
    )
    act(desk, made, "delegate", LEAD, at("2026-09-28 11:30"), department="traffic_police")
    return made


def test_helpers_are_asked_timed_and_heard_and_report_to_the_lead(desk, number):
    assert legs(desk, number)[-2:] == [("housing", "armed"), ("traffic_police", "armed")]
    assert heard(desk, number, "housing") == [("liaison", "请协办，2 个工作日内上报结果：请提供监控")]
    act(desk, number, "report-up", HELPER, at("2026-09-29 09:30"), words="监控已提供")
    act(desk, number, "report-up", BELOW, at("2026-09-29 10:00"), words="已上路巡查")
    assert [state for _, state in legs(desk, number)[-2:]] == ["met", "met"]
    reports = [words for receiver, words in heard(desk, number, "police") if receiver == "handler"]
    assert reports == [
        "墨榆县住房和城乡建设局已上报：监控已提供",
        "墨榆县公安局交通警察大队已上报：已上路巡查",
    ]
    ended = rows(
        desk,
        f"SELECT department, upper, result FROM assignment WHERE ticket = '{number}' AND part = 'assist' ORDER BY id",
    )
    assert [tuple(each.values()) for each in ended] == [
        ("housing", None, "reported_up"),
        ("traffic_police", "police", "reported_up"),
    ]
    with pytest.raises(NotAllowed):  # its part is done
        act(desk, number, "report-up", HELPER, at("2026-09-29 11:00"), words="再报一次")


def test_a_helper_that_is_late_hears_of_it_itself_and_raises_no_supervision(desk, number):
    supervise.tick(desk, at("2026-09-30 17:31"))
    told = [
        receiver
        for receiver, words in heard(desk, number, "housing")
        if words.startswith("已超过办理时限（09月30日 17:30）")
    ]
    assert {"handler", "liaison"} <= {*told} and len(told) == len({*told})
    assert not [words for _, words in heard(desk, number, "police") if "已超过办理时限" in words]
    assert rows(desk, f"SELECT supervision FROM ticket WHERE number = '{number}'")[0]["supervision"] == 0


def test_a_helper_neither_replies_nor_asks_others(desk, number):
    for name, body in (
        ("reply", {"words": "已办", "solved": True}),
        ("assist", {"department": "health", "workdays": 1}),
    ):
        with pytest.raises(NotAllowed, match="协办"):
            act(desk, number, name, HELPER, at("2026-09-29 09:30"), **body)
    with pytest.raises(IllegalAct, match="答复"):
        act(desk, number, "report-up", LEAD, at("2026-09-29 09:30"), words="已办")


def test_each_lead_is_counted_by_its_own_leg(desk, number):
    act(
        desk,
        number,
        "reassign",
        DISPATCHER,
        at("2026-10-26 10:00"),
        department="housing",
        reason="应由其主办",
    )
    counting.catch_up(desk)
    assert recount.differences(desk) == []
    found = rows(
        desk, "SELECT key, due, late FROM daily_count WHERE dimension = 'department' AND due > 0 ORDER BY key"
    )
    late = {}
    for each in found:
        due, missed = late.get(each["key"], (0, 0))
        late[each["key"]] = (due + each["due"], missed + each["late"])
    assert late["police"] == (1, 1)  # its limit ended on 23 October
    assert "housing" in late
