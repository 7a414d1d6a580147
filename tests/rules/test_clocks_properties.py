"""What holds of the clocks of any ticket (时钟的性质): replay equals growing, and pauses commute with splitting."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.clocks import ClockPlan, plan
from rules.clockwork import SIGNS
from rules.terms import ClockKind, Happened, Happening, Stage, TicketType, Urgency
from tests.histories import STEPS, History, histories
from tests.stories import DISPATCHED, RECEIVED, SIGNED, calendar, facts, policy

PLENTY = settings(max_examples=120, derandomize=True, deadline=None, database=None)


def plans_of(story: History, length: int | None = None) -> tuple[ClockPlan, ...]:
    told = facts(*story.happenings[:length], type=story.type, urgency=story.urgency)
    return plan(told, policy(), calendar())


@PLENTY
@given(histories())
def test_replaying_everything_is_the_same_as_growing_event_by_event(story: History) -> None:
    """Rows kept as the desk keeps them: inserted once, then only state and end may move."""
    kept: dict[tuple[str, str, int], ClockPlan] = {}
    for length in range(1, len(story.happenings) + 1):
        for each in plans_of(story, length):
            key = (each.kind, each.scope, each.generation)
            held = kept.setdefault(key, each)
            kept[key] = replace(held, state=each.state, stopped_at=each.stopped_at)
    whole = {(each.kind, each.scope, each.generation): each for each in plans_of(story)}
    assert kept == whole


@PLENTY
@given(histories())
def test_of_each_clock_one_generation_runs_and_what_has_ended_stays_ended(story: History) -> None:
    ended: dict[tuple[str, str, int], tuple[str, object]] = {}
    for length in range(1, len(story.happenings) + 1):
        plans = plans_of(story, length)
        running = [(each.kind, each.scope) for each in plans if each.state in ("armed", "held", "paused")]
        assert len(running) == len(set(running))
        for key, how in ended.items():
            assert how == next(
                (each.state, each.stopped_at)
                for each in plans
                if (each.kind, each.scope, each.generation) == key
            )
        ended |= {
            (each.kind, each.scope, each.generation): (each.state, each.stopped_at)
            for each in plans
            if each.state in ("met", "cancelled")
        }


@PLENTY
@given(histories())
def test_ladders_that_nobody_asks_for_are_all_that_is_left_out(story: History) -> None:
    told = facts(*story.happenings, type=story.type, urgency=story.urgency)
    whole = plan(told, policy(), calendar())
    first = plan(told, policy(), calendar(), lambda _kind, _scope, generation: generation == 1)
    for some, each in zip(first, whole, strict=True):
        kept = each.generation == 1 or each.kind is ClockKind.RESUME  # that day is no ladder's
        signs = tuple(step for step in each.steps if step.action == SIGNS)
        assert some == (each if kept else replace(each, steps=signs))


def paused(spans: list[tuple[timedelta, timedelta]], urgency: Urgency, kind: TicketType) -> ClockPlan:
    """The handling limit of a ticket that was suspended over `spans`, counted from its signing."""
    events = [RECEIVED, DISPATCHED, SIGNED]
    for begin, end in spans:
        review = {"stage": Stage.SUSPENDED, "until": SIGNED.at + timedelta(days=180)}
        events.append(Happening(Happened.SUSPENDED, SIGNED.at + begin, review))
        events.append(Happening(Happened.RESUMED, SIGNED.at + end, {"stage": Stage.HANDLING}))
    plans = plan(facts(*events, urgency=urgency, type=kind), policy(), calendar())
    return [each for each in plans if each.kind is ClockKind.HANDLE][-1]


lengths = st.integers(0, 20 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
short = st.sampled_from([timedelta(seconds=each) for each in STEPS])
urgencies = st.sampled_from(Urgency)
types = st.sampled_from([each for each in TicketType if each is not TicketType.PRAISE])


@PLENTY
@given(lengths, lengths, st.lists(st.floats(0, 1), max_size=3), urgencies, types)
def test_a_pause_cut_into_pieces_gives_back_the_same(
    begin: timedelta, length: timedelta, cuts: list[float], urgency: Urgency, kind: TicketType
) -> None:
    edges = [begin, *sorted(begin + length * cut for cut in cuts), begin + length]
    pieces = list(pairwise(edges))
    assert paused(pieces, urgency, kind).due_at == paused([(begin, begin + length)], urgency, kind).due_at


@PLENTY
@given(st.lists(st.tuples(short, short), min_size=1, max_size=4), urgencies, types)
def test_pauses_in_time_give_back_the_sum_of_what_each_took(
    spans: list[tuple[timedelta, timedelta]], urgency: Urgency, kind: TicketType
) -> None:
    at, told, given_back = timedelta(), [], 0.0
    first = paused([], urgency, kind).due_at
    for gap, length in spans:
        begin, at = at + gap, at + gap + length
        told.append((begin, at))
        given_back += calendar().elapsed(SIGNED.at + begin, SIGNED.at + at)
    due = paused(told, urgency, kind).due_at
    assert first is not None and due is not None
    assume(SIGNED.at + told[-1][0] < first)  # one that begins after the deadline forgives nothing
    assert calendar().elapsed(first, due) == pytest.approx(given_back)
