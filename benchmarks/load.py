"""A load generator of plain sockets (压力发生器): keep-alive connections in one process, which also says what it cost itself.

Its ceiling against an empty answer is several times what the desk does (README), so its own cost stays small and is
printed beside every figure; a second process would only take a core from the servers.
"""

import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

Address = tuple[str, int]

_ANSWER_SECONDS = 30.0
_MOST = 1 << 18


@dataclass(slots=True)
class Volley:
    """What came of one run: seconds from a request (or from when it was due) to its answer, and the answers by status."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.waits) / self.seconds if self.seconds else 0.0

    @property
    def cost(self) -> float:
        """Microseconds of processor that the generator itself used for each request."""
        return self.cpu_seconds / len(self.waits) * 1e6 if self.waits else 0.0

    def faults(self) -> int:
        """Answers of 400 or above, and connections that ended without one."""
        return self.broken + sum(n for status, n in self.statuses.items() if status >= 400)

    def percentile(self, share: float) -> float:
        """Milliseconds within which `share` of the answers came; 0 without any."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0

    def add(self, other: "Volley") -> None:
        """Count another run of the same kind in."""
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds
        self.waits += other.waits
        self.statuses += other.statuses
        self.broken += other.broken


class _Line:
    """One connection with at most one request under way."""

    __slots__ = ("_address", "_came", "begun", "busy", "socket")

    def __init__(self, address: Address) -> None:
        self._address = address
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=_ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._came = b""
        self.begun = 0.0
        self.busy = False

    def send(self, request: bytes, begun: float) -> None:
        self.begun = begun
        self.busy = True
        self._came = b""
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """The status once the answer is whole, else None; 0 when the connection ended."""
        try:
            part = self.socket.recv(_MOST)
        except OSError:
            return 0
        if not part:
            return 0
        self._came += part
        head, found, body = self._came.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        return int(head[9:12])


def _length(head: bytes) -> int:
    _, _, after = head.lower().partition(b"content-length:")
    return int(after.split(b"\r\n", 1)[0]) if after else 0


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One HTTP/1.1 request as bytes."""
    told = {
        "Host": "desk",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def fire(
    address: Address, requests: Iterator[bytes], connections: int, seconds: float, rate: float | None = None
) -> Volley:
    """Send `requests` over `connections` for `seconds`, then wait for what is under way.

    Without `rate` each connection sends as soon as it was answered (closed loop). With `rate` a request is due every
    1/rate seconds whatever the answers do, and its wait counts from when it was due: a server that stands still is
    charged for all that should have come meanwhile.
    """
    volley = Volley()
    lines = [_Line(address) for _ in range(connections)]
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        cpu, began = time.process_time(), time.perf_counter()
        _run(selector, volley, deque(lines), requests, (began, began + seconds), rate)
        volley.seconds, volley.cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    for line in lines:
        line.socket.close()
    return volley


def _run(
    selector: selectors.BaseSelector,
    volley: Volley,
    idle: deque[_Line],
    requests: Iterator[bytes],
    span: tuple[float, float],
    rate: float | None,
) -> None:
    due, end = span
    under_way = 0
    while True:
        now = time.perf_counter()
        while idle and now < end and (rate is None or due <= now):
            line = idle.popleft()
            line.send(next(requests), now if rate is None else due)
            due += 1 / rate if rate else 0.0
            under_way += 1
        if now >= end and not under_way:
            return
        waiting = max(0.0, min(due, end) - now) if rate and idle else 1.0
        for key, _ in selector.select(waiting):
            line = key.data
            asked, status = line.busy, line.receive()
            if status is None:
                continue
            line.busy = False
            if not asked:  # the server let go of a line that was quiet for too long
                _open_again(selector, line)
                continue
            under_way -= 1
            if status:
                volley.waits.append(time.perf_counter() - line.begun)
                volley.statuses[status] += 1
            else:
                volley.broken += 1
                _open_again(selector, line)
            idle.append(line)


def _open_again(selector: selectors.BaseSelector, line: _Line) -> None:
    selector.unregister(line.socket)
    line.socket.close()
    line.open()
    selector.register(line.socket, selectors.EVENT_READ, line)
