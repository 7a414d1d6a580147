"""`hotline report` and its file (报表命令): whole or not there, and said in one plain line."""

from pathlib import Path

import pytest

from dispatch import reporting, terminal
from rules.errors import BadInput

DOCUMENT = {"title": "县/区周报", "period": "2026-W47", "counts": {}}


@pytest.mark.parametrize(("out", "said"), [(".", "是文件夹"), ("none/x.json", "没有文件夹")])
def test_where_no_file_can_be_is_said_before_a_report_is_made(tmp_path: Path, out: str, said: str):
    with pytest.raises(BadInput, match=said):
        terminal.writable(tmp_path / out)


def test_a_file_that_cannot_be_finished_leaves_nothing_behind(tmp_path: Path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        reporting._give(DOCUMENT, "json", tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_a_title_with_a_slash_is_no_folder(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reporting, "written", lambda *_: b"x")
    reporting._give(DOCUMENT, "html", None)
    assert [each.name for each in tmp_path.iterdir()] == ["县_区周报-2026-W47.html"]
