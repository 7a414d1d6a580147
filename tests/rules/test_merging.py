"""Merging and taking apart (并单): who may lead, what a follower keeps, and who is called back."""

from dataclasses import replace

import pytest

from rules.acts import decide
from rules.bodies import BODIES
from rules.errors import BadInput, IllegalAct
from rules.escalation import followers, standing
from rules.outcome import Case
from rules.terms import Act, Happened, Stage
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

LEAD = facts(RECEIVED, DISPATCHED, SIGNED, number="999001202609280000025", complaint_count=1)
OTHER = facts(RECEIVED, DISPATCHED, SIGNED, number="999001202609280000017", complaint_count=3)
MERGED = facts(
    RECEIVED,
    DISPATCHED,
    event("merged", "2026-09-28 12:00", "merged", into=LEAD.number),
    merged_into=LEAD.number,
    department=None,
    departments=(),
)


def done(story, act, other=None, when="2026-09-29 10:00", **body):
    return decide(act, BODIES[act](**body), Case(story, policy(), calendar(), at(when), other))


def test_a_merge_writes_on_both_and_takes_the_higher_count_along():
    out = done(OTHER, Act.MERGE, LEAD, into=LEAD.number)
    assert out.happenings[-1].data["stage"] is Stage.MERGED
    assert out.changes["merged_into"] == LEAD.number
    (lead,) = out.elsewhere
    assert (lead.number, lead.changes["complaint_count"]) == (LEAD.number, 3)
    assert [each.kind for each in lead.happenings] == [Happened.FOLLOWED]
    assert [each.department for each in lead.notices] == [LEAD.department]


@pytest.mark.parametrize(
    ("story", "lead", "into", "said"),
    [
        (OTHER, OTHER, OTHER.number, "自己"),
        (OTHER, None, "x", "没有找到"),
        (OTHER, replace(LEAD, stage=Stage.CLOSED), LEAD.number, "办结"),
        (OTHER, replace(LEAD, stage=Stage.MERGED), LEAD.number, "并单"),
        (OTHER, replace(LEAD, restricted=True), LEAD.number, "限定范围"),
        (
            replace(
                OTHER, happenings=(*OTHER.happenings, event("followed", "2026-09-28 13:00", follower="y"))
            ),
            LEAD,
            LEAD.number,
            "已有别的工单并入",
        ),
    ],
)
def test_what_cannot_be_merged_is_refused_with_what_to_do(story, lead, into, said):
    with pytest.raises(BadInput, match=said):
        done(story, Act.MERGE, lead, into=into)


def test_who_follows_now_is_told_by_the_events():
    came = event("followed", "2026-09-28 13:00", follower="a", count=1)
    more = event("followed", "2026-09-28 14:00", follower="b", count=1)
    went = event("unfollowed", "2026-09-28 15:00", follower="a")
    assert [*followers(replace(LEAD, happenings=(*LEAD.happenings, came, more, went)))] == ["b"]
    assert not followers(LEAD)


def test_a_merge_brings_the_pressure_along_and_relieves_who_handled_the_follower():
    pressed = replace(OTHER, supervision=2, raised=1, department="housing", departments=("housing",))
    out = done(pressed, Act.MERGE, LEAD, into=LEAD.number)
    (followed,) = out.elsewhere[0].happenings
    assert {key: followed.data[key] for key in ("count", "level", "raised")} == {
        "count": 3,
        "level": 2,
        "raised": 1,
    }
    found = standing(replace(LEAD, happenings=(*LEAD.happenings, followed)), policy(), calendar())
    assert (found.supervision, found.raised) == (2, 1)
    assert [(each.receiver, each.department) for each in out.notices] == [("handler", "housing")]
    assert done(replace(OTHER, department=None), Act.MERGE, LEAD, into=LEAD.number).notices == ()


def test_taken_apart_a_follower_goes_to_the_dispatcher():
    out = done(MERGED, Act.UNMERGE, LEAD)
    assert out.happenings[-1].data["stage"] is Stage.TO_DISPATCH
    assert out.changes == {"merged_into": None, "closed_at": None}
    assert [each.receiver for each in out.notices] == ["dispatcher"]


CLOSED_LEAD = replace(LEAD, stage=Stage.CLOSED)


def test_a_follower_is_called_back_only_after_the_leads_answer():
    with pytest.raises(IllegalAct, match="还没有答复"):
        done(MERGED, Act.CALL_BACK, LEAD, reached=True, solved=True, satisfied=True)
    out = done(MERGED, Act.CALL_BACK, CLOSED_LEAD, reached=True, solved=True, satisfied=True)
    assert (out.lead, dict(out.changes)) == (None, {"solved": True, "satisfied": True})
    assert all("stage" not in each.data for each in out.happenings)


def test_a_follower_who_is_not_content_gets_a_ticket_of_their_own():
    out = done(MERGED, Act.CALL_BACK, CLOSED_LEAD, reached=True, solved=False, satisfied=False)
    assert (out.lead, out.changes["merged_into"], out.changes["redo_round"]) == (LEAD.department, None, 1)
    assert out.happenings[-1].data["stage"] is Stage.HANDLING
    assert [each.kind for each in out.elsewhere[0].happenings] == [Happened.UNFOLLOWED]


def test_the_callback_clerk_hears_whom_else_to_call():
    replied = event("replied", "2026-09-28 15:00", "reviewing")
    passed = event("reviewed", "2026-09-28 16:00", level="department", approved=True)
    came = event("followed", "2026-09-28 13:00", follower=OTHER.number, count=1)
    story = replace(LEAD, stage=Stage.REVIEWING, happenings=(*LEAD.happenings, came, replied, passed))
    out = done(story, Act.REVIEW, level=2, approve=True)
    assert OTHER.number in out.notices[0].words
