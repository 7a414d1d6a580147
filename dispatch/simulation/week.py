"""The demo week in virtual time (演示周): real use cases, invented people, the ticker at every due instant."""

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from dispatch.counting import catch_up as count_figures
from dispatch.desk import Desk
from dispatch.handle import perform
from dispatch.receive import Asked, receive
from dispatch.simulation import machinery, people
from dispatch.simulation.contacts import asked
from dispatch.simulation.people import SCOPE, Choice, actor
from dispatch.simulation.stories import Story, arrivals
from dispatch.storage import cards, counts, tickets
from dispatch.storage import facts as stored_facts
from dispatch.storage import figures as stored_figures
from intake.request import build
from rules.access import Actor
from rules.bodies import BODIES
from rules.lifecycle import OPEN_STAGES
from rules.terms import CHINA, Act, Budget, Facts, Happened, Role, Stage, Unit

DAYS = 7
#: Triage takes place so soon after receipt that nobody waits for it.
TRIAGED_AFTER = timedelta(seconds=20)
#: The card of a known outage is made so long after the first call about it.
CARD_AFTER = timedelta(minutes=25)
CARD_LASTS = timedelta(hours=14)

#: Longer than any matter began before the week.
_LONGEST = timedelta(days=365)

_ONLINE = ("web", "wechat", "app")


@dataclass(slots=True)
class Told:
    """What the run was told by the use cases themselves; `recount` holds it against the tables."""

    tickets: int = 0
    requests: int = 0
    steps: int = 0
    events: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Moment:
    """Something that is to happen: a contact (`index` of its text), or somebody's turn on a ticket.

    `task` tells special turns apart: card, merge, clue, undo, supervise, archive.
    """

    story: Story
    index: int = 0
    caller: int = 0
    number: str = ""
    task: str = ""


def run(desk: Desk, until: datetime, seed: int = 0) -> Told:
    """Let the week that ends at `until` (aware) happen on an empty desk; the same seed gives the same week.

    What would come after `until` has not happened yet, so open tickets keep live clocks.
    """
    return _Week(desk, until.astimezone(CHINA), seed).run()


def recount(desk: Desk, told: Told) -> dict[str, Any]:
    """The figures of contract.md's `demo --headless`, from plain SQL; `recount_differences` sums how far `told` is off.

    `ladder_levels` are the levels by count (1 = a first complaint), `supervision_levels` those of missed limits. The
    counts that reports are made of are held against the tables, too.
    """
    count_figures(desk)
    with desk.database.reading() as tx:
        figures: dict[str, Any] = {
            "tickets": counts.tickets(tx),
            "requests": counts.requests(tx),
            "by_stage": counts.by_stage(tx),
            "ladder_levels": counts.ladder_levels(tx),
            "supervision_levels": counts.supervision_levels(tx),
            "steps_by_kind": counts.events_by_kind(tx, steps_only=True),
            "without_owner": counts.without_owner(tx),
            "without_decision": counts.without_decision(tx),
        }
        events = counts.events_by_kind(tx)
        off = sum(len(wrong) for wrong in stored_figures.recount(tx).values())
        counted = stored_figures.sums(tx, date.min, date.max).get(stored_figures.TOTAL, {}).get("", {})
    steps = figures["steps_by_kind"]
    off += abs(counted.get("received", 0) - told.tickets) + abs(counted.get("contacts", 0) - told.requests)
    off += abs(told.tickets - figures["tickets"]) + abs(told.requests - figures["requests"])
    off += abs(told.steps - sum(steps.values())) + abs(sum(figures["by_stage"].values()) - told.tickets)
    kinds = events.keys() | told.events.keys()
    off += sum(abs(events.get(kind, 0) - steps.get(kind, 0) - told.events[kind]) for kind in kinds)
    return {**figures, "recount_differences": off}


class _Week:
    """A heap of moments: contacts that come in, and people who get round to a ticket."""

    def __init__(self, desk: Desk, until: datetime, seed: int) -> None:
        self._desk = desk
        self._until = until
        self._dice = Random(seed)  # noqa: S311 - a story, not a secret
        self._seed = seed
        self._ordinal = count()
        self._moments: list[tuple[datetime, int, _Moment]] = []
        self._told = Told()
        self._policy, self._calendar = desk.packs.of(desk.packs.active(until).hash)
        self._levels = {level.step for level in self._policy.levels}
        self._midnight = datetime.combine(until.date() - timedelta(days=DAYS), datetime.min.time(), CHINA)
        self._seen: Counter[str] = Counter()
        self._lead: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._followers: dict[str, list[str]] = {}

    def run(self) -> Told:
        for each in arrivals(self._seed, first_weekday=self._midnight.weekday()):
            begun = self._midnight + each.after
            self._at(begun, _Moment(each.story, each.index, each.caller))
            if each.story.kind == "outage" and each.index == 0:
                self._at(begun + CARD_AFTER, _Moment(each.story, task="card"))
        while self._moments:
            now, ordinal, moment = heapq.heappop(self._moments)
            self._pass_until(now)
            self._happen(moment, ordinal, now)
            self._drain(now + TRIAGED_AFTER)
        self._pass_until(self._until)
        return self._told

    def _happen(self, moment: _Moment, ordinal: int, now: datetime) -> None:
        match moment.task:
            case "card":
                self._make_card(moment.story, now)
            case "merge":
                self._merge(moment, now)
            case "":
                if moment.number:
                    self._turn_to(moment, now)
                else:
                    self._come_in(moment, ordinal, now)
            case _:
                self._special(moment, now)

    def _at(self, at: datetime, moment: _Moment) -> None:
        """Remember what is to happen; what lies after the end of the week does not."""
        if at <= self._until:
            heapq.heappush(self._moments, (at, next(self._ordinal), moment))

    def _later(self, now: datetime, minutes: float, moment: _Moment) -> None:
        """After so many working minutes, give or take."""
        spread = max(1, round(minutes * self._dice.uniform(0.6, 1.5)))
        self._at(self._calendar.add(now, Budget(spread, Unit.WORK_MINUTES)), moment)

    def _pass_until(self, now: datetime) -> None:
        """Let the ticker look at every instant at which a step falls due."""
        self._told.steps += machinery.pass_until(self._desk, self._midnight - _LONGEST, now, self._drain)

    def _drain(self, now: datetime) -> None:
        machinery.drain(self._desk, now)

    # --- What comes in --------------------------------------------------------------------------------------

    def _come_in(self, moment: _Moment, ordinal: int, now: datetime) -> None:
        story = moment.story
        raw = asked(story, moment.index, moment.caller, (self._policy, self._calendar), now)
        request = build({**raw, "external_id": f"demo-{ordinal:04d}"}, now, occasions=self._policy.occasions)
        citizen = story.channel in _ONLINE
        who = Actor("citizen", scope=SCOPE) if citizen else actor(Role.OPERATOR)
        receipt = receive(self._desk, request, Asked(who), now)
        self._told.requests += 1
        if receipt.joined:
            self._drain(now)
            self._note(receipt.number)
            return
        self._told.tickets += 1
        ticket = _Moment(story, moment.index, moment.caller, receipt.number)
        seen = self._look(receipt.number)
        self._note(receipt.number, seen[0])
        self._do(ticket, people.at_once(story) if receipt.stage == Stage.RECEIVED else None, seen, now)
        self._recognise(ticket, now)
        triaged = now + TRIAGED_AFTER
        self._drain(triaged)
        facts = self._note(receipt.number)
        if story.kind in ("mass", "flood"):
            self._gather(ticket, triaged)
        self._plan(ticket, facts, triaged)

    def _recognise(self, moment: _Moment, now: datetime) -> None:
        """The operator sees the caller's earlier ticket and says that it is the same matter, where the machine did not."""
        if moment.story.kind != "repeat":
            return
        before = self._last.get(moment.story.name)
        self._last[moment.story.name] = moment.number
        seen = self._look(moment.number)
        if before and seen[0].earlier is None and self._look(before)[0].stage not in OPEN_STAGES:
            self._do(moment, (Act.LINK, Role.OPERATOR, {"earlier": before}), seen, now)

    def _gather(self, moment: _Moment, now: datetime) -> None:
        """The first ticket of a mass matter leads; a dispatcher merges the later ones when they see them."""
        lead = self._lead.setdefault(moment.story.name, moment.number)
        if lead != moment.number:
            self._at(now + timedelta(minutes=18), _Moment(moment.story, number=moment.number, task="merge"))

    def _make_card(self, story: Story, now: datetime) -> None:
        with self._desk.transaction() as tx:
            cards.put(
                tx,
                {
                    "title": story.told["title"],
                    "words": list(story.told["words"]),
                    "areas": list(story.told["areas"]),
                    "answer": story.told["answer"],
                    "department": story.department,
                    "begins_at": now,
                    "ends_at": now + CARD_LASTS,
                    "created_by": Role.DISPATCHER.value,
                    "created_at": now,
                },
            )

    # --- What people do ---------------------------------------------------------------------------------------

    def _note(self, number: str, facts: Facts | None = None) -> Facts:
        """Count what has happened to a ticket since it was last looked at; clock steps are counted as they fire."""
        facts = facts or self._look(number)[0]
        for each in facts.happenings[self._seen[number] :]:
            if each.step in self._levels:
                self._told.steps += 1
            elif not each.step:
                self._told.events[each.kind.value] += 1
        self._seen[number] = len(facts.happenings)
        return facts

    def _look(self, number: str) -> tuple[Facts, int]:
        with self._desk.database.reading() as tx:
            ticket = tickets.read(tx, number)
            return stored_facts.gather(tx, ticket), ticket.version

    def _do(
        self, moment: _Moment, chosen: Choice | None, seen: tuple[Facts, int], now: datetime
    ) -> Facts | None:
        """Do what was chosen, as a person would: with the version that was looked at."""
        if chosen is None:
            return None
        act, role, words = chosen
        facts, version = seen
        who, body = actor(role, facts.department), BODIES[act](**words)
        after = self._note(moment.number, perform(self._desk, moment.number, act, body, version, who, now))
        if facts.merged_into:
            self._note(facts.merged_into)
        new = {each.kind for each in after.happenings[len(facts.happenings) :]}
        if Happened.CLUE_OPENED in new:
            self._later(now, 200, _Moment(moment.story, number=moment.number, task="clue"))
        return after

    def _plan(self, moment: _Moment, facts: Facts, now: datetime) -> None:
        """Put the next act of somebody into the diary."""
        self._watch(moment, facts, now)
        if facts.stage is Stage.SUSPENDED:
            until = facts.last(Happened.SUSPENDED)
            self._at((until.data["until"] if until else now) + timedelta(minutes=30), moment)
            return
        chosen = people.choose(moment.story, facts, now)
        minutes = people.fate_of(moment.story).wait(chosen[0]) if chosen else None
        if minutes is not None:
            self._later(now, minutes, moment)

    def _turn_to(self, moment: _Moment, now: datetime) -> None:
        """Somebody gets round to the ticket, and does what it needs as it stands now."""
        seen = self._look(moment.number)
        if seen[0].merged_into and self._look(seen[0].merged_into)[0].stage is not Stage.CLOSED:
            return  # called back when the lead is over
        after = self._do(moment, people.choose(moment.story, seen[0], now), seen, now)
        if after is not None:
            if after.stage not in OPEN_STAGES:
                self._ended(moment, after, now)
            self._drain(now + TRIAGED_AFTER)
            if after.stage is Stage.RECEIVED:  # supplemented: triage has looked at it again
                after = self._note(moment.number)
            self._plan(moment, after, now + TRIAGED_AFTER)

    def _ended(self, moment: _Moment, facts: Facts, now: datetime) -> None:
        """What follows when a matter is over: followers are called back, and who was put off comes again."""
        for follower in self._followers.pop(moment.number, ()):
            self._later(now, 60, _Moment(moment.story, number=follower))
        if moment.story.kind != "repeat" or facts.stage is not Stage.CLOSED:
            return
        following = max(moment.index + 1, facts.complaint_count)
        if following < len(moment.story.texts):
            again = self._calendar.add(now, Budget(2, Unit.WORKDAYS)) - timedelta(
                minutes=self._dice.randrange(400)
            )
            self._at(again, _Moment(moment.story, following, moment.caller))
        if facts.complaint_count == 1:
            self._later(now, 4000, _Moment(moment.story, number=moment.number, task="archive"))

    def _watch(self, moment: _Moment, facts: Facts, now: datetime) -> None:
        """What supervisors notice: clues to settle, a level to take back, a matter that nobody moves."""
        newest = facts.happenings[-1] if facts.happenings else None
        if newest is None or newest.step not in self._levels:
            return
        if newest.kind is Happened.CLUE_OPENED:
            self._later(now, 200, _Moment(moment.story, number=moment.number, task="clue"))
        elif newest.step == "repeat_3" and len(moment.story.texts) == 3:
            self._later(now, 300, _Moment(moment.story, number=moment.number, task="undo"))

    def _special(self, moment: _Moment, now: datetime) -> None:
        seen = self._look(moment.number)
        self._do(moment, _TASKS[moment.task](moment.story, seen[0]), seen, now)

    def _merge(self, moment: _Moment, now: datetime) -> None:
        lead, number = self._lead[moment.story.name], moment.number
        seen = self._look(number)
        if seen[0].stage not in OPEN_STAGES or self._look(lead)[0].stage not in OPEN_STAGES:
            return  # one of them was over before the dispatcher looked
        self._do(moment, (Act.MERGE, Role.DISPATCHER, {"into": lead}), seen, now)
        self._note(lead)
        self._followers.setdefault(lead, []).append(number)


def _clue(story: Story, _facts: Facts) -> Choice | None:
    return people.settle_clue(sum(map(ord, story.name)))


def _undo(_story: Story, facts: Facts) -> Choice | None:
    done = any(each.kind is Happened.UNDONE for each in facts.happenings)
    said = {"step": "repeat_3", "reason": "核实为另一处问题，不是同一事项。"}
    return None if done or facts.stage not in OPEN_STAGES else (Act.UNDO, Role.SUPERVISOR, said)


def _archive(_story: Story, facts: Facts) -> Choice | None:
    return people.archive(facts)


_TASKS = {"clue": _clue, "undo": _undo, "archive": _archive}
