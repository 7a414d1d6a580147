"""Ticket numbers (编号): unique whatever happens, by the local day, in blocks."""

from datetime import datetime

import pytest

from dispatch.storage.database import DatabaseUnreachable
from dispatch.storage.numbers import BLOCK, Numbers
from rules.numbers import is_sound
from tests.desks import rows
from tests.dispatch.test_receive import at_once
from tests.stories import at

NOW = at("2026-09-28 10:00")


def test_numbers_are_sound_and_count_up(desk):
    taken = desk.numbers.take("999001", NOW, 5)
    assert all(is_sound(each) for each in taken)
    assert [int(each[14:20]) for each in taken] == [1, 2, 3, 4, 5]
    assert int(desk.numbers.take("999001", NOW)[0][14:20]) == 6


@pytest.mark.parametrize("n", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_as_many_as_asked_for_all_different(desk, n):
    desk.numbers.take("999001", NOW, 30)
    taken = desk.numbers.take("999001", NOW, n)
    assert len(set(taken)) == n


def test_threads_and_processes_never_share_a_number(desk):
    others = [desk.numbers, Numbers(desk.database), Numbers(desk.database)]
    shares = at_once(9, lambda i: [others[i % 3].take("999001", NOW, n)[-1] for n in (1, 2, 70)])
    shares += at_once(9, lambda i: others[i % 3].take("999001", NOW, 40))
    taken = [each for share in shares for each in share]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize(
    ("when", "day"),
    [
        ("2026-09-28T15:59:59+00:00", "20260928"),
        ("2026-09-28T16:00:00+00:00", "20260929"),
        ("2026-12-31T16:00:00+00:00", "20270101"),
        ("2015-03-01T00:00:00+08:00", "20150301"),
    ],
)
def test_the_day_is_the_local_one(desk, when, day):

    assert desk.numbers.take("999001", datetime.fromisoformat(when))[0][6:14] == day


def test_jumping_between_days_and_areas_wastes_no_blocks(desk):
    days = [at(f"2026-09-{day:02d} 10:00") for day in range(1, 29)]
    for _ in range(3):
        for each in days:
            desk.numbers.take("999001", each)
            desk.numbers.take("999002", each)
    blocks = rows(desk, "SELECT area, day, next FROM number_block")
    assert len(blocks) == 2 * len(days)
    assert sum(each["next"] for each in blocks) <= 3 * BLOCK * len(blocks)


def test_beyond_a_million_a_day_the_number_grows(desk):
    with desk.transaction() as tx:
        tx.connection().exec_driver_sql(
            "INSERT INTO number_block (area, day, next) VALUES ('999001', '20260928', 999999)"
        )
    taken = desk.numbers.take("999001", NOW, 3)
    assert [each[14:-1] for each in taken] == ["1000000", "1000001", "1000002"]
    assert all(is_sound(each) for each in taken)


def test_a_database_that_is_away_costs_a_gap_at_most(desk, monkeypatch):
    first = desk.numbers.take("999001", NOW, BLOCK)

    def away():
        raise DatabaseUnreachable()

    with monkeypatch.context() as broken:
        broken.setattr(desk.numbers._database, "transaction", away)
        with pytest.raises(DatabaseUnreachable):
            desk.numbers.take("999001", NOW)
    assert set(desk.numbers.take("999001", NOW, 5)).isdisjoint(first)
