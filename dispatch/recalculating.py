"""A new year's notice (放假通知): kept, previewed, and then every deadline that waited for it counted again, in batches.

A deadline that the notice makes later is promised anew; one that it makes earlier stays as it was promised, unless a
person says otherwise. Why a replay comes to the same: `rules/succession.py`.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from dispatch import anew, packs
from dispatch.anew import Found, Order, Page
from dispatch.crew import share
from dispatch.desk import Desk, uncollected
from dispatch.storage import calendars
from dispatch.storage.database import Transaction
from dispatch.storage.tables import CalendarNotice
from rules import calendar as years

#: Tickets in one transaction; whoever acts on one of them waits while they are written. On SQLite everybody waits.
BATCH = 250
BATCH_OF_ONE_WRITER = 50

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


def read_notice(file: Path) -> Notice:
    """Read and check a file of the form of `rules/calendars`. Raises PackFault with file and line, and OSError."""
    text = packs.text_of(file)
    return Notice(years.parse_year(file.name, text), text)


def preview(desk: Desk, notice: Notice, tell: Tell) -> Found:
    """What loading the notice would do; writes nothing. Raises PackFault where a pack's own days contradict it."""
    found, after, looked = Found(), "", 0
    with desk.database.reading(steady=True) as tx:
        held, loaded = calendars.by_hash(tx, notice.hash), desk.packs.loaded(tx)
        if held is None:
            loaded = (*loaded, notice.entry)
            for digest in calendars.packs(tx):
                packs.calendar_of(desk.packs.of(digest, tx)[0], loaded)
        else:
            after = held.next
        while page := calendars.waiting(tx, after, BATCH):
            with uncollected():
                _look(desk, tx, page, loaded, found)
            after = page[-1]
            looked += len(page)
            tell(looked)
    return found


def _look(desk: Desk, tx: Transaction, page: Sequence[str], loaded: packs.Loaded, found: Found) -> None:
    for ticket, facts, rows in anew.waited(desk, tx, page):
        policy = desk.packs.of(ticket.pack, tx)[0]
        asked = anew.asked_by(packs.calendar_of(policy, loaded), facts, rows, policy)
        if asked or anew.is_over(rows):
            found.note(ticket.number, asked)


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
    desk: Desk,
    notice: CalendarNotice,
    actor: str,
    now: Callable[[], datetime],
    tell: Tell,
    reason: str = "",
    processes: int = 1,
) -> Found:
    """Count again every deadline that waited, from where an earlier run stopped; what was done in this run comes back.

    With a `reason` deadlines that become earlier are shortened in the name of `actor`, those kept before included.
    `processes` share the work on PostgreSQL; SQLite has one writer.
    """
    assert notice.id is not None
    if notice.done_at:
        with desk.transaction() as tx:
            calendars.begin(tx, notice.id)
    with desk.database.reading() as tx:
        desk.packs.loaded(tx)
    found, pages = Found(), _Pages(desk, "" if notice.done_at else notice.next, now)
    work = partial(anew.settle, Order(notice.id, actor, reason))
    for page, part in share(desk, 1 if desk.database.is_sqlite else processes, work, pages):
        pages.done(page)
        found.add(part)
        tell(pages.looked)
    with desk.transaction() as tx:
        calendars.finish(tx, notice.id, now())
    return found


class _Pages:
    """The tickets that wait, page by page, while they are worked on: up to which of them everything is done."""

    def __init__(self, desk: Desk, after: str, now: Callable[[], datetime]) -> None:
        self._desk, self._after, self._now = desk, after, now
        self._under_way: dict[Page, str] = {}
        self.looked = 0

    def __iter__(self) -> Iterator[Page]:
        size = BATCH_OF_ONE_WRITER if self._desk.database.is_sqlite else BATCH
        while True:
            with self._desk.database.reading() as tx:
                numbers = calendars.waiting(tx, self._after, size)
            if not numbers:
                return
            safe = min(self._under_way.values(), default=self._after)
            reached = numbers[-1] if safe == self._after else safe
            page = Page(tuple(numbers), reached, self._now())
            self._under_way[page], self._after = self._after, numbers[-1]
            yield page

    def done(self, page: Page) -> None:
        """That page is written."""
        self.looked += len(page.numbers)
        del self._under_way[page]
