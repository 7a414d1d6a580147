"""Is the desk well (健康检查): alive, ready by parts, and figures for Prometheus."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from pydantic import BaseModel

from dispatch import watch
from dispatch.desk import Desk
from dispatch.jobs import Doorbell
from dispatch.storage import clocks, migrate, outbox
from dispatch.storage import watch as stored_watch
from dispatch.storage.database import NotPrepared
from dispatch.storage.people import SealBroken
from rules.errors import DeskError
from web.door import Door, door_of, say

router = APIRouter()

log = structlog.get_logger(__name__)

_NO_QUEUE = "处理暂停，受理照常。"


class Well(BaseModel):
    """存活."""

    status: str


class Ready(BaseModel):
    """各部分的状态；`ready` 说的是能否受理."""

    ready: bool
    parts: dict[str, dict[str, Any]]
    oldest_overdue_step_seconds: float | None
    outbox: dict[str, Any] | None
    repairs: dict[str, int] | None
    audit_age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: rows by kind, the age of the oldest, rows given up, and by how much the ticker is late (seconds).

    `repairs` are the auditor's so far, by kind; `audited` is the age of its last pass, None before the first.
    """

    waiting: dict[str, int]
    age: float
    dead: int
    late: float
    repairs: dict[str, int]
    audited: float | None


@router.get("/healthz", response_model=Well, summary="存活")
async def healthz() -> Well:
    """The process answers; nothing else is looked at."""
    return Well(status="ok")


@router.get(
    "/readyz",
    response_model=None,
    responses={
        200: {"model": Ready, "description": "能受理"},
        503: {"model": Ready, "description": "不能受理"},
    },
    summary="就绪",
)
def readyz(request: Request) -> Response:
    """Part by part: 200 while contacts can be accepted, 503 when not. A queue that is away only delays the rest."""
    door = door_of(request)
    now = door.clock()
    needed = {
        "database": _part(lambda: _database(door.desk)),
        "key": _part(lambda: _key(door.desk)),
        "pack": _part(lambda: door.desk.packs.active(now).title),
    }
    able = all(each["ok"] for each in needed.values())
    backlog = _backlog(door.desk, now) if needed["database"]["ok"] else None
    said = {
        "ready": able,
        "parts": {
            **needed,
            "queue": _queue(door.desk),
            "model": _part(lambda: _model(door, now)),
            "clock": _part(lambda: _clock(door.desk, now)),
        },
        "oldest_overdue_step_seconds": backlog.late if backlog else None,
        "outbox": {"waiting": backlog.waiting, "age_seconds": backlog.age, "dead": backlog.dead}
        if backlog
        else None,
        "repairs": backlog.repairs if backlog else None,
        "audit_age_seconds": backlog.audited if backlog else None,
    }
    return say(said, 200 if able else 503)


@router.get("/metrics", response_class=Response, summary="Prometheus 指标")
def metrics(request: Request) -> Response:
    """Requests as this server counted them; what waits in the database as it stands at this moment."""
    door = door_of(request)
    return Response(door.counts.written() + _gauges(door), media_type=CONTENT_TYPE_LATEST)


def _part(ask: Callable[[], str]) -> dict[str, Any]:
    """Whether a part is well, and what it says of itself."""
    try:
        return {"ok": True, "detail": ask()}
    except DeskError as fault:
        return {"ok": False, "detail": fault.detail, **({"hint": fault.advice} if fault.advice else {})}
    except Exception as fault:
        log.error("part_unwell", kind=type(fault).__name__)
        return {"ok": False, "detail": "检查时出错，原因见日志。"}


def _database(desk: Desk) -> str:
    if migrate.current(desk.database) != migrate.newest():
        raise NotPrepared()
    return "SQLite" if desk.database.is_sqlite else "PostgreSQL"


def _key(desk: Desk) -> str:
    if desk.seal.open(desk.seal.seal("就绪", "readyz"), "readyz") != "就绪":
        raise SealBroken()
    return "可用"


def _queue(desk: Desk) -> dict[str, Any]:
    if not isinstance(desk.bell, Doorbell):
        return {"ok": False, "detail": f"没有配置任务队列，{_NO_QUEUE}"}
    return {"ok": True, "detail": "可用"} if desk.bell.ping() else {"ok": False, "detail": _NO_QUEUE}


def _clock(desk: Desk, now: datetime) -> str:
    """Whether ticker and auditor may fire by this machine's clock."""
    back = watch.setback(desk.database, now, desk.tolerance)
    if back is not None:
        raise DeskError(back.words, watch.MEND)
    return "正常"


def _model(door: Door, now: datetime) -> str:
    model = door.desk.models.active(now)
    if door.desk.models.fault:
        raise DeskError(door.desk.models.fault)
    return model.version if model else "无模型，仅按规则派单。"


def _backlog(desk: Desk, now: datetime) -> Backlog:
    with desk.database.reading() as tx:
        waiting, oldest = outbox.waiting(tx, now), outbox.oldest(tx)
        last, _ = stored_watch.last_audit(tx)
        return Backlog(
            waiting,
            _age(oldest, now),
            outbox.dead(tx),
            _age(clocks.oldest_step(tx), now),
            dict(stored_watch.repairs(tx).by_kind),
            _age(last, now) if last else None,
        )


def _age(then: datetime | None, now: datetime) -> float:
    return max(0.0, (now - then).total_seconds()) if then else 0.0


def _gauges(door: Door) -> bytes:
    """Read at the moment of the scrape, so they are right whichever process answers; absent when the database is."""
    registry = CollectorRegistry()
    up = Gauge("hotline_database_up", "Database answers", registry=registry)
    queue = Gauge("hotline_queue_up", "Redis answers", registry=registry)
    queue.set(_queue(door.desk)["ok"])
    try:
        backlog = _backlog(door.desk, door.clock())
    except DeskError:
        up.set(0)
        return generate_latest(registry)
    up.set(1)
    rows = Gauge("hotline_outbox_waiting", "Outbox rows ready to be worked on", ("kind",), registry=registry)
    for kind, count in backlog.waiting.items():
        rows.labels(kind).set(count)
    Gauge("hotline_outbox_age_seconds", "Age of the oldest unfinished row", registry=registry).set(
        backlog.age
    )
    Gauge("hotline_outbox_dead", "Rows given up", registry=registry).set(backlog.dead)
    Gauge("hotline_oldest_overdue_step_seconds", "How late the ticker is", registry=registry).set(
        backlog.late
    )
    _watched(registry, door, backlog)
    return generate_latest(registry)


def _watched(registry: CollectorRegistry, door: Door, backlog: Backlog) -> None:
    """What the auditor repaired, when it last looked, and whether the clock went back."""
    repairs = Gauge("hotline_repairs_total", "Repairs by the auditor so far", ("kind",), registry=registry)
    for kind, n in backlog.repairs.items():
        repairs.labels(kind).set(n)
    if backlog.audited is not None:
        Gauge("hotline_audit_age_seconds", "Age of the last audit", registry=registry).set(backlog.audited)
    back = watch.setback(door.desk.database, door.clock(), door.desk.tolerance)
    behind = Gauge("hotline_clock_behind_seconds", "How far the clock went back", registry=registry)
    behind.set(back.behind.total_seconds() if back else 0)
