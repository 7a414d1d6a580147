"""How fast deadlines follow a new notice (放假通知重算) while intake goes on: tickets a second, intake p99 with and without.

`python -m benchmarks.recalculate --tickets 500000` for the figure to be quoted. The tickets are complaints sent on 24 December
of the last year that has a notice, so that every limit waits for the next one; they are written behind the desk's back.
"""

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.figures import Figure, code, show
from benchmarks.ground import Ground, free_port, ground_on, parts, serve, wait_for
from benchmarks.load import Volley, fire
from benchmarks.post import posts
from benchmarks.sayings import messages
from dispatch import packs
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import history
from dispatch.storage.ledger import Ledger
from rules import clocks
from rules.calendar import parse_years
from rules.numbers import compose
from rules.policy import Policy
from rules.terms import CHINA, Facts, Happened, Happening, Stage, TicketType, Urgency
from rules.worktime import Calendar

#: Messages a second while deadlines are counted again, and the goal for half a million tickets.
RATE, GOAL_SECONDS, GOAL_TICKETS = 10.0, 600.0, 500_000
_NOTICE = (
    'year = {year}\noff = [{{ festival = "元旦", from = {year}-01-01, to = {year}-01-05 }}]\n'
    '[notice]\ntitle = "虚构的通知"\nsource = "https://example.invalid/notice"\n'
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many open tickets, and the seconds of intake alone that are compared with."""

    tickets: int = 2_000
    seconds: float = 10.0


def last_year() -> int:
    """The last year that the shipped calendar knows."""
    return max(year.year for year in parse_years(packs.calendar_files()))


def tickets(policy: Policy, calendar: Calendar, n: int) -> Iterator[Ledger]:
    """`n` complaints that their leads have signed, each with its events and clocks."""
    departments = list(policy.departments)
    for at, said in enumerate(islice(messages(policy, 7), n)):
        sent = datetime(last_year(), 12, 24, 9, tzinfo=CHINA) + timedelta(seconds=at % 3600)
        lead = departments[at % len(departments)]
        happenings = (
            Happening(Happened.RECEIVED, sent, {"stage": Stage.RECEIVED}),
            Happening(
                Happened.DISPATCHED, sent, {"stage": Stage.TO_SIGN, "department": lead, "reason": "试"}
            ),
            Happening(Happened.SIGNED, sent, {"stage": Stage.HANDLING, "department": lead}),
        )
        number = compose(policy.area_code, f"{sent:%Y%m%d}", at + 1)
        terms = (TicketType.COMPLAIN, Urgency.NORMAL, "phone")
        facts = Facts(number, Stage.HANDLING, *terms, sent, lead, (lead,), happenings=happenings)
        plans = clocks.plan(facts, policy, calendar)
        yield Ledger(
            ticket=[_ticket(facts, said, clocks.due_of(plans), policy)],
            assignment=[_assignment(number, lead, sent)],
            clock=stored_clocks.fresh(number, plans, policy.hash, calendar.version),
            event=[history.row(number, each, "bench", sent) for each in happenings],
        )


def _ticket(facts: Facts, said: dict[str, Any], due: datetime | None, policy: Policy) -> dict[str, Any]:
    return {
        "number": facts.number,
        "channel": "phone",
        "stage": facts.stage.value,
        "type": facts.type.value,
        "urgency": facts.urgency.value,
        "department": facts.department,
        "title": said["text"][:30],
        "text": said["text"],
        "received_at": facts.received_at,
        "due_at": due,
        "time_known": True,
        "anonymous": False,
        "confidential": False,
        "complaint_count": 1,
        "redo_round": 0,
        "supervision": 0,
        "raised": 0,
        "restricted": False,
        "history": False,
        "tallied": True,
        "pack": policy.hash,
        "version": 1,
    }


def _assignment(number: str, lead: str, at: datetime) -> dict[str, Any]:
    return {
        "ticket": number, "department": lead, "part": "lead", "upper": None, "actor": "bench",
        "reason": "试", "at": at, "ended_at": None, "result": None,
    }  # fmt: skip


def fill(ground: Ground, n: int) -> None:
    """Write `n` tickets and let the database count them."""
    with ground.desk() as desk:
        policy, calendar = desk.packs.of(ground.policy.hash)
        made = tickets(policy, calendar, n)
        while batch := list(islice(made, 1000)):
            whole = Ledger()
            for each in batch:
                for name in ("ticket", "assignment", "clock", "event"):
                    getattr(whole, name).extend(getattr(each, name))
            with desk.transaction() as tx:
                whole.write(tx)
        with desk.transaction() as tx:
            tx.connection().execute(text("ANALYZE"))


def run(size: Size) -> list[Figure]:
    """Both databases."""
    found: list[Figure] = []
    for kind in ("postgresql", "sqlite"):
        with ground_on(kind) as ground:
            fill(ground, size.tickets)
            port = free_port()
            web = serve(ground, port, 2)
            with parts(web):
                wait_for(web, port)
                found += _measured(ground, kind, port, size)
    return found


def _measured(ground: Ground, kind: str, port: int, size: Size) -> list[Figure]:
    address = ("127.0.0.1", port)
    fire(address, posts(ground, 1), 8, 2, RATE)
    alone = fire(address, posts(ground, 2), 8, size.seconds, RATE)
    volleys, done = [], threading.Event()

    def intake() -> None:
        seed = 3
        while not done.is_set():
            volleys.append(fire(address, posts(ground, seed), 8, 2, RATE))
            seed += 1

    beside = threading.Thread(target=intake)
    with _loading(ground) as process:
        seconds, broken = _watched(ground, process, beside)
    done.set()
    beside.join()
    both = Volley()
    for each in volleys:
        both.add(each)
    rate = size.tickets / seconds
    half_a_million = GOAL_TICKETS / rate
    p99 = [each.percentile(0.99) for each in (alone, both)]
    faults = f"{alone.faults() + both.faults()} failed" if alone.faults() + both.faults() else ""
    words = f"{size.tickets} tickets in {seconds:.1f} s, {rate:.0f}/s: 500,000 in {half_a_million / 60:.1f} minutes"
    intake_words = (
        f"p99 {p99[0]:.1f} ms alone, {p99[1]:.1f} ms beside it ({len(both.waits)} answers at {RATE:.0f}/s)"
    )
    return [
        Figure(f"{kind}: recompute", words, "500,000 in 10 minutes", half_a_million <= GOAL_SECONDS, broken),
        Figure(f"{kind}: intake", intake_words, "p99 not doubled", p99[1] <= 2 * p99[0], faults),
    ]


def _loading(ground: Ground) -> subprocess.Popen[bytes]:
    year = last_year() + 1
    file = Path(ground.folder) / f"{year}.toml"
    file.write_text(_NOTICE.format(year=year), encoding="utf-8")
    command = [sys.executable, "-P", "-m", "cli", "calendar", "load", str(file), "--yes", "--json"]
    return subprocess.Popen(
        command, env=dict(ground.environ), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _watched(ground: Ground, process: subprocess.Popen[bytes], beside: threading.Thread) -> tuple[float, str]:
    """Seconds from the first ticket to the end, with intake beside it; what is wrong afterwards."""
    begun: float | None = None
    with ground.desk() as desk:
        while process.poll() is None:
            with desk.database.reading() as tx:
                started = tx.connection().execute(text("SELECT next FROM calendar_notice")).scalar()
            if started and begun is None:
                begun = time.monotonic()
                beside.start()
            time.sleep(0.05)
        ended = time.monotonic()
        with desk.database.reading() as tx:
            left = text("SELECT count(*) FROM clock WHERE provisional AND state = 'armed'")
            waits = tx.connection().execute(left).scalar()
    if begun is None:
        beside.start()
        return 1.0, (process.stderr.read() if process.stderr else b"").decode()[-300:] or "nothing was done"
    return ended - begun, f"{waits} clocks still wait" if waits else ""


def main() -> int:
    """Measure as asked for; the exit code."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.recalculate", description=__doc__)
    asked.add_argument("--tickets", type=int, default=Size.tickets)
    told = asked.parse_args()
    begun = datetime.now(UTC)
    found = run(Size(told.tickets))
    show(f"recalculate ({(datetime.now(UTC) - begun).seconds} s)", found)
    return code(found)


if __name__ == "__main__":
    sys.exit(main())
