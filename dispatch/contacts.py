"""What is kept of the kind of contact (联系方式): checked against the pack inside the transaction that accepts it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatch.desk import Desk
from dispatch.storage import appointments
from dispatch.storage.database import Transaction
from intake.request import Request
from rules.appointments import appointment, bookable
from rules.occasions import filing, occasion_of
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Kept:
    """Columns of the ticket and of the request, and what the first event tells (联系方式的记录).

    `alone` says that the contact makes a ticket of its own and joins no open one: a booked time is a matter by itself.
    """

    ticket: Mapping[str, Any] = field(default_factory=lambda: {"occasion": None, "enterprise": None})
    request: Mapping[str, Any] = field(default_factory=lambda: {"proxy": None, "appointment_at": None})
    event: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False


#: For contacts that come by file or by a door that asks for none of it.
NOTHING = Kept()


def keep(tx: Transaction, desk: Desk, policy: Policy, request: Request, now: datetime) -> Kept:
    """What to keep of `request`, received now; where a time is booked, its place is held to the end of `tx`.

    No statement is run but for a booking. Raises BadInput in plain Chinese: an unknown code, a session that is not
    on, a time that cannot be booked, with the next free ones.
    """
    at = request.received_at
    occasion = None if request.appointment else occasion_of(request.occasion, request.channel, at, policy)
    filed = filing(request.proxy, at, policy) if request.proxy else None
    event: dict[str, Any] = {"occasion": occasion} if occasion else {}
    if filed:
        event |= {"proxy": filed.agent.code, **({"note": filed.note} if filed.note else {})}
    booked = None
    if request.appointment:
        counter = policy.occasions.counter(request.appointment.counter)
        places = appointments.taken(tx, counter.code, counter.department, *bookable(counter, now))
        calendar = desk.packs.of(policy.hash, tx)[1]
        booked = appointment(counter.code, request.appointment.at, policy, calendar, places, now)
        occasion = counter.code
        event["appointment"] = {"counter": counter.code, "at": booked.at.isoformat()}
    return Kept(
        ticket={"occasion": occasion, "enterprise": request.enterprise},
        request={
            "proxy": filed.agent.code if filed else None,
            "appointment_at": booked.at if booked else None,
        },
        event=event,
        alone=booked is not None,
    )
