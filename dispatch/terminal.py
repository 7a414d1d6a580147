"""What a command says and how it ends (终端): plain words, tables, a progress bar, exit codes; never a traceback."""

import json
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column, Table
from rich.text import Text
from typer.core import TyperGroup

from rules.errors import BadInput, DeskError

#: By the names of the errors that the command line library raises for what people get wrong.
_MISUSE = {"MissingParameter": "缺少参数", "NoSuchOption": "没有这个选项", "BadParameter": "参数的值不对"}


class Door(TyperGroup):
    """Gives every way of ending its exit code: 0 done, 1 done but something was rejected, 2 wrong use or no reach.

    A command returns its exit code, or None for 0.
    """

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line and leave the process."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader left; nothing may be flushed at it
            code = 1
        except Exception as fault:
            code = 2
            say(explained(fault))
        sys.exit(code if isinstance(code, int) else 0)


def explained(fault: Exception) -> str:
    """Why a command failed and what to do, in Chinese."""
    match fault:
        case DeskError():
            return f"出错：{fault.detail}" + (f"\n{fault.advice}" if fault.advice else "")
        case OSError():
            where = f"{fault.filename}：" if fault.filename else ""
            return f"出错：{where}{fault.strerror or fault}。请检查路径、权限和磁盘空间。"
        case _ if hasattr(fault, "format_message"):
            said = fault.format_message()
            if type(fault).__name__ == "NoArgsIsHelpError":
                return str(said)
            return f"{_MISUSE.get(type(fault).__name__, '命令写法不对')}：{said}\n用 --help 查看用法。"
        case _:
            name = type(fault).__name__
            return f"出错：程序内部错误（{name}：{str(fault)[:300]}），请把这一行告诉维护人员。"


def names_in(words: str) -> list[str]:
    """The names in a list that is parted by commas."""
    return [each.strip() for each in words.split(",") if each.strip()]


def say(words: str) -> None:
    """A line for people, on standard error."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def write(words: str) -> None:
    """A line of the result, on standard output."""
    sys.stdout.write(f"{words}\n")


def answer(as_json: bool, data: Any, human: str | Callable[[], None]) -> None:
    """The result: one JSON document, or what people read."""
    if as_json:
        # JSON is UTF-8; a terminal that speaks another language gets the same document in escapes.
        plain = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8"
        write(json.dumps(data, ensure_ascii=plain))
    elif isinstance(human, str):
        write(human)
    else:
        human()


def writable(out: Path | None, example: str = "周报.json") -> None:
    """Said before the work is done, and a report perhaps given out. Raises BadInput for a place where no file can be."""
    if out is None:
        return
    if out.is_dir():
        raise BadInput(f"{out} 是文件夹。", hint=f"请写明文件名，例如 {example}。")
    if not out.parent.is_dir():
        raise BadInput(f"没有文件夹 {out.parent}。", hint="请先建立，或换一个位置。")


def put(path: Path, content: bytes) -> None:
    """The file, whole or not there, and a line that says where. Raises OSError."""
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    say(f"已写到 {path}")


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows for people, on standard output; cells are shown as they are, without markup. Without rows it says so."""
    if not rows:
        write("（没有）")
        return
    shown = Table(*(Column(header, overflow="fold") for header in headers))
    for row in rows:
        shown.add_row(*(Text(str(cell)) for cell in row))
    Console(file=sys.stdout).print(shown)


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """A progress bar on a terminal's standard error, nothing elsewhere; told how much is done, and in which words."""
    console = Console(stderr=True)
    looks = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*looks, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done, words: progress.update(task, completed=done, description=words)


def peak_mb() -> float:
    """The most memory this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
