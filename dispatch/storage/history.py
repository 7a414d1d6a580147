"""What happened to a ticket (事件历史): appended, never changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.prepared import among, as_read
from rules.terms import CHINA, Happened, Happening

_event = SQLModel.metadata.tables["event"]

#: Keys of event data that hold an instant; JSON has no type for it.
_INSTANTS = frozenset({"until", "due_at", "counted_at", "since", "promised"})


#: Built once: a statement that is built anew each time costs more than it takes to run.
_of_ticket = select(_event).where(_event.c.ticket == bindparam("number")).order_by(_event.c.id)


def row(ticket: str, happening: Happening, actor: str, now: datetime) -> dict[str, Any]:
    """The column values of one event."""
    return {
        "ticket": ticket,
        "kind": happening.kind.value,
        "at": happening.at,
        "recorded_at": now,
        "actor": actor,
        "clock": None,
        "generation": None,
        "step": happening.step or None,
        "data": written(happening.data),
    }


def written(data: Mapping[str, Any]) -> dict[str, Any]:
    """Event data as JSON holds it; what is None is left out."""
    return {key: _plain(value) for key, value in data.items() if value is not None}


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def read(tx: Transaction, ticket: str) -> list[Mapping[str, Any]]:
    """All events of a ticket in the order they were written, as column mappings."""
    return [dict(each) for each in tx.connection().execute(_of_ticket, {"number": ticket}).mappings()]


def newest(tx: Transaction, ticket: str, kind: Happened) -> dict[str, Any] | None:
    """The data of the newest event of that kind, or None."""
    query = select(_event.c.data).where(_event.c.ticket == ticket, _event.c.kind == kind.value)
    found: dict[str, Any] | None = tx.connection().execute(query.order_by(_event.c.id.desc())).scalar()
    return found


def read_all(tx: Transaction, numbers: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """The events of many tickets, by number, each in the order they were written."""
    found: dict[str, list[Mapping[str, Any]]] = {number: [] for number in numbers}
    several = among(tx.connection(), numbers)
    query = (
        select(*as_read(tx.connection(), _event.c)).where(_event.c.ticket.in_(several)).order_by(_event.c.id)
    )
    for each in tx.connection().execute(query).mappings().all():
        found[each["ticket"]].append(dict(each))
    return found


def happenings(rows: Iterable[Mapping[str, Any]]) -> tuple[Happening, ...]:
    """The events as rules see them, in business time; a clock's own steps keep their kind."""
    return tuple(
        Happening(
            kind=Happened(each["kind"]),
            at=each["at"].astimezone(CHINA),
            data=_restored(each["data"]),
            step=each["step"] or "",
            id=each.get("id"),
            recorded_at=each.get("recorded_at"),
        )
        for each in rows
    )


def _restored(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: datetime.fromisoformat(value) if key in _INSTANTS else value for key, value in data.items()}
