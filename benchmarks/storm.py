"""A storm of due steps (到点风暴): after a stop, steps of a great many tickets are due at once and the tickers drain them.

On PostgreSQL four tickers (`hotline ticker`) begin together; two of them are killed while they hold written rows that
are not committed, which is made sure by stopping them first and looking at their transaction from outside. On SQLite
there is one ticker. Each ticket has one step due, the hardest case: one event, two notices, one clock moved on. At the
end the tables are counted: every step once, no notice missing or doubled, nothing left due.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from benchmarks.figures import Figure
from benchmarks.ground import Ground, Part, ground_on, hotline, parts
from benchmarks.herd import copy, models
from dispatch.desk import Desk
from dispatch.storage import clocks
from dispatch.storage.database import Transaction

GOAL = 10_000
TICKERS, KILLED = 4, 2
_MODELS = 20
_PATIENCE_SECONDS = 3600.0

_TOLD = text("SELECT max(id) FROM event")
_BUSY = text(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND backend_xid IS NOT NULL "
    "AND query LIKE 'INSERT INTO %'"
)
_SPAN = text(
    "SELECT count(*), extract(epoch FROM max(pg_xact_commit_timestamp(xmin)) - min(pg_xact_commit_timestamp(xmin))) "
    "FROM event WHERE step IS NOT NULL"
)
#: Each must come out as 0.
_NEVER = {
    "steps doubled": "SELECT count(*) FROM (SELECT 1 FROM event WHERE step IS NOT NULL "
    "GROUP BY clock, generation, step HAVING count(*) > 1) AS twice",
    "steps lost": "SELECT count(*) FROM clock WHERE kind = 'handle' AND scope = 'ticket' AND state = 'armed' AND NOT EXISTS "
    "(SELECT 1 FROM event WHERE event.clock = clock.id AND event.step = 'warn_50')",
    "clocks left due": "SELECT count(*) FROM clock WHERE next_at <= :now",
    "steps that are no warning": "SELECT count(*) FROM event WHERE step <> 'warn_50'",
    "tickets not told of twice for each step": "WITH fired AS (SELECT ticket, count(*) AS n FROM event "
    "WHERE step IS NOT NULL GROUP BY ticket), told AS (SELECT ticket, count(*) AS n FROM outbox "
    "WHERE outbox.data LIKE '%届满%' GROUP BY ticket) SELECT count(*) FROM ticket "
    "LEFT JOIN fired ON fired.ticket = number LEFT JOIN told ON told.ticket = number "
    "WHERE told.n IS NULL OR fired.n IS NULL OR told.n <> 2 * fired.n",
}


@dataclass(frozen=True, slots=True)
class Size:
    """Due steps on PostgreSQL and on SQLite."""

    steps: int = 20_000
    sqlite_steps: int = 4_000


def run(size: Size) -> list[Figure]:
    """Both databases."""
    return [*on_postgresql(size.steps), *on_sqlite(size.sqlite_steps)]


@contextmanager
def _filled(kind: str, steps: int) -> Iterator[tuple[Ground, Desk, int]]:
    """A desk with so many tickets of which one step is due; and how many are, as helpers of a few have theirs, too."""
    with ground_on(kind) as ground, ground.desk() as desk:
        now = datetime.now(UTC)
        numbers = models(ground, now, _MODELS, due=True)
        copy(desk, numbers, steps // _MODELS - 1, ("assignment", "clock", "event"))
        with desk.transaction() as tx:
            tx.connection().execute(text("ANALYZE"))
        yield ground, desk, _one(desk, text("SELECT count(*) FROM clock WHERE next_at <= :now"), now=now)


def on_postgresql(steps: int) -> list[Figure]:
    """Four tickers, two of them killed."""
    with _filled("postgresql", steps) as (ground, desk, due):
        with desk.transaction() as gate:
            gate.connection().execute(text("LOCK TABLE clock IN ACCESS EXCLUSIVE MODE"))
            names = [f"bench-ticker-{n}" for n in range(TICKERS)]
            started = [_ticker(ground, name) for name in names]
            _until(desk, lambda: _connected(desk, gate) >= TICKERS)
        with parts(*started):
            begun = _newest(desk)
            for n in range(KILLED):
                _until(desk, lambda part=n: _newest(desk) - begun > due * (part + 1) // (KILLED + 2))  # type: ignore[misc]
                _kill_in_mid_transaction(desk, started[n], names[n])
            _until(desk, lambda: _drained(desk))
        return _figures("postgresql", desk, due, f"{TICKERS} tickers, {KILLED} killed in mid-transaction")


def on_sqlite(steps: int) -> list[Figure]:
    """The one ticker there may be."""
    with _filled("sqlite", steps) as (ground, desk, due):
        first, part = _newest(desk), hotline(ground, "ticker")
        with parts(part):
            _until(desk, lambda: _newest(desk) > first)
            seen, begun = _newest(desk), time.monotonic()
            _until(desk, lambda: _drained(desk))
            seconds = time.monotonic() - begun
        return _figures("sqlite", desk, due, "1 ticker", (due - (seen - first)) / seconds)


def _ticker(ground: Ground, name: str) -> Part:
    return Part(name, ["-c", "from cli import app; app()", "ticker"], ground, {"PGAPPNAME": name})


def _until(desk: Desk, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError("the storm did not end")
        time.sleep(0.1)


def _one(desk: Desk, query: Any, **given: Any) -> Any:
    with desk.database.reading() as tx:
        return tx.connection().execute(query, given).scalar_one()


def _newest(desk: Desk) -> int:
    return int(_one(desk, _TOLD) or 0)


def _connected(desk: Desk, gate: Transaction) -> int:
    """How many tickers wait at the gate, whose transaction must not look forgotten meanwhile."""
    gate.connection().execute(text("SELECT 1"))
    count = (
        "SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE application_name LIKE 'bench-%'"
    )
    return int(_one(desk, text(count)))


def _drained(desk: Desk) -> bool:
    with desk.database.reading() as tx:
        oldest = clocks.oldest_step(tx)
    return oldest is None or oldest > datetime.now(UTC)


def _kill_in_mid_transaction(desk: Desk, part: Part, name: str) -> None:
    """SIGSTOP, look whether it has written and not committed, then SIGKILL; else let it go on and look again."""
    while True:
        pid = part.group
        os.killpg(pid, signal.SIGSTOP)
        time.sleep(0.05)  # what the server was still doing for it comes to an end
        if _one(desk, _BUSY, name=name):
            part.kill()
            return
        os.killpg(pid, signal.SIGCONT)
        if _drained(desk):
            raise RuntimeError(f"the storm was over before {name} could be killed in it")
        time.sleep(0.037)


def _figures(kind: str, desk: Desk, due: int, who: str, rate: float | None = None) -> list[Figure]:
    with desk.database.reading() as tx:
        wrong = {
            what: found
            for what, query in _NEVER.items()
            if (found := tx.connection().execute(text(_spoken(query, kind)), _given(query)).scalar_one())
        }
        if kind == "postgresql":
            fired, seconds = tx.connection().execute(_SPAN).one()
            rate = float(fired) / max(0.001, float(seconds))
        else:
            fired = (
                tx.connection()
                .execute(text("SELECT count(*) FROM event WHERE step IS NOT NULL"))
                .scalar_one()
            )
    assert rate is not None
    broken = "; ".join(f"{n} {what}" for what, n in wrong.items()) or (
        "" if fired == due else f"{fired} of {due} fired"
    )
    goal = (f"≥ {GOAL:,}/s", rate >= GOAL) if kind == "postgresql" else ("", None)
    return [
        Figure(f"{kind}: {due:,} due steps, {who}", f"{rate:,.0f} steps/s", *goal),
        Figure(f"{kind}: lost, doubled or left due", str(sum(wrong.values())), broken=broken),
    ]


def _spoken(query: str, kind: str) -> str:
    """JSON is text on SQLite."""
    return query.replace("outbox.data LIKE", "outbox.data::text LIKE") if kind == "postgresql" else query


def _given(query: str) -> dict[str, datetime]:
    return {"now": datetime.now(UTC)} if ":now" in query else {}
