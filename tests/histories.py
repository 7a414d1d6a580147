"""Random lives of tickets (随机经过): events that can follow each other, at times that people and machines act at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

from rules.terms import CHINA, Happened, Happening, TicketType, Urgency

#: What can follow in each stage: the event, the stage it leads to ("" = it stays), and what its data holds.
NEXT = {
    "received": (
        ("triaged", "to_dispatch", {}),
        ("dispatched", "to_sign", {}),
        ("triaged", "incomplete", {}),
    ),
    "incomplete": (("supplemented", "received", {}),),
    "to_dispatch": (
        ("dispatched", "to_sign", {}),
        ("dispatched", "to_sign", {"department": "police", "assists": ["water_affairs"]}),
        ("conferred", "to_sign", {}),
    ),
    "to_sign": (
        ("signed", "handling", {}),
        ("signed", "handling", {}),
        ("returned", "returned", {}),
        ("reassigned", "to_sign", {}),
    ),
    "returned": (("return_settled", "to_dispatch", {}), ("return_settled", "to_sign", {})),
    "handling": (
        ("suspended", "suspended", {"until": datetime(2027, 3, 1, tzinfo=CHINA)}),
        ("suspended", "suspended", {"until": datetime(2027, 3, 1, tzinfo=CHINA)}),
        ("extension_settled", "", {"accepted": True, "workdays": 3}),
        ("extension_settled", "", {"accepted": False, "workdays": 3}),
        ("assisted", "", {"department": "housing", "workdays": 2}),
        ("delegated", "", {"department": "traffic_police", "upper": "police"}),
        ("delegated", "", {"department": "tongli", "upper": "housing"}),
        ("reported_up", "", {"department": "housing", "upper": "police"}),
        ("contacted", "", {"reached": False}),
        ("contacted", "", {"reached": True}),
        ("clue_opened", "", {}),
        ("replied", "reviewing", {}),
        ("reassigned", "to_sign", {}),
    ),
    "suspended": (("resumed", "handling", {}), ("urged", "", {})),
    "reviewing": (
        ("reviewed", "to_call_back", {"level": "hotline", "approved": True}),
        ("reviewed", "handling", {"level": "hotline", "approved": False}),
        ("extension_settled", "", {"accepted": True, "workdays": 1}),
    ),
    "to_call_back": (("redone", "handling", {}), ("closed", "closed", {})),
    "closed": (("redone", "handling", {}), ("archived", "archived", {})),
    "archived": (),
}

#: Steps in time, in seconds: none, a moment, minutes, nights, days, long pauses.
STEPS = (0, 1, 97, 1800, 5400, 30_600, 61_200, 86_400, 3 * 86_400 + 17, 11 * 86_400)


@dataclass(frozen=True)
class History:
    """One ticket's life."""

    happenings: tuple[Happening, ...]
    type: TicketType
    urgency: Urgency


@st.composite
def histories(draw: st.DrawFn, most: int = 14) -> History:
    """Lives of up to `most` events that begin in 2026."""
    at = datetime(2026, 1, 5, 9, tzinfo=CHINA) + timedelta(minutes=draw(st.integers(0, 300 * 1440)))
    stage = "received"
    happenings = [Happening(Happened.RECEIVED, at, {"stage": stage})]
    for _ in range(draw(st.integers(1, most))):
        if not NEXT[stage]:
            break
        kind, to, data = draw(st.sampled_from(NEXT[stage]))
        at += timedelta(seconds=draw(st.sampled_from(STEPS)))
        stage = to or stage
        happenings.append(Happening(Happened(kind), at, {**data, "stage": to} if to else dict(data)))
    return History(tuple(happenings), draw(st.sampled_from(TicketType)), draw(st.sampled_from(Urgency)))
