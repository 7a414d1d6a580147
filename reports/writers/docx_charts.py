"""Charts inside a Word document (Word 图表): native ones, each with the small workbook that Word opens to change it."""

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from docx.document import Document
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml.ns import nsdecls
from xlsxwriter.workbook import Workbook

from reports.writers import plots
from reports.writers.shape import Chart, Ratio

_SHEET = "数据"
#: English metric units in a millimetre.
_EMU = 36000
#: Millimetres: a picture of columns, a bar with its gap and what stands around the bars, and the tallest picture.
_COLUMNS, _BAR, _AROUND, _TALLEST = 80, 4.5, 16, 192
#: Points of the words of a picture, and of one with more bars than this.
_POINTS, _MANY = (9, 7), 36
_RELATIONS = nsdecls("wp", "a", "c", "r", "w")
#: A fixed date inside the archives, so that the same report is the same bytes.
_THEN = (1980, 1, 1, 0, 0, 0)


#: What Excel takes for granted and a newer Word may not: nothing but values beside a bar, square corners, one colour.
_SAID = (
    (
        b'<c:showVal val="1"/>',
        b'<c:showLegendKey val="0"/><c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
        b'<c:showPercent val="0"/><c:showBubbleSize val="0"/>',
    ),
    (b'<c:lang val="en-US"/>', b'<c:lang val="zh-CN"/><c:roundedCorners val="0"/>'),
    (b'<c:grouping val="clustered"/>', b'<c:grouping val="clustered"/><c:varyColors val="0"/>'),
)


def add(document: Document, chart: Chart, number: int, across: float, made_at: str) -> str:
    """Puts a chart into the package; the paragraph that shows it, as XML. `across` is its width in millimetres."""
    workbook, drawing = _workbook(chart, made_at)
    package = document.part.package
    data = Part(PackURI(f"/word/embeddings/chart{number}.xlsx"), CONTENT_TYPE.SML_SHEET, workbook, package)
    outside = b'<c:externalData r:id="rId1"><c:autoUpdate val="0"/></c:externalData>'
    head, _, _ = drawing.partition(b"<c:printSettings>")
    for before, after in _SAID:
        head = head.replace(before, after)
    picture = Part(
        PackURI(f"/word/charts/chart{number}.xml"),
        CONTENT_TYPE.DML_CHART,
        head.removesuffix(b"</c:chartSpace>") + outside + b"</c:chartSpace>",
        package,
    )
    assert picture.relate_to(data, RELATIONSHIP_TYPE.PACKAGE) == "rId1"
    relation = document.part.relate_to(picture, RELATIONSHIP_TYPE.CHART)
    return _frame(chart, number, relation, across)


def _frame(chart: Chart, number: int, relation: str, across: float) -> str:
    tall = _COLUMNS if chart.kind == "columns" else min(_TALLEST, _AROUND + _BAR * chart.count)
    name, said = quoteattr(chart.title), quoteattr(chart.said)
    return (
        f'<w:p {_RELATIONS}><w:pPr><w:pStyle w:val="Cell"/><w:jc w:val="center"/></w:pPr><w:r><w:drawing>'
        f'<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{int(across * _EMU)}" '
        f'cy="{int(tall * _EMU)}"/><wp:docPr id="{100 + number}" name={name} descr={said}/><wp:cNvGraphicFramePr/>'
        f'<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
        f'<c:chart r:id="{relation}"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>'
    )


def _workbook(chart: Chart, made_at: str) -> tuple[bytes, bytes]:
    """The data of a chart as .xlsx, and the chart as Word wants it."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": datetime.fromisoformat(made_at).astimezone(UTC).replace(tzinfo=None)})
        page = book.add_worksheet(_SHEET)
        place = {code: n for n, code in enumerate(chart.series, 1)}
        _data(page, chart, place, book.add_format({"num_format": "0.00%"}))
        cells = plots.Cells(_SHEET, 1, chart.count, 0, place)
        page.insert_chart(0, len(place) + 4, plots.plot(book, chart, cells, _POINTS[chart.count > _MANY]))
    with zipfile.ZipFile(out) as archive:
        return out.getvalue(), archive.read("xl/charts/chart1.xml")


def _data(page: Any, chart: Chart, place: Mapping[str, int], percent: Any) -> None:
    for code, column in place.items():
        page.write_string(0, column, chart.column(code).name)
        for row, cell in enumerate(chart.cells(code), 1):
            if isinstance(cell, Ratio):
                page.write_number(row, column, float((cell.number or 0) / 100), percent)
                page.write_number(row, column + 1, cell.numerator)
                page.write_number(row, column + 2, cell.denominator)
            else:
                page.write_number(row, column, cell if isinstance(cell, int) else 0)
    names = [row.label for row in chart.rows] if chart.kind == "columns" else chart.cells("name")
    for row, (name, cell) in enumerate(zip(names, chart.cells(chart.series[0]), strict=True), 1):
        beside = f"  {cell.beside}" if isinstance(cell, Ratio) else ""
        page.write_string(row, 0, f"{name}{beside}")


def settled(archive: bytes) -> bytes:
    """The same archive without the hour at which it was packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.infolist():
            new.writestr(zipfile.ZipInfo(each.filename, _THEN), old.read(each), zipfile.ZIP_DEFLATED)
    return out.getvalue()
