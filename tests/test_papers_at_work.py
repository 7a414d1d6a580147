"""What the papers tell a newcomer to type does what they say (入门、依据): every command is run as it stands."""

import json
import re
from pathlib import Path

import pytest

from tests import papers
from tests.newcomer import Refuted, follow, move_in, shell_in
from tests.papers import Block


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, demo_week) -> Path:
    """A clone in which the demo was started before. One for all papers: each starts it anew and finds its tickets."""
    return move_in(tmp_path_factory.mktemp("newcomer"), demo_week[0], own_curl=False)


def test_the_first_hour_goes_as_it_is_written(house: Path) -> None:
    done = follow("first-hour.md", house)
    assert sum(block.shown is not None for block, _ in done) > 10


def test_every_claim_is_proved_by_its_command(house: Path) -> None:
    text = (house / "docs" / "why.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^## \d+\. ", text, re.MULTILINE)) >= 8
    assert list(papers.unproven(text)) == []
    follow("why.md", house)


def test_the_journey_is_answered(tmp_path: Path, demo_week) -> None:
    """Without curl on the machine, too."""
    ((block, printed),) = [
        each
        for each in follow("journey.md", move_in(tmp_path, demo_week[0], own_curl=True))
        if not each[0].apart
    ]
    answers = [json.loads(line) for line in printed.splitlines()]
    assert len(answers) == len(re.findall(r"^(?:ask|act) ", block.commands, re.MULTILINE)) > 8
    assert not any("code" in each for each in answers)
    assert answers[0]["card"]["answer"] == "主管道抢修，预计今晚恢复供水。"
    assert answers[3]["followers"][0]["number"] == answers[2]["number"]
    assert answers[-3]["items"]  # of complaints about officials


@pytest.mark.parametrize(
    ("commands", "shown", "fault"),
    [
        ("echo one", "two", "but it printed\none"),
        ("echo one; false; echo two", "one\ntwo", "line 3 failed"),
        ("echo $unset", None, "line 3 failed"),
        ("exit 0", None, "line 3 failed"),
    ],
)
def test_a_command_that_fails_or_says_other_is_noticed(
    tmp_path: Path, commands: str, shown: str | None, fault: str
) -> None:
    with shell_in(tmp_path) as shell:
        assert shell.run(Block(1, "", "kept=here", None, False)) == ""
        assert shell.run(Block(2, "", "cat\necho $kept", "here\n", False)) == "here\n"
        with pytest.raises(Refuted, match=fault):
            shell.run(Block(3, "", commands, shown, False))


@pytest.mark.parametrize(("commands", "shown"), [("echo up; exit 1", "ready"), ("echo up; sleep 60", "up")])
def test_a_terminal_beside_is_waited_for_until_it_shows_or_ends(
    tmp_path: Path, commands: str, shown: str
) -> None:
    with shell_in(tmp_path) as shell:
        block = Block(1, "", commands, shown, True)
        if shown == "up":
            assert shell.run(block) == "up\n"
        else:
            with pytest.raises(Refuted):
                shell.run(block)
