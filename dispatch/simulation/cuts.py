"""What breaks in a run: crashes at commit boundaries (崩溃点), just before a commit, or after it and before anybody is
told; and days on which no ticker runs (督办停摆)."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random

from dispatch.storage.database import Database, Transaction
from dispatch.storage.passing import throw_away

#: Days between two absences of the ticker, and how many hours each may last: it is away for a good quarter of the time.
_DAYS_BETWEEN = 3.0
_HOURS_AWAY = (2, 9, 30, 80)


def absences(seed: int, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """When no ticker runs, from and until, in order of time; each is over before `end`."""
    dice = Random(f"{seed}:absences")  # noqa: S311 - a story, not a secret
    found: list[tuple[datetime, datetime]] = []
    at = begin
    while True:
        gone = at + timedelta(days=dice.expovariate(1 / _DAYS_BETWEEN))
        at = gone + timedelta(hours=dice.choice(_HOURS_AWAY))
        if at >= end:
            return found
        found.append((gone, at))


class Cut(BaseException):
    """Everything in memory is gone. No handler of errors in the desk may catch it, as none could a power cut."""


class Cuts:
    """Chooses the transactions that are cut; `die` ("before" or "after") makes the next one end the process for real."""

    def __init__(self, seed: str, rate: float, passing: bool = False) -> None:
        """`rate` is the share of transactions that are cut, half of them before the commit.

        `passing` says that the database is thrown away afterwards.
        """
        self._passing = passing
        self._dice = Random(seed)  # noqa: S311 - a story, not a secret
        self._rate = rate
        self.die: str | None = None

    def database(self, url: str, pool_size: int) -> Database:
        """A database whose transactions are cut."""
        made = _CutDatabase(url, pool_size, self)
        return throw_away(made) if self._passing else made

    def boundary(self, moment: str, chosen: str | None) -> None:
        """One side of a commit: `moment` is "before" or "after", `chosen` the one at which this transaction is cut."""
        if self.die == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        if chosen == moment:
            raise Cut()

    def choose(self) -> str | None:
        """At which side of its commit the next transaction is cut, if at all."""
        drawn = self._dice.random()
        return None if drawn >= self._rate else "before" if drawn < self._rate / 2 else "after"


class _CutDatabase(Database):
    def __init__(self, url: str, pool_size: int, cuts: Cuts) -> None:
        super().__init__(url, pool_size)
        self._cuts = cuts

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """As ever, but that some end in a crash."""
        chosen = self._cuts.choose()
        with super().transaction() as tx:
            yield tx
            self._cuts.boundary("before", chosen)
        self._cuts.boundary("after", chosen)
