"""Both sides' lists held against each other (对账): each kind of difference, and what to do about it."""

import pytest

from rules.reconciling import KIND_WORDS, THEIR_STATES, Moment, Ours, Theirs, reconcile
from tests.stories import at

NOON = at("2026-09-29 12:00")


def differences(theirs, ours, others=()):
    return [(each.kind, each.number) for each in reconcile(theirs, ours, others)]


def test_two_lists_that_agree_differ_in_nothing():
    theirs = [Theirs(2, "S1", "replied", Moment(NOON, True), Moment(at("2026-09-28 00:00"), False))]
    assert differences(theirs, [Ours("1", "S1", "sent", NOON, at("2026-09-28 15:00"))]) == []


@pytest.mark.parametrize(
    ("upward", "state", "todo"),
    [
        (None, "open", None),
        ("queued", "open", None),
        ("sent", "replied", None),
        ("received", "done", None),
        ("returned", "returned", None),
        ("queued", "done", "hotline upward sent 1"),
        ("sent", "done", "hotline upward received 1"),
        ("sent", "returned", "hotline upward returned 1"),
        ("sent", "open", "重新提交"),
        ("received", "replied", "上级确认"),
        (None, "done", "查清是谁反馈"),
    ],
)
def test_each_pair_of_states_agrees_or_says_what_to_do(upward, state, todo):
    found = reconcile([Theirs(2, "S1", state)], [Ours("1", "S1", upward)], ())
    assert [each.kind for each in found] == ([] if todo is None else ["state"])
    assert todo is None or todo in found[0].todo


@pytest.mark.parametrize(
    ("theirs", "ours", "differs"),
    [
        (Moment(NOON, True), NOON, False),
        (Moment(at("2026-09-29 00:00"), False), NOON, False),  # they gave no more than the day
        (Moment(at("2026-09-29 17:00"), True), NOON, True),
        (Moment(NOON, True), None, True),
        (None, NOON, False),  # their list says nothing of it
    ],
)
def test_deadlines_are_held_against_each_other_as_exactly_as_they_were_given(theirs, ours, differs):
    found = differences([Theirs(2, "S1", "open", theirs)], [Ours("1", "S1", None, ours)])
    assert found == ([("due", "S1")] if differs else [])


def test_what_stands_on_one_side_only_and_what_stands_twice():
    theirs = [Theirs(2, "S1", "open"), Theirs(3, "S9", "open"), Theirs(4, "S1", "done")]
    found = differences(theirs, [Ours("1", "S1", None)], [Ours("2", "S2", "sent")])
    assert found == [("here_only", "S2"), ("there_only", "S9"), ("twice", "S1")]


def test_a_reply_on_another_day_is_told():
    theirs = [Theirs(2, "S1", "replied", None, Moment(NOON, True))]
    assert differences(theirs, [Ours("1", "S1", "sent", None, at("2026-09-28 15:00"))]) == [("reply", "S1")]


def test_of_a_matter_that_was_split_the_part_that_is_least_far_answers():
    ours = [Ours("1", "S1", "sent"), Ours("2", "S1", "queued")]
    assert [each.ticket for each in reconcile([Theirs(2, "S1", "done")], ours, ())] == ["2"]


def test_no_word_of_theirs_means_two_things():
    words = [word for each in THEIR_STATES.values() for word in each]
    assert len(words) == len(set(words)) and set(KIND_WORDS) >= {"state", "due", "reply"}
