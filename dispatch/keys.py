"""Keys for scripts and consoles (接口密钥): made here, shown once, kept as a digest, looked up without a query."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from dispatch.storage import registry
from dispatch.storage.database import Database
from rules.access import Actor
from rules.terms import Role

PREFIX = "hk_"
RANDOM_BYTES = 20

#: A key that was switched off stops working within this time.
FRESH = timedelta(seconds=30)
#: A key that is not known is looked for in the database at most this often, whatever is thrown at the door.
AGAIN = timedelta(seconds=1)


def make(random: Callable[[int], bytes]) -> str:
    """A new key: "hk_" and 40 hex digits. `random` gives that many random bytes. Show it once, keep `digest`."""
    return PREFIX + random(RANDOM_BYTES).hex()


def digest(key: str) -> str:
    """What is kept of a key: 64 hex digits. A plain hash will do, as keys hold 160 random bits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class Keys:
    """All valid keys of the desk, held in memory and re-read whole; safe to share between threads."""

    def __init__(self, database: Database) -> None:
        """Nothing is read yet."""
        self._database = database
        self._actors: Mapping[str, Actor] = MappingProxyType({})
        self._looked: datetime | None = None
        self._lock = threading.Lock()

    def at_hand(self, key: str, now: datetime) -> Actor | None:
        """Who holds `key`, from memory alone; None also when memory is too old to say."""
        return self._actors.get(digest(key)) if self._younger(FRESH, now) else None

    def find(self, key: str, now: datetime) -> Actor | None:
        """Who holds `key`, at most FRESH old; None for an unknown or switched-off key.

        May read the database. Raises DatabaseUnreachable.
        """
        found = self.at_hand(key, now)
        if found is not None or self._younger(AGAIN, now):
            return found
        with self._lock:
            if not self._younger(AGAIN, now):
                self._read()
                self._looked = now
        return self._actors.get(digest(key))

    def _younger(self, age: timedelta, now: datetime) -> bool:
        return self._looked is not None and timedelta(0) <= now - self._looked < age

    def _read(self) -> None:
        with self._database.reading() as tx:
            rows = registry.keys(tx)
        self._actors = MappingProxyType(
            {
                row.digest: Actor(
                    row.name, frozenset({Role(row.role)}), row.department or None, f"key:{row.id}"
                )
                for row in rows
            }
        )
