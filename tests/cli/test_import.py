"""Bulk intake as people run it (批量导入命令)."""

import csv
import gzip
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import environment, hotline, real, told

TEXTS = ["听橹家园停水一整天了", "小学门口摊贩占道", "夜里工地太吵", "路灯坏了三盏"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Four good rows and a bad one, all long ago."""
    path = tmp_path / "old.csv"
    lines = [
        "no,when,words",
        *(f"n{at},2018-01-0{at + 1},{text}" for at, text in enumerate(TEXTS)),
        "n9,2018-01-09,",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def load(file: Path, folder: Path, *more: object):
    columns = ["--text", "words", "--received", "when", "--external-id", "no"]
    return hotline("import", file, *columns, "--dir", folder, "--json", *more)


def test_every_row_is_a_ticket_or_rejected_and_a_second_run_adds_nothing(
    file: Path, desk_dir: Path, rows_of
) -> None:
    first = told(load(file, desk_dir), code=1)
    assert (first["rows"], first["tickets"], first["joined"], first["known"], first["rejected"]) == (
        5,
        4,
        0,
        0,
        1,
    )
    assert set(first) >= {"rejects_path", "seconds", "rate", "peak_mb"}
    second = told(load(file, desk_dir), code=1)
    assert (second["tickets"], second["known"], second["rejected"]) == (0, 4, 1)
    assert rows_of("SELECT count(*) FROM ticket") == [(4,)]


def test_the_rejects_file_has_line_reason_and_the_cells(file: Path, desk_dir: Path) -> None:
    data = told(load(file, desk_dir), code=1)
    assert data["rejects_path"] == str(file.with_name("old.rejects.csv"))
    with open(data["rejects_path"], encoding="utf-8-sig", newline="") as written:
        assert list(csv.reader(written)) == [
            ["line", "reason", "no", "when", "words"],
            ["6", "请填写诉求内容", "n9", "2018-01-09", ""],
        ]


def test_an_old_rejects_file_goes_when_nothing_is_rejected_any_more(file: Path, desk_dir: Path) -> None:
    load(file, desk_dir)
    file.write_text(
        file.read_text(encoding="utf-8").replace("n9,2018-01-09,", "n9,2018-01-09,新的内容"), encoding="utf-8"
    )
    assert told(load(file, desk_dir))["rejects_path"] is None
    assert not file.with_name("old.rejects.csv").exists()


def test_old_rows_are_history_by_themselves_with_deadlines_and_no_step(
    file: Path, desk_dir: Path, rows_of
) -> None:
    load(file, desk_dir)
    assert rows_of("SELECT DISTINCT stage FROM ticket") == [("archived",)]
    assert rows_of("SELECT DISTINCT state, next_at IS NULL, due_at IS NULL FROM clock") == [("history", 1, 0)]
    assert rows_of("SELECT count(*) FROM outbox") == [(0,)]
    assert rows_of("SELECT count(*) FROM decision") == [(4,)]
    days = rows_of("SELECT substr(number, 7, 8) FROM ticket ORDER BY number")
    assert days == [("20180101",), ("20180102",), ("20180103",), ("20180104",)]
    happened = rows_of(
        "SELECT DISTINCT e.at = t.received_at FROM event e JOIN ticket t ON t.number = e.ticket"
    )
    assert happened == [(1,)]


def test_open_history_waits_for_a_department_or_a_dispatcher(file: Path, desk_dir: Path, rows_of) -> None:
    load(file, desk_dir, "--history", "--open")
    stages = rows_of("SELECT stage, department IS NULL FROM ticket ORDER BY number")
    assert stages[0] == ("to_sign", 0)  # the rule for water needs no model
    assert stages[3] == ("to_dispatch", 1)
    assert rows_of(
        "SELECT count(*) FROM outbox UNION ALL SELECT count(*) FROM clock WHERE next_at IS NOT NULL"
    ) == [
        (0,),
        (0,),
    ]


def test_fresh_rows_are_alive_with_notices_and_steps(tmp_path: Path, desk_dir: Path, rows_of) -> None:
    file = tmp_path / "new.csv"
    file.write_text(
        "words,kind,way\n听橹家园停水一整天了,求助,电话\n路灯坏了三盏,没有这类,\n", encoding="utf-8"
    )
    terms = ["--text", "words", "--type", "kind", "--channel", "way", "--dir", desk_dir, "--json"]
    assert told(hotline("import", file, *terms))["tickets"] == 2
    assert told(hotline("import", file, *terms))["known"] == 2
    assert rows_of("SELECT stage, type, channel FROM ticket ORDER BY number") == [
        ("to_sign", "help", "phone"),
        ("to_dispatch", "other", "phone"),
    ]
    assert rows_of("SELECT count(*) > 0 FROM outbox WHERE kind = 'notices'") == [(1,)]
    assert rows_of("SELECT count(*) FROM outbox WHERE kind = 'triage'") == [(0,)]
    assert rows_of("SELECT count(*) > 0 FROM clock WHERE next_at IS NOT NULL") == [(1,)]


def test_an_unknown_channel_and_a_number_twice_are_rejected(tmp_path: Path, desk_dir: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("no,words,way\n1,路灯坏了,飞鸽传书\n2,停水了,网站\n2,另一件事,网站\n", encoding="utf-8")
    terms = ["--text", "words", "--channel", "way", "--external-id", "no", "--dir", desk_dir, "--json"]
    for _ in range(2):
        assert told(hotline("import", file, *terms), code=1)["rejected"] == 2
    written = (tmp_path / "new.rejects.csv").read_text(encoding="utf-8-sig")
    assert "飞鸽传书" in written and "第3行" in written


def test_a_callers_second_row_about_the_same_matter_joins_the_first(
    tmp_path: Path, desk_dir: Path, rows_of
) -> None:
    file = tmp_path / "new.csv"
    file.write_text(
        "words,who\n听橹家园停水一整天了,19900000001\n听橹家园停水一整天了！,199-0000-0001\n"
        "听橹家园停水一整天了,19900000002\n门口摊贩占道,19900000001\n",
        encoding="utf-8",
    )
    data = told(hotline("import", file, "--text", "words", "--caller", "who", "--dir", desk_dir, "--json"))
    assert (data["tickets"], data["joined"]) == (3, 1)
    assert rows_of("SELECT count(DISTINCT ticket), count(*) FROM request") == [(3, 4)]
    assert rows_of("SELECT count(*) FROM event WHERE kind = 'joined'") == [(1,)]


def test_danger_to_life_in_a_fresh_row_is_passed_on_and_not_dispatched(
    tmp_path: Path, desk_dir: Path, rows_of
) -> None:
    file = tmp_path / "new.csv"
    file.write_text("words\n有人掉进河里了，正在喊救命，快来人\n", encoding="utf-8")
    assert hotline("import", file, "--text", "words", "--dir", desk_dir).exit_code == 0
    assert rows_of("SELECT stage FROM ticket") == [("transferred",)]


def test_a_gzip_file_and_a_gb18030_file_are_read(file: Path, desk_dir: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    data = told(load(packed, desk_dir), code=1)
    assert data["tickets"] == 4 and data["rejects_path"].endswith("packed.rejects.csv")
    other = tmp_path / "other.csv"
    other.write_bytes(file.read_text(encoding="utf-8").encode("gb18030"))
    result = load(other, desk_dir)
    assert told(result, code=1)["known"] == 4
    assert "GB18030" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.csv", None, "找不到"),
        ("empty.csv", b"", "空"),
        ("columns.csv", b"no,when,text\n1,2018-01-01,x\n", "words"),
        ("cut.csv.gz", gzip.compress(b"no,when,words\n" + b"1,2018-01-01,xyz\n" * 9000)[:-40], "压缩"),
        ("no.csv.gz", b"no,when,words\n", "压缩"),
        (
            "broken.csv",
            b"no,when,words\n" + ("1,2018-01-01," + "停水" * 9 + "\n").encode() * 3 + b"\xff\xfe\n",
            "第5行",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_2_and_says_where(
    name: str, content: bytes | None, words: str, tmp_path: Path, desk_dir: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = load(tmp_path / name, desk_dir)
    assert result.exit_code == 2 and result.stdout == ""
    assert words in result.stderr and "Traceback" not in result.stderr


def test_a_process_killed_in_the_middle_is_made_good_by_running_again(
    tmp_path: Path, desk_dir: Path, rows_of
) -> None:
    file = tmp_path / "many.csv"
    body = "".join(f"{at},2018-01-01,第{at}件：路灯坏了\n" for at in range(2400))
    file.write_text("no,when,words\n" + body, encoding="utf-8")
    columns = ["--text", "words", "--received", "when", "--external-id", "no", "--dir", str(desk_dir)]
    command = [sys.executable, "-P", "-m", "cli", "import", str(file), *columns]
    running = subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while running.poll() is None and rows_of("SELECT count(*) FROM ticket") == [(0,)]:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert 0 < rows_of("SELECT count(*) FROM ticket")[0][0] < 2400
    assert hotline("import", file, *columns).exit_code == 0
    assert rows_of("SELECT count(*), count(DISTINCT external_id) FROM ticket") == [(2400, 2400)]


def test_a_full_disk_is_2_and_keeps_every_batch_before_it(tmp_path: Path, desk_dir: Path, rows_of) -> None:
    file = tmp_path / "many.csv"
    file.write_text(
        "no,when,words\n" + "".join(f"{at},2018-01-01,第{at}件\n" for at in range(1500)), encoding="utf-8"
    )

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    columns = ["--text", "words", "--received", "when", "--external-id", "no"]
    result = real("import", file, *columns, "--dir", desk_dir, preexec_fn=small_disk)
    assert result.returncode == 2
    assert "磁盘" in result.stderr.decode() and b"Traceback" not in result.stderr
    assert rows_of("SELECT count(*) FROM ticket")[0][0] in (500, 1000)
    assert hotline("import", file, *columns, "--dir", desk_dir).exit_code == 0
    assert rows_of("SELECT count(*), count(DISTINCT external_id) FROM ticket") == [(1500, 1500)]
