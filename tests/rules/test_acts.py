"""What acts do (操作): outcomes by table, and random lives whose clocks keep their word."""

import json
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.record import follow
from dispatch.storage import history
from dispatch.storage.tables import CLOCK_STATES
from rules import clocks, escalation, lifecycle
from rules.acts import DECIDERS, decide
from rules.bodies import BODIES
from rules.carrying import LINK
from rules.errors import BadInput, DeskError, IllegalAct, LimitReached, TooLate
from rules.lifecycle import STAGES, acts_in
from rules.outcome import Case, Notify
from rules.terms import Act, ClockKind, Happened, Happening, Stage, TicketType, Urgency
from tests.rules.test_bodies import GOOD
from tests.stories import DISPATCHED, RECEIVED, SIGNED, at, calendar, event, facts, policy

# --- Outcomes ----------------------------------------------------------------------------------------------

CODES = sorted(policy().departments)
CHILDREN = sorted(code for code, each in policy().departments.items() if each.parent) * 6
RUNGS = {level.step for level in policy().levels}
WAITING = event("triaged", "2026-09-28 10:00", "to_dispatch")


def done(story, act, when="2026-09-28 12:00", **body):
    return decide(act, BODIES[act](**{**GOOD[act], **body}), Case(story, policy(), calendar(), at(when)))


def test_a_department_is_named_by_code_name_or_alias_and_every_one_is_told_once():
    lead, first, second = (policy().departments[code] for code in CODES[:3])
    out = done(facts(RECEIVED, WAITING), Act.DISPATCH, department=lead.name,
               assists=[first.code, first.name, second.code, lead.code])  # fmt: skip
    assert (out.lead, out.assists) == (lead.code, (first.code, second.code))
    assert out.happenings[0].data["assists"] == [first.code, second.code]
    assert [each.department for each in out.notices] == [lead.code, first.code, second.code]


@pytest.mark.parametrize("named", ["没有的单位", "no-such", "URBAN '; --"])
def test_a_department_that_is_not_in_the_pack_is_refused(named):
    for field in ({"department": named}, {"department": CODES[0], "assists": [CODES[1], named]}):
        with pytest.raises(BadInput, match="没有承办单位"):
            done(facts(RECEIVED, WAITING), Act.DISPATCH, **field)


def test_reassigning_to_the_present_lead_is_refused_also_by_its_name():
    present = policy().departments[CODES[0]]
    story = facts(RECEIVED, DISPATCHED, SIGNED, department=present.code, departments=(present.code,))
    with pytest.raises(BadInput, match="已经在"):
        done(story, Act.REASSIGN, department=present.name)


def test_a_conference_ends_with_a_lead():
    met = event("conferred", "2026-09-28 10:10", "conferring")
    with pytest.raises(BadInput, match="主办"):
        done(facts(RECEIVED, WAITING, met), Act.CONFER)
    assert done(facts(RECEIVED, WAITING, met), Act.CONFER, lead=CODES[0]).lead == CODES[0]


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("act", sorted(DECIDERS))
def test_an_act_out_of_its_stage_is_refused_before_anything_else(stage, act):
    if act in acts_in(stage):
        return
    story = replace(facts(RECEIVED), stage=stage)
    with pytest.raises(IllegalAct):
        done(story, act)


def test_refusing_an_extension_or_a_reply_needs_a_reason():
    asked = event("extension_asked", "2026-09-28 11:00", workdays=1, reason="x")
    with pytest.raises(BadInput, match="理由"):
        done(facts(RECEIVED, DISPATCHED, SIGNED, asked), Act.SETTLE_EXTENSION, accept=False)
    replied = event("replied", "2026-09-28 11:00", "reviewing")
    with pytest.raises(BadInput, match="理由"):
        done(facts(RECEIVED, DISPATCHED, SIGNED, replied), Act.REVIEW, approve=False)


def closing(*contacts, **given):
    story = facts(
        *(RECEIVED, DISPATCHED, SIGNED, *contacts),
        event("replied", "2026-09-29 10:00", "reviewing"),
        event("reviewed", "2026-09-29 12:00", "to_call_back", level="hotline", approved=True),
        **given,
    )
    return done(story, Act.CLOSE, "2026-09-29 14:00")


@pytest.mark.parametrize(
    ("contacts", "given", "stage"),
    [
        ([], {}, Stage.HANDLING),
        ([event("contacted", "2026-09-28 15:00", reached=False)], {}, Stage.HANDLING),
        ([event("contacted", "2026-09-28 15:00", reached=True)], {}, Stage.CLOSED),
        ([event("called_back", "2026-09-28 15:00", reached=True)], {}, Stage.CLOSED),
        ([], {"redo_round": 1}, Stage.CLOSED),  # it goes back once, not for ever
    ],
)
def test_a_ticket_that_nobody_was_reached_on_does_not_close_the_first_time(contacts, given, stage):
    out = closing(*contacts, **given)
    assert follow(facts(RECEIVED, **given), out).stage is stage
    assert ("closed_at" in out.changes) is (stage is Stage.CLOSED)


@pytest.mark.parametrize(("had", "has"), [(0, 1), (1, 1), (3, 3)])
def test_going_back_never_lowers_the_supervision(had, has):
    assert closing(supervision=had).changes["supervision"] == has


def test_an_urging_reaches_those_who_hold_the_ticket():
    nobody = replace(facts(RECEIVED, WAITING), department=None, departments=())
    assert [each.receiver for each in done(nobody, Act.URGE).notices] == ["dispatcher"]
    held = done(facts(RECEIVED, DISPATCHED), Act.URGE).notices
    assert held == tuple(Notify(each, "催办：请抓紧", "urban") for each in ("handler", "liaison"))


# --- Random lives ------------------------------------------------------------------------------------------

RUNNING = ("armed", "held", "paused")
TYPES = list(TicketType)

#: Minutes to the next act; now and then another machine's clock is a little behind.
pauses = st.one_of(st.integers(-2, 300), st.integers(0, 20_000))
starts = st.integers(0, 850 * 24 * 60).map(
    lambda minutes: at("2025-09-01 00:00") + timedelta(minutes=minutes)
)


@st.composite
def lives(draw):
    """(type, urgency, start, [(minutes, choice of the act, body of each act)])."""
    steps = draw(
        st.lists(
            st.tuples(pauses, st.integers(0, 99), st.integers(0, 2**32).map(Random)), min_size=8, max_size=40
        )
    )
    return draw(st.sampled_from(TYPES)), draw(st.sampled_from(list(Urgency))), draw(starts), steps


def plans_of(story):
    return {
        (each.kind, each.scope, each.generation): each for each in clocks.plan(story, policy(), calendar())
    }


def check_promises(story, before, after):
    """What must hold after every event, whatever came before."""
    running = [each for each in after.values() if each.state in RUNNING]
    assert {each.state for each in after.values()} <= set(CLOCK_STATES)
    assert len({(each.kind, each.scope) for each in running}) == len(running), (
        "two generations of one clock run"
    )
    for key, promised in before.items():
        kept = after[key]
        assert (kept.due_at, kept.started_at, kept.budget) == (
            promised.due_at,
            promised.started_at,
            promised.budget,
        )
        assert kept.steps == promised.steps
    stage = STAGES[story.stage]
    if stage.final:
        assert not running, "a final stage has running clocks"
        return
    legs = {each.scope for each in running if each.scope != clocks.WHOLE}
    assert legs <= set(story.departments), "a department that is not at work is timed"
    if story.type is not TicketType.PRAISE and policy().handle_starts != "signed" and story.department:
        due = {*story.departments} if story.stage is not Stage.TO_CALL_BACK else set()
        assert legs == due, "a department at work has no deadline"
    allowed = {*stage.clocks, *([ClockKind.HANDLE] if story.stage is Stage.TO_DISPATCH else [])}
    assert {each.kind for each in running} <= allowed, f"{story.stage}: {[each.kind for each in running]}"
    if story.type is not TicketType.PRAISE:
        assert {each.kind for each in running} & set(stage.clocks), f"{story.stage} waits for nobody"
    for each in running:
        assert each.due_at is not None
        assert [step.at for step in each.steps] == sorted(step.at for step in each.steps)
        assert all(step.at >= each.started_at for step in each.steps)


def newest(plans, kind):
    return max(
        (each for each in plans.values() if each.kind is kind and each.scope == clocks.WHOLE),
        key=lambda each: each.generation,
        default=None,
    )


def check_handle(story, outcome, before, after):
    old, new = newest(before, ClockKind.HANDLE), newest(after, ClockKind.HANDLE)
    if old is None or new is None:
        return
    kinds = {each.kind for each in outcome.happenings}
    if Happened.REDONE not in kinds and old.state in RUNNING:
        assert new.started_at == old.started_at, "the handling limit was restarted"
        assert new.due_at >= old.due_at or Happened.DUE_SET in kinds, "the handling limit was shortened"
    granted = [
        each
        for each in outcome.happenings
        if each.kind is Happened.EXTENSION_SETTLED and each.data["accepted"]
    ]
    if granted:
        assert new.due_at > old.due_at


def stored_and_read(story):
    """The same facts as they come back from the database: through JSON, in UTC."""
    rows = [history.row("T", each, "x", each.at) for each in story.happenings]
    read = history.happenings(
        {**row, "at": each.at.astimezone(tz=None), "data": json.loads(json.dumps(row["data"]))}
        for each, row in zip(story.happenings, rows, strict=True)
    )
    return replace(story, happenings=read)


def climbed(story, now):
    """The story with the rungs that it reaches; each is reached once, the count never falls, a second look finds nothing.

    But where a link was undone: that was no repeat, and the count begins anew.
    """
    rungs = escalation.climb(story, policy(), calendar(), now)
    if rungs is None:
        return story
    after = replace(
        story,
        happenings=story.happenings + rungs.happenings,
        complaint_count=rungs.changes["complaint_count"],
        supervision=rungs.changes["supervision"],
        raised=rungs.changes["raised"],
    )
    steps = [each.step for each in after.happenings if each.step in RUNGS]
    assert len(steps) == len(set(steps)), "a rung was climbed twice"
    newest = story.happenings[-1]
    unlinked = (
        newest.kind is Happened.UNDONE and newest.data["step"] == LINK
    )  # not the same matter: it begins anew
    assert unlinked or after.complaint_count >= story.complaint_count
    assert len(rungs.clues) <= 1
    assert escalation.climb(after, policy(), calendar(), now) is None
    return after


def triaged(story, dice, now):
    what = dice.choice([Stage.TO_DISPATCH, *[Stage.TO_SIGN] * 3, Stage.ANSWERED, Stage.INCOMPLETE])
    kind = {Stage.TO_SIGN: Happened.DISPATCHED, Stage.ANSWERED: Happened.ANSWERED}.get(what, Happened.TRIAGED)
    lifecycle.move(story.stage, Act.TRIAGE, what.value)
    changed = {"department": CODES[0], "departments": (CODES[0],)} if what is Stage.TO_SIGN else {}
    moved = Happening(kind, now, {"stage": what, "department": changed.get("department")})
    return replace(story, stage=what, happenings=(*story.happenings, moved), **changed)


def drawn(act, dice, now):
    """A body for `act`: GOOD, or one with the dice's choices."""
    body = dict(GOOD[act]) | ({"due_at": now + timedelta(days=9)} if act is Act.SET_DUE else {})
    match act:
        case Act.DISPATCH | Act.REASSIGN:
            body |= {"department": dice.choice(CODES)}
        case Act.ASSIST | Act.DELEGATE:
            body |= {"department": dice.choice([*CODES, *CHILDREN])}
        case Act.SETTLE_RETURN:
            body |= {"accept": dice.random() < 0.5} | (
                {"department": dice.choice(CODES)} if dice.random() < 0.3 else {}
            )
        case Act.RETURN_:
            body |= {"head": dice.choice(["", "某"])}
        case Act.CONFER:
            body |= {"lead": dice.choice([None, *CODES])}
        case Act.EXTEND:
            body |= {"workdays": dice.randrange(1, 5)}
        case Act.SETTLE_EXTENSION | Act.REVIEW:
            body |= {"reason": "不实"}
            if act is Act.REVIEW:
                body |= {"level": dice.choice([1, 2]), "approve": dice.random() < 0.7}
            else:
                body |= {"accept": dice.random() < 0.7}
        case Act.SUSPEND:
            body |= {"until": now + timedelta(hours=dice.randrange(1, 4000)), "reason_code": "诉讼中"}
        case Act.CONTACT:
            body |= {"reached": dice.random() < 0.5}
        case Act.UNDO:
            steps = [level.step for level in policy().levels]
            body |= {"step": dice.choice(["supervise", "raise", "transfer", *steps])}
        case Act.SETTLE_CLUE:
            body |= {"confirm": dice.random() < 0.5, "reason": "不实"}
        case Act.CALL_BACK if dice.random() < 0.6:
            body = {"reached": True, "solved": dice.random() < 0.6, "satisfied": dice.random() < 0.6}
        case _:
            pass
    return BODIES[act](**body)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives())
def test_whatever_people_do_in_whatever_order_the_clocks_keep_their_word(life):
    kind, urgency, now, steps = life
    story = facts(Happening(Happened.RECEIVED, now, {"stage": Stage.RECEIVED}), type=kind, urgency=urgency,
                  department=None, departments=())  # fmt: skip
    before = plans_of(story)
    for minutes, choice, dice in steps:
        now += timedelta(minutes=minutes)
        if story.stage is Stage.RECEIVED and choice < 80:
            story = triaged(story, dice, now)
            after = plans_of(story)
        else:
            legal = [act for act in acts_in(story.stage) if act in DECIDERS]
            if not legal:
                break
            act = legal[choice % len(legal)]
            by = dice.choice([None, *story.departments])
            try:
                outcome = decide(act, drawn(act, dice, now), Case(story, policy(), calendar(), now, by=by))
            except (BadInput, TooLate, LimitReached, IllegalAct) as refused:
                assert isinstance(refused, DeskError) and refused.detail
                continue
            story = climbed(follow(story, outcome), now)
            after = plans_of(story)
            check_handle(story, outcome, before, after)
        check_promises(story, before, after)
        assert plans_of(stored_and_read(story)) == after, "a replay from the stored rows differs"
        before = after
