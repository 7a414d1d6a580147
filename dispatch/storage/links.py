"""Links between tickets as stored (关联工单): different callers who seem to tell of one matter, repeats, merged ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select, union_all
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.prepared import among
from dispatch.storage.sights import visible
from dispatch.storage.tables import Ticket
from rules.access import Sight

_link = SQLModel.metadata.tables["link"]
_ticket = SQLModel.metadata.tables["ticket"]

#: What is told of another ticket beside the one that is looked at.
_BRIEF = tuple(
    _ticket.c[name]
    for name in ("number", "stage", "title", "department", "received_at", "earlier", "merged_into")
)


def counts(tx: Transaction, numbers: Sequence[str]) -> dict[str, int]:
    """How many tickets of other callers are linked with each of these; those without any are left out."""
    several = among(tx.connection(), numbers)
    sides = union_all(
        *(select(side.label("number")).where(side.in_(several)) for side in (_link.c.ticket, _link.c.other))
    ).subquery("sides")
    query = select(sides.c.number, func.count()).group_by(sides.c.number)
    return {row[0]: row[1] for row in tx.connection().execute(query)}


def of_ticket(tx: Transaction, number: str, sight: Sight, n: int) -> list[Mapping[str, Any]]:
    """The linked tickets in `sight`, likest first, at most `n`: what is told in brief, with `likeness` and `reasons`."""
    sides = ((_link.c.ticket, _link.c.other), (_link.c.other, _link.c.ticket))
    pairs = union_all(
        *(
            select(there.label("there"), _link.c.likeness, _link.c.reasons).where(here == number)
            for here, there in sides
        )
    ).subquery("pairs")
    query = (
        select(*_BRIEF, pairs.c.likeness, pairs.c.reasons)
        .join(pairs, pairs.c.there == _ticket.c.number)
        .where(visible(sight))
        .order_by(pairs.c.likeness.desc(), _ticket.c.number.desc())
        .limit(n)
    )
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def family(tx: Transaction, ticket: Ticket, sight: Sight, n: int) -> list[Mapping[str, Any]]:
    """Tickets in `sight` that this one repeats or follows, or that repeat or follow it, or that came by the same contact.

    In brief, at most `n` a kind. `kin` says which: earlier, merged_into, later, followers, split_from or parts; each kind
    newest first.
    """
    ways: dict[str, ColumnElement[bool]] = {
        "later": _ticket.c.earlier == ticket.number,
        "followers": _ticket.c.merged_into == ticket.number,
    }
    if ticket.earlier is not None:
        ways["earlier"] = _ticket.c.number == ticket.earlier
    if ticket.merged_into is not None:
        ways["merged_into"] = _ticket.c.number == ticket.merged_into
    ways["parts"] = and_(
        _ticket.c.split_from == (ticket.split_from or ticket.number), _ticket.c.number != ticket.number
    )
    if ticket.split_from is not None:
        ways["split_from"] = _ticket.c.number == ticket.split_from
    branches = [
        select(*_BRIEF, literal(kin).label("kin"))
        .where(way, visible(sight))
        .order_by(_ticket.c.number.desc())
        .limit(n)
        .subquery(kin)
        for kin, way in ways.items()
    ]
    found = union_all(*(select(each) for each in branches))
    return [dict(each) for each in tx.connection().execute(found).mappings()]
