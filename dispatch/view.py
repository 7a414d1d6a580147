"""Reading one ticket for people (查看工单): everything about it that the asker may see, and how its clocks stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.desk import Desk
from dispatch.reasons import whys
from dispatch.storage import cards, clocks, clues, history, inbox, links, tickets
from dispatch.storage import facts as stored_facts
from dispatch.storage.tables import Request, Ticket
from dispatch.storage.tickets import NoSuchTicket
from dispatch.veil import Veil
from rules import access, carrying, escalation
from rules.access import Actor, Sight, may_act
from rules.ends import NOT_TOLD
from rules.errors import NoCalendar, NotAllowed
from rules.explaining import ON_THE_WALL
from rules.lifecycle import acts_in
from rules.numbers import is_sound
from rules.policy import Policy
from rules.terms import CHINA, Act, ClockKind, Facts, Happened, Happening, Stage, Unit, Urgency
from rules.worktime import Calendar

Row = Mapping[str, Any]

#: Of the tickets of one matter so many are told; a mass matter has hundreds.
MOST_KIN = 50
#: Stages in which the caller may still be asked for what was not told.
ASKING = (Stage.INCOMPLETE, Stage.INVALID)


@dataclass(frozen=True, slots=True)
class View:
    """One ticket as rows, oldest first, with the rules it runs by; `whole` is False for who is not of the desk.

    `kin` are the tickets of the same matter in the asker's sight, each with `kin` (earlier, merged_into, later,
    followers), `linked` those that other callers seem to tell of it; `missing` the elements that were not told,
    `undoable` what of the pressure the asker can take back: by which word, and the event. `whys` tells why each
    deadline is what it is, by the id of its clock.
    """

    ticket: Ticket
    clocks: Sequence[Row]
    decisions: Sequence[Row]
    events: Sequence[Row]
    assignments: Sequence[Row]
    requests: Sequence[Request]
    notices: Sequence[Row]
    kin: Sequence[Row]
    linked: Sequence[Row]
    card: Row | None
    clues: Sequence[Row]
    missing: Sequence[str]
    undoable: Sequence[tuple[str, Happening]]
    policy: Policy
    calendar: Calendar
    whole: bool
    whys: Mapping[int, Mapping[str, Any]]


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


def sight_of(desk: Desk, actor: Actor, now: datetime) -> Sight:
    """What is in the sight of `actor`, by the pack in use. Raises NotAllowed for roles that read no ticket."""
    return access.sight(actor, desk.packs.active(now).departments)


def read(desk: Desk, number: str, actor: Actor, now: datetime) -> View:
    """The ticket as `actor` may see it.

    Raises NotAllowed for roles that read no ticket, and NoSuchTicket for an unknown one and for one that is out of
    their sight, so that numbers cannot be tried out.
    """
    sight = sight_of(desk, actor, now)
    if not is_sound(number):
        raise NoSuchTicket()
    with desk.database.reading() as tx:
        ticket = tickets.seen(tx, number, sight)
        policy, calendar = desk.packs.of(ticket.pack, tx)
        held = clues.of_ticket(tx, number, sight.clues) if sight.clues else []
        kin = links.family(tx, ticket, sight, MOST_KIN)
        veil = Veil(sight, held, _unseen(ticket, kin))
        happened = history.read(tx, number)
        events = veil.events(happened)
        decisions = veil.decisions(tickets.rows_of(tx, "decision", number))
        assignments = veil.rows(tickets.rows_of(tx, "assignment", number))
        timed = veil.clocks(clocks.read(tx, number))
        return View(
            ticket=ticket,
            clocks=timed,
            decisions=decisions,
            events=events,
            assignments=assignments,
            requests=tickets.requests_of(tx, number),
            notices=veil.notices(inbox.of_ticket(tx, number)),
            kin=kin,
            linked=links.of_ticket(tx, number, sight, MOST_KIN),
            card=cards.read(tx, ticket.card) if ticket.card is not None else None,
            clues=held,
            missing=missing_in(Stage(ticket.stage), decisions),
            undoable=_undoable(_facts(ticket, assignments, events), actor),
            policy=policy,
            calendar=calendar.on(Urgency(ticket.urgency)),
            whole=sight.desk,
            whys=whys(timed, _facts(ticket, (), happened), policy, calendar),
        )


def may_see(desk: Desk, numbers: Iterable[str], actor: Actor, now: datetime) -> None:
    """Raise what `read` would raise for the first of `numbers` that `actor` may not see."""
    sight = sight_of(desk, actor, now)
    with desk.database.reading() as tx:
        for number in numbers:
            if not is_sound(number) or not tickets.in_sight(tx, number, sight):
                raise NoSuchTicket(f"没有工单“{number[:32]}”，请核对编号。")


def knows_clue(desk: Desk, number: str, actor: Actor, now: datetime) -> bool:
    """Whether the ticket has a clue that has come to `actor`."""
    sight = sight_of(desk, actor, now)
    with desk.database.reading() as tx:
        return bool(sight.clues and clues.of_ticket(tx, number, sight.clues))


def missing_in(stage: Stage, decisions: Sequence[Row]) -> Sequence[str]:
    """The elements (name, time, place, cause, course) that the caller was to be asked for; () once they were told."""
    final = next((each["rule"] for each in reversed(decisions) if each["act"] == Act.INVALIDATE), None)
    if stage not in ASKING or (stage is Stage.INVALID and final != f"invalid_{NOT_TOLD}"):
        return ()
    asked = (each["details"].get("missing") for each in reversed(decisions) if each["act"] == Act.TRIAGE)
    return next(asked, None) or ()


def _facts(ticket: Ticket, assignments: Sequence[Row], events: Sequence[Row]) -> Facts:
    running = tuple(each["department"] for each in assignments if each["ended_at"] is None)
    return stored_facts.of_rows(ticket, running, events)


def _undoable(facts: Facts, actor: Actor) -> Sequence[tuple[str, Happening]]:
    """The events of pressure that stand and that `actor` may take back by name; a false alarm likewise."""
    try:
        may_act(actor, Act.UNDO, facts)
    except NotAllowed:
        return ()
    if Act.UNDO not in acts_in(facts.stage):
        return ()
    if facts.stage is Stage.TRANSFERRED:
        found = {Act.TRANSFER.value: facts.last(Happened.TRANSFERRED)}
    else:
        names = dict.fromkeys(escalation.step_of(each) for each in facts.happenings)
        found = {name: escalation.undoable(facts, name) for name in names if name}
        if facts.earlier is not None:
            found[carrying.LINK] = facts.last(Happened.LINKED, Happened.RECEIVED)
    return tuple((name, each) for name, each in found.items() if each is not None)


def _unseen(ticket: Ticket, kin: Sequence[Row]) -> str | None:
    """The number of the earlier ticket where that one is out of sight."""
    seen = {each["number"] for each in kin}
    return ticket.earlier if ticket.earlier not in seen else None


def standing(clock: Row, view: View, now: datetime) -> Standing | None:
    """How a clock stands at `now`; None for one without a limit (a review date), or beyond the calendar's years."""
    if clock["due_at"] is None or clock["unit"] is None:
        return None
    ruler = _Ruler(
        clock["started_at"], clock["due_at"], Unit(clock["unit"]) not in ON_THE_WALL, view.calendar
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
