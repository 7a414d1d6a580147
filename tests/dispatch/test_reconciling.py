"""The reconciliation on a real desk (对账清单): CSV and xlsx, GBK, wrong files; it only reads."""

import csv
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from dispatch import reconciling
from dispatch.workbook import cells_of
from rules.errors import BadInput
from tests.cli.conftest import hotline
from tests.desks import post, rows
from tests.dispatch.test_upward import approved
from tests.stories import at

HEADER = ("上级编号", "状态", "截止时间")


def written(path, *lines, encoding="utf-8-sig"):
    path.write_text("\n".join(",".join(each) for each in (HEADER, *lines)) + "\n", encoding=encoding)
    return path


def compared(desk, file, begin=None, end=None):
    return reconciling.compare(desk, reconciling.read(file), begin, end)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gbk"])
def test_differences_are_told_and_nothing_is_changed(desk, tmp_path, encoding):
    number = approved(desk)
    other = post(
        desk, at("2026-09-28 16:00"), text="另一件", channel="handed_down", upper_number="SJ-2"
    ).number
    post(desk, at("2026-09-28 16:00"), text="市民自己来电", type="求助")
    before = rows(desk, "SELECT number, version, upward FROM ticket ORDER BY number")
    found = compared(
        desk, written(tmp_path / "a.csv", ("SJ-1", "已办结", ""), ("SJ-9", "办理中", ""), encoding=encoding)
    )
    told = {(each["kind"], each["number"], each["ticket"]) for each in found["differences"]}
    assert told == {("here_only", "SJ-2", other), ("there_only", "SJ-9", None), ("state", "SJ-1", number)}
    assert (found["rows"], found["matched"], found["from"], found["to"]) == (2, 1, "2026-09-28", "2026-09-28")
    assert rows(desk, "SELECT number, version, upward FROM ticket ORDER BY number") == before


def test_the_days_bound_what_is_looked_for_here(desk, tmp_path):
    approved(desk)
    post(desk, at("2026-10-09 16:00"), text="另一件", upper_number="SJ-2")
    file = written(tmp_path / "a.csv", ("SJ-1", "办理中", ""))
    assert compared(desk, file)["differences"] == []
    assert len(compared(desk, file, end=date(2026, 10, 9))["differences"]) == 1


def test_a_workbook_is_read_with_its_dates(desk, tmp_path):
    approved(desk)
    path = tmp_path / "清单.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet, shown = book.add_worksheet("清单"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, HEADER)
    sheet.write_row(1, 0, ("SJ-1", "办理中"))
    sheet.write_datetime(1, 2, datetime(2026, 10, 9, 17, 30), shown)  # noqa: DTZ001  a workbook knows no zone
    book.close()
    assert list(cells_of(path))[1] == (2, ("SJ-1", "办理中", "2026-10-09 17:30:00"))
    (one,) = compared(desk, path)["differences"]
    assert (one["kind"], one["theirs"]) == ("due", "2026-10-09 17:30")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"no", "不是完整的 xlsx"),
        ("a.xls", b"", "另存为"),
        ("a.csv", b"\xff\xff", "UTF-8"),
        ("none.xlsx", None, "找不到"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        list(reconciling.read(path))
    assert said in f"{caught.value.detail}{caught.value.advice}"


def test_a_workbook_with_a_document_type_is_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/workbook.xml", "<!DOCTYPE x [<!ENTITY a 'aa'>]><x>&a;</x>")
    with pytest.raises(BadInput, match="xlsx"):
        list(cells_of(path))


def _edited(path, part, old, new):
    """A workbook as table programs write it, but for one place."""
    whole = path.with_name("whole.xlsx")
    book = xlsxwriter.Workbook(str(whole))
    book.add_worksheet().write_row(0, 0, HEADER)
    book.close()
    with zipfile.ZipFile(whole) as before, zipfile.ZipFile(path, "w") as after:
        for each in before.namelist():
            content = before.read(each)
            assert each != part or old in content
            after.writestr(each, content.replace(old, new) if each == part else content)


def test_a_workbook_with_a_number_that_is_none_is_refused(tmp_path):
    _edited(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", b'<row r="1"', b'<row r="one"')
    with pytest.raises(BadInput, match="不是完整的 xlsx"):
        list(cells_of(tmp_path / "a.xlsx"))


def test_a_workbook_that_was_damaged_on_its_way_is_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    _edited(path, "none", b"", b"")
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as book:
        sheet = book.getinfo("xl/worksheets/sheet1.xml")
    content[sheet.header_offset + 60] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BadInput, match="不是完整的 xlsx"):
        list(cells_of(path))


def test_an_empty_list_agrees_with_nothing_unless_its_days_are_named(desk, tmp_path):
    file = written(tmp_path / "a.csv")
    with pytest.raises(BadInput, match="没有一张工单"):
        compared(desk, file)
    day = date(2026, 9, 28)
    assert compared(desk, file, day, day)["differences"] == []


def test_the_command_writes_the_differences_and_ends_with_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    assert hotline("init", "--no-model", "--dir", folder).exit_code == 0
    lines = (("SJ-9", "办理中", ""), ("=1+1", "办理中", ""))
    file, out = written(tmp_path / "a.csv", *lines), tmp_path / "差异.csv"
    done = hotline("upward", "reconcile", file, "--out", out, "--dir", folder)
    assert done.exit_code == 1 and "差异 2 处" in done.stderr and "没有一个编号对得上" in done.stderr
    with out.open(encoding="utf-8-sig", newline="") as written_file:
        found = [row[:3] for row in csv.reader(written_file)]
    assert found[1:] == [["上级有、我方没有", "'=1+1", ""], ["上级有、我方没有", "SJ-9", ""]]
    kept = file.read_bytes()
    for place, said in (
        (file, "清单本身"),
        (tmp_path, "文件夹"),
        (tmp_path / "none" / "a.csv", "没有文件夹"),
    ):
        refused = hotline("upward", "reconcile", file, "--out", place, "--dir", folder)
        assert refused.exit_code == 2 and said in refused.stderr
    assert file.read_bytes() == kept
    assert hotline("upward", "list", "--dir", folder).stdout == "（没有）\n"
    missing = hotline("upward", "sent", "999", "--dir", folder)
    assert missing.exit_code == 2
