"""Public bulletins (公开通报的数): section 6.4 of the domain file, row by row, and the sums of 5, 6.1, 6.2 and 10.

Our arithmetic gives what they printed, with the denominator and rounding named; where they do not add up, we say so.
Each row's id begins with its row of 6.4 (or its section). Where 6.4 only says "types sum" or "shares", the counts come
from the bulletin itself (publishers in section 13 of the domain file); figures only, no sentence is taken over.

Not here, because they hold no arithmetic: 大英 week starts on Friday (a calendar: tests of reports/period.py); 大英
month headed February with a text of March; week 28 and 26 against weeks 27 and 25, whose counts nobody printed (only
the possible counts of week 27 are worked out); 宜春's yearly and monthly change (no base printed). Of 6.1 and 6.2, and
of 5.3 the satisfaction, the printed rates without any count: 接通率 (杭州, 武义), 直接答复率 (阿坝, 唐山, 杭州), 超期率 of a
province, 核实率 (温州), 北京's levels, 蚌埠's bands, 大英's and 零点's minimums.
"""

from decimal import Decimal

import pytest

from reports.printed import Share, adds_up, denominators, explain, hidden_denominator, shares_add_up
from reports.rate import Change, Rounding, mean, percent, shares

HALF_UP, TRUNCATE = Rounding.HALF_UP, Rounding.TRUNCATE
#: By which rounding the printed number comes out: either, one only, or none.
EITHER, UP, CUT, NONE = (HALF_UP, TRUNCATE), (HALF_UP,), (TRUNCATE,), ()

#: The rows of 6.4.
REPORTS = (
    *(
        "周报2024-28",
        "周报2024-26",
        "宜春2023-05",
        "大英周2016-03-04",
        "大英月",
        "宁国2022-04",
        "衡东2023-09",
    ),
    *(
        "唐山2024-11",
        "岳阳县5月",
        "岳阳县2019-01-02",
        "岳阳市2017Q2",
        "连平2025Q2",
        "乳源2020-12",
        "盘锦2023-01-04",
    ),
)

WEEK_28 = {"咨询": 33523, "求助": 21570, "建议": 10497, "投诉举报": 3783, "感谢": 228, "其他": 1583}
WEEK_26 = {"咨询": 34000, "求助": 20987, "建议": 11139, "投诉举报": 3539, "感谢": 192, "其他": 1555}
YICHUN_CHANNELS = {"电话": 34859, "微信": 2724, "网站": 170, "110": 261, "上级": 318, "政府网": 115}
YICHUN_TYPES = {"咨询": 19651, "求助": 592, "建议": 649, "投诉": 15042, "举报": 2513}
YICHUN_UNITS = {"县市区": 15390, "市直": 2013, "流转": 710}
TANGSHAN = {"咨询": 124599, "求助": 56672, "投诉": 1983, "建议": 1182, "举报": 890, "感谢": 415, "其它": 9791}
YUEYANG_CITY = {"投诉": 29486, "求助": 20780, "咨询": 14938, "建议": 285, "表扬": 197}
RUYUAN_TOWNS = (17, 5, 15, 37, 8, 6, 14, 13, 39)
RUYUAN_UNITS = (35, 10, 19, 47, 4, 7, 7, 3, 54, 1, 7, 4, 9, 1, 4, 3, 1, 4, 2, 1, 11, 1, 1, 1, 39)

SUMS = [
    ("周报2024-28 直办+转办", 71184, (37527, 33657)),
    ("周报2024-28 类型", 71184, tuple(WEEK_28.values())),
    ("周报2024-26 直办+转办", 71412, (37643, 33769)),
    ("周报2024-26 类型", 71412, tuple(WEEK_26.values())),
    ("宜春2023-05 渠道", 38447, tuple(YICHUN_CHANNELS.values())),
    ("宜春2023-05 类型", 38447, tuple(YICHUN_TYPES.values())),
    ("宜春2023-05 解答+转派", 38447, (20334, 18113)),
    ("宜春2023-05 转派", 18113, tuple(YICHUN_UNITS.values())),
    ("大英周2016-03-04 交办+直办", 506, (495, 11)),
    ("大英周2016-03-04 类型", 506, (460, 38, 3, 4, 1)),
    ("大英月 交办+直办", 2495, (2388, 107)),
    ("大英月 按期+逾期", 2495, (2424, 71)),
    ("大英月 类型", 2495, (1878, 267, 87, 53, 210)),
    ("大英月 热点", 2495, (534, 289, 870, 239, 563)),
    ("宁国2022-04 自办+派单", 2877, (2276, 601)),
    ("宁国2022-04 按时+超时", 601, (597, 4)),
    ("宁国2022-04 热线+网上派单", 601, (532, 69)),
    ("衡东2023-09 超期3件", 3, (1, 1, 1)),
    ("唐山2024-11 类型（不是总量）", 195532, tuple(TANGSHAN.values())),
    ("唐山2024-11 省派工单", 2917, (2349, 568)),
    ("岳阳县5月 批转", 2578, (2574, 4)),
    ("岳阳县5月 超期九家", 18, (2, 4, 1, 4, 1, 2, 1, 1, 2)),
    ("岳阳县2019-01-02 解答+批转", 3653, (52, 3601)),
    ("岳阳县2019-01-02 办结+在办", 3601, (3351, 250)),
    ("连平2025Q2 办结+在办", 3136, (2477, 659)),
    ("连平2025Q2 类型", 3136, (57, 2840, 169, 12, 58)),
    ("连平2025Q2 渠道", 3136, (2725, 239, 172)),
    ("乳源2020-12 类型", 430, (407, 11, 8, 4)),
    ("乳源2020-12 34家单位", 430, RUYUAN_TOWNS + RUYUAN_UNITS),
    ("盘锦2023-01-04 万件", Decimal("9.67"), (Decimal("7.25"), Decimal("2.42"))),
    ("盘锦2023-01-04 县区+市直 万件", Decimal("2.42"), (Decimal("1.56"), Decimal("0.86"))),
    ("10 广州2023 互联网+其他 百万", Decimal("36.5"), (Decimal("22.6"), Decimal("13.9"))),
]

#: (row, what the report calls the total, its parts, how much more the parts are)
BROKEN = [
    ("唐山2024-11 总量与类型", 284406, tuple(TANGSHAN.values()), -88874),
    ("岳阳市2017Q2 受理与类型", 71266, tuple(YUEYANG_CITY.values()), -5580),
    ("岳阳县5月 工单+信件与构成比的分母", 2670, (2557, 84), -29),
    ("5.1 芦山 办结100%", 1338, (1296,), -42),
]

#: (row, printed, numerator, denominator, by which rounding)
PERCENTAGES = [
    ("周报2024-28 咨询", "47.09", 33523, 71184, EITHER),
    ("周报2024-28 求助", "30.30", 21570, 71184, EITHER),
    ("周报2024-28 建议", "14.75", 10497, 71184, UP),
    ("周报2024-28 投诉举报", "5.31", 3783, 71184, EITHER),
    ("周报2024-28 感谢", "0.32", 228, 71184, EITHER),
    ("周报2024-28 其他", "2.22", 1583, 71184, EITHER),
    ("周报2024-28 直办", "52.7", 37527, 71184, EITHER),
    ("周报2024-28 转办", "47.3", 33657, 71184, UP),
    ("周报2024-26 咨询", "47.61", 34000, 71412, EITHER),
    ("周报2024-26 求助", "29.39", 20987, 71412, UP),
    ("周报2024-26 建议", "15.60", 11139, 71412, UP),
    ("周报2024-26 投诉举报", "4.96", 3539, 71412, UP),
    ("周报2024-26 感谢", "0.27", 192, 71412, UP),
    ("周报2024-26 其他", "2.18", 1555, 71412, UP),
    ("周报2024-26 直办", "52.7", 37643, 71412, EITHER),
    ("周报2024-26 转办", "47.3", 33769, 71412, UP),
    ("宜春2023-05 电话", "90.67", 34859, 38447, UP),
    ("宜春2023-05 微信", "7.09", 2724, 38447, UP),
    ("宜春2023-05 网站", "0.44", 170, 38447, EITHER),
    ("宜春2023-05 110", "0.68", 261, 38447, UP),
    ("宜春2023-05 上级", "0.83", 318, 38447, UP),
    ("宜春2023-05 政府网", "0.30", 115, 38447, UP),
    ("宜春2023-05 咨询", "51.11", 19651, 38447, EITHER),
    ("宜春2023-05 求助", "1.54", 592, 38447, UP),
    ("宜春2023-05 建议", "1.69", 649, 38447, UP),
    ("宜春2023-05 投诉", "39.12", 15042, 38447, EITHER),
    ("宜春2023-05 举报", "6.54", 2513, 38447, UP),
    ("宜春2023-05 县市区", "84.97", 15390, 18113, UP),
    ("宜春2023-05 市直", "11.11", 2013, 18113, EITHER),
    ("宜春2023-05 流转", "3.92", 710, 18113, UP),
    ("大英周2016-03-04 前三位", "59.68", 302, 506, EITHER),
    ("5.3 大英周 重复", "19.57", 99, 506, UP),
    ("大英月 前三位", "77", 783 + 579 + 562, 2495, EITHER),
    ("5.3 大英月 重复", "9.58", 239, 2495, UP),
    ("宁国2022-04 按时", "99", 597, 601, EITHER),
    ("宁国2022-04 按时，两位小数", "99.33", 597, 601, EITHER),
    ("宁国2022-04 疫情", "7.3", 212, 2877, CUT),
    ("宁国2022-04 消费", "2", 58, 2877, EITHER),
    ("宁国2022-04 扰民", "1.9", 54, 2877, UP),  # cut and rounded in one table
    ("衡东2023-09 按时", "99.80", 1472 - 3, 1472, UP),
    ("衡东2023-09 成单", "63.9", 4637, 7254, EITHER),
    ("衡东2023-09 城管按时", "99.60", 246, 247, UP),
    ("6.1 衡东 城管重办", "5.26", 13, 247, EITHER),
    ("衡东2023-09 市监重办", "4.70", 7, 149, UP),
    ("衡东2023-09 住建重办", "2.42", 3, 124, UP),
    ("衡东2023-09 教育重办", "5.00", 5, 100, EITHER),
    ("唐山2024-11 咨询", "63.72", 124599, 195532, EITHER),
    ("唐山2024-11 求助", "28.98", 56672, 195532, EITHER),
    ("唐山2024-11 投诉", "1.01", 1983, 195532, EITHER),
    ("唐山2024-11 建议", "0.6", 1182, 195532, EITHER),
    ("唐山2024-11 举报", "0.46", 890, 195532, UP),
    ("唐山2024-11 感谢", "0.21", 415, 195532, EITHER),
    ("唐山2024-11 其它", "5.01", 9791, 195532, UP),
    ("岳阳县5月 人社", "13.9", 371, 2669, EITHER),  # 6.4 names 2669; see the test of the hidden denominator
    ("岳阳县5月 农林，以2669为分母", "13.82", 369, 2669, CUT),
    ("岳阳县5月 交通，以2669为分母", "7.42", 198, 2669, UP),
    ("岳阳县5月 人社，以2670为分母", "13.9", 371, 2670, UP),
    ("岳阳县5月 农林", "13.82", 369, 2670, EITHER),
    ("岳阳县5月 住建", "11.8", 315, 2670, UP),
    ("岳阳县5月 治安", "8.5", 227, 2670, EITHER),
    ("岳阳县5月 交通", "7.42", 198, 2670, UP),
    ("岳阳县2019-01-02 人社", "20.39", 745, 3653, EITHER),
    ("岳阳县2019-01-02 农林", "14.61", 534, 3653, CUT),
    ("岳阳县2019-01-02 科教", "9.14", 334, 3653, EITHER),
    ("岳阳县2019-01-02 交通", "9.08", 332, 3653, CUT),
    ("岳阳县2019-01-02 市场", "8.07", 295, 3653, CUT),
    ("岳阳市2017Q2 满意", "96.5", 2617, 2713, UP),
    ("岳阳市2017Q2 满意，两位小数", "96.46", 2617, 2713, EITHER),
    ("6.1 岳阳市 回访", "6.8", 2713, 39818, EITHER),
    ("6.2 岳阳市 A类", "78.3", 72, 92, UP),
    ("连平2025Q2 办结", "78.98", 2477, 3136, CUT),
    ("6.1 盘锦 直接答复", "74.97", 725, 967, EITHER),
    ("盘锦2023-01-04 县区，以万件计", "64.46", 156, 242, EITHER),
    ("盘锦2023-01-04 市直，以万件计", "35.54", 86, 242, UP),
    ("盘锦2023-01-04 县区，以件计", "64.46", 4226 + 1922 + 6530 + 2584 + 22 + 268, 24200, NONE),
    ("5.1 芦山 办结", "96.86", 1296, 1338, EITHER),
    ("5.1 芦山 办结，称100%", "100", 1296, 1338, NONE),
    ("10 温州2018-04 交办", "18", 163, 900, EITHER),
    ("10 一市周报 转办", "47", 33657, 71184, EITHER),
]

TABLES = [
    ("周报2024-28", WEEK_28, 2, ("47.09", "30.30", "14.75", "5.31", "0.32", "2.22")),
    ("周报2024-26", WEEK_26, 2, ("47.61", "29.39", "15.60", "4.96", "0.27", "2.18")),
    ("宜春2023-05 渠道", YICHUN_CHANNELS, 2, ("90.67", "7.09", "0.44", "0.68", "0.83", "0.30")),
    ("宜春2023-05 类型", YICHUN_TYPES, 2, ("51.11", "1.54", "1.69", "39.12", "6.54")),
    ("宜春2023-05 转派", YICHUN_UNITS, 2, ("84.97", "11.11", "3.92")),
    ("唐山2024-11", TANGSHAN, 2, ("63.72", "28.98", "1.01", "0.60", "0.46", "0.21", "5.01")),
    ("盘锦2023-01-04", {"县区": 156, "市直": 86}, 2, ("64.46", "35.54")),
]

HIDDEN = [  # (row, printed shares, half-up denominators, truncated denominators)
    (
        "唐山2024-11",
        {"63.72": 124599, "28.98": 56672, "1.01": 1983, "0.6": 1182, "0.46": 890, "0.21": 415, "5.01": 9791},
        range(195527, 195557),
        range(0),
    ),
    (
        "岳阳县5月",
        {"13.9": 371, "13.82": 369, "11.8": 315, "8.5": 227, "7.42": 198},
        range(2670, 2671),  # one number, and not the 2669 of 6.4
        range(0),
    ),
    (
        "岳阳县2019-01-02",
        {"20.39": 745, "14.61": 534, "9.14": 334, "9.08": 332, "8.07": 295},
        range(0),
        range(3653, 3654),
    ),
    ("宁国2022-04", {"7.3": 212, "2": 58, "1.9": 54}, range(2885, 2919), range(0)),  # printed: 2877
]


def row(case):
    return case[0]


@pytest.mark.parametrize("case", SUMS, ids=row)
def test_a_printed_sum_adds_up(case):
    name, total, parts = case
    check = adds_up(name, total, parts)
    assert (check.difference, check.ok) == (0, True)
    assert check.words.endswith("相符。")


@pytest.mark.parametrize("case", BROKEN, ids=row)
def test_a_sum_that_does_not_add_up_is_named(case):
    name, total, parts, difference = case
    check = adds_up(name, total, parts)
    assert (check.difference, check.ok) == (difference, False)
    assert f"各项之和{total + difference}，比合计{total}少{-difference}" in check.words


@pytest.mark.parametrize("case", PERCENTAGES, ids=row)
def test_a_printed_percentage_comes_from_its_denominator_and_rounding(case):
    _, printed, numerator, denominator, roundings = case
    found = explain(printed, numerator, {"分母": denominator})
    assert found.tried[0].roundings == roundings
    digits = len(printed.partition(".")[2])
    ours = {each: str(percent(numerator, denominator, each, digits)) for each in Rounding}
    assert tuple(each for each in Rounding if ours[each] == printed) == roundings


@pytest.mark.parametrize("case", TABLES, ids=row)
def test_our_shares_are_the_printed_ones_and_make_a_hundred(case):
    _, parts, digits, printed = case
    assert tuple(map(str, shares(parts, HALF_UP, digits).values())) == printed
    assert tuple(map(str, shares(parts, TRUNCATE, digits).values())) != printed
    assert shares_add_up("构成比", printed).ok


@pytest.mark.parametrize("case", HIDDEN, ids=row)
def test_the_denominator_of_a_table_is_found_from_its_shares(case):
    _, printed, half_up, truncated = case
    table = [Share(said, said, count) for said, count in printed.items()]
    assert hidden_denominator(table).ranges == {HALF_UP: half_up, TRUNCATE: truncated}


def test_tangshan_shares_are_of_the_sum_of_types_and_not_of_the_headline():
    found = explain("63.72", 124599, {"受理总量": 284406, "类型之和": sum(TANGSHAN.values())})
    assert [(each.name, each.denominator) for each in found.fits] == [("类型之和", 195532)]
    assert str(percent(124599, 284406, HALF_UP, 2)) == "43.81"


def test_yueyang_county_shares_are_of_neither_tickets_nor_tickets_and_letters():
    asked = {"工单": 2557, "工单加信件": 2557 + 84, "批转": 2578, "隐藏": 2669}
    assert [each.name for each in explain("13.9", 371, asked).fits] == ["隐藏"]
    assert explain("13.9", 371, {"工单": 2557}).words.endswith(
        "四舍五入分母须在2660至2678之间。截断分母须在2651至2669之间。"
    )


def test_lushan_says_a_hundred_where_42_are_missing():
    assert "受理1338应为97%" in explain("100", 1296, {"受理": 1338}).words
    assert denominators("100", 1296, HALF_UP) == range(1296, 1303)
    assert denominators("100", 1296, TRUNCATE) == range(1296, 1297)


@pytest.mark.parametrize(
    ("total", "days", "rounding", "printed"),
    [
        pytest.param(71184, 7, HALF_UP, "10169", id="周报2024-28"),
        pytest.param(71412, 7, HALF_UP, "10202", id="周报2024-26"),
        pytest.param(36_500_000, 365, HALF_UP, "100000", id="10 广州2023"),
    ],
)
def test_the_mean_of_a_day_is_the_printed_one(total, days, rounding, printed):
    assert str(mean(total, days, rounding)) == printed


def test_yueyang_city_grew_as_printed():
    grown = Change(71266 - 7181, 71266, HALF_UP, 1)  # 岳阳市2017Q2
    assert (grown.difference, grown.words) == (7181, "+11.2%（+7181）")


def test_week_28_fell_against_a_week_27_that_nobody_printed():
    possible = [n for n in range(71000, 71800) if str(Change(n, 71184).percent) == "-0.24"]
    assert possible == list(range(71352, 71359))
    assert Change(71412, 71184).words == "-0.32%（-228）"  # against week 26, the last one printed


def test_no_row_of_section_6_4_is_left_out():
    named = {case[0].split(" ")[0] for case in (*SUMS, *BROKEN, *PERCENTAGES)}
    assert [each for each in REPORTS if each not in named] == []
    assert {each for each in named if not each[0].isdigit()} == set(REPORTS)
