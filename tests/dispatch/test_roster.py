"""The duty roster (值班表): loaded with its faults told, listed, looked at by the check-up, and rung at night."""

import os

import pytest
from sqlalchemy import text

from dispatch import checkup, install, roster, supervise
from dispatch.desk import Desk
from rules.errors import BadInput
from rules.terms import Role
from tests.desks import DISPATCHER, act, new_desk, post, rows, settle
from tests.pressing import one
from tests.stories import at

EVENING = at("2026-09-28 19:00")
HEAD = "单位,开始,结束,人员,电话"
FUMES = "楼下饭店的排烟口正对卧室，晚上开不了窗。"


def load(desk, *lines, now=EVENING, head=HEAD):
    return roster.load(desk, iter([f"{each}\n" for each in (head, *lines)]), "cli", now)


def night(department, who, day="2026-09-28", after="2026-09-29"):
    return f"{department},{day} 17:30,{after} 08:30,{who}"


def notices(desk, like=""):
    found = rows(desk, "SELECT receiver, department, words FROM notice ORDER BY id")
    return [each for each in found if like in each["words"]]


def person(desk, login, role, department=None):
    policy = desk.packs.active(EVENING)
    install.add_user(desk.database, policy, login, role, department, os.urandom, EVENING, f"{login}的姓名")


def urgent(desk, now):
    caller = {"phone": f"1990000{now:%H%M}"}  # somebody else each time
    number = post(desk, now, text=FUMES, urgency="urgent", caller=caller).number
    settle(desk, now)
    if one(desk, number)["stage"] == "to_dispatch":
        act(desk, number, "dispatch", DISPATCHER, now, department="market_supervision", reason="按职责派单")
    settle(desk, now)
    return number


def test_a_roster_is_loaded_and_what_is_wrong_is_told_with_its_line(desk: Desk):
    person(desk, "zhang", Role.LIAISON, "market_supervision")
    said = load(
        desk,
        night("market_supervision", "zhang,"),
        night("热线", "李四,19900002222"),
        night("月球管理局", "zhang,"),
        night("market_supervision", "无名氏,"),
        "market_supervision,2026-09-29 08:30,2026-09-28 17:30,zhang,",
        "market_supervision,2026-09-28 20:00,2026-09-28 22:00,zhang,",
        night("water_supply", "zhang,"),
        "",
        "market_supervision,2026-10-01,2027-10-01,zhang,",
        "market_supervision,不知道,2026-10-02,zhang,",
        night("market_supervision", "王五,123"),
    )
    assert (said["loaded"], said["replaced"], said["rejected"]) == (2, 0, 8)
    reasons = {each["line"]: each["reason"] for each in said["rejects"]}
    for line, words in {
        4: "目录中没有承办单位“月球管理局”", 5: "没有登录名“无名氏”", 6: "结束时间不晚于开始时间", 7: "与第 2 行",
        8: "不是这个单位的人员", 10: "最长 31 天", 11: "看不懂时间", 12: "电话号码的格式不对",
    }.items():  # fmt: skip
        assert words in reasons[line], reasons
    hotline, market = roster.listed(desk, EVENING)
    assert (market["login"], market["phone"], market["now"]) == ("zhang", None, True)
    assert (hotline["name"], hotline["department_name"], hotline["phone"]) == ("李四", "热线", "***2222")
    assert roster.listed(desk, EVENING, "热线", phones=True)[0]["phone"] == "19900002222"
    assert "19900002222" not in str(rows(desk, "SELECT * FROM duty"))


def test_a_file_takes_the_place_of_what_it_spans_and_of_nothing_else(desk: Desk):
    first, second = (
        night("热线", "李四,19900002222"),
        night("热线", "李四,19900002222", "2026-10-05", "2026-10-06"),
    )
    assert load(desk, first, second)["loaded"] == 2
    assert load(desk, first, second) == {"loaded": 2, "replaced": 2, "rejected": 0, "rejects": []}
    assert load(desk, night("热线", "王五,19900003333"))["replaced"] == 1
    assert [each["name"] for each in roster.listed(desk, EVENING)] == ["王五", "李四"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "没有表头"),
        (["单位,开始,人员"], "没有这些列：结束"),
        (["单位,承办单位,开始,结束,人员"], "分不清"),
        ([HEAD, '"热线,2026-09-28'], "引号没有配对"),
    ],
)
def test_what_is_no_roster_changes_nothing(tmp_path, lines, words):
    with new_desk(tmp_path) as desk:
        load(desk, night("热线", "李四,19900002222"))
        with pytest.raises(BadInput, match=words):
            roster.load(desk, iter([f"{each}\n" for each in lines]), "cli", EVENING)
        assert len(roster.listed(desk, EVENING)) == 1


def test_an_urgent_ticket_at_night_goes_to_whoever_is_on_duty_and_by_day_to_the_liaison_alone(desk: Desk):
    person(desk, "zhang", Role.LIAISON, "market_supervision")
    load(desk, night("market_supervision", "zhang,"), night("热线", "李四,19900002222"))
    urgent(desk, at("2026-09-28 10:00"))
    assert {each["receiver"] for each in notices(desk, "新工单待签收")} == {"liaison"}
    urgent(desk, EVENING)
    told = notices(desk, "新工单待签收")[1:]
    assert [(each["receiver"], each["department"]) for each in told] == [
        ("liaison", "market_supervision"), ("duty:zhang", "market_supervision"),
    ]  # fmt: skip
    supervise.tick(desk, at("2026-09-28 19:40"))  # not signed within 30 minutes
    settle(desk, at("2026-09-28 19:40"))
    receivers = [each["receiver"] for each in notices(desk, "仍未签收")]
    assert (
        receivers.count("duty:zhang") == receivers.count("duty_officer") == 2
    )  # one for each of the two tickets


def test_somebody_without_a_log_in_is_rung_up_by_the_hotlines_own_duty(desk: Desk):
    person(desk, "qian", Role.SUPERVISOR)
    load(desk, night("market_supervision", "孙六,19900004444"), night("热线", "qian,"))
    urgent(desk, EVENING)
    told = {each["receiver"]: each["words"] for each in notices(desk, "新工单待签收")}
    assert set(told) == {"liaison", "duty:孙六", "duty:qian"}
    assert told["duty:qian"].startswith("请电话通知") and "孙六" in told["duty:qian"]


def test_where_nobody_stands_on_the_roster_the_duty_office_hears_and_a_desk_without_one_is_left_in_peace(
    desk: Desk,
):
    urgent(desk, EVENING)
    assert {each["receiver"] for each in notices(desk, "新工单待签收")} == {"liaison"}
    load(desk, night("water_supply", "赵七,19900005555"))
    urgent(desk, at("2026-09-28 19:05"))
    assert [each["receiver"] for each in notices(desk, "值班表上此刻无人")] == ["duty_office"]


def test_the_check_up_names_who_has_nobody_tonight(desk: Desk):
    def says():
        found = checkup._duty(desk.database, EVENING)
        return found.ok, found.says

    assert says()[0] and "没有装载" in says()[1]
    load(desk, night("热线", "李四,19900002222"), night("market_supervision", "孙六,19900004444"))
    assert says() == (False, says()[1]) and "09月29日" in says()[1]  # the evening after
    load(
        desk,
        "热线,2026-09-28 17:30,2026-09-30 08:30,李四,19900002222",
        "market_supervision,2026-09-28 17:30,2026-09-30 08:30,孙六,19900004444",
    )
    assert says() == (True, "2 个单位已排班，24 小时内无空班")
    with desk.database.transaction() as tx:
        tx.connection().execute(text("DELETE FROM duty WHERE department = ''"))
    assert "热线（09月28日 19:00 起）" in says()[1]
