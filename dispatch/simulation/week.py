"""The demo week in virtual time (演示周): real use cases, invented people, the ticker at every due instant."""

import heapq
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from dispatch import follow_up, supervise, triage
from dispatch.desk import Desk
from dispatch.handle import perform
from dispatch.receive import Asked, receive
from dispatch.simulation.stories import FATES, Story, stories
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import counts, tickets
from dispatch.storage import facts as stored_facts
from intake.request import build
from rules import returns
from rules.access import DEPARTMENT_ROLES, Actor
from rules.bodies import BODIES
from rules.terms import CHINA, Act, Budget, Facts, Happened, Role, Stage, Unit

DAYS = 7
SCOPE = "demo"
#: Triage takes place so soon after receipt that nobody waits for it.
TRIAGED_AFTER = timedelta(seconds=20)

Choice = tuple[Act, Role, dict[str, Any]]


@dataclass(slots=True)
class Told:
    """What the run was told by the use cases themselves; `recount` holds it against the tables."""

    tickets: int = 0
    requests: int = 0
    steps: int = 0
    events: Counter[str] = field(default_factory=Counter)


def run(desk: Desk, until: datetime, seed: int = 0) -> Told:
    """Let the week that ends at `until` (aware) happen on an empty desk; the same seed gives the same week.

    What would come after `until` has not happened yet, so open tickets keep live clocks.
    """
    return _Week(desk, until.astimezone(CHINA), seed).run()


def recount(desk: Desk, told: Told) -> dict[str, Any]:
    """The figures of contract.md's `demo --headless`, from plain SQL; `recount_differences` sums how far `told` is off.

    `report_path` is None until the figures are built.
    """
    with desk.database.reading() as tx:
        figures: dict[str, Any] = {
            "tickets": counts.tickets(tx),
            "requests": counts.requests(tx),
            "by_stage": counts.by_stage(tx),
            "ladder_levels": counts.ladder_levels(tx),
            "steps_by_kind": counts.events_by_kind(tx, steps_only=True),
            "without_owner": counts.without_owner(tx),
            "without_decision": counts.without_decision(tx),
            "report_path": None,
        }
        events = counts.events_by_kind(tx)
    steps = figures["steps_by_kind"]
    off = abs(told.tickets - figures["tickets"]) + abs(told.requests - figures["requests"])
    off += abs(told.steps - sum(steps.values())) + abs(sum(figures["by_stage"].values()) - told.tickets)
    kinds = events.keys() | told.events.keys()
    off += sum(abs(events.get(kind, 0) - steps.get(kind, 0) - told.events[kind]) for kind in kinds)
    return {**figures, "recount_differences": off}


def actor(role: Role, department: str | None = None) -> Actor:
    """The person of the demo who holds `role`, named as their log-in."""
    bound = department if role in DEPARTMENT_ROLES else None
    name = f"{bound}-{role.value}" if bound else role.value
    return Actor(name, frozenset({role}), bound, SCOPE)


class _Week:
    """A heap of moments: contacts that come in, and people who get round to a ticket."""

    def __init__(self, desk: Desk, until: datetime, seed: int) -> None:
        self._desk = desk
        self._until = until
        self._random = random.Random(seed)  # noqa: S311 - a story, not a secret
        self._ordinal = count()
        self._moments: list[tuple[datetime, int, Story, str]] = []
        self._told = Told()
        self._policy, self._calendar = desk.packs.of(desk.packs.active(until).hash)
        self._midnight = datetime.combine(until.date() - timedelta(days=DAYS), datetime.min.time(), CHINA)

    def run(self) -> Told:
        for each in stories():
            start = self._midnight + timedelta(days=each.day, hours=each.time.hour, minutes=each.time.minute)
            self._at(start, each, "")
        while self._moments:
            now, ordinal, story, number = heapq.heappop(self._moments)
            self._pass_until(now)
            if number:
                self._turn_to(number, story, now)
            else:
                self._come_in(story, ordinal, now)
            self._drain(now + TRIAGED_AFTER)
        self._pass_until(self._until)
        return self._told

    def _at(self, moment: datetime, story: Story, number: str) -> None:
        """Remember `moment`; what lies after the end of the week does not happen."""
        if moment <= self._until:
            heapq.heappush(self._moments, (moment, next(self._ordinal), story, number))

    def _pass_until(self, now: datetime) -> None:
        """Let the ticker look at every instant at which a step falls due."""
        while True:
            with self._desk.database.reading() as tx:
                due = stored_clocks.oldest_step(tx)
            if due is None or due > now:
                return
            fired = supervise.tick(self._desk, due)
            if not fired:
                raise RuntimeError("a step is due and does not fire")
            self._told.steps += fired
            self._drain(due)

    def _drain(self, now: datetime) -> None:
        while triage.drain(self._desk, now) or follow_up.drain(self._desk, now):
            pass

    def _come_in(self, story: Story, ordinal: int, now: datetime) -> None:
        raw = {"channel": story.channel, "text": story.text, "type": story.type, "urgency": story.urgency}
        request = build({**raw, "caller": {"phone": story.phone}, "external_id": f"demo-{ordinal:03d}"}, now)
        who = (
            Actor("citizen", scope=SCOPE)
            if story.channel in ("web", "wechat", "app")
            else actor(Role.OPERATOR)
        )
        receipt = receive(self._desk, request, Asked(who), now)
        self._told.requests += 1
        if receipt.joined:
            self._told.events[Happened.JOINED.value] += 1
            return
        self._told.tickets += 1
        triaged = now + TRIAGED_AFTER
        self._drain(triaged)
        facts, _ = self._look(receipt.number)
        self._told.events.update(each.kind.value for each in facts.happenings)
        self._plan(receipt.number, story, facts, triaged)

    def _look(self, number: str) -> tuple[Facts, int]:
        with self._desk.database.reading() as tx:
            ticket = tickets.read(tx, number)
            return stored_facts.gather(tx, ticket), ticket.version

    def _plan(self, number: str, story: Story, facts: Facts, now: datetime) -> None:
        """Put the next act of somebody into the diary."""
        if facts.stage is Stage.SUSPENDED:
            until = facts.last(Happened.SUSPENDED)
            self._at((until.data["until"] if until else now) + timedelta(minutes=30), story, number)
            return
        chosen = self._choose(story, facts, now)
        minutes = FATES[story.fate].wait(chosen[0]) if chosen else None
        if minutes is not None:
            spread = minutes * self._random.uniform(0.6, 1.5)
            self._at(self._calendar.add(now, Budget(round(spread), Unit.WORK_MINUTES)), story, number)

    def _turn_to(self, number: str, story: Story, now: datetime) -> None:
        """Somebody gets round to the ticket, and does what it needs as it stands now."""
        facts, version = self._look(number)
        chosen = self._choose(story, facts, now)
        if chosen is None:
            return
        act, role, words = chosen
        who = actor(role, facts.department)
        after = perform(self._desk, number, act, BODIES[act](**words), version, who, now)
        new = after.happenings[len(facts.happenings) :]
        self._told.events.update(each.kind.value for each in new)
        self._plan(number, story, after, now)

    def _choose(self, story: Story, facts: Facts, now: datetime) -> Choice | None:
        """Which act the stage and the fate call for, by whom, with which words."""
        match facts.stage:
            case Stage.TO_DISPATCH:
                return _to_dispatch(story, facts)
            case Stage.TO_SIGN:
                return _to_sign(story, facts)
            case Stage.RETURNED:
                return _returned(story, facts)
            case Stage.HANDLING:
                return _handling(story, facts, now)
            case Stage.REVIEWING:
                return _reviewing(facts)
            case Stage.TO_CALL_BACK:
                return _call_back(story, facts)
            case _:
                return None


def _to_dispatch(story: Story, facts: Facts) -> Choice | None:
    if story.fate == "refuse":
        return Act.REFUSE, Role.DISPATCHER, {"reason_code": "litigation"}
    if story.fate == "answer":
        return Act.ANSWER, Role.OPERATOR, {"words": "已按知识库答复办理条件、所需材料和受理窗口。"}
    if not story.department:
        return None
    again = facts.last(Happened.RETURNED) is not None
    department = story.department if again or not story.first else story.first
    return Act.DISPATCH, Role.DISPATCHER, {"department": department, "reason": "按职责分工派单。"}


def _to_sign(story: Story, facts: Facts) -> Choice:
    if story.fate == "return" and facts.last(Happened.RETURNED) is None:
        said = {"reason": "经核实不属于本单位职责。", "suggested_department": story.department}
        return Act.RETURN_, Role.LIAISON, said
    return Act.SIGN, Role.LIAISON, {}


def _returned(story: Story, facts: Facts) -> Choice:
    if facts.department == story.department:
        return Act.SETTLE_RETURN, Role.DISPATCHER, {"accept": False, "reason": "属于本单位职责，请签收办理。"}
    said = {"accept": True, "department": story.department, "reason": "退单理由成立，改派责任单位。"}
    return Act.SETTLE_RETURN, Role.DISPATCHER, said


def _handling(story: Story, facts: Facts, now: datetime) -> Choice:
    lately = {each.kind for each in facts.since(Happened.SIGNED, Happened.REDONE)}
    if Happened.CONTACTED not in lately:
        said = {"reached": True, "words": "已电话联系诉求人，了解情况并约定时间。"}
        return Act.CONTACT, Role.HANDLER, said
    if returns.extension_waiting(facts) is not None:
        return Act.SETTLE_EXTENSION, Role.DEPARTMENT_LEADER, {"accept": True, "reason": "情况属实。"}
    if story.fate == "extend" and facts.last(Happened.EXTENSION_ASKED) is None:
        return Act.EXTEND, Role.HANDLER, {"workdays": 3, "reason": "需要与多方当事人协调，请求延期。"}
    if story.fate == "suspend" and facts.last(Happened.SUSPENDED) is None:
        said = {"reason_code": "awaiting_appraisal", "until": (now + timedelta(days=1)).isoformat()}
        return Act.SUSPEND, Role.HANDLER, said
    said = {
        "words": "已到现场处理，并向诉求人说明结果。",
        "public_words": "反映的问题已处理。",
        "solved": True,
    }
    return Act.REPLY, Role.HANDLER, said


def _reviewing(facts: Facts) -> Choice:
    passed = any(
        each.kind is Happened.REVIEWED and each.data["level"] == "department"
        for each in facts.since(Happened.REPLIED)
    )
    if passed:
        return Act.REVIEW, Role.DISPATCHER, {"level": "hotline", "approve": True}
    return Act.REVIEW, Role.DEPARTMENT_LEADER, {"level": "department", "approve": True}


def _call_back(story: Story, facts: Facts) -> Choice:
    if story.fate == "unreached":
        return Act.CALL_BACK, Role.CALLER_BACK, {"reached": False, "words": "无人接听。"}
    pleased = story.fate != "unsatisfied" or facts.redo_round > 0
    said: Mapping[str, Any] = {"reached": True, "solved": pleased, "satisfied": pleased}
    words = "诉求人表示满意。" if pleased else "诉求人说问题又出现了，不满意。"
    return Act.CALL_BACK, Role.CALLER_BACK, {**said, "words": words}
