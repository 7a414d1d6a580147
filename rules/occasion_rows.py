"""How people can meet the hotline (联系方式): sessions, campaigns, green lanes, agents and counters, as a pack has them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Protocol, TypeVar

from rules.errors import BadInput
from rules.pack_records import Spans, plain
from rules.terms import CHINA, TicketType, Urgency

#: What a session may be, and its Chinese word.
SESSION_WORDS = MappingProxyType({"leader_session": "领导接听", "visit": "下访", "reception": "接访"})

_SHOWN = 12  # how many codes an error names


@dataclass(frozen=True, slots=True)
class Session:
    """Leaders on the phone, on a visit or at a reception (接听、下访、接访); `kind` is a key of SESSION_WORDS.

    It stands either from `begins` to `ends` (aware), or each week on `weekdays` (Monday is 0) in `hours` (half-open
    minutes of the day). What was said there may be written up for `grace_hours` more. `team` is the department that
    takes what is brought, None where routing decides; `topics` narrow what the session does, empty = everything.
    """

    code: str
    name: str
    kind: str
    leader_title: str
    channels: tuple[str, ...]
    clause: str
    begins: datetime | None = None
    ends: datetime | None = None
    weekdays: tuple[int, ...] = ()
    hours: Spans = ()
    grace_hours: int = 0
    team: str | None = None
    assists: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    urgency: Urgency | None = None

    def is_on(self, at: datetime) -> bool:
        """Whether what is written down at that instant (aware) can come from the session."""
        grace = timedelta(hours=self.grace_hours)
        return any(begins <= at < ends + grace for begins, ends in self._times(at.astimezone(CHINA), grace))

    def _times(self, at: datetime, grace: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """When it was held lately: once, or on the days that the grace still reaches."""
        if self.begins and self.ends:
            yield self.begins, self.ends
        day = at.date() - timedelta(days=grace.days + 1)
        while self.weekdays and day <= at.date():
            if day.weekday() in self.weekdays:
                yield from ((instant(day, start), instant(day, end)) for start, end in self.hours)
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Campaign:
    """The public is asked for its opinion (意见征集) from `begins` to `ends`: `thanks` is the answer to a suggestion.

    A suggestion belongs to it when it says so, or holds one of `words`; `department` gets a copy.
    """

    code: str
    name: str
    begins: datetime
    ends: datetime
    words: tuple[str, ...]
    department: str
    thanks: str
    clause: str

    def is_on(self, at: datetime) -> bool:
        """Whether opinions are taken at that instant (aware)."""
        return self.begins <= at < self.ends


@dataclass(frozen=True, slots=True)
class Lane:
    """What is done for a request that names an enterprise (企业绿色通道); an empty condition always holds.

    `urgency` is what the ticket is raised to at least, `lead` who leads instead of the department routed to.
    """

    code: str
    name: str
    clause: str
    types: tuple[TicketType, ...] = ()
    categories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    urgency: Urgency | None = None
    assists: tuple[str, ...] = ()
    lead: str | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """Who may file for others (代办员). `duty_days` (Monday is 0, empty = every day) tell people when to come."""

    code: str
    name: str
    duty_days: tuple[int, ...]
    clause: str

    def on_duty(self, at: datetime) -> bool:
        """Whether that instant (aware) falls on a duty day, in China's time."""
        return not self.duty_days or at.astimezone(CHINA).weekday() in self.duty_days


@dataclass(frozen=True, slots=True)
class Counter:
    """Where people can book a time (预约窗口): an `item` of a department, `capacity` people in each of the `slots`.

    Open on `weekdays` (Monday is 0) but for holidays; a time can be booked up to `ahead_days` days ahead.
    """

    code: str
    department: str
    item: str
    weekdays: tuple[int, ...]
    slots: Spans
    capacity: int
    ahead_days: int
    clause: str

    @property
    def name(self) -> str:
        """What people call it: the item that they come for."""
        return self.item


class Named(Protocol):
    """A row that people name by its code or its name."""

    @property
    def code(self) -> str:
        """Its code in the pack."""
        ...

    @property
    def name(self) -> str:
        """Its Chinese name."""
        ...


AnyNamed = TypeVar("AnyNamed", bound=Named)


@dataclass(frozen=True, slots=True)
class Occasions:
    """All that occasions.toml holds, by code in the order of the pack; a pack without that file has none of it."""

    sessions: Mapping[str, Session] = field(default_factory=lambda: MappingProxyType({}))
    campaigns: Mapping[str, Campaign] = field(default_factory=lambda: MappingProxyType({}))
    lanes: Mapping[str, Lane] = field(default_factory=lambda: MappingProxyType({}))
    agents: Mapping[str, Agent] = field(default_factory=lambda: MappingProxyType({}))
    counters: Mapping[str, Counter] = field(default_factory=lambda: MappingProxyType({}))

    def occasion(self, words: str) -> Session | Campaign:
        """The session or campaign of that code or name. Raises BadInput, naming those that exist."""
        held: dict[str, Session | Campaign] = {**self.sessions, **self.campaigns}
        return _named(held, words, "接听、接访、下访或意见征集")

    def agent(self, words: str) -> Agent:
        """The agent of that code or name. Raises BadInput, naming those that exist."""
        return _named(self.agents, words, "代办员")

    def counter(self, words: str) -> Counter:
        """The counter of that code or item. Raises BadInput, naming those that exist."""
        return _named(self.counters, words, "预约窗口")


def instant(day: date, minute: int) -> datetime:
    """That minute of a day in China's time; minute 1440 is the midnight that ends it."""
    return datetime.combine(day, time(), tzinfo=CHINA) + timedelta(minutes=minute)


def _named(rows: Mapping[str, AnyNamed], words: str, what: str) -> AnyNamed:
    wanted = plain(words)
    found = rows.get(wanted) or next((each for each in rows.values() if plain(each.name) == wanted), None)
    if found is None:
        there = "、".join(f"{each.code}（{each.name}）" for each in list(rows.values())[:_SHOWN])
        more = f"等 {len(rows)} 种" if len(rows) > _SHOWN else ""
        hint = f"可以填：{there}{more}。" if rows else "本地没有设置，请不要填这一项。"
        raise BadInput(f"没有“{wanted[:30]}”这样的{what}。", hint)
    return found
