"""JSON lines: every line answered, in order, at once."""

import io
import json
from collections.abc import Iterator

import pytest

from classifier.model import Model
from classifier.stream import answer_batch, answer_lines, answer_stream


class Pipe:
    """Gives its chunks one read at a time, like a pipe that fills slowly."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def read1(self, size: int = -1, /) -> bytes:
        return self.chunks.pop(0) if self.chunks else b""


def one(model: Model, line: str | bytes) -> dict:
    (answer,) = answer_batch(model, [line])
    answer.encode()
    assert "\n" not in answer
    return json.loads(answer)


def test_a_line_gets_the_contracts_answer(model: Model) -> None:
    told = one(model, '{"id": "7", "text": "小区停水"}')
    assert set(told) == {"id", "labels", "abstain", "model"}
    assert told["id"] == "7"
    assert told["labels"][0][0] == "供水公司"
    assert isinstance(told["labels"][0][1], float)
    assert told["model"] == model.version


@pytest.mark.parametrize("line_id", ["甲", 12, -0.5, None, True, "\ud800", 'a"b\\'])
def test_an_id_comes_back_as_it_was(model: Model, line_id: object) -> None:
    assert one(model, json.dumps({"id": line_id, "text": "停水"}))["id"] == line_id


def test_empty_text_is_no_error(model: Model) -> None:
    told = one(model, '{"id": 1, "text": " "}')
    assert (told["labels"], told["abstain"]) == ([], True)
    assert "error" not in told


@pytest.mark.parametrize(
    ("line", "line_id"),
    [
        (b"", None),
        (b"   ", None),
        (b"not json", None),
        (b'{"id": 1, "text": "\xff"}', None),
        ("小区停水".encode("gb18030"), None),
        (b"[1, 2]", None),
        (b'"text"', None),
        (b'{"id": 5}', 5),
        (b'{"id": 5, "text": null}', 5),
        (b'{"id": 5, "text": 12}', 5),
        (b'{"id": [1], "text": "x"}', None),
        (b'{"id": NaN, "text": "x"}', None),
        (b'{"id": 1e999, "text": "x"}', None),
        (b'{"id": ' + b"9" * 5000 + b', "text": "x"}', None),
        (b"[" * 200_000, None),
    ],
)
def test_a_line_that_cannot_be_read_says_why_in_chinese(model: Model, line: bytes, line_id: object) -> None:
    told = one(model, line)
    assert (told["id"], told["labels"], told["abstain"]) == (line_id, [], True)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in told["error"])
    assert told["model"] == model.version


def test_good_and_bad_lines_keep_their_order(model: Model) -> None:
    lines = [json.dumps({"id": k, "text": "停水"}) if k % 3 else "broken" for k in range(40)]
    ids = [json.loads(answer)["id"] for answer in answer_batch(model, lines)]
    assert ids == [k if k % 3 else None for k in range(40)]


def test_windows_line_ends_and_marks_are_no_trouble(model: Model) -> None:
    told = one(model, b'\xef\xbb\xbf{"id": 1, "text": "\xe5\x81\x9c\xe6\xb0\xb4"}\r')
    assert told["labels"]


def test_an_answer_comes_before_the_next_line_is_asked_for(model: Model) -> None:
    asked: list[int] = []

    def lines() -> Iterator[str]:
        for k in range(3):
            asked.append(k)
            yield json.dumps({"id": k, "text": "停水"})

    for k, answer in enumerate(answer_lines(model, lines())):
        assert json.loads(answer)["id"] == k
        assert asked == list(range(k + 1))


def test_a_stream_answers_what_has_arrived(model: Model) -> None:
    pipe = Pipe([b'{"id": 1, "text": "a"}\n{"id": 2, "te', b'xt": "', b'b"}\n', b"\n", b'{"id": 3}'])
    batches = [[json.loads(a)["id"] for a in batch] for batch in answer_stream(model, pipe)]
    assert batches == [[1], [2], [None], [3]]


def test_a_file_with_no_last_newline_loses_nothing(model: Model) -> None:
    lines = [json.dumps({"id": k, "text": "小区停水" * 50}) for k in range(3_000)]
    source = io.BufferedReader(io.BytesIO("\n".join(lines).encode()))  # type: ignore[arg-type]
    answers = [answer for batch in answer_stream(model, source) for answer in batch]
    assert [json.loads(answer)["id"] for answer in answers] == list(range(3_000))
    assert list(answer_stream(model, io.BufferedReader(io.BytesIO(b"")))) == []  # type: ignore[arg-type]
