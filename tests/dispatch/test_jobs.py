"""The doorbell is never lost, never slow, and never a reason to fail (任务队列门铃)."""

import json
import signal
import socket
import tempfile
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from dispatch.embedded import EmbeddedQueue
from dispatch.jobs import BELL_SECONDS, QUEUES, Doorbell, NoBell, QueueAway, UnknownQueue, work

#: Nothing in any queue.
EMPTY = dict.fromkeys(QUEUES, 0)

ROOT = Path(__file__).parents[2]
HERE = "tests.dispatch.test_jobs"

#: What the jobs below see; the worker of these tests runs in this very process.
heard: list[str] = []
outbox: deque[int] = deque()
delivered: list[int] = []
bells: list[Doorbell] = []


def note(queue: str) -> None:
    heard.append(queue)


def drain(queue: str) -> None:
    heard.append(queue)
    assert bells[0].answered(queue)
    while outbox:
        delivered.append(outbox.popleft())


def stumble(queue: str) -> None:
    heard.append(queue)
    raise ZeroDivisionError


@pytest.fixture
def url(empty_valkey: str) -> Iterator[str]:
    for kept in (heard, outbox, delivered, bells):
        kept.clear()
    yield empty_valkey


@pytest.fixture
def bell(url: str) -> Iterator[Doorbell]:
    made = Doorbell(url, job=f"{HERE}.note")
    yield made
    made.close()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_many_rings_queue_one_job_until_it_is_answered(bell: Doorbell) -> None:
    for answered in range(1, 20):
        assert all(bell.ring("triage") for _ in range(5))
        assert bell.depth() == {**EMPTY, "triage": answered}
        assert bell.answered("triage")


def test_each_queue_has_its_own_bell(bell: Doorbell) -> None:
    assert all(bell.ring(queue) for queue in QUEUES)
    assert bell.depth() == dict.fromkeys(QUEUES, 1)
    bell.answered("notices")
    bell.ring("triage"), bell.ring("notices")
    assert bell.depth() == {**dict.fromkeys(QUEUES, 1), "notices": 2}


def test_of_2000_rings_during_the_drain_none_is_lost(url: str) -> None:
    ringer = Doorbell(url, job=f"{HERE}.drain")
    bells.append(Doorbell(url))
    silent: list[int] = []

    def commit(first: int) -> None:
        for row in range(first, first + 500):
            outbox.append(row)
            if not ringer.ring("triage"):
                silent.append(row)

    writers = [threading.Thread(target=commit, args=(first,)) for first in range(0, 2000, 500)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        work(url, burst=True)
    work(url, burst=True)
    assert not silent
    assert not outbox
    assert sorted(delivered) == list(range(2000))
    assert 1 <= len(heard) < 1000
    for made in (ringer, bells[0]):
        made.close()


def test_after_everything_in_redis_is_flushed_the_next_ring_works(url: str, bell: Doorbell) -> None:
    bell.ring("triage")
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    assert bell.depth() == EMPTY
    assert bell.ring("triage")
    assert work(url, burst=True)
    assert heard == ["triage"]


def test_a_bell_whose_job_was_lost_is_silent_for_half_a_minute_at_most(url: str, bell: Doorbell) -> None:
    bell.ring("triage")
    with redis.Redis.from_url(url) as client:
        assert 0 < client.ttl("bell:triage") <= BELL_SECONDS == 30
        client.delete("rq:queue:triage", "bell:triage")  # as if lost, and half a minute gone
    assert bell.ring("triage")
    assert bell.depth() == {**EMPTY, "triage": 1}


def test_the_worker_runs_a_function_by_name_with_json_and_leaves_nothing(url: str, bell: Doorbell) -> None:
    bell.ring("notices")
    with redis.Redis.from_url(url) as client:
        [job] = client.keys("rq:job:*")
        name, instance, args, keywords = json.loads(zlib.decompress(client.hget(job, "data") or b""))
        assert (name, instance, args, keywords) == (f"{HERE}.note", None, ["notices"], {})
        assert work(url, burst=True)
        assert heard == ["notices"]
        assert client.keys("rq:job:*") == []
        assert client.keys("rq:result*") == []
    assert not work(url, burst=True), "nothing left to do"


def test_a_job_that_fails_does_not_stop_the_others_and_is_forgotten_after_a_day(url: str) -> None:
    failing, fine = Doorbell(url, job=f"{HERE}.stumble"), Doorbell(url, job=f"{HERE}.note")
    failing.ring("triage")
    fine.ring("notices")
    work(url, burst=True)
    assert sorted(heard) == ["notices", "triage"]
    with redis.Redis.from_url(url) as client:
        [job] = client.keys("rq:job:*")
        assert 0 < client.ttl(job) <= 24 * 3600
    for made in (failing, fine):
        made.close()


def test_a_function_that_is_not_there_fails_its_job_and_not_the_worker(url: str) -> None:
    lost = Doorbell(url, job="nowhere.at_all")
    lost.ring("triage")
    work(url, burst=True)
    assert lost.depth() == EMPTY
    lost.close()


def test_the_worker_takes_its_queues_in_turn_and_only_its_own(url: str, bell: Doorbell) -> None:
    bell.ring("triage"), bell.ring("notices")
    work(url, queues=["notices"], burst=True)
    assert heard == ["notices"]
    work(url, burst=True)
    assert heard == ["notices", "triage"]
    for queue in QUEUES:
        for _ in range(2):
            bell.answered(queue)
            bell.ring(queue)
    heard.clear()
    work(url, burst=True)
    assert len(heard) == 2 * len(QUEUES)
    assert (
        set(heard[: len(QUEUES)]) == set(heard[len(QUEUES) :]) == set(QUEUES)
    )  # in turn, not one after the other


def test_burst_work_gives_the_signal_handlers_back(url: str) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    work(url, burst=True)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)] == before


def test_a_half_made_ring_is_made_good_by_the_next(
    url: str, bell: Doorbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    torn = Doorbell(url, job=f"{HERE}.note", clock=clock)

    def cut(queue: str) -> None:
        raise redis.TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(torn, "_enqueue", cut)
        assert not torn.ring("triage")
    assert bell.depth() == EMPTY
    clock.now += 1
    assert torn.ring("triage"), "the flag stands without a job, and is not believed"
    assert torn.ring("triage")
    assert bell.depth() == {**EMPTY, "triage": 1}
    torn.close()


def test_a_redis_out_of_memory_is_no_reason_to_fail(url: str, bell: Doorbell) -> None:
    with redis.Redis.from_url(url) as client:
        client.config_set("maxmemory", 1)
        try:
            assert not bell.ring("triage")
        finally:
            client.config_set("maxmemory", 0)


def nobody() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


@pytest.mark.parametrize("address", ["redis", "unix"])
def test_a_refused_redis_makes_ring_false(address: str, tmp_path: Path) -> None:
    bell = Doorbell(nobody() if address == "redis" else f"unix://{tmp_path}/no.sock", clock=Clock())
    assert bell.ring("triage") is False
    assert bell.answered("triage") is False
    assert bell.depth() is None
    assert bell.ping() is False
    with pytest.raises(QueueAway):
        bell.clear()
    bell.close()


@contextmanager
def hung_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that accepts and never says a word; the connections it was asked for."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    accepted.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0", accepted
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in accepted:
                connection.close()


def test_a_hung_redis_costs_one_short_wait_a_second_and_the_other_rings_nothing() -> None:
    clock = Clock()
    with hung_server() as (address, accepted):
        bell = Doorbell(address, clock=clock)
        before = time.monotonic()
        assert bell.ring("triage") is False
        assert time.monotonic() - before < 2, "redis-py alone would wait for five seconds or more"
        assert [bell.ring("notices") for _ in range(500)] == [False] * 500
        assert bell.ping() is False and bell.depth() is None
        assert len(accepted) == 1, "nobody else even tried"
        clock.now += 0.999
        assert bell.ring("triage") is False
        assert len(accepted) == 1
        clock.now += 0.001
        assert bell.ring("triage") is False
        assert len(accepted) == 2, "after the pause one tries again"
        bell.close()


def test_in_an_outage_only_one_of_many_threads_waits() -> None:
    clock = Clock()
    with hung_server() as (address, accepted):
        bell = Doorbell(address, clock=clock)
        bell.ring("triage")
        clock.now += 1
        gate = threading.Barrier(8)

        def ring() -> None:
            gate.wait()
            bell.ring("triage")

        threads = [threading.Thread(target=ring) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(accepted) == 2
        bell.close()


def test_a_redis_that_comes_back_is_rung_after_the_pause() -> None:
    clock = Clock()
    with tempfile.TemporaryDirectory(prefix="hv-", dir="/tmp") as made:
        queue = EmbeddedQueue(Path(made), Path(made) / "q.sock")
        bell = Doorbell(f"unix://{made}/q.sock", clock=clock)
        assert not bell.ring("triage")
        with queue:
            assert not bell.ring("triage")
            clock.now += 1
            assert bell.ring("triage")
            assert bell.ping() and bell.depth() == {**EMPTY, "triage": 1}
        assert not bell.ring("triage")
        with queue:
            clock.now += 1
            assert bell.ring("triage")
        bell.close()


def test_clear_forgets_jobs_and_bells(bell: Doorbell) -> None:
    bell.ring("triage")
    bell.clear()
    assert bell.depth() == EMPTY
    assert bell.ring("triage")
    assert bell.depth() == {**EMPTY, "triage": 1}


def test_a_ring_for_an_unknown_queue_is_a_mistake_even_without_redis() -> None:
    for bell in (Doorbell(nobody()), NoBell()):
        assert bell.ring("triage") is False
        with pytest.raises(UnknownQueue):
            bell.ring("trige")


def test_burst_work_without_redis_says_so() -> None:
    with pytest.raises(QueueAway):
        work(nobody(), burst=True)
