"""Setting up and looking after a desk (安装、体检、人员与密钥)."""

import stat
from pathlib import Path

import pytest

from dispatch import passwords
from dispatch.keys import digest
from tests.cli.conftest import hotline, real, told


def test_init_makes_everything_and_a_second_one_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    first = hotline("init", "--no-model", "--dir", folder)
    assert first.exit_code == 0 and "已建密钥文件" in first.stdout
    key = (folder / "seal.key").read_bytes()
    assert stat.S_IMODE((folder / "seal.key").stat().st_mode) == 0o600
    second = hotline("init", "--no-model", "--dir", folder)
    assert second.exit_code == 0 and "已建密钥文件" not in second.stdout
    assert (folder / "seal.key").read_bytes() == key


def test_init_with_a_faulty_pack_makes_nothing(tmp_path: Path) -> None:
    assert hotline("init", "--dir", tmp_path / "data", "--pack", "nowhere").exit_code == 2
    assert not (tmp_path / "data").exists()


def test_init_never_makes_a_new_key_over_old_tickets(desk_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("words\n路灯不亮\n", encoding="utf-8")
    assert hotline("import", file, "--text", "words", "--dir", desk_dir).exit_code == 0
    (desk_dir / "seal.key").rename(desk_dir / "kept.key")
    result = hotline("init", "--dir", desk_dir)
    assert result.exit_code == 2 and "放回原处" in result.stderr
    assert not (desk_dir / "seal.key").exists()


def test_migrate_says_that_there_is_nothing_to_do(desk_dir: Path) -> None:
    assert "已是最新" in hotline("migrate", "--dir", desk_dir).stdout


def test_doctor_finds_a_fresh_desk_well(desk_dir: Path) -> None:
    data = told(hotline("doctor", "--dir", desk_dir, "--json"))
    assert data["ok"] is True
    assert {"密钥", "数据库", "规则包", "模型", "队列", "待办", "时限"} <= {
        each["name"] for each in data["checks"]
    }


def _loose_key(folder: Path) -> None:
    (folder / "seal.key").write_text("{}", encoding="utf-8")


def _no_key(folder: Path) -> None:
    (folder / "seal.key").unlink()


def _no_database(folder: Path) -> None:
    (folder / "hotline.db").unlink()


def _no_sound_database(folder: Path) -> None:
    (folder / "hotline.db").write_bytes(b"not a database at all, but long enough to be read as one" * 20)


@pytest.mark.parametrize(
    ("harm", "part"),
    [(_loose_key, "密钥"), (_no_key, "密钥"), (_no_database, "数据库"), (_no_sound_database, "数据库")],
)
def test_doctor_says_which_part_is_ill_and_how_to_mend_it(harm, part: str, desk_dir: Path) -> None:
    harm(desk_dir)
    data = told(hotline("doctor", "--dir", desk_dir, "--json"), code=1)
    ill = [each for each in data["checks"] if not each["ok"]]
    assert [each["name"] for each in ill] == [part]
    assert ill[0]["says"] and ill[0]["mend"]


def test_doctor_creates_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    assert hotline("doctor", "--dir", tmp_path / "data").exit_code == 1
    assert not (tmp_path / "data").exists()


def test_doctor_names_a_misspelt_variable(desk_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABSE_URL", "sqlite:///x.db")
    data = told(hotline("doctor", "--dir", desk_dir, "--json"), code=1)
    assert any("HOTLINE_DATABSE_URL" in each["says"] for each in data["checks"] if not each["ok"])


def test_doctor_notices_a_queue_that_does_not_answer(desk_dir: Path) -> None:
    data = told(hotline("doctor", "--dir", desk_dir, "--redis", "redis://127.0.0.1:1/0", "--json"), code=1)
    assert [each["name"] for each in data["checks"] if not each["ok"]] == ["队列"]


def test_a_key_is_shown_once_and_only_its_digest_is_kept(desk_dir: Path, rows_of) -> None:
    made = told(hotline("key", "add", "console", "--role", "派单员", "--dir", desk_dir, "--json"))
    assert made["role"] == "dispatcher" and made["department"] is None
    assert rows_of("SELECT name, digest, role FROM api_key") == [
        ("console", digest(made["key"]), "dispatcher")
    ]


def test_a_departments_key_takes_its_code_or_its_name(desk_dir: Path) -> None:
    for word in ("water_supply", "自来水公司"):
        made = hotline(
            "key", "add", "k", "--role", "liaison", "--department", word, "--dir", desk_dir, "--json"
        )
        assert told(made)["department"] == "water_supply"


@pytest.mark.parametrize(
    "words",
    [
        ["--role", "king"],
        ["--role", "liaison"],
        ["--role", "liaison", "--department", "nowhere"],
        ["--role", "admin", "--department", "water_supply"],
    ],
)
def test_a_role_out_of_place_gets_no_key_and_no_user(words: list[str], desk_dir: Path, rows_of) -> None:
    assert hotline("key", "add", "k", *words, "--dir", desk_dir).exit_code == 2
    assert hotline("user", "add", "u", *words, "--dir", desk_dir).exit_code == 2
    assert rows_of("SELECT count(*) FROM api_key UNION ALL SELECT count(*) FROM user") == [(0,), (0,)]


def test_people_are_added_listed_and_disabled_with_a_password_that_fits(desk_dir: Path, rows_of) -> None:
    terms = ["--role", "handler", "--department", "housing", "--dir", desk_dir, "--json"]
    password = told(hotline("user", "add", "zhu", *terms))["password"]
    assert passwords.verify(password, rows_of("SELECT password FROM user")[0][0])
    assert hotline("user", "add", "zhu", *terms).exit_code == 2
    assert hotline("user", "disable", "zhu", "--dir", desk_dir).exit_code == 0
    assert hotline("user", "disable", "nobody", "--dir", desk_dir).exit_code == 2
    listed = hotline("user", "list", "--dir", desk_dir, "--json")
    role = {"role": "handler", "department": "housing"}
    assert told(listed) == [{"login": "zhu", "name": "zhu", "roles": [role], "disabled": True}]
    assert password not in listed.stdout and "argon2" not in listed.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["key", "add", "k", "--role", "admin"],
        ["user", "list"],
        ["model", "list"],
        ["ticker"],
        ["worker"],
        ["serve"],
    ],
)
def test_before_init_every_command_says_to_run_it(words: list[str], tmp_path: Path) -> None:
    result = hotline(*words, "--dir", tmp_path / "none")
    assert result.exit_code == 2
    assert "hotline init" in result.stderr


def test_a_database_that_cannot_be_reached_is_2_and_plain_words(desk_dir: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    result = real("user", "list", "--dir", desk_dir, "--database", url)
    assert result.returncode == 2
    assert "数据库" in result.stderr.decode() and b"Traceback" not in result.stderr


def test_a_folder_that_cannot_be_made_is_2_and_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = hotline("init", "--dir", tmp_path / "file" / "data")
    assert result.exit_code == 2 and "Traceback" not in result.stderr


def test_an_unknown_queue_is_refused(desk_dir: Path) -> None:
    assert hotline("worker", "--queues", "triage,nonsense", "--dir", desk_dir).exit_code == 2
