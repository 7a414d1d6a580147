"""The ticker in a storm (时限督办): many tickets in one transaction, several tickers, one killed, one ticket that fails."""

import signal
import subprocess
import sys

import pytest

from dispatch import steps, supervise
from dispatch.storage import steps as stored_steps
from rules.terms import Role
from tests.desks import act, of, rows, settle
from tests.dispatch.test_receive import at_once
from tests.dispatch.test_supervise import signed
from tests.house import HOUSE
from tests.stories import at

DUE = at("2026-10-09 10:00")
LATE = at("2026-10-16 18:00")

#: Fires as a ticker would, but says so and waits between writing and committing.
CHILD = """
import os, sys, time
from datetime import datetime
from pathlib import Path
from dispatch import settings, steps, supervise
from dispatch.desk import open_desk
supervise.CALM, write = 0, steps.Firing.write
def slow(firing, tx, now):
    write(firing, tx, now)
    print(firing.fired, flush=True)
    time.sleep(60)
steps.Firing.write = slow
url, folder, now = sys.argv[1:]
desk = open_desk(settings.read({}, database=url, dir=Path(folder)), os.urandom)
supervise.tick(desk, datetime.fromisoformat(now))
"""


@pytest.fixture(autouse=True)
def storm(monkeypatch):
    monkeypatch.setattr(supervise, "CALM", 0)


def fired(desk):
    return rows(desk, "SELECT ticket, kind, step FROM event WHERE step IS NOT NULL ORDER BY id")


def test_what_fires_together_is_what_would_fire_alone(desk, monkeypatch):
    for _ in range(2):
        signed(desk)
    together, alone = (row["number"] for row in rows(desk, "SELECT number FROM ticket ORDER BY number"))
    with monkeypatch.context() as only:
        only.setattr(supervise, "fire", None)  # nobody is looked at alone
        assert supervise.tick(desk, DUE) == 2
    assert supervise.fire(desk, alone, LATE) == 4
    assert supervise.tick(desk, LATE) == 4
    settle(desk, LATE)
    for query in (
        "SELECT kind, at, recorded_at, generation, step, data FROM event",
        "SELECT receiver, department, words FROM notice",
    ):
        told = [rows(desk, f"{query} WHERE ticket = '{each}' ORDER BY id") for each in (together, alone)]
        assert told[0] == told[1] and len(told[0]) > 3
    clocks = "SELECT kind, generation, state, due_at, next_at FROM clock WHERE ticket = "
    assert rows(desk, f"{clocks}'{together}' ORDER BY id") == rows(desk, f"{clocks}'{alone}' ORDER BY id")
    assert {row["supervision"] for row in rows(desk, "SELECT supervision FROM ticket")} == {2}


def test_two_tickers_share_a_storm_and_fire_each_step_once(desk, monkeypatch):
    monkeypatch.setattr(supervise, "BATCH", 3)
    monkeypatch.setattr(supervise, "BATCH_OF_ONE_WRITER", 3)
    for _ in range(8):
        signed(desk)
    assert sum(at_once(2, lambda _i: supervise.tick(desk, at("2026-10-13 18:00")))) == 8 * 3
    assert len({tuple(row.values()) for row in fired(desk)}) == len(fired(desk)) == 8 * 3


def test_a_ticket_that_another_ticker_holds_is_passed_by(desk):
    held, _ = signed(desk)
    signed(desk)
    if desk.database.is_sqlite:
        pytest.skip("one writer at a time")
    with desk.transaction() as tx:
        claimed, _ = stored_steps.claim(desk.database, tx, DUE, 1)
        assert list(claimed) == [held]
        assert supervise.tick(desk, DUE) == 1
    assert supervise.tick(desk, DUE) == 1


def test_a_ticker_killed_between_writing_and_committing_loses_and_doubles_nothing(desk, tmp_path):
    for _ in range(3):
        signed(desk)
    url = desk.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", CHILD, url, str(tmp_path), DUE.isoformat()]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=HOUSE, env={"PYTHONPATH": str(HOUSE)})
    assert child.stdout is not None
    assert child.stdout.readline() == b"3\n"
    assert fired(desk) == []  # written, not committed
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    deadline = 200
    while (done := len(fired(desk))) < 3 and deadline:
        deadline -= 1
        supervise.tick(desk, DUE)  # until the server has noticed
    assert done == 3
    assert len({row["ticket"] for row in fired(desk)}) == 3


def test_one_that_cannot_be_read_does_not_spoil_the_batch(desk, monkeypatch):
    bad, _ = signed(desk)
    signed(desk)
    real = steps.of_ticket

    def of_ticket(ticket, *given):
        if ticket.number == bad:
            raise RuntimeError("broken")
        return real(ticket, *given)

    monkeypatch.setattr(steps, "of_ticket", of_ticket)
    assert supervise.tick(desk, DUE) == 1
    assert [row["ticket"] for row in fired(desk)] != [bad]


def test_one_that_the_database_refuses_sends_its_batch_one_by_one(desk, monkeypatch):
    """A step has fired, but its clock says that it has not: together they fail, alone the plan puts it right."""
    bad, _ = signed(desk)
    signed(desk)
    assert supervise.fire(desk, bad, DUE) == 1
    with desk.transaction() as tx:
        tx.connection().exec_driver_sql(
            f"UPDATE clock SET next_at = started_at WHERE kind = 'handle' AND ticket = '{bad}'"
        )
    monkeypatch.setattr(stored_steps, "fired", lambda *_: {})
    assert supervise.tick(desk, DUE) == 1
    assert [row["step"] for row in fired(desk)] == ["warn_50", "warn_50"]


def test_a_row_that_does_not_agree_with_its_ticket_is_planned_again_first(desk):
    """Somebody left the signing clock of a signed ticket running: nothing is told of it."""
    signed(desk)
    with desk.transaction() as tx:
        tx.connection().exec_driver_sql(
            "UPDATE clock SET state = 'armed', next_at = started_at WHERE kind = 'sign'"
        )
    assert supervise.tick(desk, at("2026-09-30 10:00")) == 0
    assert rows(desk, "SELECT state, next_at FROM clock WHERE kind = 'sign'") == [
        {"state": "met", "next_at": None}
    ]


def test_a_suspended_ticket_resumes_in_a_storm_too(desk):
    number, code = signed(desk)
    handler = of(code, Role.HANDLER)
    act(desk, number, "suspend", handler, at("2026-09-29 10:00"), reason_code="诉讼中", until="2026-11-02T09:00")  # fmt: skip
    assert supervise.tick(desk, at("2026-11-02 09:00")) == 1
    assert rows(desk, "SELECT stage FROM ticket") == [{"stage": "handling"}]


def test_a_leg_tells_its_own_department(desk):
    """A clock whose scope is a department: its notice and its event name that one, not the lead."""
    signed(desk)
    (other,) = rows(desk, "SELECT min(code) AS code FROM department WHERE kind = 'township'")
    with desk.database.reading() as tx:
        held, _ = stored_steps.claim(desk.database, tx, DUE, 1)
        due = [{**each, "scope": other["code"]} for each in stored_steps.due(tx, list(held), DUE)]
        (ticket,) = held.values()
        firing = steps.of_ticket(ticket, due, desk.packs.of(ticket.pack), steps.Moment(DUE, {}, {}))
    assert {each["data"]["department"] for each in firing.ledger.outbox} == {other["code"]}
    assert [each["data"]["department"] for each in firing.ledger.event] == [other["code"]]


def test_a_ticker_that_is_told_to_stop_ends_after_the_transaction_in_hand(desk, monkeypatch):
    monkeypatch.setattr(supervise, "BATCH", 1)
    monkeypatch.setattr(supervise, "BATCH_OF_ONE_WRITER", 1)
    for _ in range(3):
        signed(desk)
    assert supervise.tick(desk, DUE, stop=lambda: len(fired(desk)) >= 2) == 2
    assert supervise.tick(desk, DUE) == 1
