"""Finding by what somebody holds in hand (查找): a phone's blind index, a query code."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text
from sqlmodel import SQLModel

from dispatch.storage.database import Transaction
from dispatch.storage.sights import visible
from dispatch.storage.tables import IS_OPEN
from rules.access import Sight

_ticket = SQLModel.metadata.tables["ticket"]
_request = SQLModel.metadata.tables["request"]
_person = SQLModel.metadata.tables["person"]


def open_of_caller(tx: Transaction, phone_index: str, n: int, sight: Sight) -> list[Mapping[str, Any]]:
    """Number, stage, title, masked text and time of receipt of a caller's open tickets in `sight`, newest first, at most `n`.

    Nothing is locked.
    """
    query = (
        select(_ticket.c.number, _ticket.c.stage, _ticket.c.title, _ticket.c.text, _ticket.c.received_at)
        .join(_person, _person.c.id == _ticket.c.person)
        .where(_person.c.phone_index == phone_index, text(IS_OPEN), visible(sight))
        .order_by(_ticket.c.number.desc())
        .limit(n)
    )
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def has_code(tx: Transaction, number: str, query_code: str) -> bool:
    """Whether one of the ticket's contacts was given this query code."""
    query = select(_request.c.id).where(_request.c.ticket == number, _request.c.query_code == query_code)
    return tx.connection().execute(query.limit(1)).first() is not None
