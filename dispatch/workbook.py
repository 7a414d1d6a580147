"""The first sheet of an .xlsx file as rows of text (表格文件): just enough of ECMA-376 for a list, by the standard library."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

from rules.errors import BadInput

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
#: A list of a few ten thousand rows unpacks to some ten MB; far more is an accident or a trap.
_LARGEST = 200_000_000
#: Number formats of dates that every program knows without naming them (ECMA-376, 18.8.30), Chinese ones among them.
_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  a day number has no zone; the text that is made of it is read as China's
#: What reading a damaged, cut, encrypted or invented package raises; ValueError for numbers that are none.
_BROKEN = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, NotImplementedError, RuntimeError, ElementTree.ParseError,
    OSError,
)  # fmt: skip
_DAYS = range(1, 200_000)


def cells_of(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each row with its number, cells as text; dates as `2026-01-02 13:04:00`. Raises BadInput for what is no workbook."""
    try:
        with zipfile.ZipFile(path) as book:
            if sum(each.file_size for each in book.infolist()) > _LARGEST:
                raise BadInput(f"{path.name} 解开以后太大。", "请只保留清单那一张表，或另存为 CSV。")
            shared, dates = _shared(book), _date_styles(book)
            rows = list(_rows(_part(book, _first_sheet(book)), shared, dates))
    except FileNotFoundError as fault:
        raise BadInput(f"找不到文件 {path}。") from fault
    except _BROKEN as fault:
        raise BadInput(
            f"{path.name} 不是完整的 xlsx 文件。", "请在表格软件里重新另存为 .xlsx 或 CSV。"
        ) from fault
    yield from rows


def _rows(
    sheet: ElementTree.Element, shared: list[str], dates: frozenset[int]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    for at, row in enumerate(sheet.iter(f"{_MAIN}row"), start=1):
        found: dict[int, str] = {}
        for place, cell in enumerate(row.iter(f"{_MAIN}c")):
            found[_column(cell.get("r", ""), place)] = _text(cell, shared, dates)
        cells = tuple(found.get(place, "") for place in range(max(found, default=-1) + 1))
        yield int(row.get("r", at)), cells


def _part(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """One part of the package; no workbook declares a document type, and without one no entity can swell."""
    content = book.read(name)
    if b"DOCTYPE" in content.replace(b"\0", b""):
        raise ElementTree.ParseError
    return ElementTree.fromstring(content)  # noqa: S314  no document type, see above


def _first_sheet(book: zipfile.ZipFile) -> str:
    first = _part(book, "xl/workbook.xml").find(f"{_MAIN}sheets/{_MAIN}sheet")
    if first is None:
        raise KeyError("sheet")
    relations = _part(book, "xl/_rels/workbook.xml.rels")
    wanted = first.get(_RELATION)
    target = next((each.get("Target", "") for each in relations if each.get("Id") == wanted), "")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _shared(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    table = _part(book, "xl/sharedStrings.xml")
    return ["".join(part.text or "" for part in each.iter(f"{_MAIN}t")) for each in table]


def _date_styles(book: zipfile.ZipFile) -> frozenset[int]:
    """Which cell styles show a number as a date."""
    if "xl/styles.xml" not in book.namelist():
        return frozenset()
    styles = _part(book, "xl/styles.xml")
    own = {
        int(each.get("numFmtId", 0))
        for each in styles.iter(f"{_MAIN}numFmt")
        if re.search(r"[ymdh年月日时]", re.sub(r'"[^"]*"|\[[^\]]*\]', "", each.get("formatCode", "")), re.I)
    }
    formats = styles.find(f"{_MAIN}cellXfs")
    used = [int(each.get("numFmtId", 0)) for each in formats] if formats is not None else []
    return frozenset(at for at, number in enumerate(used) if number in _DATES or number in own)


def _column(reference: str, otherwise: int) -> int:
    letters = re.match(r"[A-Z]{1,3}", reference)
    if letters is None:
        return otherwise
    place = 0
    for letter in letters[0]:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def _text(cell: ElementTree.Element, shared: list[str], dates: frozenset[int]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{_MAIN}t"))
    value = cell.find(f"{_MAIN}v")
    said = (value.text or "") if value is not None else ""
    if cell.get("t") == "s":
        return shared[int(said)] if said.isdigit() and int(said) < len(shared) else ""
    if cell.get("t") in (None, "n") and int(cell.get("s", 0)) in dates:
        return _day(said)
    return said


def _day(said: str) -> str:
    """A day number as the text that people would have typed; a whole one is a bare date."""
    try:
        days = float(said)
    except ValueError:
        return said
    if int(days) not in _DAYS:
        return said
    at = _EPOCH + timedelta(seconds=round(days * 86_400))
    return f"{at:%Y-%m-%d}" if days == int(days) else f"{at:%Y-%m-%d %H:%M:%S}"
