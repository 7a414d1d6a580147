"""The demo week (演示周): every story can be told, on both databases, whatever day it ends on."""

from pathlib import Path

import pytest

from dispatch.desk import Desk
from dispatch.simulation import week
from rules.lifecycle import STAGES
from rules.terms import CHINA
from tests.desks import new_desk, rows
from tests.recount import differences as recounted
from tests.stories import at

FINAL = [stage.value for stage, row in STAGES.items() if row.final]


def require_sound(desk: Desk, told: week.Told, until: str) -> dict:
    """Nothing lost, nothing without an owner, nothing that lies after the end; digests wait for their morning."""
    figures = week.recount(desk, told)
    assert figures["tickets"] >= 400
    sound = ("recount_differences", "without_owner", "without_decision")
    assert [figures[name] for name in sound] == [0, 0, 0]
    future = rows(desk, "SELECT at FROM event ORDER BY at DESC LIMIT 1")[0]["at"]
    assert str(future)[:10] <= at(until).astimezone(CHINA).isoformat()[:10]
    waiting = rows(desk, "SELECT kind FROM outbox WHERE state <> 'done'")
    assert {each["kind"] for each in waiting} <= {"digests"}
    return figures


def test_the_week_recounts_to_nothing_lost_and_every_end_and_level_occurs(desk: Desk) -> None:
    until = "2026-11-16 10:00"
    told = week.run(desk, at(until))
    figures = require_sound(desk, told, until)
    assert all(figures["by_stage"].get(stage) for stage in FINAL)
    assert all(n > 0 for n in figures["ladder_levels"].values()) and len(figures["ladder_levels"]) == 5
    assert all(n > 0 for n in figures["supervision_levels"].values())
    assert {each["state"] for each in rows(desk, "SELECT state FROM clue")} >= {
        "confirmed",
        "rejected",
        "sent_up",
    }
    assert recounted(desk) == []  # the counts of the reports, held against plain SQL
    told.tickets -= 1
    told.events["signed"] += 2
    assert week.recount(desk, told)["recount_differences"] >= 3  # what the run was not told of is noticed


@pytest.mark.parametrize("until", ["2026-10-05 23:30", "2027-02-10 03:00"])
def test_a_week_over_holidays_or_without_a_notice_is_as_sound(until: str, tmp_path: Path) -> None:
    with new_desk(tmp_path) as desk:
        require_sound(desk, week.run(desk, at(until)), until)
