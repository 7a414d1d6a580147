"""The shipped years (节假日安排) against two independent libraries, and what a faulty file is told."""

import re
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import holidays
import pytest

from rules.calendar import Season, Window, in_order, parse_year
from rules.errors import NoCalendar, PackFault
from rules.worktime import parse_calendar

FOLDER = Path(__file__).parents[2] / "rules" / "calendars"
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.toml"))}
YEARS = range(2017, 2027)
CALENDAR = parse_calendar(FILES)

NOTICE = '[notice]\ntitle = "通知"\nsource = "https://example.invalid/notice"\n'


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def test_a_file_stands_for_every_year_and_nothing_else_does() -> None:
    assert list(FILES) == [f"{year}.toml" for year in YEARS]


@pytest.mark.parametrize("year", YEARS)
def test_every_day_agrees_with_chinesecalendar(year: int) -> None:
    differ = [day for day in days_of(year) if CALENDAR.is_workday(day) != chinese_calendar.is_workday(day)]
    assert differ == []


@pytest.mark.parametrize("year", YEARS)
def test_every_day_agrees_with_the_holidays_package(year: int) -> None:
    china = holidays.country_holidays("CN", years=year)
    differ = [day for day in days_of(year) if CALENDAR.is_workday(day) != china.is_working_day(day)]
    assert differ == []


@pytest.mark.parametrize(("year", "workdays"), [(2017, 249), (2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_its_known_number_of_workdays(year: int, workdays: int) -> None:
    assert sum(CALENDAR.is_workday(day) for day in days_of(year)) == workdays


@pytest.mark.parametrize("year", YEARS)
def test_every_year_cites_the_notice_with_its_number_date_and_page(year: int) -> None:
    for notice in parse_year(f"{year}.toml", FILES[f"{year}.toml"]).notices:
        assert re.fullmatch(r"国办发明电〔\d{4}〕\d+号", notice.number)
        assert notice.issued and f"〔{notice.issued.year}〕" in notice.number
        assert notice.source.startswith("https://www.gov.cn/gongbao/")


@pytest.mark.parametrize("year", YEARS)
def test_the_festival_of_a_day_off_is_the_one_chinesecalendar_names(year: int) -> None:
    for day, festival in parse_year(f"{year}.toml", FILES[f"{year}.toml"]).off.items():
        name = chinese_calendar.get_holiday_detail(day)[1]
        assert chinese_calendar.Holiday(name).chinese in festival


@pytest.mark.parametrize(
    ("day", "note"),
    [
        (date(2026, 10, 1), "国庆节"),
        (date(2026, 2, 14), "春节调休上班"),
        (date(2026, 1, 4), "元旦调休上班"),
        (date(2026, 3, 14), "周六"),
        (date(2026, 3, 15), "周日"),
        (date(2026, 3, 16), ""),
        (date(2018, 12, 31), "元旦"),
        (date(2018, 12, 29), "元旦调休上班"),
        (date(2022, 12, 31), "元旦"),
        (date(2020, 1, 31), "春节"),
        (date(2020, 2, 1), "春节"),
        (date(2020, 2, 3), ""),
        (date(2019, 5, 2), "劳动节"),
        (date(2019, 5, 5), "劳动节调休上班"),
        (date(2024, 2, 9), ""),
    ],
)
def test_a_day_says_what_is_special_about_it(day: date, note: str) -> None:
    assert CALENDAR.note(day) == note
    assert CALENDAR.why_off(day) == ("" if CALENDAR.is_workday(day) else note)


def test_without_its_amendment_2020_works_on_the_day_the_emergency_notice_freed() -> None:
    text = FILES["2020.toml"].split("[[amendments]]")[0]
    before = parse_calendar({"2020.toml": text})
    assert before.is_workday(date(2020, 2, 1)) and before.is_workday(date(2020, 1, 31))
    assert before.version != parse_calendar({"2020.toml": FILES["2020.toml"]}).version


def test_a_year_without_a_notice_is_the_weekday_pattern_and_marked() -> None:
    assert [CALENDAR.is_provisional(date(year, 10, 1)) for year in (2026, 2027, 2031)] == [False, True, True]
    assert CALENDAR.is_workday(date(2027, 10, 1))
    assert CALENDAR.why_off(date(2027, 10, 2)) == "周六"


def test_a_missing_year_between_others_is_provisional_too() -> None:
    gap = parse_calendar({name: FILES[name] for name in ("2024.toml", "2026.toml")})
    assert gap.is_provisional(date(2025, 10, 1)) and gap.is_workday(date(2025, 10, 1))
    assert not gap.is_provisional(date(2024, 10, 1))


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2032, 1, 1)])
def test_a_day_beyond_the_table_is_refused(day: date) -> None:
    with pytest.raises(NoCalendar, match=str(day.year)):
        CALENDAR.is_workday(day)
    with pytest.raises(NoCalendar):
        CALENDAR.is_provisional(day)


def test_no_file_at_all_is_no_calendar() -> None:
    with pytest.raises(NoCalendar):
        parse_calendar({})


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("year = \n", 1, "TOML"),
        ("year = 2026\nyears = 3\n", 2, "不认识的字段 years"),
        ("year = 2025\n", 1, "文件名"),
        ("year = true\n", 1, "整数"),
        ('year = 2026\nregion = "广西"\n', 2, "行政区划"),
        ('year = 2026\noff = "无"\n', 2, "列表"),
        ("year = 2026\noff = [1]\n", 2, "表"),
        ('year = 2026\noff = [{ festival = "国庆节", from = 2026-10-01 }]\n', 2, "缺少字段 to"),
        ('year = 2026\noff = [{ festival = " ", from = 2026-10-01, to = 2026-10-02 }]\n', 2, "不能为空"),
        ('year = 2026\noff = [{ festival = "国庆节", from = "10-1", to = 2026-10-02 }]\n', 2, "日期"),
        (
            'year = 2026\noff = [{ festival = "国庆节", from = 2026-10-01T00:00:00, to = 2026-10-02 }]\n',
            2,
            "日期",
        ),
        (
            'year = 2026\noff = [{ festival = "元旦", from = 2025-12-31, to = 2026-01-01 }]\n',
            2,
            "不在 2026 年",
        ),
        (
            'year = 2026\noff = [{ festival = "元旦", from = 2026-12-31, to = 2027-01-01 }]\n',
            2,
            "不在 2026 年",
        ),
        ('year = 2026\noff = [{ festival = "元旦", from = 2026-01-03, to = 2026-01-01 }]\n', 2, "颠倒"),
        (
            'year = 2026\noff = [\n{ festival = "中秋节", from = 2026-09-30, to = 2026-10-02 },\n'
            '{ festival = "国庆节", from = 2026-10-01, to = 2026-10-07 },\n]\n',
            4,
            "放假重复",
        ),
        ('year = 2026\nmake_up = [\n{ festival = "春节", date = 2026-02-13 },\n]\n', 3, "周五"),
        ('year = 2026\nmake_up = [{ festival = "春节", date = 2027-02-13 }]\n', 2, "不在 2026 年"),
        (
            'year = 2026\nmake_up = [\n{ festival = "春节", date = 2026-02-14 },\n'
            '{ festival = "春节", date = 2026-02-14 },\n]\n',
            4,
            "已安排过",
        ),
        (
            'year = 2026\noff = [{ festival = "春节", from = 2026-02-14, to = 2026-02-16 }]\n'
            'make_up = [{ festival = "春节", date = 2026-02-14 }]\n',
            3,
            "已安排过",
        ),
        ('year = 2026\n[[amendments]]\ntitle = "改"\nsource = "x"\nwithdrawn = [2026-02-14]\n', 5, "撤销"),
        ('year = 2026\n[[amendments]]\ntitle = "改"\nsource = "x"\nwithdrawn = ["早"]\n', 5, "withdrawn"),
        ('year = 2026\n[[amendments]]\ntitle = "改"\nsource = "x"\nreason = "y"\n', 5, "reason"),
        ("year = 20260\n", 1, "年份"),
    ],
)
def test_a_faulty_year_is_refused_with_file_and_line(body: str, line: int, words: str) -> None:
    top, _, tables = body.partition("[[")
    text = top + (f"[[{tables}" if tables else "") + NOTICE
    with pytest.raises(PackFault, match=words) as caught:
        parse_year("2026.toml", text)
    assert caught.value.detail.startswith(f"2026.toml 第 {line} 行：")
    assert caught.value.facts == {"file": "2026.toml", "line": line}


def test_a_year_without_a_notice_or_an_uncited_one_is_refused() -> None:
    with pytest.raises(PackFault, match="缺少字段 notice"):
        parse_year("2026.toml", "year = 2026\n")
    with pytest.raises(PackFault, match="缺少字段 source"):
        parse_year("2026.toml", 'year = 2026\n[notice]\ntitle = "通知"\n')


def test_an_amendment_cannot_free_a_make_up_day_that_it_does_not_withdraw() -> None:
    text = FILES["2020.toml"].replace("withdrawn = [2020-02-01]\n", "")
    with pytest.raises(PackFault, match="2020-02-01 已是调休上班日"):
        parse_year("2020.toml", text)


def test_one_year_written_twice_is_refused() -> None:
    with pytest.raises(PackFault, match=r"b\.toml.*a\.toml"):
        parse_calendar({"a.toml": f"year = 2026\n{NOTICE}", "b.toml": f"year = 2026\n{NOTICE}"})


LOCAL = (
    'year = 2026\nregion = "450000"\n'
    f'off = [{{ festival = "三月三", from = 2026-04-20, to = 2026-04-21 }}]\n{NOTICE}'
)


@pytest.mark.parametrize(
    ("region", "why"), [("450100", "三月三"), ("45", "三月三"), ("440100", ""), ("", "")]
)
def test_a_local_holiday_counts_only_in_its_region(region: str, why: str) -> None:
    calendar = parse_calendar({**FILES, "2026-local.toml": LOCAL}, region=region)
    assert calendar.why_off(date(2026, 4, 20)) == why
    assert (calendar.version == CALENDAR.version) == (not why)
    assert not calendar.is_provisional(date(2026, 4, 20))


def test_a_local_file_may_not_contradict_the_national_one() -> None:
    clash = LOCAL.replace("2026-04-20", "2026-04-06")
    with pytest.raises(PackFault, match="2026-04-06"):
        parse_calendar({**FILES, "2026-local.toml": clash}, region="45")


def test_a_local_file_alone_leaves_the_year_provisional() -> None:
    assert parse_calendar({"local.toml": LOCAL}, region="4501").is_provisional(date(2026, 4, 20))


def test_the_version_follows_the_meaning_and_not_the_wording() -> None:
    again = parse_calendar({name: f"# 注\n{text}" for name, text in FILES.items()})
    assert again.version == CALENDAR.version
    assert re.fullmatch("[0-9a-f]{12}", again.version)
    fewer = {name: text for name, text in FILES.items() if name != "2026.toml"}
    versions = {
        CALENDAR.version,
        parse_calendar(FILES, [Window(480, 720)]).version,
        parse_calendar(fewer, years_after=6).version,
        parse_calendar(FILES, every_day=True).version,
    }
    assert len(versions) == 4


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("09:00-12:00", Window(540, 720)),
        (" 0:00–24:00 ", Window(0, 1440)),
        ("13:30 - 17:30", Window(810, 1050)),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, window: Window) -> None:
    assert Window.parse(text) == window


@pytest.mark.parametrize(
    "text", ["", "9-12", "12:00-09:00", "09:00-09:00", "09:00-24:01", "09:60-12:00", "九点"]
)
def test_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(PackFault):
        Window.parse(text)


@pytest.mark.parametrize("windows", [[], [Window(540, 720), Window(719, 800)]])
def test_no_hours_or_overlapping_hours_are_refused(windows: list[Window]) -> None:
    with pytest.raises(PackFault):
        parse_calendar(FILES, windows)


def test_hours_that_touch_are_allowed_and_sorted() -> None:
    assert in_order([Window(720, 800), Window(540, 720)]) == (Window(540, 720), Window(720, 800))


@pytest.mark.parametrize("edge", [(2, 30), (13, 1), (0, 1)])
def test_a_season_from_a_day_that_does_not_exist_is_refused(edge: tuple[int, int]) -> None:
    with pytest.raises(PackFault):
        Season(edge, (9, 30), (Window(0, 60),))


def test_summer_and_winter_hours_follow_the_date() -> None:
    summer = Season((6, 1), (9, 30), (Window(870, 1080), Window(540, 720)))
    winter = Season((12, 1), (2, 28), (Window(570, 720),))
    calendar = parse_calendar(FILES, seasons=[summer, winter])
    hours = [
        calendar.windows_on(day)
        for day in (date(2026, 6, 1), date(2026, 9, 30), date(2026, 1, 5), date(2026, 5, 29))
    ]
    assert hours == [
        (Window(540, 720), Window(870, 1080)),
        (Window(540, 720), Window(870, 1080)),
        (Window(570, 720),),
        (Window(540, 720), Window(810, 1050)),
    ]
    assert calendar.windows_on(date(2026, 6, 19)) == ()
