"""Deadlines counted anew (整批重算): a page of tickets is read and planned without a lock, then written under a short one.

What happened to a ticket between the two shows in its version or its newest event; such a ticket is read and planned
once more, under its lock. Which deadline comes out is `rules/succession.py`'s to say.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from dispatch import supervise
from dispatch.desk import Desk, uncollected
from dispatch.record import notices
from dispatch.storage import calendars, history, steps
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage.calendars import Stamp
from dispatch.storage.clocks import Difference
from dispatch.storage.database import Busy, Transaction
from dispatch.storage.ledger import Ledger
from rules import clocks
from rules.lifecycle import OPEN_STAGES
from rules.outcome import heard
from rules.policy import Policy
from rules.succession import Asked, asked_of, change
from rules.succession import notices as told_of
from rules.terms import CHINA, ClockKind, Facts, Happening
from rules.worktime import Calendar

#: So many of the largest changes are shown, and so many of the promises that stay.
LARGEST, LISTED = 10, 200
#: Waits for a ticket that somebody holds, of ten seconds each: longer than PostgreSQL lets anybody sit in an act.
TRIES = 7

_RUNNING = ("armed", "held", "paused")
_SETTLED = Counter(later=0, earlier=0, same=0)

T = TypeVar("T")

Row = Mapping[str, Any]
Terms = tuple[Policy, Calendar]


@dataclass(slots=True)
class Found:
    """What a notice does: tickets it reaches, clocks by way (later, earlier, same), the largest changes, what is kept."""

    tickets: int = 0
    ways: Counter[str] = field(default_factory=_SETTLED.copy)
    largest: list[tuple[str, Asked]] = field(default_factory=list)
    earlier: list[tuple[str, Asked]] = field(default_factory=list)

    def note(self, number: str, asked: Sequence[Asked]) -> None:
        """Count the clocks of one ticket."""
        moved = [(number, each) for each in asked if each.minutes]
        ways = Counter(each.way for each in asked)
        self.add(Found(1, ways, moved, [each for each in moved if each[1].way == "earlier"]))

    def add(self, other: "Found") -> None:
        """Count in what was found in other tickets."""
        self.tickets += other.tickets
        self.ways.update(other.ways)
        if other.largest:
            both = [*self.largest, *other.largest]
            self.largest = sorted(both, key=lambda each: (-each[1].minutes, each[0]))[:LARGEST]
        if other.earlier:
            self.earlier = sorted([*self.earlier, *other.earlier], key=lambda each: each[0])[:LISTED]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of a whole run: the notice, who loads it, and why deadlines may become earlier ("" they may not)."""

    notice: int
    actor: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Tickets for one transaction, by number, at an instant of the door's clock.

    `reached` is the ticket up to which everything is done once this page is.
    """

    numbers: tuple[str, ...]
    reached: str
    now: datetime


@dataclass(frozen=True, slots=True)
class _Anew:
    """What is to be written of one ticket, as it stood by `stamp`."""

    stamp: Stamp
    asked: tuple[Asked, ...]
    event: Row
    told: Sequence[Row]
    difference: Difference
    stands: Mapping[int, tuple[bool, str]]
    moves: bool


def settle(order: Order, desk: Desk, page: Page) -> Found:
    """Count the deadlines of a page again: event, clocks and notices of each ticket in one transaction; what was done.

    Tickets that somebody holds at that moment are waited for afterwards, one by one, so that nobody waits for
    somebody else's ticket. Raises Busy where one stays held for more than a minute.
    """
    with desk.database.reading() as tx:
        overdue = {row["ticket"] for row in steps.due(tx, page.numbers, page.now)}
    for number in sorted(overdue):  # what the old day missed stays missed
        _patiently(partial(supervise.catch_up, desk, number, page.now))
    with uncollected():
        with desk.database.reading(steady=True) as tx:
            planned = _plan(desk, tx, order, page.numbers, page.now)
        with desk.transaction() as tx:
            held = calendars.hold(desk.database, tx, list(planned))
            found = _write(desk, tx, order, page.now, planned, held)
            left = sorted(set(planned) - set(held))
            _count(tx, order, "" if left else page.reached, found)
    for number in left:
        found.add(_patiently(partial(_alone, desk, order, page.now, number, planned)))
    if left:
        with desk.transaction() as tx:
            calendars.advance(tx, order.notice, page.reached, {})
    return found


def _alone(desk: Desk, order: Order, now: datetime, number: str, planned: Mapping[str, _Anew]) -> Found:
    """One ticket, in a transaction that waits for whoever holds it."""
    with desk.transaction() as tx:
        held = calendars.hold(desk.database, tx, [number], wait=True)
        found = _write(desk, tx, order, now, planned, held)
        _count(tx, order, "", found)
        return found


def _patiently(do: Callable[[], T]) -> T:
    """Again while somebody holds the ticket."""
    for _ in range(TRIES - 1):
        with suppress(Busy):
            return do()
    return do()


def _count(tx: Transaction, order: Order, reached: str, found: Found) -> None:
    calendars.advance(tx, order.notice, reached, {**found.ways, "tickets": found.tickets})


# --- Reading --------------------------------------------------------------------------------------------------


def waited(desk: Desk, tx: Transaction, numbers: Sequence[str]) -> Iterable[tuple[Any, Facts, Sequence[Row]]]:
    """Each ticket with its facts and its clock rows, read in few queries."""
    held = stored_facts.tickets_of(tx, numbers)
    facts, rows = stored_facts.gather_all(tx, held), stored_clocks.read_all(tx, numbers)
    return [(each, facts[each.number], rows[each.number]) for each in held]


def asked_by(
    calendar: Calendar, facts: Facts, rows: Sequence[Row], policy: Policy, again: bool = False
) -> tuple[Asked, ...]:
    """What the calendar asks of the running clocks that waited for it; `again` also of those that were kept before."""
    waiting = [row for row in rows if row["provisional"] and row["state"] in _RUNNING and row["due_at"]]
    new = {(row["kind"], row["scope"]) for row in waiting if row["calendar"] != calendar.version}
    promised = {(row["kind"], row["scope"]): row["due_at"] for row in waiting}
    if not again:
        promised = {name: at for name, at in promised.items() if name in new}
    if not promised:
        return ()
    asked = asked_of(facts, policy, calendar, promised)
    return tuple(each for each in asked if (each.kind, each.scope) in new or each.way != "same")


def is_over(rows: Iterable[Row]) -> bool:
    """Whether a clock that has stopped waited for the notice, too."""
    return any(row["provisional"] and row["state"] not in _RUNNING for row in rows)


# --- Planning -------------------------------------------------------------------------------------------------


def _plan(
    desk: Desk, tx: Transaction, order: Order, numbers: Sequence[str], now: datetime
) -> dict[str, _Anew]:
    """What is to be written of those tickets that a deadline of waits for the notice."""
    fired = stored_clocks.steps_of(tx, numbers)
    found = {}
    for ticket, facts, rows in waited(desk, tx, numbers):
        terms = desk.packs.of(ticket.pack, tx)
        anew = _anew(ticket, facts, rows, fired[ticket.number], terms, order, now)
        if anew is not None:
            found[ticket.number] = anew
    return found


def _anew(
    ticket: Any,
    facts: Facts,
    rows: Sequence[Row],
    fired: Mapping[int, frozenset[str]],
    terms: Terms,
    order: Order,
    now: datetime,
) -> _Anew | None:
    """One ticket; None where nothing waits for the notice any more."""
    policy, calendar = terms
    asked = asked_by(calendar, facts, rows, policy, bool(order.reason))
    if not asked and not is_over(rows):
        return None
    newest = facts.happenings[-1]
    at = max(now.astimezone(CHINA), newest.at)  # what came meanwhile, came before
    shorten = {"reason": order.reason, "by": order.actor} if order.reason else {}
    changed = change((*asked, *_anchors(rows, asked)), rows[0]["calendar"], calendar, at, shorten)
    after = stored_facts.with_happening(facts, changed)
    is_open = ticket.stage in OPEN_STAGES
    wanted = heard(told_of(facts, changed), policy, ticket.restricted) if is_open else ()
    held = {(row["kind"], row["scope"], row["generation"]) for row in rows}
    plans = clocks.plan(after, *terms, lambda *generation: generation not in held)
    difference = stored_clocks.compare(ticket.number, plans, rows, fired, (ticket.pack, calendar.version))
    return _Anew(
        stamp=(ticket.version, newest.id or 0),
        asked=asked,
        event=history.row(ticket.number, changed, order.actor, now),
        told=notices(ticket.number, wanted, now),
        difference=difference,
        stands=_stands(rows, changed, calendar),
        moves=is_open and bool(difference.new or difference.due_at != ticket.due_at),
    )


def _anchors(rows: Sequence[Row], asked: Sequence[Asked]) -> list[Asked]:
    """The other running clocks as they were promised, so that what follows is counted from there."""
    known = {(each.kind, each.scope) for each in asked}
    return [
        Asked(row["kind"], row["scope"], row["due_at"], row["due_at"])
        for row in rows
        if row["state"] in _RUNNING
        and row["due_at"]
        and row["kind"] != ClockKind.RESUME
        and (row["kind"], row["scope"]) not in known
    ]


def _stands(rows: Sequence[Row], changed: Happening, calendar: Calendar) -> dict[int, tuple[bool, str]]:
    """Whether each row that waited still does, and by which calendar it stands."""
    clocks_now = {(each["kind"], each["scope"]): each for each in changed.data["clocks"]}
    return {row["id"]: _stand(row, clocks_now, calendar) for row in rows if row["provisional"]}


def _stand(row: Row, clocks_now: Mapping[tuple[str, str], Row], calendar: Calendar) -> tuple[bool, str]:
    """A promise that stays although the notice asks for less keeps its mark: a person may still decide."""
    now = clocks_now.get((row["kind"], row["scope"]))
    if row["state"] not in _RUNNING or now is None or now["due_at"] != now["was"]:
        return False, row["calendar"]
    return "asked" in now or calendar.touches_provisional(row["started_at"], row["due_at"]), calendar.version


# --- Writing --------------------------------------------------------------------------------------------------


def _write(
    desk: Desk,
    tx: Transaction,
    order: Order,
    now: datetime,
    planned: Mapping[str, _Anew],
    held: Mapping[str, Stamp],
) -> Found:
    """Write what was planned of the tickets that are held, those that changed meanwhile planned once more."""
    stale = [number for number, stamp in held.items() if planned[number].stamp != stamp]
    sound = {number: planned[number] for number in held if number not in stale}
    if stale:
        sound |= _plan(desk, tx, order, stale, now)
    _put(tx, sound)
    found = Found()
    for number, each in sound.items():
        found.note(number, each.asked)
    return found


def _put(tx: Transaction, sound: Mapping[str, _Anew]) -> None:
    """All rows of many tickets, one statement a table."""
    every: Collection[_Anew] = sound.values()
    ledger = Ledger(
        event=[each.event for each in every],
        outbox=[row for each in every for row in each.told],
        clock=[row for each in every for row in each.difference.new],
    )
    ledger.write(tx)
    changed = [pair for each in every for pair in each.difference.changed]
    stands = {id: stand for each in every for id, stand in each.stands.items()}
    stored_clocks.write_all(tx, changed, stands)
    calendars.mark(tx, {number: each.difference.due_at for number, each in sound.items() if each.moves})
