"""The commands of docs/journey.md do what the paper says: each is read from there and asked of a served desk."""

import re
import shlex

import pytest

from tests.desks import settle
from tests.house import HOUSE
from tests.web.conftest import about_officials, with_clue

SCRIPT = re.search(
    r"```sh\n(.*?)```", (HOUSE / "docs" / "journey.md").read_text(encoding="utf-8"), re.DOTALL
)[1]
#: `name=$(ask … | field path)`, or the asking alone.
COMMAND = re.compile(r"(?:(?P<name>\w+)=\$\()?(?P<asked>ask .*?)(?: \| field (?P<field>[\w.]+)\))?")


def commands():
    lines = [line for line in SCRIPT.splitlines() if re.match(r"(\w+=\$\()?ask ", line)]
    return [COMMAND.fullmatch(line) for line in lines]


def field(found, path):
    for key in path.split("."):
        found = found[int(key) if key.isdigit() else key]
    return str(found)


@pytest.fixture
def desk(site):
    """What the demo holds already: a clue, and a restricted ticket."""
    with_clue(site, text="楼道灯不亮")
    about_officials(site)
    return site


def test_every_command_of_the_journey_is_answered(desk):
    told, answers = {}, []
    for command in commands():
        words = shlex.split(re.sub(r"\$(\w+)", lambda name: told[name[1]], command["asked"]))
        _, role, method, path, *body = words
        answer = desk.ask(method, path, role, content=body[0].encode() if body else None,
                          headers={"Content-Type": "application/json"})  # fmt: skip
        assert answer.status_code in (200, 201), (command[0], answer.text)
        settle(desk.desk, desk.now)
        answers.append(answer.json())
        if command["name"]:
            told[command["name"]] = field(answer.json(), command["field"])
    assert len(answers) > 12 and {"card", "lead", "number", "step"} <= told.keys()
    by_path = dict(zip((each["asked"].split('"')[0] for each in commands()), answers, strict=True))
    assert by_path["ask operator POST /api/suggest '{"]["card"]["answer"] == "主管道抢修，预计今晚恢复供水。"
    assert desk.read(told["lead"])["followers"][0]["number"] == told["number"]
    *_, restricted, clues, inspected = answers
    assert (len(restricted["items"]), len(clues["items"]), inspected["items"]) == (1, 1, [])


def test_no_command_of_the_journey_is_passed_over():
    assert None not in commands()
    assert len(commands()) == len(re.findall(r"\bask \w+ (?:GET|POST) ", SCRIPT))
