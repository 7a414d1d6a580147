"""What is left after crashes (崩溃测试): the parts are killed and the queue emptied under load, and nothing is lost or doubled.

`python -m benchmarks.crash [--full] [--seed N] [--on sqlite|postgresql]`. Web (2 processes), worker and ticker run as in
production; kill -9 hits them at moments that the seed chooses, one server process as well as a whole part, and
FLUSHALL hits the queue. Clients post each message under its own key until it is answered. At the end the tables are
audited. Exit 1 on any loss or doubling.
"""

import argparse
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

import redis
from sqlalchemy import text

from benchmarks.audit import audit
from benchmarks.clients import Crowd, at_once
from benchmarks.figures import Figure, code, show
from benchmarks.ground import Ground, Part, free_port, ground_on, hotline, parts, serve, wait_for
from benchmarks.post import WEB_WORKERS
from benchmarks.sayings import messages
from dispatch import triage
from dispatch.receive import Asked, receive
from intake.request import build
from rules.access import Actor
from rules.terms import Role

CROWD = 6
PAUSE_SECONDS = 0.03
TOGETHER = 50
_AGED = 30
_SETTLE_SECONDS = 150.0
_ELDER = Asked(Actor("bench", frozenset({Role.OPERATOR}), scope="bench"))
_UNDONE = text("SELECT count(*) FROM outbox WHERE state <> 'done'")
_CLAIMED = text("SELECT id FROM outbox WHERE state = 'claimed'")


@dataclass(frozen=True, slots=True)
class Size:
    """How many blows, and between them how long at most (seconds)."""

    blows: int = 12
    gap: float = 1.5
    seed: int = 1


@dataclass(slots=True)
class Battle:
    """One run: the parts, what was done to them, the claims that died with a worker."""

    ground: Ground
    port: int
    web: Part
    worker: Part
    ticker: Part
    dice: Random
    done: Counter[str] = field(default_factory=Counter)
    orphans: list[tuple[datetime, list[int]]] = field(default_factory=list)

    def strike(self, name: str) -> None:
        """One blow; what was killed is started again at once, as a service manager would."""
        self.done[name] += 1
        match name:
            case "kill web":
                self.web.kill()
                self.web.start()
            case "kill one web process":
                wait_for(self.web, self.port)  # it may still be starting after the last blow
                os.kill(self.dice.choice(self.web.children()), signal.SIGKILL)
            case "kill worker":
                self.worker.kill()
                self.orphans.append((datetime.now(UTC), self._claimed()))
                self.worker.start()
            case "kill ticker":
                self._age()
                time.sleep(self.dice.uniform(0.0, 1.2))
                self.ticker.kill()
                self.ticker.start()
            case "FLUSHALL":
                with redis.Redis.from_url(f"unix://{self.ground.settings.socket}") as queue:
                    queue.flushall()

    def _claimed(self) -> list[int]:
        with self.ground.desk() as desk, desk.database.reading() as tx:
            return list(tx.connection().execute(_CLAIMED).scalars())

    def _age(self) -> None:
        """Tickets of last week, so that the ticker has steps to fire when it is killed."""
        then = datetime.now(UTC) - timedelta(days=9)
        seed = 700 + self.done["kill ticker"]
        with self.ground.desk() as desk:
            for message in islice(messages(self.ground.policy, seed), _AGED):
                receive(desk, build(message, then), _ELDER, then)
            while triage.drain(desk, then):
                pass


BLOWS = ("kill worker", "kill web", "FLUSHALL", "kill one web process", "kill ticker")


def run(kind: str, size: Size) -> list[Figure]:
    """One battle on `kind`, then the audit."""
    with ground_on(kind, model=True) as ground:
        port = free_port()
        battle = Battle(
            ground,
            port,
            serve(ground, port, WEB_WORKERS),
            hotline(ground, "worker"),
            hotline(ground, "ticker"),
            Random(size.seed),
        )
        with parts(battle.web, battle.worker, battle.ticker):
            wait_for(battle.web, port)
            crowd = Crowd(ground, port, CROWD, PAUSE_SECONDS)
            together = at_once(crowd, next(messages(ground.policy, 600)), TOGETHER)
            crowd.start()
            try:
                for n in range(size.blows):
                    time.sleep(battle.dice.uniform(0.3, size.gap))
                    battle.strike(BLOWS[n % len(BLOWS)])
            finally:
                crowd.stop()
            settled = _settle(battle)
        with ground.desk() as desk:
            found = audit(desk, crowd.told, datetime.now(UTC) - timedelta(seconds=10))
            slowest = _slowest_orphan(battle)
    joined = len({each.number for each in together}), len(together)
    first = sum(not each.joined for each in together)
    lines = [
        ("blows", ", ".join(f"{n} × {what}" for what, n in sorted(battle.done.items())), ""),
        ("messages, by last answer", f"{len(crowd.told)} told; answers {dict(crowd.answers)}", _abandoned(crowd)),
        ("left in the tables", ", ".join(f"{n} {what}" for what, n in found.counts.items()), ""),
        (f"{TOGETHER} posts by one caller at once", f"{joined[0]} ticket, {joined[1]} requests, {first} not joined",
         "" if (*joined, first) == (1, TOGETHER, 1) else "not one ticket"),
        ("queue empty after the last message", f"{settled:.1f} s" if settled is not None else "never",
         "" if settled is not None else "rows left"),
        ("longest wait of a row whose worker was killed", slowest, ""),
        ("lost, doubled or missed", str(len(found.wrong)), "; ".join(found.wrong)),
    ]  # fmt: skip
    return [Figure(f"{kind}: {what}", measured, broken=broken) for what, measured, broken in lines]


def _abandoned(crowd: Crowd) -> str:
    return f"{len(crowd.abandoned)} never answered" if crowd.abandoned else ""


def _settle(battle: Battle) -> float | None:
    """Seconds until nothing waits, with every part running; None when something still waits at the end."""
    begun = time.monotonic()
    with battle.ground.desk() as desk:
        while time.monotonic() < begun + _SETTLE_SECONDS:
            with desk.database.reading() as tx:
                if tx.connection().execute(_UNDONE).scalar_one() == 0:
                    return time.monotonic() - begun
            time.sleep(0.2)
    return None


def _slowest_orphan(battle: Battle) -> str:
    """How long the rows that a killed worker held had to wait for another."""
    waits = []
    with battle.ground.desk() as desk, desk.database.reading() as tx:
        done = {row[0]: row[1] for row in tx.connection().execute(text("SELECT id, done_at FROM outbox"))}
    for killed, ids in battle.orphans:
        waits += [(_aware(done[each]) - killed).total_seconds() for each in ids if done.get(each)]
    return f"{max(waits):.1f} s ({len(waits)} rows)" if waits else "no row was in hand"


def _aware(moment: datetime | str) -> datetime:
    """A plain query gives SQLite's text."""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def main() -> int:
    """Both databases, or the one asked for."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.crash", description=__doc__)
    asked.add_argument("--full", action="store_true", help="60 blows instead of 12")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--on", choices=("postgresql", "sqlite"), action="append")
    told = asked.parse_args()
    size = Size(60 if told.full else 12, seed=told.seed)
    figures = [figure for kind in told.on or ("postgresql", "sqlite") for figure in run(kind, size)]
    show(f"crash (seed {told.seed})", figures)
    return code(figures)


if __name__ == "__main__":
    sys.exit(main())
