"""Who looked at a caller's identity (查看身份记录), and the opening of what was sealed, one item at a time."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import SQLModel

from dispatch.storage import records, tickets  # noqa: F401  (records defines the table)
from dispatch.storage.database import Transaction
from dispatch.storage.people import Seal
from dispatch.storage.tables import Person, Ticket
from rules.terms import Happened

_reveal = SQLModel.metadata.tables["reveal"]
_event = SQLModel.metadata.tables["event"]


def log(
    tx: Transaction, ticket: Ticket, field: str, reason: str, actor: str, roles: Sequence[str], now: datetime
) -> None:
    """Keep who saw what of whom, and why; never the value."""
    row = {
        "ticket": ticket.number,
        "person": ticket.person,
        "field": field,
        "reason": reason,
        "actor": actor,
        "roles": list(roles),
        "at": now,
    }
    tx.connection().execute(insert(_reveal).values(row))


def count_since(tx: Transaction, actor: str, since: datetime) -> int:
    """How often somebody looked since then."""
    query = select(func.count()).where(_reveal.c.actor == actor, _reveal.c.at > since)
    return tx.connection().execute(query).scalar_one()


def page(tx: Transaction, actor: str | None, before: int | None, n: int) -> list[Mapping[str, Any]]:
    """The log, newest first, at most `n` rows with an id below `before`; of one person where `actor` is given."""
    query = select(_reveal)
    if actor is not None:
        query = query.where(_reveal.c.actor == actor)
    if before is not None:
        query = query.where(_reveal.c.id < before)
    found = tx.connection().execute(query.order_by(_reveal.c.id.desc()).limit(n)).mappings()
    return [dict(each) for each in found]


def identity(tx: Transaction, seal: Seal, ticket: Ticket, field: str) -> str | None:
    """One item of who called: name, phone, text (the caller's own words) or place; None where it was not told.

    Raises SealBroken where the key file does not fit.
    """
    match field:
        case "phone":
            return _phone(tx, seal, ticket)
        case "name":
            return _name(tx, seal, ticket)
        case _:
            return _words(tx, seal, ticket, field)


def _phone(tx: Transaction, seal: Seal, ticket: Ticket) -> str | None:
    person = tx.session.get(Person, ticket.person) if ticket.person is not None else None
    return seal.open(person.sealed_phone, f"person.phone:{person.phone_index}") if person else None


def _name(tx: Transaction, seal: Seal, ticket: Ticket) -> str | None:
    """As told last: on asking back, or with the newest contact that told one."""
    supplemented = _opened(tx, seal, ticket.number, Happened.SUPPLEMENTED, "event.supplement")
    if supplemented.get("name"):
        return str(supplemented["name"])
    told = (each for each in reversed(tickets.requests_of(tx, ticket.number)) if each.sealed_name)
    newest = next(told, None)
    return seal.open(newest.sealed_name, f"request.name:{ticket.number}") if newest else None


def _words(tx: Transaction, seal: Seal, ticket: Ticket, field: str) -> str | None:
    """The first contact's own words; of a ticket that was split, all that was told."""
    first = next(iter(tickets.requests_of(tx, ticket.number)), None)
    hidden = seal.open(first.sealed_text, f"request.text:{ticket.number}") if first else None
    own = json.loads(hidden).get(field) if hidden else None
    if own is None and field == "text":
        own = _opened(tx, seal, ticket.number, Happened.SPLIT, "event.split", first=True).get("text")
    shown: str | None = getattr(ticket, field)
    return own if own is not None else shown


def _opened(
    tx: Transaction, seal: Seal, number: str, kind: Happened, place: str, first: bool = False
) -> Mapping[str, Any]:
    """What is sealed in the newest (or first) event of that kind; nothing where there is none."""
    order = _event.c.id if first else _event.c.id.desc()
    query = select(_event.c.data).where(_event.c.ticket == number, _event.c.kind == kind.value)
    data = tx.connection().execute(query.order_by(order)).scalars().first()
    words = seal.open(data.get("sealed"), f"{place}:{number}") if data else None
    found: Mapping[str, Any] = json.loads(words) if words else {}
    return found
