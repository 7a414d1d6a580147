"""Why a stored deadline is what it is (时限说明): rows of the database against the plan of today."""

from dispatch.reasons import whys
from rules.clocks import plan
from tests.stories import DISPATCHED, RECEIVED, at, calendar, event, facts, policy


def rows_of(told, **changed):
    return [
        {
            "id": n,
            "kind": each.kind.value,
            "scope": each.scope,
            "generation": each.generation,
            "due_at": each.due_at,
        }
        | changed
        for n, each in enumerate(plan(told, policy(), calendar()))
    ]


def test_every_row_is_explained_by_its_id():
    told = facts(RECEIVED, DISPATCHED)
    found = whys(rows_of(told), told, policy(), calendar())
    assert [found[n]["from"]["words"] for n in range(3)] == ["登记", "派单", "派单"]
    assert all(each["adds_up"] and each["promised_at"] is None for each in found.values())


def test_a_row_that_promised_another_day_keeps_its_promise():
    told = facts(RECEIVED, DISPATCHED)
    found = whys(rows_of(told, due_at=at("2026-12-01 17:30")), told, policy(), calendar())
    assert {each["promised_at"] for each in found.values()} == {"2026-12-01T17:30:00+08:00"}


def test_a_row_that_no_plan_knows_and_a_date_beyond_the_calendar_are_left_out():
    told = facts(RECEIVED, DISPATCHED)
    assert whys(rows_of(told, generation=9), told, policy(), calendar()) == {}
    far = facts(event("received", "2044-01-04 10:00", "received"))
    assert whys(rows_of(told), far, policy(), calendar()) == {}
