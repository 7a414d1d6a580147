"""The five source reports (五份来源报告的数): every sum and percentage of section 1 of the domain file, 1.1 to 1.5.

Ids and comments are section and row (`1.3#5` is 珙县, row 5). Where a report contradicts itself, our code must say by
how much. Only figures are taken over.

Rows without arithmetic, so not here: 1.1 rows 1–4, 6–10; 1.2 rows 2, 5–8, 11–14 (row 5 counts its ten names, the other
numbers stand alone); 1.3 rows 1–4, 6–9, 11–21 (numbers that nothing is divided into or summed to; rows 10 and 13 name
15 modules and 15 groups of which 8 and none are listed); 1.4 rows 1–3, 7 (19 of 20 centres, no rate printed), 9–13;
1.5 rows 1–6, 8–12 (row 4 six items and row 7's 1/2/3/5 are counted names; row 8's rates have no counts). Printed
rates of a hundred without any count (1.2#9 即办件, 1.4#5 按时办结率) and 1.4#6 "60% faster" cannot be checked.
"""

from decimal import Decimal

import pytest

from reports.printed import adds_up, denominators, explain, numerators, shares_add_up
from reports.rate import Change, Rounding, mean, percent

HALF_UP, TRUNCATE = Rounding.HALF_UP, Rounding.TRUNCATE
EITHER, UP, CUT, NONE = (HALF_UP, TRUNCATE), (HALF_UP,), (TRUNCATE,), ()

SUMS = [
    ("1.1 Check 临澧 办理总量", 2099, (735, 1227, 137)),
    ("1.2#1 沅陵 有效来电 = 投诉 + 未说明去向", 1263, (892, 371)),
    ("1.2#9 沅陵 受理 = 办结 + 在办", 43154, (42886, 268)),
    ("1.4#5 岳阳县 上年 + 增加", 30604, (19325, 11279)),
    ("1.4#5 岳阳县 收费 亿元", Decimal("3.79"), (Decimal("1.12"), Decimal("2.67"))),
]

#: (row, what the report calls the total, its parts, how much more the parts are, what our words must hold)
BROKEN = [
    ("1.3#5 珙县 公开信息", 49801, (25331, 10284, 2034, 12188), 36, "各项之和49837，比合计49801多36"),
    ("1.4#8 岳阳县 公开信息", 7954, (338, 138, 3971, 3552), 45, "各项之和7999，比合计7954多45"),
    (
        "1.5#7 湘西 乡镇数",
        166,
        (180,),
        14,
        "各项之和180，比合计166多14",
    ),  # 158 towns are 95 % of 166; 180万 at 1万 a town are 180
]

#: (row, printed, numerator, named denominators, by which rounding each gives the printed number)
PERCENTAGES = [
    ("1.2#1 沅陵 投诉占比", "70.6", 892, {"有效来电": 1263}, [EITHER]),
    ("1.2#1 沅陵 投诉办结", "100", 892, {"投诉": 892, "有效来电": 1263}, [EITHER, NONE]),
    ("1.2#3 沅陵 专办电话", "100", 251, {"专办": 251}, [EITHER]),
    ("1.2#4 沅陵 回复率，112", "98", 112, {"有效": 114, "收到": 231}, [EITHER, NONE]),
    ("1.2#4 沅陵 回复率，226", "98", 226, {"有效": 114, "收到": 231}, [NONE, UP]),
    ("1.2#4 沅陵 回复率，227", "98", 227, {"有效": 114, "收到": 231}, [NONE, EITHER]),
    ("1.2#4 沅陵 回复率，228", "98", 228, {"有效": 114, "收到": 231}, [NONE, CUT]),
    ("1.2#9 沅陵 办结", "99.379", 42886, {"受理": 43154, "来访": 61078}, [UP, NONE]),
    ("1.2#10 沅陵 乡镇办结", "96.58", 45430, {"受理": 47038}, [EITHER]),
    ("1.2#10 沅陵 乡镇办结，三位小数", "96.581", 45430, {"受理": 47038}, [EITHER]),
    ("1.4#4 岳阳县 按时", "100", 2020, {"县长热线和信箱": 2020}, [EITHER]),
    ("1.4#6 岳阳县 网上办结", "99.28", 3908, {"受理": 3936}, [CUT]),
    ("1.4#6 岳阳县 网上办结，四舍五入", "99.29", 3908, {"受理": 3936}, [UP]),
    ("1.4#6 岳阳县 网上办结，三位小数", "99.289", 3908, {"受理": 3936}, [UP]),
    ("1.4#6 岳阳县 咨询", "100", 41, {"咨询": 41}, [EITHER]),
    # the four printed shares fit neither the stated total nor the true sum, but for two that may have been cut
    ("1.4#8 岳阳县 7%", "7", 338, {"公布合计": 7954, "各项之和": 7999}, [NONE, NONE]),
    ("1.4#8 岳阳县 1%", "1", 138, {"公布合计": 7954, "各项之和": 7999}, [CUT, CUT]),
    ("1.4#8 岳阳县 49%", "49", 3971, {"公布合计": 7954, "各项之和": 7999}, [CUT, CUT]),
    ("1.4#8 岳阳县 43%", "43", 3552, {"公布合计": 7954, "各项之和": 7999}, [NONE, NONE]),
    ("1.5#7 湘西 建成乡镇", "95", 158, {"推算166": 166, "拨款180": 180}, [EITHER, NONE]),
    ("1.5#7 湘西 建成乡镇，以拨款计", "87.8", 158, {"推算166": 166, "拨款180": 180}, [NONE, UP]),
]


def row(case):
    return case[0]


@pytest.mark.parametrize("case", SUMS, ids=row)
def test_a_sum_of_a_source_report_adds_up(case):
    check = adds_up(*case)
    assert (check.difference, check.ok) == (0, True)


@pytest.mark.parametrize("case", BROKEN, ids=row)
def test_a_sum_that_fails_is_named_with_its_difference(case):
    name, total, parts, difference, words = case
    check = adds_up(name, total, parts)
    assert (check.difference, check.ok) == (difference, False)
    assert words in check.words
    assert check.words.endswith("不符。")


@pytest.mark.parametrize("case", PERCENTAGES, ids=row)
def test_a_percentage_of_a_source_report_has_this_denominator_and_rounding(case):
    _, printed, numerator, candidates, roundings = case
    found = explain(printed, numerator, candidates)
    assert [each.roundings for each in found.tried] == roundings
    digits = len(printed.partition(".")[2])
    for denominator, expected in zip(candidates.values(), roundings, strict=True):
        ours = [
            each
            for each in Rounding
            if denominator >= numerator and str(percent(numerator, denominator, each, digits)) == printed
        ]
        assert tuple(ours) == expected


def test_1_1_linli_a_hundred_percent_says_nothing_of_what():
    # 办结率 100% may be 137 of 137 or 2,099 of 2,099, and without decimals not even all of them
    for whole in (137, 2099):
        assert explain("100", whole, {"交办和发帖": 137, "全部": 2099}).fits[0].denominator == whole
    assert numerators("100", 2099, HALF_UP) == range(2089, 2100)
    assert numerators("100", 137, HALF_UP) == range(137, 138)


def test_1_1_row_5_linli_mean_of_a_deal():
    assert str(mean(12_000, 40)) == "300"  # 1.2亿 of 40 deals, in 万元


def test_1_2_row_4_yuanling_98_percent_fits_two_denominators():
    assert numerators("98", 114, HALF_UP) == numerators("98", 114, TRUNCATE) == range(112, 113)
    assert numerators("98", 231, HALF_UP) == range(226, 228)
    assert numerators("98", 231, TRUNCATE) == range(227, 229)
    assert str(percent(112, 114, HALF_UP, 2)) == "98.25"


def test_1_2_row_9_yuanling_how_many_promised_matters_there_were():
    # 268 open = 7.3 % of the promised matters if all of them are such: about 3,671
    found = denominators("7.3", 268, HALF_UP)
    assert found == range(3647, 3697)
    assert 3671 in found
    done = [n for n in range(3000, 4500) if str(percent(n - 268, n, HALF_UP, 1)) == "92.7"]
    assert done == list(found)


@pytest.mark.parametrize(("rounding", "percentage"), [(HALF_UP, "+58.4%"), (TRUNCATE, "+58.3%")])
def test_1_4_row_5_yueyang_county_rounds_its_growth_and_cuts_its_rate(rounding, percentage):
    # printed 58.4: half-up; while 99.28 of row 6 in the same report is cut
    grown = Change(19325, 30604, rounding, 1)
    assert grown.words == f"{percentage}（+11279）"


def test_1_4_row_6_yueyang_county_truncation_is_said():
    assert explain("99.28%", 3908, {"受理": 3936}).words == (
        "印的是99.28%，分子3908：分母是受理3936（截断，四舍五入应为99.29%）。"
    )


def test_1_4_row_8_yueyang_county_shares_make_a_hundred_and_are_still_wrong():
    assert shares_add_up("1.4#8", ["7", "1", "49", "43"]).difference == 0
    true = [str(percent(part, 7954, HALF_UP, 1)) for part in (338, 138, 3971, 3552)]
    assert true == ["4.2", "1.7", "49.9", "44.7"]


def test_1_5_row_7_xiangxi_how_many_towns_95_percent_allows():
    assert denominators("95", 158, HALF_UP) == range(166, 168)
    assert denominators("95", 158, TRUNCATE) == range(165, 167)
