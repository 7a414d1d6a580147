"""The report as an official document (Word 报表): fonts and margins of an office, native tables and charts."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.oxml import parse_xml

from reports.writers import content, docx_charts, docx_styles, ooxml
from reports.writers.shape import Chart, Paper, Section, Table, Words

#: Half points of the words in a table, 五号 and 小五, and the millimetres for each character that 五号 needs.
_LARGE, _SMALL, _ROOMY = 21, 18, 4.2


def write(document: Mapping[str, Any]) -> bytes:
    """The report document as .docx; raises KeyError where the document lacks a part."""
    paper = content.paper(document)
    out = io.BytesIO()
    report = _Report(paper)
    report.fill()
    report.file.save(out)
    return docx_charts.settled(out.getvalue())


class _Report:
    """A Word file that is being written from top to bottom."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.file = Document()
        self.charts = 0
        self.wide = False
        docx_styles.dress(self.file)
        made = datetime.fromisoformat(paper.made_at).astimezone(UTC).replace(tzinfo=None)
        told = self.file.core_properties
        told.title, told.author, told.last_modified_by = paper.title, paper.region, paper.region
        told.created = told.modified = made
        told.comments = ""

    def fill(self) -> None:
        """The whole report."""
        paper = self.paper
        section = docx_styles.turn(self.file, wide=False, first=True)
        docx_styles.edges(section, f"{paper.period} · {paper.version} · 数据截至{paper.as_of}")
        self.words(paper.title, "Title")
        self.words(f"（{paper.period}  {paper.version}）", "Subtitle")
        for name, value in paper.facts:
            self.words(f"{name}：{value}", "Note")
        for numeral, each in content.numbered(paper.sections):
            if each.wide != self.wide:
                self.wide = each.wide
                docx_styles.turn(self.file, self.wide)
            self.words(f"{numeral}、{each.title}", "Heading 1")
            self.section(each)

    def section(self, section: Section) -> None:
        """The parts of one section."""
        for part in section.parts:
            if isinstance(part, Words):
                self.words(f"注意：{part.text}" if part.warning else part.text, _style(part))
            elif isinstance(part, Chart):
                self.chart(part)
            else:
                self.table(part, section.title)

    def words(self, text: str, style: str) -> None:
        """One paragraph."""
        self.put(ooxml.paragraph(text, self.file.styles[style].style_id))

    def table(self, table: Table, heading: str) -> None:
        """A table with its title, or the words for an empty one."""
        if table.title != heading:
            self.words(table.title, "Heading 2")
        if table.rows:
            across = docx_styles.across(self.wide)
            roomy = across / sum(ooxml.weights(table.columns)) >= _ROOMY
            self.put(ooxml.table(table, ooxml.Look(_LARGE if roomy else _SMALL, across)))
        else:
            self.words(table.empty, "Prose")
        for note in table.notes:
            self.words(note, "Note")

    def chart(self, chart: Chart) -> None:
        """A native chart and what it says."""
        self.charts += 1
        across = docx_styles.across(self.wide)
        self.put(docx_charts.add(self.file, chart, self.charts, across, self.paper.made_at))
        self.words(chart.said, "Note")

    def put(self, made: str) -> None:
        """Adds XML below what is there, before the set-up of the last section."""
        body = self.file.element.body
        body.insert(len(body) - 1, parse_xml(made))


def _style(words: Words) -> str:
    return "Warning" if words.warning else "Prose"
