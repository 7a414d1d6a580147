"""Counting, levels, digest, invalid and incomplete rows of a pack (计次与升级的规则): read, merged, and their faults told."""

import pytest

from rules.errors import PackFault
from rules.policy import parse
from rules.terms import Stage
from tests.packs import county
from tests.stories import policy

LEVEL = (
    '[[level]]\nstep = "x"\ntrigger = "complaints"\ncount = 9\naction = "raise"\n'
    'receivers = ["county_leader"]\nclause = "某县"\n'
)


def test_the_shipped_ladder_by_count_is_lifecycles():
    told = [(each.trigger, each.count, each.action) for each in policy().levels]
    assert told == [
        ("complaints", 2, "redo"),
        ("complaints", 3, "supervise"),
        ("complaints", 4, "raise"),
        ("complaints", 5, "clue"),
        ("redos", 3, "clue"),
        ("returns", 3, "clue"),
    ]
    assert (policy().counting.window_days, policy().counting.apart) == (180, 1)
    assert policy().counting.after == (Stage.CLOSED, Stage.ARCHIVED)
    assert policy().digest.minute == 8 * 60 + 30


def test_a_city_replaces_one_level_and_keeps_the_rest():
    lower = LEVEL.replace('"x"', '"repeat_3"').replace("count = 9", "count = 3")
    found = parse(county(ladder=lower))
    assert [each.action for each in found.levels if each.step == "repeat_3"] == ["raise"]
    assert len(found.levels) == len(policy().levels)


@pytest.mark.parametrize(
    ("written", "longest"), [("", 200), ('[event_card]\nlongest = 60\nclause = "x"\n', 60)]
)
def test_how_much_an_event_card_answers_is_the_packs(written, longest):
    assert parse(county(acceptance=written)).card.longest == longest


@pytest.mark.parametrize(
    ("file", "written", "said"),
    [
        ("ladder", LEVEL.replace("count = 9", "count = 1"), "count 应在 2 到 99"),
        ("ladder", LEVEL.replace('"complaints"', '"complaint"'), "trigger 不认识"),
        ("ladder", LEVEL.replace('"raise"', '"lift"'), "action 不认识"),
        ("ladder", LEVEL.replace('"county_leader"', '"nobody"'), "里没有“nobody”"),
        ("ladder", LEVEL.replace("count = 9", "count = 5"), "第 5 次已有一级"),
        ("ladder", LEVEL.replace('"raise"', '"supervise"'), "要写 supervision 1 到 3"),
        ("ladder", LEVEL + "supervision = 2\n", "其他动作不写"),
        ("ladder", LEVEL + "tiger = 2\n", "不认识的字段 tiger"),
        *(
            ("ladder", LEVEL.replace('"x"', f'"{name}"'), "已有别的意思")
            for name in ("warn_50", "breach", "link", "supervise", "raise", "transfer")
        ),
        ("acceptance", '[event_card]\nlongest = 0\nclause = "x"\n', "longest 应在"),
        ("acceptance", "[event_card]\nlongest = 9\n", "缺少 clause"),
        (
            "ladder",
            '[counting]\nwindow_days = 0\napart = 1\nafter = ["closed"]\nclause = "x"\n',
            "window_days 应在",
        ),
        ("ladder", '[counting]\nwindow_days = 9\napart = 1\nafter = []\nclause = "x"\n', "after 不能为空"),
        (
            "ladder",
            '[counting]\nwindow_days = 9\napart = 1\nafter = ["handling"]\nclause = "x"\n',
            "没有“handling”",
        ),
        ("ladder", '[counting]\nwindow_days = 9\napart = 1\nafter = ["closed"]\n', "缺少 clause"),
        (
            "ladder",
            '[digest]\nreceivers = ["x"]\nat = ["08:30-09:00"]\nmass = 5\nclause = "x"\n',
            "里没有“x”",
        ),
        (
            "ladder",
            '[digest]\nreceivers = ["county_leader"]\nat = []\nmass = 5\nclause = "x"\n',
            "at 应写一段时间",
        ),
        (
            "acceptance",
            '[[invalid]]\ncode = "x"\nname = "某"\nattempts = 99\nclause = "x"\n',
            "attempts 应在",
        ),
        (
            "acceptance",
            '[[incomplete]]\ncode = "x"\nmissing = []\nlongest = 9\nclause = "x"\n',
            "missing 不能为空",
        ),
        (
            "acceptance",
            '[[incomplete]]\ncode = "x"\nmissing = ["colour"]\nlongest = 9\nclause = "x"\n',
            "没有“colour”",
        ),
    ],
)
def test_a_fault_is_told_with_its_file_and_line(file, written, said):
    with pytest.raises(PackFault) as caught:
        parse(county(**{file: written}))
    assert said in caught.value.detail
    assert f"{file}.toml" in caught.value.detail and "第" in caught.value.detail
