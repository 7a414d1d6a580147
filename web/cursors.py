"""Where the next page begins (翻页位置): the key of the last row, opaque to readers."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from rules.errors import BadInput

#: Row ids are counted in 64 bits.
_LARGEST_ID = 2**63 - 1


class BadCursor(BadInput):
    """翻页位置（cursor）无效。"""

    code = "bad_cursor"
    hint = "请从第一页重新开始，筛选条件和排序不要中途改变。"


def written(*parts: str) -> str:
    """A cursor that `parts_of` reads again."""
    return urlsafe_b64encode("|".join(parts).encode()).decode().rstrip("=")


def parts_of(cursor: str) -> tuple[str, ...]:
    """What was written into `cursor`. Raises BadCursor."""
    try:
        return tuple(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode().split("|"))
    except (NotBase64, ValueError) as fault:
        raise BadCursor() from fault


def id_of(cursor: str | None) -> int | None:
    """The row id in `cursor`; None for the first page. Raises BadCursor."""
    if not cursor:
        return None
    (*rest, last) = parts_of(cursor)
    if rest or not (last.isascii() and last.isdigit()) or not 0 < int(last[:20]) <= _LARGEST_ID:
        raise BadCursor()
    return int(last)
