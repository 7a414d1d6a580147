"""Models on the command line (模型命令): train, predict, evaluate, activate, roll back."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import hotline, real, told

MATTERS = {
    "water_supply": ["停水", "水管漏水", "水压太低", "水表坏了", "自来水发黄"],
    "traffic_police": ["乱停车", "红绿灯坏了", "货车闯禁行", "斑马线看不清", "挡住车库"],
    "labour": ["拖欠工资", "不签合同", "社保断缴", "加班没有钱", "工伤认定"],
}
PLACES = [
    "东门",
    "西街",
    "南巷",
    "北路",
    "学校旁",
    "市场口",
    "桥头",
    "车站前",
    "公园里",
    "医院外",
    "河边",
    "村口",
]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """180 invented tickets whose department is known, one without text and one without label."""
    path = tmp_path_factory.mktemp("past") / "past.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["title", "words", "unit", "batch"])
        for unit, matters in MATTERS.items():
            for matter in matters:
                out.writerows([matter, f"{place}{matter}，请处理", unit, ""] for place in PLACES)
        out.writerow(["", "", "labour", ""])
        out.writerow(["停水", "没有单位", "", ""])
    return path


@pytest.fixture(scope="module")
def bundle(past: Path) -> Path:
    out = past.with_name("bundle")
    data = told(
        hotline(
            "train",
            past,
            "--text",
            "title,words",
            "--label",
            "unit",
            "--group",
            "batch",
            "--out",
            out,
            "--json",
        )
    )
    assert (data["rows"], data["left_out"]) == (180, 2)
    assert 0 <= data["accuracy"] <= 1 and data["bundle"] == str(out)
    return out


def test_training_never_overwrites(bundle: Path, past: Path) -> None:
    before = sorted((each.name, each.read_bytes()) for each in bundle.iterdir())
    result = hotline("train", past, "--text", "words", "--label", "unit", "--out", bundle)
    assert result.exit_code == 2
    assert sorted((each.name, each.read_bytes()) for each in bundle.iterdir()) == before


@pytest.mark.parametrize(
    "words", [["--text", "nothing", "--label", "unit"], ["--text", "words", "--label", "nothing"]]
)
def test_a_column_that_is_not_there_is_named_with_those_that_are(
    words: list[str], past: Path, tmp_path: Path
) -> None:
    result = hotline("train", past, *words, "--out", tmp_path / "b")
    assert result.exit_code == 2
    assert "nothing" in result.stderr and "title" in result.stderr


def test_evaluate_gives_all_the_figures(bundle: Path, past: Path) -> None:
    data = told(hotline("evaluate", bundle, past, "--text", "title,words", "--label", "unit", "--json"))
    assert {"accuracy", "macro_f1", "top3", "ece", "coverage", "precision_at_gate"} <= set(data)
    assert data["n"] == 180 and data["accuracy"] > 0.9


def test_predict_answers_every_line_in_order(bundle: Path) -> None:
    lines = [{"id": "a", "text": "东门停水"}, {"id": 2, "text": ""}, {"id": "c", "text": "拖欠工资"}]
    given = "\n".join([*(json.dumps(line, ensure_ascii=False) for line in lines), "not json"]).encode()
    result = hotline("predict", bundle, given=given)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [each["id"] for each in answers] == ["a", 2, "c", None]
    assert (answers[1]["labels"], answers[1]["abstain"]) == ([], True)
    assert answers[0]["labels"][0][0] == "water_supply" and answers[2]["labels"][0][0] == "labour"


def test_predict_as_a_process_writes_utf8_and_nothing_else(bundle: Path) -> None:
    result = real("predict", bundle, input='{"id":"一","text":"停水"}\n'.encode())
    assert result.returncode == 0
    assert json.loads(result.stdout.decode())["id"] == "一"


@pytest.mark.parametrize("command", [["predict"], ["evaluate"], ["model", "activate"]])
def test_a_missing_bundle_is_2_and_plain_words(
    command: list[str], past: Path, tmp_path: Path, desk_dir: Path
) -> None:
    more = {"evaluate": [past, "--text", "words", "--label", "unit"], "activate": ["--dir", desk_dir]}
    result = hotline(*command, tmp_path / "none", *more.get(command[-1], []))
    assert result.exit_code == 2 and "模型包" in result.stderr


def test_models_are_activated_listed_and_rolled_back(
    bundle: Path, past: Path, tmp_path: Path, desk_dir: Path
) -> None:
    other = tmp_path / "other"
    assert hotline("train", past, "--text", "words", "--label", "title", "--out", other).exit_code == 0
    at = ["--dir", desk_dir, "--json"]
    assert hotline("model", "rollback", *at).exit_code == 2
    first = told(hotline("model", "activate", bundle, *at))["active"]
    second = told(hotline("model", "activate", other, *at))["active"]
    listed = {each["version"]: each for each in told(hotline("model", "list", *at))}
    assert listed[second]["active"] and not listed[first]["active"]
    assert {"label": "labour", "department": "labour"} in listed[first]["labels"]
    assert {"label": "停水", "department": None} in listed[second]["labels"]
    assert "不在目录" in hotline("model", "list", "--dir", desk_dir).stdout
    assert told(hotline("model", "rollback", *at))["active"] == first
    assert told(hotline("doctor", *at))["ok"] is True


def test_a_broken_model_does_not_stop_an_import_and_doctor_says_so(
    bundle: Path, tmp_path: Path, desk_dir: Path, rows_of
) -> None:
    version = told(hotline("model", "activate", bundle, "--dir", desk_dir, "--json"))["active"]
    (desk_dir / "models" / version / "manifest.json").write_text("{}", encoding="utf-8")
    file = tmp_path / "one.csv"
    file.write_text("words\n听橹家园停水了\n", encoding="utf-8")
    assert hotline("import", file, "--text", "words", "--dir", desk_dir).exit_code == 0
    assert rows_of("SELECT stage, department FROM ticket") == [("to_sign", "water_supply")]
    data = told(hotline("doctor", "--dir", desk_dir, "--json"), code=1)
    assert [each["name"] for each in data["checks"] if not each["ok"]] == ["模型"]
