"""The demo week (演示周): every story can be told, on both databases, whatever day it ends on."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from classifier.train import fit
from dispatch import replay
from dispatch.desk import Desk
from dispatch.simulation import week
from dispatch.training import Trainer, first_model
from rules.lifecycle import STAGES
from rules.terms import CHINA
from tests.conftest import copied_desk
from tests.desks import new_desk, rows
from tests.dispatch.test_replay import contents
from tests.recount import differences as recounted
from tests.stories import at

FINAL = [stage.value for stage, row in STAGES.items() if row.final]


UNTIL = "2026-11-16 10:00"
Lived = tuple[Desk, week.Told]


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


def require_whole(desk: Desk, figures: dict) -> None:
    """Every end and every level occurs, and the counts of the reports are those of plain SQL."""
    assert all(figures["by_stage"].get(stage) for stage in FINAL)
    assert all(n > 0 for n in figures["ladder_levels"].values()) and len(figures["ladder_levels"]) == 5
    assert all(n > 0 for n in figures["supervision_levels"].values())
    assert {each["state"] for each in rows(desk, "SELECT state FROM clue")} >= {
        "confirmed",
        "rejected",
        "sent_up",
    }
    assert recounted(desk) == []


@pytest.fixture(scope="module", params=["postgresql"])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A desk on which the demo's week has gone by, and what the run was told: a minute's work, done once.

    On SQLite it is the headless demo of `tests/cli/test_demo.py`.
    """
    with copied_desk(request, tmp_path_factory.mktemp("lived")) as desk:
        trainer = Trainer(fit, desk.settings.models, at(UNTIL), lambda _: None)
        first_model(desk, trainer, "demo")
        yield desk, week.run(desk, at(UNTIL))


def test_the_week_recounts_to_nothing_lost_and_every_end_and_level_occurs(lived: Lived) -> None:
    desk, told = lived[0], copy.deepcopy(lived[1])
    require_whole(desk, require_sound(desk, told, UNTIL))
    told.tickets -= 1
    told.events["signed"] += 2
    assert week.recount(desk, told)["recount_differences"] >= 3  # what the run was not told of is noticed


def test_the_week_is_the_same_in_every_process_and_on_every_database(
    lived: Lived, demo_week: tuple[Path, dict[str, Any]]
) -> None:
    headless = {name: told for name, told in demo_week[1].items() if name != "report_path"}
    assert week.recount(*lived) == headless


@pytest.mark.parametrize("until", ["2026-10-05 23:30", "2027-02-10 03:00"])
def test_a_week_over_holidays_or_without_a_notice_is_as_sound(until: str, tmp_path: Path) -> None:
    with new_desk(tmp_path) as desk:
        require_sound(desk, week.run(desk, at(until)), until)


def test_the_demo_week_under_another_citys_limits(lived: Lived) -> None:
    desk = lived[0]
    before = contents(desk)
    days = replay.span("2026-11-01", "2026-11-16")
    same = replay.replay(desk, "demo-county", days)
    assert (same["changed"], same["deadlines"]["changed"]) == (0, 0)
    found = replay.replay(desk, "lvliang-2024", days)
    assert (found["compared"], found["stage"], found["department"]) == (["deadlines"], None, None)
    handle = found["deadlines"]["by_clock"]["handle"]
    assert handle["earlier"] > 10 and handle["later"] == handle["added"] == handle["removed"] == 0
    assert found["deadlines"]["by_clock"]["sign"] == {
        **dict.fromkeys(handle, 0),
        "same": sum(found["deadlines"]["by_clock"]["sign"].values()),
    }
    assert found["late_handling"]["after"] >= found["late_handling"]["before"]
    assert len(found["changed_numbers"]) == found["changed"] == found["deadlines"]["tickets"]
    assert len(found["samples"]) == min(replay.SAMPLES, found["changed"])
    assert contents(desk) == before
