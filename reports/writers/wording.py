"""How a report says dates, versions and roundings (报表用语), and what it keeps of words that strangers wrote."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from rules.terms import CHINA

WEEKDAYS = "一二三四五六日"
ROUNDINGS: Mapping[str, str] = {"half_up": "四舍五入", "truncate": "截断"}
#: What the period of a kind is called, and the one before it.
PERIODS: Mapping[str, tuple[str, str]] = {
    "week": ("本周", "上周"),
    "month": ("本月", "上月"),
    "quarter": ("本季度", "上季度"),
    "year": ("本年", "上年"),
}
#: Characters that XML forbids, and marks that turn the direction of writing and so could disguise a line.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)


def clean(words: Any) -> str:
    """One line of text that every file format can hold; None is empty."""
    return "" if words is None else " ".join(_FORBIDDEN.sub("", str(words)).split())


def day(iso: str) -> str:
    """`2026-11-16` as 2026年11月16日."""
    then = date.fromisoformat(iso)
    return f"{then.year}年{then.month}月{then.day}日"


def span(begins: str, ends: str) -> str:
    """Both days included: the year is said once."""
    first, last = date.fromisoformat(begins), date.fromisoformat(ends)
    if first == last:
        return day(begins)
    return f"{day(begins)}至{day(ends) if first.year != last.year else f'{last.month}月{last.day}日'}"


def instant(iso: str) -> str:
    """An aware time as 2026年11月23日 08:00, in China."""
    then = datetime.fromisoformat(iso).astimezone(CHINA)
    return f"{then.year}年{then.month}月{then.day}日 {then:%H:%M}"


def short_instant(iso: str | None) -> str:
    """An aware time as 2026-11-23 08:00, for a column; a day stays a day."""
    if iso and len(iso) == len("2026-11-23"):
        return iso
    return f"{datetime.fromisoformat(iso).astimezone(CHINA):%Y-%m-%d %H:%M}" if iso else "–"


def period(kind: str, name: str) -> str:
    """`2026-W47` as 2026年第47周."""
    year, _, rest = name.partition("-")
    match kind:
        case "week":
            return f"{year}年第{int(rest.removeprefix('W'))}周"
        case "month":
            return f"{year}年{int(rest)}月"
        case "quarter":
            return f"{year}年第{rest.removeprefix('Q')}季度"
        case _:
            return f"{year}年"


def version(document: Mapping[str, Any]) -> str:
    """Whether the figures may still change, and which version they are."""
    if not document["frozen"]:
        return "未定稿（数据仍会变动）"
    return f"第{document['version']}版 {'定稿' if document['version'] < 2 else '更正'}"


def counted_until(document: Mapping[str, Any]) -> str:
    """What the day means up to which limits were counted."""
    until = document["counted_until"]
    if not until or until < document["begins"]:
        return "到期、按时、超期等时限指标按整日统计，本期还没有过完的整日，暂不计。"
    rest = "，其后各日尚未过完，不计入" if until < document["ends"] else ""
    return f"到期、按时、超期等时限指标按整日统计，计到{day(until)}24时{rest}。"


def rounded(indicator: Mapping[str, Any]) -> str:
    """How an indicator gets its last digit."""
    way = ROUNDINGS.get(indicator["rounding"], indicator["rounding"])
    return f"{way}，保留{indicator['digits']}位小数" if indicator["digits"] else f"{way}，取整"
