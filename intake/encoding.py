"""Which encoding a file is in, and its lines (编码): UTF-8, else GB18030, else the first bad line is named."""

import codecs
from collections.abc import Iterable, Iterator

from rules.errors import BadInput

#: So many characters beyond ASCII that read as UTF-8 are no accident: the file is damaged, not GB18030.
_SURELY_UTF8 = 20


def encoding_of(chunks: Iterable[bytes]) -> str:
    """Say how a whole file is to be decoded: "utf-8-sig", else "gb18030" (tell people so); streaming.

    Raises BadInput naming the first line that is neither, or that is damaged in what surely is UTF-8.
    """
    utf8, gb18030 = _Check("utf-8-sig"), _Check("gb18030")
    for chunk in chunks:
        utf8.see(chunk)
        gb18030.see(chunk)
        if utf8.bad_line and (gb18030.bad_line or utf8.beyond_ascii >= _SURELY_UTF8):
            break
    utf8.end()
    gb18030.end()
    if utf8.bad_line is None:
        return "utf-8-sig"
    if utf8.beyond_ascii >= _SURELY_UTF8:
        raise BadInput(
            f"第{utf8.bad_line}行不是完整的UTF-8文字，文件可能已损坏。", "请修好这一行，或重新导出。"
        )
    if gb18030.bad_line is not None:
        raise BadInput(
            f"第{gb18030.bad_line}行既不是UTF-8也不是GB18030文字。",
            "请在表格软件里另存为“CSV UTF-8”后再导入。",
        )
    return "gb18030"


def decode_lines(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decode a stream of bytes that `encoding_of` has judged, line by line, line ends kept; for `rows`."""
    decoder = codecs.getincrementaldecoder(encoding)()
    begun: list[str] = []
    for chunk in chunks:
        first, *others = decoder.decode(chunk).split("\n")
        begun.append(first)
        for other in others:
            yield "".join(begun) + "\n"
            begun = [other]
    begun.append(decoder.decode(b"", final=True))
    if rest := "".join(begun):
        yield rest


class _Check:
    """Decodes for the errors alone and remembers the first bad line."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._line = 1
        self.bad_line: int | None = None
        self.beyond_ascii = 0

    def see(self, chunk: bytes, final: bool = False) -> None:
        if self.bad_line is not None:
            return
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as wrong:
            good = bytes(wrong.object[: wrong.start])
            self.bad_line = self._line + good.count(b"\n")
            self.beyond_ascii += sum(byte >= 0xC0 for byte in good)
            return
        self._line += chunk.count(b"\n")
        if self.beyond_ascii < _SURELY_UTF8 and not text.isascii():
            self.beyond_ascii += sum(letter > "\x7f" for letter in text)

    def end(self) -> None:
        """Half a character at the end of the file is bad as well."""
        self.see(b"", final=True)
