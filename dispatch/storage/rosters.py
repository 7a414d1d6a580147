"""The duty roster as stored (值班表)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the table)
from dispatch.storage.database import Transaction
from rules.roster import Shift

_duty = SQLModel.metadata.tables["duty"]


def replace(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> int:
    """Put these shifts in place of all that touch the same departments in the time that each department's rows span.

    How many of the former ones were taken out. Loading the same file again leaves what is there.
    """
    gone = 0
    for department in sorted({each["department"] for each in rows}):
        mine = [each for each in rows if each["department"] == department]
        first, last = min(each["begins_at"] for each in mine), max(each["ends_at"] for each in mine)
        touched = (_duty.c.department == department) & (_duty.c.begins_at < last) & (_duty.c.ends_at > first)
        gone += tx.connection().execute(delete(_duty).where(touched)).rowcount
    if rows:
        tx.connection().execute(insert(_duty), [dict(each) for each in rows])
    return gone


def between(
    tx: Transaction, since: datetime, until: datetime | None = None, departments: Iterable[str] | None = None
) -> list[Mapping[str, Any]]:
    """The shifts that end after `since` and begin before `until`, by department and time."""
    query = select(_duty).where(_duty.c.ends_at > since)
    if until is not None:
        query = query.where(_duty.c.begins_at < until)
    if departments is not None:
        query = query.where(_duty.c.department.in_(list(departments)))
    found = tx.connection().execute(query.order_by(_duty.c.department, _duty.c.begins_at)).mappings()
    return [dict(each) for each in found]


def shift_of(row: Mapping[str, Any]) -> Shift:
    """A stored row as the rules see it."""
    return Shift(row["department"], row["begins_at"], row["ends_at"], row["name"], row["login"])


def known(tx: Transaction, since: datetime) -> set[str]:
    """The departments that have, or had since then, a shift."""
    query = select(_duty.c.department).where(_duty.c.ends_at > since).distinct()
    return set(tx.connection().execute(query).scalars())
