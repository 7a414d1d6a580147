"""What was decided in a span of time (往期工单), page by page, for a replay: read and never locked."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel, col
from sqlmodel import select as select_model

from dispatch.storage.database import Transaction
from dispatch.storage.tables import Ticket

_decision = SQLModel.metadata.tables["decision"]


def pages(tx: Transaction, since: datetime, until: datetime, n: int) -> Iterator[list[Ticket]]:
    """The tickets received from `since` up to but not at `until`, by number, at most `n` at a time."""
    after = ""
    while True:
        query = select_model(Ticket).where(
            col(Ticket.received_at) >= since, col(Ticket.received_at) < until, col(Ticket.number) > after
        )
        page = list(tx.session.exec(query.order_by(col(Ticket.number)).limit(n)))
        if not page:
            return
        after = page[-1].number
        yield page
        tx.session.expunge_all()


def decisions(tx: Transaction, numbers: Sequence[str], acts: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The newest decision of each ticket that was one of `acts`, by number; a ticket without one is left out.

    The newest, as a ticket that was supplemented is judged again, by the words that it then has.
    """
    query = select(_decision).where(_decision.c.ticket.in_(numbers), _decision.c.act.in_(acts))
    found: dict[str, Mapping[str, Any]] = {}
    for each in tx.connection().execute(query.order_by(_decision.c.id)).mappings():
        found[each["ticket"]] = dict(each)
    return found
