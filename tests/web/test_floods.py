"""Buckets and guesses: what holds a flood back, and what does not grow with it."""

from datetime import timedelta

import pytest

from tests.stories import at
from web import floods
from web.floods import Buckets, Guesses, TooMany

NOW = at("2026-09-28 10:00")


def taken(bucket, address, now):
    try:
        bucket.take(address, now)
    except TooMany:
        return False
    return True


def test_a_bucket_gives_its_burst_and_then_its_rate():
    bucket = Buckets(per_minute=6, burst=3)
    assert [taken(bucket, "a", NOW) for _ in range(4)] == [True, True, True, False]
    assert taken(bucket, "b", NOW)
    assert not taken(bucket, "a", NOW + timedelta(seconds=9))
    assert taken(bucket, "a", NOW + timedelta(seconds=11))


def test_a_clock_set_back_gives_nothing_extra():
    bucket = Buckets(per_minute=60, burst=1)
    assert taken(bucket, "a", NOW)
    assert not taken(bucket, "a", NOW - timedelta(hours=1))


def test_waiting_as_long_as_told_is_enough():
    bucket = Buckets(per_minute=7, burst=1)
    bucket.take("a", NOW)
    with pytest.raises(TooMany) as refused:
        bucket.take("a", NOW)
    assert taken(bucket, "a", NOW + timedelta(seconds=refused.value.wait))


def test_old_guesses_are_forgotten():
    guesses = Guesses(2, timedelta(minutes=1))
    guesses.wrong("a", NOW)
    guesses.wrong("a", NOW + timedelta(seconds=30))
    with pytest.raises(TooMany):
        guesses.check("a", NOW + timedelta(seconds=59))
    guesses.check("a", NOW + timedelta(seconds=61))


def test_memory_does_not_grow_with_the_addresses(monkeypatch):
    monkeypatch.setattr(floods, "REMEMBERED", 5)
    bucket, guesses = Buckets(), Guesses(1)
    for n in range(50):
        bucket.take(str(n), NOW)
        guesses.wrong(str(n), NOW)
    assert len(bucket._left) == len(guesses._wrong) == 5
    with pytest.raises(TooMany):
        guesses.check("49", NOW)
