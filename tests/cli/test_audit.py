"""`hotline audit`: one pass for people and for scripts."""

import sqlite3
from pathlib import Path

from tests.cli.conftest import hotline, told

KEYS = {
    "ok", "clock", "looked", "near_due", "repairs", "repaired", "failed", "repairs_so_far", "oldest_overdue_step",
}  # fmt: skip


def test_one_pass_over_a_fresh_desk_finds_nothing(desk_dir: Path) -> None:
    data = told(hotline("audit", "--once", "--json", "--dir", desk_dir))
    assert set(data) == KEYS
    assert (data["ok"], data["looked"], data["repaired"], data["clock"]) == (True, 0, [], None)
    said = hotline("audit", "--once", "--dir", desk_dir)
    assert said.exit_code == 0 and "修复 0 件" in said.stdout


def test_a_clock_that_went_back_is_1_and_plain_words_until_somebody_trusts_it(desk_dir: Path) -> None:
    assert hotline("audit", "--once", "--trust-clock", "--dir", desk_dir).exit_code == 0
    set_ahead(desk_dir)
    said = hotline("audit", "--once", "--dir", desk_dir)
    assert said.exit_code == 1 and "暂停" in said.stdout and "--trust-clock" in said.stdout
    assert told(hotline("doctor", "--dir", desk_dir, "--json"), code=1)["ok"] is False
    assert hotline("audit", "--once", "--trust-clock", "--dir", desk_dir).exit_code == 0
    assert told(hotline("doctor", "--dir", desk_dir, "--json"))["ok"] is True


def set_ahead(folder: Path) -> None:
    with sqlite3.connect(folder / "hotline.db") as connection:
        connection.execute("UPDATE watch SET at = '2099-01-01 00:00:00.000000' WHERE name = 'newest'")
