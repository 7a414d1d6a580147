"""What must be true of the papers of the house (词汇表、依赖锁、文本文件), each rule a line for every fault."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house import DOORS, ROOMS, Source


def glossary_rows(text: str) -> list[tuple[str, str]]:
    """(identifier, 中文) of every table row whose first cell is code."""
    return re.findall(r"^\|\s*`([^`]+)`\s*\|\s*([^|]+?)\s*\|", text, re.MULTILINE)


def words_of(sources: Iterable[Source]) -> str:
    """Every identifier of the code, and every string that is one word, in lower case, a line each."""
    found: set[str] = set()
    for node in (node for source in sources for node in ast.walk(source.tree)):
        for slot in ("id", "attr", "arg", "name"):
            found.add(getattr(node, slot, None) or "")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value if re.fullmatch(r"[A-Za-z_][\w-]*", node.value) else "")
    return "\n".join(sorted(found)).lower().replace("-", "_")


def strange_words(rows: Sequence[tuple[str, str]], code: str) -> Iterator[str]:
    """Glossary rows without code, and two words for one thing."""
    for english, chinese in rows:
        if not re.search(rf"(?<![a-z]){re.escape(english)}(e?s)?(?![a-z])", code):
            yield f"{english} {chinese} stands in no code"
    for side in zip(*rows, strict=True):
        yield from (f"{each} stands twice" for each in sorted({w for w in side if side.count(w) > 1}))


def spoken(texts: Iterable[tuple[str, str]]) -> str:
    """All that the rooms and doors say: their code, pages and packs, without tests and papers."""
    return "\n".join(
        text
        for path, text in texts
        if path.partition("/")[0] in (*ROOMS, *DOORS) and not path.endswith(".md")
    )


def unspoken_words(rows: Sequence[tuple[str, str]], said: str) -> Iterator[str]:
    """Glossary rows whose 中文 nobody is ever told."""
    yield from (f"{english} {chinese} is said nowhere" for english, chinese in rows if chinese not in said)


def pins(lock: str) -> dict[str, str]:
    """Requirement name → the pin with its marker, as a lock writes them."""
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*])?(==[^\\\n]*?)\s*\\?$", lock, re.MULTILINE)
    return {canonicalize_name(name): pin for name, pin in found}


def loose_pins(lock: str) -> Iterator[str]:
    """Lines of a lock that are neither a pin nor its hash, and pins without one."""
    entries = re.split(r"^(?=[^\s#])", lock, flags=re.MULTILINE)
    for entry in filter(str.strip, entries):
        lines = [line.strip().removesuffix("\\").strip() for line in entry.splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        if lines and not pins(entry):
            yield f"not a pin: {lines[0]}"
        if len(lines) == 1:
            yield f"no hash: {lines[0]}"
        yield from (
            f"not a hash: {x}" for x in lines[1:] if not re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", x)
        )


def stale_pins(pyproject: str, lock: str, extra: str | None = None) -> Iterator[str]:
    """Requirements of pyproject.toml that the lock lacks or pins outside their range."""
    project = tomllib.loads(pyproject)["project"]
    pinned = pins(lock)
    optional = project["optional-dependencies"][extra] if extra else []
    for wanted in map(Requirement, [*project["dependencies"], *optional]):
        pin = pinned.get(canonicalize_name(wanted.name), "").partition(";")[0].strip().removeprefix("==")
        if not pin or not wanted.specifier.contains(pin, prereleases=True):
            yield f"{wanted} is locked as {pin or 'nothing'}"


STRANGERS = (
    r"--(?:extra-)?index-url",
    r'"resolved": *"http',
    r"registry *= *.?http",
    r"files\.[a-z]+\.org/packages",
    r"\bpypi\.org|\bpythonhosted\b|\bregistry\.npm|\bmirrors?\.[a-z]+\.(?:com|cn|edu)",
    r"(?:^|[^a-zA-Z0-9_.])/(?:work|farm|root|Users)/",
    r"(?:^|[^a-zA-Z0-9_.])/home/[a-z]",
)


def strangers(path: str, text: str) -> Iterator[str]:
    """Lines that name a package registry's host or a folder of somebody's machine."""
    for number, line in enumerate(text.splitlines(), 1):
        if any(re.search(pattern, line) for pattern in STRANGERS):
            yield f"{path}:{number}: {line.strip()[:100]}"


def texts(house: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of every text file that git would keep, read without git: a source archive has none."""
    ignored = [line.rstrip("/") for line in (house / ".gitignore").read_text().splitlines() if line]
    pending = [house]
    while pending:
        for each in sorted(pending.pop().iterdir()):
            inside = each.relative_to(house).as_posix()
            if each.name == ".git" or any(fnmatch(each.name, p) or inside == p for p in ignored):
                continue
            if each.is_dir():
                pending.append(each)
            elif b"\0" not in (raw := each.read_bytes()):
                yield inside, raw.decode("utf-8")


@dataclass(frozen=True, slots=True)
class Block:
    """Commands of a paper as they stand, where they stand, and what the paper says that they print.

    `apart` marks those that stay in a terminal of their own (```sh apart).
    """

    line: int
    heading: str
    commands: str
    shown: str | None
    apart: bool


_PARTS = re.compile(
    r"^## (?P<heading>[^\n]+)$|^```(?P<kind>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)


def blocks(paper: str) -> list[Block]:
    """The ```sh blocks of a paper, each with the ```text block that follows it, if one does."""
    found: list[Block] = []
    heading, end = "", 0
    for part in _PARTS.finditer(paper):
        if part["heading"]:
            heading = part["heading"]
            continue
        kind, _, mark = part["kind"].partition(" ")
        if kind == "sh":
            line = paper.count("\n", 0, part.start()) + 1
            found.append(Block(line, heading, part["body"], None, mark == "apart"))
        elif kind == "text" and found and not paper[end : part.start()].strip():
            last = found.pop()
            found.append(Block(last.line, last.heading, last.commands, part["body"], last.apart))
        end = part.end()
    return found


def is_shown(shown: str, printed: str) -> bool:
    """Whether the paper shows what was printed; … stands for anything, on a line of its own for any lines."""
    lines = [line.rstrip() for line in shown.strip().splitlines()]
    pattern = "".join(
        "(?s:.*)" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + r"[ \t]*(?:\n|\Z)"
        for line in lines
    )
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None


def unproven(paper: str) -> Iterator[str]:
    """Claims (numbered headings) without a command, or with one whose answer the paper does not show."""
    said = blocks(paper)
    for claim in re.findall(r"^## (\d+\. .+)$", paper, re.MULTILINE):
        proofs = [each for each in said if each.heading == claim]
        if not any(each.shown for each in proofs):
            yield f"{claim}: no command with its answer"


def strange_tables(paper: str, code: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Where a table of wire words (heading → word → 中文) says other than the code, in either direction."""
    for heading, words in code.items():
        section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", paper, re.MULTILINE | re.DOTALL)
        rows = glossary_rows(section[1]) if section else []
        for english, chinese in sorted(set(rows) ^ set(words.items())):
            where = "only in the glossary" if (english, chinese) in rows else "only in the code"
            yield f"{heading}: {english} {chinese} stands {where}"
        yield from (
            f"{heading}: {each} stands twice" for each in sorted({w for w in rows if rows.count(w) > 1})
        )
