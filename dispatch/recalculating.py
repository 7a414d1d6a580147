"""A new year's notice (放假通知): kept, previewed, and then every deadline that waited for it counted again, in batches.

A deadline that the notice makes later is promised anew; one that it makes earlier stays as it was promised, unless a
person says otherwise. Why a replay comes to the same: `rules/succession.py`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dispatch import packs, supervise
from dispatch.desk import Desk
from dispatch.record import notices
from dispatch.storage import calendars, history, past, steps, tickets
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage.database import Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.tables import CalendarNotice, Ticket
from rules import calendar as years
from rules import clocks
from rules.errors import BadInput
from rules.lifecycle import OPEN_STAGES
from rules.outcome import heard
from rules.policy import Policy
from rules.succession import Asked, asked_of, change
from rules.succession import notices as told_of
from rules.terms import CHINA, ClockKind, Facts
from rules.worktime import Calendar

#: Tickets in one transaction: short enough that intake does not wait for it.
BATCH = 20
#: Tickets read at once for a preview.
PAGE = 200
#: So many of the largest changes are shown, and so many of the promises that stay.
LARGEST, LISTED = 10, 200

_RUNNING = ("armed", "held", "paused")
_SETTLED = Counter(later=0, earlier=0, same=0)

Row = Mapping[str, Any]
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it was handed in: what its file says, and its text."""

    year: years.YearFile
    text: str

    @property
    def hash(self) -> str:
        """Names this very text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def entry(self) -> tuple[str, str]:
        """As `dispatch.packs.Loaded` holds it."""
        return packs.file_of(self.year.year, self.year.region), self.text


@dataclass(slots=True)
class Found:
    """What a notice does: tickets looked at, clocks by way (later, earlier, same), the largest changes, what is kept."""

    tickets: int = 0
    ways: Counter[str] = field(default_factory=_SETTLED.copy)
    largest: list[tuple[str, Asked]] = field(default_factory=list)
    earlier: list[tuple[str, Asked]] = field(default_factory=list)

    def note(self, number: str, asked: Sequence[Asked]) -> None:
        """Count the clocks of one ticket."""
        self.tickets += 1
        self.ways.update(each.way for each in asked)
        moved = [(number, each) for each in asked if each.minutes]
        self.largest = sorted([*self.largest, *moved], key=lambda each: -each[1].minutes)[:LARGEST]
        self.earlier += [each for each in moved if each[1].way == "earlier"][: LISTED - len(self.earlier)]


def read_notice(file: Path) -> Notice:
    """Read and check a file of the form of `rules/calendars`. Raises PackFault with file and line, and OSError."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as fault:
        raise BadInput(f"{file.name} 不是 UTF-8 编码。", hint="请用 UTF-8 保存后重试。") from fault
    return Notice(years.parse_year(file.name, text), text)


def preview(desk: Desk, notice: Notice, tell: Tell) -> Found:
    """What loading the notice would do; writes nothing. Raises PackFault where a pack's own days contradict it."""
    found, after = Found(), ""
    with desk.database.reading(steady=True) as tx:
        held, loaded = calendars.by_hash(tx, notice.hash), desk.packs.loaded(tx)
        if held is None:
            loaded = (*loaded, notice.entry)
            for digest in calendars.packs(tx):
                packs.calendar_of(desk.packs.of(digest, tx)[0], loaded)
        else:
            after = held.next
        while page := calendars.waiting(tx, after, PAGE):
            for ticket, facts, rows in _read(tx, tickets.read_all(tx, page)):
                policy = desk.packs.of(ticket.pack, tx)[0]
                calendar = packs.calendar_of(policy, loaded)
                found.note(ticket.number, _asked(facts, rows, policy, calendar))
            after = page[-1]
            tell(found.tickets)
            tx.session.expunge_all()
    return found


def keep(desk: Desk, notice: Notice, actor: str, now: datetime) -> CalendarNotice:
    """Store the notice, once; from now on new deadlines count with it. One whose recomputing stopped is given back."""
    with desk.transaction() as tx:
        held = calendars.by_hash(tx, notice.hash)
        if held is None:
            held = CalendarNotice(
                hash=notice.hash,
                year=notice.year.year,
                region=notice.year.region,
                title=notice.year.notices[-1].title,
                content=notice.text,
                actor=actor,
                at=now,
            )
            calendars.keep(tx, held)
        tx.session.expunge(held)
    return held


def recompute(
    desk: Desk, notice: CalendarNotice, actor: str, now: Callable[[], datetime], tell: Tell, reason: str = ""
) -> Found:
    """Count again every deadline that waited, from where an earlier run stopped; what was done in this run comes back.

    With a `reason` deadlines that become earlier are shortened in the name of `actor`, those kept before included.
    """
    assert notice.id is not None
    with desk.database.reading() as tx:
        desk.packs.loaded(tx)
    shorten = {"reason": reason, "by": actor} if reason else {}
    after = "" if notice.done_at else notice.next
    found, before = Found(), Counter(notice.counted)
    while True:
        with desk.transaction() as tx:
            page = calendars.waiting(tx, after, BATCH)
            held = list(tickets.lock_all(tx, page).values())
            overdue = steps.due(tx, page, moment := now())  # what the old day missed stays missed
            for number in sorted({row["ticket"] for row in overdue}):
                supervise.fire_first(desk, tx, number, moment)
            for ticket, facts, rows in _read(tx, held):
                terms = desk.packs.of(ticket.pack, tx)
                found.note(ticket.number, _settle(tx, ticket, facts, rows, terms, actor, now(), shorten))
            after = page[-1] if page else ""
            done = {**found.ways, "tickets": found.tickets}
            counted = {name: before[name] + n for name, n in done.items()}
            calendars.advance(tx, notice.id, after, counted, None if page else now())
        if not page:
            return found
        tell(found.tickets)


def _read(tx: Transaction, held: Sequence[Ticket]) -> list[tuple[Ticket, Facts, Sequence[Row]]]:
    facts = stored_facts.gather_all(tx, held)
    rows = past.promises(tx, [each.number for each in held])
    return [(each, facts[each.number], rows[each.number]) for each in held]


def _asked(
    facts: Facts, rows: Sequence[Row], policy: Policy, calendar: Calendar, again: bool = False
) -> tuple[Asked, ...]:
    """What the calendar asks of the running clocks that waited for it; `again` also of those that were kept before."""
    promised = {(row["kind"], row["scope"]): row["due_at"] for row in rows if _waits(row, calendar, again)}
    return asked_of(facts, policy, calendar, promised) if promised else ()


def _waits(row: Row, calendar: Calendar, again: bool) -> bool:
    stale = row["provisional"] and (again or row["calendar"] != calendar.version)
    return bool(stale and row["state"] in _RUNNING and row["due_at"])


def _settle(
    tx: Transaction,
    ticket: Ticket,
    facts: Facts,
    rows: Sequence[Row],
    terms: tuple[Policy, Calendar],
    actor: str,
    now: datetime,
    shorten: Mapping[str, str],
) -> tuple[Asked, ...]:
    """One locked ticket: event, clocks and notices together. A ticket that nothing waits for any more is left alone."""
    policy, calendar = terms
    asked = _asked(facts, rows, policy, calendar, bool(shorten))
    over = [row for row in rows if row["provisional"] and row["state"] not in _RUNNING]
    if not asked and not over:
        return ()
    changed = change(
        (*asked, *_anchors(rows, asked)), rows[0]["calendar"], calendar, now.astimezone(CHINA), shorten
    )
    after = stored_facts.with_happening(facts, changed)
    ledger = Ledger()
    ledger.event.append(history.row(ticket.number, changed, actor, now))
    if ticket.stage in OPEN_STAGES:
        told = heard(told_of(facts, changed), policy, ticket.restricted)
        ledger.outbox += notices(ticket.number, told, now)
    ledger.write(tx)
    due_at = stored_clocks.settle(
        tx, ticket.number, clocks.plan(after, *terms), ticket.pack, calendar.version
    )
    if due_at != ticket.due_at and ticket.stage in OPEN_STAGES:
        tickets.mark(tx, ticket.number, {"due_at": due_at})
    stands = {(each["kind"], each["scope"]): each for each in changed.data["clocks"]}
    calendars.settle(tx, [_row(row, stands, calendar) for row in rows if row["provisional"]])
    return asked


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


def _row(row: Row, stands: Mapping[tuple[str, str], Row], calendar: Calendar) -> dict[str, Any]:
    """A promise that stays although the notice asks for less keeps its mark: a person may still decide."""
    now = stands.get((row["kind"], row["scope"]))
    if row["state"] not in _RUNNING or now is None or now["due_at"] != now["was"]:
        return {"row": row["id"], "unknown": False, "version": row["calendar"]}
    unknown = "asked" in now or calendar.touches_provisional(row["started_at"], row["due_at"])
    return {"row": row["id"], "unknown": unknown, "version": calendar.version}
