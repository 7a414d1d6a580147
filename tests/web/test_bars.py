"""The time bar: shares, pauses, and the words beside it."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from dispatch.reasons import whys
from dispatch.view import standing
from rules.clocks import as_row, plan
from rules.terms import Happened, Stage
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy
from web.bars import _tone, _words, bars, day_and_time


@dataclass
class Seen:
    """As much of a view as the bars look at."""

    clocks: list
    events: list
    policy: object
    calendar: object
    whys: object


def seen(*happenings, **given):
    told = facts(*happenings, **given)
    rows = [
        {
            "id": n,
            "kind": each.kind,
            "scope": each.scope,
            "generation": each.generation,
            "state": each.state,
            "started_at": each.started_at,
            "due_at": each.due_at,
            "stopped_at": each.stopped_at,
            "amount": each.budget.amount if each.budget else None,
            "unit": each.budget.unit if each.budget else None,
            "ladder": [as_row(step) for step in each.steps],
            "rule": each.rule,
            "clause": each.clause,
            "provisional": each.provisional,
        }
        for n, each in enumerate(plan(told, policy(), calendar()))
    ]
    events = [{"kind": each.kind, "at": each.at, "clock": None, "step": None} for each in happenings]
    return Seen(rows, events, policy(), calendar(), whys(rows, told, policy(), calendar()))


def newest(view, kind):
    return [each for each in view.clocks if (each["kind"], each["scope"]) == (kind, "ticket")][-1]


STORY = (RECEIVED, DISPATCHED, SIGNED)


@pytest.mark.parametrize(
    ("now", "used"), [("2026-09-28 10:00", 0.0), ("2026-10-13 17:30", 1.0), ("2026-10-01 12:00", None)]
)
def test_the_share_grows_with_working_time_alone(now, used):
    view = seen(*STORY)
    stands = standing(newest(view, "handle"), view, at(now))
    if used is None:
        before = standing(newest(view, "handle"), view, at("2026-09-30 17:30"))
        assert stands.used == before.used, "nothing is used on a day off"
    else:
        due = newest(view, "handle")["due_at"]
        moment = due if used == 1.0 else at(now)
        assert standing(newest(view, "handle"), view, moment).used == pytest.approx(used)


def test_what_is_left_is_negative_once_overdue():
    view = seen(*STORY)
    clock = newest(view, "handle")
    assert standing(clock, view, clock["due_at"]).left == 0
    assert standing(clock, view, clock["due_at"] + timedelta(days=7)).left < 0


def test_a_suspended_limit_stands_still_and_shows_its_pause():
    pause = event("suspended", "2026-09-29 10:00", "suspended", until=at("2026-10-20 09:00"), reason_code="x")
    view = seen(*STORY, pause)
    clock = newest(view, "handle")
    early, late = (standing(clock, view, at(now)) for now in ("2026-09-29 11:00", "2026-10-15 11:00"))
    assert early.used == late.used and early.left == late.left
    resumed = seen(*STORY, pause, event("resumed", "2026-10-09 10:00", "handling"))
    stands = standing(newest(resumed, "handle"), resumed, at("2026-10-10 12:00"))
    ((start, end),) = stands.pauses
    assert 0 < start < end < stands.used < 1


def test_steps_are_ticks_up_to_the_deadline():
    view = seen(*STORY)
    assert standing(newest(view, "handle"), view, at("2026-09-28 10:00")).ticks == pytest.approx(
        (0.5, 0.8, 1.0), abs=0.01
    )


def test_a_clock_beyond_the_calendar_has_no_bar_instead_of_an_error():
    view = seen(*STORY)
    assert standing(newest(view, "handle"), view, at("2080-01-01 10:00")) is None


@pytest.mark.parametrize(
    ("now", "kind", "tone", "words"),
    [
        ("2026-09-28 11:00", "办理时限", "calm", "还剩"),
        ("2026-10-12 17:00", "办理时限", "soon", "还剩"),
        ("2026-10-30 10:00", "办理时限", "over", "已超期"),
        ("2026-10-30 10:00", "签收时限", "done", "按时完成"),
    ],
)
def test_the_tone_never_stands_without_words(now, kind, tone, words):
    found = {each.kind: each for each in bars(seen(*STORY), at(now))}
    assert (found[kind].tone, words in found[kind].words) == (tone, True)


@pytest.mark.parametrize(
    ("signed", "tone", "words"),
    [("2026-09-29 17:30", "over", "到期未完成"), ("2026-09-29 11:00", "done", "已取消")],
)
def test_a_limit_that_was_missed_is_not_called_cancelled(signed, tone, words):
    """Signed by itself when the window ended, the signature was missed; reassigned before it, it was called off."""
    gone = event(Happened.SIGNED, signed, Stage.HANDLING, automatic=True)
    moved = event(Happened.REASSIGNED, signed, Stage.TO_SIGN, department="housing")
    view = seen(RECEIVED, DISPATCHED, gone if tone == "over" else moved)
    old = next(each for each in view.clocks if (each["kind"], each["generation"]) == ("sign", 1))
    assert (_tone(old, None, at("2026-10-08 09:00")), _words(old, None, at("2026-10-08 09:00"), view)) == (
        tone,
        words,
    )


def test_the_bar_says_why_its_deadline_is_what_it_is():
    drawn = next(
        each for each in bars(seen(RECEIVED, DISPATCHED), at("2026-09-29 10:00")) if each.kind == "签收时限"
    )
    assert (
        drawn.why
        == "从 9月28日 10:00 派单起算，1 个工作日，9月29日 周二 17:30 截止；届时仍未签收的，自动签收。"
    )
    assert drawn.rule in drawn.basis


def test_only_the_newest_generation_is_drawn():
    view = seen(*STORY, event("redone", "2026-10-09 10:00", "handling", reason="x", round=1))
    kinds = [each.kind for each in bars(view, at("2026-10-09 11:00"))]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("2026-09-28 17:30", "今天 17:30"),
        ("2026-09-27 00:00", "昨天 00:00"),
        ("2026-09-29 09:05", "明天 09:05"),
        ("2026-09-30 09:05", "后天 09:05"),
        ("2026-10-13 17:30", "10月13日 周二 17:30"),
        ("2027-01-04 09:00", "2027年1月4日 周一 09:00"),
    ],
)
def test_days_are_said_as_people_say_them(when, words):
    assert day_and_time(at(when), at("2026-09-28 10:00")) == words
