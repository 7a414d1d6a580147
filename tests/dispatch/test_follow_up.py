"""Telling people (通知): each once, a bad one alone, an outage waited for."""

from datetime import timedelta

import pytest

from dispatch import follow_up
from dispatch.storage import outbox
from dispatch.storage.database import StorageFull
from dispatch.storage.outbox import CLAIM_SECONDS, MOST_ATTEMPTS
from tests.desks import OPERATOR, act, post, rows
from tests.dispatch.test_receive import at_once
from tests.stories import at

NOW = at("2026-09-28 10:00")


def urged(desk, n):
    number = post(desk, NOW, text="这件事谁来管还不清楚。").number
    for each in range(n):
        act(desk, number, "urge", OPERATOR, NOW, words=f"第{each}次催")
    return number


def told(desk):
    return [each["words"] for each in rows(desk, "SELECT words FROM notice ORDER BY outbox")]


def test_every_notice_arrives_once_and_in_order(desk):
    urged(desk, 5)
    assert follow_up.drain(desk, NOW) == 5
    assert follow_up.drain(desk, NOW) == 0
    assert told(desk) == [f"催办：第{each}次催" for each in range(5)]


def test_many_workers_at_once_tell_each_thing_once(desk, monkeypatch):
    monkeypatch.setattr(follow_up, "BATCH", 3)
    urged(desk, 20)

    def work(_i):
        while follow_up.drain(desk, NOW):
            pass

    at_once(5, work)
    assert sorted(told(desk)) == sorted(f"催办：第{each}次催" for each in range(20))


def test_what_a_slow_worker_delivers_late_is_not_told_again(desk):
    urged(desk, 3)
    slow = outbox.claim(desk.database, "notices", 10, NOW)
    follow_up.drain(desk, NOW + timedelta(minutes=2))
    follow_up._deliver(desk, slow, NOW + timedelta(minutes=3))
    assert len(told(desk)) == 3


def test_a_notice_that_cannot_be_written_fails_alone(desk, monkeypatch):
    urged(desk, 3)
    real = follow_up.console.deliver

    def deliver(tx, works, now):
        if any("第1次" in work.data["words"] for work in works):
            raise KeyError("receiver")
        real(tx, works, now)

    monkeypatch.setattr(follow_up.console, "deliver", deliver)
    now = NOW
    for _ in range(MOST_ATTEMPTS + 2):
        while follow_up.drain(desk, now):
            pass
        now += timedelta(minutes=6)
    assert told(desk) == ["催办：第0次催", "催办：第2次催"]
    dead = rows(desk, "SELECT attempts, error FROM outbox WHERE state = 'dead'")
    assert dead == [{"attempts": MOST_ATTEMPTS, "error": "KeyError('receiver')"}]


def test_a_crash_between_claim_and_delivery_tells_later_and_once(desk):
    urged(desk, 2)
    outbox.claim(desk.database, "notices", 10, NOW)
    assert follow_up.drain(desk, NOW + timedelta(seconds=CLAIM_SECONDS - 1)) == 0
    assert follow_up.drain(desk, NOW + timedelta(seconds=CLAIM_SECONDS)) == 2
    assert len(told(desk)) == 2


def test_a_worker_that_died_on_it_each_time_sets_it_aside(desk):
    urged(desk, 1)
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        outbox.claim(desk.database, "notices", 10, now)
        now += timedelta(minutes=2)
    follow_up.drain(desk, now)
    assert rows(desk, "SELECT state FROM outbox WHERE kind = 'notices'") == [{"state": "dead"}]
    assert follow_up.drain(desk, now + timedelta(days=1)) == 0


def test_a_full_disk_is_waited_for(desk, monkeypatch):
    urged(desk, 2)

    def full(*_given):
        raise StorageFull()

    with monkeypatch.context() as broken:
        broken.setattr(follow_up.console, "deliver", full)
        for minutes in range(20):
            with pytest.raises(StorageFull):
                follow_up.drain(desk, NOW + timedelta(minutes=minutes))
    assert follow_up.drain(desk, NOW + timedelta(hours=1)) == 2
    assert len(told(desk)) == 2
