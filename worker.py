"""The queue door (任务队列): one function that RQ calls by name, and the loops of ticker and auditor.

A job carries the name of its queue and nothing else: what is to be done stands in the outbox. It drains until nothing
is left, may run twice, and may die anywhere.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from types import FrameType

import structlog

from dispatch import digests, figures, follow_up, ladder, sameness, settings, supervise, triage
from dispatch.desk import Desk, open_desk
from dispatch.jobs import Doorbell
from rules.errors import DeskError

#: Which use case empties which queue; `tests/test_house.py` holds it against the names in dispatch/jobs.py.
DRAINS: dict[str, Callable[[Desk, datetime], int]] = {
    "triage": triage.drain,
    "ladder": ladder.drain,
    "notices": follow_up.drain,
    "digests": digests.drain,
    "figures": figures.drain,
}

#: The ticker looks this often; a step is late by at most this and the time to fire it.
TICK_SECONDS = 1.0
#: Whether there is something to count, or a report to make, is looked at this often.
COUNT_SECONDS = 15.0

log = structlog.get_logger(__name__)


def now() -> datetime:
    """The clock of this door."""
    return datetime.now(UTC)


@cache
def desk() -> Desk:
    """The desk of this process, opened with the first job and kept warm."""
    sameness.warm()
    found = settings.read(os.environ)
    bell = Doorbell(found.redis_url or f"unix://{found.socket}")
    return open_desk(found, os.urandom, bell, pool_size=2)


def drain(queue: str) -> int:
    """Work off everything that waits in `queue`; how many outbox rows were claimed.

    The bell is taken down first, so that whatever is committed from now on rings again.
    """
    opened = desk()
    if isinstance(opened.bell, Doorbell):
        opened.bell.answered(queue)
    return drain_with(opened, queue)


def drain_with(opened: Desk, queue: str) -> int:
    """Work off `queue` on a desk that is open already."""
    total = 0
    while claimed := DRAINS[queue](opened, now()):
        total += claimed
    return total


class Ticker:
    """Fires what is due and rings for what waits, once a second, until it is told to stop."""

    def __init__(self, opened: Desk) -> None:
        self._desk = opened
        self._stop = threading.Event()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End after the round in hand."""
        self._stop.set()

    def run(self) -> None:
        """Tick until stopped; an outage of the database is waited for and logged once."""
        down = False
        counted = -COUNT_SECONDS
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                supervise.tick(self._desk, now())
                supervise.sweep(self._desk, now())
                if begun - counted >= COUNT_SECONDS:
                    figures.sweep(self._desk, now())
                    counted = begun
                down = False
            except DeskError as fault:
                if not down:
                    log.error("ticker_waits", why=fault.detail)
                down = True
            self._stop.wait(max(0.05, TICK_SECONDS - (time.monotonic() - begun)))


def tick_until_stopped(opened: Desk) -> None:
    """Run the ticker in this process until SIGINT or SIGTERM."""
    ticker = Ticker(opened)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, ticker.stop)
    ticker.run()
