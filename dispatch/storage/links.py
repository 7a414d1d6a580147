"""Links between tickets as stored (关联工单): different callers who seem to tell of one matter, repeats, merged ones."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction

_link = SQLModel.metadata.tables["link"]
_ticket = SQLModel.metadata.tables["ticket"]


def count(tx: Transaction, number: str) -> int:
    """How many tickets of other callers are linked with this one."""
    linked = or_(_link.c.ticket == number, _link.c.other == number)
    return tx.connection().execute(select(func.count()).where(linked)).scalar_one()


def of_ticket(tx: Transaction, number: str) -> list[Mapping[str, Any]]:
    """The linked tickets, likest first: `number`, `likeness`, `reasons`, `at`."""
    query = select(_link).where(or_(_link.c.ticket == number, _link.c.other == number))
    found = tx.connection().execute(query.order_by(_link.c.likeness.desc(), _link.c.ticket)).mappings()
    return [
        {
            "number": each["other"] if each["ticket"] == number else each["ticket"],
            "likeness": each["likeness"],
            "reasons": each["reasons"],
            "at": each["at"],
        }
        for each in found
    ]


def family(tx: Transaction, number: str) -> Mapping[str, list[str]]:
    """Numbers of the tickets that repeat this one (`later`) and of those merged into it (`followers`)."""
    later = select(_ticket.c.number).where(_ticket.c.earlier == number).order_by(_ticket.c.number)
    merged = select(_ticket.c.number).where(_ticket.c.merged_into == number).order_by(_ticket.c.number)
    connection = tx.connection()
    return {
        "later": list(connection.execute(later).scalars()),
        "followers": list(connection.execute(merged).scalars()),
    }
