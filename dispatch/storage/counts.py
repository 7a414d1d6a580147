"""Plain sums over the tables (清点): what a run says of itself is held against these."""

from collections import Counter

from sqlalchemy import exists, func, select
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from rules.lifecycle import OPEN_STAGES
from rules.terms import Happened, Stage

_ticket = SQLModel.metadata.tables["ticket"]
_request = SQLModel.metadata.tables["request"]
_event = SQLModel.metadata.tables["event"]
_decision = SQLModel.metadata.tables["decision"]

#: Open stages in which the hotline itself holds the ticket; in all others a department does.
HOTLINE_HOLDS = (Stage.RECEIVED, Stage.INCOMPLETE, Stage.TO_DISPATCH, Stage.RETURNED, Stage.CONFERRING)


def tickets(tx: Transaction) -> int:
    """How many tickets there are."""
    return tx.connection().execute(select(func.count()).select_from(_ticket)).scalar_one()


def requests(tx: Transaction) -> int:
    """How many contacts there are."""
    return tx.connection().execute(select(func.count()).select_from(_request)).scalar_one()


def by_stage(tx: Transaction) -> dict[str, int]:
    """Tickets by stage; stages without any are left out."""
    counted = select(_ticket.c.stage, func.count()).group_by(_ticket.c.stage).order_by(_ticket.c.stage)
    return {str(stage): int(n) for stage, n in tx.connection().execute(counted)}


def events_by_kind(tx: Transaction, steps_only: bool = False) -> dict[str, int]:
    """Events by kind; with `steps_only` those that a clock's step made."""
    counted = select(_event.c.kind, func.count()).group_by(_event.c.kind).order_by(_event.c.kind)
    if steps_only:
        counted = counted.where(_event.c.step.is_not(None))
    return {str(kind): int(n) for kind, n in tx.connection().execute(counted)}


def ladder_levels(tx: Transaction) -> dict[str, int]:
    """How many tickets reached each level by count: "1" is a first complaint, "2" to "5" rungs that fired."""
    firsts = select(func.count()).select_from(_ticket).where(_ticket.c.earlier.is_(None))
    levels = Counter({"1": int(tx.connection().execute(firsts).scalar_one())})
    fired = select(_event.c.data).where(_event.c.step.is_not(None), _event.c.clock.is_(None))
    for data in tx.connection().execute(fired).scalars():
        if data.get("trigger") == "complaints":
            levels[str(data["count"])] += 1
    return {level: levels.get(level, 0) for level in ("1", "2", "3", "4", "5")}


def supervision_levels(tx: Transaction) -> dict[str, int]:
    """Supervision steps that a clock fired, by level "1" to "3"."""
    fired = select(_event.c.data).where(
        _event.c.kind == Happened.SUPERVISED.value, _event.c.clock.is_not(None)
    )
    levels = Counter(str(data.get("level", 0)) for data in tx.connection().execute(fired).scalars())
    return {level: levels.get(level, 0) for level in ("1", "2", "3")}


def without_owner(tx: Transaction) -> int:
    """Open tickets that a department should hold but none does."""
    held_elsewhere = [stage.value for stage in OPEN_STAGES if stage not in HOTLINE_HOLDS]
    lost = select(func.count()).where(_ticket.c.stage.in_(held_elsewhere), _ticket.c.department.is_(None))
    return tx.connection().execute(lost).scalar_one()


def without_decision(tx: Transaction) -> int:
    """Tickets past reception for which no reason was kept."""
    reasoned = exists().where(_decision.c.ticket == _ticket.c.number)
    query = (
        select(func.count()).select_from(_ticket).where(_ticket.c.stage != Stage.RECEIVED.value, ~reasoned)
    )
    return tx.connection().execute(query).scalar_one()
