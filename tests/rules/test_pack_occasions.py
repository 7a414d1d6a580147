"""occasions.toml is checked row by row, each fault at its file and line (联系方式检查)."""

import pytest

from rules.errors import PackFault
from rules.pack_view import merged
from rules.policy import Policy, parse
from rules.terms import CHINA, TicketType, Urgency
from tests.packs import FILES

FILE = "county/occasions.toml"
TEXT = FILES[FILE]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse(FILES)


def faults(text: str, **more: str) -> list[str]:
    with pytest.raises(PackFault) as caught:
        parse({**FILES, FILE: text, **more})
    found = caught.value.facts["faults"]
    assert isinstance(found, list)
    return found


def test_every_kind_of_row_is_read_with_its_types(policy: Policy) -> None:
    held = policy.occasions
    assert list(held.sessions) == ["head_line", "weekly_line", "water_visit", "open_day"]
    head, weekly = held.sessions["head_line"], held.sessions["weekly_line"]
    assert head.begins is not None and head.begins.astimezone(CHINA).hour == 9
    assert (head.urgency, head.grace_hours, head.team) == (Urgency.URGENT, 2, None)
    assert (weekly.weekdays, weekly.hours) == ((2,), ((540, 660), (900, 960)))
    assert held.sessions["water_visit"].team == "fire_rescue"
    assert held.campaigns["bus_plan"].words == ("公交", "停车位")
    assert held.lanes["power_lane"].types == (TicketType.HELP, TicketType.COMPLAIN)
    assert (held.agents["grid"].duty_days, held.agents["village"].duty_days) == ((), (1, 3))
    assert held.counters["deeds"].slots == ((540, 570), (570, 600))
    assert (held.counters["deeds"].ahead_days, held.counters["marriage"].ahead_days) == (10, 30)


def test_a_pack_without_the_file_has_nothing_of_it_and_no_fault() -> None:
    found = parse({name: text for name, text in FILES.items() if name != FILE}).occasions
    assert not any((found.sessions, found.campaigns, found.lanes, found.agents, found.counters))


#: What is written wrong, the line it is told at (by the text that stands there), and the words.
WRONG = [
    ("ends = 2026-03-03T11:00:00+08:00", "ends = 2026-03-03T09:00:00+08:00", "ends 不晚于 begins"),
    ("ends = 2026-03-03T11:00:00+08:00", "ends = 2026-03-03T11:00:00", "ends 应填带时区的时间"),
    ("ends = 2026-03-03T11:00:00+08:00", 'hours = ["09:00-11:00"]', "日期和每周的时间只能写一种"),
    ("ends = 2026-03-03T11:00:00+08:00\n", "", "begins 和 ends 要一起写"),
    ('weekdays = ["周三"]\n', "", "每周一次的要同时写 weekdays 和 hours"),
    ('weekdays = ["周三"]', "weekdays = []", "每周一次的要同时写 weekdays 和 hours"),
    ('weekdays = ["周三"]', 'weekdays = ["星期三"]', "weekdays 里没有“星期三”"),
    ('weekdays = ["周三"]', "weekdays = [3]", "weekdays 应是文字的列表"),
    ('hours = ["09:00-11:00", "15:00-16:00"]', 'hours = ["09:00-11:00", "10:00-12:00"]', "与前一段重叠"),
    ('kind = "reception"', 'kind = "party"', "kind 不认识“party”"),
    ('channels = ["walk_in"]', "channels = []", "channels 不能为空"),
    ('channels = ["walk_in"]', 'channels = ["walk"]', "channels 里没有“walk”，是否想写“walk_in”"),
    ('leader_title = "县委书记"', 'leader_title = " "', "leader_title 不能为空"),
    ('leader_title = "县委书记"\n', "", "缺少 leader_title"),
    ('team = "fire_rescue"', 'team = "fire"', "departments.toml 里没有“fire”"),
    ('assists = ["government_office"]', 'assists = ["office"]', "departments.toml 里没有“office”"),
    ('urgency = "urgent"', 'urgency = "normal"', "urgency 不认识“normal”"),
    ("grace_hours = 2", "grace_hours = 73", "grace_hours 应在 0 到 72 之间"),
    ('code = "weekly_line"', 'code = "head_line"', "“head_line”已在 county/occasions.toml 第 2 行"),
    ('name = "每周接听"', 'name = "县长接听日"', "“县长接听日”已在 county/occasions.toml 第 2 行"),
    ('code = "deeds"', 'code = "bus_plan"', "“bus_plan”已在"),
    ('item = "婚姻登记"', 'item = "不动产登记"', "“不动产登记”已在"),
    ('words = ["公交", "停车位"]', "words = []", "words 不能为空"),
    ('words = ["公交", "停车位"]', 'words = ["公交", " "]', "words 应是文字的列表，且不能有空项"),
    ('words = ["公交", "停车位"]\n', "", "缺少 words"),
    ('department = "transport"', 'department = "transports"', "没有“transports”，是否想写“transport”"),
    ('thanks = "感谢您的建议，将一并研究。"', 'thanks = ""', "thanks 不能为空"),
    ("begins = 2026-03-01T00:00:00+08:00", 'begins = "2026-03-01"', "begins 应填带时区的时间"),
    ("begins = 2026-03-01T00:00:00+08:00\nends = 2026-03-11T00:00:00+08:00\n", "", "要写 begins 和 ends"),
    ('categories = ["power"]', 'categories = ["powers"]', "catalogue.toml 里没有“powers”"),
    ('lead = "industry"', 'lead = "industries"', "departments.toml 里没有“industries”"),
    ('lead = "industry"', 'lead = "industry"\nassists = ["industry"]', "不能又是协办单位"),
    ('urgency = "critical"\nlead = "industry"\n', "", "什么也不做"),
    ('name = "村代办员"', 'name = "网格员"', "“网格员”已在"),
    ('duty_days = ["周二", "周四"]', 'duty_days = ["周二", "周二"]', "duty_days 里“周二”重复"),
    ('slots = ["09:00-09:30", "09:30-10:00"]', 'slots = ["09:00-09:30", "09:20-10:00"]', "与前一段重叠"),
    ('slots = ["09:00-09:30", "09:30-10:00"]', "slots = []", "slots 不能为空"),
    ('slots = ["09:00-09:30", "09:30-10:00"]', 'slots = ["9:00"]', "应写成 09:00-12:00 这样的起止时间"),
    ('weekdays = ["周五", "周六"]\n', "", "weekdays 不能为空"),
    ("capacity = 2", "capacity = 0", "capacity 应在 1 到 500 之间"),
    ("capacity = 2\n", "", "缺少 capacity"),
    ("ahead_days = 10", "ahead_days = 91", "ahead_days 应在 1 到 90 之间"),
    ('department = "civil_affairs"', 'department = "civil"', "departments.toml 里没有“civil”"),
    ('clause = "测试：领导接听"\n', "", "缺少 clause"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG)
def test_what_is_written_wrong_is_told_at_its_line(old: str, new: str, words: str) -> None:
    assert TEXT.count(old) >= 1
    found = faults(TEXT.replace(old, new, 1))
    told = [each for each in found if words in each]
    assert len(told) == 1, found
    begun = TEXT[: TEXT.index(old)].count("\n") + 1
    at = int(told[0].split("第 ")[1].split(" 行")[0])
    head = TEXT[: TEXT.index(old)].rindex("[[")
    assert TEXT[:head].count("\n") + 1 <= at <= begun + 1  # the line itself, or the head of its row
    assert told[0].startswith(f"{FILE} 第 ")


def test_a_session_without_a_time_is_told() -> None:
    dates = "begins = 2026-03-05T09:00:00+08:00\nends = 2026-03-05T12:00:00+08:00\n"
    assert any("没有写时间。请写 begins 和 ends" in each for each in faults(TEXT.replace(dates, "")))


@pytest.mark.parametrize(
    ("first", "second", "reached"),
    [
        ("", 'types = ["help"]', False),
        ('types = ["help", "consult"]', 'types = ["help"]\nwords = ["停产"]', False),
        ('types = ["help"]', "", True),
        ('words = ["停产"]', 'types = ["help"]', True),
        ('words = ["停产"]', 'words = ["停产", "停电"]', True),
    ],
)
def test_a_lane_that_an_earlier_one_always_takes_over_from_is_told(
    first: str, second: str, reached: bool
) -> None:
    row = '[[lane]]\ncode = "{code}"\nname = "x"\nclause = "x"\nassists = ["industry"]\n{more}\n'
    other = TEXT.split("[[lane]]")[0] + TEXT[TEXT.index("[[agent]]") :]
    text = other + row.format(code="one", more=first) + row.format(code="two", more=second)
    if reached:
        assert list(parse({**FILES, FILE: text}).occasions.lanes) == ["one", "two"]
    else:
        assert any("绿色通道“two”永远轮不到：前面的“one”总是先符合" in each for each in faults(text))


def test_a_city_replaces_a_row_drops_one_and_puts_its_own_lanes_first() -> None:
    above = next(name for name in FILES if name.endswith("hunan-template/pack.toml"))
    pack = above.split("/")[0]
    own = (
        'drop = ["any_lane"]\n'
        '[[agent]]\ncode = "grid"\nname = "楼院长"\nclause = "本县"\n'
        '[[lane]]\ncode = "ours"\nname = "本县"\nclause = "本县"\nurgency = "urgent"\ntypes = ["consult"]\n'
    )
    found = parse({**FILES, f"{pack}/occasions.toml": TEXT, FILE: own}).occasions
    assert found.agents["grid"].name == "楼院长" and "village" in found.agents
    assert list(found.lanes) == ["ours", "power_lane"]


def test_the_merged_view_shows_each_row_with_its_place_and_clause() -> None:
    shown = {(each.table, each.key): each.as_dict() for each in merged(FILES) if each.path == FILE}
    assert len(shown) == 11
    found = shown["session", "head_line"]
    assert found["clause"] == "测试：领导接听"
    assert found["origin"] == {"pack": "county", "file": "occasions.toml", "line": 2}
    assert found["value"]["begins"] == "2026-03-03T09:00:00+08:00"


RULE = '[[rule]]\nid = "{id}"\nname = "x"\nlead = "{lead}"\nclause = "x"\n{more}\n'


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("enterprise = true", 'occasions = ["bus_plan"]', None),
        ('occasions = ["bus_plan", "deeds"]', 'occasions = ["deeds"]', "永远轮不到"),
        ('any_words = ["风筝"]', 'any_words = ["风筝"]\nenterprise = true', "永远轮不到"),
        ('any_words = ["风筝"]\nenterprise = true', 'any_words = ["风筝"]', None),
        ('occasions = ["bus"]', "enterprise = true", "occasions.toml 里没有“bus”"),
        ('enterprise = "yes"', 'occasions = ["deeds"]', "enterprise 应填true 或 false"),
    ],
)
def test_dispatch_rules_may_ask_for_an_enterprise_or_an_occasion(
    first: str, second: str, told: str | None
) -> None:
    rules = RULE.format(id="one", lead="police", more=first) + RULE.format(
        id="two", lead="housing", more=second
    )
    routing = "county/routing.toml"
    if told is None:
        assert [each.id for each in parse({**FILES, routing: rules + FILES[routing]}).routing[:2]] == [
            "one",
            "two",
        ]
    else:
        assert any(told in each for each in faults(TEXT, **{routing: rules + FILES[routing]}))


def test_a_rule_cannot_name_an_occasion_where_the_pack_has_none() -> None:
    rule = RULE.format(id="one", lead="police", more='occasions = ["bus_plan"]')
    files = {name: text for name, text in FILES.items() if name != FILE}
    files["county/routing.toml"] = rule + FILES["county/routing.toml"]
    with pytest.raises(PackFault, match=r"occasions\.toml 里没有“bus_plan”"):
        parse(files)
