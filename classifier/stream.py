"""JSON lines through a model (逐行预测): `hotline predict` of the contract; every line is answered."""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, Protocol

from classifier.model import Model, Suggestion

_READ = 1 << 20
_NOTHING = Suggestion((), (), True, (), "")


class Source(Protocol):
    """A binary file that can give what is there without waiting for more, like `sys.stdin.buffer`."""

    def read1(self, size: int = ..., /) -> bytes:
        """At most `size` bytes, none only at the end."""


class _Unreadable(ValueError):
    """这一行不是有效的 JSON。"""

    def __init__(self, words: str, line_id: object = None) -> None:
        super().__init__(words)
        self.line_id = line_id


def answer_lines(model: Model, lines: Iterable[str | bytes]) -> Iterator[str]:
    """One answer, without its newline, for every line as it comes: nothing is held back for a batch."""
    for line in lines:
        yield from answer_batch(model, [line])


def answer_stream(model: Model, source: Source) -> Iterator[list[str]]:
    """Answers in batches as large as what could be read at once: prompt on a terminal, fast on a file.

    Write and flush after every batch. Lines end at a newline only; a last line needs none.
    """
    begun: list[bytes] = []  # pieces of a line whose end has not come yet
    while chunk := source.read1(_READ):
        first, *others = chunk.split(b"\n")
        begun.append(first)
        if others:
            yield answer_batch(model, [b"".join(begun), *others[:-1]])
            begun = [others[-1]]
    if any(begun):
        yield answer_batch(model, [b"".join(begun)])


def answer_batch(model: Model, lines: Iterable[str | bytes]) -> list[str]:
    """`{"id","text"}` to `{"id","labels","abstain","model"}`, in order, one for one.

    A line that cannot be read gets no label, abstains, and says why in `error`; its id is null where it could
    not be read.
    """
    asked = [_read(line) for line in lines]
    answers = iter(model.suggest_many([text for _, text, error in asked if error is None], explain=False))
    return [
        _write(model, line_id, _NOTHING if error else next(answers), error) for line_id, _, error in asked
    ]


def _read(line: str | bytes) -> tuple[object, str, str | None]:
    try:
        line_id, text = _parse(line)
    except _Unreadable as fault:
        return fault.line_id, "", str(fault)
    return line_id, text, None


def _parse(line: str | bytes) -> tuple[object, str]:
    try:
        told = line.decode("utf-8") if isinstance(line, bytes) else line
    except UnicodeDecodeError as fault:
        raise _Unreadable("这一行不是 UTF-8 编码，请转换后再试。") from fault
    try:
        asked: Any = json.loads(told.removeprefix("\ufeff"), parse_constant=_refuse)
    except (ValueError, RecursionError) as fault:
        raise _Unreadable('这一行不是有效的 JSON，请按 {"id", "text"} 填写。') from fault
    if not isinstance(asked, dict):
        raise _Unreadable('这一行不是 JSON 对象，请按 {"id", "text"} 填写。')
    line_id = asked.get("id")
    if not isinstance(line_id, str | int | float | None) or (
        isinstance(line_id, float) and math.isinf(line_id)
    ):
        raise _Unreadable("id 应是文字或数字。")
    text = asked.get("text")
    if not isinstance(text, str):
        raise _Unreadable("缺少 text，或 text 不是文字。", line_id)
    return line_id, text


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _write(model: Model, line_id: object, answer: Suggestion, error: str | None) -> str:
    told = {"id": line_id, "labels": answer.labels, "abstain": answer.abstain, "model": model.version}
    if error:
        told["error"] = error
    line = json.dumps(told, ensure_ascii=False)
    if line.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in line):
        return line
    return json.dumps(told)  # half a character in the id: only its escape can be written as UTF-8
