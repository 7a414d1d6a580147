"""Which rates a city is judged by, and when figures come out (指标与统计口径): read from indicators.toml."""

from typing import Any

from rules.measures import MEASURES, part_of
from rules.pack_records import GOOD, ROUNDINGS, Indicator, Reporting, plain
from rules.pack_sheets import Sheet
from rules.pack_source import Row, nearest
from rules.pack_tables import unique

_MOST_DIGITS = 4
_LONGEST_WAIT = 60  # days; a report that comes out later is of no use to anybody
_NAMED = {each.name: each.code for each in MEASURES.values()}
_WHERE = "可以写的计数见 docs/packs.md 的“指标”一节"


#: For a pack that says nothing of figures: weeks from Monday, out at 08:00 on the day after, and no rate.
_UNSAID = Reporting(1, 1, 8 * 60, ROUNDINGS[0], 2, "")


def read_figures(sheet: Sheet | None) -> dict[str, Any]:
    """`reporting` and `indicators` of a policy from indicators.toml; a pack without one counts, and divides nothing."""
    if sheet is None:
        return {"reporting": _UNSAID, "indicators": ()}
    reporting = read_reporting(sheet)
    return {"reporting": reporting, "indicators": read_indicators(sheet, reporting)}


def read_reporting(sheet: Sheet) -> Reporting:
    """The `[reporting]` table of indicators.toml."""
    row = sheet.row("reporting")
    if row is None:
        return _UNSAID
    return Reporting(
        week_starts=row.whole("week_starts", 1, 7),
        publish_after_days=row.whole("publish_after_days", 1, _LONGEST_WAIT),
        publish_minute=row.minute("publish_at"),
        rounding=row.choice("rounding", ROUNDINGS) or ROUNDINGS[0],
        digits=row.whole("digits", 0, _MOST_DIGITS),
        clause=row.text("clause"),
    )


def read_indicators(sheet: Sheet, reporting: Reporting) -> tuple[Indicator, ...]:
    """The `[[indicator]]` rows, in pack order; what a row leaves open of rounding and digits is that of `reporting`."""
    read = [(row, _indicator(row, reporting)) for row in sheet.rows("indicator")]
    unique([(row, each.code) for row, each in read])
    _told_apart(read)
    if not read and not sheet.broken:
        sheet.lack("至少要有一个指标", mend="请写 [[indicator]]，或从 drop 里去掉几个编号")
    return tuple(each for _, each in read)


def _indicator(row: Row, reporting: Reporting) -> Indicator:
    numerator, denominator = _measure(row, "numerator"), _measure(row, "denominator")
    _check_pair(row, numerator, denominator)
    own_digits = row.has("digits")
    return Indicator(
        code=row.code(),
        name=row.text("name"),
        numerator=numerator,
        denominator=denominator,
        definition=row.text("definition"),
        clause=row.text("clause"),
        rounding=row.choice("rounding", ROUNDINGS, reporting.rounding),
        digits=row.whole("digits", 0, _MOST_DIGITS) if own_digits else reporting.digits,
        good=row.choice("good", GOOD, "none"),
    )


def _measure(row: Row, key: str) -> str:
    """The code of a measure; "" after a fault."""
    said = row.text(key)
    if not said or said in MEASURES:
        return said
    code = _NAMED.get(plain(said))
    if code is not None:
        row.fault(key, f"{key} 要写计数的编号，不写名称“{said}”", f'请写成 {key} = "{code}"')
    else:
        row.fault(key, f"{key} 不认识计数“{said}”{nearest(said, MEASURES)}", _WHERE)
    return ""


def _check_pair(row: Row, numerator: str, denominator: str) -> None:
    """A rate never passes 100 %: what is counted above the line must be counted below it, too, on the same day."""
    if not numerator or not denominator:
        return
    if numerator == denominator:
        row.fault(
            "denominator", f"分子和分母都是“{numerator}”，这个率总是 100%", "请改 numerator 或 denominator"
        )
    elif not part_of(numerator, denominator):
        words = f"“{MEASURES[numerator].name}”不是“{MEASURES[denominator].name}”的一部分，这个率可能超过 100%"
        parts = "、".join(each for each in MEASURES if part_of(each, denominator))
        mend = (
            f"{denominator} 作分母时，分子可以写：{parts}" if parts else f"{denominator} 不能作分母。{_WHERE}"
        )
        row.fault("numerator", words, mend)


def _told_apart(read: list[tuple[Row, Indicator]]) -> None:
    owners: dict[str, str] = {}
    for row, each in read:
        owner = owners.setdefault(plain(each.name), each.code)
        if each.name and owner != each.code:
            row.fault("name", f"“{each.name}”已是指标“{owner}”的名称", "请换一个名称，免得报表里分不清")
