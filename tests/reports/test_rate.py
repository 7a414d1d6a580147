"""Rates (率): exact, rounded one way, and never saying more than was counted."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.rate import Change, Definition, Rate, Rounding, mean, percent, shares
from rules.terms import CHINA

HALF_UP, TRUNCATE = Rounding.HALF_UP, Rounding.TRUNCATE
AS_OF = datetime(2026, 11, 23, 8, tzinfo=CHINA)
ON_TIME = Definition(
    "on_time_rate", "按时办结率", "on_time", "due", "按时办结 ÷ 到期应办结", "示例办法第十条"
)
PLENTY = settings(max_examples=120, derandomize=True, deadline=None, database=None)
PARTS = st.integers(0, 10**9).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))
ROUNDINGS, DIGITS = st.sampled_from(Rounding), st.integers(0, 4)


def rate(numerator, denominator, **changed):
    return Rate(replace(ON_TIME, **changed), numerator, denominator, AS_OF)


def rounded(exact: Fraction, rounding: Rounding, digits: int) -> Fraction:
    """The same by another road: fractions, floor and the sign put back."""
    size = abs(exact) * 10**digits + (Fraction(1, 2) if rounding is HALF_UP else 0)
    return Fraction(floor(size), 10**digits) * (-1 if exact < 0 else 1)


@PLENTY
@given(PARTS, ROUNDINGS, DIGITS)
def test_a_percentage_is_the_fraction_rounded_once(part, rounding, digits):
    numerator, denominator = part
    found = percent(numerator, denominator, rounding, digits)
    if not denominator:
        assert found is None
    else:
        assert Fraction(found) == rounded(Fraction(100 * numerator, denominator), rounding, digits)
        assert 0 <= found <= 100
        assert found.as_tuple().exponent == -digits


@PLENTY
@given(st.integers(1, 400), DIGITS)
def test_half_of_the_last_digit_goes_up_or_is_cut(units, digits):
    # units + ½ in the last digit, exactly: the one place where the two roundings and the banker's part ways
    whole = 200 * 10**digits
    numerator = min(2 * units + 1, whole - 1)
    up, cut = (percent(numerator, whole, each, digits) for each in (HALF_UP, TRUNCATE))
    assert (Fraction(up), Fraction(cut)) == (
        Fraction(numerator + 1, 2 * 10**digits),
        Fraction(numerator - 1, 2 * 10**digits),
    )


@PLENTY
@given(PARTS, ROUNDINGS, DIGITS, st.integers(2, 1000))
def test_a_percentage_knows_only_the_ratio_and_grows_with_its_numerator(part, rounding, digits, times):
    numerator, denominator = part
    found = percent(numerator, denominator, rounding, digits)
    assert found == percent(numerator * times, denominator * times, rounding, digits)
    if numerator:
        assert percent(numerator - 1, denominator, rounding, digits) <= found


@PLENTY
@given(PARTS, ROUNDINGS, DIGITS)
def test_words_say_a_hundred_only_of_all_and_nought_only_of_none(part, rounding, digits):
    numerator, denominator = part
    said = rate(numerator, denominator, rounding=rounding, digits=digits).words
    figure = said.partition("%")[0]
    if not denominator:
        assert said == "–"
        return
    assert said.endswith(f"（{numerator}/{denominator}）")
    assert figure.startswith("100") == (numerator == denominator)
    assert (figure.strip("0.") == "") == (numerator == 0)


@PLENTY
@given(st.integers(0, 10**7), st.integers(0, 10**7), ROUNDINGS, DIGITS)
def test_a_change_is_rounded_alike_on_both_sides_of_nought(before, now, rounding, digits):
    change = Change(before, now, rounding, digits)
    assert change.difference == now - before
    if not before:
        assert (change.percent, change.words) == (None, "–（上期为0）")
    else:
        exact = Fraction(100 * (now - before), before)
        assert Fraction(change.percent) == rounded(exact, rounding, digits)
        mirror = Change(before, 2 * before - now, rounding, digits)
        assert mirror.percent == -change.percent


@PLENTY
@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**6), min_size=1), ROUNDINGS, DIGITS)
def test_shares_are_of_the_parts_shown_and_add_up_within_their_rounding(parts, rounding, digits):
    found = shares(parts, rounding, digits)
    whole = sum(parts.values())
    assert list(found) == list(parts)
    if not whole:
        assert set(found.values()) == {None}
        return
    assert found == {name: percent(part, whole, rounding, digits) for name, part in parts.items()}
    room = Fraction(len(parts), 10**digits) / (2 if rounding is HALF_UP else 1)
    missing = 100 - sum(map(Fraction, found.values()))
    assert (-room if rounding is HALF_UP else 0) <= missing <= room


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounding", "digits", "expected"),
    [
        (1, 8, HALF_UP, 2, "12.50"),
        (1, 8, HALF_UP, 0, "13"),  # 12.5: away from zero, where the banker's rule says 12
        (1, 8, TRUNCATE, 0, "12"),
        (3, 8, HALF_UP, 0, "38"),
        (2, 3, HALF_UP, 4, "66.6667"),
        (2, 3, TRUNCATE, 4, "66.6666"),
        (57, 5700, HALF_UP, 2, "1.00"),
        (0, 7, HALF_UP, 2, "0.00"),
        (7, 7, TRUNCATE, 1, "100.0"),
        (10**40 + 1, 3 * 10**40, HALF_UP, 4, "33.3333"),
    ],
)
def test_a_percentage_keeps_the_digits_it_was_asked_for(numerator, denominator, rounding, digits, expected):
    assert str(percent(numerator, denominator, rounding, digits)) == expected


def test_nothing_counted_is_no_rate():
    assert percent(0, 0, HALF_UP, 2) is None
    assert (rate(0, 0).percent, rate(0, 0).words, rate(0, 0).as_dict()["percent"]) == (None, "–", None)


def test_the_precision_of_the_caller_touches_no_figure():
    with localcontext() as narrow:
        narrow.prec = 2
        assert str(percent(597, 601, HALF_UP, 4)) == "99.3344"
        assert str(Change(3, 100_000).percent) == "3333233.33"


@pytest.mark.parametrize(
    ("numerator", "denominator", "changed", "words"),
    [
        (597, 601, {}, "99.33%（597/601）"),
        (597, 601, {"digits": 0}, "99%（597/601）"),
        (601, 601, {}, "100.00%（601/601）"),
        (99_999, 100_000, {}, "大于99.99%（99999/100000）"),
        (99_999, 100_000, {"rounding": TRUNCATE}, "99.99%（99999/100000）"),
        (999, 1000, {"digits": 0}, "大于99%（999/1000）"),
        (1, 100_000, {}, "小于0.01%（1/100000）"),
        (1, 15_000, {"rounding": TRUNCATE}, "小于0.01%（1/15000）"),
        (0, 100_000, {}, "0.00%（0/100000）"),
    ],
)
def test_a_rate_says_its_numerator_and_denominator(numerator, denominator, changed, words):
    assert rate(numerator, denominator, **changed).words == words


def test_a_rate_on_the_wire_carries_its_definition_and_no_float():
    assert rate(597, 601).as_dict() == {
        "code": "on_time_rate",
        "name": "按时办结率",
        "numerator": 597,
        "denominator": 601,
        "percent": "99.33",
        "words": "99.33%（597/601）",
        "definition": "按时办结 ÷ 到期应办结",
        "source": "示例办法第十条",
        "rounding": "half_up",
        "digits": 2,
        "as_of": "2026-11-23T08:00:00+08:00",
    }
    assert isinstance(rate(597, 601).percent, Decimal)
    with pytest.raises(TypeError):
        float(rate(597, 601))


@pytest.mark.parametrize(
    ("numerator", "denominator"),
    [(-1, 5), (6, 5), (1, 0), (True, 5), (1, True), (1.0, 5), (1, 5.0), ("1", 5)],
)
def test_what_is_no_part_of_a_whole_is_our_own_mistake(numerator, denominator):
    with pytest.raises(ValueError):
        percent(numerator, denominator, HALF_UP, 2)
    with pytest.raises(ValueError):
        rate(numerator, denominator)


@pytest.mark.parametrize("digits", [-1, 5, True, 2.0])
def test_digits_are_nought_to_four(digits):
    for wrong in (
        lambda: percent(1, 2, HALF_UP, digits),
        lambda: replace(ON_TIME, digits=digits),
        lambda: Change(1, 2, digits=digits),
        lambda: mean(1, 2, digits=digits),
    ):
        with pytest.raises(ValueError, match="digits"):
            wrong()


def test_a_definition_refuses_words_it_does_not_know():
    with pytest.raises(ValueError, match="nearest"):
        percent(1, 2, "nearest", 2)
    with pytest.raises(ValueError, match="not a Rounding"):
        replace(ON_TIME, rounding="half_up")
    with pytest.raises(ValueError, match="good"):
        replace(ON_TIME, good="up")


def test_a_rate_knows_when_it_was_counted():
    assert Rate(ON_TIME, 1, 2, datetime(2026, 11, 23, tzinfo=UTC)).as_of.tzinfo is UTC
    with pytest.raises(ValueError, match="aware"):
        Rate(ON_TIME, 1, 2, datetime(2026, 11, 23))  # noqa: DTZ001  a naive one is the point


@pytest.mark.parametrize(
    ("before", "now", "difference", "percent", "words"),
    [
        (64, 70, 6, "9.38", "+9.38%（+6）"),
        (70, 64, -6, "-8.57", "-8.57%（-6）"),
        (70, 70, 0, "0.00", "0.00%（0）"),
        (100_000, 99_999, -1, "0.00", "0.00%（-1）"),
        (8, 0, -8, "-100.00", "-100.00%（-8）"),
        (0, 8, 8, None, "–（上期为0）"),
        (0, 0, 0, None, "–（上期为0）"),
        (-3, 8, 11, None, "–（上期为-3）"),
        (4, -2, -6, "-150.00", "-150.00%（-6）"),
    ],
)
def test_a_change_says_both_the_percentage_and_the_count(before, now, difference, percent, words):
    assert Change(before, now).as_dict() == {
        "before": before,
        "now": now,
        "difference": difference,
        "percent": percent,
        "words": words,
    }


@pytest.mark.parametrize(("before", "now"), [(1.0, 2), (1, 2.0), (True, 2), (1, None)])
def test_a_change_is_of_whole_numbers(before, now):
    with pytest.raises(ValueError, match="whole number"):
        Change(before, now)


@pytest.mark.parametrize(
    ("total", "days", "rounding", "digits", "expected"),
    [
        (15, 2, HALF_UP, 0, "8"),
        (15, 2, TRUNCATE, 0, "7"),
        (10, 3, HALF_UP, 2, "3.33"),
        (0, 7, HALF_UP, 0, "0"),
    ],
)
def test_a_mean_is_rounded_like_everything_else(total, days, rounding, digits, expected):
    assert str(mean(total, days, rounding, digits)) == expected


@pytest.mark.parametrize(("total", "days"), [(-1, 7), (7, 0), (7, -1), (7.0, 7), (7, True)])
def test_a_mean_needs_days_and_a_count(total, days):
    with pytest.raises(ValueError):
        mean(total, days)


def test_shares_refuse_what_is_no_count():
    for wrong in (-1, 1.0, True):
        with pytest.raises(ValueError):
            shares({"咨询": 3, "投诉": wrong}, HALF_UP, 2)


def test_a_rounding_has_a_chinese_name():
    assert [each.words for each in Rounding] == ["四舍五入", "截断"]
