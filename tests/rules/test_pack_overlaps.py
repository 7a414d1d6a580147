"""Rules that can meet in one ticket (派单规则重叠): told where nothing shuts one of them out."""

import pytest

from rules.pack_overlaps import overlaps
from rules.policy import parse
from tests.packs import FILES

ROUTING = "county/routing.toml"
RULE = '[[rule]]\nid = "{id}"\nname = "多出来的"\nlead = "{lead}"\nclause = "x"\n{more}\n'


def met(one: str, other: str, leads: tuple[str, str] = ("police", "housing")) -> list[tuple[str, ...]]:
    """What two rules that stand before those of the county share."""
    rules = RULE.format(id="one", lead=leads[0], more=one) + RULE.format(
        id="other", lead=leads[1], more=other
    )
    policy = parse({**FILES, ROUTING: rules + FILES[ROUTING]})
    pairs = [
        (policy.routing[each.first].id, policy.routing[each.second].id, each) for each in overlaps(policy)
    ]
    return [each.shared for first, second, each in pairs if (first, second) == ("one", "other")]


WORDS = 'any_words = ["风筝", "鸽子"]\n'


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (WORDS + 'types = ["help"]', 'any_words = ["风筝"]\nareas = ["999001001"]', ("风筝",)),
        (
            'categories = ["urban"]\ntypes = ["help"]',
            'categories = ["sanitation"]\nurgencies = ["urgent"]',
            ("sanitation",),
        ),
        (WORDS + 'hours = ["22:00-06:00"]', WORDS + 'hours = ["05:00-09:00"]', ("风筝", "鸽子")),
        (WORDS + 'areas = ["999001"]\ntypes = ["help"]', WORDS + 'areas = ["999001001"]', ("风筝", "鸽子")),
    ],
)
def test_rules_that_share_a_word_or_a_category_are_told(
    one: str, other: str, shared: tuple[str, ...]
) -> None:
    assert met(one, other) == [shared]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WORDS + 'types = ["help"]', WORDS + 'types = ["consult"]'),
        (WORDS + 'channels = ["web"]', WORDS + 'channels = ["phone"]'),
        (WORDS + 'urgencies = ["urgent"]', WORDS + 'urgencies = ["normal"]'),
        (WORDS + 'hours = ["22:00-06:00"]', WORDS + 'hours = ["06:00-22:00"]'),
        (WORDS + 'areas = ["999001001"]', WORDS + 'areas = ["999001101"]'),
        (WORDS + 'categories = ["water"]', WORDS + 'categories = ["power"]'),
        (WORDS + "valid_to = 2026-06-30", WORDS + "valid_from = 2026-07-01"),
        (WORDS + 'unless = ["广场"]', WORDS + 'all_words = ["广场"]'),
        (WORDS + 'types = ["help"]', WORDS),  # an exception before the rule that it is one of
        (WORDS, 'any_words = ["石榴"]'),
    ],
)
def test_rules_that_shut_each_other_out_and_exceptions_are_not(one: str, other: str) -> None:
    assert met(one, other) == []


def test_rules_that_send_to_the_same_department_do_not_matter() -> None:
    assert met(WORDS + 'types = ["help"]', WORDS + 'areas = ["999001001"]', ("police", "police")) == []
