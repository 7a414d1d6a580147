"""The papers agree with the code (词汇表、依赖锁、文本文件), and each check is shown a fault that it must find."""

import re
from enum import StrEnum

import pytest

from rules.access import ROLE_WORDS
from rules.clocks import KIND_WORDS
from rules.lifecycle import ACT_WORDS, STAGES
from rules.terms import (
    CHANNEL_WORDS,
    TYPE_WORDS,
    URGENCY_WORDS,
    Act,
    ClockKind,
    Happened,
    Role,
    Stage,
    TicketType,
    Urgency,
)
from rules.wording import EVENT_WORDS, STATE_WORDS
from tests import house, papers
from tests.house import HOUSE, Source
from web.words import CLUE_WORDS

#: The ideas of the desk, and after the second headline of the paper the words on the wire.
GLOSSARY, _, WIRE_PAPER = (
    (HOUSE / "docs" / "glossary.md").read_text(encoding="utf-8").partition("\n# Words on the wire")
)
#: What the code says in Chinese for each word on the wire.
WIRE = {
    "Stages 阶段": {each.value: row.words for each, row in STAGES.items()},
    "Acts 操作": {each.value: words for each, words in ACT_WORDS.items()},
    "Events 事件": {each.value: words for each, words in EVENT_WORDS.items()},
    "Clocks 时钟": {each.value: words for each, words in KIND_WORDS.items()},
    "States of a clock 时钟状态": dict(STATE_WORDS),
    "States of a clue 线索状态": dict(CLUE_WORDS),
    "Roles 角色": {each.value: words for each, words in ROLE_WORDS.items()},
    "Types 诉求类型": {each.value: words for each, words in TYPE_WORDS.items()},
    "Urgency 紧急程度": {each.value: words for each, words in URGENCY_WORDS.items()},
    "Channels 渠道": dict(CHANNEL_WORDS),
}
#: The words of these are the members of an enumeration: none may be left without a Chinese one.
KINDS: dict[str, type[StrEnum]] = {
    "Stages 阶段": Stage,
    "Acts 操作": Act,
    "Events 事件": Happened,
    "Clocks 时钟": ClockKind,
    "Roles 角色": Role,
    "Types 诉求类型": TicketType,
    "Urgency 紧急程度": Urgency,
}
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
    assert list(papers.unspoken_words(rows, papers.spoken(papers.texts(HOUSE)))) == []


def test_the_words_on_the_wire_are_those_of_the_code_in_both_directions() -> None:
    for heading, kind in KINDS.items():
        assert set(WIRE[heading]) == {each.value for each in kind}, heading
    assert list(papers.strange_tables(WIRE_PAPER, WIRE)) == []
    assert re.findall(r"^## (.+)$", WIRE_PAPER, re.MULTILINE) == list(WIRE)


def test_an_act_and_a_role_are_called_the_same_among_the_ideas() -> None:
    ideas = {
        english.removesuffix("_").replace("_", "-"): chinese
        for english, chinese in papers.glossary_rows(GLOSSARY)
    }
    wire = {**WIRE["Acts 操作"], **WIRE["Roles 角色"]}
    del wire["rate"]  # the design has both: what people do (评价), and a share of a whole (率)
    assert [(each, ideas[each]) for each in wire if each in ideas and ideas[each] not in wire[each]] == []


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("| `normal` | 一般 |", "Urgency: urgent 紧急 stands only in the code"),
        ("| `normal` | 一般 |\n| `urgent` | 很急 |", "Urgency: urgent 很急 stands only in the glossary"),
        (
            "| `normal` | 一般 |\n| `urgent` | 紧急 |\n| `mild` | 缓 |",
            "Urgency: mild 缓 stands only in the glossary",
        ),
        ("| `normal` | 一般 |\n" * 2 + "| `urgent` | 紧急 |", "Urgency: ('normal', '一般') stands twice"),
    ],
)
def test_a_table_that_says_other_than_the_code_is_noticed(rows: str, fault: str) -> None:
    code = {"Urgency": {"normal": "一般", "urgent": "紧急"}}
    paper = f"\n## Urgency\n| word | 中文 |\n|---|---|\n{rows}\n\n## Channels\n| `web` | 网站 |\n"
    assert fault in list(papers.strange_tables(paper, code))
    assert list(papers.strange_tables("## Urgency\n| `normal` | 一般 |\n| `urgent` | 紧急 |\n", code)) == []


def test_a_word_that_nobody_is_told_is_noticed() -> None:
    said = [
        ("rules/terms.py", '"工单"'),
        ("docs/x.md", "诉求"),
        ("tests/x.py", "诉求"),
        ("dispatch/x.toml", "渠道"),
    ]
    rows = [("ticket", "工单"), ("request", "诉求"), ("channel", "渠道")]
    assert list(papers.unspoken_words(rows, papers.spoken(said))) == ["request 诉求 is said nowhere"]


PAPER = """
## 1. It counts
```sh
echo one
```
```text
one
```

## 2. It counts on
```sh apart
serve
```
and

```text
no answer of the commands above
```
```toml
a = 1
```
"""


def test_commands_are_read_with_their_place_and_what_they_print() -> None:
    first, second = papers.blocks(PAPER)
    assert (first.line, first.heading, first.commands, first.shown, first.apart) == (
        3, "1. It counts", "echo one\n", "one\n", False,
    )  # fmt: skip
    assert (second.commands, second.shown, second.apart) == ("serve\n", None, True)


def test_a_claim_without_a_proof_is_noticed() -> None:
    assert list(papers.unproven(PAPER)) == ["2. It counts on: no command with its answer"]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("one\n", "one\n", True),
        ("one", "one  \n\n", True),
        ("one…", "one and more\n", True),
        ("a…z", "abcz\n", True),
        ("…\nlast", "a\nb\nlast\n", True),
        ("first\n…", "first\nb\nc\n", True),
        ("first\n…\nlast", "first\nlast\n", True),
        ("one", "one\ntwo\n", False),
        ("one…two", "one\ntwo\n", False),
        ("1.5", "1x5\n", False),
        ("0", "10\n", False),
        ("one\ntwo", "two\none\n", False),
        ("one", "", False),
    ],
)
def test_what_is_shown_is_what_is_printed(shown: str, printed: str, same: bool) -> None:
    assert papers.is_shown(shown, printed) is same


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
