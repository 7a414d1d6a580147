"""One open desk (工作台): database, seal, numbers, packs, models and bell, put together once by a door."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from dispatch.jobs import Bell, NoBell
from dispatch.models import Models
from dispatch.packs import Packs
from dispatch.settings import CLOCK_TOLERANCE, Settings
from dispatch.storage import migrate
from dispatch.storage.database import Database, NotPrepared, Transaction
from dispatch.storage.numbers import Numbers
from dispatch.storage.people import Seal, read_key_file


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a use case needs; shared by the threads of one process. `random` gives that many random bytes.

    `settings` are those it was opened with: another process opens the same desk by them. `tolerance` is by how much
    the clock may go back before nothing fires any more.
    """

    database: Database
    seal: Seal
    numbers: Numbers
    packs: Packs
    models: Models
    bell: Bell
    random: Callable[[int], bytes]
    settings: Settings
    tolerance: timedelta = timedelta(seconds=CLOCK_TOLERANCE)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One act: committed whole, then the bells are rung; a rollback rings nothing."""
        with self.database.transaction() as tx:
            yield tx
        for queue in sorted(tx.bells):
            self.bell.ring(queue)


def open_desk(
    settings: Settings,
    random: Callable[[int], bytes],
    bell: Bell | None = None,
    pool_size: int = 10,
    open_database: Callable[[str, int], Database] = Database,
) -> Desk:
    """Open what `settings` name. Raises NoKey, DatabaseUnreachable, or NotPrepared before `init` or `migrate`."""
    seal = read_key_file(settings.key_file, random)
    database = open_database(settings.database_url, pool_size)
    if migrate.current(database) != migrate.newest():
        database.close()
        raise NotPrepared()
    return Desk(
        database=database,
        seal=seal,
        numbers=Numbers(database),
        packs=Packs(database),
        models=Models(database, settings.models),
        bell=bell or NoBell(),
        random=random,
        settings=settings,
        tolerance=timedelta(seconds=settings.clock_tolerance),
    )


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: a batch makes many objects and no rings, and a quarter of its time went there."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
