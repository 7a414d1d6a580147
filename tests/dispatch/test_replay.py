"""Past tickets under another pack (重算): the same pack changes nothing, another one what it says, and nothing is written."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, inspect

from classifier.model import Suggestion
from dispatch import packs, replay, triage
from dispatch.desk import Desk
from dispatch.storage import past
from dispatch.storage.database import Transaction
from rules.errors import BadInput, PackFault
from tests.desks import DISPATCHER, act, post, rows, settle
from tests.stories import at

NOW = at("2026-09-28 10:00")
DAYS = replay.span("2026-09-01", "2026-10-31")
#: A county like the demo's that says some things in another way.
OTHER = """
name = "other"
title = "另一个规则包"
region = "墨榆县"
area_code = "999001"
extends = "demo-county"
"""


def other(folder: Path, **files: str) -> str:
    """A pack that extends the demo county with these files; its folder comes back."""
    target = folder / "other"
    target.mkdir()
    for name, text in {"pack": OTHER, **files}.items():
        (target / f"{name}.toml").write_text(text, "utf-8")
    return str(target)


def contents(desk: Desk) -> dict[str, list[dict]]:
    """Every row of every table."""
    names = inspect(desk.database.engine).get_table_names()
    return {name: sorted(rows(desk, f"SELECT * FROM {name}"), key=str) for name in names}


def on_disk(desk: Desk) -> dict[str, str]:
    """The bytes of the database file and of what SQLite has not yet moved into it."""
    if not desk.database.is_sqlite:
        return {}
    file = Path(str(desk.database.url.database))
    parts = [file, file.with_name(file.name + "-wal")]
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in parts if each.exists()}


@contextmanager
def only_reading(desk: Desk) -> Iterator[list[str]]:
    """All statements of the block; on PostgreSQL each is followed by asking whether its transaction has written."""
    said: list[str] = []

    def look(_connection, cursor, statement, *_):
        said.append(statement)
        if not desk.database.is_sqlite:
            with cursor.connection.cursor() as asking:
                found = asking.execute("SELECT pg_current_xact_id_if_assigned()").fetchone()
                assert tuple(found) == (None,), statement

    event.listen(desk.database.engine, "after_cursor_execute", look)
    try:
        yield said
    finally:
        event.remove(desk.database.engine, "after_cursor_execute", look)


def three(desk: Desk) -> list[str]:
    """A complaint, a request for help and a car to be moved, triaged."""
    told = [
        post(desk, NOW, type="投诉", text="楼上装修敲墙，吵得没法休息，希望处理").number,
        post(desk, NOW, type="求助", text="这件事谁来管还不清楚，请帮忙看看").number,
        post(desk, NOW, type="求助", text="请帮忙挪车，堵在小区出口了").number,
    ]
    settle(desk, NOW)
    return told


def test_the_same_pack_changes_nothing(desk: Desk) -> None:
    three(desk)
    found = replay.replay(desk, "demo-county", DAYS)
    assert (found["tickets"], found["judged"], found["changed"], found["samples"]) == (3, 3, 0, [])
    assert found["stage"] == found["department"] == {"changed": 0, "moves": []}
    assert (found["rule_changed"], found["deadlines"]["changed"]) == (0, 0)
    assert sum(each["same"] for each in found["deadlines"]["by_clock"].values()) > 3


def test_nothing_is_written_and_the_database_says_so_itself(desk: Desk, tmp_path: Path) -> None:
    three(desk)
    moved = other(tmp_path, routing='drop = ["move_car"]\n')
    before, disk = contents(desk), on_disk(desk)
    with only_reading(desk) as said:
        assert replay.replay(desk, moved, DAYS)["changed"] > 0
    assert len(said) >= 4
    assert {each for each in said if each.split()[0] != "SELECT"} <= {"BEGIN"}
    assert (contents(desk), on_disk(desk)) == (before, disk)
    assert len(before) > 10 and any(before.values())


def test_a_dropped_rule_sends_its_tickets_to_a_person(desk: Desk, tmp_path: Path) -> None:
    *_, car = three(desk)
    found = replay.replay(desk, other(tmp_path, routing='drop = ["move_car"]\n'), DAYS)
    assert found["changed_numbers"] == [car]
    assert found["stage"]["moves"] == [{"from": "to_sign", "to": "to_dispatch", "n": 1}]
    assert found["department"]["moves"] == [{"from": "traffic_police", "to": None, "n": 1}]
    (sample,) = found["samples"]
    assert sample["before"] == {"stage": "to_sign", "department": "traffic_police", "rule": "move_car"}
    assert (sample["after"]["stage"], sample["deadlines"]) == ("to_dispatch", [])


def test_another_limit_moves_the_deadlines_of_its_type_alone(desk: Desk, tmp_path: Path) -> None:
    *_, car = three(desk)
    limit = '[[limit]]\nid = "handle_help_suggest"\nclock = "handle"\ntypes = ["help", "suggest"]\n'
    limit += 'urgencies = ["normal"]\namount = 2\nunit = "workdays"\nclause = "某县规定：2个工作日"\n'
    found = replay.replay(desk, other(tmp_path, limits=limit), DAYS)
    assert found["changed_numbers"] == [car]  # the other one for help has not been dispatched
    assert found["deadlines"]["by_clock"]["handle"]["earlier"] == 1
    (changed,) = found["samples"][0]["deadlines"]
    assert changed["clock"] == "handle"
    assert (changed["before"], changed["after"]) == ("2026-10-13T17:30:00+08:00", "2026-09-30T17:30:00+08:00")
    assert found["stage"]["changed"] == 0


def test_what_the_model_said_is_frozen_and_the_gate_is_the_packs(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Suggestion((("police", 0.93),), (), False, (), "m1")
    monkeypatch.setattr(triage, "suggest", lambda _desk, texts, _now: [said] * len(texts))
    number = post(desk, NOW, text="这件事谁来管还不清楚，请帮忙看看").number
    settle(desk, NOW)
    monkeypatch.undo()  # from here on there is no model: the replay must live on what was kept
    assert rows(desk, f"SELECT department FROM ticket WHERE number = '{number}'") == [
        {"department": "police"}
    ]
    assert replay.replay(desk, "demo-county", DAYS)["changed"] == 0
    strict = OTHER + 'gate = 0.95\n[clauses]\ngate = "某县规定"\n'
    found = replay.replay(desk, other(tmp_path, pack=strict), DAYS)
    assert found["samples"][0]["after"] == {"stage": "to_dispatch", "department": None, "rule": "doubt"}


def test_words_of_danger_are_those_of_the_pack(desk: Desk, tmp_path: Path) -> None:
    fire = post(desk, NOW, text="我家厨房现在着火了，快来人").number
    quiet = post(desk, NOW, text="楼下的无人机坠落到院子里了").number
    settle(desk, NOW)
    words = 'drop = ["fire_now"]\n[[emergency]]\nline = "119"\nwords = ["无人机坠落"]\nunless = []\nclause = "某县"\n'
    found = replay.replay(desk, other(tmp_path, acceptance=words), DAYS)
    moves = {each["number"]: (each["before"]["stage"], each["after"]["stage"]) for each in found["samples"]}
    assert moves[quiet][1] == "transferred"
    assert fire not in moves or moves[fire][0] == "transferred"


@pytest.mark.parametrize("size", [1, 2, 3, 500])
def test_the_size_of_a_page_changes_nothing(desk: Desk, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told = three(desk)
    monkeypatch.setattr(replay, "PAGE", size)
    found = replay.replay(desk, "jingan-2019", DAYS)
    assert found["tickets"] == 3
    assert found["changed_numbers"] == [told[2]]


def test_only_what_was_received_in_the_span_counts(desk: Desk) -> None:
    three(desk)
    assert replay.replay(desk, "demo-county", replay.span("2026-09-28", "2026-09-28"))["tickets"] == 3
    assert replay.replay(desk, "demo-county", replay.span("2026-09-29", "2026-10-30"))["tickets"] == 0
    assert replay.replay(desk, "demo-county", replay.span("2026-09-27", "2026-09-28T10:00"))["tickets"] == 0
    with desk.database.reading() as tx:
        assert isinstance(tx, Transaction) and list(past.pages(tx, NOW, NOW, 5)) == []


def test_what_people_did_later_is_replayed_with_the_rest(desk: Desk) -> None:
    _, help_, _ = three(desk)
    act(desk, help_, "dispatch", DISPATCHER, at("2026-09-28 11:00"), department="police", reason="归公安")
    found = replay.replay(desk, "demo-county", DAYS)
    assert found["changed"] == 0
    assert replay.replay(desk, "jingan-2019", DAYS)["deadlines"]["by_clock"]["handle"]["earlier"] == 2


@pytest.mark.parametrize(
    ("since", "until"), [("2026-09-02", "2026-09-01"), ("x", "2026-09-01"), ("2026-09-01", "2026-02-30")]
)
def test_a_span_that_is_none_is_said_to_be(since: str, until: str) -> None:
    with pytest.raises(BadInput):
        replay.span(since, until)


def test_a_faulty_pack_is_refused_before_anything_is_read(desk: Desk, tmp_path: Path) -> None:
    with only_reading(desk) as said, pytest.raises(PackFault):
        replay.replay(desk, other(tmp_path, limits="half = \n"), DAYS)
    assert said == []
    with pytest.raises(PackFault):
        replay.replay(desk, "nowhere", DAYS)


def test_what_people_read_names_the_differences(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    *_, car = three(desk)
    replay.show(replay.replay(desk, other(tmp_path, routing='drop = ["move_car"]\n'), DAYS))
    told = capsys.readouterr().out
    assert "重算 3 张工单" in told and car in told and "待派遣" in told and "traffic_police" in told
    replay.show(replay.replay(desk, "lvliang-2024", DAYS))
    assert "只比较时限" in capsys.readouterr().out
    assert packs.shipped() == sorted(packs.shipped())
