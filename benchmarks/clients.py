"""Clients that never give up (不放弃的客户端): each message has one key, and is posted until it is answered."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.audit import Told
from benchmarks.ground import Ground, secret
from benchmarks.sayings import messages

_ANSWER_SECONDS = 10.0
_AGAIN_SECONDS = 0.1
#: A message that is not answered after this long is given up and counted: the desk was down for good.
_PATIENCE_SECONDS = 120.0


class Crowd:
    """Threads that post, and all that they were told."""

    def __init__(self, ground: Ground, port: int, size: int, pause: float) -> None:
        """`size` clients; each waits `pause` seconds between two messages."""
        self.told: dict[str, Told] = {}
        self.answers: Counter[int | str] = Counter()
        self.abandoned: list[str] = []
        self._ground, self._port, self._pause = ground, port, pause
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._live, args=(seed,)) for seed in range(1, size + 1)]

    def start(self) -> None:
        """Begin to post."""
        for each in self._threads:
            each.start()

    def stop(self) -> None:
        """Let every client finish its message."""
        self._stop.set()
        for each in self._threads:
            each.join()

    def _live(self, seed: int) -> None:
        said: Iterator[dict[str, Any]] = messages(self._ground.policy, seed)
        while not self._stop.is_set():
            self.post(next(said), secret())
            self._stop.wait(self._pause)

    def post(self, message: dict[str, Any], key: str) -> None:
        """Post until answered, always under the same key; what was told, or would have been, is remembered."""
        body = json.dumps(message, ensure_ascii=False).encode()
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            status, answer = self._try(body, key)
            with self._lock:
                self.answers[status] += 1
            if status in (200, 201):
                self._hear(key, json.loads(answer))
                return
            if isinstance(status, int) and status < 500:
                break
            time.sleep(_AGAIN_SECONDS)
        with self._lock:
            self.abandoned.append(key)

    def _try(self, body: bytes, key: str) -> tuple[int | str, bytes]:
        headers = {"Authorization": f"Bearer {self._ground.key}", "Idempotency-Key": key}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("POST", "/api/tickets", body, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return "no answer", b""
        finally:
            connection.close()

    def _hear(self, key: str, said: dict[str, Any]) -> None:
        now = Told(said["number"], said["query_code"], said["joined"])
        with self._lock:
            before = self.told.setdefault(key, now)
        if before != now:
            raise AssertionError(f"two answers for one key: {before} {now}")


def at_once(crowd: Crowd, message: dict[str, Any], n: int) -> list[Told]:
    """`n` clients post the same words of one caller at the same moment, each under a key of its own."""
    gate = threading.Barrier(n)
    keys = [secret() for _ in range(n)]

    def one(key: str) -> None:
        gate.wait()
        crowd.post(message, key)

    threads = [threading.Thread(target=one, args=(key,)) for key in keys]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return [crowd.told[key] for key in keys if key in crowd.told]
