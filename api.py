"""The HTTP door (接口): puts the application together; routes come from web/, decisions from the rooms behind it."""

import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from dispatch import sameness, settings
from dispatch.desk import Desk, open_desk
from dispatch.jobs import SteadyDoorbell
from dispatch.keys import Keys
from dispatch.sessions import Sessions
from web import (
    acting,
    cards,
    clue_pages,
    clues,
    faults,
    figure_pages,
    figures,
    health,
    pages,
    public,
    reading,
    receiving,
    render,
    reveals,
    suggesting,
)
from web.door import Door
from web.floods import Buckets, Guesses
from web.measure import Counts, Guard

#: Fewer threads than database connections (10 and 10 more), so that a thread that holds one and needs a second always
#: finds it.
THREADS = 16

_ABOUT = "12345 热线工单的登记、派单、办理与督办。时间一律为北京时间（+08:00）；错误以中文说明。"


def create_app(desk: Desk, clock: Callable[[], datetime], counts_folder: Path | None = None) -> FastAPI:
    """The application over an open desk; `clock` gives aware instants.

    `counts_folder` is PROMETHEUS_MULTIPROC_DIR where several processes serve together; without it /metrics speaks of
    this process.
    """
    app = FastAPI(
        title="12345 热线工单系统",
        description=_ABOUT,
        version="0.1.0",
        docs_url=None,  # their scripts come from elsewhere, and this desk works without the internet
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_threads,
    )
    counts = Counts(counts_folder)
    app.state.door = Door(
        desk=desk,
        clock=clock,
        keys=Keys(desk.database),
        sessions=Sessions(desk.database, desk.seal, desk.random),
        posts=Buckets(),
        guesses=Guesses(10),
        guesses_at_number=Guesses(30),
        log_ins=Guesses(10),
        counts=counts,
    )
    app.add_middleware(Guard, counts=counts, answer=faults.bare)
    faults.install(app)
    for room in (
        receiving,
        reading,
        acting,
        suggesting,
        cards,
        clues,
        reveals,
        figures,
        public,
        health,
        pages,
        clue_pages,
        figure_pages,
    ):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=render.FOLDER / "static"), name="static")
    return app


@asynccontextmanager
async def _threads(_app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = THREADS
    yield


def app() -> FastAPI:
    """The application for uvicorn (`--factory api:app`), from the environment.

    Raises BadSetting, NoKey, DatabaseUnreachable or NotPrepared.
    """
    _log_plainly()
    found = settings.read(os.environ)
    bell = SteadyDoorbell(found.redis_url or f"unix://{found.socket}")
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    sameness.warm()
    return create_app(open_desk(found, os.urandom, bell), _now, Path(folder) if folder else None)


def _now() -> datetime:
    return datetime.now(UTC)


def _log_plainly() -> None:
    """One JSON line an event on standard error."""
    logging.basicConfig(level=logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
