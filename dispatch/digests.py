"""The daily digest (每日摘要): what waited since yesterday becomes one notice for each leader."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from dispatch import draining
from dispatch.desk import Desk
from dispatch.storage import inbox, outbox
from dispatch.storage.outbox import Work
from rules import digests

#: A whole day at once, so that nobody gets two digests; a county has a handful, a megacity some thousands.
BATCH = 10_000


def drain(desk: Desk, now: datetime) -> int:
    """Deliver the digests that are due; how many rows went into them (0: nothing waits). Raises Outage."""
    return draining.drain(desk, "digests", BATCH, lambda works: _deliver(desk, works, now), now, whole=True)


def _whom(work: Work) -> tuple[str, str]:
    return work.data["receiver"], work.data.get("department") or ""


def _deliver(desk: Desk, works: Sequence[Work], now: datetime) -> None:
    with desk.transaction() as tx:
        mine = set(outbox.finish_all(tx, works, now))
        waiting = sorted((work for work in works if work.id in mine), key=lambda work: (_whom(work), work.id))
        rows = []
        for (receiver, department), each in groupby(waiting, key=_whom):
            group = list(each)
            lines = [(work.ticket, str(work.data["words"])) for work in group]
            rows.append(
                {
                    "outbox": group[0].id,
                    "ticket": group[0].ticket if len(group) == 1 else None,
                    "receiver": receiver,
                    "department": department or None,
                    "words": digests.words(now, lines),
                    "created_at": now,
                }
            )
        inbox.put(tx, rows)
