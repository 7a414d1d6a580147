"""Where things stand in a pack's files (规则包行号): tomllib gives no lines, a scan of the text does."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

#: Opaque strings and comments, the brackets that let a value run over lines, newlines, and everything else.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]|[^"\'#\[\]{}\n]+|.',
    re.DOTALL,
)
_KEY = r"""("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_HEADER = re.compile(rf"\[\[?\s*{_KEY}(?:\s*\.\s*{_KEY})?")
_CELL = re.compile(_KEY)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake in a pack (规则包错误): where it is and what is wrong."""

    file: str  # "pack/file.toml", or the bare file of a pack that stands alone
    line: int  # 0 where there is no line to name
    words: str
    mend: str = ""

    def __str__(self) -> str:
        """The way a person reads it: `demo-county/limits.toml 第 12 行：…。请……`."""
        place = f"{self.file} 第 {self.line} 行" if self.line else self.file
        return f"{place}：{self.words}" + (f"。{self.mend}" if self.mend else "")

    def as_dict(self) -> dict[str, str | int | None]:
        """Plain JSON: pack, file, line (None for a whole file), what is wrong and what to do."""
        pack, _, file = self.file.rpartition("/")
        return {"pack": pack, "file": file, "line": self.line or None, "says": self.words, "mend": self.mend}


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header or assignment with the number of its first line; a value over several lines stays whole."""
    line, depth, start = 1, 0, 1
    parts: list[str] = []
    for piece in _TOKEN.findall(text + "\n"):
        if piece == "\n" and depth == 0:
            yield start, "".join(parts).strip()
            parts, start = [], line + 1
        elif not piece.startswith("#"):
            parts.append(piece)
        depth += (piece in ("[", "{")) - (piece in ("]", "}"))
        line += piece.count("\n")


def _bare(key: str) -> str:
    return key[1:-1] if key[0] in "\"'" else key


def find_lines(text: str) -> dict[tuple[str, int, str], int]:
    """Where (table, its ordinal, key) stands in valid TOML; "" = header, or top of the file."""
    places: dict[tuple[str, int, str], int] = {}
    seen: Counter[str] = Counter()
    table, index = "", 0
    for line, words in _statements(text):
        header = _HEADER.match(words)
        if header is None:
            cell = _CELL.match(words)
            if cell:
                places.setdefault((table, index, _bare(cell[1])), line)
            continue
        table = _bare(header[1])
        if header[2] is None:
            index = seen[table]
            seen[table] += 1
            places[table, index, ""] = line
        else:
            owner, index, below = table, max(seen[table] - 1, 0), _bare(header[2])
            places.setdefault((owner, index, below), line)
            table = f"{owner}.{below}"
    return places
