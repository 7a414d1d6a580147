"""The lists of a report (报表名单): counted so far and no further, the longest overdue first."""

import pytest

from dispatch.storage import listings
from rules.terms import Role
from tests.desks import act, of
from tests.pressing import one, sent
from tests.stories import at

LATER = at("2027-01-08 09:00")


@pytest.fixture
def overdue(desk):
    """Five tickets that are signed and overdue, a minute between their dispatches."""
    numbers = []
    for n in range(5):
        now = at(f"2026-09-{20 + n} 10:00")
        number, lead = sent(
            desk, now, phone=f"1990000{n}234", text=f"第{n}号楼下饭店的排烟口正对卧室，晚上开不了窗。"
        )
        act(desk, number, "sign", of(lead, Role.LIAISON), now)
        act(desk, number, "contact", of(lead, Role.HANDLER), now, reached=True, words="已联系")
        numbers.append(number)
    assert {one(desk, number)["stage"] for number in numbers} == {"handling"}
    return numbers


def listed(desk, n=10):
    with desk.database.reading() as tx:
        return listings.overdue(tx, LATER, None, n)


def test_the_longest_overdue_come_first_and_all_are_counted(desk, overdue):
    found = listed(desk)
    assert [each["number"] for each in found.rows] == overdue
    assert (found.total, found.more) == (5, False)
    assert [each["number"] for each in listed(desk, 2).rows] == overdue[:2]


@pytest.mark.parametrize(("counted", "looked_into", "total"), [(3, 6, 3), (9, 4, 4)])
def test_beyond_what_is_counted_it_says_that_there_are_more(
    desk, overdue, monkeypatch, counted, looked_into, total
):
    monkeypatch.setattr(listings, "COUNTED", counted)
    monkeypatch.setattr(listings, "LOOKED_INTO", looked_into)
    found = listed(desk)
    assert (found.total, found.more) == (total, True)
    assert [each["number"] for each in found.rows] == overdue[: min(5, looked_into)]
