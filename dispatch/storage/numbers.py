"""Handing out ticket numbers (编号): leased in blocks, so that a ticket costs no statement of its own."""

import threading
from datetime import datetime
from typing import Any, cast

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Database
from rules.numbers import compose
from rules.terms import CHINA

#: Numbers taken at once; those a process does not use before it ends are gaps, which the numbering allows.
BLOCK = 100

_block = SQLModel.metadata.tables["number_block"]


class Numbers:
    """The numbers of one process; safe to share between its threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._free: dict[tuple[str, str], range] = {}

    def take(self, area: str, now: datetime, n: int = 1) -> list[str]:
        """`n` new numbers for tickets received at `now`, counted by the local day of receipt."""
        day = now.astimezone(CHINA).strftime("%Y%m%d")
        with self._lock:
            taken: list[int] = []
            while len(taken) < n:
                free = self._free.get((area, day)) or self._lease(area, day, n - len(taken))
                here = free[: n - len(taken)]
                taken += here
                self._free = {(area, day): free[len(here) :], **self._others(area, day)}
        return [compose(area, day, sequence) for sequence in taken]

    def _others(self, area: str, day: str) -> dict[tuple[str, str], range]:
        """Open blocks of neighbouring days (bulk intake jumps between days); a few are kept."""
        rest = [(key, free) for key, free in self._free.items() if key != (area, day) and free]
        return dict(rest[:50])

    def _lease(self, area: str, day: str, wanted: int) -> range:
        """A block in a transaction of its own, committed before any of its numbers is used."""
        size = max(BLOCK, wanted)
        upsert = cast(Any, sqlite.insert if self._database.is_sqlite else postgresql.insert)(_block)
        statement = upsert.on_conflict_do_update(
            index_elements=["area", "day"], set_={"next": _block.c.next + size}
        ).returning(_block.c.next)
        with self._database.transaction() as tx:
            end: int = (
                tx.connection().execute(statement, {"area": area, "day": day, "next": size}).scalar_one()
            )
        return range(end - size + 1, end + 1)
