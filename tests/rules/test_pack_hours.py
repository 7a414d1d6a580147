"""hours.toml (作息、地方放假、值班): what a pack can say of its hours, from its text to the deadline that comes of it."""

from datetime import date, datetime

import pytest

from dispatch import packs
from rules import clocks, returns
from rules.bodies import ReturnBody
from rules.errors import PackFault, TooLate
from rules.policy import parse
from rules.terms import Budget, ClockKind, Unit, Urgency
from rules.worktime import Window
from tests.packs import county
from tests.stories import DISPATCHED, RECEIVED, at, facts

SUMMER = """
[[season]]
code = "summer"
name = "夏季作息"
first = "06-01"
last = "09-30"
windows = ["08:00-12:00", "15:00-18:00"]
clause = "测试用"
[[season]]
code = "winter"
name = "冬季作息"
first = "12-01"
last = "02-28"
windows = ["09:30-12:00", "12:30-14:00", "14:30-17:00"]
clause = "测试用"
"""
FESTIVAL = """
[[holiday]]
code = "third_of_third"
name = "三月三"
from = 2026-04-20
to = 2026-04-21
clause = "测试用"
[[make_up]]
code = "third_of_third_work"
name = "三月三"
date = 2026-04-18
clause = "测试用"
"""
DUTY = """
[duty]
urgencies = ["urgent", "critical"]
windows = ["00:00-24:00"]
clause = "测试用"
"""


def calendar(text: str):
    return packs.calendar_of(parse(county(hours=text)))


def after(calendar, start: str, amount: float, unit: Unit = Unit.WORKDAYS) -> datetime:
    return calendar.add(at(start), Budget(amount, unit))


def test_without_the_file_the_pack_has_the_usual_hours():
    policy = parse(county())
    assert policy.hours.seasons == policy.hours.local == () and policy.hours.duty is None
    assert packs.calendar_of(policy).windows_on(date(2026, 7, 1)) == policy.windows


@pytest.mark.parametrize(
    ("start", "amount", "unit", "due"),
    [
        ("2026-05-29 10:00", 1, Unit.WORKDAYS, "2026-06-01 18:00"),
        ("2026-09-30 10:00", 1, Unit.WORKDAYS, "2026-10-08 17:30"),
        ("2026-07-01 11:30", 60, Unit.WORK_MINUTES, "2026-07-01 15:30"),
        ("2026-01-05 09:00", 180, Unit.WORK_MINUTES, "2026-01-05 13:00"),
        ("2026-01-05 09:00", 360, Unit.WORK_MINUTES, "2026-01-05 16:30"),
    ],
)
def test_summer_and_winter_hours_and_three_windows_a_day_move_the_deadline(start, amount, unit, due):
    assert after(calendar(SUMMER), start, amount, unit) == at(due)


def test_a_local_holiday_and_its_make_up_day_count_and_are_named():
    local = calendar(FESTIVAL)
    assert after(local, "2026-04-17 10:00", 2) == at("2026-04-22 17:30")
    assert local.note(date(2026, 4, 18)) == "三月三调休上班"
    assert (date(2026, 4, 20), "三月三") in local.skipped(at("2026-04-17 10:00"), at("2026-04-22 17:30"))
    assert local.version != calendar("").version


def test_urgent_matters_run_by_the_duty_roster_day_and_night():
    """Saturday evening: half of a day of 24 hours for who is on duty, half of Monday for everybody else."""
    policy = parse(county(hours=DUTY, limits=_HALF_A_DAY))
    both = packs.calendar_of(policy)
    saturday = [RECEIVED, DISPATCHED]
    saturday = [type(each)(each.kind, at("2026-03-07 20:00"), each.data) for each in saturday]
    due = {
        urgency: next(
            each.due_at
            for each in clocks.plan(facts(*saturday, urgency=urgency), policy, both)
            if each.kind is ClockKind.SIGN
        )
        for urgency in Urgency
    }
    assert due[Urgency.URGENT] == due[Urgency.CRITICAL] == at("2026-03-08 08:00")
    assert due[Urgency.NORMAL] == at("2026-03-09 14:00")
    assert both.on(Urgency.NORMAL) is both
    assert both.version != calendar("").version


_HALF_A_DAY = """
[[limit]]
id = "sign_urgent"
clock = "sign"
urgencies = ["urgent", "critical"]
amount = 0.5
unit = "workdays"
clause = "测试用"
[[limit]]
id = "sign"
clock = "sign"
amount = 0.5
unit = "workdays"
clause = "测试用"
"""


def test_the_window_to_send_back_runs_by_the_duty_roster_too():
    policy = parse(county(hours=DUTY))
    both = packs.calendar_of(policy)
    friday = type(DISPATCHED)(DISPATCHED.kind, at("2026-03-06 10:00"), DISPATCHED.data)
    body = ReturnBody(reason="不属于本单位职责")
    late = at("2026-03-09 10:00")
    assert returns.of_return(facts(friday), body, policy, both, late).what == "returned"
    with pytest.raises(TooLate):
        returns.of_return(facts(friday, urgency=Urgency.URGENT), body, policy, both, late)


def test_hours_are_inherited_and_replaced_by_their_code():
    above, own = (
        county(hours=SUMMER),
        '[[season]]\ncode = "summer"\nname = "暑期"\nfirst = "07-01"\nlast = "08-31"\n',
    )
    files = {
        **above,
        "lower/pack.toml": _LOWER,
        "lower/hours.toml": f'{own}windows = ["08:30-12:30"]\nclause = "甲"',
    }
    policy = parse(
        {name: files[name] for name in sorted(files, key=lambda each: not each.startswith("lower/"))}
    )
    summer, winter = policy.hours.seasons
    assert (summer.first, summer.windows) == ((7, 1), (Window(510, 750),))
    assert winter.first == (12, 1)


_LOWER = """
name = "lower"
title = "下级"
region = "某县"
area_code = "999001"
extends = "county"
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SUMMER.replace("06-01", "6月1日"), "应写成 06-01"),
        (SUMMER.replace("06-01", "02-30"), "不存在"),
        (SUMMER.replace('windows = ["08:00-12:00", "15:00-18:00"]', "windows = []"), "至少要有一段时间"),
        (SUMMER.replace('"winter"', '"summer"'), "重复"),
        (SUMMER.replace("clause", "clauses", 1), "不认识的字段 clauses"),
        (FESTIVAL.replace("to = 2026-04-21", "to = 2026-04-19"), "不对"),
        (FESTIVAL.replace("to = 2026-04-21\n", ""), "缺少 to"),
        (FESTIVAL.replace("2026-04-18", "2026-04-17"), "周五"),
        (FESTIVAL.replace("date = 2026-04-18\n", ""), "缺少 date"),
        (FESTIVAL.replace("2026-04-18", "2026-04-25") + _HALF_A_DAY.replace("limit", "limits"), "limits"),
        (FESTIVAL + FESTIVAL.split("[[make_up]]")[0].replace("third_of_third", "again"), "已在"),
        (DUTY.replace('urgencies = ["urgent", "critical"]\n', ""), "urgencies 要写明"),
        (DUTY.replace('"critical"', '"tomorrow"'), "tomorrow"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_file(text, words):
    with pytest.raises(PackFault, match=words) as caught:
        parse(county(hours=text))
    assert "county/hours.toml" in caught.value.detail


def test_a_local_day_that_a_notice_has_already_is_refused():
    with pytest.raises(PackFault, match="2026-05-01"):
        calendar(FESTIVAL.replace("from = 2026-04-20", "from = 2026-05-01").replace("04-21", "05-02"))
