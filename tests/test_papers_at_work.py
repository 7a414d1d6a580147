"""What the papers tell a newcomer to type does what they say (入门、依据): every command is run as it stands."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import papers
from tests.newcomer import Newcomer, Refuted, compared, move_in, shell_in
from tests.papers import Block


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory, demo_week) -> Iterator[Newcomer]:
    """In a clone where the demo was started before; the first paper starts it again, and it stays up for the others."""
    arrived = Newcomer(move_in(tmp_path_factory.mktemp("newcomer"), demo_week[0]))
    yield arrived
    arrived.leave()


def test_the_first_hour_goes_as_it_is_written(newcomer: Newcomer) -> None:
    done = newcomer.follow("first-hour.md")
    assert sum(block.shown is not None for block, _ in done) > 10


def test_every_claim_is_proved_by_its_command(newcomer: Newcomer) -> None:
    text = (newcomer.house / "docs" / "why.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^## \d+\. ", text, re.MULTILINE)) >= 8
    assert list(papers.unproven(text)) == []
    newcomer.follow("why.md")


def test_the_journey_is_answered_without_curl_on_the_machine_too(newcomer: Newcomer) -> None:
    ((block, printed),) = [each for each in newcomer.follow("journey.md", own_curl=True) if not each[0].apart]
    answers = [json.loads(line) for line in printed.splitlines()]
    assert len(answers) == len(re.findall(r"^(?:ask|act) ", block.commands, re.MULTILINE)) > 8
    assert not any("code" in each for each in answers)
    assert answers[0]["card"]["answer"] == "主管道抢修，预计今晚恢复供水。"
    assert answers[3]["followers"][0]["number"] == answers[2]["number"]
    assert answers[-3]["items"]  # complaints about officials


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
    with shell_in(tmp_path, os.environ) as shell:
        assert shell.run(Block(1, "", "kept=here", None, False)) == ""
        assert shell.run(Block(2, "", "cat\necho $kept", None, False)) == "here\n"
        wrong = Block(3, "", commands, shown, False)
        with pytest.raises(Refuted, match=fault):
            compared(wrong, shell.run(wrong))


@pytest.mark.parametrize("commands", ["echo up; sleep 60", "echo up; exit 1"])
def test_a_terminal_is_waited_for_until_it_shows_or_ends_and_is_left_open(
    tmp_path: Path, commands: str
) -> None:
    somebody = Newcomer(tmp_path)
    try:
        lasting = Block(1, "", commands, "up" if "sleep" in commands else "ready", True)
        assert [somebody.terminal(lasting) for _ in range(2)] == ["up\n"] * 2
        assert len(list(tmp_path.glob("terminal-*"))) == 1
    finally:
        somebody.leave()
