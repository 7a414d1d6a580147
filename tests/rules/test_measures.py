"""The table of counts (计数): complete, told in one sentence each, and which count is part of which."""

import re

import pytest

from rules.measures import DERIVED, MEASURES, part_of

TICKET = [
    "contacts",
    "received",
    "split_off",
    "valid",
    "invalid",
    "direct",
    "dispatched",
    "refused",
    "transferred",
    "waiting",
    "repeated",
    "merged",
    "closed",
    "no_reply",
    "dispatch_due",
    "dispatched_on_time",
]
LEG = [
    "assigned",
    "assisted",
    "first_assigned",
    "first_right",
    "signed",
    "signed_by_hand",
    "signed_automatic",
    "sign_due",
    "signed_on_time",
    "contact_due",
    "responded",
    "due",
    "on_time",
    "late",
    "in_review",
    "excused",
    "returned",
    "returned_accepted",
    "reassigned",
    "extended",
    "done",
    "redone",
    "called_back",
    "concluded",
    "reached",
    "unrated",
    "solved_known",
    "solved",
    "satisfied_known",
    "satisfied",
    "excused_answers",
    "rated",
    "rated_well",
    "urged",
    "supervised",
    "raised",
    "open_change",
]
EVERY = [*MEASURES.values(), *DERIVED.values()]


def test_the_counts_and_their_order_are_those_that_reports_are_made_of():
    assert list(MEASURES) == TICKET + LEG
    assert [each.scope for each in MEASURES.values()] == ["ticket"] * len(TICKET) + ["leg"] * len(LEG)
    assert all(code == each.code for code, each in MEASURES.items())


def test_nobody_changes_the_table():
    with pytest.raises(TypeError):
        MEASURES["received"] = MEASURES["valid"]  # type: ignore[index]


def test_no_two_counts_go_by_one_name():
    assert len({each.name for each in EVERY}) == len(EVERY)
    assert not set(DERIVED) & set(MEASURES)


@pytest.mark.parametrize("measure", EVERY, ids=lambda each: each.code)
def test_a_definition_is_one_sentence_that_names_its_day(measure):
    assert re.fullmatch(r"[^。；]{12,80}。", measure.definition)
    assert re.search("当天|那天", measure.definition)
    assert measure.source == "本系统约定" or measure.source.endswith("；计法为本系统约定")


@pytest.mark.parametrize(
    ("code", "whole", "holds"),
    [
        ("on_time", "due", True),
        ("late", "due", True),
        ("in_review", "due", False),  # counted apart until the review is over
        ("direct", "valid", True),
        ("direct", "received", True),  # by way of valid
        ("invalid", "valid", False),
        ("direct", "contacts", True),
        ("received", "direct", False),
        ("due", "due", False),
        ("closed", "received", False),  # what closes this week came in earlier
        ("done", "assigned", False),
        ("first_right", "assigned", True),
        ("satisfied", "concluded", True),
        ("satisfied", "solved_known", False),
        ("unrated", "reached", False),  # who was not reached is unrated, too
        ("open_change", "received", False),
        ("tiger", "received", False),
        ("received", "tiger", False),
    ],
)
def test_which_count_is_part_of_which(code, whole, holds):
    assert part_of(code, whole) is holds


def test_a_part_is_counted_like_its_whole_and_nothing_is_part_of_its_own_part():
    for code, each in MEASURES.items():
        for whole, above in MEASURES.items():
            if part_of(code, whole):
                assert each.scope == above.scope
                assert not part_of(whole, code)
