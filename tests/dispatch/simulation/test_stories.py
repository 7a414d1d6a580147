"""The matters of the demo week (演示周的故事): all valid, of every kind, and arriving as calls do in life."""

from collections import Counter
from datetime import timedelta

import pytest

from dispatch.simulation import stories as told
from dispatch.simulation.people import FATES
from dispatch.simulation.stories import arrivals, phone, stories
from intake.request import build
from rules.accept import emergency
from tests.stories import at, policy

NOW = at("2026-11-16 10:00")


def test_every_story_is_valid_and_its_department_is_in_the_pack():
    for each in stories():
        assert each.fate in FATES
        assert each.department in policy().departments or not each.department
        assert not each.first or each.first in policy().departments
        for text in each.texts:
            assert build(
                {"channel": each.channel, "text": text, "type": each.type, "urgency": each.urgency}, NOW
            )
        if each.kind in ("invalid", "refuse"):
            reasons = policy().invalid if each.kind == "invalid" else policy().refusals
            assert each.told["reason"] in {reason.code for reason in reasons}


def test_no_two_contacts_say_the_same():
    texts = [text for each in stories() for text in each.texts]
    assert len(texts) == len(set(texts))


def test_no_ordinary_matter_is_taken_for_a_danger_to_life():
    wrong = [
        text
        for each in stories()
        if each.kind != "transfer"
        for text in each.texts
        if emergency(text, policy().emergencies)
    ]
    assert wrong == []


def test_the_week_is_a_mix():
    assert {each.channel for each in stories()} >= {
        "phone", "web", "wechat", "app", "mailbox", "letter", "forum", "handed_down", "emergency_110", "walk_in",
        "visit", "proxy", "leader_session",
    }  # fmt: skip
    assert {each.type for each in stories()} >= {
        "consult", "help", "suggest", "complain", "report", "praise", "other",
    }  # fmt: skip
    assert {each.urgency for each in stories()} == {"normal", "urgent", "critical"}


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_six_in_ten_contacts_are_answered_at_the_desk_and_all_callers_are_nobody(seed):
    coming = arrivals(seed)
    per_story = {each.story.name: each.story for each in coming}.values()
    contacts = sum(map(told._tickets, per_story))
    direct = ("answer", *told._ANSWERED)
    answered = sum(told._tickets(each) for each in per_story if each.kind in direct)
    assert contacts >= 400
    assert answered / contacts == pytest.approx(told.DIRECT_SHARE, abs=0.02)
    assert all(len(phone(each.caller)) == 11 and phone(each.caller)[:7] == "1990000" for each in coming)
    assert arrivals(seed) == coming


def test_callers_of_different_matters_are_different_people():
    owners: dict[int, str] = {}
    for each in arrivals(0):
        assert owners.setdefault(each.caller, each.story.name) == each.story.name


def test_calls_come_by_day_and_hour_as_in_life():
    coming = [each for each in arrivals(0) if each.story.kind == "answer"]
    hours = Counter(each.after.seconds // 3600 for each in coming)
    share = {hour: n / len(coming) for hour, n in hours.items()}
    assert (
        share[10] > 0.06 and share[13] < share[10] and share.get(4, 0) < 0.03
    )  # two humps, a dip, quiet nights
    days = Counter(each.after.days for each in coming)
    weekend, work = days[5] + days[6], sum(days[day] for day in range(5))
    assert weekend / 2 < work / 5
    assert all(timedelta(0) <= each.after < timedelta(days=7) for each in coming)


def test_what_takes_longer_than_a_week_began_before_it():
    begun = {each.story.name: each.after for each in arrivals(0) if each.index == 0}
    for each in stories():
        if each.kind == "repeat":
            assert begun[each.name] < timedelta(days=-6)
