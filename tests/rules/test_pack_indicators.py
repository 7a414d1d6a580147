"""Indicators and reporting of a pack (指标与统计口径): read, merged over the chain, and their faults told."""

from pathlib import Path

import pytest

from dispatch import pack_check
from rules.errors import PackFault
from rules.measures import MEASURES, part_of
from rules.pack_view import merged
from rules.policy import parse
from tests.packs import FILES, county

REPORTING = (
    '[reporting]\nweek_starts = 1\npublish_after_days = 1\npublish_at = "08:00"\nrounding = "half_up"\ndigits = 2\n'
    'clause = "某县统计办法"\n'
)
ROW = (
    '[[indicator]]\ncode = "x"\nname = "终极率"\nnumerator = "late"\ndenominator = "due"\ndefinition = "某县的算法。"\n'
    'clause = "某县统计办法"\n'
)
SHIPPED = {
    "valid_rate": ("有效率", "valid", "received", "high"),
    "direct_rate": ("直接答复率", "direct", "received", "high"),
    "dispatch_on_time_rate": ("派单及时率", "dispatched_on_time", "dispatch_due", "high"),
    "dispatch_right_rate": ("派单准确率", "first_right", "first_assigned", "high"),
    "sign_on_time_rate": ("签收及时率", "signed_on_time", "sign_due", "high"),
    "signed_by_hand_rate": ("自行签收率", "signed_by_hand", "signed", "high"),
    "automatic_sign_rate": ("自动签收率", "signed_automatic", "signed", "low"),
    "response_rate": ("响应率", "responded", "contact_due", "high"),
    "on_time_rate": ("按时办结率", "on_time", "due", "high"),
    "overdue_rate": ("超期率", "late", "due", "low"),
    "return_rate": ("退单率", "returned", "assigned", "low"),
    "extension_rate": ("延期率", "extended", "assigned", "low"),
    "call_back_rate": ("回访率", "called_back", "done", "high"),
    "reach_rate": ("有效回访率", "reached", "concluded", "high"),
    "solved_rate": ("解决率", "solved", "solved_known", "high"),
    "satisfied_rate": ("满意率", "satisfied", "satisfied_known", "high"),
    "redo_rate": ("重办率", "redone", "done", "low"),
    "repeat_rate": ("重复率", "repeated", "received", "low"),
}


def indicator(policy, code):
    return next(each for each in policy.indicators if each.code == code)


def test_a_county_that_says_nothing_has_the_nations_indicators_and_reporting():
    policy = parse(FILES)
    told = {each.code: (each.name, each.numerator, each.denominator, each.good) for each in policy.indicators}
    assert told == SHIPPED and list(told) == list(SHIPPED)
    assert {(each.rounding, each.digits) for each in policy.indicators} == {("half_up", 2)}
    found = policy.reporting
    assert (found.week_starts, found.publish_after_days, found.publish_minute) == (1, 1, 480)
    assert (found.rounding, found.digits) == ("half_up", 2)
    assert found.clause.startswith("待核实")


def test_every_shipped_rate_is_told_in_chinese_with_its_source_and_can_never_pass_a_hundred():
    for each in parse(FILES).indicators:
        assert part_of(each.numerator, each.denominator)
        assert each.definition.endswith("。") and len(each.definition) > 12
        assert "待核实" in each.clause  # no formula of a public text was seen (domain-12345.md, 6.1)
        assert not set(each.clause) & {"\n"}


def test_a_city_may_truncate_and_begin_its_week_on_friday():
    lower = (
        REPORTING.replace('"half_up"', '"truncate"')
        .replace("week_starts = 1", "week_starts = 5")
        .replace('"08:00"', '"17:30"')
        .replace("publish_after_days = 1", "publish_after_days = 3")
    )
    policy = parse(county(indicators=lower))
    found = policy.reporting
    assert (found.week_starts, found.publish_after_days, found.publish_minute) == (5, 3, 17 * 60 + 30)
    assert (found.rounding, found.clause) == ("truncate", "某县统计办法")
    assert {each.rounding for each in policy.indicators} == {"truncate"}
    assert len(policy.indicators) == len(SHIPPED)


def test_one_rate_may_be_rounded_in_its_own_way():
    own = ROW + 'rounding = "truncate"\ndigits = 0\n'
    found = indicator(parse(county(indicators=REPORTING + own)), "x")
    assert (found.rounding, found.digits) == ("truncate", 0)
    plain = indicator(parse(county(indicators=REPORTING.replace("= 2", "= 4") + ROW)), "x")
    assert (plain.rounding, plain.digits, plain.good) == ("half_up", 4, "none")


def test_a_row_of_the_same_code_replaces_the_nations_a_new_one_comes_last_and_one_may_be_dropped():
    lower = (
        'drop = ["repeat_rate"]\n' + ROW + ROW.replace('"x"', '"overdue_rate"').replace("终极率", "逾期率")
    )
    policy = parse(county(indicators=lower))
    codes = [each.code for each in policy.indicators]
    assert codes == [*(each for each in SHIPPED if each != "repeat_rate"), "x"]
    assert indicator(policy, "overdue_rate").name == "逾期率"


def test_the_merged_view_shows_each_value_with_where_it_comes_from():
    files = county(indicators=REPORTING.replace("week_starts = 1", "week_starts = 5") + ROW)
    found = {value.key: value for value in merged(files) if value.file == "indicators.toml"}
    assert set(found) == {"reporting", "x", *SHIPPED}
    assert (found["reporting"].pack, found["reporting"].line) == ("county", 2)
    assert found["reporting"].replaces[0].startswith("national/indicators.toml 第 ")
    assert found["on_time_rate"].pack == "national" and found["on_time_rate"].clause
    told = {key: pack_check.row_of(value.as_dict())[2] for key, value in found.items()}
    assert told["reporting"] == "周五起，1 天后 08:00 公布，四舍五入 2 位"
    assert told["on_time_rate"] == "按时办结 ÷ 到期应办结"


def changed(old, new, text=ROW):
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("written", "key", "said"),
    [
        (changed('"late"', '"lates"'), "numerator", "不认识计数“lates”，是否想写“late”。可以写的计数见"),
        (changed('"due"', '"tiger"'), "denominator", "不认识计数“tiger”"),
        (changed('"late"', '"超期"'), "numerator", '不写名称“超期”。请写成 numerator = "late"'),
        (changed('"late"', '"open"'), "numerator", "不认识计数“open”"),  # reckoned, not stored
        (changed('"late"', '"due"'), "denominator", "分子和分母都是“due”，这个率总是 100%"),
        (changed('"late"', '"done"'), "numerator", "“单位办结”不是“到期应办结”的一部分，这个率可能超过 100%"),
        (changed('"late"', '"done"'), "numerator", "分子可以写：on_time、late"),
        (changed('"due"', '"late"', changed('"late"', '"on_time"')), "numerator", "late 不能作分母"),
        (changed('numerator = "late"\n', ""), None, "缺少 numerator"),
        (changed('definition = "某县的算法。"\n', ""), None, "缺少 definition"),
        (changed('clause = "某县统计办法"\n', ""), None, "缺少 clause"),
        (changed("终极率", "满意率"), "name", "“满意率”已是指标“satisfied_rate”的名称"),
        (ROW + changed("终极率", "别的率"), None, "code“x”重复"),
        (ROW + "digits = 5\n", "digits", "digits 应在 0 到 4 之间"),
        (ROW + "digits = true\n", "digits", "digits 应填整数"),
        (ROW + 'rounding = "up"\n', "rounding", "rounding 不认识“up”。可以写：half_up、truncate"),
        (ROW + 'good = "higher"\n', "good", "good 不认识“higher”"),
        (ROW + 'weight = "1"\n', "weight", "不认识的字段 weight"),
        (changed("= 1\npub", "= 0\npub", REPORTING), "week_starts", "week_starts 应在 1 到 7 之间"),
        (changed("= 1\npub", "= 8\npub", REPORTING), "week_starts", "week_starts 应在 1 到 7 之间"),
        (changed("_days = 1", "_days = 0", REPORTING), "publish_after_days", "应在 1 到 60 之间"),
        (changed("08:00", "8:00", REPORTING), "publish_at", "“8:00”应写成 08:00 这样的时刻"),
        (changed("08:00", "24:00", REPORTING), "publish_at", "“24:00”应写成 08:00 这样的时刻"),
        (changed('"half_up"', '"half-up"', REPORTING), "rounding", "是否想写“half_up”"),
        (changed("digits = 2", "digits = -1", REPORTING), "digits", "digits 应在 0 到 4 之间"),
        (changed('clause = "某县统计办法"\n', "", REPORTING), None, "缺少 clause"),
        (changed("[reporting]", "[report]", REPORTING), None, "不认识的表 report，是否想写“reporting”"),
        (changed("[reporting]", "[[reporting]]", REPORTING), None, "reporting 应写成一个 [reporting] 表"),
        ('drop = ["on_time"]\n', None, "没有“on_time”，没有可删的"),
        (f"drop = {list(SHIPPED)}\n".replace("'", '"'), None, "至少要有一个指标"),
    ],
)
def test_a_fault_is_told_with_its_file_line_and_what_to_do(written, key, said):
    files = county(indicators=written)
    with pytest.raises(PackFault) as caught:
        parse(files)
    assert said in caught.value.detail
    (told,) = (each for each in caught.value.facts["details"] if said in f"{each['says']}。{each['mend']}")
    assert (told["pack"], told["file"]) == ("county", "indicators.toml")
    assert told["mend"]
    if key is not None:
        lines = files["county/indicators.toml"].splitlines()
        assert lines[told["line"] - 1].startswith(f"{key} =")


def test_a_pack_from_before_there_were_indicators_counts_and_divides_nothing():
    bare = {name: text for name, text in FILES.items() if not name.endswith("/indicators.toml")}
    found = parse(bare)
    assert (found.indicators, found.reporting.week_starts, found.reporting.publish_minute) == ((), 1, 8 * 60)
    with pytest.raises(PackFault, match=r"缺少 \[reporting\] 表"):
        parse({**bare, "county/indicators.toml": ROW})


def test_the_papers_list_every_count_with_its_name():
    text = (Path(__file__).parents[2] / "docs" / "packs.md").read_text("utf-8")
    assert [each.code for each in MEASURES.values() if f"`{each.code}` {each.name}" not in text] == []
