"""Looking again at tickets that were urged (升级复核): did a contact come after a missed promise, and does it count?"""

from collections.abc import Sequence
from datetime import datetime

from dispatch import clues, draining
from dispatch.desk import Desk
from dispatch.record import rise
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage import outbox, tickets
from dispatch.storage.ledger import Ledger
from dispatch.storage.outbox import Work
from rules import escalation
from rules.terms import CHINA

BATCH = 100


def drain(desk: Desk, now: datetime) -> int:
    """Look at one claimed batch; how many rows were claimed (0: nothing waits). Raises Outage."""

    def settle(works: Sequence[Work]) -> None:
        _to_be_counted(desk, works)
        _look(desk, works, now)

    return draining.drain(desk, "ladder", BATCH, settle, now)


def _to_be_counted(desk: Desk, works: Sequence[Work]) -> None:
    """The contacts that urged are counted also where looking at their tickets fails, for a while or for good."""
    with desk.transaction() as tx:
        held = tickets.lock_all(tx, sorted({work.ticket for work in works}))
        tickets.untally(tx, tuple(held))


def _look(desk: Desk, works: Sequence[Work], now: datetime) -> None:
    """Each ticket once, however often it was urged, locked in the order of numbers like every batch."""
    with desk.transaction() as tx:
        mine = set(outbox.finish_all(tx, works, now))
        held = tickets.lock_all(tx, sorted({work.ticket for work in works if work.id in mine}))
        for ticket in held.values():
            terms = desk.packs.of(ticket.pack, tx)
            facts = stored_facts.gather(tx, ticket)
            climbed = escalation.climb(facts, *terms, now.astimezone(CHINA))
            if climbed is None:
                continue
            ledger = Ledger()
            after = rise(ledger, facts, climbed, terms[0], now)
            clues.open_all(desk, tx, ledger, after, climbed.clues, terms, now)
            ledger.write(tx)
            stored_clocks.settle(tx, after, terms, ticket.pack)
            tickets.mark(tx, ticket.number, climbed.changes)
