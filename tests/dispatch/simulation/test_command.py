"""The simulator (仿真): small runs are sound, with and without crashes, and tell outside what the tables hold."""

import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatch import supervise
from dispatch.settings import Settings
from dispatch.simulation import command
from dispatch.simulation.client import Told
from dispatch.simulation.command import FIRST, Order, Ran, run
from dispatch.simulation.matters import Volume
from dispatch.simulation.reckoning import Found
from dispatch.simulation.works import Here
from dispatch.storage.database import Database
from rules.errors import BadInput
from tests.stories import at

SMALL = Volume(FIRST, days=3, per_day=6, seed=3, tail=14)


def order(folder: Path, crash: bool, volume: Volume = SMALL) -> Order:
    return Order("demo-county", volume, f"sqlite:///{folder / 'run.db'}", folder / "told.jsonl", crash)


def held(folder: Path, query: str) -> list[tuple]:
    database = Database(f"sqlite:///{folder / 'run.db'}")
    try:
        with database.reading() as tx:
            return [tuple(row) for row in tx.connection().execute(text(query))]
    finally:
        database.close()


@pytest.mark.parametrize("crash", [False, True], ids=["undisturbed", "crashing"])
def test_a_small_run_loses_doubles_and_misses_nothing(
    crash: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = run(order(tmp_path, crash))
    assert (
        not crash or capfd.readouterr().out == ""
    )  # the child shares standard output, which is for the result
    assert ran.found.sound, ran.found
    figures = ran.figures
    assert [figures[each] for each in ("lost", "doubled", "missed")] == [0, 0, 0]
    assert (figures.get("kills", 5) >= 5) and (figures.get("cuts", 1) > 0) and ("cuts" in figures) is crash
    lines = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text(encoding="utf-8").splitlines()]
    tickets = {each["number"] for each in lines if each["told"] == "ticket" and not each["joined"]}
    assert figures["tickets"] == len(tickets) >= SMALL.days * SMALL.per_day
    assert {(number,) for number in tickets} == set(held(tmp_path, "SELECT number FROM ticket"))
    acts = Counter(
        (each["number"], kind) for each in lines if each["told"] == "act" for kind in each["events"]
    )
    done = Counter(
        held(
            tmp_path,
            "SELECT ticket, kind FROM event WHERE actor <> 'system' AND step IS NULL "
            "AND kind NOT IN ('received', 'joined', 'followed', 'unfollowed')",
        )
    )
    assert acts == done and acts
    assert (figures["events"], figures["steps"]) == held(tmp_path, "SELECT count(*), count(step) FROM event")[
        0
    ]


class Whole(Here):
    """A desk that nobody cuts or kills; its ticker is away now and then all the same."""

    cuts = kills = 0

    def __init__(self, found: Settings, _seed: int, _rate: float, passing: bool) -> None:
        super().__init__(found, passing)


@pytest.mark.parametrize("careful", [True, False])
def test_what_people_would_hide_from_an_absent_ticker_is_missed_unless_it_fires_first(
    careful: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "Apart", Whole)
    if not careful:
        monkeypatch.setattr(supervise, "fire_first", lambda *_: None)
    ran = run(order(tmp_path, True))
    assert ran.found.sound is careful, ran.found
    if careful:
        collapsed = "SELECT count(*) FROM event WHERE step IS NOT NULL AND recorded_at > at"
        assert held(tmp_path, collapsed)[0][0] > 0
    else:
        assert ran.found.missed and not (ran.found.lost or ran.found.doubled)


def test_the_same_seed_gives_the_same_run_and_another_one_another(tmp_path: Path) -> None:
    told = []
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        (tmp_path / name).mkdir()
        ran = run(order(tmp_path / name, False, Volume(FIRST, 1, 5, seed, tail=3)))
        told.append((ran.told.acts, list(ran.told.receipts)))
    assert told[0] == told[1] != told[2]


def test_a_database_that_holds_tickets_is_refused(tmp_path: Path) -> None:
    run(order(tmp_path, False, Volume(FIRST, 1, 1, 0, tail=0)))
    before = held(tmp_path, "SELECT count(*) FROM event")
    with pytest.raises(BadInput, match="已有工单"):
        run(order(tmp_path, False))
    assert held(tmp_path, "SELECT count(*) FROM event") == before


@pytest.mark.parametrize("wrong", ["", "lost", "doubled", "missed"])
def test_the_command_ends_with_1_when_anything_is_wrong(
    wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Found(**{wrong: ["工单 1"]}) if wrong else Found()
    monkeypatch.setattr(command, "quiet", lambda: None)
    monkeypatch.setattr(command, "run", lambda _: Ran({"tickets": 1}, found, Told(), at("2026-03-02 00:00")))
    assert command.simulate(json=True) == (1 if wrong else 0)
    said = capsys.readouterr()
    assert json.loads(said.out) == {"tickets": 1}
    assert ("工单 1" in said.err) is bool(wrong)
