"""The report as one page (网页报表): nothing outside it, no script, fit for a phone and for printing on A4."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from reports.writers import content, pictures

#: Where the templates are; a page of the desk may import `charts.html` from here.
TEMPLATES = Path(__file__).parent / "templates"

_templates = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(default=True, enabled_extensions=("html", "css")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write(document: Mapping[str, Any]) -> bytes:
    """The report document as HTML in UTF-8; raises KeyError where the document lacks a part."""
    paper = content.paper(document)
    html = _templates.get_template("report.html").render(
        paper=paper,
        sections=list(content.numbered(paper.sections)),
        bars=pictures.bars,
        pillars=pictures.pillars,
    )
    return html.encode()
