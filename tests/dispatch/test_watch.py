"""The clock that goes back (时钟看守): nothing fires, people are told, and it goes on by itself."""

from datetime import UTC, datetime, timedelta

import pytest

import worker
from dispatch import checkup, settings, watch
from dispatch.settings import BadSetting
from dispatch.storage import watch as stored
from dispatch.storage.database import Database
from tests.dispatch.test_audit import FAULTS, broken
from tests.dispatch.test_supervise import signed, steps
from tests.stories import at

NOON = at("2026-10-09 12:00")


def round_at(loop, when):
    loop.round(when, loop._guard.steady(when))


def test_a_clock_that_went_back_stops_the_ticker_until_it_has_caught_up(desk):
    signed(desk)
    now = [NOON]
    ticker = worker.Ticker(desk, clock=lambda: now[0])
    round_at(ticker, NOON)
    assert steps(desk) == [("warned", "warn_50")]
    with desk.transaction() as tx:
        stored.see(tx, at("2026-10-12 12:30"))
    for when in ("2026-10-12 12:00", "2026-10-12 12:27"):  # the reminder of 12:00 is due, but is it 12:00?
        round_at(ticker, at(when))
        assert len(steps(desk)) == 1
    round_at(ticker, at("2026-10-12 12:29"))  # within the two minutes of a correction
    assert len(steps(desk)) == 2


def test_the_newest_instant_outlives_the_process_and_never_goes_back(desk):
    assert watch.Guard(desk, server=False).steady(NOON)
    assert watch.Guard(desk, server=False).steady(NOON - timedelta(seconds=100))
    assert not watch.Guard(desk, server=False).steady(NOON - timedelta(seconds=121))
    with desk.database.reading() as tx:
        assert stored.newest(tx) == NOON


def test_before_the_first_round_the_newest_event_is_the_witness(desk):
    signed(desk)  # written down on 28 September
    assert not watch.Guard(desk, server=False).steady(at("2026-09-27 10:00"))
    assert watch.Guard(desk, server=False).steady(at("2026-09-28 10:00"))


def test_the_auditor_stops_too(desk):
    signed(desk)
    broken(desk, FAULTS["wrong_next"])
    auditor = worker.Auditor(desk, 60, clock=lambda: NOON)
    with desk.transaction() as tx:
        stored.see(tx, NOON + timedelta(hours=1))
    round_at(auditor, NOON)
    with desk.database.reading() as tx:
        assert stored.repairs(tx).by_kind == {}
    round_at(auditor, NOON + timedelta(hours=1))
    with desk.database.reading() as tx:
        assert stored.repairs(tx).by_kind == {"wrong_next": 1}


def test_somebody_who_has_looked_may_trust_the_clock(desk):
    """It ran a year ahead for an hour: nobody need wait a year."""
    with desk.transaction() as tx:
        stored.see(tx, NOON + timedelta(days=365))
    assert not watch.Guard(desk, server=False).steady(NOON)
    watch.trust(desk, NOON)
    assert watch.Guard(desk, server=False).steady(NOON)


def test_the_clock_of_a_database_server_is_a_witness(desk):
    past = datetime.now(UTC) - timedelta(hours=1)
    found = watch.setback(desk.database, past, desk.tolerance, server=True)
    assert (found is None) is desk.database.is_sqlite


def test_the_check_up_says_in_plain_words_what_is_wrong(desk, tmp_path):
    with desk.transaction() as tx:
        stored.see(tx, datetime.now(UTC) + timedelta(hours=3))
    told = checkup._clock(desk.database, settings.read({}, dir=tmp_path), datetime.now(UTC))
    assert not told.ok
    assert "慢了约 180 分钟" in told.says and "暂停" in told.says and "校准" in told.mend


@pytest.mark.parametrize("value", ["0", "-1", "two", "1e3", "100000"])
def test_a_tolerance_that_makes_no_sense_is_refused(value, tmp_path):
    with pytest.raises(BadSetting, match="HOTLINE_CLOCK_TOLERANCE"):
        settings.read({"HOTLINE_CLOCK_TOLERANCE": value}, dir=tmp_path)


def test_the_tolerance_is_a_setting(tmp_path):
    assert settings.read({}, dir=tmp_path).clock_tolerance == 120
    assert settings.read({"HOTLINE_CLOCK_TOLERANCE": "30"}, dir=tmp_path).clock_tolerance == 30


def test_on_sqlite_a_second_ticker_says_so_and_takes_over_when_the_first_is_gone(desk, capsys):
    signed(desk)
    second = Database(str(desk.database.url.render_as_string(hide_password=False)))
    assert second.sole("ticker")
    ticker = worker.Ticker(desk, clock=lambda: NOON)
    for _ in range(2):
        round_at(ticker, NOON)
    several = not desk.database.is_sqlite
    assert steps(desk) == [("warned", "warn_50")] * several
    assert "".join(capsys.readouterr()).count("SQLite 上只能有一个时限进程") == (not several)
    second.close()
    round_at(ticker, NOON)
    assert steps(desk) == [("warned", "warn_50")]
    assert ticker._desk.database.sole("ticker")
