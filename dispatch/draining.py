"""Emptying a queue of the outbox (处理积压): a batch at once, one by one where it fails, and never a row lost."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from dispatch.desk import Desk
from dispatch.storage import outbox
from dispatch.storage.database import Outage
from dispatch.storage.outbox import Work

#: Does some claimed rows in one transaction, or raises and has done none of them.
Settle = Callable[[Sequence[Work]], None]

log = structlog.get_logger(__name__)


def drain(
    desk: Desk,
    kind: str,
    size: int,
    settle: Settle,
    now: datetime,
    died: Callable[[Work], None] | None = None,
    whole: bool = False,
) -> int:
    """Work off one claimed batch of `kind`; how many rows were claimed (0: nothing waits).

    With `whole` no two workers share what is ready. A row that fails waits longer each time; after the last try it is
    set aside and `died` hears of it. Raises Outage when the database cannot be used; the batch then waits and no try
    is counted.
    """
    works = outbox.claim(desk.database, kind, size, now, whole)
    if not works:
        return 0
    sound = [work for work in works if work.attempts <= outbox.MOST_ATTEMPTS]
    try:
        settle(sound)
    except Outage:
        outbox.give_back(desk.database, works, now)
        raise
    except Exception as fault:
        log.warning("batch_failed", kind=kind, n=len(sound), why=repr(fault))
        for work in sound:
            _alone(desk, work, settle, now, died)
    for work in works:
        if work not in sound:
            _give_up(desk, work, "the worker died each time", now, died)
    return len(works)


def _alone(
    desk: Desk, work: Work, settle: Settle, now: datetime, died: Callable[[Work], None] | None
) -> None:
    try:
        settle([work])
    except Outage:
        outbox.give_back(desk.database, [work], now)
    except Exception as fault:
        _give_up(desk, work, repr(fault), now, died)


def _give_up(desk: Desk, work: Work, why: str, now: datetime, died: Callable[[Work], None] | None) -> None:
    dead = outbox.fail(desk.database, work, why, now)
    log.error("work_failed", kind=work.kind, ticket=work.ticket, dead=dead, why=why)
    if dead and died is not None:
        try:
            died(work)
        except Exception as fault:  # the dead row stays, and the check-up shows it
            log.error("hand_over_failed", ticket=work.ticket, why=repr(fault))
