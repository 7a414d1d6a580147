"""Complaints about officials (限定范围办理): by no act, no role, no repeat and no notice do they reach those complained of."""

from dataclasses import replace

import pytest

from dispatch import sameness, supervise
from rules.access import ACT_ROLES, Actor, may_act
from rules.errors import BadInput, NotAllowed
from rules.terms import Act, Role, Stage
from tests.desks import DISPATCHER, OPERATOR, SUPERVISOR, act, of, post, rows
from tests.pressing import (
    AGAIN,
    FUMES,
    MILD,
    OTHER,
    RUDE,
    STILL,
    TEXT,
    answered,
    one,
    receivers,
    require_agreement,
    ring,
    told,
)
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, facts

NOW = at("2026-09-28 10:00")
ACCUSED, ABOVE = "market_supervision", "government_office"
#: Whose inbox is not within the circle.
OUTSIDE = ("operator", "dispatcher", "caller_back")


def complaint(desk, now=NOW, text=RUDE):
    """One about the market supervision bureau, waiting for the supervisor."""
    number = ring(desk, now, text).number
    found = one(desk, number)
    assert (found["stage"], bool(found["restricted"]), found["against"]) == ("to_dispatch", True, ACCUSED)
    return number


def given(desk, number, now=NOW):
    act(desk, number, "dispatch", SUPERVISOR, now, department=ABOVE, reason="按管理权限")


def returned(desk, number):
    given(desk, number)
    act(desk, number, "return", of(ABOVE, Role.LIAISON), NOW, reason="应由纪检办理")


def conferring(desk, number):
    act(desk, number, "confer", SUPERVISOR, NOW, outcome="商定承办单位")


WAYS = [
    (None, "dispatch", {"department": ACCUSED, "reason": "按职责"}),
    (None, "dispatch", {"department": "县市监局", "reason": "按职责"}),
    (None, "dispatch", {"department": ABOVE, "assists": ["housing", "市监局"], "reason": "请协助"}),
    (given, "reassign", {"department": ACCUSED, "reason": "改派"}),
    (returned, "settle-return", {"accept": True, "department": ACCUSED, "reason": "转派"}),
    (conferring, "confer", {"lead": ACCUSED, "outcome": "由其主办"}),
    (conferring, "confer", {"lead": ABOVE, "assists": [ACCUSED], "outcome": "由其协办"}),
]


@pytest.mark.parametrize(
    ("before", "name", "body"), WAYS, ids=[f"{way[1]}-{n}" for n, way in enumerate(WAYS)]
)
def test_no_act_gives_it_to_the_accused(desk, before, name, body):
    number = complaint(desk)
    if before:
        before(desk, number)
    seen = rows(desk, "SELECT * FROM assignment")
    with pytest.raises(BadInput, match="不能派给该单位"):
        act(desk, number, name, SUPERVISOR, NOW, **body)
    assert rows(desk, "SELECT * FROM assignment") == seen


@pytest.mark.parametrize("code", ["police", "traffic_police"])
def test_what_lies_below_the_accused_does_not_get_it_either(desk, code):
    number = ring(desk, NOW, "县公安局户籍窗口的人态度恶劣，材料齐了也不给办。").number
    assert one(desk, number)["against"] == "police"
    with pytest.raises(BadInput, match="不能派给该单位"):
        act(desk, number, "dispatch", SUPERVISOR, NOW, department=ABOVE, assists=[code], reason="请协助")


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.SUPERVISOR, Role.DISCIPLINE)])
def test_no_role_outside_the_circle_can_do_anything(role):
    """Of the departments only the one at work on it; the accused is never that one."""
    story = facts(RECEIVED, DISPATCHED, SIGNED, restricted=True, against=ACCUSED)
    for stage in Stage:
        for name in ACT_ROLES:
            with pytest.raises(NotAllowed):
                may_act(Actor("someone", frozenset({role}), ACCUSED), name, _at(story, stage))


def _at(story, stage):
    return facts(*story.happenings, stage=stage, restricted=True, against=ACCUSED)


@pytest.mark.parametrize("name", [name for name in ACT_ROLES if name is not Act.SETTLE_CLUE])
def test_the_inspector_looks_and_does_not_handle(name):
    with pytest.raises(NotAllowed):
        may_act(Actor("inspector", frozenset({Role.DISCIPLINE})), name, facts(RECEIVED, restricted=True))


def test_nothing_of_it_is_told_outside_the_circle(desk):
    number = complaint(desk)
    assert ring(desk, NOW, RUDE).joined  # nobody holds it yet
    supervise.tick(desk, at("2026-09-28 17:00"))  # the dispatch limit passes
    returned(desk, number)
    act(desk, number, "settle-return", SUPERVISOR, NOW, accept=True, reason="成立")
    supervise.tick(desk, at("2026-10-09 17:00"))
    given(desk, number)
    answered(desk, number, NOW, SUPERVISOR)
    told(desk, number, NOW, content=False, caller_back=SUPERVISOR)
    heard = receivers(desk, number)
    assert not {receiver for receiver, _ in heard} & set(OUTSIDE)
    assert {department for _, department in heard} <= {None, ABOVE}
    assert [receiver for receiver, _ in heard].count("supervisor") >= 5
    require_agreement(desk)


def closed_complaint(desk):
    number = complaint(desk)
    given(desk, number)
    answered(desk, number, NOW, SUPERVISOR)
    told(desk, number, NOW, caller_back=SUPERVISOR)
    return number


@pytest.mark.parametrize("text", [RUDE, MILD])
def test_told_again_in_whatever_words_it_stays_within_the_circle(desk, text):
    number = closed_complaint(desk)
    again = one(desk, ring(desk, at("2026-10-12 10:00"), text).number)
    assert (again["earlier"], again["complaint_count"]) == (number, 2)
    assert (again["stage"], bool(again["restricted"]), again["against"]) == ("to_dispatch", True, ACCUSED)
    assert rows(desk, "SELECT count(*) AS n FROM link") == [{"n": 0}]
    with pytest.raises(BadInput, match="不能派给该单位"):
        act(desk, again["number"], "dispatch", SUPERVISOR, NOW, department=ACCUSED, reason="按职责")
    assert not {receiver for receiver, _ in receivers(desk, again["number"])} & set(OUTSIDE)
    require_agreement(desk)


def test_told_again_it_is_within_the_circle_before_anybody_has_read_it(desk):
    closed_complaint(desk)
    number = post(
        desk, at("2026-10-12 10:00"), text=MILD, type="complain", caller={"phone": "19900001234"}
    ).number
    with pytest.raises(NotAllowed):
        act(desk, number, "answer", OPERATOR, at("2026-10-12 10:00"), words="请到窗口办理")
    assert one(desk, number)["restricted"]


def test_a_link_that_was_undone_opens_it_to_nobody(desk):
    closed_complaint(desk)
    number = ring(desk, at("2026-10-12 10:00"), MILD).number
    act(desk, number, "undo", SUPERVISOR, at("2026-10-12 11:00"), step="link", reason="另一名工作人员")
    found = one(desk, number)
    assert (found["earlier"], found["complaint_count"], bool(found["restricted"])) == (None, 1, True)
    with pytest.raises(NotAllowed):
        act(
            desk,
            number,
            "dispatch",
            DISPATCHER,
            at("2026-10-12 12:00"),
            department="housing",
            reason="按职责",
        )


@pytest.mark.parametrize("name", ["merge", "link"])
@pytest.mark.parametrize("ours", [True, False])
def test_it_is_neither_merged_nor_linked_with_an_open_matter(desk, name, ours):
    mine = closed_complaint(desk) if name == "link" else complaint(desk)
    other = ring(desk, at("2026-10-12 10:00"), FUMES, OTHER).number
    if name == "link" and not ours:
        act(desk, other, "answer", OPERATOR, at("2026-10-12 10:01"), words="已转告物业")
        mine = ring(
            desk, at("2026-10-13 10:00"), "县市监局的人推诿扯皮，投诉书收了不回。", "19900007777"
        ).number
        mine, other = other, mine
    number, into = (other, mine) if ours or name == "link" else (mine, other)
    body = {"into": into} if name == "merge" else {"earlier": into}
    with pytest.raises(BadInput, match="限定范围"):
        act(desk, number, name, SUPERVISOR, at("2026-10-14 10:00"), **body)


@pytest.mark.parametrize(("text", "again", "links"), [(RUDE, MILD, 0), (FUMES, STILL, 1)])
def test_what_may_only_perhaps_be_the_same_is_not_shown_beside_it(desk, monkeypatch, text, again, links):
    """A link is seen by the whole desk; it would tell that the caller complained about an official before."""
    real = sameness.likely
    unsure = lambda *given, **named: [replace(each, p=0.6) for each in real(*given, **named)]  # noqa: E731
    monkeypatch.setattr(sameness, "likely", unsure)
    number = ring(desk, NOW, text).number
    other = ring(desk, at("2026-10-12 10:00"), again).number
    assert (other != number, one(desk, other)["earlier"]) == (True, None)
    assert rows(desk, "SELECT count(*) AS n FROM link") == [{"n": links}]
    events = rows(desk, f"SELECT data FROM event WHERE ticket = '{other}'")
    assert any("perhaps" in str(each) for each in events) == bool(links)


def test_an_ordinary_repeat_stays_ordinary(desk):
    number = ring(desk, NOW, TEXT).number
    answered(desk, number, NOW)
    told(desk, number, NOW)
    again = one(desk, ring(desk, at("2026-10-12 10:00"), AGAIN).number)
    assert (again["earlier"], bool(again["restricted"]), again["stage"]) == (number, False, "to_sign")
