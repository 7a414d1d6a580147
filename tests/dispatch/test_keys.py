"""Keys in memory: found without a query, fresh enough, and no flood reaches the database."""

import os

import pytest

from dispatch import keys
from dispatch.keys import Keys
from dispatch.storage import registry
from dispatch.storage.tables import ApiKey
from rules.terms import Role
from tests.stories import at

NOW = at("2026-09-28 10:00")


def add(desk, role="handler", department="police"):
    fresh = keys.make(os.urandom)
    row = ApiKey(name="test", digest=keys.digest(fresh), role=role, department=department, created_at=NOW)
    with desk.database.transaction() as tx:
        return fresh, registry.add_key(tx, row).id


class Counted(Keys):
    reads = 0

    def _read(self):
        self.reads += 1
        super()._read()


def later(**span):
    return NOW.replace(**{name: getattr(NOW, name) + n for name, n in span.items()})


def test_a_key_is_long_and_its_digest_hides_it():
    one, other = keys.make(os.urandom), keys.make(os.urandom)
    assert one.startswith("hk_") and len(one) >= 35 and one != other
    assert len(keys.digest(one)) == 64 and one not in keys.digest(one)


def test_a_key_names_its_holder(desk):
    fresh, row = add(desk)
    actor = Keys(desk.database).find(fresh, NOW)
    assert (actor.name, actor.roles, actor.department) == ("test", frozenset({Role.HANDLER}), "police")
    assert actor.scope == f"key:{row}"


@pytest.mark.parametrize("key", ["", "hk_", "hk_wrong", "é", "\ud800", "x" * 10_000])
def test_what_is_no_key_names_nobody(desk, key):
    assert Keys(desk.database).find(key, NOW) is None


def test_a_flood_of_unknown_keys_reads_the_table_once_a_second(desk):
    held = Counted(desk.database)
    for n in range(500):
        assert held.find(f"hk_{n}", NOW) is None
    assert held.reads == 1
    held.find("hk_0", later(second=1))
    assert held.reads == 2


def test_known_keys_are_read_again_after_thirty_seconds(desk):
    fresh, _ = add(desk)
    held = Counted(desk.database)
    held.find(fresh, NOW)
    assert held.at_hand(fresh, later(second=29)) is not None and held.reads == 1
    assert held.at_hand(fresh, later(second=30)) is None
    assert held.find(fresh, later(second=30)) is not None and held.reads == 2


def test_a_new_key_works_after_a_second(desk):
    held = Keys(desk.database)
    held.find("hk_other", NOW)
    fresh, _ = add(desk)
    assert held.find(fresh, NOW) is None
    assert held.find(fresh, later(second=1)) is not None
