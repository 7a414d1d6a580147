"""Limits and packs without a database (时限与规则命令)."""

from pathlib import Path

import pytest

from tests.cli.conftest import hotline, told


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        ("2026-02-13", "1", "2026-02-14"),
        ("2026-02-13", "5", "2026-02-27"),
        ("2026-02-10", "15", "2026-03-09"),
        ("2026-04-30", "5", "2026-05-11"),
        ("2026-09-30", "5", "2026-10-13"),
        ("2025-09-28", "5", "2025-10-11"),
        ("2025-09-30", "5", "2025-10-14"),
        ("2026-11-18T09:00:00+08:00", "0", "2026-11-18"),
        ("2026年11月18日 9时", "0.5", "2026-11-18"),
    ],
)
def test_workday_add_prints_the_due_instant_first(start: str, n: str, due: str) -> None:
    result = hotline("workday", "add", start, n)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith(due)
    assert result.stdout.splitlines()[0].endswith("+08:00")
    assert told(hotline("workday", "add", start, n, "--json"))["due_at"] == result.stdout.splitlines()[0]


def test_workday_add_names_the_days_it_passed_over() -> None:
    skipped = told(hotline("workday", "add", "2026-04-30", "1", "--json"))["skipped"]
    assert {"date": "2026-05-01", "why": "劳动节"} in skipped


def test_workday_between_counts_what_add_added() -> None:
    assert told(hotline("workday", "between", "2026-02-10", "2026-03-09", "--json"))["workdays"] == 15


@pytest.mark.parametrize(
    "words",
    [
        ["workday", "add", "昨天", "1"],
        ["workday", "add", "2026-02-30", "1"],
        ["workday", "add", "2026-02-13", "1.5"],
        ["workday", "add", "2026-02-13", "many"],
        ["workday", "add", "2199-01-01", "1"],
        ["workday", "add"],
        ["due", "--pack", "demo-county", "--type", "抱怨", "--received", "2026-01-05"],
        ["due", "--pack", "demo-county", "--type", "投诉", "--received", "x"],
        ["due", "--pack", "nowhere", "--type", "投诉", "--received", "2026-01-05"],
        ["due", "--pack", "demo-county", "--type", "投诉", "--received", "2026-01-05", "--urgency", "很急"],
        ["due", "--type", "投诉"],
        ["nonsense"],
        ["pack", "check", "nowhere"],
        ["serve", "--port", "70000"],
    ],
)
def test_wrong_use_ends_with_2_and_says_why_in_chinese(words: list[str]) -> None:
    result = hotline(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert any("\u4e00" <= letter <= "\u9fff" for letter in result.stderr)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["seal rotate"])
def test_a_command_not_built_yet_says_so_in_one_line(command: str) -> None:
    result = hotline(*command.split(), "--days", "3", "x")
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


def test_due_has_exactly_the_promised_keys() -> None:
    data = told(
        hotline("due", "--pack", "demo-county", "--type", "complain", "--received", "2026-09-30", "--json")
    )
    assert set(data) == {"clocks", "skipped", "no_limit"}
    assert [each["kind"] for each in data["clocks"]] == ["dispatch", "sign", "first_contact", "handle"]
    for each in data["clocks"]:
        assert set(each) == {"kind", "scope", "due_at", "steps", "provisional", "why"}
        assert each["why"]["due_at"] == each["due_at"] and each["why"]["adds_up"]
        assert each["steps"] and all(set(step) == {"step", "at"} for step in each["steps"])
        assert each["provisional"] is False
    assert data["clocks"][-1]["due_at"] == "2026-10-27T17:30:00+08:00"
    assert {"date": "2026-10-01", "why": "国庆节"} in data["skipped"]


@pytest.mark.parametrize(
    ("word", "chinese"), [("consult", "咨询"), ("help", "求助"), ("other", "其他"), ("praise", "表扬")]
)
def test_due_takes_english_and_chinese_words_for_the_same(word: str, chinese: str) -> None:
    terms = ["--received", "2026-11-18 10:00", "--pack", "demo-county", "--json"]
    assert hotline("due", "--type", word, *terms).stdout == hotline("due", "--type", chinese, *terms).stdout


def test_due_in_the_words_for_people_names_every_step() -> None:
    result = hotline(
        "due", "--pack", "demo-county", "--type", "投诉", "--urgency", "特急", "--received", "2026-11-18"
    )
    assert result.exit_code == 0
    assert "办理时限" in result.stdout and "supervise_3" in result.stdout


def test_due_says_why_and_by_which_clause() -> None:
    result = hotline("due", "--pack", "sichuan-2026", "--type", "投诉", "--received", "2026-09-30 17:00")
    told_lines = [line for line in result.stdout.splitlines() if "15 个工作日" in line]
    assert told_lines[0] == (
        "办理时限：从 9月30日 17:00 派单起算，投诉 15 个工作日：跳过 10月1日–7日国庆节、10月11日周日、"
        "10月17日–18日周末、10月24日–25日周末；10月10日国庆节调休上班，照算，10月27日 周二 17:30 截止。"
    )
    assert "依据：四川省12345热线办法（2026年）规则包，handle_complain_report" in result.stdout


def test_due_says_that_praise_has_no_limit() -> None:
    terms = ["due", "--pack", "demo-county", "--type", "表扬", "--received", "2026-11-18 10:00"]
    assert "表扬件（一般）不设办理时限，依据：" in hotline(*terms).stdout
    data = told(hotline(*terms, "--json"))
    assert [each["kind"] for each in data["no_limit"]] == ["handle"]
    assert "handle" not in [each["kind"] for each in data["clocks"]]


def test_due_marks_a_year_without_a_notice() -> None:
    data = told(
        hotline("due", "--pack", "demo-county", "--type", "投诉", "--received", "2026-12-30", "--json")
    )
    assert data["clocks"][-1]["provisional"] is True


def test_pack_check_of_the_shipped_pack_runs_its_cases_and_finds_nothing() -> None:
    result = hotline("pack", "check", "demo-county")
    assert result.exit_code == 0, result.stdout
    assert "没有发现错误" in result.stdout


@pytest.mark.parametrize("name", ["sichuan-2026", "lvliang-2024", "jingan-2019"])
def test_due_takes_the_shipped_city_packs_by_name(name: str) -> None:
    data = told(hotline("due", "--pack", name, "--type", "投诉", "--received", "2026-09-30", "--json"))
    days = {"sichuan-2026": "2026-10-27", "lvliang-2024": "2026-10-13", "jingan-2019": "2026-10-13"}
    assert [each["kind"] for each in data["clocks"]] == ["dispatch", "sign", "first_contact", "handle"]
    assert data["clocks"][-1]["due_at"].startswith(days[name])
    assert hotline("init", "--pack", name, "--dir", "data").exit_code == 2


def test_pack_check_of_a_pack_that_is_only_extended_says_what_it_lacks_and_is_no_failure() -> None:
    result = hotline("pack", "check", "national")
    assert result.exit_code == 0
    assert "只供继承" in result.stdout and "没有 departments.toml" in result.stdout
    data = told(hotline("pack", "check", "national", "--json"))
    assert data["ok"] is True and data["abstract"] is True and len(data["merged"]) > 50


def test_pack_explain_says_which_rule_and_why_no_other(tmp_path: Path) -> None:
    ticket = tmp_path / "ticket.json"
    ticket.write_text('{"text": "请帮忙挪车，堵在小区出口了", "type": "求助"}', encoding="utf-8")
    result = hotline("pack", "explain", "demo-county", ticket)
    assert result.exit_code == 0
    assert "前面没有用上的规则" in result.stdout and "办理时限" in result.stdout
    data = told(hotline("pack", "explain", "demo-county", ticket, "--json"))
    assert data["decision"]["origin"]["file"] == "routing.toml"
    for wrong in (["nowhere", ticket], ["demo-county", tmp_path / "none.json"]):
        assert hotline("pack", "explain", *wrong).exit_code == 2


def test_replay_reads_the_past_under_another_pack(desk_dir: Path) -> None:
    span = ["--from", "2026-11-01", "--to", "2026-11-30", "--dir", desk_dir]
    data = told(hotline("replay", "--pack", "lvliang-2024", *span, "--json"))
    assert (data["pack"]["name"], data["tickets"], data["changed"]) == ("lvliang-2024", 0, 0)
    result = hotline("replay", "--pack", "demo-county", *span)
    assert result.exit_code == 0 and "重算 0 张工单" in result.stdout
    for wrong in (["--pack", "nowhere", *span], ["--pack", "demo-county", *span[2:]]):
        assert hotline("replay", *wrong).exit_code == 2
    assert (
        hotline(
            "replay", "--pack", "demo-county", "--from", "2026-11-02", "--to", "2026-11-01", *span[4:]
        ).exit_code
        == 2
    )


def test_pack_check_names_file_and_line_of_every_fault(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "pack.toml").write_text('name = "x"\nnonsense = 1\n', encoding="utf-8")
    result = hotline("pack", "check", folder)
    assert result.exit_code == 1
    assert "pack.toml" in result.stdout and "2" in result.stdout and "nonsense" in result.stdout
