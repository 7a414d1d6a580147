"""The database (数据库): one transaction or nothing, errors that say what to do, and no word of a caller in them."""

import multiprocessing
import sqlite3
import time
import traceback
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import SQLModel

from dispatch import triage
from dispatch.storage import database as storage
from dispatch.storage import history, outbox
from dispatch.storage.database import (
    Busy,
    Database,
    DatabaseFault,
    DatabaseUnreachable,
    Doubled,
    NotPrepared,
    StorageFull,
    WriteLock,
)
from rules.terms import Happened, Happening
from tests.desks import OPERATOR, act, post, rows, settle
from tests.dispatch.test_receive import at_once
from tests.servers import fresh_database
from tests.stories import at

NOW = at("2026-09-28 10:00")
SECRET = "住在某处的某人说了不该外传的话"


def table(name):
    return SQLModel.metadata.tables[name]


def counts(desk):
    return {
        name: rows(desk, f"SELECT count(*) AS n FROM {name}")[0]["n"]
        for name in ("ticket", "request", "event", "outbox", "clock", "decision", "notice")
    }


# --- All or nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["settle", "change"])
def test_an_act_that_breaks_in_the_middle_leaves_nothing(desk, monkeypatch, broken):
    """`record` has written events and outbox rows when the clocks, or the ticket itself, come."""
    number = post(desk, NOW, text=SECRET).number
    before = counts(desk), rows(desk, "SELECT * FROM ticket")
    target = (
        "dispatch.record.stored_clocks.settle" if broken == "settle" else "dispatch.record.tickets.change"
    )

    def fail(*_given):
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr(target, fail)
    with pytest.raises(RuntimeError):
        act(desk, number, "urge", OPERATOR, NOW, words="快")
    assert (counts(desk), rows(desk, "SELECT * FROM ticket")) == before


def test_a_rollback_rings_no_bell_and_a_commit_rings_after_it(desk):
    heard = []

    class Bell:
        def ring(self, queue):
            heard.append((queue, rows(desk, "SELECT count(*) AS n FROM outbox")[0]["n"]))
            return True

    object.__setattr__(desk, "bell", Bell())
    with pytest.raises(RuntimeError), desk.transaction() as tx:
        tx.ring("triage")
        raise RuntimeError
    assert heard == []
    post(desk, NOW, text=SECRET)
    assert heard == [("triage", 1)]  # the row could be seen when the bell rang


def test_a_broken_transaction_does_not_spoil_the_next(desk):
    with pytest.raises(RuntimeError), desk.transaction() as tx:
        tx.connection().exec_driver_sql("SELECT 1")
        raise RuntimeError
    assert post(desk, NOW, text=SECRET).number


# --- What an error says ------------------------------------------------------------------------------------


def test_a_repeated_key_is_a_repeat_and_another_broken_rule_is_our_own_fault(desk):
    row = {"kind": "pack", "hash": "x", "actor": "a", "at": NOW}
    block = {"area": "1", "day": "2", "next": 3}
    with pytest.raises(Doubled), desk.transaction() as tx:
        tx.connection().execute(table("number_block").insert(), [block, block])
    for wrong in ({**row, "kind": "nonsense"}, {**row, "hash": None}):
        with pytest.raises(DatabaseFault), desk.transaction() as tx:
            tx.connection().execute(table("activation").insert(), wrong)
    gone = history.row("no such ticket", Happening(Happened.URGED, NOW), "x", NOW)
    with pytest.raises(DatabaseFault), desk.transaction() as tx:
        tx.connection().execute(table("event").insert(), gone)


def test_no_error_of_the_database_repeats_what_a_caller_said(desk, capsys):
    number = post(desk, NOW, text=SECRET).number
    row = dict(rows(desk, "SELECT * FROM ticket")[0])
    told = []
    with pytest.raises(Doubled) as doubled, desk.transaction() as tx:
        tx.connection().execute(table("ticket").insert(), {**row, **_instants(), "text": SECRET})
    told.append(doubled.value)
    with pytest.raises(DatabaseFault) as wrong, desk.transaction() as tx:
        values = {**row, **_instants(), "number": number[:-1], "stage": "nowhere", "text": SECRET}
        tx.connection().execute(table("ticket").insert(), values)
    told.append(wrong.value)
    for fault in told:
        printed = "".join(traceback.format_exception(fault))  # as a log or a debugger's screen would show it
        assert SECRET not in f"{printed} {fault!r} {fault.facts}"
    assert SECRET not in "".join(capsys.readouterr())


def _instants():
    names = ("received_at", "occurred_at", "closed_at", "due_at", "upper_due_at", "counted_at")
    return {**dict.fromkeys(names), "received_at": NOW}


def test_a_database_without_tables_says_how_to_make_them(tmp_path, postgres_url):

    with fresh_database(postgres_url) as url:
        for each in (f"sqlite:///{tmp_path / 'empty.db'}", url):
            empty = Database(each)
            with pytest.raises(NotPrepared) as caught, empty.reading() as tx:
                tx.connection().execute(select(table("ticket")))
            assert "hotline init" in (caught.value.advice or "")
            empty.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/x",
        "postgresql://nobody@/x?host=/nonexistent",
        "sqlite:////nonexistent/x.db",
    ],
)
def test_a_database_that_cannot_be_reached_says_so_at_once(url):
    away = Database(url)
    begun = time.monotonic()
    for opening in (away.reading, away.transaction):
        with pytest.raises(DatabaseUnreachable) as caught, opening() as tx:
            tx.connection().exec_driver_sql("SELECT 1")
        assert "hotline doctor" in (caught.value.advice or "")
    assert time.monotonic() - begun < 10
    away.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_sqlite_needs_a_file(url):
    with pytest.raises(DatabaseUnreachable, match="文件"):
        Database(url)


def test_an_empty_pool_is_busy_and_not_an_unknown_error(desk):
    pool = desk.database.engine.pool
    pool._timeout, pool._max_overflow = 0.01, 0
    held = [desk.database.engine.connect() for _ in range(pool.size())]
    with pytest.raises(Busy), desk.database.reading() as tx:
        tx.connection()
    for each in held:
        each.close()
    assert rows(desk, "SELECT 1 AS one") == [{"one": 1}]


def test_forty_acts_on_a_cold_start_do_not_wait_for_each_others_connections(desk):
    numbers = [post(desk, NOW, text=f"第{each}件事。").number for each in range(40)]
    desk.packs._known.clear()
    desk.database.engine.pool._timeout = 5
    at_once(40, lambda i: act(desk, numbers[i], "answer", OPERATOR, NOW, version=1, words="已答复"))
    assert rows(desk, "SELECT count(*) AS n FROM ticket WHERE stage = 'answered'") == [{"n": 40}]


# --- PostgreSQL goes away ----------------------------------------------------------------------------------


def kill_connections(desk):
    with psycopg.connect(desk.database.url.render_as_string(hide_password=False), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


def test_a_connection_killed_in_the_middle_writes_nothing_and_the_next_act_works(desk):
    if desk.database.is_sqlite:
        pytest.skip("SQLite has no connection to kill")
    before = counts(desk)
    with pytest.raises(DatabaseUnreachable), desk.transaction() as tx:
        outbox_row = table("number_block").insert()
        tx.connection().execute(outbox_row, {"area": "1", "day": "2", "next": 3})
        kill_connections(desk)
    assert counts(desk) == before
    assert rows(desk, "SELECT * FROM number_block WHERE area = '1'") == []
    post(desk, NOW, text=SECRET)


def test_after_a_restart_of_the_server_one_asker_is_told_and_then_all_goes_on(desk):
    if desk.database.is_sqlite:
        pytest.skip("SQLite has no server")
    at_once(6, lambda _i: rows(desk, "SELECT pg_sleep(0.05)"))  # several pooled connections
    kill_connections(desk)
    outcomes = []
    for _ in range(8):
        try:
            rows(desk, "SELECT 1")
            outcomes.append("well")
        except DatabaseUnreachable:
            outcomes.append("told")
    assert outcomes.count("told") <= 1
    assert outcomes[-1] == "well"


# --- A full disk -------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_nothing_half_written_and_work_goes_on_afterwards(desk):
    if not desk.database.is_sqlite:
        pytest.skip("SQLite can be told how large it may grow")
    limit = {"pages": rows(desk, "PRAGMA page_count")[0]["page_count"] + 12}

    def bound(connection, _record, _proxy):
        connection.execute(f"PRAGMA max_page_count = {limit['pages']}")

    event.listen(desk.database.engine, "checkout", bound)
    accepted, told = [], None
    for each in range(300):
        try:
            accepted.append(post(desk, NOW, text=f"第{each}件事：" + "很长的话" * 200).number)
        except StorageFull as full:
            told = full
            break
    assert told is not None and told.status == 507 and accepted
    assert [each["number"] for each in rows(desk, "SELECT number FROM ticket ORDER BY number")] == sorted(
        accepted
    )
    assert counts(desk)["request"] == counts(desk)["event"] == counts(desk)["outbox"] == len(accepted)
    for minutes in range(
        1, 30
    ):  # a full disk is no fault of the work: however long it lasts, nothing is set aside
        with pytest.raises(StorageFull):
            while triage.drain(desk, NOW + timedelta(minutes=minutes)):
                pass
    limit["pages"] = 1_000_000
    settle(desk, NOW + timedelta(hours=2))
    assert rows(desk, "SELECT count(*) AS n FROM outbox WHERE state NOT IN ('done')") == [{"n": 0}]
    assert rows(desk, "SELECT count(*) AS n FROM ticket WHERE stage = 'received'") == [{"n": 0}]
    assert post(desk, NOW, text="又一件事").number
    assert rows(desk, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]


# --- One writer at a time ----------------------------------------------------------------------------------


def _count_up(lock_file, counter, times):
    lock = WriteLock(lock_file)
    for _ in range(times):
        with lock():
            seen = int(counter.read_text())
            time.sleep(0.0002)
            counter.write_text(str(seen + 1))
    lock.close()


def test_the_lock_holds_between_processes_and_between_threads(tmp_path):
    counter, lock_file = tmp_path / "counter", tmp_path / "lock"
    counter.write_text("0")
    context = multiprocessing.get_context("spawn")
    parts = [context.Process(target=_count_up, args=(lock_file, counter, 50)) for _ in range(2)]
    for part in parts:
        part.start()
    at_once(3, lambda _i: _count_up(lock_file, counter, 50))
    for part in parts:
        part.join(60)
    assert [part.exitcode for part in parts] == [0, 0]
    assert counter.read_text() == "250"


def test_a_writer_that_dies_gives_the_lock_back(tmp_path):
    lock = WriteLock(tmp_path / "lock")
    with pytest.raises(RuntimeError), lock():
        raise RuntimeError
    with lock():
        pass
    lock.close()


def test_a_reader_sees_the_last_commit_while_somebody_writes(desk):
    post(desk, NOW, text=SECRET)
    with desk.transaction() as tx:
        tx.connection().execute(table("outbox").update().values(kind="notices"))
        assert [each["kind"] for each in rows(desk, "SELECT kind FROM outbox")] == ["triage"]
    assert outbox.claim(desk.database, "notices", 1, NOW)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("database or disk is full", StorageFull),
        ("disk I/O error", StorageFull),
        ("database is locked", Busy),
        ("no such table: ticket", NotPrepared),
        ("unable to open database file", DatabaseUnreachable),
    ],
)
def test_what_sqlite_says_becomes_what_people_understand(said, expected):

    with pytest.raises(expected) as caught, storage.saying_why():
        raise OperationalError("SELECT", {}, sqlite3.OperationalError(said))
    assert caught.value.detail and said not in caught.value.detail


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DeadlockDetected", Busy),
        ("SerializationFailure", Busy),
        ("LockNotAvailable", Busy),
        ("DiskFull", StorageFull),
        ("AdminShutdown", DatabaseUnreachable),
        ("UndefinedTable", NotPrepared),
        ("UndefinedColumn", NotPrepared),
    ],
)
def test_what_postgresql_says_does_too_in_whatever_language(name, expected):
    orig = getattr(psycopg.errors, name)("设备上没有空间")
    with pytest.raises(expected), storage.saying_why():
        raise DBAPIError.instance("SELECT", {}, orig, psycopg.Error)
