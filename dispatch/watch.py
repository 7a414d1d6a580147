"""Whether this machine's clock can be believed (时钟看守): when it went back, nothing may fire until it has caught up.

A step fired at a false hour can never be taken back, a late one is only late. The newest instant that was ever seen is
kept in the database; where there is a database server, its clock is a second witness.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from dispatch.desk import Desk
from dispatch.storage import watch
from dispatch.storage.database import Database, Transaction
from rules.terms import CHINA

#: The newest instant is written down this often.
KEEP = timedelta(seconds=10)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Setback:
    """The clock stands before an instant that has been: by more than is tolerated."""

    now: datetime
    newest: datetime

    @property
    def behind(self) -> timedelta:
        """By how much."""
        return self.newest - self.now

    @property
    def words(self) -> str:
        """What people read."""
        now, newest = (
            each.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") for each in (self.now, self.newest)
        )
        minutes = max(1, round(self.behind.total_seconds() / 60))
        return (
            f"本机时间 {now} 早于已经到过的 {newest}，慢了约 {minutes} 分钟："
            "时限督办和核查已暂停，时间追上后自动恢复。"
        )


#: What to do about it.
MEND = "请校准本机时间；如果现在的时间才是对的、是此前走快了，请运行 hotline audit --trust-clock。"


def setback(database: Database, now: datetime, tolerance: timedelta, server: bool = False) -> Setback | None:
    """Whether `now` lies behind the newest instant seen, or with `server` the database's own clock, by more than that."""
    with database.reading() as tx:
        return setback_in(tx, now, tolerance, database.own_time(tx) if server else None)


def setback_in(
    tx: Transaction, now: datetime, tolerance: timedelta, witness: datetime | None = None
) -> Setback | None:
    """The same inside a transaction; `witness` is what another clock says."""
    seen = (watch.newest(tx), witness)
    newest = max((each for each in seen if each is not None), default=None)
    if newest is None or newest - now <= tolerance:
        return None
    return Setback(now, newest)


def trust(desk: Desk, now: datetime) -> None:
    """Somebody has looked: `now` is right, whatever was seen before."""
    with desk.transaction() as tx:
        watch.see(tx, now, anyway=True)
    log.warning("clock_trusted", now=now.isoformat())


class Guard:
    """Asked by a loop before each round; says once when the clock went back, and once when it has caught up."""

    def __init__(self, desk: Desk, server: bool = True) -> None:
        """`server`: the database's own clock is a witness, which it cannot be in virtual time."""
        self._desk = desk
        self._server = server
        self._kept: datetime | None = None
        self._stopped = False

    def steady(self, now: datetime) -> bool:
        """Whether anything may fire at `now`. Raises Outage."""
        found = setback(self._desk.database, now, self._desk.tolerance, self._server)
        if found is not None:
            if not self._stopped:
                log.error("clock_went_back", why=found.words, mend=MEND)
            self._stopped, self._kept = True, None
            return False
        if self._stopped:
            log.warning("clock_caught_up", now=now.isoformat())
            self._stopped = False
        if self._kept is None or not timedelta(0) <= now - self._kept < KEEP:
            with self._desk.transaction() as tx:
                watch.see(tx, now)
            self._kept = now
        return True
