"""How fast a work list is (工单列表): 25 rows at 100,000 tickets, over HTTP, one connection, on both databases.

The tickets are invented: 1,000 a day, 85 of 100 over, the rest spread over open stages and departments, a third of them
overdue. The tables are filled behind the desk's back, as no desk takes 100,000 tickets in a minute.
"""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, repeat
from random import Random
from typing import Any
from urllib.parse import quote

from sqlalchemy import insert, text
from sqlmodel import SQLModel

from benchmarks.figures import Figure
from benchmarks.ground import Ground, free_port, ground_on, parts, serve, wait_for
from benchmarks.load import fire, request
from benchmarks.sayings import messages
from rules.numbers import compose
from rules.policy import Policy
from rules.terms import CHINA

GOAL_MS = 40.0
TICKETS = 100_000
A_DAY = 1_000
PAGE = 25
#: Rows on the page where it is not full.
_ROWS = {"words that stand in one ticket": 1, "words that stand in none": 0}
_BATCH = 5_000
_OVER = (("archived", 60), ("closed", 15), ("answered", 8), ("refused", 2))
_OPEN = (("handling", 8), ("to_sign", 3), ("to_call_back", 2), ("reviewing", 1), ("to_dispatch", 1))
_STAGES = [stage for stage, weight in (*_OVER, *_OPEN) for _ in range(weight)]
_OPEN_STAGES = frozenset(stage for stage, _ in _OPEN)


@dataclass(frozen=True, slots=True)
class Size:
    """Seconds for each list."""

    seconds: float = 3.0


def rows(policy: Policy, n: int, now: datetime) -> Iterator[dict[str, Any]]:
    """`n` tickets, the newest of today; the same on every run but for the day."""
    dice = Random(12345)
    departments = list(policy.departments)
    for at, said in enumerate(islice(messages(policy, 1), n)):
        stage = dice.choice(_STAGES)
        received = now - timedelta(days=(n - at) / A_DAY)
        open_ = stage in _OPEN_STAGES
        due = now + timedelta(hours=dice.uniform(-60, 120))
        yield {
            "number": compose(policy.area_code, received.astimezone(CHINA).strftime("%Y%m%d"), at + 1),
            "channel": "phone",
            "stage": stage,
            "type": said["type"],
            "urgency": "urgent" if dice.random() < 0.03 else "normal",
            "department": None if stage == "to_dispatch" else dice.choice(departments),
            "title": said["text"][:30],
            "text": said["text"],
            "place": said["place"],
            "received_at": received,
            "due_at": due if open_ else None,
            "closed_at": None if open_ else received + timedelta(days=3),
            "pack": policy.hash,
        }


def fill(ground: Ground, n: int = TICKETS) -> None:
    """Write `n` tickets and let the database count them."""
    made = rows(ground.policy, n, datetime.now(UTC))
    with ground.desk() as desk:
        statement = insert(SQLModel.metadata.tables["ticket"])
        while batch := list(islice(made, _BATCH)):
            with desk.transaction() as tx:
                tx.connection().execute(statement, batch)
        with desk.transaction() as tx:
            tx.connection().execute(text("ANALYZE"))


def lists(policy: Policy) -> dict[str, str]:
    """The lists that are measured: what they show, and their path."""
    department = next(iter(policy.departments))
    common, rare = quote("路灯"), quote(f"编号1-{TICKETS // 2}")
    return {
        "newest": "/api/tickets",
        "of a department, newest": f"/api/tickets?department={department}",
        "of a department, by due time": f"/api/tickets?department={department}&order=due",
        "of a department, overdue": f"/api/tickets?department={department}&overdue=true",
        "overdue, all": "/api/tickets?overdue=true",
        "of a stage": "/api/tickets?stage=to_dispatch",
        "stage and department": f"/api/tickets?stage=handling&department={department}",
        "a common word": f"/api/tickets?q={common}",
        "a common word, of a department": f"/api/tickets?department={department}&q={common}",
        "words that stand in one ticket": f"/api/tickets?q={rare}",
        "words that stand in none": f"/api/tickets?q={quote('无此字样')}",
    }


def run(size: Size) -> list[Figure]:
    """Every list on both databases."""
    found = []
    for kind in ("postgresql", "sqlite"):
        with ground_on(kind) as ground:
            fill(ground)
            port = free_port()
            web = serve(ground, port, 1)
            with parts(web):
                wait_for(web, port)
                found += [
                    _one(ground, kind, port, what, path, size) for what, path in lists(ground.policy).items()
                ]
    return found


def _one(ground: Ground, kind: str, port: int, what: str, path: str, size: Size) -> Figure:
    asked = repeat(request("GET", path, headers={"Authorization": f"Bearer {ground.key}"}))
    fire(("127.0.0.1", port), asked, 1, 0.5)
    volley = fire(("127.0.0.1", port), asked, 1, size.seconds)
    p99, items = volley.percentile(0.99), _items(ground, port, path)
    broken = f"{volley.faults()} failed" if volley.faults() else ""
    if items != _ROWS.get(what, PAGE):
        broken = f"{items} rows"
    line = (
        f"p50 {volley.percentile(0.5):.1f} ms, p99 {p99:.1f} ms ({items} rows, {len(volley.waits)} answers)"
    )
    return Figure(f"{kind}: {what}", line, f"p99 < {GOAL_MS:.0f} ms", p99 < GOAL_MS, broken)


def _items(ground: Ground, port: int, path: str) -> int:
    """How many rows the page holds: an empty list would be fast for the wrong reason."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {ground.key}"})
        return len(json.loads(connection.getresponse().read())["items"])
