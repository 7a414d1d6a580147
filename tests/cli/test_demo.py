"""The demo as a real process (演示): ready, used, stopped by every kind of signal, and nothing left behind."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from rules.terms import Role
from tests.cli.conftest import environment, hotline, told
from tests.desks import prepared_desk
from tests.dispatch.simulation.test_week import require_whole

#: More than the promised 30 s and 5 s, as the machine of the tests may be busy with others; time is measured elsewhere.
PATIENCE = 240.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes_of(folder: Path) -> dict[int, str]:
    """Living processes, with their command lines, that name this folder or have it as their working folder."""
    found = {}
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in words or str((each / "cwd").readlink()).startswith(str(folder)):
                found[int(each.name)] = words
        except OSError:
            continue
    return found


def workers(folder: Path) -> list[int]:
    """The worker itself, not the shell that ties it to the demo."""
    return [
        pid
        for pid, words in processes_of(folder).items()
        if " cli worker " in words and "/bin/sh" not in words
    ]


def wait_until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One demo folder for the module: the first start builds it, the others find it."""
    return tmp_path_factory.mktemp("demo") / "d"


class Running:
    """A demo that answers."""

    def __init__(self, folder: Path, port: int, ignore_interrupt: bool = False) -> None:
        before = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignore_interrupt else None
        command = [sys.executable, "-P", "-m", "cli", "demo", "--port", str(port), "--dir", str(folder)]
        self.said = folder.with_name(f"said-{port}")
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(
                command, env=environment(), stdout=out, stderr=out, preexec_fn=before, start_new_session=True
            )
        self.address = f"http://127.0.0.1:{port}"

    def ready(self) -> bool:
        ended = lambda: "已就绪" in self.said.read_text(encoding="utf-8") or self.process.poll() is not None  # noqa: E731
        return wait_until(ended) and self.process.poll() is None


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def begin(**named) -> Running:
        running = Running(folder, free_port(), **named)
        started.append(running)
        assert running.ready(), running.said.read_text(encoding="utf-8")
        return running

    yield begin
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait()


def test_a_demo_has_people_a_week_and_a_desk_that_works(start, folder: Path) -> None:
    running = start()
    file = folder / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["address"] == running.address
    assert set(data["by_role"]) == {role.value for role in Role}
    assert all({"role", "login", "password", "key"} <= set(each) for each in data["people"])
    headers = {"Authorization": f"Bearer {data['by_role']['operator']['key']}"}
    with httpx.Client(base_url=running.address, headers=headers, timeout=10) as desk:
        assert desk.get("/readyz").status_code == 200
        assert len(desk.get("/api/tickets?limit=40").json()["items"]) == 40
        made = desk.post("/api/tickets", json={"channel": "phone", "text": "听橹家园停水一整天了"})
        number = made.json()["number"]
        sent = lambda: desk.get(f"/api/tickets/{number}").json()  # noqa: E731
        assert wait_until(lambda: "water_supply" in json.dumps(sent()))  # the worker heard the bell
    port = running.address.rpartition(":")[2]
    taken = hotline("demo", "--port", port, "--dir", folder.with_name("other"))
    assert taken.exit_code == 2 and "--port" in taken.stderr
    assert not folder.with_name("other").exists()
    assert hotline("demo", "--port", free_port(), "--dir", folder).exit_code == 2  # two on one folder
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(PATIENCE) == 0
    assert processes_of(folder) == {}


def tickets_of(folder: Path) -> list[str]:
    with sqlite3.connect(f"file:{folder / 'hotline.db'}?mode=ro", uri=True) as connection:
        found = connection.execute("SELECT number FROM ticket ORDER BY number").fetchall()
    connection.close()
    return [number for (number,) in found]


def test_a_second_start_adds_no_second_week_and_hears_an_interrupt_inherited_as_ignored(
    start, folder: Path
) -> None:
    before = json.loads((folder / "demo.json").read_text(encoding="utf-8"))["people"]
    numbers = tickets_of(folder)
    running = start(ignore_interrupt=True)
    assert json.loads((folder / "demo.json").read_text(encoding="utf-8"))["people"] == before
    headers = {"Authorization": f"Bearer {before[0]['key']}"}
    page = httpx.get(f"{running.address}/api/tickets?limit=100", headers=headers, timeout=10).json()
    assert len(page["items"]) == 100 and page["next"]
    assert tickets_of(folder) == numbers and len(numbers) >= 400
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(PATIENCE) == 0
    assert processes_of(folder) == {}


def test_a_part_that_dies_is_started_again_and_a_killed_demo_leaves_nothing(start, folder: Path) -> None:
    running = start()
    (worker,) = workers(folder)
    os.kill(worker, signal.SIGKILL)
    assert wait_until(lambda: "worker 意外退出" in running.said.read_text(encoding="utf-8"))
    assert wait_until(lambda: bool(workers(folder)))
    running.process.kill()
    running.process.wait()
    assert wait_until(lambda: processes_of(folder) == {})


def test_the_headless_week_is_whole_and_recounted(demo_week, tmp_path: Path) -> None:
    """That it is the same whenever it is run: `tests/dispatch/simulation/test_week.py`."""
    folder, first = demo_week[0], dict(demo_week[1])
    assert first["tickets"] >= 400 and first["requests"] > first["tickets"]
    assert first["tickets"] == sum(first["by_stage"].values())
    assert (first["without_owner"], first["without_decision"], first["recount_differences"]) == (0, 0, 0)
    report = Path(first.pop("report_path"))
    assert report.parent == folder and "2026-W46" in report.name
    assert "工作周报" in report.read_text("utf-8")
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with prepared_desk(tmp_path) as desk:
        require_whole(desk, first)
    again = hotline("demo", "--headless", "--dir", folder, "--json")
    assert again.exit_code == 2 and again.stdout == ""


def test_a_headless_week_that_nobody_named_a_folder_for_leaves_its_report_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The desk itself is thrown away; how the week is made is the matter of the tests above."""
    used: list[Path] = []

    def lived(folder: Path, reports: Path, *_: object) -> dict[str, str]:
        used.append(folder)
        (folder / "hotline.db").touch()
        (reports / "weekly.html").touch()
        return {"report_path": str(reports / "weekly.html")}

    monkeypatch.setattr("dispatch.demo.headless", lived)
    report = Path(told(hotline("demo", "--headless", "--json"))["report_path"])
    assert report.is_file() and not used[0].exists() and used[0] not in report.parents
    shutil.rmtree(report.parent)
