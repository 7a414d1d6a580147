"""How fast the desk accepts (受理速度): `POST /api/tickets` beside a bare endpoint that writes the same five rows.

Both run at once, but only one is loaded at a time, in turns, by the same generator; each has 2 uvicorn workers and 8
connections. Every request has a text, a caller and an Idempotency-Key of its own. One worker-less desk: only accepting
is measured, with a queue server to ring at.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import text

from benchmarks.figures import Figure
from benchmarks.ground import Ground, Part, free_port, ground_on, parts, secret, serve, wait_for
from benchmarks.load import Volley, fire, request
from benchmarks.sayings import bodies

CONNECTIONS = 8
WEB_WORKERS = 2
GOAL_SHARE = 0.60
GOAL_P99_MS = 40.0
_WARM_UP_SECONDS = 2.0
_BARE_SEED = 500


@dataclass(frozen=True, slots=True)
class Size:
    """How long to measure."""

    rounds: int = 3
    seconds: float = 5.0


@dataclass(slots=True)
class Runs:
    """All rounds of one side."""

    rates: list[float] = field(default_factory=list)
    all: Volley = field(default_factory=Volley)

    def add(self, volley: Volley) -> None:
        self.rates.append(volley.rate)
        self.all.add(volley)

    def line(self) -> str:
        return (
            f"{statistics.median(self.rates):,.0f}/s (rounds {min(self.rates):,.0f}–{max(self.rates):,.0f}), "
            f"p50 {self.all.percentile(0.5):.1f} ms, p99 {self.all.percentile(0.99):.1f} ms"
        )


def posts(ground: Ground, seed: int) -> Iterator[bytes]:
    """Whole requests, endless, each with a key of its own."""
    for body in bodies(ground.policy, seed):
        headers = {"Authorization": f"Bearer {ground.key}", "Idempotency-Key": secret()}
        yield request("POST", "/api/tickets", body, headers)


def run(size: Size) -> list[Figure]:
    """Both databases; the bare side on PostgreSQL only."""
    with ground_on("postgresql") as ground:
        ours, bare, commits = _beside(ground, size)
    with ground_on("sqlite") as ground:
        sqlite = _alone(ground, size)
    share = statistics.median(a / b for a, b in zip(ours.rates, bare.rates, strict=True))
    p99 = ours.all.percentile(0.99)
    return [
        Figure("bare FastAPI + psycopg, PostgreSQL", bare.line(), broken=_broken(bare)),
        Figure("POST /api/tickets, PostgreSQL", ours.line(), "p99 < 40 ms", p99 < GOAL_P99_MS, _broken(ours)),
        Figure("  share of bare", f"{share:.0%}", f">= {GOAL_SHARE:.0%}", share >= GOAL_SHARE),
        Figure("  commits for each accepted ticket", f"{commits:.3f}", "1, and 1 for 100 numbers"),
        Figure("  the generator itself", f"{ours.all.cost:.0f} µs of processor a request"),
        Figure("POST /api/tickets, SQLite", sqlite.line(), broken=_broken(sqlite)),
    ]


def _broken(runs: Runs) -> str:
    return f"{runs.all.faults()} failed {dict(runs.all.statuses)}" if runs.all.faults() else ""


def _beside(ground: Ground, size: Size) -> tuple[Runs, Runs, float]:
    ports = free_port(), free_port()
    desk, other = serve(ground, ports[0], WEB_WORKERS), _bare(ground, ports[1])
    sides = (Runs(), posts(ground, 1), ports[0]), (Runs(), posts(ground, _BARE_SEED), ports[1])
    with parts(desk, other):
        wait_for(desk, ports[0])
        wait_for(other, ports[1])
        for _, requests, port in sides:
            fire(("127.0.0.1", port), requests, CONNECTIONS, _WARM_UP_SECONDS)
        commits = 0
        for _ in range(size.rounds):
            for runs, requests, port in sides:
                before = _commits(ground)
                runs.add(fire(("127.0.0.1", port), requests, CONNECTIONS, size.seconds))
                commits += (_commits(ground) - before) if runs is sides[0][0] else 0
    ours, bare = sides[0][0], sides[1][0]
    return ours, bare, commits / max(1, len(ours.all.waits))


def _bare(ground: Ground, port: int) -> Part:
    command = [
        "-m",
        "uvicorn",
        "benchmarks.bare:app",
        "--factory",
        "--port",
        str(port),
        "--workers",
        str(WEB_WORKERS),
    ]
    command += ["--no-access-log", "--log-level", "warning"]
    return Part("bare", command, ground, {"BARE_PACK": ground.policy.hash})


def _commits(ground: Ground) -> int:
    """Transactions of this database so far, by PostgreSQL's own counter, which is a moment late."""
    with ground.desk() as desk, desk.database.reading() as tx:
        tx.connection().execute(text("SELECT pg_stat_force_next_flush()"))
        count = text("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int(tx.connection().execute(count).scalar_one())


def _alone(ground: Ground, size: Size) -> Runs:
    port, runs, requests = free_port(), Runs(), posts(ground, 1)
    desk = serve(ground, port, WEB_WORKERS)
    with parts(desk):
        wait_for(desk, port)
        fire(("127.0.0.1", port), requests, CONNECTIONS, _WARM_UP_SECONDS)
        for _ in range(size.rounds):
            runs.add(fire(("127.0.0.1", port), requests, CONNECTIONS, size.seconds))
    return runs
