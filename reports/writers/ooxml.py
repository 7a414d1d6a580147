"""Paragraphs and tables of Word as XML (Word 段落与表格): built as text, since a large table takes minutes otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from docx.oxml.ns import nsdecls

from reports.writers.shape import NOTHING, Cell, Change, Column, Ratio, Row, Table

#: Namespaces that the root of a fragment declares.
SPACES = nsdecls("w")
#: Twips in a millimetre.
TWIPS = 56.7
#: Twips of a digit for each half point of its size, and of what a cell keeps free at its sides.
_DIGIT, _INSIDE = 5, 100
_LINE = '<w:{0} w:val="single" w:sz="4" w:space="0" w:color="595F66"/>'
_EDGES = "".join(_LINE.format(each) for each in ("top", "left", "bottom", "right", "insideH", "insideV"))


@dataclass(frozen=True, slots=True)
class Look:
    """How the words of a table look: size in half points, millimetres that the table may be wide.

    `abreast`: a rate and its counts have room side by side.
    """

    size: int
    across: float
    abreast: bool = True


def run(words: str, style: str = "", spaces: str = "") -> str:
    """Words with run properties; `spaces` where they stand alone."""
    inner = f"<w:rPr>{style}</w:rPr>" if style else ""
    return f'<w:r {spaces}>{inner}<w:t xml:space="preserve">{escape(words)}</w:t></w:r>'


def paragraph(words: str, style: str) -> str:
    """One paragraph in a named style."""
    return f"<w:p {SPACES}><w:pPr><w:pStyle w:val={quoteattr(style)}/></w:pPr>{run(words)}</w:p>"


def table(shown: Table, look: Look) -> str:
    """A table with a head that is repeated on every page and rows that do not break."""
    widths = _widths(shown.columns, look.across)
    grid = "".join(f'<w:gridCol w:w="{each}"/>' for each in widths)
    head = "".join(
        _cell(run(column.name, _bold(look)), width, "center", fill="E9EDF1")
        for column, width in zip(shown.columns, widths, strict=True)
    )
    rows = [f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{head}</w:tr>"]
    body = [*shown.rows, shown.total] if shown.total else shown.rows
    look = replace(look, abreast=all(_abreast(row.cells, widths, look) for row in body))
    rows += (_line(row, shown.columns, widths, look, total=row is shown.total) for row in body)
    return (
        f'<w:tbl {SPACES}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{_EDGES}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="50" '
        f'w:type="dxa"/><w:right w:w="50" w:type="dxa"/></w:tblCellMar><w:tblCaption w:val={quoteattr(shown.title)}/>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def weights(columns: Sequence[Column]) -> list[int]:
    """Characters that each column wants; a rate has its counts beside it."""
    return [column.width + (2 if column.kind in ("rate", "change") else 0) for column in columns]


def _widths(columns: Sequence[Column], across: float) -> list[int]:
    """Twips of each column: the table fills the page, in proportion to what the columns hold."""
    wanted = weights(columns)
    return [int(across * TWIPS * each / sum(wanted)) for each in wanted]


def _line(row: Row, columns: Sequence[Column], widths: Sequence[int], look: Look, total: bool) -> str:
    cells = []
    for column, width, cell in zip(columns, widths, row.cells, strict=True):
        inset = 160 * min(row.level, 4) if column.code == "name" else 0
        cells.append(_cell(_words(cell, look, total), width, _side(column), inset=inset))
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(cells)}</w:tr>"


def _abreast(cells: Sequence[Cell], widths: Sequence[int], look: Look) -> bool:
    """Whether every rate of a row has room for its counts beside it: a digit is half as wide as high."""
    return all(
        ((len(cell.said) + 1) * look.size + len(cell.beside) * (look.size - 3)) * _DIGIT <= width - _INSIDE
        for cell, width in zip(cells, widths, strict=True)
        if isinstance(cell, Ratio)
    )


def _side(column: Column) -> str:
    if column.code in ("rank", "before", "ok"):
        return "center"
    return "left" if column.kind == "text" else "right"


def _words(cell: Cell, look: Look, total: bool) -> str:
    style = _bold(look) if total else _plain(look)
    if isinstance(cell, Ratio):
        if not cell.beside:
            return run(NOTHING, style)
        small = f'<w:sz w:val="{look.size - 3}"/><w:szCs w:val="{look.size - 3}"/>'
        between = run(" ", small) if look.abreast else f"<w:r><w:rPr>{small}</w:rPr><w:br/></w:r>"
        return f"{run(cell.said, style)}{between}{run(cell.beside, small)}"
    if isinstance(cell, Change):
        return run(cell.words, style)
    return run(NOTHING if cell is None or cell == "" else str(cell), style)


def _plain(look: Look) -> str:
    return f'<w:sz w:val="{look.size}"/><w:szCs w:val="{look.size}"/>'


def _bold(look: Look) -> str:
    return f'<w:rFonts w:eastAsia="黑体"/><w:b/>{_plain(look)}'


def _cell(runs: str, width: int, side: str, fill: str = "", inset: int = 0) -> str:
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    set_in = f'<w:ind w:left="{inset}"/>' if inset else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}<w:vAlign w:val="center"/></w:tcPr><w:p><w:pPr>'
        f'<w:pStyle w:val="Cell"/>{set_in}<w:jc w:val="{side}"/></w:pPr>{runs}</w:p></w:tc>'
    )
