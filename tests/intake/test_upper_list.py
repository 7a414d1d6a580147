"""An upper level's list is read (上级工单清单): by the names of its columns, wrong files and rows in plain words."""

import pytest

from intake.csv import Rejected
from intake.upper_list import rows
from rules.errors import BadInput
from rules.reconciling import Moment, Theirs
from tests.stories import at


def read(text):
    return list(rows(text.splitlines(keepends=True)))


def test_columns_are_found_by_their_names_in_any_order_behind_a_mark():
    found = read(
        "\ufeff当前状态,备注,工单编号,办结时限,反馈时间\n已反馈,x,S1,2026-10-09,2026-09-29 10:00\n\n"
    )
    due, replied = Moment(at("2026-10-09 00:00"), False), Moment(at("2026-09-29 10:00"), True)
    assert found == [Theirs(2, "S1", "replied", due, replied)]


def test_a_bad_row_is_told_and_the_others_go_on():
    found = read("上级编号,状态,截止时间\n,办理中,\nS2,飞走了,\nS3,办理中,明天\nS4,办理中,\n")
    assert [(each.line, type(each)) for each in found] == [
        (2, Rejected), (3, Rejected), (4, Rejected), (5, Theirs),
    ]  # fmt: skip
    assert "飞走了" in found[1].reason and "明天" in found[2].reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "没有表头"),
        ("\n", "没有表头"),
        ("单位,开始\na,b\n", "上级编号、状态"),
        ("上级编号,工单编号,状态\n1,2,办理中\n", "几列"),
        ('上级编号,状态\n"S1,办理中\n', "引号"),
    ],
)
def test_a_wrong_file_is_refused(text, said):
    with pytest.raises(BadInput, match=said):
        read(text)
