"""The demo week (演示周): every story can be told, on both databases, whatever day it ends on."""

from collections import Counter

import pytest

from dispatch.desk import Desk
from dispatch.simulation import week
from dispatch.simulation.stories import FATES, stories
from intake.request import build
from rules.accept import emergency
from rules.terms import CHINA
from tests.desks import rows
from tests.stories import at, policy


def test_every_story_is_valid_and_its_department_is_in_the_pack() -> None:
    for each in stories():
        assert each.fate in FATES
        assert each.department in policy().departments or each.fate in ("none", "refuse")
        assert not each.first or each.first in policy().departments
        assert build(
            {"channel": each.channel, "text": each.text, "type": each.type, "urgency": each.urgency},
            at("2026-11-16 10:00"),
        )
        assert each.phone.startswith("1990000") and len(each.phone) == 11


def test_the_week_is_a_mix() -> None:
    told = stories()
    assert len({each.caller for each in told}) < len(told)  # somebody calls again
    assert len({each.channel for each in told}) >= 8
    assert {each.type for each in told} >= {"consult", "help", "suggest", "complain", "report", "praise"}
    assert {each.urgency for each in told} == {"normal", "urgent", "critical"}
    assert Counter(bool(emergency(each.text, policy().emergencies)) for each in told)[True] == 1


@pytest.mark.parametrize("until", ["2026-11-16 10:00", "2026-10-05 23:30", "2027-02-10 03:00"])
def test_the_week_recounts_to_nothing_lost_whatever_day_it_ends_on(until: str, desk: Desk) -> None:
    told = week.run(desk, at(until))
    figures = week.recount(desk, told)
    assert figures["tickets"] >= 40
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
