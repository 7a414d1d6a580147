"""Tickets and requests (工单、诉求): written whole, locked before an act, listed by key and never counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Update, and_, bindparam, func, or_, select, text, union, update
from sqlmodel import SQLModel, col
from sqlmodel import select as select_model

from dispatch.storage.database import Transaction
from dispatch.storage.sights import IS_RESTRICTED, visible
from dispatch.storage.tables import IS_OPEN, Request, Ticket
from rules.access import ORDINARY, Sight
from rules.errors import DeskError

_ticket = SQLModel.metadata.tables["ticket"]
_request = SQLModel.metadata.tables["request"]
_assignment = SQLModel.metadata.tables["assignment"]

#: Written out word for word, so that the partial indexes of the same condition serve.
_is_open = text(IS_OPEN)

_open_of_person = (
    select(
        _ticket.c.number,
        _ticket.c.stage,
        _ticket.c.title,
        _ticket.c.text,
        _ticket.c.department,
        _ticket.c.restricted,
        _ticket.c.received_at,
    )
    .where(_ticket.c.person == bindparam("person"), _is_open)
    .order_by(_ticket.c.number)
    .limit(50)
    .with_for_update(key_share=True)
)
#: What a caller said before, open or over: a new contact joins, or repeats, one of these.
_MATTER = (
    "number",
    "stage",
    "title",
    "text",
    "place",
    "department",
    "complaint_count",
    "counted_at",
    "received_at",
    "redo_round",
    "merged_into",
    "person",
    "restricted",
    "against",
)
_newest_of_person = (
    select(_ticket.c.number, _ticket.c.merged_into)
    .where(_ticket.c.person == bindparam("person"))
    .order_by(_ticket.c.number.desc())
    .limit(50)
    .subquery("newest")
)
#: A union and not an "or": both databases then look up by key, and never read the whole table.
_and_their_leads = union(
    select(_newest_of_person.c.number),
    select(_newest_of_person.c.merged_into).where(_newest_of_person.c.merged_into.is_not(None)),
)
_of_person = (
    select(*(_ticket.c[name] for name in _MATTER))
    .where(_ticket.c.number.in_(_and_their_leads))
    .order_by(_ticket.c.number)
    .with_for_update(key_share=True)
)
_triaged = (
    update(_ticket)
    .where(_ticket.c.number == bindparam("row"))
    .values(
        **{
            name: bindparam(name)
            for name in (
                "stage",
                "department",
                "category",
                "area",
                "due_at",
                "closed_at",
                "urgency",
                "restricted",
                "upward",
                "against",
                "card",
                "complaint_count",
                "supervision",
                "raised",
            )
        },
        version=_ticket.c.version + 1,
        tallied=False,
    )
)


_locked = select_model(Ticket).where(Ticket.number == bindparam("wanted")).with_for_update(key_share=True)
_lead = select(_ticket.c.merged_into).where(_ticket.c.number == bindparam("wanted"))
_running_legs = (_assignment.c.ticket == bindparam("wanted")) & _assignment.c.ended_at.is_(None)
_end_legs = (
    update(_assignment).where(_running_legs).values(ended_at=bindparam("now"), result=bindparam("how"))
)


class NoSuchTicket(DeskError):
    """没有这张工单，请核对编号。"""

    code = "no_such_ticket"
    status = 404


class Changed(DeskError):
    """工单已被别人更新，请按最新内容再操作。"""

    code = "changed_meanwhile"
    status = 409


@dataclass(frozen=True, slots=True)
class Search:
    """What a work list asks for within `sight`; `department` None is all that is in it.

    `after` is the cursor of the last row seen.
    """

    stage: str | None = None
    department: str | None = None
    due_before: datetime | None = None
    words: str | None = None
    by_due: bool = False
    after: tuple[str, ...] | None = None
    limit: int = 25
    restricted: bool = False
    sight: Sight = ORDINARY


def end_assignments(tx: Transaction, ticket: str, result: str, now: datetime) -> None:
    """Close the running dispatches of a ticket."""
    tx.connection().execute(_end_legs, {"wanted": ticket, "now": now, "how": result})


def end_assignment(tx: Transaction, ticket: str, department: str, result: str, now: datetime) -> None:
    """Close the running leg of one department beside the lead (协办、下派)."""
    running = (_assignment.c.ticket == ticket) & _assignment.c.ended_at.is_(None)
    its = running & (_assignment.c.department == department) & (_assignment.c.part == "assist")
    tx.connection().execute(update(_assignment).where(its).values(ended_at=now, result=result))


def open_of_person(tx: Transaction, person: int) -> list[Mapping[str, Any]]:
    """The open tickets of a caller whose row the transaction holds locked, newest first; they are locked too.

    Locked oldest first, like every batch, so that two transactions cannot wait for each other.
    """
    rows = tx.connection().execute(_open_of_person, {"person": person}).mappings().all()
    return [dict(each) for each in reversed(rows)]


def of_person(tx: Transaction, person: int) -> list[Mapping[str, Any]]:
    """The newest fifty tickets of a caller whose row the transaction holds locked, newest first, with their counts.

    Those that they were merged into are among them, whoever called. Locked oldest first, like every batch.
    """
    rows = tx.connection().execute(_of_person, {"person": person}).mappings().all()
    return [dict(each) for each in reversed(rows)]


def nearby(tx: Transaction, areas: Sequence[str], since: datetime, n: int) -> list[Mapping[str, Any]]:
    """Tickets in exactly these areas received since then, newest first, at most `n` for each area; no restricted ones.

    Number, area, person, title, text, received_at and split_from of each.
    """
    columns = [
        _ticket.c[name] for name in ("number", "area", "person", "title", "text", "received_at", "split_from")
    ]
    ranked = (
        select(
            *columns,
            func.row_number()
            .over(partition_by=_ticket.c.area, order_by=_ticket.c.number.desc())
            .label("nth"),
        )
        .where(_ticket.c.area.in_(areas), _ticket.c.received_at >= since, _ticket.c.restricted.is_(False))
        .subquery()
    )
    query = select(ranked).where(ranked.c.nth <= n).order_by(ranked.c.number.desc())
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def matter_of(tx: Transaction, number: str) -> Mapping[str, Any]:
    """What `of_person` gives, of one ticket that exists, locked: a merge came while its follower was waited for."""
    query = select(*(_ticket.c[name] for name in _MATTER)).where(_ticket.c.number == number)
    return dict(tx.connection().execute(query.with_for_update(key_share=True)).mappings().one())


def lock(tx: Transaction, number: str) -> Ticket:
    """The ticket, locked to the end of the transaction. Raises NoSuchTicket."""
    found = tx.session.exec(_locked, params={"wanted": number}).first()
    if found is None:
        raise NoSuchTicket(number=number)
    return found


def lead_of(tx: Transaction, number: str) -> str | None:
    """The number of the ticket that this one was merged into, or None; nothing is locked."""
    lead: str | None = tx.connection().execute(_lead, {"wanted": number}).scalar()
    return lead


def lock_all(tx: Transaction, numbers: Sequence[str]) -> dict[str, Ticket]:
    """Those of the tickets that exist, by number, locked in the order of their numbers."""
    query = select_model(Ticket).where(col(Ticket.number).in_(numbers)).order_by(col(Ticket.number))
    return {each.number: each for each in tx.session.exec(query.with_for_update(key_share=True))}


def read_all(tx: Transaction, numbers: Sequence[str]) -> list[Ticket]:
    """Those of the tickets that exist, in the order of their numbers; nothing is locked."""
    query = select_model(Ticket).where(col(Ticket.number).in_(numbers)).order_by(col(Ticket.number))
    return list(tx.session.exec(query))


def read(tx: Transaction, number: str) -> Ticket:
    """The ticket as it is now. Raises NoSuchTicket."""
    found = tx.session.get(Ticket, number)
    if found is None:
        raise NoSuchTicket(number=number)
    return found


def seen(tx: Transaction, number: str, sight: Sight) -> Ticket:
    """The ticket as it is now. Raises NoSuchTicket, also for one that is out of `sight`: nobody learns that it exists."""
    query = select_model(Ticket).where(Ticket.number == number, visible(sight))
    found = tx.session.exec(query).first()
    if found is None:
        raise NoSuchTicket(number=number)
    return found


def in_sight(tx: Transaction, number: str, sight: Sight) -> bool:
    """Whether there is such a ticket in `sight`."""
    query = select(_ticket.c.number).where(_ticket.c.number == number, visible(sight))
    return tx.connection().execute(query).first() is not None


def change(tx: Transaction, number: str, values: Mapping[str, Any]) -> None:
    """Set columns of a locked ticket and count its version up; the counts look at it again."""
    given = {f"new_{name}": value for name, value in values.items()}
    tx.connection().execute(_changing(frozenset(values)), {**given, "wanted": number})


@lru_cache(maxsize=256)
def _changing(columns: frozenset[str]) -> Update:
    """Built once for each set of columns: a statement that is built anew costs more than it takes to run."""
    new: dict[str, Any] = {name: bindparam(f"new_{name}", type_=_ticket.c[name].type) for name in columns}
    new |= {"version": _ticket.c.version + 1, "tallied": False}
    return update(_ticket).where(_ticket.c.number == bindparam("wanted")).values(**new)


def mark(tx: Transaction, number: str, values: Mapping[str, Any]) -> None:
    """Set columns of a locked ticket that nobody's open form depends on; its version stays, the counts look again."""
    changed = {**values, "tallied": False}
    tx.connection().execute(update(_ticket).where(_ticket.c.number == number).values(**changed))


def untally(tx: Transaction, numbers: Sequence[str]) -> None:
    """Let the counts look at these tickets again: something happened to them that changed none of their columns."""
    if numbers:
        tx.connection().execute(update(_ticket).where(_ticket.c.number.in_(numbers)).values(tallied=False))


def change_all(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set what triage found on many locked tickets: `row` is the number, the rest its columns."""
    if rows:
        tx.connection().execute(_triaged, [dict(each) for each in rows])


def texts(tx: Transaction, numbers: Sequence[str]) -> list[Mapping[str, Any]]:
    """Number, title and masked text of tickets."""
    query = select(_ticket.c.number, _ticket.c.title, _ticket.c.text).where(_ticket.c.number.in_(numbers))
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def by_key(
    tx: Transaction, scope: str, key: str | None, channel: str, external: str | None
) -> Request | None:
    """The request that was accepted under this idempotency key or external id in the asker's scope."""
    same = []
    if key is not None:
        same.append(col(Request.idempotency_key) == key)
    if external is not None:
        same.append(and_(col(Request.channel) == channel, col(Request.external_id) == external))
    if not same:
        return None
    return tx.session.exec(
        select_model(Request).where(Request.scope == scope, or_(*same)).order_by(col(Request.id))
    ).first()


def requests_of(tx: Transaction, number: str) -> list[Request]:
    """All contacts of a ticket, oldest first."""
    return list(
        tx.session.exec(select_model(Request).where(Request.ticket == number).order_by(col(Request.id)))
    )


def rows_of(tx: Transaction, table: str, number: str) -> list[Mapping[str, Any]]:
    """The rows of `assignment` or `decision` that belong to a ticket, oldest first."""
    what = SQLModel.metadata.tables[table]
    query = select(what).where(what.c.ticket == number).order_by(what.c.id)
    return [dict(each) for each in tx.connection().execute(query).mappings()]


def known_externals(tx: Transaction, scope: str, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which (channel, external id) pairs were accepted in `scope` already."""
    externals = [external for _, external in pairs]
    query = select(_request.c.channel, _request.c.external_id).where(
        _request.c.scope == scope, _request.c.external_id.in_(externals)
    )
    return {(channel, external) for channel, external in tx.connection().execute(query)}


def search(tx: Transaction, asked: Search) -> list[Mapping[str, Any]]:
    """One page of a work list, at most `asked.limit` rows, by keyset: newest first, or soonest due first."""
    query = select(_ticket).where(visible(asked.sight))
    if asked.sight.of_department:  # a work list holds what the department leads
        query = query.where(_ticket.c.department == asked.sight.department)
    if asked.restricted:
        query = query.where(IS_RESTRICTED)
    if asked.stage is not None:
        query = query.where(_ticket.c.stage == asked.stage)
    if asked.department is not None:
        query = query.where(_ticket.c.department == asked.department)
    if asked.words:
        pattern = f"%{_literal(asked.words)}%"
        found = or_(*(_ticket.c[name].like(pattern, escape="\\") for name in ("number", "title", "text")))
        query = query.where(found)
    query = _by_due(query, asked) if asked.by_due or asked.due_before else _by_number(query, asked)
    return [dict(each) for each in tx.connection().execute(query.limit(asked.limit)).mappings()]


def _by_number(query: Select[Any], asked: Search) -> Select[Any]:
    if asked.after:
        query = query.where(_ticket.c.number < asked.after[-1])
    return query.order_by(_ticket.c.number.desc())


def _by_due(query: Select[Any], asked: Search) -> Select[Any]:
    query = query.where(_is_open, _ticket.c.due_at.is_not(None))
    if asked.due_before is not None:
        query = query.where(_ticket.c.due_at < asked.due_before)
    if asked.after:
        due, number = datetime.fromisoformat(asked.after[0]), asked.after[-1]
        query = query.where(
            or_(_ticket.c.due_at > due, and_(_ticket.c.due_at == due, _ticket.c.number > number))
        )
    return query.order_by(_ticket.c.due_at, _ticket.c.number)


def _literal(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
