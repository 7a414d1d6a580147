"""The console's own inbox (站内通知): always there, needs no provider."""

from collections.abc import Sequence
from datetime import datetime

from dispatch.storage import inbox
from dispatch.storage.database import Transaction
from dispatch.storage.outbox import Work


def deliver(tx: Transaction, works: Sequence[Work], now: datetime) -> None:
    """Put each piece of work into its receiver's inbox, in the transaction that marks it done."""
    inbox.put(
        tx,
        [
            {
                "outbox": work.id,
                "ticket": work.ticket,
                "receiver": work.data["receiver"],
                "department": work.data.get("department"),
                "words": work.data["words"],
                "created_at": now,
            }
            for work in works
        ],
    )
