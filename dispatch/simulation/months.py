"""Weeks and months in virtual time (虚拟时间): a heap of moments, at each of which somebody asks the real desk for something."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from dispatch.simulation import habits, people
from dispatch.simulation.client import Client
from dispatch.simulation.cuts import absences
from dispatch.simulation.matters import Matter, Volume, of_day
from dispatch.simulation.people import Choice
from dispatch.simulation.sayings import Sayings
from rules.lifecycle import OPEN_STAGES
from rules.policy import Policy
from rules.terms import CHINA, Act, Budget, Facts, Happened, Role, Stage, Unit
from rules.worktime import Calendar

#: Workers empty the queues so long after something was put into one, and the counts are made in the night.
PULSE = timedelta(minutes=3)
COUNTED = timedelta(minutes=30)
#: Kills of the child process, spread over all new matters.
KILLS = 5
_GIVEN_UP = 4
#: Days after receipt: the operator answers on the telephone; triage is waited for; a dispatcher sees a mass matter.
_ON_THE_LINE, _A_MOMENT, _SEEN = 0.001, 0.005, 0.02

Say = Callable[[int, str], None]
Terms = tuple[Policy, Calendar]


@dataclass(frozen=True, slots=True)
class _Moment:
    """What is to happen: a `task`, mostly about one matter."""

    task: str
    matter: Matter | None = None
    day: int = 0


class Months:
    """One run: new matters for some days, and everything that follows from them."""

    def __init__(self, client: Client, terms: Terms, volume: Volume, crash: bool, say: Say) -> None:
        """`say` hears how many days are over, in words."""
        self._client = client
        self._policy, self._calendar = terms
        self._volume = volume
        self._say = say
        self._sayings = Sayings(self._policy)
        self._ordinal = count()
        self._moments: list[tuple[datetime, int, _Moment]] = []
        self._pulse_at: datetime | None = None
        self._groups: dict[str, Matter] = {}
        self._begin = datetime.combine(volume.first, datetime.min.time(), CHINA)
        self.end = self._begin + timedelta(days=volume.days + volume.tail)
        self._matters = 0
        total = volume.days * volume.per_day
        dice = Random(f"{volume.seed}:kills")  # noqa: S311 - a story, not a secret
        self._away = absences(volume.seed, self._begin, self.end) if crash else []
        self._kills = sorted(dice.randrange(total) for _ in range(KILLS)) if crash else []

    def run(self) -> None:
        """Let everything happen."""
        for day in range((self.end - self._begin).days):
            self._at(self._begin + timedelta(days=day), _Moment("day", day=day))
        while self._moments:
            now, _, moment = heapq.heappop(self._moments)
            self._tick(now)
            self._tasks(moment, now)
        self._tick(self.end)
        while self._client.owes:  # so few matters that there was not enough to kill
            self._client.count(self.end)
            self._client.drain(self.end)
        ready = self._client.drain(self.end)
        while ready is not None and ready <= self.end + PULSE:  # claims that died with a worker
            ready = self._client.drain(ready)

    def _tick(self, now: datetime) -> None:
        """Every step fires at its instant, but while the ticker is away: people act meanwhile."""
        while self._away and self._away[0][0] <= now:
            back = self._away[0][1]
            if now < back:
                return
            self._client.tick(back, back)
            self._away.pop(0)
        self._client.tick(now)

    def _tasks(self, moment: _Moment, now: datetime) -> None:
        match moment.task, moment.matter:
            case "day", _:
                self._day(moment.day)
            case "pulse", _:
                self._pulse(now)
            case "count", _:
                self._client.count(now)
                self._wake(now)
            case "call", Matter() as matter:
                self._come_in(matter, now)
            case "turn", Matter() as matter:
                self._turn(matter, now)
            case "merge", Matter() as matter:
                self._merge(matter, now)
            case task, Matter() as matter:
                self._special(task, matter, now)

    def _at(self, at: datetime, moment: _Moment) -> None:
        """Remember what is to happen, at an instant that nothing else happens at; not what lies after the end."""
        ordinal = next(self._ordinal)
        unique = at.replace(microsecond=0) + timedelta(seconds=1, microseconds=ordinal % 1_000_000)
        if unique <= self.end:
            heapq.heappush(self._moments, (unique, ordinal, moment))

    def _after(self, now: datetime, days: float, task: str, matter: Matter) -> None:
        self._at(now + timedelta(days=days), _Moment(task, matter))

    def _wake(self, now: datetime) -> None:
        """Something was put into a queue: workers look soon."""
        self._pulse_until(now + PULSE)

    def _pulse_until(self, at: datetime) -> None:
        if self._pulse_at is None or at < self._pulse_at:
            self._pulse_at = at
            self._at(at, _Moment("pulse"))

    def _pulse(self, now: datetime) -> None:
        if self._pulse_at is None or now < self._pulse_at:
            return  # an earlier one has been here
        self._pulse_at = None
        ready = self._client.drain(now)
        if ready is not None:
            self._pulse_until(ready)

    def _day(self, day: int) -> None:
        arriving = day < self._volume.days
        words = f"第 {day + 1} 天" if arriving else f"收尾第 {day + 1 - self._volume.days} 天"
        self._say(min(day, self._volume.days), f"{words}，诉求 {len(self._client.told.receipts)} 件")
        self._at(self._begin + timedelta(days=day) + COUNTED, _Moment("count"))
        if arriving:
            for at, matter in of_day(self._volume, day, self._policy, self._sayings):
                self._at(at, _Moment("call", matter))

    # --- What comes in --------------------------------------------------------------------------------------

    def _come_in(self, matter: Matter, now: datetime) -> None:
        if matter.nth == 1:
            self._matters += 1
            while self._kills and self._kills[0] < self._matters:
                self._kills.pop(0)
                self._client.owe_kill()
        story = matter.story
        raw: dict[str, Any] = {
            "channel": story.channel,
            "text": matter.text,
            "type": story.type,
            "urgency": story.urgency,
            "caller": {"name": f"来电人{matter.caller}", "phone": matter.phone},
            "place": matter.place,
        }
        receipt = self._client.receive(raw, f"simulate-{matter.name}", now)
        self._wake(now)
        if receipt.joined:
            return  # whoever works on the ticket goes on
        matter.number = receipt.number
        if receipt.stage != Stage.RECEIVED:
            return
        if people.at_once(story) is not None:
            self._after(now, _ON_THE_LINE, "turn", matter)
        else:
            self._first_turn(matter, now)

    def _first_turn(self, matter: Matter, now: datetime) -> None:
        dice = matter.dice("begin", self._volume.seed)
        minutes = max(5, round(people.USUAL[Act.DISPATCH] * dice.lognormvariate(0, 0.6)))
        self._at(self._calendar.add(now, Budget(minutes, Unit.WORK_MINUTES)), _Moment("turn", matter))
        if matter.group:
            lead = self._groups.setdefault(matter.group, matter)
            if lead is not matter:
                self._after(now, _SEEN, "merge", matter)
        if dice.random() < habits.URGES_WHILE_OPEN:
            again = matter.again("u", self._volume.seed)
            self._after(now, habits.reply_days(dice) * dice.random() + 0.05, "call", again)
        if dice.random() < habits.PRESSED:
            self._after(now, dice.uniform(2, 25), dice.choice(("urge", "supervise", "raise")), matter)

    # --- What people do ---------------------------------------------------------------------------------------

    def _turn(self, matter: Matter, now: datetime) -> None:
        """Somebody gets round to the ticket, looks at it and does what it needs as it stands now."""
        seen = self._client.look(matter.number)
        facts = seen[0]
        if facts.stage is Stage.RECEIVED and people.at_once(matter.story) is None:
            self._after(now, _A_MOMENT, "turn", matter)  # triage has not looked yet
            return
        if facts.merged_into and self._client.look(facts.merged_into)[0].stage in OPEN_STAGES:
            return  # called back when the lead is over
        if facts.stage is Stage.TO_SIGN and not matter.turn and matter.story.kind != "astray":
            matter.story = replace(matter.story, department=facts.department or matter.story.department)
        chosen = self._next(matter, facts, now)
        matter.turn += 1
        after = self._do(matter, seen, chosen, now)
        if after is not None:
            matter.refused = 0
            self._plan(matter, after, now)
        elif chosen is not None:
            self._otherwise(matter, chosen[0], facts, now)

    def _next(self, matter: Matter, facts: Facts, now: datetime) -> Choice | None:
        dice = matter.dice(f"turn {matter.turn}", self._volume.seed)
        return habits.next_choice(matter.story, facts, now, dice)

    def _do(
        self, matter: Matter, seen: tuple[Facts, int], chosen: Choice | None, now: datetime
    ) -> Facts | None:
        if chosen is None:
            return None
        after = self._client.act(matter.number, seen, chosen, now)
        if after is not None:
            self._wake(now)
            if any(each.kind is Happened.CLUE_OPENED for each in after.happenings[len(seen[0].happenings) :]):
                self._after(now, matter.dice("clue", self._volume.seed).uniform(0.1, 2), "clue", matter)
        return after

    def _plan(self, matter: Matter, facts: Facts, now: datetime) -> None:
        """Put the next turn of somebody into the diary."""
        if facts.stage not in OPEN_STAGES:
            self._over(matter, facts, now)
            return
        if facts.stage is Stage.SUSPENDED:
            paused = facts.last(Happened.SUSPENDED)
            until: datetime = paused.data["until"] if paused else now
            self._at(until + timedelta(minutes=30), _Moment("turn", matter))
            return
        chosen = self._next(matter, facts, now)
        stalled = {"stalled": Act.REPLY, "unsigned": Act.SIGN}.get(matter.story.fate)
        if chosen is None or chosen[0] is stalled:
            return
        dice = matter.dice(f"wait {matter.turn}", self._volume.seed)
        at = habits.when(chosen[0], facts, now, self._calendar, dice)
        self._at(at, _Moment("turn", matter))

    def _otherwise(self, matter: Matter, act: Act, facts: Facts, now: datetime) -> None:
        """The desk said no (too late, not possible in this pack): people then take the ordinary way."""
        matter.refused += 1
        if matter.refused >= _GIVEN_UP:
            return
        story = replace(matter.story, kind="", fate="", first="")
        if act in (Act.DISPATCH, Act.SETTLE_RETURN):  # the department complained of
            names = list(self._policy.departments)
            story = replace(story, department=matter.dice(f"other {matter.turn}", 0).choice(names))
        elif act is Act.RETURN_:
            story = replace(story, department=facts.department or story.department)
        matter.story = story
        self._after(now, _SEEN, "turn", matter)

    def _over(self, matter: Matter, facts: Facts, now: datetime) -> None:
        """What follows when a matter is over: followers are called back, and some callers come again."""
        for follower in matter.followers:
            self._after(now, 0.1, "turn", follower)
        matter.followers.clear()
        dice = matter.dice("over", self._volume.seed)
        chance = habits.COMES_AGAIN if matter.nth == 1 else habits.AGAIN_AND_AGAIN
        if facts.stage in (Stage.CLOSED, Stage.ANSWERED) and dice.random() < chance:
            again = matter.again("+", self._volume.seed)
            self._after(now, habits.days_until_again(dice), "call", again)
        elif facts.stage is Stage.CLOSED and dice.random() < habits.REDONE:
            self._after(now, dice.uniform(1, 9), "redo", matter)
        elif facts.stage is Stage.CLOSED and dice.random() < habits.ARCHIVED:
            self._after(now, 10, "archive", matter)

    def _special(self, task: str, matter: Matter, now: datetime) -> None:
        """What is done beside the way of the ticket: pressure, clues, the archive."""
        seen = self._client.look(matter.number)
        chosen = _SPECIAL[task](matter, seen[0])
        after = self._do(matter, seen, chosen, now)
        if after is not None and task == "redo":
            self._plan(matter, after, now)

    def _merge(self, matter: Matter, now: datetime) -> None:
        lead = self._groups[matter.group]
        seen = self._client.look(matter.number)
        if seen[0].stage not in OPEN_STAGES or seen[0].stage is Stage.RECEIVED:
            return
        if self._client.look(lead.number)[0].stage not in OPEN_STAGES:
            return  # one of them was over before the dispatcher looked
        role = Role.SUPERVISOR if seen[0].restricted else Role.DISPATCHER
        if self._do(matter, seen, (Act.MERGE, role, {"into": lead.number}), now) is not None:
            lead.followers.append(matter)


def _press(act: Act, words: dict[str, Any]) -> Callable[[Matter, Facts], Choice | None]:
    def chosen(_matter: Matter, facts: Facts) -> Choice | None:
        return (act, Role.SUPERVISOR, words) if facts.stage in OPEN_STAGES else None

    return chosen


def _redo(_matter: Matter, facts: Facts) -> Choice | None:
    said = {"reason": "抽查发现没有办到位。"}
    return (Act.REDO, Role.SUPERVISOR, said) if facts.stage is Stage.CLOSED else None


def _clue(matter: Matter, _facts: Facts) -> Choice | None:
    return people.settle_clue(matter.caller)


def _archive(_matter: Matter, facts: Facts) -> Choice | None:
    return people.archive(facts)


_SPECIAL: dict[str, Callable[[Matter, Facts], Choice | None]] = {
    "urge": _press(Act.URGE, {"words": "诉求人多次来电，请抓紧办理。"}),
    "supervise": _press(Act.SUPERVISE, {"level": 1, "reason": "领导批示，予以督办。"}),
    "raise": _press(Act.RAISE_, {"reason": "涉及面广，提级办理。"}),
    "redo": _redo,
    "clue": _clue,
    "archive": _archive,
}
