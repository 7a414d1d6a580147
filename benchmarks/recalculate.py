"""How fast deadlines follow a new notice (放假通知重算) while intake goes on: tickets a second, intake p99 with and without.

`python -m benchmarks.recalculate --tickets 500000` for the figure to be quoted. The tickets are complaints sent on 24 December
of the last year that has a notice, so that every limit waits for the next one; they are written behind the desk's back.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.figures import Figure, code, show
from benchmarks.ground import Ground, free_port, ground_on, parts, serve, wait_for
from benchmarks.herd import copy
from benchmarks.load import Address, Volley, fire
from benchmarks.post import posts
from benchmarks.sayings import messages
from dispatch import packs
from dispatch.desk import Desk
from dispatch.packs import FRESH
from dispatch.storage import calendars, history
from dispatch.storage import clocks as stored_clocks
from dispatch.storage.ledger import Ledger
from rules import clocks
from rules.calendar import parse_years
from rules.numbers import compose
from rules.policy import Policy
from rules.terms import CHINA, Facts, Happened, Happening, Stage, TicketType, Urgency
from rules.worktime import Calendar

#: Messages a second while deadlines are counted again, and the goal for half a million tickets.
RATE, GOAL_SECONDS, GOAL_TICKETS = 10.0, 600.0, 500_000
#: So many tickets are planned by the rules; half a million would take longer to make than to count again.
_MODELS = 5_000
#: What a ticket has beside its own row.
_BESIDE = ("assignment", "clock", "event")
_NOTICE = (
    'year = {year}\noff = [{{ festival = "元旦", from = {year}-01-01, to = {year}-01-05 }}]\n'
    '[notice]\ntitle = "虚构的通知"\nsource = "https://example.invalid/notice"\n'
)


@dataclass(frozen=True, slots=True)
class Size:
    """How many open tickets, and the seconds of intake alone that are compared with."""

    tickets: int = 2_000
    seconds: float = 30.0
    processes: int = 2
    kinds: tuple[str, ...] = ("postgresql", "sqlite")


def last_year() -> int:
    """The last year that the shipped calendar knows."""
    return max(year.year for year in parse_years(packs.calendar_files()))


def tickets(policy: Policy, calendar: Calendar, n: int, year: int) -> Iterator[Ledger]:
    """`n` complaints of late `year` that their leads have signed, each with its events and clocks."""
    departments = list(policy.departments)
    for at, said in enumerate(islice(messages(policy, 7), n)):
        sent = datetime(year, 12, 24, 9, tzinfo=CHINA) + timedelta(seconds=at % 3600)
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


def fill(ground: Ground, n: int, year: int) -> None:
    """Write `n` tickets of late `year` and let the database count them: the first through the rules, the rest copied."""
    planned = min(n, _MODELS)
    numbers: list[str] = []
    with ground.desk() as desk:
        policy, calendar = desk.packs.of(ground.policy.hash)
        made = tickets(policy, calendar, planned, year)
        while batch := list(islice(made, 1000)):
            whole = Ledger()
            for each in batch:
                for name in ("ticket", *_BESIDE):
                    getattr(whole, name).extend(getattr(each, name))
            with desk.transaction() as tx:
                whole.write(tx)
            numbers += [each.ticket[0]["number"] for each in batch]
        copy(desk, numbers, n // planned - 1, _BESIDE)
        copy(desk, numbers[: n % planned], 1, _BESIDE, mark="r")
        with desk.transaction() as tx:
            tx.connection().execute(text("ANALYZE"))


def run(size: Size) -> list[Figure]:
    """Both databases: a notice for which every ticket waits, then one for which one in a hundred does."""
    found: list[Figure] = []
    year = last_year()
    for kind in size.kinds:
        with ground_on(kind) as ground:
            fill(ground, size.tickets, year)
            port = free_port()
            web = serve(ground, port, 2)
            with parts(web):
                wait_for(web, port)
                found += _measured(ground, kind, port, size)
                few = max(1, size.tickets // 100)
                fill(ground, few, year + 1)
                ran = _Run(ground, year + 2, size.processes)
                ran.watch(lambda: None)
                words = f"{few} of {size.tickets + few} open tickets wait: {ran.seconds:.1f} s from start to end, of which "
                words += f"{FRESH.total_seconds() + 1:.0f} s are for other processes to hear of it"
                found.append(Figure(f"{kind}: few wait", words, broken=ran.broken))
    return found


def _measured(ground: Ground, kind: str, port: int, size: Size) -> list[Figure]:
    address = ("127.0.0.1", port)
    _intake(address, ground, 1, 2)
    alone = _intake(address, ground, 2, size.seconds)
    volleys, done = [], threading.Event()

    def intake() -> None:
        seed = 3
        while not done.is_set():
            volleys.append(_intake(address, ground, seed, 2))
            seed += 1

    beside = threading.Thread(target=intake)
    ran = _Run(ground, last_year() + 1, size.processes)
    ran.watch(beside.start)
    done.set()
    if beside.ident is not None:
        beside.join()
    both = Volley()
    for each in volleys:
        both.add(each)
    rate = ran.tickets / ran.working if ran.working else 0.0
    half_a_million = GOAL_TICKETS / rate if rate else float("inf")
    cpu = [each / max(1, ran.tickets) * 1000 for each in ran.processor]
    p99 = [each.percentile(0.99) for each in (alone, both)]
    faults = f"{alone.faults() + both.faults()} failed" if alone.faults() + both.faults() else ""
    words = (
        f"{ran.tickets} tickets in {ran.working:.1f} s, {rate:.0f}/s: 500,000 in {half_a_million / 60:.1f} minutes; for 1,000 "
        f"tickets {cpu[0]:.2f} s of processor in the command"
        + (f", {cpu[1]:.2f} s in PostgreSQL, intake's included" if cpu[1] else "")
    )
    intake_words = (
        f"p99 {p99[0]:.1f} ms alone, {p99[1]:.1f} ms beside it ({len(both.waits)} answers at {RATE:.0f}/s)"
    )
    return [
        Figure(
            f"{kind}: recompute", words, "500,000 in 10 minutes", half_a_million <= GOAL_SECONDS, ran.broken
        ),
        Figure(f"{kind}: intake", intake_words, "p99 not doubled", p99[1] <= 2 * p99[0], faults),
    ]


def _intake(address: Address, ground: Ground, seed: int, seconds: float) -> Volley:
    """Messages at the steady rate, all written before the first is due: writing them is not the desk's time."""
    ready = list(islice(posts(ground, seed), int(seconds * RATE) + 1))
    return fire(address, iter(ready), 8, seconds, RATE)


class _Run:
    """One `hotline calendar load`, watched from outside: `tickets` from its first page to its end, `working` seconds."""

    def __init__(self, ground: Ground, year: int, processes: int) -> None:
        file = Path(ground.folder) / f"{year}.toml"
        file.write_text(_NOTICE.format(year=year), encoding="utf-8")
        command = [sys.executable, "-P", "-m", "cli", "calendar", "load", str(file), "--yes", "--json"]
        command += ["--processes", str(processes)]
        self._ground = ground
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            command, env=dict(ground.environ), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.tickets, self.seconds, self.working, self.broken = 0, 0.0, 0.0, ""
        self.processor = (0.0, 0.0)

    def watch(self, begun: Callable[[], None]) -> None:
        """Until it has ended; `begun` is called once the first page is written."""
        start, first = 0.0, 0
        before = last = (0.0, 0.0)
        with self._ground.desk() as desk:
            while self._process.poll() is None:
                if not first and (first := _done(desk)):
                    start, before = time.monotonic(), processor(self._process.pid)
                    begun()
                elif first:
                    last = processor(self._process.pid)  # once it has ended nobody knows any more
                time.sleep(0.25)
            ended = time.monotonic()
            self.seconds = ended - self._began
            if first:
                self.tickets, self.working = _done(desk) - first, ended - start
                self.processor = (last[0] - before[0], last[1] - before[1])
            with desk.database.reading() as tx:
                left = text("SELECT count(*) FROM clock WHERE provisional AND state = 'armed'")
                waits = tx.connection().execute(left).scalar()
        if self._process.returncode or not first:
            said = (self._process.stderr.read() if self._process.stderr else b"").decode()[-300:]
            self.broken = said or "nothing was done"
        elif waits:
            self.broken = f"{waits} clocks still wait"


def _done(desk: Desk) -> int:
    """How many tickets the newest notice has reached so far."""
    with desk.database.reading() as tx:
        found = calendars.loaded(tx)
    return found[-1].counted.get("tickets", 0) if found else 0


def processor(command: int) -> tuple[float, float]:
    """Seconds of processor so far: of `command` and all it started, and of every PostgreSQL that we started."""
    rows: dict[int, tuple[str, int, int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with suppress(OSError):
                name, _, rest = (each / "stat").read_text().partition("(")[2].rpartition(") ")
                fields = rest.split()
                rows[int(each.name)] = (name, int(fields[1]), sum(map(int, fields[11:15])))
    ours = {root: {root} for root in (command, os.getpid())}
    for found in ours.values():
        while more := {pid for pid, (_, parent, _) in rows.items() if parent in found} - found:
            found |= more
    ticks = os.sysconf("SC_CLK_TCK")
    servers = (pid for pid in ours[os.getpid()] if pid in rows and rows[pid][0] == "postgres")
    return (
        sum(rows[pid][2] for pid in ours[command] if pid in rows) / ticks,
        sum(rows[pid][2] for pid in servers) / ticks,
    )


def main() -> int:
    """Measure as asked for; the exit code."""
    usual = Size()
    asked = argparse.ArgumentParser(prog="python -m benchmarks.recalculate", description=__doc__)
    asked.add_argument("--tickets", type=int, default=usual.tickets)
    asked.add_argument("--processes", type=int, default=usual.processes)
    asked.add_argument("--only", choices=usual.kinds, nargs="+", default=usual.kinds)
    told = asked.parse_args()
    begun = datetime.now(UTC)
    found = run(Size(told.tickets, processes=told.processes, kinds=tuple(told.only)))
    show(f"recalculate ({(datetime.now(UTC) - begun).seconds} s)", found)
    return code(found)


if __name__ == "__main__":
    sys.exit(main())
