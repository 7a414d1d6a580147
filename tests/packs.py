"""A small county that stays as it is (规则包测试夹具): all files of its chain, by "pack/file", for tests to edit."""

from pathlib import Path

from dispatch import packs

FOLDER = Path(__file__).parent / "rules" / "county"
FILES = packs.read_folder(str(FOLDER), with_cases=True)


def where(file: str, holding: str = "") -> str:
    """The nearest pack's file of that name that holds the text: "pack/file"."""
    return next(name for name, text in FILES.items() if name.endswith(f"/{file}") and holding in text)


def edited(file: str, old: str, new: str) -> tuple[dict[str, str], str, int]:
    """All files with the first `old` of `file` replaced, the file's name, and the line where it stood."""
    name = where(file, old)
    text = FILES[name]
    line = text[: text.index(old)].count("\n") + 1
    return {**FILES, name: text.replace(old, new, 1)}, name, line


def county(**written: str) -> dict[str, str]:
    """All files with `written` added to the county's own page of each file named."""
    files = dict(FILES)
    for file, text in written.items():
        name = f"{FOLDER.name}/{file}.toml"
        files[name] = f"{files.get(name, '')}\n{text}"
    return files
