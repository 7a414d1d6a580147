"""Counting (计数): what every changed ticket adds is replayed, kept, and carried into the daily sums."""

from collections.abc import Callable, Iterable

import structlog

from dispatch.desk import Desk, uncollected
from dispatch.storage import figures as stored
from reports.matter import Counts
from reports.tally import tally

#: Tickets counted in one transaction; whoever acts on one of them meanwhile waits that long. On SQLite everybody waits.
BATCH = 1000
BATCH_OF_ONE_WRITER = 300
Tell = Callable[[int], None]

log = structlog.get_logger(__name__)


def batch_of(desk: Desk) -> int:
    """How many tickets are counted at once on this desk's database."""
    return BATCH_OF_ONE_WRITER if desk.database.is_sqlite else BATCH


def count_batch(desk: Desk, n: int, wait: bool = False) -> int:
    """Count up to `n` changed tickets anew; how many there were. What others hold now is left to them, or waited for.

    Raises Busy where a ticket is waited for in vain.
    """
    with uncollected(), desk.database.transaction() as tx:
        found = _tallied(stored.untallied(desk.database, tx, n, wait))
        if found:
            stored.write(tx, found)
    return len(found)


def _tallied(several: Iterable[stored.Counted]) -> dict[str, tuple[stored.Words, Counts]]:
    """What each ticket adds. One that cannot be counted waits and is told of; all others must not wait for it."""
    found = {}
    for each in several:
        try:
            found[each.number] = (each.words, tally(each.matter))
        except Exception as fault:
            log.error("ticket_not_counted", ticket=each.number, why=repr(fault))
    return found


def catch_up(desk: Desk, tell: Tell = lambda _: None) -> int:
    """Count everything that had changed when this began; how many tickets.

    What another process is counting at this moment, or an act is changing, is waited for at the end: a report that is
    made then must not lack it.
    """
    n, total = batch_of(desk), 0
    while counted := count_batch(desk, n):
        total += counted
        tell(total)
    while counted := count_batch(desk, n, wait=True):
        total += counted
        tell(total)
        if counted < n:
            break
    return total


def rebuild(desk: Desk, tell: Tell = lambda _: None) -> int:
    """Forget all counts and count every ticket again (重建); figures are too small until it is done."""
    with desk.database.transaction() as tx:
        stored.forget(desk.database, tx)
    return catch_up(desk, tell)
