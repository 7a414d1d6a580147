"""What must be true of the papers of the house (词汇表、依赖锁、文本文件), each rule a line for every fault."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house import Source


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
