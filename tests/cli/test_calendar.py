"""The commands on the calendar (节假日安排): loaded with a preview, shown, and a fault named with its file and line."""

from pathlib import Path

import pytest

from tests.cli.conftest import hotline, told

TEXT = """year = 2027
off = [
  { festival = "元旦", from = 2027-01-01, to = 2027-01-03 },
]

[notice]
title = "虚构的2027年放假通知"
source = "https://example.invalid/2027"
"""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is to hear of the notice first."""
    monkeypatch.setattr("dispatch.yearly.time.sleep", lambda _: None)


@pytest.mark.usefixtures("quick")
def test_a_notice_is_previewed_then_loaded_and_shown(desk_dir: Path) -> None:
    file = desk_dir / "notice.toml"
    file.write_text(TEXT, encoding="utf-8")
    words = ("calendar", "load", file, "--dir", desk_dir)
    preview = told(hotline(*words, "--json"))
    assert (preview["applied"], preview["clocks"], preview["kept"]) == (False, 0, [])
    assert hotline("calendar", "show", 2027, "--dir", desk_dir).exit_code == 2
    assert "已重算" in hotline(*words, "--yes").stdout
    shown = told(hotline("calendar", "show", 2027, "--dir", desk_dir, "--json"))["years"]
    assert [(each["title"], len(each["off"]), each["loaded"]["by"]) for each in shown] == [
        ("虚构的2027年放假通知", 3, "cli")
    ]
    assert shown[0]["loaded"]["done_at"]
    table = hotline("calendar", "show", "--dir", desk_dir).stdout
    assert "随程序提供" in table and "2027" in table


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("to = 2027-01-03", "to = 2028-01-03"), "notice.toml 第 3 行"),
        (TEXT.replace("title", "headline"), "notice.toml"),
        ("year = ", "notice.toml 第 1 行"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "notice.toml"
    file.write_text(text, encoding="utf-8")
    result = hotline("calendar", "load", file, "--dir", tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr


def test_to_shorten_needs_a_reason_and_a_name(tmp_path: Path) -> None:
    result = hotline("calendar", "load", tmp_path / "x.toml", "--shorten", "要求", "--dir", tmp_path)
    assert (result.exit_code, "--by" in result.stderr) == (2, True)
