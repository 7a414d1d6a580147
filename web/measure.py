"""Counting requests (运行指标) and the last net under every one of them: one thin ASGI layer, no framework hooks."""

import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: A text of 100,000 characters must still get a clear answer; nothing that is meant needs more than this.
LARGEST_BODY = 1_000_000

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

log = structlog.get_logger(__name__)


class Counts:
    """The counters of one process, or with `folder` (PROMETHEUS_MULTIPROC_DIR) those of all processes together."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "hotline_requests", "HTTP requests", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "hotline_request_seconds", "HTTP latency", ("route",), buckets=_BUCKETS, registry=self._registry
        )
        self._accepted = Counter(
            "hotline_accepted", "Accepted contacts", ("outcome",), registry=self._registry
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one finished request under its route's template."""
        known = self._known.get((method, route, status))
        if known is None:
            known = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
            self._known[(method, route, status)] = known
        known[0].inc()
        known[1].observe(seconds)

    def accepted(self, joined: bool) -> None:
        """Count one accepted contact."""
        self._accepted.labels("joined" if joined else "new").inc()

    def written(self) -> bytes:
        """All counters in the text format of Prometheus."""
        if self._folder is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, path=str(self._folder))  # type: ignore[no-untyped-call]
        return generate_latest(together)


class Guard:
    """Around the whole application: counts, refuses bodies that are too large, and turns a crash into plain words.

    A crash is logged by type and place alone: messages of drivers may quote what people wrote.
    """

    def __init__(self, app: ASGIApp, counts: Counts, answer: Callable[[Scope, int], ASGIApp]) -> None:
        """`answer` gives the response for a status (413, 500) in the form the path asks for."""
        self._app = app
        self._counts = counts
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        exchange = _Exchange(receive, send)
        try:
            if _announced(scope) > LARGEST_BODY:
                await self._answer(scope, 413)(scope, receive, exchange.sending)
            else:
                await self._app(scope, exchange.receiving, exchange.sending)
        except Exception as fault:
            log.error("request_crashed", route=_route(scope), kind=type(fault).__name__, at=_places(fault))
            if exchange.status is None:
                await self._answer(scope, 500)(scope, receive, exchange.sending)
        finally:
            seconds = time.perf_counter() - began
            self._counts.request(_method(scope), _route(scope), exchange.status or 500, seconds)


class _Exchange:
    """The two channels of one request, watched: the status that went out, the bytes that came in."""

    __slots__ = ("_came", "_receive", "_send", "status")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send: Callable[[Message], Awaitable[None]] = send
        self._came = 0
        self.status: int | None = None

    async def sending(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)

    async def receiving(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._came += len(message.get("body", b""))
            if self._came > LARGEST_BODY:
                raise HTTPException(413)
        return message


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 20 else 0
    return 0


def _route(scope: Scope) -> str:
    """The template, never the path: numbers and codes stay out of labels and logs."""
    route: Any = scope.get("route")
    return getattr(route, "path", None) or "unmatched"


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS") else "other"


def _places(fault: BaseException) -> list[str]:
    frames = traceback.extract_tb(fault.__traceback__)[-6:]
    return [f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in frames]
