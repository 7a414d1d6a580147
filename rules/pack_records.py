"""The rows of a pack (规则包条目): departments, areas, categories, dispatch rules, limits and the rest."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Protocol, TypeVar

from rules.terms import Budget, ClockKind, LadderStep, Role, Stage, TicketType, Urgency
from rules.worktime import AfterHours, Window

#: In a rule, stands for the township or sub-district where the matter lies (属地镇街).
BY_PLACE = "@township"

#: What a department may be (承办单位性质); a township stands for a sub-district too.
DEPARTMENT_KINDS = ("bureau", "township", "utility", "team")

#: County, township, community, grid, building (区域层级).
AREA_LEVELS = (1, 2, 3, 4, 5)

#: When a limit differs from the ordinary one (时限场合), and on which clock: a redo round, conferring, delegated, by law.
OCCASIONS = MappingProxyType(
    {
        "redo": ClockKind.HANDLE,
        "conferring": ClockKind.SETTLE,
        "delegated": ClockKind.HANDLE,
        "legal": ClockKind.HANDLE,
    }
)

#: What a city chooses in pack.toml, and the source of which stands in its `[clauses]`.
CHOICES = ("gate", "join_likeness", "windows", "after_hours", "handle_starts")

#: What a ladder step may do (阶梯动作).
STEP_ACTIONS = ("warn", "breach", "supervise", "call_duty", "send_up", "sign")

#: What is counted on the ladder by count (升级依据): complaints, failed redo rounds, returns.
LEVEL_TRIGGERS = ("complaints", "redos", "returns")
#: What a rung by count does (升级动作).
LEVEL_ACTIONS = ("redo", "supervise", "raise", "clue")

#: How a rate is cut to its digits (取舍): half up, or what is beyond them left off.
ROUNDINGS = ("half_up", "truncate")
#: Which way of a rate is the better one (好的方向); "none" is neither, and is not coloured.
GOOD = ("high", "low", "none")

Spans = tuple[tuple[int, int], ...]  # half-open minutes of the day


def plain(words: str) -> str:
    """Words as they are compared: NFKC (full-width letters become narrow), trimmed."""
    return unicodedata.normalize("NFKC", words).strip()


class Child(Protocol):
    """A row that may stand under another one."""

    @property
    def parent(self) -> str | None:
        """The code of the row above, or None at the top."""
        ...


AnyChild = TypeVar("AnyChild", bound=Child)


def upwards(code: str | None, rows: Mapping[str, AnyChild]) -> Iterator[str]:
    """The code and those above it, nearest first; stops at an unknown code and, in a faulty pack, a ring."""
    passed: set[str] = set()
    while code is not None and code in rows and code not in passed:
        passed.add(code)
        yield code
        code = rows[code].parent


@dataclass(frozen=True, slots=True)
class Department:
    """Who handles tickets (承办单位): titles, never persons. `hours` () = the pack's windows.

    `succeeds` are the codes of former departments whose work, and whose figures, are now this one's (机构合并).
    """

    code: str
    name: str
    kind: str
    parent: str | None
    leader_title: str
    liaison_title: str
    aliases: tuple[str, ...] = ()
    area: str | None = None
    hours: tuple[Window, ...] = ()
    succeeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A place with borders (区域): level 1 county, 2 township, 3 community, 4 grid, 5 building."""

    code: str
    name: str
    level: int
    parent: str | None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    """What a request is about (诉求类别); `department` None = a group of categories, or settled by place.

    `phrases` are invented examples in callers' words; they train the first model of a new desk.
    """

    code: str
    name: str
    parent: str | None
    duties: str
    phrases: tuple[str, ...]
    department: str | None


@dataclass(frozen=True, slots=True)
class Channel:
    """How a request came in (渠道): a code of the contract and the words a city uses for it."""

    code: str
    name: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who hears of a ladder step (接收人); `scope` says whose people: the department's or the hotline's."""

    code: str
    name: str
    role: Role
    scope: str


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """One entry of the dispatch catalogue (派单目录). An empty condition always holds; all given ones must.

    `categories` and `areas` include what lies below them; `hours` may pass midnight; the days of validity
    count from `valid_from` to `valid_to`, both included. `lead` and `assists` are department codes or
    BY_PLACE. With `review` a person decides and the rule only proposes; `restricted` marks complaints about
    officials, which few may see and the department complained of never gets. `enterprise` asks for a request that
    names one, `occasions` for one brought to such a session, campaign or counter.
    """

    id: str
    name: str
    lead: str
    clause: str
    assists: tuple[str, ...] = ()
    review: bool = False
    restricted: bool = False
    categories: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    any_words: tuple[str, ...] = ()
    all_words: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    types: tuple[TicketType, ...] = ()
    urgencies: tuple[Urgency, ...] = ()
    channels: tuple[str, ...] = ()
    enterprise: bool = False
    occasions: tuple[str, ...] = ()
    hours: Spans = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A row of limits.toml (时限表): for which tickets, and the budget; None = expressly no limit.
    `categories` are for what the law sets (法定时限) alone; a group stands for all in it."""

    id: str
    clock: ClockKind
    types: tuple[TicketType, ...]
    urgencies: tuple[Urgency, ...]
    occasion: str
    budget: Budget | None
    clause: str
    categories: tuple[str, ...] = ()

    def holds(self, clock: ClockKind, kind: TicketType, urgency: Urgency, occasion: str) -> bool:
        """Whether the row is for such a ticket; empty types or urgencies stand for all."""
        return (
            self.clock == clock
            and self.occasion == occasion
            and (not self.types or kind in self.types)
            and (not self.urgencies or urgency in self.urgencies)
        )


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that applies (时限), the id of its row and the clause it comes from."""

    budget: Budget
    rule: str
    clause: str


@dataclass(frozen=True, slots=True)
class LadderRow:
    """A row of ladder.toml (预警督办阶梯): the step, its clock, and the urgencies it is for (empty = all)."""

    clock: ClockKind
    urgencies: tuple[Urgency, ...]
    step: LadderStep


@dataclass(frozen=True, slots=True)
class Level:
    """A rung of the ladder by count (按次数升级): at the `count`-th of its trigger, once for ever on a ticket.

    `trigger` is one of LEVEL_TRIGGERS, `action` one of LEVEL_ACTIONS; `supervision` is the level set by supervise.
    """

    step: str
    trigger: str
    count: int
    action: str
    supervision: int
    receivers: tuple[str, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class CountingRule:
    """Which contacts count as complaining again (计次): at least `apart` workdays after the last counted one.

    They come after the ticket reached one of the stages `after`, or after its handling limit; a count falls back to
    the beginning when nothing was counted for `window_days` calendar days.
    """

    window_days: int
    apart: int
    after: tuple[Stage, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class DigestRule:
    """One summary a day (每日摘要): for `receivers`, at this minute of the next workday; urgent, repeated and mass
    matters are told at once. A matter is a mass one from `mass` linked callers on."""

    receivers: tuple[str, ...]
    minute: int
    mass: int
    clause: str


@dataclass(frozen=True, slots=True)
class CardRule:
    """What an event card answers by itself (事件卡): words of at most `longest` characters, None = of any length.

    Who asks about a known event says little; a longer story may hold another matter, and goes its ordinary way.
    """

    longest: int | None
    clause: str


@dataclass(frozen=True, slots=True)
class InvalidReason:
    """Why a contact is no request (无效事由); `attempts` logged tries to reach the caller come first."""

    code: str
    name: str
    attempts: int
    clause: str


@dataclass(frozen=True, slots=True)
class IncompleteRule:
    """When the caller is asked back (要素不全): all of `missing` are not told, in at most `longest` characters.

    Empty types and channels stand for all.
    """

    code: str
    types: tuple[TicketType, ...]
    channels: tuple[str, ...]
    missing: tuple[str, ...]
    longest: int
    clause: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """A rate that people are judged by (指标): two measures of `rules/measures.py`, rounded as the pack says.

    `rounding` is one of ROUNDINGS, `digits` the decimals of the percentage, `good` one of GOOD.
    """

    code: str
    name: str
    numerator: str
    denominator: str
    definition: str
    clause: str
    rounding: str
    digits: int
    good: str


@dataclass(frozen=True, slots=True)
class Reporting:
    """How figures are cut and when they come out (统计口径).

    Weeks start on the ISO weekday `week_starts`; a report is frozen `publish_after_days` days after the last day of its
    period, at the minute `publish_minute` of that day.
    """

    week_starts: int
    publish_after_days: int
    publish_minute: int
    rounding: str
    digits: int
    clause: str


@dataclass(frozen=True, slots=True)
class Settings:
    """pack.toml (规则包说明): the pack's name, its region and its choices; an `abstract` one is only to be extended."""

    name: str
    title: str
    region: str
    area_code: str
    gate: float
    join_likeness: float
    windows: tuple[Window, ...]
    after_hours: AfterHours
    handle_starts: str
    extends: str | None
    abstract: bool
