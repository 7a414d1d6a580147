"""The reckoning (清算) finds what it must: each break made by hand in the tables is counted where it belongs."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatch import settings
from dispatch.desk import open_desk
from dispatch.simulation.command import FIRST, Order, Ran, run
from dispatch.simulation.matters import Volume
from dispatch.simulation.reckoning import Found, owed, reckon
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

VOLUME = Volume(FIRST, days=2, per_day=8, seed=4, tail=12)
_HANDLED = "(SELECT ticket FROM event WHERE kind = 'replied' ORDER BY id LIMIT 1)"
_COLUMNS = "ticket, kind, at, recorded_at, actor, clock, generation, step, data"
_STEP = "(SELECT min(id) FROM event WHERE clock IS NOT NULL AND kind = 'breached')"
_ARMED = "(SELECT min(id) FROM clock WHERE state = 'armed' AND next_at IS NOT NULL)"

#: What is done to the tables, and which of the three figures must tell of it.
BREAKS = {
    "an act is gone": ("lost", f"DELETE FROM event WHERE kind = 'replied' AND ticket = {_HANDLED}"),
    "a ticket is gone": ("lost", f"UPDATE ticket SET number = '0' WHERE number = {_HANDLED}"),
    "a request is gone": ("lost", "DELETE FROM request WHERE id = 1"),
    "a receipt says something else": ("lost", "UPDATE request SET query_code = '00000000' WHERE id = 2"),
    "a notice never came": ("lost", "DELETE FROM notice WHERE id = 1"),
    "work was set aside": ("lost", "UPDATE outbox SET state = 'dead' WHERE id = 1"),
    "an act is written twice": (
        "doubled",
        f"INSERT INTO event ({_COLUMNS}) SELECT {_COLUMNS} FROM event WHERE kind = 'replied'",
    ),
    "an act is done again later": (
        "doubled",
        f"INSERT INTO event ({_COLUMNS}) SELECT {_COLUMNS.replace('at,', chr(39) + '2026-03-20 00:00:00' + chr(39) + ',', 1)}"
        " FROM event WHERE kind = 'signed' LIMIT 1",
    ),
    "a step fires twice": (
        "doubled",
        f"DROP INDEX uq_event_step; INSERT INTO event ({_COLUMNS}) SELECT {_COLUMNS} FROM event WHERE id = {_STEP}",
    ),
    "a contact is accepted twice": (
        "doubled",
        "INSERT INTO request (ticket, query_code, received_at, scope, idempotency_key, channel, joined, stage) "
        "SELECT ticket, query_code, received_at, scope, 'unheard', channel, joined, stage FROM request WHERE id = 1",
    ),
    "a step never fired": ("missed", f"DELETE FROM event WHERE id = {_STEP}"),
    "a clock was disarmed": ("missed", f"UPDATE clock SET next_at = NULL WHERE id = {_ARMED}"),
    "a clock rings too late": ("missed", f"UPDATE clock SET next_at = '2027-01-01' WHERE id = {_ARMED}"),
    "a department lost its ticket": (
        "missed",
        "UPDATE ticket SET department = NULL WHERE number = (SELECT min(number) FROM ticket WHERE stage = 'handling')",
    ),
    "triage forgot a ticket": ("missed", f"UPDATE ticket SET stage = 'received' WHERE number = {_HANDLED}"),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    folder = tmp_path_factory.mktemp("simulated")
    return folder, run(Order("demo-county", VOLUME, f"sqlite:///{folder / 'run.db'}"))


@pytest.fixture
def reckoned(ran: tuple[Path, Ran], tmp_path: Path) -> Callable[[str, timedelta], Found]:
    def after(breaking: str, later: timedelta = timedelta(0)) -> Found:
        folder = tmp_path / "broken"
        shutil.copytree(ran[0], folder)
        desk = open_desk(settings.read({}, database=f"sqlite:///{folder / 'run.db'}"), os.urandom)
        try:
            with (
                desk.database.reading() as tx
            ):  # outside of a transaction: keys between tables are not looked at
                tx.connection().exec_driver_sql("ROLLBACK")
                tx.connection().exec_driver_sql("PRAGMA foreign_keys=OFF")
                for each in filter(None, breaking.split("; ")):
                    assert tx.connection().execute(text(each)).rowcount != 0
                tx.connection().exec_driver_sql("BEGIN")
            return reckon(desk, ran[1].told, ran[1].until + later)
        finally:
            desk.database.close()

    return after


def test_an_untouched_run_is_sound(ran: tuple[Path, Ran], reckoned: Callable[..., Found]) -> None:
    assert ran[1].found.sound and reckoned("").sound


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_by_hand_is_found(name: str, reckoned: Callable[..., Found]) -> None:
    figure, breaking = BREAKS[name]
    found = reckoned(breaking)
    assert getattr(found, figure), found


def test_a_ticker_that_stops_misses_what_falls_due(reckoned: Callable[..., Found]) -> None:
    assert len(reckoned("", timedelta(days=30)).missed) > 5


def owed_steps(until: str, *more) -> set[tuple[str, str]]:
    told = facts(RECEIVED, DISPATCHED, SIGNED, *more)
    return {(each[0], each[3]) for each in owed(told, policy(), calendar(), at(until))}


def test_a_step_is_owed_while_its_clock_runs_and_not_while_it_is_held() -> None:
    replied = event("replied", "2026-10-09 10:00", "reviewing")
    back = event("reviewed", "2026-10-20 10:00", "handling", level="department", approved=False)
    late = {("handle", "breach"), ("handle", "supervise_1")}
    assert ("handle", "breach") not in owed_steps("2026-10-09 09:00")
    assert owed_steps("2026-11-20 10:00") >= late
    assert not owed_steps("2026-11-20 10:00", replied) & late
    assert ("handle", "warn_50") in owed_steps("2026-11-20 10:00", replied)
    assert owed_steps("2026-11-20 10:00", replied, back) >= late
    assert not owed_steps("2026-10-20 10:00", replied, back) & late
