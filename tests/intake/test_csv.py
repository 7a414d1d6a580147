"""Rows of a file, good and bad; all rows are invented."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from intake.csv import Accepted, Columns, Rejected, Row, rows
from rules.errors import BadInput
from rules.terms import CHINA, TicketType

NOW = datetime(2026, 7, 14, 9, 30, tzinfo=CHINA)


def read(text: str, columns: Columns | None = None) -> list[Row]:
    return list(rows(text.splitlines(keepends=True), columns or Columns("内容"), NOW))


def lines_of(found: list[Row], kind: type) -> list[int]:
    return [row.line for row in found if isinstance(row, kind)]


def test_mapped_columns_become_a_request() -> None:
    columns = Columns("内容", "时间", "渠道", "编号", "电话", "标题", "地点", "类型")
    text = "编号,内容,时间,渠道,电话,标题,地点,类型\nA1,路灯不亮,2026/7/1,微信,13812345678,路灯,东街,投诉\n"
    (row,) = read(text, columns)
    assert isinstance(row, Accepted)
    assert row.line == 2
    taken = row.request
    assert (taken.external_id, taken.channel, taken.title, taken.place) == ("A1", "wechat", "路灯", "东街")
    assert taken.type is TicketType.COMPLAIN
    assert taken.caller.phone == "13812345678"
    assert (taken.received_at, taken.received_time_known) == (datetime(2026, 7, 1, tzinfo=CHINA), False)


def test_without_a_received_column_the_moment_of_the_import_is_taken() -> None:
    (row,) = read("内容\n路灯\n")
    assert isinstance(row, Accepted)
    assert (row.request.received_at, row.request.received_time_known) == (NOW, True)


def test_a_bad_row_is_rejected_with_line_and_reason_and_the_others_go_on() -> None:
    text = (
        "内容,时间\n路灯一,2026-07-01\n,2026-07-01\n路灯二,某天\n路灯三,\n路灯四,2027-01-01\n路灯五\n路灯六,a,b\n"
        "\n路灯\0七,2026-07-01\n路灯八,2026-07-02\n"
    )
    found = read(text, Columns("内容", "时间"))
    assert lines_of(found, Accepted) == [2, 11]
    reasons = {row.line: row.reason for row in found if isinstance(row, Rejected)}
    assert sorted(reasons) == [3, 4, 5, 6, 7, 8, 10]
    assert reasons[3] == "请填写诉求内容"
    assert "某天" in reasons[4]
    assert "没有写受理时间" in reasons[5]
    assert "还没有到" in reasons[6]
    assert "1列，表头有2列" in reasons[7]
    assert "3列，表头有2列" in reasons[8]
    assert "空字节" in reasons[10]


def test_lines_inside_quotes_are_counted() -> None:
    found = read('内容,编号\n"第一行\r\n第二行",1\n坏,行,多\n"含""引号""，和,逗号",2\n')
    assert lines_of(found, Accepted) == [2, 5]
    assert lines_of(found, Rejected) == [4]
    assert isinstance(found[0], Accepted)
    assert found[0].request.text == "第一行\n第二行"


@pytest.mark.parametrize(
    "text",
    [
        '内容,编号\n"没有闭合,1\n路灯二,2\n路灯三,3\n',
        '内容,编号\n"没有闭合,1\n"路灯二",2\n路灯三,3\n',
        '内容,编号\n1,"没有闭合\n路灯二,"2"\n路灯三,3\n',
        '内容,编号\n"闭合"之后还有字,1\n路灯二,2\n路灯三,3\n',
    ],
)
def test_an_open_quote_costs_its_own_line_and_not_the_rest_of_the_file(text: str) -> None:
    found = read(text)
    assert lines_of(found, Rejected) == [2]
    assert [row.request.text for row in found if isinstance(row, Accepted)] == ["路灯二", "路灯三"]


def test_a_field_longer_than_the_reader_takes_is_rejected_alone() -> None:
    found = read("内容\n" + "长" * 200_000 + "\n路灯\n" + "长" * 20_001 + "\n")
    assert lines_of(found, Accepted) == [3]
    assert [row.reason for row in found if isinstance(row, Rejected)] == [
        "这一行有200001字，太长，最多131072字。",
        "诉求内容有20001字，最多20000字。",
    ]


def test_an_open_quote_in_a_long_file_is_given_up_in_time() -> None:
    found = read('内容\n"没有闭合\n' + "路灯\n" * 3_000)
    assert lines_of(found, Rejected) == [2]
    assert len(lines_of(found, Accepted)) == 3_000


def test_equal_rows_have_keys_of_their_own_and_the_same_ones_again() -> None:
    text = "内容,备注\n路灯,a\n井盖,b\n路灯,c\n"
    keys = [row.request.external_id for row in read(text) if isinstance(row, Accepted)]
    assert keys == [row.request.external_id for row in read(text) if isinstance(row, Accepted)]
    assert len(set(keys)) == 3
    first, _, third = (str(key) for key in keys)
    assert first.startswith("sha256:")
    assert first.endswith("#1")
    assert third == first.removesuffix("#1") + "#2"


def test_a_mended_twin_does_not_move_the_keys_of_the_others() -> None:
    columns = Columns("内容", "时间")
    broken = read("内容,时间\n路灯,坏\n路灯,2026-07-01\n", columns)
    mended = read("内容,时间\n路灯,2026-07-02\n路灯,2026-07-01\n", columns)
    assert isinstance(broken[1], Accepted)
    assert isinstance(mended[1], Accepted)
    assert broken[1].request.external_id == mended[1].request.external_id


def test_numbers_that_a_table_program_made_alike_are_refused_not_swallowed_as_one() -> None:
    found = read("编号,内容\n9.99E+20,路灯\n9.99E+20,积水\n", Columns("内容", external_id="编号"))
    assert lines_of(found, Rejected) == [2, 3]
    assert isinstance(found[0], Rejected) and "文本格式" in found[0].reason


def test_a_blank_external_id_falls_back_to_the_key_of_the_row() -> None:
    first, second = read("内容,编号\n路灯,A\n路灯, \n", Columns("内容", external_id="编号"))
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.request.external_id == "A"
    assert str(second.request.external_id).startswith("sha256:")


@pytest.mark.parametrize(
    ("said", "name", "phone", "reference"),
    [
        ("13812345678", None, "13812345678", None),
        ("0999-5123456转8", None, "09995123456x8", None),
        ("张三", "张三", None, None),
        ("138****5678", "138****5678", None, None),
        ("user0042", None, None, "user0042"),
        ("20180012345", None, None, "20180012345"),
        ("", None, None, None),
    ],
)
def test_a_caller_is_a_number_a_name_or_a_code(
    said: str, name: str | None, phone: str | None, reference: str | None
) -> None:
    (row,) = read(f"内容,人\n路灯,{said}\n", Columns("内容", caller="人"))
    assert isinstance(row, Accepted)
    caller = row.request.caller
    assert (caller.name, caller.phone, caller.reference) == (name, phone, reference)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "空的"),
        ("\n\n", "空的"),
        ("标题,正文\n", "内容"),
        ("内容,内容\n", "重名的列：内容"),
        ('"内容\n路灯\n', "表头"),
    ],
)
def test_a_wrong_header_stops_the_import_at_once(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        rows(text.splitlines(keepends=True), Columns("内容"), NOW)


def test_a_missing_column_is_named_with_those_there_are() -> None:
    with pytest.raises(BadInput) as caught:
        rows(["标题,正文\n"], Columns("内容", "时间"), NOW)
    assert "内容、时间" in caught.value.detail
    assert "标题、正文" in str(caught.value.advice)


def test_a_byte_order_mark_and_blanks_around_names_do_no_harm() -> None:
    assert len(read("\ufeff 内容 ,,\n路灯,,\n")) == 1
    assert len(read('\ufeff"内容",备注\n路灯,\n')) == 1


def test_rows_are_read_as_they_come() -> None:
    def endless() -> Iterator[str]:
        yield "内容\n"
        while True:
            yield "路灯\n"

    stream = rows(endless(), Columns("内容"), NOW)
    assert [next(stream).line for _ in range(3)] == [2, 3, 4]


def test_words_of_the_pack_and_unknown_channels() -> None:
    text = ["内容,渠道\n", "路灯,县长信箱\n", "路灯,飞鸽\n", "路灯,\n"]
    first, second, third = rows(
        text, Columns("内容", channel="渠道"), NOW, channel_words={"县长信箱": "mailbox"}
    )
    assert isinstance(first, Accepted)
    assert first.request.channel == "mailbox"
    assert isinstance(second, Rejected)
    assert "飞鸽" in second.reason
    assert isinstance(third, Accepted)
    assert third.request.channel == "phone"


def test_a_row_of_tomorrow_morning_is_still_taken() -> None:
    near = (NOW + timedelta(hours=20)).isoformat()
    (row,) = read(f"内容,时间\n路灯,{near}\n", Columns("内容", "时间"))
    assert isinstance(row, Accepted)
