"""Bulk intake (批量导入) on both databases: batches, joining, numbers, and two at once."""

import threading
from pathlib import Path

import pytest

from dispatch import imports
from dispatch.desk import Desk
from dispatch.imports import Order
from dispatch.sheets import Sheet
from dispatch.storage.database import StorageFull
from intake.csv import Columns
from rules.errors import BadInput
from rules.numbers import is_sound
from rules.terms import Role
from tests.desks import act, post, rows, settle
from tests.desks import of as somebody
from tests.stories import at

NOW = at("2026-09-28 10:00")
COLUMNS = Columns("words", received="when", external_id="no", caller="who")


def load(desk: Desk, folder: Path, lines: list[str], order: Order | None = None) -> imports.Tally:
    file = folder / "rows.csv"
    file.write_text("\n".join(["no,when,words,who", *lines]) + "\n", encoding="utf-8")
    sheet = Sheet(file, lambda _: None)
    return imports.load(desk, sheet, order or Order(COLUMNS), folder / "rows.rejects.csv", lambda: NOW)[0]


def test_rows_of_many_days_get_sound_numbers_of_their_own_day(desk: Desk, tmp_path: Path) -> None:
    lines = [f"n{day},2018-03-{day:02},路灯坏了第{day}盏," for day in range(1, 29)] * 1
    assert load(desk, tmp_path, lines).tickets == 28
    found = [each["number"] for each in rows(desk, "SELECT number FROM ticket ORDER BY number")]
    assert [number[6:14] for number in found] == [f"201803{day:02}" for day in range(1, 29)]
    assert all(is_sound(number) for number in found)


def test_batches_add_up_whatever_their_size(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 7)
    lines = [f"n{each},2026-09-27,第{each}件事，路灯坏了," for each in range(50)]
    assert load(desk, tmp_path, lines).tickets == 50
    assert load(desk, tmp_path, [*lines, "n50,2026-09-27,再加一件,"]) == imports.Tally(51, 1, 0, 50, 0)


def test_a_row_joins_the_open_ticket_that_its_caller_has_at_the_desk(desk: Desk, tmp_path: Path) -> None:
    words = "听橹家园停水一整天了，请尽快来修"
    held = post(desk, NOW, text=words, caller={"phone": "19900000001"})
    settle(desk, NOW)
    tally = load(
        desk, tmp_path, [f"1,2026-09-28,{words}！,199 0000 0001", f"2,2026-09-28,{words},19900000002"]
    )
    assert (tally.tickets, tally.joined) == (1, 1)
    assert len(rows(desk, f"SELECT id FROM request WHERE ticket = '{held.number}'")) == 2


def test_history_that_is_over_is_never_joined_and_tells_nobody(desk: Desk, tmp_path: Path) -> None:
    words = "听橹家园停水一整天了，请尽快来修"
    post(desk, NOW, text=words, caller={"phone": "19900000001"})
    settle(desk, NOW)
    before = len(rows(desk, "SELECT id FROM outbox"))
    tally = load(desk, tmp_path, [f"1,2018-01-02,{words},19900000001", f"2,2018-01-03,{words},19900000001"])
    assert (tally.tickets, tally.joined) == (2, 0)
    assert len(rows(desk, "SELECT id FROM outbox")) == before


def test_open_history_joins_and_still_tells_nobody(desk: Desk, tmp_path: Path) -> None:
    words = "听橹家园停水一整天了，请尽快来修"
    lines = [f"1,2018-01-02,{words},19900000001", f"2,2018-01-03,{words},19900000001"]
    tally = load(desk, tmp_path, lines, Order(COLUMNS, history=True, open=True))
    assert (tally.tickets, tally.joined) == (1, 1)
    assert rows(desk, "SELECT id FROM outbox") == []


def test_an_open_ticket_of_history_can_be_worked_on(desk: Desk, tmp_path: Path) -> None:
    load(desk, tmp_path, ["1,2018-01-02,听橹家园停水一整天了,"], Order(COLUMNS, history=True, open=True))
    number = rows(desk, "SELECT number FROM ticket")[0]["number"]
    act(desk, number, "sign", somebody("water_supply", Role.LIAISON), NOW)
    assert rows(desk, "SELECT DISTINCT state FROM clock") == [{"state": "history"}]
    assert rows(desk, "SELECT count(*) AS n FROM clock WHERE next_at IS NOT NULL") == [{"n": 0}]


def test_what_names_and_numbers_were_hidden_is_sealed_and_not_in_the_text(desk: Desk, tmp_path: Path) -> None:
    load(desk, tmp_path, ["1,2026-09-28,我的电话是19900001234请回电,"])
    row = rows(desk, "SELECT t.text, r.sealed_text FROM ticket t JOIN request r ON r.ticket = t.number")[0]
    assert "19900001234" not in row["text"] and row["sealed_text"]


def test_two_imports_of_one_file_at_once_make_each_ticket_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 10)
    lines = [f"n{each},2018-01-02,第{each}件事，路灯坏了," for each in range(60)]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    tallies: list[imports.Tally] = []
    running = [
        threading.Thread(target=lambda name=name: tallies.append(load(desk, tmp_path / name, lines)))
        for name in ("a", "b")
    ]
    for each in running:
        each.start()
    for each in running:
        each.join()
    assert sum(each.tickets for each in tallies) == 60
    assert all(each.rows == each.tickets + each.known == 60 for each in tallies)
    assert len(rows(desk, "SELECT number FROM ticket")) == 60


def test_a_batch_that_fails_leaves_those_before_it_and_no_rejects_draft(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 10)
    whole, written = imports.Ledger.write, []

    def full(ledger, tx):
        if len(written) == 2:
            raise StorageFull
        written.append(ledger)
        whole(ledger, tx)

    monkeypatch.setattr(imports.Ledger, "write", full)
    lines = [f"n{each},2018-01-02,第{each}件事," for each in range(35)]
    with pytest.raises(StorageFull):
        load(desk, tmp_path, ["bad,2018-01-02,,", *lines])
    assert len(rows(desk, "SELECT number FROM ticket")) == 20
    assert [each.name for each in tmp_path.glob("*rejects*")] == []


def test_without_the_named_column_nothing_is_read(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="body"):
        load(desk, tmp_path, ["1,2018-01-02,x,"], Order(Columns("body")))


@pytest.mark.parametrize(
    ("name", "rejects"),
    [
        ("a.csv", "a.rejects.csv"),
        ("a.csv.gz", "a.rejects.csv"),
        ("a.b.CSV.GZ", "a.b.rejects.csv"),
        ("plain", "plain.rejects.csv"),
    ],
)
def test_the_rejects_stand_beside_the_file(name: str, rejects: str, tmp_path: Path) -> None:
    assert imports.rejects_path(tmp_path / name, lambda _: None) == tmp_path / rejects


def test_the_rejects_of_a_folder_that_cannot_be_written_come_here_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    assert imports.rejects_path(Path("/proc/a.csv"), said.append) == tmp_path / "a.rejects.csv"
    assert said and "/proc" in said[0]
