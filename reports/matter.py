"""What the counts see of one ticket (计数素材): events, dispatches and limits, who held it when, and sums being made."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from rules.clockwork import WHOLE
from rules.terms import CHINA, Stage

#: The department of what no department holds: the hotline itself (热线中心).
HOTLINE = ""

#: Counts by measure, for each day and department.
Counts = dict[tuple[date, str], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what, when (aware), its data, the ladder step that made it, if one did, and its number."""

    kind: str
    at: datetime
    data: Mapping[str, Any]
    step: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Leg:
    """One dispatch to one department (派单记录): `lead` or assisting, from when, until when and how it ended."""

    department: str
    lead: bool
    at: datetime
    ended_at: datetime | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """One generation of a clock (时限) as stored: kind, state, when it began, falls due and stopped, and its scope: the
    whole ticket, or the code of a department for its leg."""

    kind: str
    state: str
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None = None
    scope: str = WHOLE


@dataclass(frozen=True, slots=True)
class Matter:
    """All that the counts need of one ticket; instants are aware, events and promises in the order written."""

    stage: str
    department: str | None
    received_at: datetime
    closed_at: datetime | None
    repeats: bool
    history: bool
    events: Sequence[Event]
    legs: Sequence[Leg]
    promises: Sequence[Promise]

    @property
    def counts_as_work(self) -> bool:
        """A merged ticket counts for heat, not for the volume of a department (并单)."""
        return self.stage != Stage.MERGED


def day_of(at: datetime) -> date:
    """The day of an aware instant in China."""
    return at.astimezone(CHINA).date()


class Sums:
    """Counts being added up."""

    def __init__(self) -> None:
        self._sums: defaultdict[tuple[date, str], defaultdict[str, int]] = defaultdict(
            lambda: defaultdict(int)
        )

    def add(self, day: date, department: str, measure: str, n: int = 1) -> None:
        """Count `n` more."""
        self._sums[day, department][measure] += n

    def found(self) -> Counts:
        """What was added, without zeros."""
        kept = {key: {name: n for name, n in sums.items() if n} for key, sums in self._sums.items()}
        return {key: sums for key, sums in kept.items() if sums}


class Holders:
    """Which lead held the ticket at a moment."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.leads = sorted((each for each in legs if each.lead), key=lambda leg: leg.at)

    def at(self, moment: datetime) -> int | None:
        """The position of the leg among the leads; None while nobody held it."""
        for position in range(len(self.leads) - 1, -1, -1):
            leg = self.leads[position]
            if leg.at <= moment:
                return position if leg.ended_at is None or moment < leg.ended_at else None
        return None

    def department(self, moment: datetime) -> str:
        """The department that held it; HOTLINE while none did."""
        position = self.at(moment)
        return HOTLINE if position is None else self.leads[position].department
