"""How an office document looks in Word (公文版式): fonts, styles, margins and page numbers after GB/T 9704—2012."""

from typing import Any

from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.oxml import serialize_part_xml
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor

from reports.writers.ooxml import SPACES, run

_TITLE, _BODY, _HEAD, _SONG = "方正小标宋简体", "仿宋_GB2312", "黑体", "宋体"
#: Fonts that not every office has, with what Word takes instead.
_INSTEAD = {_TITLE: "宋体", _BODY: "仿宋", _HEAD: "SimHei"}
_LATIN = "Times New Roman"
#: A4 and the margins of an official document in millimetres: top, bottom, left, right.
_PAGE = (210, 297)
_UPRIGHT = (37, 35, 28, 26)
_ACROSS = (26, 25, 20, 20)

#: `— 1 —`, where Word puts the number of the page.
_NUMBER = (
    '<w:t xml:space="preserve">— </w:t>',
    '<w:fldChar w:fldCharType="begin"/>',
    "<w:instrText>PAGE</w:instrText>",
    '<w:fldChar w:fldCharType="separate"/>',
    "<w:t>1</w:t>",
    '<w:fldChar w:fldCharType="end"/>',
    '<w:t xml:space="preserve"> —</w:t>',
)

#: Name, Chinese font, points, bold, alignment, exact line in points, space before and after.
_STYLES: tuple[tuple[str, str, float, bool, WD_ALIGN_PARAGRAPH, float, float, float], ...] = (
    ("Title", _TITLE, 22, False, WD_ALIGN_PARAGRAPH.CENTER, 34, 0, 6),
    ("Subtitle", "楷体_GB2312", 16, False, WD_ALIGN_PARAGRAPH.CENTER, 28, 0, 14),
    ("Heading 1", _HEAD, 16, False, WD_ALIGN_PARAGRAPH.LEFT, 28, 12, 4),
    ("Heading 2", _HEAD, 12, False, WD_ALIGN_PARAGRAPH.CENTER, 20, 8, 4),
    ("Cell", _BODY, 10.5, False, WD_ALIGN_PARAGRAPH.LEFT, 0, 1, 1),
    ("Note", _BODY, 10.5, False, WD_ALIGN_PARAGRAPH.LEFT, 16, 4, 0),
    ("Warning", _HEAD, 14, False, WD_ALIGN_PARAGRAPH.LEFT, 26, 0, 6),
)


def dress(document: Document) -> None:
    """Gives the styles their fonts; every style that the report uses is set here."""
    normal = document.styles["Normal"]
    _font(normal, _BODY, 16)
    form = normal.paragraph_format
    form.space_after, form.space_before = Pt(0), Pt(0)
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(28)
    for name, font, points, bold, side, line, before, after in _STYLES:
        known = [each.name for each in document.styles]
        style = document.styles[name] if name in known else None
        if style is None:
            style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = normal
        _font(style, font, points)
        style.font.bold = bold
        form = style.paragraph_format
        form.alignment = side
        form.space_before, form.space_after = Pt(before), Pt(after)
        if line:
            form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
        else:
            form.line_spacing_rule = WD_LINE_SPACING.SINGLE
        for edge in style.element.xpath("./w:pPr/w:pBdr"):
            edge.getparent().remove(edge)
    _indent(document)
    _language(document)
    _fallbacks(document)
    _undress(document)


def _font(style: Any, font: str, points: float) -> None:
    style.font.size, style.font.name, style.font.italic = Pt(points), _LATIN, False
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for each in list(fonts.attrib):
        if each.endswith("Theme") or each.endswith("theme"):
            del fonts.attrib[each]
    for each in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(each), _LATIN)
    fonts.set(qn("w:eastAsia"), font)
    for each in style.element.xpath("./w:rPr/w:spacing | ./w:rPr/w:kern"):
        each.getparent().remove(each)


def _indent(document: Document) -> None:
    """Body paragraphs begin two characters in."""
    body = document.styles.add_style("Prose", WD_STYLE_TYPE.PARAGRAPH)
    body.base_style = document.styles["Normal"]
    indent = body.element.get_or_add_pPr().get_or_add_ind()
    indent.set(qn("w:firstLineChars"), "200")
    indent.set(qn("w:firstLine"), "640")


def _language(document: Document) -> None:
    for each in document.styles.element.xpath("./w:docDefaults//w:lang"):
        each.set(qn("w:eastAsia"), "zh-CN")


def _fallbacks(document: Document) -> None:
    """Tells Word what to take where a font of official documents is not installed."""
    part = next(
        each for each in document.part.package.iter_parts() if each.partname.endswith("fontTable.xml")
    )
    fonts = parse_xml(part.blob)
    for name, other in (*_INSTEAD.items(), ("楷体_GB2312", "楷体")):
        font = OxmlElement("w:font")
        font.set(qn("w:name"), name)
        instead = OxmlElement("w:altName")
        instead.set(qn("w:val"), other)
        charset = OxmlElement("w:charset")
        charset.set(qn("w:val"), "86")
        font.append(instead)
        font.append(charset)
        fonts.append(font)
    part._blob = serialize_part_xml(fonts)


def _undress(document: Document) -> None:
    """Leaves out the small picture of another document that comes with the empty one."""
    known = document.part.package.rels
    for name in [name for name, each in known.items() if each.reltype.endswith("/thumbnail")]:
        del known[name]


def turn(document: Document, wide: bool, first: bool = False) -> Section:
    """The section of the document that follows, upright or across."""
    section = document.sections[-1] if first else document.add_section(WD_SECTION.NEW_PAGE)
    for end in document.element.body.xpath("./w:p[last()]/w:pPr[w:sectPr and not(w:spacing)]"):
        # the paragraph that ends a section must not be the one that starts another page
        end.insert(0, parse_xml(f'<w:spacing {SPACES} w:line="20" w:lineRule="exact"/>'))
    width, height = (Mm(each) for each in (_PAGE[::-1] if wide else _PAGE))
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = width, height
    margins = [Mm(each) for each in (_ACROSS if wide else _UPRIGHT)]
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = margins
    section.header_distance, section.footer_distance = Mm(15), Mm(15 if wide else 24)
    return section


def across(wide: bool) -> float:
    """Millimetres between the margins."""
    _, _, left, right = _ACROSS if wide else _UPRIGHT
    return _PAGE[wide] - left - right


def edges(section: Section, words: str) -> None:
    """What stands above every page, and its number `— 1 —` below."""
    song = f'<w:rFonts w:eastAsia="{_SONG}"/>'
    head = section.header.paragraphs[0]
    small = f'{song}<w:color w:val="595F66"/><w:sz w:val="18"/>'
    head._p.append(parse_xml(run(words, small, SPACES)))
    head.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    foot = section.footer.paragraphs[0]
    large = f'{song}<w:sz w:val="28"/>'
    for inner in _NUMBER:
        foot._p.append(parse_xml(f"<w:r {SPACES}><w:rPr>{large}</w:rPr>{inner}</w:r>"))
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
