"""Dates, versions and other words of a report."""

import pytest

from reports.writers import wording


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("week", "2026-W07", "2026年第7周"),
        ("month", "2026-11", "2026年11月"),
        ("quarter", "2026-Q4", "2026年第4季度"),
        ("year", "2026", "2026年"),
    ],
)
def test_a_period_is_named_as_people_name_it(kind, name, said):
    assert wording.period(kind, name) == said


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        ("2026-11-16", "2026-11-22", "2026年11月16日至11月22日"),
        ("2026-12-28", "2027-01-03", "2026年12月28日至2027年1月3日"),
        ("2026-11-16", "2026-11-16", "2026年11月16日"),
    ],
)
def test_a_span_says_the_year_once(begins, ends, said):
    assert wording.span(begins, ends) == said


def test_an_instant_is_told_in_china():
    assert wording.instant("2026-11-23T00:00:00+00:00") == "2026年11月23日 08:00"
    assert wording.short_instant("2026-11-22T16:05:00Z") == "2026-11-23 00:05"
    assert wording.short_instant(None) == "–"
    assert wording.short_instant("2026-11-16") == "2026-11-16", (
        "a day has no hour, wherever the machine stands"
    )


@pytest.mark.parametrize(
    ("frozen", "number", "said"),
    [(False, 1, "未定稿（数据仍会变动）"), (True, 1, "第1版 定稿"), (True, 2, "第2版 更正")],
)
def test_a_version_says_whether_it_stands(frozen, number, said):
    assert wording.version({"frozen": frozen, "version": number}) == said


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2026-11-22", "计到2026年11月22日24时。"),
        ("2026-11-18", "计到2026年11月18日24时，其后各日尚未过完，不计入。"),
        ("2026-11-15", "本期还没有过完的整日，暂不计。"),
        (None, "本期还没有过完的整日，暂不计。"),
    ],
)
def test_it_is_said_up_to_which_day_limits_count(until, said):
    document = {"counted_until": until, "begins": "2026-11-16", "ends": "2026-11-22"}
    assert wording.counted_until(document).endswith(said)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("路灯\x00不亮\x0b\ud800", "路灯不亮"),
        ("一行\n又一行\t 三", "一行 又一行 三"),
        ("倒着\u202e写\u2066", "倒着写"),
        (None, ""),
        ("𠮷野家😀", "𠮷野家😀"),
    ],
)
def test_words_of_strangers_are_one_line_that_every_format_holds(given, kept):
    assert wording.clean(given) == kept


def test_roundings_are_said():
    assert wording.rounded({"rounding": "truncate", "digits": 1}) == "截断，保留1位小数"
    assert wording.rounded({"rounding": "half_up", "digits": 0}) == "四舍五入，取整"
