"""Calendars that follow each other (日历更替): a replay gives the generations as they were promised, and then the new ones."""

from copy import copy
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import packs
from rules.clocks import WHOLE, plan
from rules.explaining_words import why
from rules.succession import asked_of, change, notices
from rules.terms import Facts, Stage, TicketType
from tests.histories import histories
from tests.stories import calendar, event, facts, policy

HEAD = '[notice]\ntitle = "虚构的通知"\nsource = "https://example.invalid/2027"\n'
OFF = ", ".join(
    f'{{ festival = "假", from = 2027-{month:02}-{day:02}, to = 2027-{month:02}-{day + 3:02} }}'
    for month, day in ((1, 1), (1, 18), (2, 5), (3, 1))
)
WORKED = ", ".join(
    f'{{ festival = "假", date = 2027-{day} }}' for day in ("01-09", "01-10", "01-16", "02-20")
)
LATER = packs.calendar_of(policy(), (("2027.toml", f"year = 2027\noff = [{OFF}]\n{HEAD}"),))
BOTH = packs.calendar_of(
    policy(), (("2027.toml", f"year = 2027\noff = [{OFF}]\nmake_up = [{WORKED}]\n{HEAD}"),)
)
EARLIER = packs.calendar_of(policy(), (("2027.toml", f"year = 2027\nmake_up = [{WORKED}]\n{HEAD}"),))

RECEIVED = event("received", "2026-12-24 10:00", "received")
DISPATCHED = event("dispatched", "2026-12-24 10:00", "to_sign", department="urban", reason="规则")
SIGNED = event("signed", "2026-12-24 11:00", "handling", department="urban")


def running(plans):
    return {(each.kind.value, each.scope): each.due_at for each in plans if each.stopped_at is None}


def changed(told, newest, at, shorten=()):
    """The facts after the newest calendar has reached the ticket."""
    promised = {name: due for name, due in running(plan(told, policy(), calendar())).items() if due}
    asked = asked_of(told, policy(), newest, promised)
    turn = change(asked, calendar().version, newest, at, dict(shorten))
    return replace(told, happenings=(*told.happenings, turn)), asked


@settings(max_examples=120, deadline=None)
@given(life=histories(), newest=st.sampled_from([LATER, BOTH, EARLIER]), cut=st.integers(1, 14))
def test_old_generations_stay_new_ones_follow_and_all_are_explained(life, newest, cut):
    happenings = tuple(
        replace(each, at=each.at + timedelta(days=330 - 300 * (life.happenings[0].at.month > 6)))
        for each in life.happenings
    )
    early = happenings[:cut]
    stage = next(each.data["stage"] for each in reversed(early) if "stage" in each.data)
    told = Facts("", Stage(stage), life.type, life.urgency, "phone", early[0].at, happenings=early)
    before = plan(told, policy(), calendar())
    after, asked = changed(told, newest, early[-1].at + timedelta(seconds=1))
    found = plan(after, policy(), newest)
    stopped = {(each.kind, each.scope, each.generation): each for each in found}
    for each in before:
        kept = stopped[each.kind, each.scope, each.generation]
        assert (kept.due_at, kept.started_at) == (each.due_at, each.started_at)
    for each in asked:
        assert running(found)[each.kind, each.scope] == max(each.was, each.asked)
    late = [replace(each, at=each.at + timedelta(seconds=2)) for each in happenings[cut:]]
    whole = replace(after, happenings=(*after.happenings, *late))
    final = plan(whole, policy(), newest)
    for each in final:
        reasons = why(each, final, whole, policy(), newest)
        assert reasons["adds_up"], (each, reasons["words"])


def test_one_that_stays_says_so_and_one_that_was_shortened_is_counted_by_the_new_calendar():
    told = facts(RECEIVED, DISPATCHED, SIGNED, type=TicketType.COMPLAIN)
    at = SIGNED.at + timedelta(days=1)
    kept, asked = changed(told, EARLIER, at)
    assert {each.way for each in asked} == {"same", "earlier"}
    final = plan(kept, policy(), EARLIER)
    handle = [each for each in final if each.kind == "handle" and each.scope == WHOLE]
    assert len(handle) == 1
    words = why(handle[0], final, kept, policy(), EARLIER)["words"]
    assert "放假安排更新，按新日历会更早，已承诺的不变" in words
    assert notices(kept, kept.happenings[-1]) == ()
    short, _ = changed(told, EARLIER, at, {"reason": "省里要求", "by": "督办王"}.items())
    final = plan(short, policy(), EARLIER)
    handle = [each for each in final if each.kind == "handle" and each.scope == WHOLE]
    assert handle[1].due_at < handle[0].due_at
    assert "（省里要求）" in notices(short, short.happenings[-1])[0].words


def test_a_calendar_that_is_not_known_any_more_is_answered_by_the_newest():
    told = facts(RECEIVED, DISPATCHED, SIGNED, type=TicketType.COMPLAIN)
    after, _ = changed(told, LATER, SIGNED.at + timedelta(days=1))
    strange = packs.calendar_of(policy(), (("2027.toml", f"year = 2027\noff = [{OFF}]\n{HEAD}#"),))
    lonely = copy(strange)
    lonely.earlier = {}
    assert running(plan(after, policy(), lonely)) == running(plan(after, policy(), LATER))


@pytest.mark.parametrize("newest", [LATER, EARLIER])
def test_a_deadline_that_a_person_set_is_not_moved_by_a_calendar(newest):
    due = SIGNED.at + timedelta(days=40)
    put = event("due_set", "2026-12-25 10:00", due_at=due, reason="县政府要求", by="督办王")
    told = facts(RECEIVED, DISPATCHED, SIGNED, put, type=TicketType.COMPLAIN)
    after, asked = changed(told, newest, put.at + timedelta(days=1))
    assert {each.asked for each in asked if each.kind == "handle"} == {due}
    assert running(plan(after, policy(), newest))["handle", WHOLE] == due
