"""What is counted apart (另计): parts of one contact, automatic signatures, what a person excused, the newest ratings."""

from collections.abc import Iterable
from datetime import datetime

from reports.matter import Event, Holders, Matter, Promise
from rules.terms import ClockKind, Happened

#: The two lowest of five grades are bad ones (好差评).
WELL_FROM = 3


def split_at(matter: Matter) -> datetime | None:
    """When the ticket was split off another one; None for one that came by itself."""
    first = next((each for each in matter.events if each.kind == Happened.RECEIVED), None)
    return first.at if first is not None and first.data.get("split_from") else None


def is_excused(promise: Promise, matter: Matter) -> bool:
    """Whether an appeal against missing this very limit was accepted."""
    return any(
        each.data.get("clock") == promise.kind
        and each.data.get("due_at") is not None
        and datetime.fromisoformat(each.data["due_at"]) == promise.due_at
        for each in _accepted(matter)
    )


def is_answer_excused(callback: Event, matter: Matter) -> bool:
    """Whether an appeal against what the caller answered on this callback was accepted."""
    return any(each.data["event"] == callback.id for each in _accepted(matter))


def is_signed_by_itself(promise: Promise, matter: Matter) -> bool:
    """Whether the limit to sign ended because the ticket was signed by itself (自动签收)."""
    return promise.kind == ClockKind.SIGN and any(
        each.kind == Happened.SIGNED and each.data.get("automatic") and each.at == promise.stopped_at
        for each in matter.events
    )


def signed_by(matter: Matter, holders: Holders) -> dict[int | None, bool]:
    """Which of the lead's legs were signed, by position; True where it was signed by itself."""
    return {
        holders.at(each.at): bool(each.data.get("automatic"))
        for each in matter.events
        if each.kind == Happened.SIGNED
    }


def _accepted(matter: Matter) -> Iterable[Event]:
    settled = (each for each in matter.events if each.kind == Happened.APPEAL_SETTLED)
    return (each for each in settled if each.data.get("accepted"))


def newest_ratings(matter: Matter) -> Iterable[Event]:
    """The last rating of each step: whoever rates again means the new stars."""
    newest = {each.data["about"]: each for each in matter.events if each.kind == Happened.RATED}
    return newest.values()
