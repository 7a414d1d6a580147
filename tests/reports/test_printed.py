"""Printed figures (印出的数): sums, shares, and the denominators and roundings that explain them."""

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reports.printed import (
    Check,
    Share,
    adds_up,
    denominators,
    explain,
    hidden_denominator,
    numerators,
    shares_add_up,
)
from reports.rate import Rounding, percent
from rules.errors import BadInput

HALF_UP, TRUNCATE = Rounding.HALF_UP, Rounding.TRUNCATE
PLENTY = settings(max_examples=80, derandomize=True, deadline=None, database=None)
ROUNDINGS, DIGITS = st.sampled_from(Rounding), st.integers(0, 4)


@pytest.mark.parametrize(
    ("total", "parts", "difference", "ok", "words"),
    [
        (70, [40, 30], 0, True, "受理：70 = 40 + 30，相符。"),
        (70, [40, 36], 6, False, "受理：各项之和76，比合计70多6（40 + 36），不符。"),
        (70, [40, 21], -9, False, "受理：各项之和61，比合计70少9（40 + 21），不符。"),
        (0, [], 0, True, "受理：0 = 0项之和，相符。"),
        (9, [1] * 9, 0, True, "受理：9 = 9项之和，相符。"),
        (Decimal("9.67"), [Decimal("7.25"), Decimal("2.42")], 0, True, "受理：9.67 = 7.25 + 2.42，相符。"),
    ],
)
def test_a_sum_is_named_with_what_is_missing_or_too_much(total, parts, difference, ok, words):
    check = adds_up("受理", total, parts)
    assert (check.difference, check.ok) == (difference, ok)
    assert check.words == words


def test_a_check_on_the_wire_is_what_the_report_document_holds():
    assert adds_up("受理", 70, [40, 36]).as_dict() == {"name": "受理", "left": 70, "right": 76, "ok": False}
    assert adds_up("受理", Decimal("2.10"), [Decimal("1.05")] * 2).as_dict()["right"] == "2.10"


@pytest.mark.parametrize(("total", "parts"), [(0.3, [1]), (1, [0.1, 0.9]), (True, [1]), ("1", [1])])
def test_a_sum_is_of_exact_figures(total, parts):
    with pytest.raises(ValueError, match="neither"):
        adds_up("受理", total, parts)


@pytest.mark.parametrize(
    ("printed", "ok", "words"),
    [
        (["64.46", "35.54"], True, "100 = 64.46 + 35.54，相符。"),
        (["33.33%"] * 3, True, "99.99，比合计100少0.01，不超过各项进位所能造成的0.015，相符。"),
        (["33.3", "33.3", "33.3"], True, "不超过各项进位所能造成的0.15"),
        (["33.33", "33.33", "33.32"], False, "各项之和99.98，比合计100少0.02"),
        (["60", "41"], True, "多1，不超过各项进位所能造成的1.0"),
        (["60", "42"], False, "比合计100多2（60 + 42），不符。"),
    ],
)
def test_shares_may_miss_a_hundred_by_their_rounding_only(printed, ok, words):
    check = shares_add_up("构成比", printed)
    assert check.ok is ok
    assert words in check.words


@pytest.mark.parametrize(
    ("printed", "numerator", "candidates", "roundings", "words"),
    [
        (
            "99.28",
            3908,
            {"受理": 3936},
            [(TRUNCATE,)],
            "印的是99.28%，分子3908：分母是受理3936（截断，四舍五入应为99.29%）。",
        ),
        ("99.29", 3908, {"受理": 3936}, [(HALF_UP,)], "分母是受理3936（四舍五入）。"),
        ("99.2", 3908, {"受理": 3936}, [(TRUNCATE,)], "四舍五入应为99.3%"),
        ("50%", 1, {"甲": 2, "乙": 3}, [(HALF_UP, TRUNCATE), ()], "分母是甲2（四舍五入或截断）。"),
        (
            "13.9%",
            371,
            {"工单": 2557, "工单加信件": 2641},
            [(), ()],
            "印的是13.9%，分子371：所给分母都得不出（工单2557应为14.5%；工单加信件2641应为14.0%）。"
            "四舍五入分母须在2660至2678之间。截断分母须在2651至2669之间。",
        ),
        (
            "98",
            112,
            {"有效": 114, "公开": 114},
            [(HALF_UP, TRUNCATE)] * 2,
            "分母不明，2个都得出：有效114（四舍五入或截断）；公开114（四舍五入或截断）。",
        ),
        ("100", 1999, {"受理": 2000}, [(HALF_UP,)], "分母是受理2000（四舍五入，并非全部，差1）。"),
        ("100", 5, {"受理": 5}, [(HALF_UP, TRUNCATE)], "分母是受理5（四舍五入或截断）。"),
        ("99", 1999, {"受理": 2000}, [(TRUNCATE,)], "分母是受理2000（截断，四舍五入应为100%）。"),
        ("80", 5, {"小": 4, "空": 0}, [(), ()], "小4不能作分母；空0不能作分母"),
        ("0", 0, {"空": 0}, [()], "所给分母都得不出（空0不能作分母）。"),
        ("7", 0, {"受理": 9}, [()], "没有一个分母能得出"),
        ("0.00", 3, {"受理": 9}, [()], "（受理9应为33.33%）。"),
    ],
)
def test_a_printed_percentage_is_explained(printed, numerator, candidates, roundings, words):
    found = explain(printed, numerator, candidates)
    assert [each.roundings for each in found.tried] == roundings
    assert [each.name for each in found.fits] == [n for n, r in zip(candidates, roundings, strict=True) if r]
    assert words in found.words


@PLENTY
@given(st.integers(0, 3000), st.integers(1, 3000), ROUNDINGS, DIGITS)
def test_what_we_print_we_also_explain(numerator, denominator, rounding, digits):
    assume(numerator <= denominator)
    printed = str(percent(numerator, denominator, rounding, digits))
    assert rounding in explain(printed, numerator, {"受理": denominator}).fits[0].roundings
    assert numerator in numerators(printed, denominator, rounding)
    if printed.strip("0."):
        assert denominator in denominators(printed, numerator, rounding)


@PLENTY
@given(st.integers(1, 10_000), st.integers(1, 150), ROUNDINGS, st.integers(0, 2))
def test_the_denominators_found_are_all_there_are(units, numerator, rounding, digits):
    value = Decimal(units).scaleb(-digits)
    printed = str(value)
    fitting = [d for d in range(numerator, 2000) if percent(numerator, d, rounding, digits) == value]
    assert [d for d in denominators(printed, numerator, rounding) if d < 2000] == fitting


@PLENTY
@given(st.integers(0, 12_000), st.integers(0, 300), ROUNDINGS, st.integers(0, 2))
def test_the_numerators_found_are_all_there_are(units, denominator, rounding, digits):
    value = Decimal(units).scaleb(-digits)
    fitting = [n for n in range(denominator + 1) if percent(n, denominator, rounding, digits) == value]
    assert list(numerators(str(value), denominator, rounding)) == fitting


@PLENTY
@given(st.lists(st.integers(1, 900), min_size=1, max_size=6), st.integers(0, 900), ROUNDINGS)
def test_the_denominator_of_a_table_is_among_those_that_explain_it(parts, untyped, rounding):
    whole = sum(parts) + untyped
    printed = [str(percent(each, whole, rounding, 2)) for each in parts]
    assume(all(each != "0.00" for each in printed))
    table = [Share(str(row), said, part) for row, (said, part) in enumerate(zip(printed, parts, strict=True))]
    assert whole in hidden_denominator(table).ranges[rounding]


def test_a_table_of_two_roundings_has_no_denominator():
    table = [Share("甲", "66.66", 200), Share("乙", "33.34", 100)]  # thirds: one cut, the other invented
    assert hidden_denominator(table).words == (
        "2个构成比同时成立：四舍五入没有一个分母能得出；截断没有一个分母能得出。"
    )


def test_one_denominator_is_named_alone():
    found = hidden_denominator([Share("甲", "41.94", 13), Share("乙", "58.06", 18)])
    assert found.ranges[HALF_UP] == range(31, 32)
    assert found.words.startswith("2个构成比同时成立：四舍五入分母只能是31；截断")


@pytest.mark.parametrize(
    "printed", ["", "九成", "-1", "1.23456", "1,5", ".5", "5.", "９９", "1e2", "99.80%%"]
)
def test_what_is_no_percentage_is_said_in_chinese(printed):
    for ask in (
        lambda: explain(printed, 1, {"受理": 2}),
        lambda: denominators(printed, 1, HALF_UP),
        lambda: numerators(printed, 2, HALF_UP),
        lambda: shares_add_up("构成比", [printed]),
    ):
        with pytest.raises(BadInput, match="百分比应写成"):
            ask()


def test_a_printed_nought_tells_no_denominator():
    for printed, rounding in (("0.00", HALF_UP), ("0", TRUNCATE)):
        with pytest.raises(BadInput, match="无法反推"):
            denominators(printed, 3, rounding)
    with pytest.raises(BadInput, match="没有构成比"):
        hidden_denominator([])


@pytest.mark.parametrize("wrong", [-1, 1.0, True])
def test_counts_are_whole_and_not_negative(wrong):
    for ask in (
        lambda: explain("50", wrong, {"受理": 2}),
        lambda: explain("50", 1, {"受理": wrong}),
        lambda: denominators("50", wrong, HALF_UP),
        lambda: numerators("50", wrong, HALF_UP),
    ):
        with pytest.raises(ValueError, match="whole number"):
            ask()


def test_a_check_of_ours_can_be_made_by_hand():
    assert not Check("受理", 3, (1, 1)).ok
