"""Reading one ticket for people (查看工单): everything about it that the asker may see, and how its clocks stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.desk import Desk
from dispatch.storage import clocks, history, inbox, tickets
from dispatch.storage.database import Transaction
from dispatch.storage.tables import Request, Ticket
from dispatch.storage.tickets import NoSuchTicket
from rules.access import Actor, sees_only
from rules.errors import NoCalendar
from rules.numbers import is_sound
from rules.policy import Policy
from rules.terms import CHINA, ClockKind, Happened, Unit
from rules.worktime import Calendar

Row = Mapping[str, Any]

_ON_THE_WALL = (Unit.MINUTES, Unit.CALENDAR_DAYS)


@dataclass(frozen=True, slots=True)
class View:
    """One ticket as rows, oldest first, with the rules it runs by; `whole` is False for a department's eyes."""

    ticket: Ticket
    clocks: Sequence[Row]
    decisions: Sequence[Row]
    events: Sequence[Row]
    assignments: Sequence[Row]
    requests: Sequence[Request]
    notices: Sequence[Row]
    policy: Policy
    calendar: Calendar
    whole: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a clock stands: the share of its time that is used (1 = due), what is left, and its pauses.

    `left` is in minutes, of work where `in_work` is set, negative once overdue; `pauses` are (from, to) shares, `ticks`
    the shares at which a step stands, up to the deadline.
    """

    used: float
    left: float
    in_work: bool
    pauses: tuple[tuple[float, float], ...]
    ticks: tuple[float, ...]


def read(desk: Desk, number: str, actor: Actor) -> View:
    """The ticket as `actor` may see it.

    Raises NotAllowed for roles that read no ticket, and NoSuchTicket for an unknown one; a department gets the same
    for a ticket of others, so that numbers cannot be tried out.
    """
    only = sees_only(actor)
    if not is_sound(number):
        raise NoSuchTicket()
    with desk.database.reading() as tx:
        ticket = tickets.read(tx, number)
        assignments = tickets.rows_of(tx, "assignment", number)
        if only is not None and only not in _working(ticket, assignments):
            raise NoSuchTicket()
        policy, calendar = desk.packs.of(ticket.pack)
        return View(
            ticket=ticket,
            clocks=clocks.read(tx, number),
            decisions=tickets.rows_of(tx, "decision", number),
            events=history.read(tx, number),
            assignments=assignments,
            requests=tickets.requests_of(tx, number),
            notices=_notices(tx, number, only),
            policy=policy,
            calendar=calendar,
            whole=only is None,
        )


def may_see(desk: Desk, number: str, actor: Actor) -> None:
    """Raise what `read` would raise, without reading the whole."""
    only = sees_only(actor)
    if only is None:
        return
    with desk.database.reading() as tx:
        ticket = tickets.read(tx, number)
        if only not in _working(ticket, tickets.rows_of(tx, "assignment", number)):
            raise NoSuchTicket()


def _working(ticket: Ticket, assignments: Sequence[Row]) -> set[str | None]:
    """The departments at work on a ticket now: lead and assists; a department that was relieved sees it no more."""
    return {ticket.department, *(each["department"] for each in assignments if each["ended_at"] is None)}


def _notices(tx: Transaction, number: str, only: str | None) -> list[Row]:
    found = inbox.of_ticket(tx, number)
    return found if only is None else [each for each in found if each["department"] == only]


def standing(clock: Row, view: View, now: datetime) -> Standing | None:
    """How a clock stands at `now`; None for one without a limit (a review date), or beyond the calendar's years."""
    if clock["due_at"] is None or clock["unit"] is None:
        return None
    ruler = _Ruler(
        clock["started_at"], clock["due_at"], Unit(clock["unit"]) not in _ON_THE_WALL, view.calendar
    )
    end = clock["stopped_at"] or _stopped_counting(clock, view) or now
    pauses = _pauses(view.events, now) if clock["kind"] == ClockKind.HANDLE else ()
    steps = [datetime.fromisoformat(each["at"]) for each in clock["ladder"]]
    try:
        return Standing(
            used=max(0.0, ruler.share(end)),
            left=ruler.minutes(end, ruler.due),
            in_work=ruler.in_work,
            pauses=tuple(
                ruler.span(a, min(b, end)) for a, b in pauses if ruler.start < b and a < min(ruler.due, end)
            ),
            ticks=tuple(ruler.share(each) for each in steps if each <= ruler.due),
        )
    except NoCalendar:
        return None


@dataclass(frozen=True, slots=True)
class _Ruler:
    """Measures along one clock, in the unit its limit is counted in."""

    start: datetime
    due: datetime
    in_work: bool
    calendar: Calendar

    def minutes(self, a: datetime, b: datetime) -> float:
        """From `a` to `b`; negative when `b` is earlier."""
        if b < a:
            return -self.minutes(b, a)
        a, b = a.astimezone(CHINA), b.astimezone(CHINA)
        return self.calendar.elapsed(a, b) if self.in_work else (b - a).total_seconds() / 60

    def share(self, moment: datetime) -> float:
        whole = self.minutes(self.start, self.due)
        return self.minutes(self.start, moment) / whole if whole > 0 else float(moment >= self.due)

    def span(self, a: datetime, b: datetime) -> tuple[float, float]:
        return self.share(max(a, self.start)), self.share(min(b, self.due))


def _stopped_counting(clock: Row, view: View) -> datetime | None:
    """A suspended limit stands still since the suspension, one under review since the reply."""
    wanted = {"paused": Happened.SUSPENDED, "held": Happened.REPLIED}.get(clock["state"])
    return next((each["at"] for each in reversed(view.events) if each["kind"] == wanted), None)


def _pauses(events: Sequence[Row], now: datetime) -> tuple[tuple[datetime, datetime], ...]:
    found, begun = [], None
    for each in events:
        if each["kind"] == Happened.SUSPENDED:
            begun = each["at"]
        elif each["kind"] == Happened.RESUMED and begun is not None:
            found.append((begun, each["at"]))
            begun = None
    return tuple(found) if begun is None else (*found, (begun, now))
