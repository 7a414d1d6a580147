"""Telling people (通知送达): outbox rows become notices in the console's inbox; other ways join here later."""

from datetime import datetime

import structlog

from dispatch.desk import Desk
from dispatch.notices import console
from dispatch.storage import outbox
from dispatch.storage.database import Outage
from dispatch.storage.outbox import Work

BATCH = 100

log = structlog.get_logger(__name__)


def drain(desk: Desk, now: datetime) -> int:
    """Deliver one claimed batch; how many rows were claimed (0: nothing waits).

    Raises Outage when the database cannot be used; the batch then waits and no try is counted.
    """
    works = outbox.claim(desk.database, "notices", BATCH, now)
    if not works:
        return 0
    sound = [work for work in works if work.attempts <= outbox.MOST_ATTEMPTS]
    try:
        _deliver(desk, sound, now)
    except Outage:
        outbox.give_back(desk.database, works, now)
        raise
    except Exception as fault:
        log.warning("notice_batch_failed", n=len(sound), why=repr(fault))
        for work in sound:
            _deliver_alone(desk, work, now)
    for work in works:
        if work not in sound:
            _give_up(desk, work, "the worker died each time", now)
    return len(works)


def _deliver(desk: Desk, works: list[Work], now: datetime) -> None:
    with desk.transaction() as tx:
        mine = set(outbox.finish_all(tx, works, now))
        console.deliver(tx, [work for work in works if work.id in mine], now)


def _deliver_alone(desk: Desk, work: Work, now: datetime) -> None:
    try:
        _deliver(desk, [work], now)
    except Outage:
        outbox.give_back(desk.database, [work], now)
    except Exception as fault:
        _give_up(desk, work, repr(fault), now)


def _give_up(desk: Desk, work: Work, why: str, now: datetime) -> None:
    dead = outbox.fail(desk.database, work, why, now)
    log.error("notice_failed", ticket=work.ticket, dead=dead, why=why)
