"""The clues as stored (线索): listed for those who may see them, settled once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction

_clue = SQLModel.metadata.tables["clue"]

#: What a person can still settle: nobody looked yet, or nobody looked in time.
_UNSETTLED = ("waiting", "sent_up")


def settle(tx: Transaction, ticket: str, state: str, actor: str, reason: str | None, now: datetime) -> None:
    """Set the state of the ticket's clue that nobody has settled; one sent up by silence keeps no name."""
    values: dict[str, Any] = {"state": state}
    if state != "sent_up":
        values |= {"settled_at": now, "settled_by": actor, "reason": reason}
    running = (_clue.c.ticket == ticket) & _clue.c.state.in_(_UNSETTLED)
    tx.connection().execute(update(_clue).where(running).values(**values))


def listed(tx: Transaction, states: tuple[str, ...], before: int | None, n: int) -> list[Mapping[str, Any]]:
    """Clues in one of `states`, newest first, at most `n`, from below the id `before`."""
    query = select(_clue).where(_clue.c.state.in_(states))
    if before is not None:
        query = query.where(_clue.c.id < before)
    return [
        dict(each) for each in tx.connection().execute(query.order_by(_clue.c.id.desc()).limit(n)).mappings()
    ]


def of_ticket(tx: Transaction, number: str) -> list[Mapping[str, Any]]:
    """The clues of a ticket, oldest first."""
    query = select(_clue).where(_clue.c.ticket == number).order_by(_clue.c.id)
    return [dict(each) for each in tx.connection().execute(query).mappings()]
