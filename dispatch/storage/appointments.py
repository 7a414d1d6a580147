"""Booked times (预约): how many places of a counter are given away, asked so that two cannot take the last one."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlmodel import SQLModel

from dispatch.storage import tables  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from rules.terms import Stage

_ticket = SQLModel.metadata.tables["ticket"]
_request = SQLModel.metadata.tables["request"]
_department = SQLModel.metadata.tables["department"]

#: A ticket that came to nothing keeps no place.
_GIVEN_BACK = (Stage.WITHDRAWN.value, Stage.INVALID.value, Stage.REFUSED.value)


def taken(
    tx: Transaction, counter: str, department: str, since: datetime, until: datetime
) -> dict[datetime, int]:
    """Places given away at a counter, by the beginning of their time (aware UTC), from `since` up to `until` (aware).

    The row of the counter's department stays locked to the end of the transaction: whoever asks at the same moment
    waits, and then sees what was booked here. A booked ticket keeps the counter's code as its `occasion`.
    """
    connection = tx.connection()
    held = select(_department.c.code).where(_department.c.code == department)
    connection.execute(held.with_for_update(key_share=True))
    query = (
        select(_request.c.appointment_at, func.count())
        .join(_ticket, _ticket.c.number == _request.c.ticket)
        .where(
            _request.c.appointment_at >= since.astimezone(UTC),
            _request.c.appointment_at < until.astimezone(UTC),
            _ticket.c.occasion == counter,
            _ticket.c.stage.not_in(_GIVEN_BACK),
        )
        .group_by(_request.c.appointment_at)
    )
    return {at: int(n) for at, n in connection.execute(query)}
