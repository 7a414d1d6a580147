"""The Word report: an office's fonts and margins, native tables and charts, figures that stand there."""

import io
import zipfile
from xml.etree import ElementTree

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm

from reports.writers import docx
from tests.reports import documents, invented


def read(document):
    return Document(io.BytesIO(docx.write(document)))


def words(made):
    return [each.text for each in made.paragraphs]


@pytest.fixture(scope="module")
def week():
    return read(documents.week())


def rows(table):
    return [
        ["".join(t.text for t in cell.iter(qn("w:t"))) for cell in row.iter(qn("w:tc"))]
        for row in table._tbl.iter(qn("w:tr"))
    ]


def table(made, head):
    return next(each for each in made.tables if head in rows(each)[0])


@pytest.mark.parametrize("name", ["week", "empty", "single", "corrected", "year", "month", "megacity"])
def test_every_report_can_be_read_back(name):
    document = getattr(documents, name)()
    assert words(read(document))[0] == document["title"]


def test_pages_have_the_margins_of_an_official_document(week):
    first, wide, last = week.sections
    for section in (first, last):
        margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
        assert [round(each.mm) for each in margins] == [37, 35, 28, 26]
        assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert wide.page_width > wide.page_height and abs(wide.page_width - Mm(297)) < Mm(1)


@pytest.mark.parametrize(
    ("style", "font", "points"),
    [("Title", "方正小标宋简体", 22), ("Normal", "仿宋_GB2312", 16), ("Heading 1", "黑体", 16)],
)
def test_chinese_words_have_the_fonts_of_an_office(week, style, font, points):
    fonts = week.styles[style].element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == font
    assert not [each for each in fonts.attrib if "heme" in each]
    assert week.styles[style].font.size.pt == points


def test_fonts_that_are_missing_have_a_second_choice():
    with zipfile.ZipFile(io.BytesIO(docx.write(documents.week()))) as archive:
        table = archive.read("word/fontTable.xml").decode()
    assert '<w:font w:name="仿宋_GB2312"><w:altName w:val="仿宋"/>' in table


def test_figures_stand_with_numerator_and_denominator(week):
    shown = rows(table(week, "名次"))
    for row in documents.week()["tables"][0]["rows"][:9]:
        rate = row["rates"]["on_time_rate"]
        cells = next(each for each in shown if each[1] == row["name"])
        assert cells[5] == f"{rate['percent']}% {rate['numerator']}/{rate['denominator']}"
        assert cells[3:5] == [str(rate["denominator"]), str(rate["numerator"])]
    assert shown[-1][1] == "合计"


def test_heads_are_repeated_and_rows_do_not_break(week):
    for each in week.tables:
        first, *rest = each._tbl.iter(qn("w:tr"))
        assert first.find(f".//{qn('w:tblHeader')}") is not None
        assert all(row.find(f".//{qn('w:cantSplit')}") is not None for row in rest)


def test_pages_are_numbered_and_say_when_the_figures_are_from(week):
    section = week.sections[0]
    assert section.footer.paragraphs[0].text == "— 1 —"
    assert [each.text for each in section.footer._element.iter(qn("w:instrText"))] == ["PAGE"]
    assert section.header.paragraphs[0].text == "2026年第47周 · 第1版 定稿 · 数据截至2026年11月23日 08:00"


def test_charts_are_native_and_carry_their_data():
    with zipfile.ZipFile(io.BytesIO(docx.write(documents.week()))) as archive:
        names = archive.namelist()
        charts = [each for each in names if each.startswith("word/charts/chart")]
        assert len(charts) == 4
        for number in range(1, 5):
            chart = archive.read(f"word/charts/chart{number}.xml")
            ElementTree.fromstring(chart)
            assert b"externalData" in chart and b'showCatName val="0"' in chart
            links = archive.read(f"word/charts/_rels/chart{number}.xml.rels").decode()
            assert f"embeddings/chart{number}.xlsx" in links
            assert zipfile.is_zipfile(io.BytesIO(archive.read(f"word/embeddings/chart{number}.xlsx")))
        body = archive.read("word/document.xml").decode()
    assert body.count("<c:chart ") == 4 and body.count("descr=") == 4


def test_words_of_a_stranger_stay_words(week):
    assert any(invented.HOSTILE in row for row in rows(table(week, "截止时间")))
    assert list(week.element.iter(qn("w:hyperlink"))) == []


def test_an_empty_week_reads_sensibly():
    made = read(documents.empty())
    told = words(made)
    assert any("本期没有受理工单，也没有到期" in each for each in told)
    assert "无——本期没有“办结未答复”的工单。" in told
    assert len(made.sections) == 1
    assert "None" not in "".join(told)


def test_corrections_are_listed():
    assert ["承办单位 墨榆县城市管理局", "按时办结", "5", "6"] in rows(
        table(read(documents.corrected()), "上一版")
    )


def test_the_same_document_gives_the_same_bytes():
    assert docx.write(documents.week()) == docx.write(documents.week())
