"""Rows sum up their keys: what a row is made of is found again when its tickets are asked for."""

import pytest

from dispatch import packs
from reports.fold import fold, members
from rules.policy import parse


@pytest.fixture(scope="module")
def policy():
    return parse(packs.read_folder("demo-county"))


@pytest.mark.parametrize("dimension", ["department", "category", "area", "channel", "type"])
def test_the_members_of_a_row_are_what_the_row_sums_up(policy, dimension):
    keys = {
        "department": ["", "gone", *policy.departments],
        "category": ["", "gone", *policy.categories],
        "area": ["", "gone", *policy.areas],
        "channel": ["", "gone", *policy.channels],
        "type": ["", "gone", "complain", "help"],
    }[dimension]
    counted = {key: {"received": 1} for key in keys}
    rows = fold(dimension, counted, policy, {})
    for row, counts in rows:
        assert sum(key in counted for key in members(dimension, row.key, policy)) == counts["received"], row
    tops = [row for row, _ in rows if row.parent is None]
    told = [key for row in tops for key in members(dimension, row.key, policy) if key in counted]
    assert sorted(told) == sorted(keys), "each key belongs to one row"
