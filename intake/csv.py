"""Rows of a file, one Request each (批量导入); a bad row is rejected with its line and reason, the others go on.

The file is read as a stream: kept are one row, and some 100 bytes for every row without an external id.
"""

import csv
import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from intake.cells import whole_number
from intake.phone import normal_phone
from intake.request import Request, build
from intake.times import parse_time
from rules.errors import BadInput

#: One row may be this long; it is the limit of Python's reader for one field, so nothing valid is lost by it.
_LONGEST_ROW = 131_072
_MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the file holds what; only `text` must be named."""

    text: str
    received: str | None = None
    channel: str | None = None
    external_id: str | None = None
    caller: str | None = None
    title: str | None = None
    place: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A row that is a request; `line` is the physical line it begins on, the header being 1."""

    line: int
    cells: tuple[str, ...]
    request: Request


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is none, with the reason in Chinese and the cells as they stood."""

    line: int
    cells: tuple[str, ...]
    reason: str


Row = Accepted | Rejected


def rows(
    lines: Iterable[str],
    columns: Columns,
    default_received: datetime,
    *,
    channel_words: Mapping[str, str] | None = None,
) -> Iterator[Row]:
    """Give each data row as Accepted or Rejected; empty lines are passed over.

    `lines` keep their line ends (a quoted field may hold them). `default_received`, aware, is the moment of the
    import: rows get it where no received column is named, and none may lie more than a day after it. Without an
    external id the key is `sha256:` of the mapped cells, `#` and the ordinal among equal rows, so that a second
    run gives the same keys. The header is checked at once: raises BadInput for an empty file, a column that is
    missing, or two of one name.
    """
    reader = _Reader(lines)
    header = _header(reader)
    places = _places(header, columns)
    reader.width = len(header)
    return _rows(reader, len(header), _Mapper(places, default_received, channel_words))


def _header(reader: "_Reader") -> tuple[str, ...]:
    for _, cells, fault in reader:
        if fault:
            raise BadInput(f"读不出表头：{fault}")
        return tuple(cell.strip() for cell in cells)
    raise BadInput("文件是空的，没有表头。")


def _places(header: tuple[str, ...], columns: Columns) -> dict[str, int]:
    """Where in a row each mapped field stands."""
    wanted = {
        field.name: name for field in fields(columns) if (name := getattr(columns, field.name)) is not None
    }
    if doubled := [name for name, times in Counter(header).items() if times > 1 and name]:
        raise BadInput(f"表头有重名的列：{'、'.join(doubled)}。", "请改名后再导入。")
    if missing := [name for name in wanted.values() if name not in header]:
        there = "、".join(name for name in header if name)
        raise BadInput(f"文件里没有这些列：{'、'.join(missing)}。", f"现有的列：{there}。")
    return {field: header.index(name) for field, name in wanted.items()}


def _rows(reader: "_Reader", width: int, mapper: "_Mapper") -> Iterator[Row]:
    for line, cells, fault in reader:
        if fault is None and len(cells) != width:
            fault = f"这一行有{len(cells)}列，表头有{width}列。"
        if fault is None and any("\0" in cell for cell in cells):
            fault = "这一行含有空字节（NUL），文件可能已损坏。"
        if fault is not None:
            yield Rejected(line, cells, fault)
            continue
        try:
            yield Accepted(line, cells, mapper.request(cells))
        except BadInput as wrong:
            yield Rejected(line, cells, wrong.detail)


class _Mapper:
    """Turns the cells of a row into a Request, and counts equal rows for their keys."""

    def __init__(
        self, places: Mapping[str, int], default_received: datetime, channel_words: Mapping[str, str] | None
    ) -> None:
        self._places = places
        self._default = default_received
        self._channel_words = channel_words
        self._seen: Counter[bytes] = Counter()

    def request(self, cells: tuple[str, ...]) -> Request:
        """Raises BadInput where the row is no request."""
        found = {field: cells[place] for field, place in self._places.items()}
        external_id = whole_number(found.get("external_id", ""), "外部编号") or self._key(found)
        received_at, known = self._received(found)
        raw: dict[str, object] = {
            **{field: found.get(field) for field in ("text", "channel", "title", "place", "type")},
            "caller": _caller(found.get("caller", "").strip()),
            "external_id": external_id,
        }
        return build(raw, received_at, received_time_known=known, channel_words=self._channel_words)

    def _key(self, found: Mapping[str, str]) -> str:
        """Counted for rejected rows too: mending one row must not move the keys of its twins after it."""
        written = "\x1e".join(f"{field}\x1f{cell}" for field, cell in sorted(found.items()))
        digest = hashlib.sha256(written.encode("utf-8", "surrogatepass"))
        self._seen[digest.digest()[:16]] += 1
        return f"sha256:{digest.hexdigest()}#{self._seen[digest.digest()[:16]]}"

    def _received(self, found: Mapping[str, str]) -> tuple[datetime, bool]:
        if "received" not in found:
            return self._default, True
        if not found["received"].strip():
            raise BadInput("没有写受理时间。")
        received_at, known = parse_time(found["received"])
        if received_at > self._default + timedelta(days=1):
            raise BadInput(f"受理时间{received_at:%Y-%m-%d}还没有到。")
        return received_at, known


def _caller(said: str) -> dict[str, object] | None:
    """A column of callers holds numbers, names, or the codes of another platform; a wrong number is still a code."""
    if not said:
        return None
    try:
        return {"phone": normal_phone(said)}
    except BadInput:
        coded = "*" not in said and any(letter.isdecimal() for letter in said)
        return {"reference" if coded else "name": said}


class _Reader:
    """Gives (physical line, cells, fault or None). An open quote costs its own line, not the rest of the file."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._line = 1
        self.width: int | None = None

    def __iter__(self) -> Iterator[tuple[int, tuple[str, ...], str | None]]:
        parsed = csv.reader(self._feed(), strict=True)
        while True:
            self._taken.clear()
            try:
                cells = next(parsed)
                self._check(cells)
            except StopIteration:
                return
            except (csv.Error, _BrokenRow):
                yield self._line, (self._taken[0].rstrip("\r\n"),), self._give_back()
                parsed = csv.reader(self._feed(), strict=True)
                continue
            start, self._line = self._line, self._line + len(self._taken)
            if cells:
                yield start, tuple(cells), None

    def _check(self, cells: list[str]) -> None:
        """A row of several lines and the wrong width has an open quote that swallowed the rows after it."""
        if self.width is not None and len(self._taken) > 1 and len(cells) != self.width:
            raise _BrokenRow

    def _feed(self) -> Iterator[str]:
        """Physical lines for the reader; the ones of the row being read are remembered."""
        size = 0
        while True:
            if not self._taken:
                size = 0
            line = self._again.popleft() if self._again else next(self._lines, None)
            if line is None:
                if self._taken:
                    raise _BrokenRow
                return
            if self._line == 1 and not self._taken:
                line = line.removeprefix("\ufeff")  # a byte order mark would hide the quote behind it
            self._taken.append(line)
            size += len(line)
            if len(self._taken) > 1 and (size > _LONGEST_ROW or len(self._taken) > _MOST_LINES):
                raise _BrokenRow
            yield line

    def _give_back(self) -> str:
        """After a fault only the first line is lost: the others are read again by themselves."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self._line += 1
        if len(first) > _LONGEST_ROW:
            return f"这一行有{len(first)}字，太长，最多{_LONGEST_ROW}字。"
        return "引号没有配对，或行尾符号混乱，读不出这一行。"


class _BrokenRow(Exception):
    """A quote was opened and not closed where it should be."""
