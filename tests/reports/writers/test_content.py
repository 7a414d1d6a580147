"""What a report says in which order, for weeks full and empty."""

import pytest

from reports.writers import content
from reports.writers.shape import Chart, Table, Words
from tests.reports import documents


def parts(document, kind):
    return [
        part
        for section in content.paper(document).sections
        for part in section.parts
        if isinstance(part, kind)
    ]


def words(document):
    return "".join(part.text for part in parts(document, Words))


def table(document, code):
    return next(each for each in parts(document, Table) if each.code == code)


def column(shown, code):
    return [row.cells[shown.index(code)] for row in shown.rows]


def test_the_sections_come_in_the_order_of_the_office():
    assert [section.code for section in content.paper(documents.corrected()).sections] == [
        "overview",
        "trend",
        "ranking",
        "shape",
        "departments",
        "dimensions",
        "tickets",
        "checks",
        "differences",
        "annex",
    ]


def test_only_a_later_version_tells_what_it_corrected():
    assert all(section.code != "differences" for section in content.paper(documents.week()).sections)
    shown = table(documents.corrected(), "differences")
    assert shown.rows[0].cells == ("承办单位 墨榆县城市管理局", "按时办结", 5, 6)
    assert "更正版" in words(documents.corrected())


def test_every_figure_of_the_lead_stands_in_the_document():
    document = documents.week()
    counts, rates = document["totals"]["counts"], document["totals"]["rates"]
    said = words(document)
    assert f"受理{counts['received']}件（比上周{document['totals']['change']['received']['words']}）" in said
    assert f"到期应办结{counts['due']}件，按时办结{counts['on_time']}件，超期{counts['late']}件" in said
    for code in ("on_time_rate", "response_rate", "solved_rate", "satisfied_rate"):
        assert rates[code]["words"] in said


def test_rates_stand_as_the_document_words_them_and_are_not_computed_again():
    document = documents.week()
    rate = document["totals"]["rates"]["on_time_rate"]
    rate.update(percent="100.00", words="大于99.99%（99999/100000）", numerator=99999, denominator=100000)
    shown = table(document, "rates").rows[0].cells[1]
    assert (shown.said, shown.beside, shown.sign, str(shown.number)) == (
        "大于99.99%",
        "99999/100000",
        "大于",
        "99.99",
    )


def test_departments_stand_by_rank_and_the_hotline_last():
    shown = table(documents.week(), "department")
    ranks = column(shown, "rank")
    assert ranks[:-1] == sorted(ranks[:-1])
    assert (ranks[-1], column(shown, "name")[-1]) == (None, "热线中心")


def test_categories_stand_below_what_they_belong_to():
    shown = table(documents.week(), "category")
    assert [row.level for row in shown.rows][:5] == [0, 1, 1, 1, 1]


def test_a_tree_that_bites_its_tail_loses_no_row():
    document = documents.week()
    rows = document["tables"][1]["rows"]
    rows[0]["parent"] = rows[1]["key"]
    assert len(table(document, "category").rows) == len(rows)


def test_four_hundred_departments_are_drawn_as_the_first_and_the_last():
    charts = [each for each in parts(documents.megacity(), Chart) if each.code.startswith("ranking")]
    assert [(each.first, each.count) for each in charts] == [(0, 20), (380, 20)]
    assert "共400家" in charts[0].said


@pytest.mark.parametrize(
    "said",
    ["本期没有受理工单，也没有到期", "本期没有受理和办结的工单。", "各单位不排名。"],
)
def test_an_empty_week_says_so(said):
    assert said in words(documents.empty())


def test_an_empty_week_draws_nothing_and_its_tables_say_none():
    document = documents.empty()
    assert parts(document, Chart) == []
    empty = [each for each in parts(document, Table) if not each.rows]
    assert {"days", "department", "category", "overdue"} <= {each.code for each in empty}
    assert all(each.empty.startswith("无") and each.total is None for each in empty)
    assert not any(section.wide for section in content.paper(document).sections)


def test_no_ticket_without_a_reply_is_said_plainly():
    assert table(documents.week(), "no_reply").empty == "无——本期没有“办结未答复”的工单。"


def test_one_ticket_in_an_unfinished_week_without_one_before():
    document = documents.single()
    said = words(document)
    assert "受理1件；其中派单1件" in said and "未定稿" in said
    facts = dict(content.paper(document).facts)
    assert "计到2026年11月18日24时，其后各日尚未过完，不计入" in facts["时限统计"]
    assert "对比期间" not in facts
    assert set(column(table(document, "counts"), "before")) == {None}


def test_restricted_tickets_are_counted_and_not_shown():
    document = documents.week()
    assert table(document, "overdue").notes == ("共7件。", "其中1件限定知悉范围，计入总数，不列明细。")
    document["lists"]["overdue"] = {"total": 2, "withheld": 2, "rows": []}
    assert table(document, "overdue").empty == "没有可以列出的明细。"
    document["lists"]["overdue"] = {"total": 200, "withheld": 0, "rows": document["lists"]["hot"]["rows"]}
    assert table(document, "overdue").notes[-1] == "本表列出前3件，另有197件请在系统中查看。"


def test_sums_that_do_not_agree_are_told_on_the_first_page():
    assert "数据核对有1项不符" in parts(documents.year(), Words)[0].text
    assert column(table(documents.year(), "checks"), "ok") == ["✓ 相符", "✓ 相符", "✗ 不符"]


def test_a_rate_that_the_pack_does_not_have_has_no_column():
    document = documents.week()
    document["indicators"] = [each for each in document["indicators"] if each["code"] != "response_rate"]
    assert "responded/contact_due" not in {each.code for each in table(document, "department").columns}


def test_shares_and_notes_stand_where_the_document_has_them():
    document = documents.week()
    row = document["tables"][4]["rows"][0]
    row["share"] = {**row["rates"]["on_time_rate"], "words": "35.44%（146/412）", "percent": "35.44"}
    document["tables"][0]["rows"][0]["note"] = "承接原市容局"
    assert column(table(document, "type"), "share")[0].said == "35.44%"
    assert "承接原市容局" in column(table(document, "department"), "note")
    assert "note" not in {each.code for each in table(documents.week(), "department").columns}


def test_a_year_stands_by_months():
    assert column(table(documents.year(), "days"), "day")[:2] == ["2026年1月", "2026年2月"]


def test_every_measure_and_indicator_is_explained():
    document = documents.week()
    assert len(table(document, "measures").rows) == len(document["measures"])
    assert table(document, "indicators").rows[0].cells == (
        "按时办结率",
        "按时办结 ÷ 到期应办结",
        "到期应办结中按时办结的占比。",
        "本系统约定",
        "四舍五入，保留2位小数",
    )


def test_one_departments_report_names_it():
    document = documents.week(department={"code": "d0", "name": "墨榆县城市管理局"})
    assert ("承办单位", "墨榆县城市管理局") in content.paper(document).facts


def test_sections_are_numbered_in_chinese():
    sections = content.paper(documents.corrected()).sections * 3
    numerals = [numeral for numeral, _ in content.numbered(sections)]
    assert [numerals[n - 1] for n in (1, 9, 10, 11, 20, 21)] == ["一", "九", "十", "十一", "二十", "二十一"]
