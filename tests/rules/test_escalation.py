"""The ladder by count (按次数逐级升级): what counts, what does not, and that every rung is climbed once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rules import merging
from rules.bodies import LinkBody, UndoBody
from rules.carrying import Closed, carry
from rules.errors import BadInput
from rules.escalation import climb, open_clue, standing, undoable
from rules.outcome import Case
from rules.pressure import DECIDERS
from rules.terms import Act, Happened, Stage
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

#: Dispatched Monday 2026-09-28 10:00: 7 workdays (29, 30 Sep, 8, 9, Sat 10, 12, 13 Oct) end 2026-10-13 17:30.
LATE = "2026-10-14 10:00"


def stand(*happenings, **given):
    return standing(facts(RECEIVED, DISPATCHED, SIGNED, *happenings, **given), policy(), calendar())


def unhappy(when):
    return (
        event("called_back", when, reached=True, solved=False, satisfied=False),
        event("redone", when, "handling"),
    )


def joined(*whens):
    return [event("joined", when) for when in whens]


def steps(found):
    return [each.step for each in found.due]


@pytest.mark.parametrize(
    ("rings", "count"),
    [
        (["2026-09-28 15:00", "2026-09-29 09:00", "2026-10-13 09:00"], 1),  # the promise still runs
        (["2026-10-14 09:00"], 2),  # missed since yesterday
        ([f"2026-10-14 {time}" for time in ("09:00", "09:01", "11:00", "16:00", "23:59")], 2),
        ([f"2026-10-{day} 09:00" for day in (14, 15, 16, 19)], 5),
        (
            ["2026-10-16 23:00", "2026-10-17 10:00", "2026-10-18 10:00"],
            2,
        ),  # Friday night and the weekend: one
        (["2026-10-16 23:00", "2026-10-19 00:00"], 3),  # Monday is a workday later
        (["2026-10-13 17:30"], 1),  # the deadline itself is kept
        (["2026-10-13 17:31"], 2),
    ],
)
def test_an_urging_counts_after_the_missed_limit_and_once_a_workday(rings, count):
    assert stand(*joined(*rings)).count == count


def test_five_rings_on_one_day_climb_nothing():
    rings = [f"2026-09-29 {hour:02d}:10" for hour in (9, 10, 11, 14, 16)]
    found = stand(*joined(*rings))
    assert (found.count, found.due, found.supervision) == (1, (), 0)


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ([event("suspended", "2026-10-09 10:00", "suspended", until=at("2026-11-02 09:00"))], 1),
        ([event("replied", "2026-10-13 11:00", "reviewing")], 1),  # answered in time, though not yet approved
        ([event("replied", "2026-10-14 09:00", "reviewing")], 2),  # answered too late
        ([event("extension_settled", "2026-10-09 10:00", accepted=True, workdays=3)], 1),
        ([event("extension_settled", "2026-10-09 10:00", accepted=False, workdays=3)], 2),
        ([event("marked", "2026-10-09 10:00", malicious=True)], 1),
        (
            [
                event("marked", "2026-10-09 10:00", malicious=True),
                event("marked", "2026-10-09 11:00", malicious=False),
            ],
            2,
        ),
    ],
)
def test_only_a_promise_that_ran_and_was_missed_makes_an_urging_count(more, count):
    assert stand(*more, *joined(LATE)).count == count


def test_unsatisfied_callbacks_climb_rung_by_rung():
    told = []
    happenings = []
    for day in ("2026-10-13", "2026-10-16", "2026-10-21", "2026-10-26", "2026-10-29"):
        happenings += unhappy(f"{day} 10:00")
        rungs = climb(
            facts(RECEIVED, DISPATCHED, SIGNED, *happenings, redo_round=len(happenings) // 2),
            policy(), calendar(), at(f"{day} 10:00"),
        )  # fmt: skip
        told.append([each.step for each in rungs.happenings])
        happenings += rungs.happenings
    assert told == [["repeat_2"], ["repeat_3"], ["repeat_4"], ["redo_3", "repeat_5"], []]
    assert [each.kind for each in happenings if each.step] == [
        Happened.REPEATED,
        Happened.SUPERVISED,
        Happened.RAISED,
        Happened.CLUE_OPENED,
        Happened.CLUE_OPENED,
    ]


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ({"reached": True, "solved": True, "satisfied": True}, 1),
        ({"reached": True, "solved": True, "satisfied": False}, 2),
        ({"reached": True, "solved": False, "satisfied": True}, 2),
        ({"reached": False}, 1),
    ],
)
def test_a_callback_counts_when_somebody_said_that_they_are_not_content(said, count):
    assert stand(event("called_back", "2026-10-13 10:00", **said)).count == count


CLOSED = Closed("999001202609280000017", Stage.CLOSED, 1, at("2026-09-28 10:00"), 0, "urban")


def carried_story(closed, when):
    data = carry(closed, policy(), calendar(), at(when)).as_data()
    received = event("received", when, "received", **data)
    return facts(
        received,
        event("dispatched", when, "to_sign", department="urban", reason="重复", round=data["round"]),
        earlier=closed.number,
        complaint_count=data["count"],
        redo_round=data["round"] or 0,
    )


@pytest.mark.parametrize(
    ("count", "round_", "expected"),
    [
        (1, 0, ["repeat_2"]),
        (2, 1, ["repeat_3"]),
        (3, 2, ["repeat_4"]),
        (4, 3, ["redo_3", "repeat_5"]),
        (5, 4, []),  # above the top there is nothing, and nothing fires twice along the chain
    ],
)
def test_a_linked_ticket_climbs_its_own_rung_and_none_below(count, round_, expected):
    story = carried_story(replace(CLOSED, count=count, round=round_), "2026-10-12 10:00")
    rungs = climb(story, policy(), calendar(), at("2026-10-12 10:00"))
    assert [each.step for each in rungs.happenings] if rungs else expected == []
    if rungs:
        assert [each.step for each in rungs.happenings] == expected
        assert len(rungs.clues) == ("repeat_5" in expected)


def test_three_returns_open_a_clue_and_tell_the_supervisor():
    returned = [event("returned", f"2026-09-28 1{hour}:00", "returned") for hour in (1, 2, 4)]
    rungs = climb(facts(RECEIVED, DISPATCHED, *returned), policy(), calendar(), at("2026-09-28 14:00"))
    assert [(each.kind, each.step) for each in rungs.happenings] == [(Happened.CLUE_OPENED, "return_3")]
    assert [each.receiver for each in rungs.notices] == ["supervisor"]


def test_an_ended_matter_and_a_ticket_of_history_climb_nothing():
    happenings = (*unhappy("2026-10-13 10:00"), *unhappy("2026-10-16 10:00"))
    assert stand(*happenings, history=True).due == ()
    assert stand(*happenings, event("ended", "2026-10-17 10:00", "ended")).due == ()


def test_what_is_undone_counts_no_more_and_never_fires_again():
    happenings = [*unhappy("2026-10-13 10:00"), *unhappy("2026-10-16 10:00")]
    story = facts(RECEIVED, DISPATCHED, SIGNED, *happenings)
    rungs = climb(story, policy(), calendar(), at("2026-10-16 10:00"))
    story = replace(story, happenings=story.happenings + rungs.happenings, supervision=1, complaint_count=3)
    case = Case(story, policy(), calendar(), at("2026-10-16 15:00"))
    undone = DECIDERS[Act.UNDO](UndoBody(step="repeat_3", reason="两件事，不是重复"), case)
    assert {each.receiver for each in undone.notices} == {"department_head", "duty_office"}
    story = replace(story, happenings=story.happenings + undone.happenings)
    found = standing(story, policy(), calendar())
    assert (found.count, found.supervision, found.due) == (3, 0, ())
    assert undoable(story, "repeat_3") is None and undoable(story, "repeat_2") is not None


def test_a_second_trigger_adds_to_the_open_clue_and_after_it_was_settled_opens_another():
    first = event("clue_opened", "2026-10-13 10:00", count=3, trigger="returns")
    story = facts(RECEIVED, DISPATCHED, SIGNED, replace(first, step="return_3"))
    assert open_clue(story) is not None
    many = [happening for day in (14, 15, 16, 19) for happening in unhappy(f"2026-10-{day} 10:00")]
    more = climb(
        replace(story, happenings=story.happenings + tuple(many)),
        policy(),
        calendar(),
        at("2026-10-19 10:00"),
    )
    assert "repeat_5" in [each.step for each in more.happenings] and more.clues == ()
    settled = event("clue_settled", "2026-10-13 11:00", confirmed=False)
    after = replace(story, happenings=(*story.happenings, settled, *many))
    assert len(climb(after, policy(), calendar(), at("2026-10-19 10:00")).clues) == 1


def test_a_follower_does_not_count_twice_and_its_rungs_do_not_fire_on_the_lead():
    followed = event("followed", "2026-09-29 10:00", follower="x", count=3)
    found = stand(followed)
    assert (found.count, found.due) == (3, ())
    assert steps(stand(followed, *unhappy("2026-10-13 10:00"))) == ["repeat_4"]


CAME = event("followed", "2026-09-29 10:00", follower="x", count=1, level=2, raised=1)
ALSO = event("followed", "2026-09-29 11:00", follower="y", count=1, level=3, raised=0)
WENT = event("unfollowed", "2026-09-30 10:00", follower="x")
OWN = event("supervised", "2026-09-29 09:00", level=1, reason="x")


@pytest.mark.parametrize(
    ("happenings", "supervision", "raised"),
    [
        ([CAME], 2, 1),
        ([OWN, CAME], 2, 1),
        ([OWN, CAME, ALSO], 3, 1),
        ([OWN, CAME, ALSO, WENT], 3, 0),
        ([OWN, CAME, WENT], 1, 0),  # what the follower brought goes with it, what the lead had stays
        ([CAME, event("raised", "2026-09-29 12:00", reason="x"), WENT], 0, 1),
        (
            [CAME, event("raised", "2026-09-29 12:00", reason="x")],
            2,
            1,
        ),  # one matter is not raised twice by a merge
        (
            [event("followed", "2026-09-29 10:00", follower="x", count=1)],
            0,
            0,
        ),  # merged before it was written down
    ],
)
def test_a_merge_takes_no_pressure_away_and_taking_apart_gives_it_back(happenings, supervision, raised):
    found = stand(*happenings)
    assert (found.supervision, found.raised, found.due) == (supervision, raised, ())


def test_thousands_of_rings_are_counted_without_planning_each():
    begun = at("2026-09-28 11:30")
    rings = [replace(event("joined", LATE), at=begun + timedelta(minutes=n)) for n in range(3000)]
    assert stand(*rings).count == 1


def linked(story, earlier, when):
    case = Case(story, policy(), calendar(), at(when), earlier)
    outcome = merging.DECIDERS[Act.LINK](LinkBody(earlier=earlier.number), case)
    return replace(story, happenings=story.happenings + outcome.happenings, earlier=earlier.number)


def closed_story(number="999001202609010000017", when="2026-09-01 10:00", **given):
    received = event("received", when, "received")
    return facts(received, event("closed", when, "closed"), number=number, received_at=at(when), **given)


def test_a_person_links_what_the_machine_was_not_sure_of_and_takes_it_back():
    story = linked(
        facts(RECEIVED, DISPATCHED), closed_story(complaint_count=3, redo_round=2), "2026-09-28 12:00"
    )
    rungs = climb(story, policy(), calendar(), at("2026-09-28 12:00"))
    assert [each.step for each in rungs.happenings] == ["repeat_4"]
    assert (rungs.changes["complaint_count"], rungs.changes["raised"]) == (4, 1)
    story = replace(story, happenings=story.happenings + rungs.happenings, complaint_count=4, raised=1)
    case = Case(story, policy(), calendar(), at("2026-09-28 15:00"))
    undone = DECIDERS[Act.UNDO](UndoBody(step="link", reason="两条不同的路"), case)
    story = replace(story, happenings=story.happenings + undone.happenings, earlier=None)
    found = climb(story, policy(), calendar(), at("2026-09-28 15:00"))
    assert (found.changes["complaint_count"], found.changes["raised"], found.happenings) == (1, 0, ())


@pytest.mark.parametrize(
    ("own", "carried", "linked_round"),
    [(0, 0, 1), (0, 2, 3), (1, 0, 1), (2, 0, 2), (1, 3, 4)],
)
def test_an_undone_link_leaves_the_redo_rounds_of_the_ticket_itself(own, carried, linked_round):
    redone = [event("redone", f"2026-09-28 11:1{n}", "handling", round=n + 1) for n in range(own)]
    story = facts(RECEIVED, DISPATCHED, SIGNED, *redone, redo_round=own)
    earlier = closed_story(redo_round=carried)
    out = merging.DECIDERS[Act.LINK](
        LinkBody(earlier=earlier.number), Case(story, policy(), calendar(), at("2026-09-28 12:00"), earlier)
    )
    assert out.changes["redo_round"] == linked_round
    story = replace(
        story,
        happenings=story.happenings + out.happenings,
        earlier=earlier.number,
        redo_round=linked_round,
    )
    case = Case(story, policy(), calendar(), at("2026-09-28 15:00"))
    undone = DECIDERS[Act.UNDO](UndoBody(step="link", reason="两条不同的路"), case)
    assert undone.changes["redo_round"] == own


def test_a_link_does_not_count_for_a_marked_caller_and_says_so():
    story = facts(RECEIVED, DISPATCHED, event("marked", "2026-09-28 11:00", malicious=True))
    earlier = closed_story(complaint_count=3, redo_round=2)
    case = Case(story, policy(), calendar(), at("2026-09-28 12:00"), earlier)
    out = merging.DECIDERS[Act.LINK](LinkBody(earlier=earlier.number), case)
    assert (out.happenings[0].data["counted"], out.happenings[0].data["count"]) == (False, 3)
    assert "本次不计次" in out.decision.because


def test_a_clue_that_went_up_is_undone_by_the_rung_that_opened_it_and_by_no_other_name():
    opened = replace(event("clue_opened", "2026-09-28 14:00", count=3, trigger="returns"), step="return_3")
    sent_up = replace(event("clue_sent_up", "2026-09-30 14:00", clock="clue"), step="silent")
    story = facts(RECEIVED, DISPATCHED, SIGNED, opened, sent_up)
    assert undoable(story, "silent") is None and undoable(story, "return_3") is opened
    case = Case(story, policy(), calendar(), at("2026-10-09 10:00"))
    with pytest.raises(BadInput, match="没有可以撤销的升级") as caught:
        DECIDERS[Act.UNDO](UndoBody(step="silent", reason="误报"), case)
    assert "return_3" in caught.value.advice and "silent" not in caught.value.advice
    assert DECIDERS[Act.UNDO](UndoBody(step="return_3", reason="误报"), case).happenings[0].data["clue"]


@pytest.mark.parametrize(
    ("story", "earlier", "match"),
    [
        (facts(RECEIVED, DISPATCHED, earlier="x"), closed_story(), "已认定"),
        (facts(RECEIVED, DISPATCHED), closed_story(when="2026-10-09 10:00"), "更早"),
        (
            facts(RECEIVED, DISPATCHED),
            facts(RECEIVED, number="y", received_at=at("2026-09-01 10:00")),
            "没有办结",
        ),
        (facts(RECEIVED, DISPATCHED), closed_story(restricted=True), "限定范围"),
        (facts(RECEIVED, DISPATCHED), facts(RECEIVED, DISPATCHED), "更早"),
    ],
)
def test_what_cannot_be_a_repeat_is_refused_with_what_to_do(story, earlier, match):
    with pytest.raises(BadInput, match=match):
        linked(story, earlier, "2026-09-28 12:00")
