"""Packs at the desk (规则包): kept by hash, live within seconds, a running ticket keeps the one it came with."""

from datetime import timedelta

import pytest

from dispatch import packs
from dispatch.packs import NoPack, Packs
from rules.errors import PackFault
from tests.desks import post, rows, settle
from tests.dispatch.test_receive import at_once
from tests.stories import at

NOW = at("2026-09-28 10:00")
SHIPPED = packs.read_folder("demo-county")


def with_limit(days):
    """The demo county with another handling limit for 求助."""
    text = SHIPPED["hunan-template/limits.toml"]
    before, mark, rest = text.partition('id = "handle_help_suggest"')
    changed = before + mark + rest.replace("amount = 7", f"amount = {days}", 1)
    return {**SHIPPED, "hunan-template/limits.toml": changed}


def install(desk, files, when=NOW):
    with desk.transaction() as tx:
        return packs.install(tx, files, "test", when)


def test_the_same_pack_twice_is_kept_and_activated_once(desk):
    before = rows(desk, "SELECT hash FROM pack"), rows(desk, "SELECT hash FROM activation")
    install(desk, SHIPPED)
    assert (rows(desk, "SELECT hash FROM pack"), rows(desk, "SELECT hash FROM activation")) == before


def test_a_new_pack_is_live_within_seconds_and_a_running_ticket_keeps_its_own(desk):
    first = post(desk, NOW, text="这件事谁来管还不清楚。").number
    newer = install(desk, with_limit(2))
    assert desk.packs.active(NOW + timedelta(seconds=4)).hash != newer.hash  # still the one it knew
    later = NOW + timedelta(seconds=5)
    assert desk.packs.active(later).hash == newer.hash
    second = post(desk, later, text="这件事谁来管还不清楚。").number
    settle(desk, later)
    held = {each["number"]: each["pack"] for each in rows(desk, "SELECT number, pack FROM ticket")}
    assert held[first] != held[second] == newer.hash
    kept = {each["ticket"]: each["pack"] for each in rows(desk, "SELECT ticket, pack FROM clock")}
    assert kept == held


def test_going_back_to_an_older_pack_is_one_more_activation(desk):
    older = desk.packs.active(NOW)
    install(desk, with_limit(2))
    install(desk, SHIPPED)
    assert desk.packs.active(NOW + timedelta(minutes=1)).hash == older.hash
    assert rows(desk, "SELECT count(*) AS n FROM activation WHERE kind = 'pack'") == [{"n": 3}]


def test_a_pack_with_a_fault_changes_nothing(desk):
    tables = ("pack", "activation", "department", "area")
    before = [rows(desk, f"SELECT * FROM {name}") for name in tables]
    for files in (
        {},
        {**SHIPPED, "demo-county/limits.toml": "nonsense = ["},
        {**SHIPPED, "national/surprise.toml": "x = 1"},
    ):
        with pytest.raises(PackFault):
            install(desk, files)
    assert [rows(desk, f"SELECT * FROM {name}") for name in tables] == before


def test_a_clock_set_back_does_not_freeze_the_pack(desk):
    desk.packs.active(NOW)
    newer = install(desk, with_limit(3))
    assert desk.packs.active(NOW - timedelta(days=1)).hash == newer.hash


def test_an_unknown_hash_is_said_to_be(desk):
    with pytest.raises(NoPack, match="abc"):
        desk.packs.of("abc")
    with pytest.raises(NoPack), desk.transaction() as tx:
        desk.packs.of("abc", tx)


def test_one_pack_is_one_object_however_many_ask_at_once(desk):
    fresh = Packs(desk.database)
    digest = desk.packs.active(NOW).hash
    found = at_once(6, lambda _i: fresh.of(digest))
    assert len({id(policy) for policy, _ in found}) == len({id(calendar) for _, calendar in found}) == 1


@pytest.mark.parametrize("name", ["no-such-pack", "", "../packs/none", "/nonexistent"])
def test_a_pack_that_is_not_there_says_what_is(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PackFault):
        packs.read_folder(name)


def test_a_folder_without_rules_or_in_another_encoding_is_refused(tmp_path):
    with pytest.raises(PackFault, match="没有规则文件"):
        packs.read_folder(str(tmp_path))
    (tmp_path / "limits.toml").write_bytes("# plain\n名 = 1".encode("gb18030"))
    with pytest.raises(PackFault, match=r"limits\.toml 第 2 行不是 UTF-8"):
        packs.read_folder(str(tmp_path))


def test_what_a_windows_editor_leaves_in_a_file_changes_nothing(tmp_path):
    plain, marked = (tmp_path / name for name in ("plain", "marked"))
    plain.mkdir(), marked.mkdir()
    (plain / "limits.toml").write_bytes("名 = 1\n值 = 2\n".encode())
    (marked / "limits.toml").write_bytes("\ufeff名 = 1\r\n值 = 2\r\n".encode())
    found = [list(packs.read_folder(str(folder)).values()) for folder in (plain, marked)]
    assert found == [["名 = 1\n值 = 2\n"]] * 2
