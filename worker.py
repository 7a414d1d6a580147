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

from dispatch import audit, digests, figures, follow_up, ladder, sameness, settings, supervise, triage
from dispatch.desk import Desk, open_desk
from dispatch.jobs import Doorbell
from dispatch.watch import Guard
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


class Watch:
    """A loop that goes round until it is told to stop, and stands still while the machine's clock is behind."""

    def __init__(self, opened: Desk, every: float, clock: Callable[[], datetime] = now) -> None:
        """`every` so many seconds."""
        self._desk = opened
        self._every = every
        self._clock = clock
        self._guard = Guard(opened, server=clock is now)
        self._stop = threading.Event()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End after the transaction in hand."""
        self._stop.set()

    def run(self) -> None:
        """Go round until stopped; an outage of the database is waited for and logged once."""
        down = False
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                at = self._clock()
                self.round(at, self._guard.steady(at))
                down = False
            except DeskError as fault:
                if not down:
                    log.error("watch_waits", part=type(self).__name__, why=fault.detail)
                down = True
            self._stop.wait(max(0.05, self._every - (time.monotonic() - begun)))

    def round(self, at: datetime, steady: bool) -> None:
        """What is done at `at`; when not `steady`, nothing may fire."""
        raise NotImplementedError


class Ticker(Watch):
    """Fires what is due and rings for what waits, once a second."""

    def __init__(self, opened: Desk, clock: Callable[[], datetime] = now) -> None:
        """On SQLite a second ticker waits until the first has gone."""
        super().__init__(opened, TICK_SECONDS, clock)
        self._counted = -COUNT_SECONDS
        self._waiting = False

    def round(self, at: datetime, steady: bool) -> None:
        """Fire, ring, and now and then look whether there is something to count."""
        if not self._first():
            return
        if steady:
            supervise.tick(self._desk, at, self._stop.is_set)
        supervise.sweep(self._desk, self._clock())
        if time.monotonic() - self._counted >= COUNT_SECONDS:
            figures.sweep(self._desk, self._clock())
            self._counted = time.monotonic()

    def _first(self) -> bool:
        if self._desk.database.sole("ticker"):
            self._waiting = False
            return True
        if not self._waiting:
            log.warning(
                "ticker_waits", why="SQLite 上只能有一个时限进程；已有一个在运行，它退出后由本进程接替。"
            )
            self._waiting = True
        return False


class Auditor(Watch):
    """Plans again what is near due and a sample of the rest, and repairs."""

    def round(self, at: datetime, steady: bool) -> None:
        """One pass."""
        if steady:
            found = audit.audit(self._desk, at)
            if found.repaired or found.failed:
                log.warning("audited", looked=found.looked, repairs=found.repairs, failed=len(found.failed))


def tick_until_stopped(opened: Desk) -> None:
    """Run the ticker in this process until SIGINT or SIGTERM."""
    _until_stopped(Ticker(opened))


def audit_until_stopped(opened: Desk, every: float) -> None:
    """Run the auditor in this process until SIGINT or SIGTERM, a pass `every` so many seconds."""
    _until_stopped(Auditor(opened, every))


def _until_stopped(watch: Watch) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, watch.stop)
    watch.run()
