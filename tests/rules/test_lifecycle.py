"""The stage table (阶段表) is walked: reachable, leavable, timed."""

import pytest

from rules.access import ACT_ROLES
from rules.acts import DECIDERS
from rules.bodies import BODIES
from rules.errors import IllegalAct
from rules.lifecycle import ACT_WORDS, MOVES, OPEN_STAGES, STAGES, acts_in, move, require
from rules.terms import Act, ClockKind, Stage

#: Acts that only mark a ticket or move pressure; they are no way out of a stage.
STAYING = {
    Act.REVEAL,
    Act.MARK_CALLER,
    Act.SETTLE_CLUE,
    Act.APPEAL,
    Act.SETTLE_APPEAL,
    Act.RATE,
    Act.SEND_UPWARD,
    Act.URGE,
    Act.SUPERVISE,
    Act.RAISE_,
    Act.UNDO,
    Act.SPLIT,
}


def reachable_from(start: Stage) -> set[Stage]:
    found, frontier = {start}, [start]
    while frontier:
        here = frontier.pop()
        for each in MOVES.values():
            if each.stage is here and each.to not in found:
                found.add(each.to)
                frontier.append(each.to)
    return found


def test_every_stage_is_reachable_from_receipt():
    assert reachable_from(Stage.RECEIVED) == set(Stage)


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_every_open_stage_has_a_way_to_a_final_one_with_the_acts_that_are_built(stage):
    built = set(BODIES) | {Act.TRIAGE}
    found, frontier = {stage}, [stage]
    while frontier:
        here = frontier.pop()
        for each in MOVES.values():
            if each.stage is here and each.act in built and each.to not in found:
                found.add(each.to)
                frontier.append(each.to)
    assert any(STAGES[each].final for each in found), f"{stage} cannot end"


@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_every_open_stage_names_its_clocks_and_a_way_out(stage):
    assert STAGES[stage].clocks
    assert any(each.stage is stage and each.to is not stage for each in MOVES.values())


@pytest.mark.parametrize("stage", [each for each in Stage if STAGES[each].final])
def test_a_final_stage_runs_no_clock(stage):
    assert STAGES[stage].clocks == ()


def test_every_clock_runs_in_some_stage():
    beside_the_stages = {ClockKind.CLUE, ClockKind.UPWARD}  # both stay open when the matter is over
    assert {kind for row in STAGES.values() for kind in row.clocks} == set(ClockKind) - beside_the_stages


def test_every_act_has_its_word_and_is_in_the_table():
    assert set(ACT_WORDS) == set(Act)
    assert {each.act for each in MOVES.values()} == set(Act)


def test_what_is_built_has_a_body_a_decider_and_somebody_who_may_do_it():
    assert set(BODIES) == set(DECIDERS)
    assert set(BODIES) <= set(ACT_ROLES)


@pytest.mark.parametrize(
    ("stage", "act", "outcome", "to"),
    [
        (Stage.RECEIVED, Act.TRIAGE, "to_sign", Stage.TO_SIGN),
        (Stage.TO_SIGN, Act.RETURN_, "", Stage.RETURNED),
        (Stage.TO_SIGN, Act.RETURN_, "conferring", Stage.CONFERRING),
        (Stage.RETURNED, Act.SETTLE_RETURN, "accepted", Stage.TO_DISPATCH),
        (Stage.RETURNED, Act.SETTLE_RETURN, "rejected", Stage.TO_SIGN),
        (Stage.TO_CALL_BACK, Act.CALL_BACK, "unsatisfied", Stage.HANDLING),
        (Stage.CLOSED, Act.REDO, "", Stage.HANDLING),
    ],
)
def test_moves_lead_where_lifecycle_md_says(stage, act, outcome, to):
    assert move(stage, act, outcome) is to


@pytest.mark.parametrize("stage", list(Stage))
def test_an_illegal_act_says_what_can_be_done_instead(stage):
    for act in set(Act) - set(acts_in(stage)):
        with pytest.raises(IllegalAct) as caught:
            require(stage, act)
        assert STAGES[stage].words in caught.value.detail
        assert caught.value.advice


def test_staying_acts_do_not_move():
    moved = [each for each in MOVES.values() if each.act in STAYING and each.to is not each.stage]
    assert [(each.stage, each.act) for each in moved] == [(Stage.TRANSFERRED, Act.UNDO)]  # a false alarm
