"""The clues as stored (线索): listed for those who may see them, settled once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from rules.errors import DeskError

_clue = SQLModel.metadata.tables["clue"]
_ticket = SQLModel.metadata.tables["ticket"]

_BRIEF = tuple(
    _clue.c[name]
    for name in (
        "id",
        "ticket",
        "step",
        "state",
        "department",
        "opened_at",
        "settled_at",
        "settled_by",
        "reason",
    )
)

#: What a person can still settle: nobody looked yet, or nobody looked in time.
_UNSETTLED = ("waiting", "sent_up")


class NoSuchClue(DeskError):
    """没有这条线索，请核对编号。"""

    code = "no_such_clue"
    status = 404


def settle(tx: Transaction, ticket: str, state: str, actor: str, reason: str | None, now: datetime) -> None:
    """Set the state of the ticket's clue that nobody has settled; one sent up by silence keeps no name."""
    values: dict[str, Any] = {"state": state}
    if state != "sent_up":
        values |= {"settled_at": now, "settled_by": actor, "reason": reason}
    running = (_clue.c.ticket == ticket) & _clue.c.state.in_(_UNSETTLED)
    tx.connection().execute(update(_clue).where(running).values(**values))


def listed(tx: Transaction, states: tuple[str, ...], before: int | None, n: int) -> list[Mapping[str, Any]]:
    """Clues in one of `states` with their tickets' titles, newest first, at most `n`, from below the id `before`.

    The evidence and the drafts are large and left out.
    """
    query = select(*_BRIEF, _ticket.c.title).join(_ticket, _ticket.c.number == _clue.c.ticket)
    query = query.where(_clue.c.state.in_(states))
    if before is not None:
        query = query.where(_clue.c.id < before)
    return [
        dict(each) for each in tx.connection().execute(query.order_by(_clue.c.id.desc()).limit(n)).mappings()
    ]


def read(tx: Transaction, clue: int, states: tuple[str, ...]) -> Mapping[str, Any]:
    """A clue with evidence and drafts, its ticket's title, stage and pack. Raises NoSuchClue, also outside `states`."""
    query = (
        select(_clue, _ticket.c.title, _ticket.c.stage, _ticket.c.pack, _ticket.c.version)
        .join(_ticket, _ticket.c.number == _clue.c.ticket)
        .where(_clue.c.id == clue, _clue.c.state.in_(states))
    )
    found = tx.connection().execute(query).mappings().first()
    if found is None:
        raise NoSuchClue(clue=clue)
    return dict(found)


def of_ticket(tx: Transaction, number: str, states: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """The clues of a ticket in one of `states`, oldest first, without evidence and drafts."""
    query = select(*_BRIEF).where(_clue.c.ticket == number, _clue.c.state.in_(states)).order_by(_clue.c.id)
    return [dict(each) for each in tx.connection().execute(query).mappings()]
