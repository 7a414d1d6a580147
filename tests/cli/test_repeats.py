"""Repeats on the command line (查重命令): lines in, answers out, from earlier lines only."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import environment, hotline, real

FEE = {"id": "a", "user": "u1", "time": "2026-03-01 09:00:00", "title": "听橹家园物业乱收停车费",
       "body": "听橹家园物业从上月起每月多收一百元停车费，没有公示。"}  # fmt: skip
BUS = {
    "id": "b",
    "user": "u2",
    "time": "2026-03-02 09:00:00",
    "title": "205路公交车不按时发车",
    "body": "等了一个小时。",
}
AGAIN = {"id": "c", "user": "u3", "time": "2026-03-05T08:00:00+08:00", "title": "停车费涨价不公示",
         "body": "听橹家园停车费突然涨了一百元，物业不公示。"}  # fmt: skip
COPY = {**FEE, "id": "d", "user": "u4", "time": "2026-03-06", "title": FEE["title"].replace("听橹", "望江"),
        "body": FEE["body"].replace("听橹", "望江")}  # fmt: skip


def asked(*lines: object) -> bytes:
    """These objects as JSON lines; bytes as they are."""
    return b"".join(
        line + b"\n" if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() + b"\n"
        for line in lines
    )


def answers(*lines: object) -> list[dict]:
    result = hotline("repeats", given=asked(*lines))
    assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_second_telling_finds_the_first_and_says_why() -> None:
    first, bus, again, copy = answers(FEE, BUS, AGAIN, COPY)
    assert first == {"id": "a", "matches": [], "decision": "other", "because": []}
    assert (bus["id"], bus["decision"]) == ("b", "other")
    assert again["matches"][0][0] == "a" and again["matches"][0][1] >= 0.8
    assert again["decision"] == "same"
    assert "同一地点：听橹家园" in again["because"] and "相隔 4 天" in again["because"]
    assert copy["decision"] == "other" and all(p < 0.5 for _, p in copy["matches"])


def test_matches_are_earlier_lines_best_first_and_at_most_200() -> None:
    lines = [{**FEE, "id": at, "user": None, "body": f"{FEE['body']}第{at}次反映。"} for at in range(260)]
    found = answers(*lines)
    assert [each["id"] for each in found] == list(range(260))
    for at, each in enumerate(found):
        assert all(earlier < at for earlier, _ in each["matches"])
        likely = [p for _, p in each["matches"]]
        assert likely == sorted(likely, reverse=True) and len(likely) <= 200
        assert all(0 < p <= 1 for p in likely)
    assert found[-1]["matches"]


def test_the_same_input_gives_the_same_answer_with_and_without_json() -> None:
    given = asked(FEE, BUS, AGAIN, COPY)
    plain, asked_for = hotline("repeats", given=given), hotline("repeats", "--json", given=given)
    assert plain.stdout == asked_for.stdout != ""


def test_a_later_line_changes_no_earlier_answer() -> None:
    whole = answers(FEE, BUS, AGAIN, COPY)
    for size in range(4):
        assert answers(*(FEE, BUS, AGAIN, COPY)[:size]) == whole[:size]


@pytest.mark.parametrize(
    "words",
    [
        {"title": "", "body": ""},
        {"title": None, "body": " 。"},
        {"title": "", "body": "[姓名]"},
        {"body": ""},
    ],
)
def test_an_empty_text_matches_nothing_and_is_never_found(words: dict) -> None:
    empty = {"time": "2026-03-01", **words}
    found = answers({**empty, "id": 1}, FEE, {**empty, "id": 2, "user": "u1"}, {**empty, "id": 3})
    assert [each["decision"] for each in found] == ["other"] * 4
    assert [each["matches"] for each in found] == [[]] * 4


@pytest.mark.parametrize("line_id", ["甲", 12, -3, 'a"b\\', "\ud800", " "])
def test_an_id_comes_back_as_it_was(line_id: object) -> None:
    line = json.dumps({**FEE, "id": line_id}).encode()
    again = json.dumps({**AGAIN, "id": "other"}).encode()
    first, second = answers(line, again)
    assert first["id"] == line_id and second["matches"][0][0] == line_id


@pytest.mark.parametrize("user", [None, "", "u9", 7])
def test_a_caller_may_be_unknown(user: object) -> None:
    told = [{**FEE, "user": user}, {**AGAIN, "user": user}]
    again = answers(*told)[1]
    assert ("同一诉求人" in again["because"]) is (user not in (None, ""))
    without = [{name: value for name, value in each.items() if name != "user"} for each in told]
    assert "同一诉求人" not in answers(*without)[1]["because"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"not json", "JSON"),
        (b"{", "JSON"),
        (b"[1]", "JSON 对象"),
        (b"[" * 100_000, "JSON"),
        (b'{"id": NaN, "time": "2026-03-01", "body": ""}', "JSON"),
        ("噪音".encode("gb18030"), "UTF-8"),
        (b'{"time": "2026-03-01", "body": ""}', "id"),
        (b'{"id": "", "time": "2026-03-01", "body": ""}', "id"),
        (b'{"id": null, "time": "2026-03-01", "body": ""}', "id"),
        (b'{"id": true, "time": "2026-03-01", "body": ""}', "id"),
        (b'{"id": [1], "time": "2026-03-01", "body": ""}', "id"),
        (b'{"id": "a", "time": "2026-03-01", "body": ""}', "第 1 行"),
        (b'{"id": 1, "body": ""}', "时间"),
        (b'{"id": 1, "time": "soon", "body": ""}', "soon"),
        (b'{"id": 1, "time": "2026-02-30", "body": ""}', "2026-02-30"),
        (b'{"id": 1, "time": "2026-03-01", "text": "x"}', "title"),
        (b'{"id": 1, "time": "2026-03-01", "body": 3}', "body"),
        (b'{"id": 1, "time": "2026-03-01", "title": [], "body": ""}', "title"),
        (b'{"id": 1, "time": "2026-03-01", "body": "", "user": {}}', "user"),
    ],
)
def test_a_bad_line_is_named_and_the_lines_before_it_are_answered(line: bytes, words: str) -> None:
    result = hotline("repeats", given=asked(FEE, b"", line, BUS))
    assert result.exit_code == 2
    assert [json.loads(each)["id"] for each in result.stdout.splitlines()] == ["a"]
    assert "第 3 行" in result.stderr and words in result.stderr
    assert "Traceback" not in result.stderr


def test_nothing_in_is_nothing_out() -> None:
    assert answers() == []
    assert answers(b"", b"  \r") == []


def test_marks_and_windows_line_ends_are_no_trouble() -> None:
    line = b"\xef\xbb\xbf" + json.dumps(FEE).encode() + b"\r"
    assert answers(line, AGAIN)[1]["matches"][0][0] == "a"
    assert hotline("repeats", given=asked(FEE).rstrip(b"\n")).stdout.count("\n") == 1


def test_a_real_process_answers_each_line_before_the_next_is_asked(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "cli", "repeats"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), cwd=tmp_path, bufsize=0, **pipes) as running:
        for line in (FEE, BUS, AGAIN):
            running.stdin.write(asked(line))
            assert json.loads(running.stdout.readline())["id"] == line["id"]
        running.stdin.close()
        assert running.stdout.read() == b""
    assert running.returncode == 0
    assert list(tmp_path.iterdir()) == []  # no database, no key, no log


def test_a_real_process_writes_utf8_whatever_the_terminal_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = real("repeats", input=asked({**FEE, "id": "甲"}))
    assert (result.returncode, result.stderr) == (0, b"")
    assert json.loads(result.stdout.decode())["id"] == "甲"
