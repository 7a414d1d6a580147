"""The workbook: real numbers, no formula of a stranger, live charts, and how it prints."""

import io
import re
import zipfile
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from reports.writers import xlsx
from reports.writers.sheets import sheet_name
from tests.reports import documents, invented

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


class Book:
    """As much of a workbook as the tests read."""

    def __init__(self, document):
        self.archive = zipfile.ZipFile(io.BytesIO(xlsx.write(document)))
        strings = ElementTree.fromstring(self.archive.read("xl/sharedStrings.xml"))
        self.strings = ["".join(each.itertext()) for each in strings]
        book = ElementTree.fromstring(self.archive.read("xl/workbook.xml"))
        self.names = [each.get("name") for each in book.iter(f"{MAIN}sheet")]
        self.defined = {
            (each.get("name"), int(each.get("localSheetId"))): each.text
            for each in book.iter(f"{MAIN}definedName")
        }
        styles = ElementTree.fromstring(self.archive.read("xl/styles.xml"))
        self.formats = {each.get("numFmtId"): each.get("formatCode") for each in styles.iter(f"{MAIN}numFmt")}
        self.looks = list(styles.find(f"{MAIN}cellXfs"))

    def xml(self, name):
        return ElementTree.fromstring(
            self.archive.read(f"xl/worksheets/sheet{self.names.index(name) + 1}.xml")
        )

    def rows(self, name):
        """Rows of (value, cell): words, or numbers as Excel holds them."""
        for row in self.xml(name).iter(f"{MAIN}row"):
            yield [(self.value(cell), cell) for cell in row.iter(f"{MAIN}c")]

    def value(self, cell):
        raw = cell.findtext(f"{MAIN}v")
        if raw is None or cell.get("t") == "str":
            return raw
        return self.strings[int(raw)] if cell.get("t") == "s" else Decimal(raw)

    def format(self, cell):
        number = self.looks[int(cell.get("s"))].get("numFmtId")
        return self.formats.get(number, number)

    def row(self, name, key):
        return next(row for row in self.rows(name) if any(value == key for value, _ in row))

    def head(self, name):
        return [value for value, _ in self.row(name, "受理" if name != "承办单位" else "名次")]

    def charts(self):
        names = sorted(each for each in self.archive.namelist() if each.startswith("xl/charts/chart"))
        return [ElementTree.fromstring(self.archive.read(each)) for each in names]


@pytest.fixture(scope="module")
def book():
    return Book(documents.week())


def test_the_sheets_come_in_the_order_of_the_report(book):
    assert book.names[:9] == [
        "概况",
        "走势",
        "图表",
        "诉求前列",
        "承办单位",
        "诉求类别",
        "区域",
        "渠道",
        "诉求类型",
    ]
    assert book.names[9:] == [
        "超期工单",
        "热点事项",
        "督办工单",
        "未答复",
        "数据核对",
        "比率口径",
        "计数口径",
    ]


def test_a_rate_is_a_number_with_its_counts_as_neighbours(book):
    row = next(r for r in documents.week()["tables"][0]["rows"] if r["name"] == "墨榆县电信分公司")
    rate = row["rates"]["on_time_rate"]
    cells = book.row("承办单位", "墨榆县电信分公司")
    place = book.head("承办单位").index("按时办结率")
    assert book.head("承办单位")[place - 2 : place] == ["到期应办结", "按时办结"]
    assert [value for value, _ in cells[place - 2 : place]] == [rate["denominator"], rate["numerator"]]
    assert cells[place][0] == Decimal(rate["percent"]) / 100
    assert book.format(cells[place][1]) in ("0.00%", "10")


def test_counts_can_be_summed_to_the_total(book):
    head = book.head("承办单位")
    rows = [[value for value, _ in row] for row in book.rows("承办单位")]
    begin = rows.index(head) + 1
    total = next(n for n, row in enumerate(rows) if "合计" in row)
    for name in ("交办", "到期应办结", "按时办结", "超期", "退单", "解决", "满意"):
        place = head.index(name)
        assert sum(row[place] for row in rows[begin:total]) == rows[total][place]


def test_a_rate_near_a_hundred_is_not_rounded_up_to_it():
    document = documents.week()
    rate = document["totals"]["rates"]["on_time_rate"]
    rate.update(percent="100.00", words="大于99.99%（99999/100000）", numerator=99999, denominator=100000)
    made = Book(document)
    value, cell = next(each for each in made.row("概况", "按时办结率") if each[0] == Decimal("0.9999"))
    assert value and made.format(cell) == '"大于"0.00%'


def test_an_empty_denominator_is_a_dash_and_no_number():
    made = Book(documents.single())
    cells = [value for value, _ in made.row("概况", "满意率")]
    assert cells[1:4] == [0, 0, "–"]


def test_words_of_a_stranger_are_never_a_formula(book):
    formulas = [
        cell.findtext(f"{MAIN}f")
        for name in book.names
        for row in book.rows(name)
        for _, cell in row
        if cell.find(f"{MAIN}f") is not None
    ]
    assert formulas and all(re.fullmatch(r'\w+&"  "&\w+&"/"&\w+', each) for each in formulas)
    for title in (
        invented.HOSTILE,
        "+86 来电反映鹿笺镇自来水浑浊",
        "@所有人 垃圾站清运不及时",
        "-1 楼车库积水",
    ):
        cell = next(cell for value, cell in book.row("超期工单", title) if value == title)
        assert cell.get("t") == "s"
        # as if typed after an apostrophe: editing the cell does not run it either
        assert book.looks[int(cell.get("s"))].get("quotePrefix") == "1"
    assert not any(list(book.xml(name).iter(f"{MAIN}hyperlink")) for name in book.names)


def test_names_of_departments_are_words_too():
    made = Book(documents.megacity())
    assert next(cell for value, cell in made.row("承办单位", "=1+1") if value == "=1+1").get("t") == "s"


def test_charts_refer_to_the_cells_that_hold_their_numbers(book):
    charts = book.charts()
    assert len(charts) == 4
    for chart in charts:
        for formula in (each.text for each in chart.iter(f"{CHART}f")):
            sheet, first, last = re.fullmatch(
                r"'?([^'!]+)'?!\$[A-Z]+\$(\d+):\$[A-Z]+\$(\d+)", formula
            ).groups()
            assert sheet in book.names and int(first) <= int(last)
    ranking = charts[1]
    names, values = (each.text for each in ranking.iter(f"{CHART}f"))
    column, first = re.search(r"!\$([A-Z]+)\$(\d+)", values).groups()
    place = book.head("承办单位").index("按时办结率")
    assert column == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place]
    assert "承办单位" in names
    top = next(row for row in book.rows("承办单位") if any(c.get("r") == f"{column}{first}" for _, c in row))
    assert top[0][0] == 1


def test_heads_stay_on_the_screen_and_on_paper(book):
    for name in book.names:
        sheet = book.xml(name)
        assert sheet.find(f".//{MAIN}pane").get("state") == "frozen"
        setup = sheet.find(f"{MAIN}pageSetup")
        assert setup.get("paperSize") == "9" and setup.get("fitToHeight") == "0"
        assert setup.get("orientation") == ("portrait" if name == "图表" else "landscape")
        footer = sheet.findtext(f".//{MAIN}oddFooter")
        assert "&P" in footer and "&N" in footer and "数据截至2026年11月23日 08:00" in footer
    head = book.row("承办单位", "名次")[0][1].get("r").removeprefix("A")
    number = book.names.index("承办单位")
    assert book.defined[("_xlnm.Print_Titles", number)] == f"承办单位!${head}:${head}"


def test_an_empty_week_has_no_charts_and_says_none():
    made = Book(documents.empty())
    assert made.charts() == [] and "图表" not in made.names
    assert "无" in made.strings and "无——本期没有“办结未答复”的工单。" in made.strings
    assert any("本期没有受理工单" in each for each in made.strings)


def test_the_same_document_gives_the_same_bytes():
    assert xlsx.write(documents.week()) == xlsx.write(documents.week())


@pytest.mark.parametrize(
    ("words", "name"), [("区域/[网格]", "区域--网格-"), ("", "表"), ("长" * 40, "长" * 31), ("渠道", "渠道")]
)
def test_a_sheet_has_a_name_that_excel_takes(words, name):
    assert sheet_name(words) == name
