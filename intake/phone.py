"""Writes one telephone number one way (电话号码), so that the same caller is found again."""

import re
from unicodedata import normalize

from rules.errors import BadInput

_HINT = "请填写11位手机号，或带区号的固定电话，如 0999-5123456；分机写在“转”后面。"
_LONGEST = 40
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|x|#|,)\s*([0-9]{1,6})$", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s().\u2010-\u2015\u2212-]+")
#: Mobile; fixed with its area code; fixed without; 400 and 800; abroad.
_NUMBERS = re.compile(
    r"1[3-9][0-9]{9}"
    r"|0(?:10|2[0-9])[2-9][0-9]{7}|0[3-9][0-9]{2}[2-9][0-9]{6,7}"
    r"|[2-8][0-9]{6,7}"
    r"|[48]00[0-9]{7}"
    r"|\+[1-9][0-9]{6,14}"
)


def normal_phone(value: object) -> str:
    """Give the one way to write the number: digits, `+` before a foreign code, `x` before an extension.

    Takes full-width digits, spaces, dashes, brackets, +86, 0086, 86 and a 0 before a mobile number. A fixed number
    without area code stays without: which area is meant is not known here. Raises BadInput for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadInput("电话号码应是文字。", _HINT)
    written = normalize("NFKC", str(value)).strip()
    if len(written) > _LONGEST:
        raise BadInput("电话号码太长。", _HINT)
    number, extension = _without_extension(written)
    if number is None:
        raise BadInput("电话号码的格式不对。", _HINT)
    return f"{number}x{extension}" if extension else number


def _without_extension(written: str) -> tuple[str | None, str]:
    """The number and its extension, also of `0999-5123456-801`, where what stands before is whole already."""
    if marked := _EXTENSION.search(written):
        return _whole(written[: marked.start()]), marked[1]
    head, dash, tail = written.rpartition("-")
    if dash and re.fullmatch("[0-9]{1,6}", tail) and (number := _whole(head)):
        return number, tail
    return _whole(written), ""


def _whole(written: str) -> str | None:
    """The number without punctuation and China's code, if it is one."""
    number = re.sub("^00(?=[1-9])", "+", _BETWEEN.sub("", written))
    if number.startswith("+86"):
        number = number[3:]
        if not re.match("0|1[3-9][0-9]{9}$|[48]00", number):
            number = "0" + number
    number = re.sub(r"^(?:86)?0?(?=1[3-9][0-9]{9}$)|^86(?=0[0-9]{9,11}$)", "", number)
    return number if _NUMBERS.fullmatch(number) else None
