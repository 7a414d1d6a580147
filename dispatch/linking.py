"""Showing what may be one matter (关联工单): other callers at the same place, and what a caller may be repeating."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatch import sameness
from dispatch.storage import tickets
from dispatch.storage.database import Transaction
from rules.terms import Facts, Happened

#: Other callers' tickets are looked at that came so shortly before, so many of one place, and so many are shown.
WINDOW = timedelta(days=7)
LOOKED_AT = 40
SHOWN = 5


@dataclass(frozen=True, slots=True)
class New:
    """A ticket that triage has just seen: its row, its facts, and the area it lies in."""

    row: Mapping[str, Any]
    facts: Facts
    area: str | None
    restricted: bool


def rows(tx: Transaction, batch: Sequence[New], now: datetime) -> list[dict[str, Any]]:
    """The links of new tickets: nothing is merged or counted by them, a person looks.

    Complaints about officials are linked with nothing. One statement for the whole batch, none without a place.
    """
    open_ones = [each for each in batch if not each.restricted and not each.facts.history]
    nearby: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    areas = sorted({each.area for each in open_ones if each.area})
    for row in tickets.nearby(tx, areas, now - WINDOW, LOOKED_AT) if areas else ():
        nearby[row["area"]].append(row)
    found: list[dict[str, Any]] = []
    for each in open_ones:
        found += _of(each, nearby[each.area] if each.area else (), now)
    return found


def _of(new: New, near: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    row, made = new.row, []
    received = next((each for each in new.facts.happenings if each.kind is Happened.RECEIVED), None)
    perhaps = received.data.get("perhaps") if received else None
    if perhaps:
        made.append(_link(row["number"], perhaps["number"], perhaps["p"], perhaps["reasons"], now))
    others = [each for each in near if each["number"] < row["number"] and _another(each, row)]
    likely = sameness.likely(others, row["title"], row["text"], row["received_at"], same_caller=False)
    return made + [_link(row["number"], each.number, each.p, each.reasons, now) for each in likely[:SHOWN]]


def _another(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether these are two callers; who left no number may be anybody, but not in one and the same contact."""
    if (one["split_from"] or one["number"]) == (other["split_from"] or other["number"]):
        return False
    return one["person"] is None or one["person"] != other["person"]


def _link(ticket: str, other: str, p: float, reasons: Iterable[str], now: datetime) -> dict[str, Any]:
    return {"ticket": ticket, "other": other, "likeness": p, "reasons": list(reasons), "at": now}
