"""What happens in the demo week (演示周的故事): invented matters of an invented county, and how each goes on."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from functools import cache
from pathlib import Path
from types import MappingProxyType

from rules.terms import Act

#: Working minutes that people take before each act when nothing is unusual.
USUAL = MappingProxyType(
    {
        Act.ANSWER: 30,
        Act.REFUSE: 45,
        Act.DISPATCH: 40,
        Act.SIGN: 60,
        Act.RETURN_: 90,
        Act.SETTLE_RETURN: 60,
        Act.CONTACT: 120,
        Act.EXTEND: 240,
        Act.SETTLE_EXTENSION: 90,
        Act.SUSPEND: 240,
        Act.REPLY: 500,
        Act.REVIEW: 90,
        Act.CALL_BACK: 120,
    }
)


@dataclass(frozen=True, slots=True)
class Fate:
    """How people treat a matter: `pace` stretches every wait, `waits` replaces some, `never` is not done at all."""

    pace: float = 1.0
    waits: Mapping[Act, int] = field(default_factory=dict)
    never: frozenset[Act] = frozenset()

    def wait(self, act: Act) -> float | None:
        """Working minutes before `act`; None when it does not happen."""
        return None if act in self.never else self.waits.get(act, USUAL[act]) * self.pace


FATES: Mapping[str, Fate] = MappingProxyType(
    {
        "smooth": Fate(),
        "quick": Fate(pace=0.2),
        "late": Fate(waits={Act.REPLY: 1900}),
        "stalled": Fate(never=frozenset({Act.REPLY})),
        "open": Fate(never=frozenset({Act.REPLY})),
        "unsigned": Fate(never=frozenset({Act.SIGN})),
        "return": Fate(),
        "extend": Fate(),
        "suspend": Fate(),
        "unsatisfied": Fate(pace=0.6),
        "unreached": Fate(pace=0.5),
        "refuse": Fate(),
        "answer": Fate(),
        "none": Fate(),
    }
)


@dataclass(frozen=True, slots=True)
class Story:
    """One contact: on which day of the week (negative: before it), when, what is said, who should have it.

    `first` is the department that the dispatcher tries first, where that is a mistake.
    """

    day: int
    time: time
    text: str
    type: str
    caller: int
    department: str
    fate: str
    urgency: str = "normal"
    channel: str = "phone"
    first: str = ""

    @property
    def phone(self) -> str:
        """A number nobody can take for a real one: 199 0000 and the caller's ordinal."""
        return f"1990000{self.caller:04d}"


@cache
def stories() -> tuple[Story, ...]:
    """All contacts of the demo week, in the order of the file."""
    told = tomllib.loads(Path(__file__).with_name("stories.toml").read_text(encoding="utf-8"))
    return tuple(Story(**{**each, "time": time.fromisoformat(each["time"])}) for each in told["story"])
