"""What a run left in the tables (事后核对): every promise kept once, read without asking any part of the desk."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select, text
from sqlmodel import SQLModel, col
from sqlmodel import select as select_model

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.tables import Ticket

_clock = SQLModel.metadata.tables["clock"]
_event = SQLModel.metadata.tables["event"]
_request = SQLModel.metadata.tables["request"]

#: Each must come out as nothing: what it would mean, and the rows that would show it.
DOUBLED = MappingProxyType(
    {
        "keys with two requests": (
            "SELECT idempotency_key FROM request WHERE idempotency_key IS NOT NULL "
            "GROUP BY scope, idempotency_key HAVING count(*) > 1"
        ),
        "tickets received twice": (
            "SELECT ticket FROM event WHERE kind = 'received' GROUP BY ticket HAVING count(*) > 1"
        ),
        "steps fired twice": (
            "SELECT clock FROM event WHERE step IS NOT NULL AND clock IS NOT NULL "
            "GROUP BY clock, generation, step HAVING count(*) > 1"
        ),
        "rungs fired twice": (
            "SELECT ticket FROM event WHERE step IS NOT NULL AND clock IS NULL "
            "GROUP BY ticket, step HAVING count(*) > 1"
        ),
        "events written twice": (
            "SELECT ticket FROM event WHERE step IS NULL GROUP BY ticket, kind, at, actor HAVING count(*) > 1"
        ),
        "notices sent twice": "SELECT outbox FROM notice GROUP BY outbox, receiver HAVING count(*) > 1",
        "clocks with two running generations": (
            "SELECT ticket FROM clock WHERE state IN ('armed', 'held', 'paused') "
            "GROUP BY ticket, kind, scope HAVING count(*) > 1"
        ),
    }
)
LOST = MappingProxyType(
    {
        "tickets without their first request": (
            "SELECT number FROM ticket WHERE NOT EXISTS (SELECT 1 FROM request WHERE request.ticket = ticket.number)"
        ),
        "requests without receipt or joining": (
            "SELECT ticket FROM request GROUP BY ticket HAVING count(*) > (SELECT count(*) FROM event "
            "WHERE event.ticket = request.ticket AND event.kind IN ('received', 'joined'))"
        ),
        "work set aside": "SELECT ticket FROM outbox WHERE state = 'dead'",
        "notices never sent": (
            "SELECT outbox.ticket FROM outbox LEFT JOIN notice ON notice.outbox = outbox.id "
            "WHERE outbox.kind = 'notices' AND outbox.state = 'done' AND notice.id IS NULL"
        ),
    }
)


def rows_of(tx: Transaction, query: str) -> Sequence[Any]:
    """The first column of a query of DOUBLED or LOST."""
    return tx.connection().execute(text(query)).scalars().all()


def counts(tx: Transaction) -> dict[str, int]:
    """How many events there are, and how many of them are steps of clocks and rungs."""
    query = select(func.count(), func.count(_event.c.step)).select_from(_event)
    events, steps = tx.connection().execute(query).one()
    return {"events": events, "steps": steps}


def receipts(tx: Transaction, scope: str) -> dict[str, tuple[str, str, bool]]:
    """Ticket, query code and whether it joined, by idempotency key, of all requests in `scope`."""
    columns = (_request.c.idempotency_key, _request.c.ticket, _request.c.query_code, _request.c.joined)
    query = select(*columns).where(_request.c.scope == scope, _request.c.idempotency_key.is_not(None))
    return {row[0]: (row[1], row[2], bool(row[3])) for row in tx.connection().execute(query)}


def tickets_after(tx: Transaction, number: str, n: int) -> list[Ticket]:
    """The next `n` tickets in the order of their numbers."""
    query = select_model(Ticket).where(col(Ticket.number) > number).order_by(col(Ticket.number)).limit(n)
    return list(tx.session.exec(query))


def clocks_of(tx: Transaction, numbers: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """The clock rows of many tickets, by number."""
    found: dict[str, list[Mapping[str, Any]]] = {number: [] for number in numbers}
    columns = [_clock.c[name] for name in ("id", "ticket", "kind", "scope", "generation", "next_at")]
    for row in tx.connection().execute(select(*columns).where(_clock.c.ticket.in_(numbers))).mappings():
        found[row["ticket"]].append(dict(row))
    return found
