"""Dispatch rules, limits and ladder of a pack (派单规则、时限、督办阶梯), searched for overlaps and gaps."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from rules.pack_records import (
    BY_PLACE,
    Area,
    Category,
    Department,
    RoutingRule,
    plain,
    upwards,
)
from rules.pack_sheets import Sheet
from rules.pack_source import Row
from rules.pack_tables import Known, types_of, urgencies_of
from rules.terms import (
    CHANNEL_WORDS,
)


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(plain(word).casefold() for word in words)


def read_routing(
    sheet: Sheet, departments: Mapping[str, Department] | None, known: Mapping[str, Known]
) -> list[tuple[Row, RoutingRule]]:
    """routing.toml: entries in the order they are tried. None stands for a file that cannot be read.

    `known` says which areas, categories and occasions there are.
    """
    read = [(row, _rule(row)) for row in sheet.rows("rule")]
    by_place = departments is None or any(each.kind == "township" for each in departments.values())
    leads = None if departments is None else {*departments, *([BY_PLACE] if by_place else [])}
    for row, rule in read:
        row.refer("categories", rule.categories, known["categories"], "catalogue.toml")
        row.refer("areas", rule.areas, known["areas"], "areas.toml")
        row.refer("lead", (rule.lead,), leads, "departments.toml")
        row.refer("assists", rule.assists, leads, "departments.toml")
        row.refer("occasions", rule.occasions, known["occasions"], "occasions.toml")
        if rule.lead in rule.assists:
            row.fault("assists", f"主办单位“{rule.lead}”不能又是协办单位", "请从 assists 里去掉")
        if rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
            row.fault("valid_to", "valid_to 早于 valid_from，这条规则从不生效", "请核对两个日期")
    _dated(read)
    return read


def _rule(row: Row) -> RoutingRule:
    return RoutingRule(
        id=row.code("id"),
        name=row.text("name"),
        lead=row.text("lead"),
        clause=row.text("clause"),
        assists=row.texts("assists"),
        review=row.flag("review"),
        restricted=row.flag("restricted"),
        categories=row.texts("categories"),
        areas=row.texts("areas"),
        any_words=_folded(row.texts("any_words")),
        all_words=_folded(row.texts("all_words")),
        unless=_folded(row.texts("unless")),
        types=types_of(row),
        urgencies=urgencies_of(row),
        channels=row.choices("channels", CHANNEL_WORDS),
        enterprise=row.flag("enterprise"),
        occasions=row.texts("occasions"),
        hours=row.spans("hours", overnight=True),
        valid_from=row.day("valid_from"),
        valid_to=row.day("valid_to"),
    )


def _dated(read: Sequence[tuple[Row, RoutingRule]]) -> None:
    """The same id may stand again for another time, never for the same day."""
    earlier: dict[str, list[RoutingRule]] = {}
    for row, rule in read:
        for other in earlier.setdefault(rule.id, []):
            if _from(rule) <= _to(other) and _from(other) <= _to(rule):
                row.fault("id", f"规则“{rule.id}”重复，且有效期重叠", "请换一个 id，或错开有效期")
                break
        earlier[rule.id].append(rule)


def _from(rule: RoutingRule) -> date:
    return rule.valid_from or date.min


def _to(rule: RoutingRule) -> date:
    return rule.valid_to or date.max


def check_reach(
    read: Sequence[tuple[Row, RoutingRule]], areas: Mapping[str, Area], categories: Mapping[str, Category]
) -> None:
    """A rule that an earlier one always takes over from is a fault: it would be read and never fire."""
    for at, (row, rule) in enumerate(read):
        for above, other in read[:at]:
            if other.id != rule.id and covers(other, rule, areas, categories):
                words = f"规则“{rule.id}”永远轮不到：前面的“{other.id}”总是先符合"
                row.never_reached("id", (above,), words)
                break


def check_catalogue(
    sheet: Sheet, categories: Mapping[str, Category], routing: Sequence[tuple[Row, RoutingRule]]
) -> None:
    """Each category with none below it needs a department, or a rule that names it or its group."""
    groups = {each.parent for each in categories.values()}
    ruled = {code for _, rule in routing for code in rule.categories}
    rows = {row.cells.get("code"): row for row in sheet.rows("category")}
    for category in categories.values():
        lost = category.department is None and not ruled & set(upwards(category.code, categories))
        if lost and category.code not in groups:
            words = f"“{category.name}”没有承办单位，也没有派单规则，派不出去"
            sheet.lack(words, rows.get(category.code), "请写 department，或在 routing.toml 里写一条规则")


def covers(
    wide: RoutingRule, narrow: RoutingRule, areas: Mapping[str, Area], categories: Mapping[str, Category]
) -> bool:
    """Whether every ticket that fits `narrow` fits `wide`; says no where it cannot be sure."""
    same_or_more = (
        (wide.types, narrow.types),
        (wide.urgencies, narrow.urgencies),
        (wide.channels, narrow.channels),
        (wide.occasions, narrow.occasions),
        (wide.hours, narrow.hours),
        (wide.categories, tuple(_tops(narrow.categories, wide.categories, categories))),
        (wide.areas, tuple(_tops(narrow.areas, wide.areas, areas))),
    )
    return (
        all(not outer or (bool(inner) and set(inner) <= set(outer)) for outer, inner in same_or_more)
        and _words_cover(wide, narrow)
        and (narrow.enterprise or not wide.enterprise)
        and _from(wide) <= _from(narrow)
        and _to(narrow) <= _to(wide)
    )


def _tops(
    codes: Iterable[str], wide: Collection[str], rows: Mapping[str, Area] | Mapping[str, Category]
) -> Iterable[str]:
    """Each code, or the code of `wide` that it lies below."""
    for code in codes:
        yield next((above for above in upwards(code, rows) if above in wide), code)


def _words_cover(wide: RoutingRule, narrow: RoutingRule) -> bool:
    sure = (*narrow.all_words, *(narrow.any_words if len(narrow.any_words) == 1 else ()))
    any_of = (
        not wide.any_words
        or any(_holds(said, wide.any_words) for said in sure)
        or (bool(narrow.any_words) and all(_holds(said, wide.any_words) for said in narrow.any_words))
    )
    all_of = all(any(word in said for said in sure) for word in wide.all_words)
    return any_of and all_of and all(_holds(out, narrow.unless) for out in wide.unless)


def _holds(said: str, words: Iterable[str]) -> bool:
    return any(word in said for word in words)
