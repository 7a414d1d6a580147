"""The papers agree with the code (词汇表、依赖锁、文本文件), and each check is shown a fault that it must find."""

import re

import pytest

from tests import house, papers
from tests.house import HOUSE, Source

GLOSSARY = (HOUSE / "docs" / "glossary.md").read_text(encoding="utf-8")
PYPROJECT = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
RUNTIME = (HOUSE / "requirements.lock").read_text(encoding="utf-8")
DEVELOPMENT = (HOUSE / "requirements-dev.lock").read_text(encoding="utf-8")
PIN = f"numpy==2.2.0 \\\n    --hash=sha256:{'a' * 64}\n"


def test_every_word_of_the_glossary_stands_in_the_code_and_none_twice() -> None:
    rows = papers.glossary_rows(GLOSSARY)
    # every table row but the two of each head is read, so that a slip of the pen hides no word
    assert len(rows) == len(re.findall(r"^\|", GLOSSARY, re.MULTILINE)) - 2 * GLOSSARY.count("|---|---|")
    assert len(rows) > 40
    assert list(papers.strange_words(rows, papers.words_of(house.read_sources(HOUSE)))) == []


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([("gongdan", "工单")], "gongdan 工单 stands in no code"),
        ([("tick", "工单")], "tick 工单 stands in no code"),
        ([("ticket", "工单"), ("tickets", "工单")], "工单 stands twice"),
        ([("ticket", "工单"), ("ticket", "诉求")], "ticket stands twice"),
    ],
)
def test_a_word_without_code_and_a_second_word_for_a_thing_are_noticed(
    rows: list[tuple[str, str]], fault: str
) -> None:
    code = papers.words_of([Source("rules/planted.py", "class Ticket: ...\nTICKETS = 1")])
    assert fault in list(papers.strange_words(rows, code))


@pytest.mark.parametrize("text", ["# gongdan", '"""gongdan is a word"""', "x = 'a gongdan'"])
def test_a_word_in_a_comment_or_a_sentence_is_not_code(text: str) -> None:
    assert "gongdan" not in papers.words_of([Source("rules/planted.py", text)])


@pytest.mark.parametrize(
    "text", ["gongdan = 1", "def f(gongdan): ...", "a.GONGDAN", "x = 'gongdan'", "f(gongdan=1)"]
)
def test_a_name_and_a_wire_word_are_code(text: str) -> None:
    assert "gongdan" in papers.words_of([Source("rules/planted.py", text)])


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=["runtime", "development"])
def test_a_lock_holds_nothing_but_pins_with_hashes(lock: str) -> None:
    assert len(papers.pins(lock)) > 40
    assert list(papers.loose_pins(lock)) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("numpy==2.2.0\n", "no hash: numpy==2.2.0"),
        ("--index-" + "url somewhere\n", "not a pin: --index-"),
        ("-e .\n", "not a pin: -e ."),
        ("numpy>=2 \\\n    --hash=sha256:" + "a" * 64 + "\n", "not a pin: numpy>=2"),
        ("numpy @ https://example.org/numpy.whl\n", "not a pin: numpy @"),
        ("numpy==2.2.0 \\\n    --hash=md5:" + "a" * 32 + "\n", "not a hash: --hash=md5"),
    ],
)
def test_a_loose_line_of_a_lock_is_noticed(line: str, fault: str) -> None:
    assert list(papers.loose_pins(PIN)) == []
    assert any(found.startswith(fault) for found in papers.loose_pins(PIN + line))


@pytest.mark.parametrize(
    ("lock", "extra"), [(RUNTIME, None), (DEVELOPMENT, "dev")], ids=["runtime", "development"]
)
def test_a_lock_answers_every_requirement_of_the_project(lock: str, extra: str | None) -> None:
    assert list(papers.stale_pins(PYPROJECT, lock, extra)) == []


@pytest.mark.parametrize("wanted", ["numpy>=2.3", "scipy", "NumPy<2"])
def test_a_requirement_that_the_lock_does_not_answer_is_noticed(wanted: str) -> None:
    project = f'[project]\ndependencies = ["{wanted}"]\n'
    assert list(papers.stale_pins(project, PIN))
    assert list(papers.stale_pins(project.replace(wanted, "numpy[extra]>=2.2,<3"), PIN)) == []


def test_tests_run_the_versions_that_users_run() -> None:
    runtime, development = papers.pins(RUNTIME), papers.pins(DEVELOPMENT)
    assert {name: development.get(name) for name in runtime} == runtime


def test_no_file_names_a_registry_or_a_folder_of_this_machine() -> None:
    seen = dict(papers.texts(HOUSE))
    assert {"Makefile", ".ci/run", "README.md", "rules/terms.py"} <= seen.keys()
    assert [fault for path, text in seen.items() for fault in papers.strangers(path, text)] == []


@pytest.mark.parametrize(
    "line",
    [
        "see " + "/wo" + "rk/main/rules",
        "cd /ro" + "ot/desk",
        "/ho" + "me/wang/desk",
        "pip install --extra-index" + "-url x",
        '  "resolved": "ht' + 'tps://somewhere/x.tgz"',
        "https://files.example" + "s.org/packages/x",
        "https://py" + "pi.org/simple",
        "https://mirrors.somewhere" + ".com/pip",
    ],
)
def test_a_line_that_names_one_is_noticed(line: str) -> None:
    assert list(papers.strangers("docs/planted.md", f"a line\n{line}\n")) == [
        f"docs/planted.md:2: {line.strip()}"
    ]


@pytest.mark.parametrize(
    "line", ["GET /desk/work/3", "a/work/b", "uv --no-emit-index" + "-url", "the /home page"]
)
def test_a_line_that_names_none_is_left(line: str) -> None:
    assert list(papers.strangers("docs/planted.md", line)) == []
