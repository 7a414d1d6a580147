"""Reads a moment from the many ways people and systems write one (时间)."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from unicodedata import normalize

from rules.errors import BadInput
from rules.terms import CHINA

_HINT = "请写成 2026-01-02 13:04 或 2026-01-02 这样的时间。"
#: Outside these years a time is a slip, and near the ends of the calendar it cannot be turned into UTC.
_YEARS = range(1900, 2201)

_DATE = (
    r"(?P<year>[0-9]{4})(?:[-/.年](?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})日?|(?P<compact>[0-9]{4}))"
)
_CLOCK = (
    r"(?P<half>上午|下午|晚上|中午|凌晨)?\s*(?P<hour>[0-9]{1,2})(?::|时|点)"
    r"(?:(?P<minute>[0-9]{1,2})(?:(?::|分)(?:(?P<second>[0-9]{1,2})(?:[.,](?P<part>[0-9]{1,9}))?秒?)?)?)?"
)
_COMPACT_CLOCK = r"(?P<hhmm>[0-9]{4})(?P<ss>[0-9]{2})?"
_ZONE = r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})"
_MOMENT = re.compile(rf"{_DATE}(?:(?:T|\s*)(?:{_CLOCK}|{_COMPACT_CLOCK})\s*{_ZONE}?)?", re.IGNORECASE)


def parse_time(value: object) -> tuple[datetime, bool]:
    """Read `value` as (aware datetime in China's time, whether the time of day was given).

    Takes datetime, date, and text: ISO 8601, `2018-01-02 13:04:05`, `2018/1/2 13:04`, `20180102`,
    `20180102130405`, `2018年1月2日 13时04分`, 下午3:05. Without an offset it is Asia/Shanghai; a bare date is
    00:00 and not known by the hour (contract.md). Raises BadInput for anything else.
    """
    if isinstance(value, datetime):
        return _in_china(value), True
    if isinstance(value, date):
        return _in_china(datetime(value.year, value.month, value.day, tzinfo=CHINA)), False
    if not isinstance(value, str):
        raise BadInput("时间应是文字。", _HINT)
    written = normalize("NFKC", value).strip()
    match = _MOMENT.fullmatch(written) if len(written) <= 64 else None
    if match is None:
        raise BadInput(f"看不懂时间“{value[:40]}”。", _HINT)
    try:
        return _moment(match)
    except (ValueError, OverflowError):
        raise BadInput(f"没有“{value[:40]}”这个时间。", _HINT) from None


def _moment(match: re.Match[str]) -> tuple[datetime, bool]:
    """Put the parts together; ValueError where there is no such day, hour or offset."""
    compact = match["compact"]
    month, day = (compact[:2], compact[2:]) if compact else (match["month"], match["day"])
    midnight = datetime(int(match["year"]), int(month), int(day), tzinfo=_zone(match["zone"]))
    if match["hour"] is None and match["hhmm"] is None:
        return _in_china(midnight), False
    return _in_china(midnight + _time_of_day(match)), True


def _time_of_day(match: re.Match[str]) -> timedelta:
    if (compact := match["hhmm"]) is not None:
        hour, minute, second, part = int(compact[:2]), int(compact[2:]), int(match["ss"] or 0), "0"
    else:
        hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
        part = match["part"] or "0"
        hour = _hour_of_day(hour, match["half"])
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        raise ValueError
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(part[:6].ljust(6, "0")))


def _hour_of_day(hour: int, half: str | None) -> int:
    """下午3点 is 15, 中午1点 is 13, 晚上12点 the end of the day, 凌晨12点 its beginning."""
    if hour < {"下午": 12, "晚上": 12, "中午": 11}.get(half or "", 0):
        return hour + 12
    if hour == 12 and half in ("晚上", "凌晨"):
        return 24 if half == "晚上" else 0
    return hour


def _zone(written: str | None) -> timezone:
    if written is None:
        return CHINA
    if written in "Zz":
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if written[0] == "-" else away)


def _in_china(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise BadInput(f"年份{moment.year}不在{_YEARS[0]}到{_YEARS[-1]}年之间。", _HINT)
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(CHINA)
