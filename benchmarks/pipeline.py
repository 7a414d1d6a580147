"""How fast the whole way is (全程速度): from accepted to looked at by the model, routed, timed and written down.

Real processes: `hotline serve --workers 2`, one `hotline worker`, one `hotline ticker`, PostgreSQL with fsync, the
embedded queue server. Messages are due at a steady rate whatever the answers do. How long each took from commit to
commit is read from PostgreSQL afterwards, not from clocks of the desk.
"""

import time
from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.figures import Figure
from benchmarks.ground import Ground, free_port, ground_on, hotline, parts, serve, wait_for
from benchmarks.load import Volley, fire
from benchmarks.post import WEB_WORKERS, posts

GOAL_RATE = 100.0
_CONNECTIONS = 32
_WARM_UP_SECONDS = 3.0
_DRAIN_SECONDS = 30.0
#: A rate is sustained when 99 of 100 are decided within this time, and the queue is empty this long after the last one.
_SUSTAINED_SECONDS = 1.0

_LEFT = text("SELECT count(*) FROM outbox WHERE state <> 'done'")
_WAITING = text("SELECT count(*) FROM ticket WHERE stage = 'received'")
#: By the event and not by the number: each web process numbers from a block of its own.
_LAST = text("SELECT coalesce(max(id), 0) FROM event")
_DISPATCHED = text("""
    SELECT count(*) FILTER (WHERE stage <> 'received'), count(*) FILTER (WHERE stage = 'to_sign')
    FROM event JOIN ticket ON ticket.number = event.ticket WHERE event.kind = 'received' AND event.id > :after""")
_LAGS = text("""
    SELECT extract(epoch FROM pg_xact_commit_timestamp(decision.xmin) - pg_xact_commit_timestamp(event.xmin))
    FROM event JOIN decision ON decision.ticket = event.ticket AND decision.act = 'triage'
    WHERE event.kind = 'received' AND event.id > :after ORDER BY 1""")


@dataclass(frozen=True, slots=True)
class Size:
    """How long at the goal's rate, and how long at each rate of the climb (0: no climb)."""

    seconds: float = 20.0
    step_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """One rate, held for a while: what was accepted, what left `received`, how long the queue took to empty after."""

    offered: float
    volley: Volley
    tickets: int
    to_sign: int
    drained: float | None
    lags: list[float]

    @property
    def sustained(self) -> bool:
        """Whether the desk kept up: nothing failed, accepting in step, no backlog."""
        kept_up = self.volley.rate >= 0.95 * self.offered and not self.volley.faults()
        emptied = self.drained is not None and self.drained <= _SUSTAINED_SECONDS
        return kept_up and emptied and self.lag(0.99) <= _SUSTAINED_SECONDS * 1000

    def lag(self, share: float) -> float:
        """Milliseconds from the commit that accepted to the commit that decided."""
        return self.lags[min(len(self.lags) - 1, int(len(self.lags) * share))] * 1000 if self.lags else 0.0


def run(size: Size) -> list[Figure]:
    """The goal's rate, then a climb to the highest rate that is sustained."""
    with ground_on("postgresql", model=True) as ground:
        port = free_port()
        web = serve(ground, port, WEB_WORKERS)
        with parts(web, hotline(ground, "worker"), hotline(ground, "ticker")):
            wait_for(web, port)
            hold(ground, port, 20.0, _WARM_UP_SECONDS, 900)
            steady = hold(ground, port, GOAL_RATE, size.seconds, 1)
            best, worst = _climb(ground, port, size.step_seconds) if size.step_seconds else (None, None)
    return _figures(steady, best, worst)


def hold(ground: Ground, port: int, rate: float, seconds: float, seed: int) -> Stretch:
    """Offer `rate` messages a second for `seconds`, then wait for the queue to empty."""
    with ground.desk() as desk, desk.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        after = connection.execute(_LAST).scalar_one()
        volley = fire(("127.0.0.1", port), posts(ground, seed), _CONNECTIONS, seconds, rate)
        ended, drained = time.monotonic(), None
        while drained is None and time.monotonic() < ended + _DRAIN_SECONDS:
            if connection.execute(_WAITING).scalar_one() == 0 == connection.execute(_LEFT).scalar_one():
                drained = time.monotonic() - ended
            else:
                time.sleep(0.05)
        tickets, to_sign = connection.execute(_DISPATCHED, {"after": after}).one()
        lags = [float(each) for each in connection.execute(_LAGS, {"after": after}).scalars()]
    return Stretch(rate, volley, tickets, to_sign, drained, lags)


def _climb(ground: Ground, port: int, seconds: float) -> tuple[Stretch | None, Stretch | None]:
    """The highest rate that was sustained, and the first that was not: 1.25 times more each time."""
    best, rate = None, GOAL_RATE * 1.25
    for seed in range(10, 40):
        tried = hold(ground, port, round(rate), seconds, seed)
        if not tried.sustained:
            return best, tried
        best, rate = tried, rate * 1.25
    return best, None


def _figures(steady: Stretch, best: Stretch | None, worst: Stretch | None) -> list[Figure]:
    accepted = steady.volley.statuses[201]
    lost = accepted - steady.tickets
    broken = (
        f"{steady.volley.faults()} failed"
        if steady.volley.faults()
        else f"{lost} not triaged"
        if lost
        else ""
    )
    emptied = "never" if steady.drained is None else f"{steady.drained:.1f} s after the last message"
    return [
        Figure(
            "accepted and triaged",
            f"{steady.volley.rate:.0f}/s for {steady.volley.seconds:.0f} s: {accepted} accepted, {steady.tickets} triaged",
            f">= {GOAL_RATE:.0f}/s, queue empty",
            steady.drained is not None and steady.volley.rate >= 0.99 * GOAL_RATE,
            broken,
        ),
        Figure("  queue empty", emptied),
        Figure("  sent out alone", f"{steady.to_sign} to a department, the rest to a dispatcher"),
        Figure(
            "  accepted to decided, by commit times",
            f"p50 {steady.lag(0.5):.0f} ms, p99 {steady.lag(0.99):.0f} ms",
        ),
        Figure(
            "  the post itself, from when it was due",
            f"p50 {steady.volley.percentile(0.5):.1f}, p99 {steady.volley.percentile(0.99):.1f} ms",
        ),
        Figure("highest rate sustained", _line(best)),
        Figure("  first rate that was not", _line(worst)),
    ]


def _line(held: Stretch | None) -> str:
    if held is None:
        return "not looked for"
    empty = "not empty within 30 s" if held.drained is None else f"empty after {held.drained:.1f} s"
    return (
        f"{held.offered:.0f}/s offered, {held.volley.rate:.0f}/s accepted, {empty}, "
        f"lag p50 {held.lag(0.5):.0f}, p99 {held.lag(0.99):.0f} ms"
    )
