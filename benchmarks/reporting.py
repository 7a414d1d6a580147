"""How fast figures are (统计报表): the roll-up of a megacity's day, and its weekly report over a million tickets.

`python -m benchmarks.run --only reporting`, PostgreSQL. A day of 70,000 invented tickets with all their events, dispatches
and clocks is written behind the desk's back, as no desk takes that many in a minute, and is counted by the desk's own
code. The other thirteen days are copies of that day, its counts among them (events, which no report reads, are not
copied): 980,000 tickets, 400 departments, two whole weeks.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import SQLModel

from benchmarks.figures import Figure
from benchmarks.ground import Ground, ground_on
from benchmarks.sayings import messages
from dispatch import counting, figures
from dispatch.desk import Desk
from dispatch.storage import figures as stored
from dispatch.storage.database import Transaction
from reports.period import parse
from reports.writers import written
from rules.numbers import compose
from rules.policy import Policy
from rules.terms import CHINA

A_DAY = 70_000
DAYS = 14
FIRST = date(2026, 11, 9)
AS_OF = datetime(2026, 11, 23, 8, tzinfo=CHINA)
WEEK = "2026-W47"
DEPARTMENTS = 400
ROLL_UP_SECONDS = 30.0
REPORT_SECONDS = 1.0
WORKERS = 2
_COUNT = """import os
from dispatch import counting, figures, settings
from dispatch.desk import open_desk
print(counting.catch_up(open_desk(settings.read(os.environ), os.urandom)))"""
#: How tickets end, by weight: 53 of 100 are answered at the desk.
_ENDS = (("answered", 53), ("refused", 2), ("invalid", 2), ("closed", 27), ("handling", 9), ("to_sign", 3),
         ("to_call_back", 3), ("merged", 1))  # fmt: skip
_STAGES = [stage for stage, weight in _ENDS for _ in range(weight)]
_AT_THE_DESK = ("answered", "refused", "invalid")

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Size:
    """Tickets of the day that is counted, days in all, and how often the report is made."""

    a_day: int = A_DAY
    days: int = DAYS
    reports: int = 7


def codes() -> list[str]:
    """The departments of the megacity."""
    return [f"d{n:03d}" for n in range(DEPARTMENTS)]


def day_of_tickets(policy: Policy, n: int) -> Iterator[Rows]:
    """The rows of `n` tickets received on FIRST; the same on every run."""
    dice = Random(20261109)
    categories = [code for code, each in policy.categories.items() if each.department]
    areas = list(policy.areas)
    for at, said in enumerate(islice(messages(policy, 1), n)):
        received = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=CHINA) + timedelta(
            seconds=dice.triangular(0, 86399, 37000)
        )
        number = compose(policy.area_code, FIRST.strftime("%Y%m%d"), at + 1)
        stage = dice.choice(_STAGES)
        ticket = {
            "number": number, "channel": "phone" if dice.random() < 0.8 else "web", "stage": stage,
            "type": said["type"], "urgency": "normal", "department": None, "category": dice.choice(categories),
            "area": dice.choice(areas), "title": said["text"][:30], "text": said["text"], "place": said["place"],
            "received_at": received, "closed_at": None, "due_at": None, "pack": policy.hash,
        }  # fmt: skip
        rows: Rows = {"ticket": [ticket], "event": [], "assignment": [], "clock": []}
        _told(rows, "received", received, stage="received", channel=ticket["channel"])
        if stage in _AT_THE_DESK:
            ticket["closed_at"] = received + timedelta(minutes=4)
            _timed(rows, policy, "dispatch", received, 4, "cancelled", received + timedelta(minutes=4))
            _told(rows, {"invalid": "invalidated"}.get(stage, stage), ticket["closed_at"], stage=stage)
        else:
            _handled(rows, policy, dice)
        yield rows


def _handled(rows: Rows, policy: Policy, dice: Random) -> None:
    """From dispatch as far as the ticket has come; a third of the running limits is over, one reply in twelve late."""
    ticket = rows["ticket"][0]
    stage, at = ticket["stage"], ticket["received_at"]
    lead = f"d{dice.randrange(DEPARTMENTS):03d}"
    ticket["department"] = lead
    sent = at + timedelta(minutes=dice.uniform(1, 240))
    _timed(rows, policy, "dispatch", at, 4, "met", sent)
    rows["assignment"].append({"ticket": ticket["number"], "department": lead, "actor": "system", "at": sent})
    _told(rows, "triaged", at + timedelta(seconds=20), stage="to_dispatch")
    _told(rows, "dispatched", sent, stage="to_sign", department=lead, assists=[], reason="按职责派单")
    limit = dice.choice((3, 7, 15)) * 24.0
    if stage == "merged":
        _told(rows, "merged", sent + timedelta(hours=1), stage="merged", into=ticket["number"])
        return
    signed = sent + timedelta(hours=dice.uniform(0.2, 30))
    over = dice.random() < 0.33
    if stage == "to_sign":
        _timed(rows, policy, "sign", sent, 24, "armed")
        ticket["due_at"] = _timed(rows, policy, "handle", sent, 30 if over else 24 * 60, "armed")
        return
    _timed(rows, policy, "sign", sent, 24, "met", signed)
    _told(rows, "signed", signed, stage="handling", department=lead)
    called = signed + timedelta(hours=dice.uniform(1, 26))
    _timed(rows, policy, "first_contact", signed, 24, "met", called)
    _told(rows, "contacted", called, reached=True, words="已电话联系诉求人，了解情况并约定时间。")
    if stage == "handling":
        ticket["due_at"] = _timed(rows, policy, "handle", sent, 30 if over else 24 * 60, "armed")
        return
    replied = sent + timedelta(hours=limit * (1.1 if dice.random() < 0.08 else dice.uniform(0.3, 0.95)))
    _timed(rows, policy, "handle", sent, limit, "met", replied)
    _told(
        rows,
        "replied",
        replied,
        stage="reviewing",
        words="已派人处理，问题解决。",
        solved=True,
        department=lead,
    )
    approved = replied + timedelta(hours=dice.uniform(1, 20))
    _timed(rows, policy, "review", replied, 24, "met", approved)
    _told(rows, "reviewed", approved - timedelta(minutes=30), level="department", approved=True, reason="")
    _told(rows, "reviewed", approved, stage="to_call_back", level="hotline", approved=True, reason="")
    if stage == "closed":
        back = approved + timedelta(hours=dice.uniform(1, 20))
        pleased = dice.random() < 0.9
        _timed(rows, policy, "call_back", approved, 24, "met", back)
        _told(rows, "called_back", back, reached=True, solved=pleased, satisfied=pleased, words="")
        _told(rows, "closed", back, stage="closed", rated=True)
        ticket["closed_at"] = back


def _told(rows: Rows, kind: str, at: datetime, **data: Any) -> None:
    number = rows["ticket"][0]["number"]
    rows["event"].append(
        {"ticket": number, "kind": kind, "at": at, "recorded_at": at, "actor": "bench", "data": data}
    )


def _timed(
    rows: Rows,
    policy: Policy,
    kind: str,
    at: datetime,
    hours: float,
    state: str,
    stopped: datetime | None = None,
) -> datetime:
    clocks = rows["clock"]
    clocks.append(
        {
            "ticket": rows["ticket"][0]["number"], "kind": kind, "scope": "ticket", "generation": 1,
            "state": state, "started_at": at, "due_at": at + timedelta(hours=hours), "stopped_at": stopped,
            "ladder": [], "pack": policy.hash, "calendar": "bench", "provisional": False,
        }
    )  # fmt: skip
    due: datetime = clocks[-1]["due_at"]
    return due


# --- Filling ------------------------------------------------------------------------------------------------------


def fill(desk: Desk, policy: Policy, n: int) -> None:
    """Write one day of tickets, by COPY, and the departments."""
    with desk.transaction() as tx:
        department = SQLModel.metadata.tables["department"]
        rows = [{"code": code, "name": f"第{code[1:]}承办单位", "kind": "bureau"} for code in codes()]
        tx.connection().execute(insert(department), rows)
    made = day_of_tickets(policy, n)
    while batch := list(islice(made, 5_000)):
        with desk.transaction() as tx:
            for table in ("ticket", "event", "assignment", "clock"):
                _copy(tx, table, [row for rows in batch for row in rows[table]])
    with desk.transaction() as tx:
        tx.connection().execute(text("ANALYZE"))


def _copy(tx: Transaction, table: str, rows: list[Row]) -> None:
    columns = {each.name: each for each in SQLModel.metadata.tables[table].columns if each.name != "id"}
    given = {name: each.default.arg for name, each in columns.items() if each.default is not None}
    cursor = tx.connection().connection.cursor()
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_plain(row.get(name, given.get(name))) for name in columns])


def _plain(value: Any) -> Any:
    if callable(value):  # the default of a list: an empty one
        return "[]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def repeat_day(desk: Desk, days: int) -> None:
    """Copy the day that was counted to the following ones: tickets, clocks, tallies and daily sums."""
    for shift in range(1, days):
        with desk.transaction() as tx:
            for table in ("ticket", "clock", "tally", "daily_count"):
                tx.connection().execute(text(_shifted(table, shift)))
    with desk.transaction() as tx:
        tx.connection().execute(text("ANALYZE"))


def _shifted(table: str, shift: int) -> str:
    columns = [each.name for each in SQLModel.metadata.tables[table].columns if each.name != "id"]
    moved = {name: _moved(name, shift) for name in columns}
    if table == "daily_count":
        return _shifted_sums(columns, shift)
    reach = f"WHERE {'number' if table == 'ticket' else 'ticket'} LIKE '999001{FIRST:%Y%m%d}%'"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(moved.values())} FROM {table} {reach}"
    )


def _moved(name: str, shift: int) -> str:
    if name in ("number", "ticket"):
        return f"'999001{FIRST + timedelta(days=shift):%Y%m%d}' || substr({name}, 15)"
    if name.endswith("_at"):
        return f"{name} + interval '{shift} days'"
    return f"day + {shift}" if name == "day" else name


def _shifted_sums(columns: list[str], shift: int) -> str:
    """The first day's own sums, kept aside in `first_day`, added to the days that they fall on now."""
    measures = [name for name in columns if name not in ("day", "dimension", "key")]
    added = ", ".join(f"{name} = daily_count.{name} + excluded.{name}" for name in measures)
    return (
        f"INSERT INTO daily_count ({', '.join(columns)}) "
        f"SELECT day + {shift}, {', '.join(columns[1:])} FROM first_day "
        f"ON CONFLICT (day, dimension, key) DO UPDATE SET {added}"
    )


# --- Measuring ------------------------------------------------------------------------------------------------------


def run(size: Size) -> list[Figure]:
    """Roll-up, report, files."""
    with ground_on("postgresql") as ground, ground.desk() as desk:
        return [*_measured(ground, desk, size)]


def _measured(ground: Ground, desk: Desk, size: Size) -> Iterator[Figure]:
    fill(desk, ground.policy, size.a_day)
    seconds, counted = _timing(lambda: counting.catch_up(desk))
    yield _rolled_up("one process", seconds, counted, desk, size)
    with desk.transaction() as tx:
        stored.forget(desk.database, tx)
    seconds, counted = _timing(lambda: _together(ground, WORKERS))
    yield _rolled_up(f"{WORKERS} processes", seconds, counted, desk, size)
    with desk.transaction() as tx:
        tx.connection().execute(text("CREATE TABLE first_day AS SELECT * FROM daily_count"))
    repeat_day(desk, size.days)
    period = parse("week", WEEK, 1)
    waits, document = [], {}
    for _ in range(size.reports):
        took, document = _timing(lambda: figures.live(desk, period, AS_OF))
        waits.append(took)
    yield _report(waits, document, size)
    for format in ("json", "html", "xlsx", "docx"):
        took, file = _timing(lambda format=format: written(document, format))
        yield Figure(f"as {format}", f"{took:.2f} s, {len(file) / 1024:.0f} KiB")
    took, document = _timing(lambda: figures.live(desk, period, AS_OF, "d007"))
    yield Figure(
        "one department's week", f"{took * 1000:.0f} ms, {document['totals']['counts'].get('assigned')} legs"
    )
    yield _after_acts(desk)


def _together(ground: Ground, n: int) -> int:
    """Several processes count what waits; how many tickets in all."""
    command = [sys.executable, "-c", _COUNT]
    with ExitStack() as held:
        counting = [
            held.enter_context(subprocess.Popen(command, env=dict(ground.environ), stdout=subprocess.PIPE))
            for _ in range(n)
        ]
        return sum(int(each.communicate()[0]) for each in counting)


def _rolled_up(how: str, seconds: float, counted: int, desk: Desk, size: Size) -> Figure:
    with desk.database.reading() as tx:
        off = stored.recount(tx)
    wrong = "" if counted == size.a_day and not off else f"{counted} counted, {len(off)} sums differ"
    words = f"{seconds:.1f} s for {counted} tickets ({counted / seconds:.0f}/s)"
    return Figure(
        f"roll-up of a day, {how}", words, f"< {ROLL_UP_SECONDS:.0f} s", seconds < ROLL_UP_SECONDS, wrong
    )


def _report(waits: list[float], document: Mapping[str, Any], size: Size) -> Figure:
    counts = document["totals"]["counts"]
    wrong = [each["words"] for each in document["checks"] if not each["ok"]]
    if counts.get("received") != size.a_day * 7:
        wrong.append(f"{counts.get('received')} received")
    rows = sum(len(each["rows"]) for each in document["tables"])
    words = f"median {statistics.median(waits):.2f} s, worst {max(waits):.2f} s, {size.a_day * size.days} tickets, {rows} rows"
    return Figure(
        "weekly report", words, f"< {REPORT_SECONDS:.0f} s", max(waits) < REPORT_SECONDS, "; ".join(wrong)
    )


def _after_acts(desk: Desk) -> Figure:
    """Counting again after 1,000 tickets changed."""
    changed = "UPDATE ticket SET tallied = false WHERE number IN (SELECT number FROM ticket ORDER BY number LIMIT 1000)"
    with desk.transaction() as tx:
        tx.connection().execute(text(changed))
    took, counted = _timing(lambda: counting.catch_up(desk))
    return Figure(
        "1,000 changed tickets counted again", f"{took * 1000:.0f} ms", broken="" if counted == 1000 else "?"
    )


def _timing(what: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.monotonic()
    found = what()
    return time.monotonic() - begun, found
