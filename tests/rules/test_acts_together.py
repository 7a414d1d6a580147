"""A whole desk of tickets in memory (状态机): any acts in any order, time, tickers that come and go; nothing is lost.

Real rules, the real firing of steps and the real difference between plan and stored rows; only the tables are dicts.
`HOTLINE_TEST_EXAMPLES=2000` looks longer; `--hypothesis-show-statistics` tells which acts were done.
"""

import os
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from random import Random

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dispatch import steps
from dispatch.record import follow
from dispatch.steps import Moment
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import history
from dispatch.storage.counts import HOTLINE_HOLDS
from dispatch.storage.steps import Standing
from rules import signing
from rules.acts import decide
from rules.bodies import BODIES, Nothing
from rules.clocks import BESIDE, from_row
from rules.errors import DeskError
from rules.lifecycle import OPEN_STAGES, STAGES
from rules.outcome import Case
from rules.terms import CHINA, Act, ClockKind, Facts, Happened, Happening, Stage, TicketType, Urgency
from tests.choosing import choose
from tests.rules.test_acts import (
    CODES,
    RUNGS,
    check_promises,
    climbed,
    plans_of,
    starts,
    stored_and_read,
    triaged,
)
from tests.rules.test_bodies import GOOD
from tests.stories import calendar, facts, policy

TERMS = (policy(), calendar())
MOST = 3
#: A ticket that was over before these began, and that some of them repeat.
BEFORE = "999001202509010000099"
#: The way of a ticket to its end, one act a stage; what is suspended, returned or conferred about comes back to it.
ONWARD = {
    Stage.INCOMPLETE: (Act.SUPPLEMENT, {}),
    Stage.TO_DISPATCH: (Act.DISPATCH, {"department": CODES[0]}),
    Stage.TO_SIGN: (Act.SIGN, {}),
    Stage.RETURNED: (Act.SETTLE_RETURN, {"accept": True, "department": CODES[1]}),
    Stage.CONFERRING: (Act.CONFER, {"lead": CODES[0]}),
    Stage.HANDLING: (Act.REPLY, {}),
    Stage.SUSPENDED: (Act.RESUME, {}),
    Stage.REVIEWING: (Act.REVIEW, {"level": "department", "approve": True}),
    Stage.TO_CALL_BACK: (Act.CALL_BACK, {"reached": True, "solved": True, "satisfied": True}),
}
#: A clock of each stage that must run in it; of two the second will do once the first is met.
WAITS_FOR = {
    stage: row.clocks[:2] if stage is Stage.HANDLING else row.clocks[:1]
    for stage, row in STAGES.items()
    if not row.final
}


@dataclass
class Life:
    """One ticket: what the tables would hold."""

    facts: Facts
    rows: list[dict] = field(default_factory=list)
    fired: list[tuple[int, int, str]] = field(default_factory=list)
    plans: dict = field(default_factory=dict)

    def steps_of(self) -> dict[int, frozenset[str]]:
        return {
            row["id"]: frozenset(step for clock, _, step in self.fired if clock == row["id"])
            for row in self.rows
        }


picks = st.integers(0, 2**32)
waits = st.sampled_from([timedelta(minutes=each) for each in (1, 20, 90, 300, 1440, 3 * 1440, 12 * 1440)])


class Desk(RuleBasedStateMachine):
    """Up to three tickets, so that one can be merged into another or linked with it."""

    @initialize(start=starts)
    def open(self, start):
        self.now, self.ids, self.lives = start, count(1), {}

    # --- what can happen ----------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.lives) < MOST)
    @rule(
        kind=st.sampled_from(TicketType),
        urgency=st.sampled_from(Urgency),
        restricted=st.booleans(),
        pick=picks,
    )
    def receive(self, kind, urgency, restricted, pick):
        number = f"99900120260928{len(self.lives):07d}"
        again = 1 + Random(pick).choice((0, 0, 0, 1, 3, 4))
        carried = {
            "earlier": BEFORE,
            "count": again,
            "counted_at": self.now,
            "counted": True,
            "round": again - 1,
        }
        said = {"stage": Stage.RECEIVED} | (carried if again > 1 else {})
        first = Happening(Happened.RECEIVED, self.now, said, id=next(self.ids))
        more = {"restricted": True, "against": CODES[-1]} if restricted and pick % 8 == 0 else {}
        more |= {"channel": "handed_down", "upper_number": f"上级{pick}"} if pick % 3 == 0 else {}
        made = facts(
            first, type=kind, urgency=urgency, department=None, departments=(), number=number, **more
        )
        self.lives[number] = Life(made)
        made = replace(made, complaint_count=again, earlier=BEFORE if again > 1 else None)
        made = climbed(made, self.now)
        self.put(number, triaged(made, Random(pick), self.now) if pick % 5 else made)

    @precondition(lambda self: self.lives)
    @rule(wait=waits, tick=st.booleans())
    def time_passes(self, wait, tick):
        self.now += wait
        if tick:
            for number in self.lives:
                self.fire(number)

    @precondition(lambda self: self.lives)
    @rule(pick=picks, minutes=st.integers(0, 240), often=st.integers(1, 4))
    def somebody_acts(self, pick, minutes, often):
        dice = Random(pick)
        for _ in range(often):
            self.now += timedelta(minutes=minutes)
            self.one_act(dice.choice(sorted(self.lives)), dice)

    @precondition(lambda self: self.lives)
    @rule(pick=picks)
    def the_caller_rings_again(self, pick):
        number = Random(pick).choice(sorted(self.lives))
        self.fire(number)
        story = self.lives[number].facts
        if story.stage in OPEN_STAGES and story.stage is not Stage.RECEIVED:
            joined = Happening(Happened.JOINED, self.now, {"channel": "phone"})
            self.put(number, climbed(replace(story, happenings=(*story.happenings, joined)), self.now))

    def one_act(self, number, dice):
        self.fire(number)
        story = self.lives[number].facts
        if story.stage is Stage.RECEIVED and dice.random() < 0.9:
            self.put(number, triaged(story, dice, self.now))
            return
        others = [each for each in self.lives if each != number]
        chosen = choose(Case(story, *TERMS, self.now, self.other(story, dice), None, "某人"), others, dice)
        if chosen is not None:
            self.ask(number, *chosen)

    def other(self, story, dice):
        """The ticket that this one is merged into, or some other that it could be merged into or linked with."""
        others = [each for each in self.lives if each != story.number]
        number = story.merged_into or (dice.choice(others) if others else None)
        return self.lives[number].facts if number in self.lives else None

    # --- how it is done, as `dispatch.handle` and `dispatch.supervise` do it ------------------------------------

    def ask(self, number, act, body, by=None):
        """Due steps first, then the act; asked again after a rollback it says the same. Whether it was done."""
        self.fire(number)
        story = self.lives[number].facts
        into = getattr(body, "into", None) or getattr(body, "earlier", None)
        if act in (Act.UNMERGE, Act.CALL_BACK):
            into = story.merged_into
        if into is not None and into in self.lives and into != number:
            self.fire(into)
        other = self.lives[into].facts if into in self.lives else None
        case = Case(story, *TERMS, self.now, other, by, "某人")
        try:
            outcome = decide(act, body, case)
        except DeskError as refused:
            assert refused.detail and refused.status < 500
            return False
        event(f"done: {act}")
        assert outcome == decide(act, body, case)
        assert story is case.facts and other is case.other
        self.put(number, climbed(follow(story, outcome), self.now))
        for each in outcome.elsewhere:
            self.put(each.number, self.touched(self.lives[each.number].facts, each))
        return True

    def touched(self, story, elsewhere):
        """As `dispatch.record.touch`: the lead's count comes from its own climb."""
        after = replace(story, happenings=story.happenings + elsewhere.happenings, **elsewhere.changes)
        return climbed(after, self.now)

    def put(self, number, after):
        """Write what is new, as the desk does: rows by difference from the plan, events with an id."""
        life = self.lives[number]
        before = {each.id for each in life.facts.happenings}
        assert after.happenings[: len(before)] == life.facts.happenings, "the past was rewritten"
        numbered = tuple(each if each.id else replace(each, id=next(self.ids)) for each in after.happenings)
        life.facts = replace(after, happenings=numbered)
        if life.facts.stage is Stage.RECEIVED and not life.rows:
            return  # triage writes the first rows
        plans = plans_of(life.facts)
        terms = (policy().hash, calendar().version)
        found = stored_clocks.compare(number, list(plans.values()), life.rows, life.steps_of(), terms)
        life.rows += [{**row, "id": next(self.ids)} for row in found.new]
        for held, change in found.changed:
            held |= {
                "state": change["new_state"],
                "next_at": change["new_next"],
                "stopped_at": change["new_stop"],
            }
        check_promises(life.facts, life.plans, own_way(plans))
        life.plans = own_way(plans)

    def fire(self, number):
        """All that is due, whoever comes first: a ticker or the next act."""
        life = self.lives[number]
        while due := [row for row in life.rows if row["next_at"] and row["next_at"] <= self.now]:
            due.sort(key=lambda row: (row["next_at"], row["id"]))
            resume = next((row for row in due if row["kind"] == ClockKind.RESUME), None)
            if resume is not None:
                self.resume(number, life, resume)
                continue
            before = {
                (row["id"], row["generation"]): {s for c, _, s in life.fired if c == row["id"]} for row in due
            }
            told = steps.of_ticket(self.standing(life.facts), due, TERMS, Moment(self.now, before, {}))
            assert told.fired or told.signs, "a step is due and does not fire"
            for each in told.ledger.event:
                life.fired.append((each["clock"], each["generation"], each["step"]))
            level = told.levels.get(number, life.facts.supervision)
            written = history.happenings({**each, "id": next(self.ids)} for each in told.ledger.event)
            for row in due:
                row["next_at"] = told.moves[row["id"]]
            self.put(
                number, replace(life.facts, happenings=life.facts.happenings + written, supervision=level)
            )
            if told.signs:
                self.sign(number, life, *told.signs)

    def sign(self, number, life, row, rung):
        step = from_row(rung)
        outcome = signing.by_itself(step, Case(life.facts, *TERMS, step.at.astimezone(CHINA)))
        life.fired.append((row["id"], row["generation"], step.step))
        self.put(
            number,
            follow(
                life.facts, replace(outcome, happenings=(replace(outcome.happenings[0], step=step.step),))
            ),
        )

    def resume(self, number, life, row):
        outcome = decide(Act.RESUME, Nothing(), Case(life.facts, *TERMS, row["due_at"]))
        first, *rest = outcome.happenings
        life.fired.append((row["id"], row["generation"], "resume"))
        stamped = replace(outcome, happenings=(replace(first, step="resume"), *rest))
        self.put(number, follow(life.facts, stamped))

    def standing(self, story):
        return Standing(
            story.number, story.stage.value, story.urgency.value, story.department, story.complaint_count,
            story.supervision, story.restricted, story.history, policy().hash,
        )  # fmt: skip

    # --- what holds ---------------------------------------------------------------------------------------------

    @invariant()
    def every_open_ticket_waits_for_its_stages_clock_and_no_final_one_for_any(self):
        for life in self.timed():
            story, stage = life.facts, life.facts.stage
            rows = [row for row in life.rows if row["kind"] not in BESIDE]
            running = {row["kind"]: row for row in rows if row["state"] in ("armed", "held", "paused")}
            if not life.rows:
                continue  # triage is about to look, and writes the first
            if STAGES[stage].final:
                assert not running, (stage, set(running))
                assert not [row for row in rows if row["next_at"]]
                continue
            if story.type is TicketType.PRAISE:
                continue  # it is answered at once; whoever sends it on all the same finds no limit in any pack
            limited = [
                each for each in WAITS_FOR[stage] if policy().limit(each, story.type, story.urgency, "")
            ]
            assert not limited or any(running.get(each, {}).get("state") == "armed" for each in limited), (
                stage
            )

    @invariant()
    def what_is_stored_is_what_a_replay_of_all_events_plans(self):
        for number, life in self.lives.items():
            if not life.rows:
                continue
            plans = plans_of(stored_and_read(life.facts))
            terms = (policy().hash, calendar().version)
            found = stored_clocks.compare(number, list(plans.values()), life.rows, life.steps_of(), terms)
            assert not found.new and not found.changed
            stored = {(row["kind"], row["scope"], row["generation"]): row for row in life.rows}
            assert len(stored) == len(life.rows) == len(plans)
            for key, plan in plans.items():
                assert (stored[key]["due_at"], stored[key]["started_at"]) == (plan.due_at, plan.started_at)

    @invariant()
    def one_department_or_the_hotline_holds_every_ticket(self):
        for life in self.timed():
            story = life.facts
            assert (story.department is None) == (not story.departments)
            assert story.departments[:1] == ((story.department,) if story.department else ())
            assert len(set(story.departments)) == len(story.departments)
            assert all(each in policy().departments for each in story.departments)
            if story.stage in OPEN_STAGES and story.stage not in HOTLINE_HOLDS:
                assert story.department is not None, f"{story.stage} and nobody holds it"
            if story.stage in (Stage.RECEIVED, Stage.INCOMPLETE, Stage.TO_DISPATCH):
                assert story.department is None, f"{story.stage} and {story.department} believes to hold it"

    @invariant()
    def a_merged_ticket_follows_one_that_is_not_merged_itself(self):
        for life in self.timed():
            if life.facts.stage is Stage.MERGED:
                lead = self.lives[life.facts.merged_into].facts
                assert lead.stage is not Stage.MERGED
                assert lead.number != life.facts.number
            elif life.facts.stage in OPEN_STAGES:
                assert life.facts.merged_into is None

    @invariant()
    def nothing_happens_twice(self):
        for life in self.timed():
            assert len(life.fired) == len(set(life.fired))
            ids = [each.id for each in life.facts.happenings]
            assert len(ids) == len(set(ids))
            rungs = [each.step for each in life.facts.happenings if each.step in RUNGS]
            assert len(rungs) == len(set(rungs))

    def timed(self):
        return list(getattr(self, "lives", {}).values())

    def teardown(self):
        """Whatever happened, the ordinary way leads every open ticket to its end."""
        for number, life in list(getattr(self, "lives", {}).items()):
            for _ in range(16):
                if life.facts.stage not in OPEN_STAGES:
                    break
                self.now += timedelta(minutes=1)
                self.onward(number, life)
            assert life.facts.stage not in OPEN_STAGES, f"no way out of {life.facts.stage}"

    def onward(self, number, life):
        self.fire(number)
        stage = life.facts.stage
        if stage is Stage.RECEIVED:
            waiting = Happening(Happened.TRIAGED, self.now, {"stage": Stage.TO_DISPATCH})
            happenings = (*life.facts.happenings, waiting)
            self.put(number, replace(life.facts, stage=Stage.TO_DISPATCH, happenings=happenings))
            return
        act, more = ONWARD[stage]
        if act is Act.REVIEW and any(
            each.kind is Happened.REVIEWED for each in life.facts.since(Happened.REPLIED)
        ):
            more = {**more, "level": "hotline"}
        if act is Act.REPLY:
            self.ask(number, Act.CONTACT, BODIES[Act.CONTACT](**GOOD[Act.CONTACT]))
        done = self.ask(number, act, BODIES[act](**{**GOOD[act], **more}))
        assert done, f"{act} is refused in {stage}"


def own_way(plans):
    """The clocks of the ticket's own way: who is accountable, and what the upper level hears, stay open when it is not."""
    return {key: each for key, each in plans.items() if each.kind not in BESIDE}


Desk.TestCase.settings = settings(
    max_examples=int(os.environ.get("HOTLINE_TEST_EXAMPLES", "40")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestDesk = Desk.TestCase
