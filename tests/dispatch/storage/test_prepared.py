"""What is written into a column of JSON (预编译语句): as it was given, or refused."""

import json

import pytest

from dispatch.storage.prepared import as_json
from rules.terms import Act, Stage
from tests.stories import at


def test_what_the_desk_keeps_comes_back_as_it_was_given():
    kept = {
        "部门": ["城管", None, True, 1.5],
        Stage.HANDLING: Act.SIGN,
        "at": at("2026-09-28 10:00"),
        "n": 2**53,
    }
    assert json.loads(as_json(kept)) == {
        "部门": ["城管", None, True, 1.5],
        "handling": "sign",
        "at": "2026-09-28T10:00:00+08:00",
        "n": 2**53,
    }
    assert as_json({"部门": ["城管"]}) == '{"部门":["城管"]}'


@pytest.mark.parametrize(
    "wrong", ["半个\ud800字", 10**30, {1, 2}, object()], ids=["half a character", "huge", "set", "object"]
)
def test_what_json_cannot_hold_is_refused_and_not_changed(wrong):
    with pytest.raises(TypeError):
        as_json({"words": wrong})
