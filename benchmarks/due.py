"""What is due (到点查询): how long the ticker's question takes among ten million clock rows, 200,000 of them due. PostgreSQL.

A fiftieth of the clocks is due, a twentieth runs and is not due, the rest has ended, as on a megacity's desk after some
months. To be filled within minutes the tables lack what these questions never touch: ended clocks have no ladder, tickets and
clocks only the indexes that are asked (keys, and the partial index of what is armed), foreign keys are not checked.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from sqlalchemy import text

from benchmarks.figures import Figure
from benchmarks.ground import ground_on
from benchmarks.herd import copy, models
from dispatch import supervise
from dispatch.desk import Desk
from dispatch.storage import steps
from dispatch.storage.steps import Place

GOAL_MS = 2.0
#: A ticket has four clocks: dispatch, sign, first contact, handling.
CLOCKS = 4
_MODELS = 20
_PLACES = text("SELECT next_at, id FROM clock WHERE next_at <= :now ORDER BY id LIMIT 1 OFFSET :n")
_TICKETS = text(
    "SELECT count(DISTINCT ticket) FROM (SELECT ticket FROM clock WHERE next_at <= :now"
    " ORDER BY next_at, id LIMIT :n) AS first"
)


@dataclass(frozen=True, slots=True)
class Size:
    """Clock rows in all, and how often each question is asked."""

    rows: int = 200_000
    times: int = 500


def run(size: Size) -> list[Figure]:
    """Fill, ask, count."""
    with ground_on("postgresql") as ground, ground.desk() as desk:
        now = datetime.now(UTC)
        begun = time.monotonic()
        parts = {name: size.rows // part // _MODELS for name, part in (("due", 50), ("open", 20))}
        ended = size.rows // CLOCKS // _MODELS - sum(parts.values())
        for statement in _bare(desk):
            _sql(desk, statement)
        due = models(ground, now, _MODELS, due=True)
        copy(desk, due, parts["due"] - 1, ("clock",))
        copy(desk, models(ground, now, _MODELS, due=False), parts["open"] - 1, ("clock",))
        copy(desk, due, ended, ("clock",), closed=True)
        _sql(
            desk,
            "ALTER TABLE clock ADD CONSTRAINT uq_clock_generation UNIQUE (ticket, kind, scope, generation)",
        )
        _sql(desk, "VACUUM (ANALYZE) clock, ticket")
        filled = time.monotonic() - begun
        rows, waiting = (_count(desk, where, now) for where in ("true", "next_at <= :now"))
        figures = [Figure("rows of clocks, of them due", f"{rows:,}, {waiting:,} (filled in {filled:.0f} s)")]
        figures += [_asked(*each) for each in _questions(desk, now, waiting, size.times)]
        return [*figures, _inside(desk, now, size.times)]


def _bare(desk: Desk) -> list[str]:
    """What makes filling fast."""
    unused = text(
        "SELECT indexname FROM pg_indexes WHERE tablename = 'ticket' AND indexname <> 'ticket_pkey'"
    )
    with desk.database.reading() as tx:
        names = tx.connection().execute(unused).scalars().all()
        database = tx.connection().exec_driver_sql("SELECT current_database()").scalar_one()
    return [
        "ALTER TABLE clock DROP CONSTRAINT uq_clock_generation",
        *(f"DROP INDEX {name}" for name in names),
        *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in ("ticket", "clock")),
        f"ALTER DATABASE {database} SET synchronous_commit = off",
    ]


def _questions(desk: Desk, now: datetime, waiting: int, times: int) -> list[tuple[Any, ...]]:
    dice = Random(7)
    with desk.database.reading() as tx:
        places = [
            Place(*tx.connection().execute(_PLACES, {"now": now, "n": dice.randrange(waiting)}).one())
            for _ in range(20)
        ]

    def anything() -> int:
        with desk.database.reading() as tx:
            return int(steps.waiting(tx, now))

    def claimed(n: int, after: Callable[[], Place | None]) -> Callable[[], int]:
        def ask() -> int:
            with desk.database.reading() as tx:  # locked as by a ticker, and let go
                return len(steps.claim(desk.database, tx, now, n, after())[0])

        return ask

    few, many = supervise.CALM, supervise.BATCH
    with desk.database.reading() as tx:  # a ticket with two clocks due is claimed once
        tickets = {
            n: tx.connection().execute(_TICKETS, {"now": now, "n": n}).scalar_one() for n in (few, many)
        }
    return [
        ("is anything due", anything, times, 1, True),
        (f"the {few} due longest, in order, locked", claimed(few, lambda: None), times, tickets[few], True),
        (f"{few} from anywhere among them", claimed(few, lambda: dice.choice(places)), times, 1, True),
        (
            f"a whole batch of {many}, locked",
            claimed(many, lambda: None),
            max(20, times // 10),
            tickets[many],
            False,
        ),
    ]


def _asked(what: str, ask: Callable[[], int], times: int, least: int, goal: bool) -> Figure:
    """Times from outside: the transaction, the statement and the rows back in Python."""
    waits, used, found = [], [], []
    for _ in range(times):
        begun, before = time.perf_counter(), time.process_time()
        found.append(ask())
        waits.append((time.perf_counter() - begun) * 1000)
        used.append((time.process_time() - before) * 1000)
    waits.sort()
    p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
    line = (
        f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, least {waits[0]:.2f} ms, of it Python {sum(used) / times:.2f} ms "
        f"({times} times)"
    )
    broken = "" if min(found) >= least else f"only {min(found)} rows"
    if not goal:
        return Figure(what, line, broken=broken)
    return Figure(what, line, f"p99 < {GOAL_MS:.0f} ms", p99 < GOAL_MS, broken)


def _inside(desk: Desk, now: datetime, times: int) -> Figure:
    """What the server itself needs for the steps that are due longest, by its own watch."""
    query = text(
        "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) SELECT clock.next_at, clock.id, ticket.number FROM clock "
        "JOIN ticket ON ticket.number = clock.ticket WHERE clock.next_at <= :now "
        "ORDER BY clock.next_at, clock.id LIMIT :n FOR NO KEY UPDATE OF ticket SKIP LOCKED"
    )
    took = []
    for _ in range(times):
        with desk.database.reading() as tx:
            (plan,) = tx.connection().execute(query, {"now": now, "n": supervise.CALM}).scalar_one()
        took.append(plan["Execution Time"])
    took.sort()
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    line = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, least {took[0]:.2f} ms"
    return Figure(
        f"the {supervise.CALM} due longest, the server alone", line, f"p99 < {GOAL_MS:.0f} ms", p99 < GOAL_MS
    )


def _count(desk: Desk, where: str, now: datetime) -> int:
    query = text(f"SELECT count(*) FROM clock WHERE {where}")
    with desk.database.reading() as tx:
        return int(tx.connection().execute(query, {"now": now} if ":now" in where else {}).scalar_one())


def _sql(desk: Desk, statement: str) -> None:
    with desk.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
