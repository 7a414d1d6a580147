"""Which encoding a file is in, whatever the chunks."""

from collections.abc import Iterator

import pytest

from intake.encoding import decode_lines, encoding_of
from rules.errors import BadInput

TEXT = "内容,时间\n路灯不亮,2026-07-01\n" + "井盖松动，车辆经过响声很大,2026-07-02\n" * 5 + "最后一行没有换行"


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize(
    ("written", "encoding"), [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030")]
)
def test_utf8_comes_first_and_gb18030_second(written: str, encoding: str, size: int) -> None:
    data = TEXT.encode(written)
    assert encoding_of(chunks(data, size)) == encoding
    lines = list(decode_lines(chunks(data, size), encoding))
    assert "".join(lines) == TEXT
    assert lines == TEXT.splitlines(keepends=True)


def test_only_newlines_end_a_line() -> None:
    assert list(decode_lines([b"a\x0bb\r\nc\x0c\n"], "utf-8-sig")) == ["a\x0bb\r\n", "c\x0c\n"]
    assert list(decode_lines([], "utf-8-sig")) == []


@pytest.mark.parametrize("size", [1, 5, 10_000])
@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a,b\n1,2\n\xff\xff,3\n", 3),
        (TEXT.encode("utf-16"), 1),
        ((TEXT + "\n").encode() + b"\xe4\xb8\n", 9),
        ((TEXT + "\n").encode() + "路灯".encode("gb18030") + b"\n", 9),
        (TEXT.encode()[:-1], 8),
    ],
)
def test_a_file_that_is_neither_names_its_first_bad_line(data: bytes, line: int, size: int) -> None:
    with pytest.raises(BadInput, match=f"第{line}行"):
        encoding_of(chunks(data, size))


def test_plain_ascii_and_an_empty_file_are_utf8() -> None:
    assert encoding_of([b"a,b\n", b"1,2\n"]) == "utf-8-sig"
    assert encoding_of([]) == "utf-8-sig"
