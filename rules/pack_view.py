"""The merged pack as people look at it (规则包合并视图): each value with the pack, file and line it comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules.pack_lines import Fault
from rules.pack_records import CHOICES
from rules.pack_sheets import Sheet, key_of
from rules.pack_source import Row
from rules.policy import open_sheets

_CLAUSES = "clauses"


@dataclass(frozen=True, slots=True)
class Value:
    """One row of a table, or one choice of pack.toml, with where it stands and what it replaces (出处).

    `table` is "" for the cells above every table; `replaces` names the places of what packs above had written.
    """

    file: str
    table: str
    key: str
    cells: Mapping[str, Any]
    clause: str
    pack: str
    path: str
    line: int
    replaces: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`national/limits.toml 第 12 行`."""
        return f"{self.path} 第 {self.line} 行"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "file": self.file,
            "table": self.table,
            "key": self.key,
            "value": {key: _plain(cell) for key, cell in self.cells.items()},
            "clause": self.clause or None,
            "assumed": "待核实" in self.clause,
            "origin": {"pack": self.pack, "file": self.file, "line": self.line},
            "replaces": list(self.replaces),
        }


def merged(files: Mapping[str, str]) -> tuple[Value, ...]:
    """All that holds in a pack, file by file in the order in which it is read; the files are those of `parse`.

    Shows what can be read of a faulty pack, too; nothing where the chain does not hold.
    """
    faults: list[Fault] = []
    _, sheets = open_sheets(files, faults, [])
    return tuple(value for sheet in sheets.values() for value in _of(sheet))


def _of(sheet: Sheet) -> Iterator[Value]:
    if sheet.broken:
        return
    if sheet.file == "pack.toml":
        yield from _choices(sheet)
        return
    for table in sheet.tables():
        single = any(isinstance(page.document.get(table), dict) for page in sheet.pages)
        alone = sheet.row(table) if single else None
        rows = [alone] if alone else [] if single else sheet.rows(table)
        yield from (_value(sheet.file, row) for row in rows)


def _value(file: str, row: Row) -> Value:
    cells = {key: cell for key, cell in row.cells.items() if key != "clause"}
    return Value(
        file=file,
        table=row.table,
        key=key_of(row) or row.table,
        cells=cells,
        clause=str(row.cells.get("clause", "")),
        pack=row.page.pack,
        path=row.page.path,
        line=row.line(),
        replaces=tuple(each.place() for each in row.replaces),
    )


def _choices(sheet: Sheet) -> Iterator[Value]:
    top, clauses = sheet.laid(""), sheet.laid(_CLAUSES)
    for key in CHOICES:
        if key not in top.cells:
            continue
        writers = [page for page in sheet.pages if key in page.document]
        home = top.home(key)
        yield Value(
            file=sheet.file,
            table="",
            key=key,
            cells={key: top.cells[key]},
            clause=str(clauses.cells.get(key, "")),
            pack=home.pack,
            path=home.path,
            line=top.line(key),
            replaces=tuple(f"{page.path} 第 {page.line('', 0, key)} 行" for page in writers[1:]),
        )


def _plain(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, date) else cell
