"""The demo week (演示周): every story can be told, on both databases, whatever day it ends on."""

import pytest

from dispatch.desk import Desk
from dispatch.simulation import week
from rules.lifecycle import STAGES
from rules.terms import CHINA
from tests.desks import rows
from tests.stories import at

FINAL = [stage.value for stage, row in STAGES.items() if row.final]


@pytest.mark.parametrize("until", ["2026-11-16 10:00", "2026-10-05 23:30", "2027-02-10 03:00"])
def test_the_week_recounts_to_nothing_lost_whatever_day_it_ends_on(until: str, desk: Desk) -> None:
    told = week.run(desk, at(until))
    figures = week.recount(desk, told)
    assert figures["tickets"] >= 400
    assert all(figures["by_stage"].get(stage) for stage in FINAL)
    assert all(n > 0 for n in figures["ladder_levels"].values()) and len(figures["ladder_levels"]) == 5
    assert all(n > 0 for n in figures["supervision_levels"].values())
    assert (figures["recount_differences"], figures["without_owner"], figures["without_decision"]) == (
        0,
        0,
        0,
    )
    future = rows(desk, "SELECT at FROM event ORDER BY at DESC LIMIT 1")[0]["at"]
    assert str(future)[:10] <= at(until).astimezone(CHINA).isoformat()[:10]
    assert rows(desk, "SELECT count(*) AS n FROM outbox WHERE state <> 'done'") == [{"n": 0}]


def test_a_recount_notices_a_ticket_that_the_run_was_not_told_of(desk: Desk) -> None:
    told = week.run(desk, at("2026-11-16 10:00"))
    told.tickets -= 1
    told.events["signed"] += 2
    assert week.recount(desk, told)["recount_differences"] >= 3
