"""occasions.toml (联系方式): sessions, campaigns, green lanes, agents and counters, read and checked row by row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from rules.calendar import WEEKDAY_WORDS
from rules.occasion_rows import (
    SESSION_WORDS,
    Agent,
    AnyNamed,
    Campaign,
    Counter,
    Lane,
    Named,
    Occasions,
    Session,
)
from rules.pack_records import plain
from rules.pack_sheets import Sheet
from rules.pack_source import Row
from rules.pack_tables import Known, types_of, unique
from rules.terms import CHANNEL_WORDS, Urgency

_LONGEST_GRACE = 72  # hours
_MOST_PLACES = 500  # people in one slot
_FURTHEST = 90  # days ahead that a time can be booked
_USUAL_AHEAD = 30
_DATES = "例如 begins = 2026-03-02T09:00:00+08:00 和 ends = 2026-03-02T11:00:00+08:00"
_RAISED = (Urgency.URGENT.value, Urgency.CRITICAL.value)

AnyRow = TypeVar("AnyRow", bound=Named)
Read = Sequence[tuple[Row, AnyRow]]


def read_occasions(sheet: Sheet, departments: Known, categories: Known) -> Occasions:
    """All of occasions.toml; None for `departments` or `categories` stands for a file that cannot be read.

    Codes of sessions, campaigns and counters are told apart among all three: a ticket keeps one of them.
    """
    sessions = [(row, _session(row, departments)) for row in sheet.rows("session")]
    campaigns = [(row, _campaign(row, departments)) for row in sheet.rows("campaign")]
    lanes = [(row, _lane(row, departments, categories)) for row in sheet.rows("lane")]
    agents = [(row, _agent(row)) for row in sheet.rows("agent")]
    counters = [(row, _counter(row, departments)) for row in sheet.rows("counter")]
    _told_apart([*sessions, *campaigns, *counters])
    _told_apart(agents)
    unique([(row, lane.code) for row, lane in lanes])
    _reached(lanes)
    return Occasions(
        sessions=_by_code(sessions),
        campaigns=_by_code([(row, each) for row, each in campaigns if each is not None]),
        lanes=_by_code(lanes),
        agents=_by_code(agents),
        counters=_by_code(counters),
    )


def _by_code(read: Sequence[tuple[Row, AnyNamed]]) -> Mapping[str, AnyNamed]:
    return MappingProxyType({each.code: each for _, each in read})


def _told_apart(read: Sequence[tuple[Row, Named | None]]) -> None:
    """People name a row by its code or its name, so neither may lead to two."""
    owners: dict[str, Row] = {}
    for row, each in read:
        words = dict.fromkeys((plain(each.code), plain(each.name))) if each else ()
        for word in words:
            owner = owners.setdefault(word, row)
            if word and owner is not row:
                key = "code" if each and word == plain(each.code) else "item" if row.has("item") else "name"
                row.fault(key, f"“{word}”已在 {owner.place()} 用过，分不清说的是哪一个", "请换一个")


def _session(row: Row, departments: Known) -> Session:
    begins, ends = _span(row)
    weekdays, hours = _weekdays(row, "weekdays"), row.spans("hours")
    dated, weekly = row.has("begins") or row.has("ends"), row.has("weekdays") or row.has("hours")
    if dated == weekly:
        words = "日期和每周的时间只能写一种" if dated else "没有写时间"
        row.fault("begins" if dated else "code", words, "请写 begins 和 ends，或者写 weekdays 和 hours")
    elif weekly and not (row.cells.get("weekdays") and row.cells.get("hours")):
        row.fault("weekdays", "每周一次的要同时写 weekdays 和 hours", '例如 weekdays = ["周二"]')
    channels = row.choices("channels", CHANNEL_WORDS)
    if not row.cells.get("channels"):
        row.fault("channels", "channels 不能为空：要写明从哪些渠道来的算数", '例如 channels = ["visit"]')
    team, assists = _optional(row, "team"), row.texts("assists")
    _units(row, departments, team=(team or "",), assists=assists)
    if team in assists:
        row.fault("assists", f"承办队伍“{team}”不能又是协办单位", "请从 assists 里去掉")
    return Session(
        code=row.code(),
        name=row.text("name"),
        kind=row.choice("kind", SESSION_WORDS),
        leader_title=row.text("leader_title"),
        channels=channels,
        clause=row.text("clause"),
        begins=begins,
        ends=ends,
        weekdays=weekdays,
        hours=hours,
        grace_hours=row.whole("grace_hours", 0, _LONGEST_GRACE, required=False),
        team=team,
        assists=assists,
        topics=_folded(row.texts("topics")),
        urgency=_raised(row),
    )


def _campaign(row: Row, departments: Known) -> Campaign | None:
    """None where its dates are wrong, which is told."""
    begins, ends = _span(row)
    if not (row.has("begins") and row.has("ends")):
        row.fault("code", "意见征集要写 begins 和 ends", _DATES)
    department = row.text("department")
    _units(row, departments, department=(department,))
    cells = (row.code(), row.text("name"))
    words = _folded(row.texts("words", required=True))
    thanks, clause = row.text("thanks"), row.text("clause")
    if begins is None or ends is None:
        return None
    return Campaign(*cells, begins, ends, words, department, thanks, clause)


def _lane(row: Row, departments: Known, categories: Known) -> Lane:
    lead, assists, urgency = _optional(row, "lead"), row.texts("assists"), _raised(row)
    wanted = row.texts("categories")
    row.refer("categories", wanted, categories, "catalogue.toml")
    _units(row, departments, lead=(lead or "",), assists=assists)
    if lead in assists:
        row.fault("assists", f"主办单位“{lead}”不能又是协办单位", "请从 assists 里去掉")
    if not (lead or assists or urgency):
        row.fault("code", "这条绿色通道什么也不做", "请写 urgency、assists、lead 其中一项")
    return Lane(
        code=row.code(),
        name=row.text("name"),
        clause=row.text("clause"),
        types=types_of(row),
        categories=wanted,
        words=_folded(row.texts("words")),
        urgency=urgency,
        assists=assists,
        lead=lead,
    )


def _reached(read: Sequence[tuple[Row, Lane]]) -> None:
    """A lane that an earlier one always takes over from would be read and never used."""
    for at, (row, lane) in enumerate(read):
        for above, other in read[:at]:
            pairs = (
                (other.types, lane.types),
                (other.categories, lane.categories),
                (other.words, lane.words),
            )
            if all(not wide or (narrow and set(narrow) <= set(wide)) for wide, narrow in pairs):
                words = f"绿色通道“{lane.code}”永远轮不到：前面的“{other.code}”总是先符合"
                row.never_reached("code", (above,), words)
                break


def _agent(row: Row) -> Agent:
    return Agent(row.code(), row.text("name"), _weekdays(row, "duty_days"), row.text("clause"))


def _counter(row: Row, departments: Known) -> Counter:
    department = row.text("department")
    _units(row, departments, department=(department,))
    weekdays, slots = _weekdays(row, "weekdays"), row.spans("slots")
    for key, example in (("weekdays", '["周一", "周三"]'), ("slots", '["09:00-09:30", "09:30-10:00"]')):
        if not row.cells.get(key):
            row.fault(key, f"{key} 不能为空：没有可以预约的时间", f"例如 {key} = {example}")
    ahead = row.whole("ahead_days", 1, _FURTHEST, required=False) if row.has("ahead_days") else _USUAL_AHEAD
    return Counter(
        code=row.code(),
        department=department,
        item=row.text("item"),
        weekdays=weekdays,
        slots=slots,
        capacity=row.whole("capacity", 1, _MOST_PLACES),
        ahead_days=ahead,
        clause=row.text("clause"),
    )


def _span(row: Row) -> tuple[datetime | None, datetime | None]:
    begins, ends = row.moment("begins"), row.moment("ends")
    if row.has("begins") != row.has("ends"):
        row.fault("ends" if row.has("ends") else "begins", "begins 和 ends 要一起写", _DATES)
    elif begins and ends and ends <= begins:
        row.fault("ends", "ends 不晚于 begins，一刻也不会进行", "请核对两个时间")
        return None, None
    return begins, ends


def _weekdays(row: Row, key: str) -> tuple[int, ...]:
    return tuple(sorted(WEEKDAY_WORDS.index(word) for word in row.choices(key, WEEKDAY_WORDS)))


def _units(row: Row, departments: Known, **named: Sequence[str]) -> None:
    for key, codes in named.items():
        row.refer(key, codes, departments, "departments.toml")


def _optional(row: Row, key: str) -> str | None:
    return row.text(key) if row.has(key) else None


def _raised(row: Row) -> Urgency | None:
    word = row.choice("urgency", _RAISED) if row.has("urgency") else ""
    return Urgency(word) if word else None


def _folded(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(plain(word).casefold() for word in words)
