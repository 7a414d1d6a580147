"""The files of a pack and of the packs it extends (规则包的继承): read, and put in line from the city up to the nation."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rules.pack_lines import Fault, find_lines

_SYNTAX = re.compile(r"\(at line (\d+), column \d+\)")
HEAD = "pack.toml"


class Page:
    """One file of one pack: its tables, where they stand, and the list that its faults go to."""

    def __init__(self, pack: str, file: str, text: str, faults: list[Fault]) -> None:
        """`pack` is "" for a pack that stands alone and was not told by what name it is kept."""
        self.pack = pack
        self.file = file
        self.path = f"{pack}/{file}" if pack else file
        self.broken = False
        self.document: Mapping[str, Any] = {}
        self._faults = faults
        self._lines: dict[tuple[str, int, str], int] = {}
        self._load(text)

    def _load(self, text: str) -> None:
        try:
            self.document = tomllib.loads(text)
            self._lines = find_lines(text.replace("\r\n", "\n"))
        except tomllib.TOMLDecodeError as problem:
            self.broken = True
            where = _SYNTAX.search(str(problem))
            line = int(where[1]) if where else text.rstrip("\n").count("\n") + 1
            words = "不符合 TOML 格式，请检查引号、括号和等号，键不能重复"
            self._faults.append(Fault(self.path, line, words))

    def line(self, table: str, index: int, key: str) -> int:
        """The best line known: the key, else its table's header, else the table's name, else the first."""
        spots = ((table, index, key), (table, index, ""), ("", 0, table), (key, 0, ""))
        return next((self._lines[spot] for spot in spots if spot in self._lines), 1)

    def fault(self, table: str, index: int, key: str, words: str, mend: str = "") -> None:
        """Note a mistake at the best line known, and what to do about it."""
        self._faults.append(Fault(self.path, self.line(table, index, key), words, mend))


@dataclass(frozen=True, slots=True)
class Chain:
    """A pack and what it extends (继承链): names from the city up to the nation, and all their files by (pack, file).

    `whole` is False where the chain cannot be followed to its end: then nothing else is worth looking at.
    """

    packs: tuple[str, ...]
    pages: Mapping[tuple[str, str], Page]
    whole: bool

    def of(self, file: str) -> tuple[Page, ...]:
        """The pages of that name, the city's first."""
        return tuple(self.pages[pack, file] for pack in self.packs if (pack, file) in self.pages)

    @property
    def leaf(self) -> str:
        """The pack that was asked for; "" where it goes by no name."""
        return self.packs[0] if self.packs else ""


def follow(files: Mapping[str, str], faults: list[Fault]) -> Chain:
    """The chain that `files` hold: keys are "pack/file", or bare file names for a pack that stands alone.

    Rings, a second pack that nobody extends and a missing parent are noted in `faults`.
    """
    pages = {}
    for name, text in files.items():
        pack, _, file = name.rpartition("/")
        pages[pack, file] = Page(pack, file, text, faults)
    names = list(dict.fromkeys(pack for pack, _ in pages))
    parents = {name: _parent(pages.get((name, HEAD))) for name in names}
    leaves = [name for name in names if name not in {parents[other] for other in names if other != name}]
    packs: list[str] = []
    whole = not any((name, HEAD) in pages and not _says(pages[name, HEAD]) for name in names)
    current: str | None = (leaves or names or [""])[0]
    while current is not None:
        packs.append(current)
        above = parents.get(current)
        if above is not None and (above in packs or above not in names):
            pages[current, HEAD].fault("", 0, "extends", *_no_way(above, packs))
            whole = False
            break
        current = above
    for name in names:
        if whole and name not in packs:
            faults.append(Fault(f"{name}/{HEAD}", 0, f"规则包“{packs[0]}”用不到它", "请去掉这个文件夹"))
    return Chain(tuple(packs), pages, whole)


def _no_way(above: str, packs: list[str]) -> tuple[str, str]:
    if above in packs:
        ring = " → ".join([*packs[packs.index(above) :], above])
        return f"继承绕了一圈：{ring}", "请改写 extends，最上一级不写 extends"
    return f"找不到上级规则包“{above}”", "请写一个随系统提供的名字，或把它的文件夹放在同一目录下"


def _says(page: Page) -> bool:
    """Whether a pack.toml can be read and says in a text what it extends, if anything."""
    given = page.document.get("extends", "x")
    if not page.broken and not (isinstance(given, str) and given.strip()):
        page.fault("", 0, "extends", "extends 应是一个规则包的名字", '例如 extends = "national"')
        return False
    return not page.broken


def _parent(page: Page | None) -> str | None:
    """The name in `extends`."""
    found = page.document.get("extends") if page else None
    return found.strip() if isinstance(found, str) and found.strip() else None
