"""What happens in the demo week (演示周的故事): invented matters of an invented county, and when each comes in."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

#: Files of matters, in the order in which callers get their numbers.
_FILES = ("matters.toml", "calls.toml", "answers.toml")

#: Share of all contacts that the hotline answers itself (domain-12345.md 2.2: 52–90 % of real traffic).
DIRECT_SHARE = 0.6

#: Share of a day's calls by hour from 0 h, in per mille (data-and-baselines.md section 2: a 24-hour phone service).
HOURS = (21, 16, 14, 11, 5, 6, 5, 14, 48, 80, 97, 91, 59, 34, 43, 83, 88, 70, 53, 37, 39, 40, 28, 15)
#: Weekend days bring this share of a workday's calls (the same source, daily volume).
WEEKEND = 0.68

#: What else ends with an answer: praise, suggestions in a campaign, calls about a known outage.
_ANSWERED = ("praise", "campaign", "outage")

#: How many days before the week a matter began that takes longer than a week to unfold, by fate.
_BEGAN = MappingProxyType(
    {"late": -9, "stalled": -13, "unsigned": -2, "extend": -6, "suspend": -5, "unsatisfied": -6}
)
#: Hours in which kinds of contact take place that have their own; they are on workdays.
_OFFICE = MappingProxyType(
    {"session": (15, 16), "visit": range(9, 17), "walk_in": (9, 10, 11), "appointment": range(9, 17)}
)
_ROUND = 7  # days that one round of a repeated matter takes


@dataclass(frozen=True, slots=True)
class Story:
    """One matter: what is said (by one caller or several), what kind it is, and who should have it.

    `texts` has one entry for each contact; `told` holds what only some kinds need (an answer, a reason, areas).
    `first` is the department that the dispatcher tries first, where that is a mistake.
    """

    name: str
    kind: str
    texts: tuple[str, ...]
    type: str
    department: str
    fate: str = ""
    urgency: str = "normal"
    channel: str = "phone"
    first: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def same_caller(self) -> bool:
        """Whether all its contacts are one person's."""
        return self.kind not in ("mass", "outage")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A contact that comes in by itself: which text of which story, how long after the week's first midnight."""

    story: Story
    index: int
    after: timedelta
    caller: int

    @property
    def phone(self) -> str:
        """A number nobody can take for a real one: 199 0000 and the caller's ordinal."""
        return phone(self.caller)


def phone(caller: int) -> str:
    """The phone of the caller with that ordinal."""
    return f"1990000{caller:04d}"


@cache
def stories() -> tuple[Story, ...]:
    """All matters of the demo week, in the order of the files."""
    found: list[Story] = []
    for name in _FILES:
        told = tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
        found += [_story(f"{name[0]}{at:03d}", each) for at, each in enumerate(told["matter"])]
    return tuple(found)


def _story(name: str, row: Mapping[str, Any]) -> Story:
    cells = dict(row)
    texts = cells.pop("rounds", None) or cells.pop("texts", None) or [cells.pop("text")]
    own = {key: cells.pop(key) for key in ("kind", "type", "department")}
    more = {key: cells.pop(key) for key in ("fate", "urgency", "channel", "first") if key in cells}
    return Story(name=name, texts=tuple(texts), **own, **more, told=MappingProxyType(cells))


def arrivals(seed: int, direct: float = DIRECT_SHARE, first_weekday: int = 0) -> list[Arrival]:
    """When every first contact comes in; the same seed gives the same week.

    Of the calls that the desk answers itself, so many take part that direct answers are `direct` of all tickets.
    `first_weekday` is the weekday of the week's first day (0 = Monday), for the quieter weekend.
    """
    dice = Random(seed)  # noqa: S311 - a story, not a secret
    taking_part = _measured([each for each in stories() if each.kind != "answer"], direct)
    found: list[Arrival] = []
    caller = 1
    for story in taking_part:
        found += _contacts(story, caller, dice, first_weekday)
        caller += 1 if story.same_caller else len(story.texts)
    return sorted(found, key=lambda each: (each.after, each.story.name))


def _measured(others: Sequence[Story], direct: float) -> list[Story]:
    """So many answered calls that they, and what else is answered without a department, are `direct` of all tickets."""
    answered = [each for each in stories() if each.kind == "answer"]
    whole = sum(map(_tickets, others))
    without = sum(_tickets(each) for each in others if each.kind in _ANSWERED)
    wanted = round((direct * whole - without) / (1 - direct)) if direct < 1 else len(answered)
    return [*others, *answered[: max(wanted, 0)]]


def _tickets(story: Story) -> int:
    return 1 if story.kind == "flood" else len(story.texts)


def _contacts(story: Story, caller: int, dice: Random, weekday: int) -> list[Arrival]:
    """The contacts that come by themselves; later rounds of a repeat come when the round before was closed."""
    match story.kind:
        case "flood":
            begin = timedelta(days=dice.randrange(1, 4), hours=9, minutes=dice.randrange(5, 50))
            return [
                Arrival(story, at, begin + timedelta(minutes=75 * at), caller)
                for at in range(len(story.texts))
            ]
        case "outage" | "mass":
            begin = timedelta(days=2, hours=8, minutes=dice.randrange(50))
            gap = 11 if story.kind == "outage" else 95
            return [
                Arrival(story, at, begin + timedelta(minutes=gap * at + dice.randrange(9)), caller + at)
                for at in range(len(story.texts))
            ]
        case "repeat":
            began = timedelta(
                days=-_ROUND * len(story.texts) + dice.randrange(4), hours=9, minutes=dice.randrange(90)
            )
            return [Arrival(story, 0, began, caller)]
        case _:
            return [Arrival(story, 0, _when(story, dice, weekday), caller)]


def _when(story: Story, dice: Random, weekday: int) -> timedelta:
    if story.kind in _OFFICE:
        day = dice.choice([day for day in range(7) if (weekday + day) % 7 < 5])
        return timedelta(days=day, hours=dice.choice(_OFFICE[story.kind]), minutes=dice.randrange(55))
    weights = [WEEKEND if (weekday + day) % 7 >= 5 else 1.0 for day in range(7)]
    begun = _BEGAN.get(story.fate)
    day = dice.choices(range(7), weights)[0] if begun is None else begun + dice.randrange(3)
    hour = dice.choices(range(24), HOURS)[0]
    return timedelta(days=day, hours=hour, minutes=dice.randrange(60), seconds=dice.randrange(60))
