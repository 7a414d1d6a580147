"""The embedded queue server lives as long as its owner, and once per folder (内嵌队列服务)."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from dispatch import embedded
from dispatch.embedded import EmbeddedQueue, QueueStartFailed, answers, server_binary
from tests.servers import fresh_database

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short private folder with a blank and Chinese in its name."""
    with tempfile.TemporaryDirectory(prefix="hv-", dir="/tmp") as made:
        place = Path(made) / "数据 目录"
        place.mkdir(mode=0o700)
        yield place


def queue_in(folder: Path) -> EmbeddedQueue:
    return EmbeddedQueue(folder, folder.parent / "s" / "q.sock")


def test_it_answers_on_a_socket_closed_to_others_and_leaves_nothing_running(folder: Path) -> None:
    queue = queue_in(folder)
    with queue as url:
        assert url == f"unix://{queue.socket}"
        assert answers(url)
        assert queue.owned and queue.alive()
        assert queue.socket.stat().st_mode & 0o077 == 0
        assert queue.socket.parent.stat().st_mode & 0o077 == 0
        assert queue.start() == url, "starting twice is starting once"
    assert not answers(url)
    assert not queue.owned and not queue.alive()
    assert not queue.socket.exists()
    queue.stop()


def test_what_was_queued_is_there_after_a_restart(folder: Path) -> None:
    with queue_in(folder) as url, redis.Redis.from_url(url) as client:
        client.rpush("waiting", "一")
    with queue_in(folder) as url, redis.Redis.from_url(url) as client:
        assert client.lrange("waiting", 0, -1) == ["一".encode()]


def test_a_second_start_uses_the_living_server_and_does_not_stop_it(folder: Path) -> None:
    first = queue_in(folder)
    second = EmbeddedQueue(folder, folder.parent / "elsewhere" / "q.sock")
    with first as url:
        with second as same:
            assert same == url
            assert not second.owned
        assert answers(url)


def test_many_starts_at_once_make_one_server(folder: Path) -> None:
    queues = [queue_in(folder) for _ in range(6)]
    urls: list[str] = []
    threads = [threading.Thread(target=lambda q=queue: urls.append(q.start())) for queue in queues]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert len(urls) == 6 and len(set(urls)) == 1
        assert sum(queue.owned for queue in queues) == 1
    finally:
        for queue in queues:
            queue.stop()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_its_owner_is_killed(folder: Path, how: signal.Signals) -> None:
    code = (
        "import sys, time; from pathlib import Path; from dispatch.embedded import EmbeddedQueue\n"
        "queue = EmbeddedQueue(Path(sys.argv[1]), Path(sys.argv[2])); print(queue.start(), flush=True)\n"
        "time.sleep(600)"
    )
    url = _kill_holder([code, str(folder), str(queue_in(folder).socket)], how)
    _until(lambda: not answers(url))
    with queue_in(folder) as again:  # the lock went with the server
        assert answers(again)


def test_the_postgres_of_the_tests_ends_and_tidies_up_when_its_owner_is_killed() -> None:
    code = (
        "import time; from tests.servers import running_postgres\n"
        "with running_postgres() as url: print(url, flush=True); time.sleep(600)"
    )
    home = Path(_kill_holder([code], signal.SIGKILL).rpartition("host=")[2])
    _until(lambda: not home.exists())


def test_fresh_databases_are_apart_and_gone_afterwards(postgres_url: str) -> None:
    with fresh_database(postgres_url) as one, fresh_database(postgres_url) as two:
        with psycopg.connect(one) as connection:
            connection.execute("CREATE TABLE 工单 (id int)")
        with psycopg.connect(two) as connection:
            assert connection.execute("SELECT to_regclass('工单')").fetchone() == (None,)
            assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(one)


def test_a_server_that_ends_at_once_is_reported_with_its_last_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "valkey.log").write_text("yesterday\n")
    _pretend(folder, monkeypatch, "echo 没有内存了; exit 3")
    with pytest.raises(QueueStartFailed, match=r"服务进程已退出.*没有内存了") as failed:
        queue_in(folder).start()
    assert "yesterday" not in failed.value.detail
    assert failed.value.advice and "HOTLINE_REDIS_URL" in failed.value.advice


def test_a_server_that_never_answers_is_given_up_and_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(folder, monkeypatch, f"echo $$ > {folder.parent}/pid; exec sleep 600")
    queue = queue_in(folder)
    with pytest.raises(QueueStartFailed, match="等待超时"):
        queue.start(seconds=1)
    assert not queue.owned
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder.parent / "pid").read_text()), 0)


def test_a_server_deaf_to_the_stop_signal_is_forced(folder: Path) -> None:
    script = 'trap "" TERM; echo $$ > pid; while :; do sleep 1; done'
    with (folder / "log").open("wb") as log:
        server = embedded.Tethered(["/bin/sh", "-c", script], log=log, cwd=folder)
    pid = folder / "pid"
    _until(lambda: pid.exists() and pid.read_text().strip() != "")
    assert server.stop(seconds=0.2) == -signal.SIGKILL
    assert server.stop() == -signal.SIGKILL, "stopping twice is stopping once"
    _until(lambda: not _running(int(pid.read_text())))


def test_a_socket_folder_open_to_others_is_refused(folder: Path) -> None:
    (folder.parent / "s").mkdir()
    (folder.parent / "s").chmod(0o755)
    with pytest.raises(QueueStartFailed, match="不安全"):
        queue_in(folder).start()
    (folder.parent / "s").rmdir()
    (folder.parent / "s").symlink_to(folder)
    with pytest.raises(QueueStartFailed, match="不安全"):
        queue_in(folder).start()


def test_a_folder_held_by_a_server_that_does_not_answer_is_reported(folder: Path) -> None:
    with queue_in(folder) as url, redis.Redis.from_url(url) as client:
        (folder / "valkey.lock").write_text(str(folder / "gone.sock"))
        with pytest.raises(QueueStartFailed, match="没有应答"):
            queue_in(folder).start(seconds=0.1)
        assert client.ping()


def test_a_machine_without_a_server_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert os.access(server_binary(), os.X_OK)
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(QueueStartFailed, match="riscv64"):
        server_binary()


def test_nobody_at_an_address_is_no_answer(folder: Path) -> None:
    assert not answers(f"unix://{folder}/nobody.sock")


def _pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder.parent / "pretend"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(embedded, "server_binary", lambda: program)


def _kill_holder(arguments: list[str], how: signal.Signals) -> str:
    """Run code that prints an address and waits; kill it; the address."""
    holder = subprocess.Popen([sys.executable, "-c", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout is not None
        url = holder.stdout.readline().strip()
        holder.send_signal(how)
    assert holder.returncode == -how
    assert url
    return url


def _running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
