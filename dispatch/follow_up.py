"""Telling people (通知送达): outbox rows become notices in the console's inbox, for whoever is on duty, too."""

from collections.abc import Sequence
from datetime import datetime

from dispatch import draining, duty
from dispatch.desk import Desk
from dispatch.notices import console
from dispatch.storage import outbox
from dispatch.storage.outbox import Work

BATCH = 100


def drain(desk: Desk, now: datetime) -> int:
    """Deliver one claimed batch; how many rows were claimed (0: nothing waits). Raises Outage."""
    return draining.drain(desk, "notices", BATCH, lambda works: _deliver(desk, works, now), now)


def _deliver(desk: Desk, works: Sequence[Work], now: datetime) -> None:
    with desk.transaction() as tx:
        mine = set(outbox.finish_all(tx, works, now))
        held = [work for work in works if work.id in mine]
        console.deliver(tx, held, now)
        console.deliver(tx, duty.rung(desk, tx, held, now), now)
