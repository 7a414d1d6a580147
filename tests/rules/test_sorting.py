"""What happens to a new matter besides routing (分拣): in which order the reasons hold, and what each leads to."""

from dataclasses import replace

import pytest

from rules.matching import RoutingFacts
from rules.routing import route
from rules.sorting import Card, Matter, card_for, card_of, sort
from rules.terms import Stage, TicketType, Urgency
from tests.stories import RECEIVED, at, event, facts, policy

NOW = at("2026-09-28 10:00")
CODES = sorted(policy().departments)
WATER = Card(1, "主管道破裂停水", ("停水|没水",), (), "预计今晚十点恢复。", "water_supply")


def seen(text, kind=TicketType.COMPLAIN, channel="phone", areas=(), labels=(), **given):
    values = {
        "text": text,
        "title": text[:20],
        "type": kind,
        "urgency": Urgency.NORMAL,
        "channel": channel,
        "category": None,
        "areas": areas,
        "labels": labels,
        "abstain": not labels,
        "model": "m" if labels else None,
        "place": "",
    }
    return RoutingFacts(**{**values, **given})


def sorted_(matter_facts, story, absent=(), card=None):
    return sort(route(matter_facts, policy(), NOW), matter_facts, Matter(story, absent, card), policy())


VAGUE = "上次那个事情到底怎么样了"
NOTHING_TOLD = ("name", "time", "place", "cause", "course")


@pytest.mark.parametrize(
    ("text", "kind", "channel", "absent", "what"),
    [
        (VAGUE, TicketType.COMPLAIN, "web", NOTHING_TOLD, Stage.INCOMPLETE),
        (VAGUE, TicketType.COMPLAIN, "wechat", ("place",), Stage.INCOMPLETE),
        (VAGUE, TicketType.CONSULT, "web", ("place",), Stage.TO_DISPATCH),  # a question needs no place
        (VAGUE, TicketType.COMPLAIN, "phone", NOTHING_TOLD, Stage.TO_DISPATCH),  # the operator asked
        (VAGUE * 3, TicketType.COMPLAIN, "web", NOTHING_TOLD, Stage.TO_DISPATCH),
        (VAGUE, TicketType.COMPLAIN, "web", ("name", "time"), Stage.TO_DISPATCH),
    ],
)
def test_only_what_came_in_writing_in_few_words_is_asked_back(text, kind, channel, absent, what):
    decision = sorted_(seen(text, kind, channel), facts(RECEIVED), absent)
    assert decision.what == what
    if what is Stage.INCOMPLETE:
        assert "地点" in decision.because and decision.clause


def test_nobody_is_asked_back_twice_and_never_about_old_records():
    asked = facts(RECEIVED, event("supplemented", "2026-09-28 11:00", "received"))
    assert sorted_(seen(VAGUE, channel="web"), asked, NOTHING_TOLD).what == Stage.TO_DISPATCH
    old = facts(RECEIVED, history=True)
    assert sorted_(seen(VAGUE, channel="web"), old, NOTHING_TOLD).what == Stage.TO_DISPATCH


@pytest.mark.parametrize(
    ("text", "areas", "card", "found"),
    [
        ("家里停水了", (), WATER, True),
        ("家里停电了", (), WATER, False),
        ("家里停水了", ("999001001001",), replace(WATER, areas=("999001001",)), True),
        ("家里停水了", ("999001002",), replace(WATER, areas=("999001001",)), False),
        ("家里停水了", (), replace(WATER, areas=("999001001",)), False),  # nobody knows where that is
    ],
)
def test_a_known_event_is_recognised_by_its_words_and_its_place(text, areas, card, found):
    assert (card_for(text, areas, [card], policy()) is not None) == found
    assert card_of(card.as_dict()) == card


def test_of_two_cards_the_newer_answers():
    newer = replace(WATER, id=2, answer="已恢复。")
    assert card_for("停水", (), [WATER, newer], policy()).id == 2
    decision = sorted_(seen("停水"), facts(RECEIVED), card=newer)
    assert (decision.what, decision.details["answer"]) == (Stage.ANSWERED, "已恢复。")


@pytest.mark.parametrize(
    ("longest", "text", "answered"),
    [
        (200, "家里停水了。" + "修" * 194, True),
        (200, "\n家里停水了。" + "修" * 194 + "  ", True),
        (200, "家里停水了。" + "修" * 195, False),  # a longer story may hold another matter
        (5, "家里停水了", True),
        (5, "家里停水了吗", False),
        (None, "家里停水了。" + "修" * 3000, True),
    ],
)
def test_a_card_answers_by_itself_only_who_says_little(longest, text, answered):
    rules = replace(policy(), card=replace(policy().card, longest=longest))
    asked = seen(text)
    decision = sort(route(asked, rules, NOW), asked, Matter(facts(RECEIVED), (), WATER), rules)
    assert (decision.rule == "event_card") == answered


def test_praise_is_praise_even_during_an_outage():
    decision = sorted_(seen("停水时师傅半夜还在抢修，感谢", TicketType.PRAISE), facts(RECEIVED), card=WATER)
    assert decision.rule == "praise"


CONDUCT = "不动产登记窗口的人互相踢皮球，故意刁难，跑了三趟"


def test_a_complaint_about_officials_is_restricted_and_never_proposes_the_accused():
    accused = "natural_resources"
    facts_seen = seen(f"自然资源局{CONDUCT}", labels=((accused, 0.6), ("police", 0.2)))
    decision = sorted_(facts_seen, facts(RECEIVED))
    assert decision.what == Stage.TO_DISPATCH and decision.department is None
    assert decision.details["restricted"] is True and decision.details["against"] == accused
    assert accused not in [each["department"] for each in decision.details["proposal"]]


def carried(**data):
    return facts(event("received", "2026-09-28 10:00", "received", earlier="x", **data), earlier="x")


def test_a_repeat_goes_to_the_former_lead_whatever_the_words_say():
    decision = sorted_(seen("家里停水了"), carried(former=CODES[0], count=3, counted=True, round=2))
    assert (decision.what, decision.department, decision.details["round"]) == (Stage.TO_SIGN, CODES[0], 2)
    assert decision.details["abstain"] is False, "the model was not sure, the former lead is"
    uncounted = sorted_(seen("家里停水了"), carried(former=CODES[0], count=1, counted=False, round=0))
    assert (uncounted.department, uncounted.details["round"]) == (CODES[0], None)


def test_a_former_lead_that_left_the_pack_gets_nothing():
    assert sorted_(seen("家里停水了"), carried(former="gone", count=2, counted=True)).rule != "repeat"


def test_what_a_former_department_held_goes_to_the_one_that_took_it_over():
    merged = replace(policy(), labels={**policy().labels, "gone": CODES[0]})
    story = carried(former="gone", count=3, counted=True, round=2)
    said = seen("家里停水了")
    decision = sort(route(said, merged, NOW), said, Matter(story, (), None), merged)
    assert (decision.rule, decision.department) == ("repeat", CODES[0])


def test_nor_does_a_department_get_a_complaint_about_the_one_it_took_over():
    merged = replace(policy(), labels={**policy().labels, "gone": "health"})
    said = seen(CONDUCT)
    story = carried(former=None, restricted=True, against="gone")
    decision = sort(route(said, merged, NOW), said, Matter(story, (), None), merged)
    assert decision.details["against"] == "health"


def test_a_matter_that_was_ended_is_answered():
    decision = sorted_(seen("家里停水了"), carried(former=None, ended="已给予最终答复"))
    assert decision.what == Stage.ANSWERED and "已给予最终答复" in decision.details["answer"]


def test_a_restricted_complaint_told_again_does_not_go_back_by_itself():
    decision = sorted_(seen(CONDUCT), carried(former=CODES[0], count=2, counted=True, round=1))
    assert decision.details.get("restricted") is True and decision.department is None


def test_what_may_not_be_ours_is_for_a_person():
    decision = sorted_(seen("法院已立案，一直没有开庭"), facts(RECEIVED))
    assert (decision.what, decision.rule) == (Stage.TO_DISPATCH, "refusal")
    assert decision.details["refusal"]["path"]
