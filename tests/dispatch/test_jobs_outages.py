"""A worker lives through an outage of Redis, and ends when it is asked to (任务队列的工人)."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from dispatch.embedded import EmbeddedQueue
from dispatch.jobs import Doorbell, Stop, build_worker
from tests.dispatch.test_jobs import nobody

ROOT = Path(__file__).parents[2]
HERE = "tests.dispatch.test_jobs_outages"


def leave_a_note(queue: str) -> None:
    """For a worker in a process of its own."""
    Path(os.environ["NOTE"]).write_text(queue)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_outlives_a_restart_of_redis_and_ends_when_asked(how: signal.Signals) -> None:
    with tempfile.TemporaryDirectory(prefix="hv-", dir="/tmp") as made:
        queue = EmbeddedQueue(Path(made), Path(made) / "q.sock")
        written = Path(made) / "note"
        with queue as url:
            worker = _worker_process(url, written)
            _until(lambda: _workers(url) == 1)
        with worker, queue as url:
            bell = Doorbell(url, job=f"{HERE}.leave_a_note")
            assert bell.ring("triage")
            _until(lambda: written.exists() and written.read_text() == "triage")
            bell.close()
            worker.send_signal(how)
            assert worker.wait(10) == 0
            assert _workers(url) == 0


def test_a_worker_that_ended_in_an_outage_leaves_no_ghost_in_the_list() -> None:
    with tempfile.TemporaryDirectory(prefix="hv-", dir="/tmp") as made:
        queue, stop = EmbeddedQueue(Path(made), Path(made) / "q.sock"), Stop()
        with queue as url:
            first = build_worker(url)
            first.stop = stop
            first.register_birth()
        with pytest.raises(redis.ConnectionError):
            first.register_death()
        with queue as url:
            assert _workers(url) == 1
            second = build_worker(url)
            second.stop = stop
            second.register_birth()
            assert _workers(url) == 1
            second.register_death()
            assert _workers(url) == 0 and stop.unburied is None


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_waiting_for_redis_ends_when_asked(tmp_path: Path, how: signal.Signals) -> None:
    with _worker_process(nobody(), tmp_path / "note") as worker:
        assert worker.stderr is not None and worker.stdout is not None
        assert "queue_away" in worker.stdout.readline()
        worker.send_signal(how)
        assert worker.wait(10) == 0


def _worker_process(url: str, written: Path) -> "subprocess.Popen[str]":
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"  # as under nohup
        "from dispatch.jobs import work; work(sys.argv[1])"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, url],
        cwd=ROOT,
        env={**os.environ, "NOTE": str(written)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _workers(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.scard("rq:workers"))


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
