"""Keeping floods out (防刷): a few posts a minute without a key, a few wrong guesses.

Counted in the memory of one process: with n server processes an address gets up to n times as much.
"""

import math
import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from rules.errors import DeskError

#: Addresses remembered at once; the one not seen for longest is forgotten first.
REMEMBERED = 20_000


class TooMany(DeskError):
    """操作太频繁，请稍后再试。"""

    code = "too_many_requests"
    status = 429

    @property
    def wait(self) -> int:
        """Seconds after which it is worth trying again."""
        return int(self.facts.get("wait", 60))


class Buckets:
    """A token bucket for each address: `burst` at once, then `per_minute`."""

    def __init__(self, per_minute: int = 10, burst: int = 10) -> None:
        self._rate = per_minute / 60
        self._burst = float(burst)
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str, now: datetime) -> None:
        """Count one post. Raises TooMany when the address must wait."""
        with self._lock:
            left, seen = self._left.pop(address, (self._burst, now))
            left = min(self._burst, left + max(0.0, (now - seen).total_seconds()) * self._rate)
            enough = left >= 1
            self._left[address] = (left - 1 if enough else left, now)
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        if not enough:
            wait = math.ceil((1 - left) / self._rate)
            raise TooMany(hint="不带密钥时每分钟可提交的次数有限；紧急情况请直接拨打 12345。", wait=wait)


class Guesses:
    """Wrong guesses: after `most` for one subject within `window`, even a right one must wait."""

    def __init__(self, most: int, window: timedelta = timedelta(minutes=15)) -> None:
        self._most = most
        self._window = window
        self._wrong: OrderedDict[str, list[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, subject: str, now: datetime) -> None:
        """Raises TooMany while `subject` has guessed wrong too often."""
        with self._lock:
            recent = self._recent(subject, now)
        if len(recent) >= self._most:
            wait = math.ceil((recent[0] + self._window - now).total_seconds())
            raise TooMany(f"输错次数太多，请 {math.ceil(wait / 60)} 分钟后再试。", wait=wait)

    def wrong(self, subject: str, now: datetime) -> None:
        """Count one wrong guess."""
        with self._lock:
            recent = [*self._recent(subject, now), now][-self._most :]
            self._wrong.pop(subject, None)
            self._wrong[subject] = recent
            if len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)

    def _recent(self, subject: str, now: datetime) -> list[datetime]:
        return [each for each in self._wrong.get(subject, ()) if now - self._window < each <= now]
