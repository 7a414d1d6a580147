"""Table files on disk (表格文件): .csv or .csv.gz, the encoding judged over the whole file, then read as a stream."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from intake.encoding import decode_lines, encoding_of
from rules.errors import BadInput

_CHUNK = 1 << 20


class Sheet:
    """One table file; `encoding` is what the whole of it can be read as."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """Reads the file once to judge it; `say` gets a line when it is not UTF-8. Raises BadInput."""
        self.path = path
        self.size = 0
        #: Bytes of the (compressed) file that `lines` has taken so far.
        self.taken = 0
        with _plainly(path):
            self.size = path.stat().st_size
            self.encoding = encoding_of(self._chunks())
        if self.encoding != "utf-8-sig":
            say(f"{path.name} 不是 UTF-8，按 GB18030 读取。")

    def lines(self) -> Iterator[str]:
        """The lines with their ends. Raises BadInput where the file breaks off."""
        with _plainly(self.path):
            yield from decode_lines(self._chunks(), self.encoding)

    def header(self) -> list[str]:
        """The names in the first row; none for an empty file. Raises BadInput."""
        try:
            return [cell.strip() for cell in next(csv.reader(self.lines()), [])]
        except csv.Error as fault:
            raise BadInput(f"{self.path.name} 的表头读不出来。") from fault

    def _chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as raw:
            stream: IO[bytes] | gzip.GzipFile = raw
            if self.path.suffix.lower() == ".gz":
                stream = gzip.GzipFile(fileobj=raw, mode="rb")
            while chunk := stream.read(_CHUNK):
                self.taken = raw.tell()
                yield chunk


@contextmanager
def _plainly(path: Path) -> Iterator[None]:
    """Say in plain words what is wrong with a file."""
    try:
        yield
    except FileNotFoundError as fault:
        raise BadInput(f"找不到文件 {path}。") from fault
    except IsADirectoryError as fault:
        raise BadInput(f"{path} 是文件夹，不是文件。") from fault
    except PermissionError as fault:
        raise BadInput(f"没有权限读取 {path}。") from fault
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        raise BadInput(f"压缩文件 {path.name} 不完整或已损坏。", "请重新下载或重新压缩。") from fault


def read_columns(
    sheet: Sheet, texts: Sequence[str], label: str, group: str | None
) -> tuple[list[str], list[str], list[str] | None]:
    """Texts (the columns joined by a newline, empty parts left out), labels and groups, a row each.

    Raises BadInput for a column that is not there and for a row that cannot be read.
    """
    wanted = [*texts, label, *([group] if group else [])]
    reader = csv.reader(sheet.lines())
    places = _places(sheet, next(reader, []), wanted)
    bodies: list[str] = []
    labels: list[str] = []
    groups: list[str] = []
    try:
        for row in reader:
            if not row:
                continue
            cells = [row[at].strip() if at < len(row) else "" for at in places]
            bodies.append("\n".join(cell for cell in cells[: len(texts)] if cell))
            labels.append(cells[len(texts)])
            groups.append(cells[-1])
    except csv.Error as fault:
        raise BadInput(f"{sheet.path.name} 第 {reader.line_num} 行读不出来，可能是引号没有配对。") from fault
    return bodies, labels, groups if group else None


def _places(sheet: Sheet, header: Sequence[str], wanted: Sequence[str]) -> list[int]:
    names = [cell.strip() for cell in header]
    if not names:
        raise BadInput(f"{sheet.path.name} 是空的，没有表头。")
    missing = [name for name in wanted if name not in names]
    if missing:
        there = "、".join(name for name in names if name)
        raise BadInput(f"{sheet.path.name} 没有这些列：{'、'.join(missing)}。", f"现有的列：{there}。")
    return [names.index(name) for name in wanted]
