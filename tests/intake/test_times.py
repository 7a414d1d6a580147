"""Times as people and systems write them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from intake.times import parse_time
from rules.errors import BadInput
from rules.terms import CHINA


@pytest.mark.parametrize(
    ("written", "hour", "minute", "second"),
    [
        ("2018-01-02 13:04:05", 13, 4, 5),
        ("2018/1/2 13:04", 13, 4, 0),
        ("2018.1.2 13:04", 13, 4, 0),
        ("20180102130405", 13, 4, 5),
        ("201801021304", 13, 4, 0),
        ("20180102T130405", 13, 4, 5),
        ("2018-01-02T13:04:05+08:00", 13, 4, 5),
        ("2018-01-02T13:04:05.250+0800", 13, 4, 5),
        ("2018-01-02T05:04:05Z", 13, 4, 5),
        ("2018-01-02t05:04:05z", 13, 4, 5),
        ("2018年1月2日 13时04分", 13, 4, 0),
        ("2018年1月2日13时", 13, 0, 0),
        ("2018年01月02日13点04分05秒", 13, 4, 5),
        ("2018-01-02 下午1:04", 13, 4, 0),
        ("2018-01-02 中午1:00", 13, 0, 0),
        ("2018-01-02 凌晨12:30", 0, 30, 0),
        ("２０１８－０１－０２　１３：０４", 13, 4, 0),
        ("  2018-01-02 13:04  ", 13, 4, 0),
    ],
)
def test_a_time_of_day_is_read_as_chinas_time(written: str, hour: int, minute: int, second: int) -> None:
    moment, known = parse_time(written)
    assert moment.replace(microsecond=0) == datetime(2018, 1, 2, hour, minute, second, tzinfo=CHINA)
    assert moment.utcoffset() == timedelta(hours=8)
    assert known is True


@pytest.mark.parametrize("written", ["2018-01-02", "2018/1/2", "20180102", "2018年1月2日", date(2018, 1, 2)])
def test_a_bare_date_is_midnight_and_not_known_by_the_hour(written: object) -> None:
    assert parse_time(written) == (datetime(2018, 1, 2, tzinfo=CHINA), False)


def test_the_end_of_a_day_is_the_beginning_of_the_next() -> None:
    assert parse_time("2018-12-31 24:00")[0] == datetime(2019, 1, 1, tzinfo=CHINA)
    assert parse_time("2018-12-31 晚上12点")[0] == datetime(2019, 1, 1, tzinfo=CHINA)


def test_moments_of_the_program_pass_through() -> None:
    aware = datetime(2018, 1, 2, 5, 4, tzinfo=UTC)
    assert parse_time(aware) == (aware, True)
    assert parse_time(aware.replace(tzinfo=None))[0] == datetime(2018, 1, 2, 5, 4, tzinfo=CHINA)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "昨天",
        "2018",
        "2018-13-01",
        "2018-02-30",
        "2018-01-02 25:00",
        "2018-01-02 24:01",
        "2018-01-02 12:60",
        "2018-01-02 12:00:60",
        "2018-01-02 12:00+99:00",
        "0001-01-01",
        "9999-12-31 23:59",
        "2018-01-02 12:00 以后",
        "12/31/2018",
        "1" * 10_000,
        "٢٠١٨-٠١-٠٢",
        20180102,
        None,
    ],
)
def test_nonsense_is_refused_with_a_hint(written: object) -> None:
    with pytest.raises(BadInput) as caught:
        parse_time(written)
    assert caught.value.advice
    assert len(caught.value.detail) < 80
