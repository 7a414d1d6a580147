"""Building blocks for tests: the demo county's rules, and tickets told as a list of events."""

from datetime import datetime
from functools import cache

from dispatch import packs
from rules.policy import Policy, parse
from rules.terms import CHINA, Facts, Happened, Happening, Stage, TicketType, Urgency
from rules.worktime import Calendar


@cache
def policy() -> Policy:
    return parse(packs.read_folder("demo-county"))


@cache
def calendar() -> Calendar:
    return packs.calendar_of(policy())


def at(when: str) -> datetime:
    """`2026-09-28 10:00` in China."""
    return datetime.fromisoformat(when).replace(tzinfo=CHINA)


def event(kind: str, when: str, stage: str | None = None, **data) -> Happening:
    if stage is not None:
        data["stage"] = stage
    return Happening(Happened(kind), at(when), data)


def facts(*happenings: Happening, **given) -> Facts:
    stage = next((each.data["stage"] for each in reversed(happenings) if "stage" in each.data), "received")
    values = {
        "number": "999001202609280000017",
        "stage": Stage(stage),
        "type": TicketType.HELP,
        "urgency": Urgency.NORMAL,
        "channel": "phone",
        "department": "urban",
        "departments": ("urban",),
        "received_at": happenings[0].at if happenings else at("2026-09-28 10:00"),
        "complaint_count": 1,
        "redo_round": 0,
        "supervision": 0,
        "history": False,
        "happenings": tuple(happenings),
    }
    return Facts(**{**values, **given})


RECEIVED = event("received", "2026-09-28 10:00", "received")
DISPATCHED = event("dispatched", "2026-09-28 10:00", "to_sign", department="urban", reason="规则")
SIGNED = event("signed", "2026-09-28 11:00", "handling", department="urban")
