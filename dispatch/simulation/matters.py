"""What comes in while the simulator runs (仿真的来件): new matters day by day, each with its caller, its words and its fate."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from dispatch.simulation import habits
from dispatch.simulation.sayings import Sayings
from dispatch.simulation.stories import HOURS, WEEKEND, Story
from rules.policy import Policy
from rules.terms import CHINA

#: So many callers bring one mass matter, within a day.
_MASS = range(3, 7)
_AGAIN = "再次来电反映，问题还是没有解决。"
_ANSWER = "已向您说明办事条件、所需材料和办理地点，请按要求办理。"


@dataclass(slots=True)
class Matter:
    """One matter of one caller as its ticket goes: `number` once there is one, `nth` contact, `turn` of somebody.

    `refused` counts what the desk would not do in a row, `group` names the mass matter that it belongs to.
    """

    name: str
    story: Story
    caller: int
    place: str
    nth: int = 1
    number: str = ""
    turn: int = 0
    refused: int = 0
    group: str = ""
    followers: list["Matter"] = field(default_factory=list)

    def dice(self, what: str, seed: int) -> Random:
        """Dice of its own for each question, so that no other matter changes what happens to this one."""
        return Random(f"{seed}:{self.name}:{what}")  # noqa: S311 - a story, not a secret

    @property
    def text(self) -> str:
        """The words of this contact."""
        said = self.story.texts[0]
        return said if self.nth == 1 else said + _AGAIN

    @property
    def phone(self) -> str:
        """A number of the country code 999, which is nobody's."""
        return f"+999{self.caller:011d}"

    def again(self, mark: str, seed: int) -> "Matter":
        """The same caller about the same thing once more, by telephone; `mark` tells why."""
        name = f"{self.name}{mark}"
        dice = Random(f"{seed}:{name}")  # noqa: S311
        story = replace(self.story, channel="phone", kind="", fate=_fate(dice), first="")
        return Matter(name, story, self.caller, self.place, self.nth + 1)


@dataclass(frozen=True, slots=True)
class Volume:
    """How much comes in: `per_day` on the average day of the `days` that begin on `first`.

    After the last of them the desk goes on for `tail` days; what would come later has not happened yet.
    """

    first: date
    days: int
    per_day: int
    seed: int
    tail: int = 120

    def of_days(self) -> list[int]:
        """New matters of each day, fewer at the weekend; together exactly `days` × `per_day`."""
        weights = [
            WEEKEND if (self.first + timedelta(days=n)).weekday() >= 5 else 1.0 for n in range(self.days)
        ]
        total, whole = self.days * self.per_day, sum(weights)
        marks = [round(total * sum(weights[: n + 1]) / whole) for n in range(self.days)]
        return [mark - before for before, mark in zip([0, *marks], marks, strict=False)]


def of_day(volume: Volume, nth: int, policy: Policy, sayings: Sayings) -> Iterator[tuple[datetime, Matter]]:
    """The new matters of one day in the order in which they come in."""
    numbers = volume.of_days()
    begun, count = sum(numbers[:nth]), numbers[nth]
    dice = Random(f"{volume.seed}:day:{nth}")  # noqa: S311
    midnight = datetime.combine(volume.first + timedelta(days=nth), datetime.min.time(), CHINA)
    hours = dice.choices(range(24), HOURS, k=count)
    seconds = sorted(hour * 3600 + dice.randrange(3600) for hour in hours)
    group, left = None, 0
    for at in range(count):
        made = _new(volume.seed, begun + at, policy, sayings)
        if left and group is not None:
            left -= 1
            made = replace(made, story=replace(group.story, texts=group.story.texts), place=group.place)
            made.group = group.name
        elif dice.random() < habits.MASS and not made.story.kind:
            made.group, group, left = made.name, made, dice.choice(_MASS) - 1
        yield midnight + timedelta(seconds=seconds[at]), made


def _new(seed: int, caller: int, policy: Policy, sayings: Sayings) -> Matter:
    name = f"{seed}-{caller}"
    dice = Random(f"{seed}:{name}")  # noqa: S311
    said = sayings.draw(dice, name)
    channel = habits.one_of(habits.CHANNELS, dice)
    names = list(policy.departments)
    department = said.department or dice.choice(names)
    story = Story(
        name=name,
        kind="",
        texts=(said.text,),
        type=habits.one_of(habits.TYPES, dice),
        department=department,
        fate=_fate(dice),
        urgency=habits.one_of(habits.URGENCIES, dice),
        channel=channel if channel in policy.channels else "phone",
        first=dice.choice(names) if dice.random() < habits.WRONG_FIRST else "",
    )
    if story.channel == "phone" and habits.is_answered_at_once(dice):
        story = replace(story, kind="answer", type="consult", told={"answer": _ANSWER}, urgency="normal")
    else:
        story = _ending(story, habits.one_of(habits.KINDS, dice), policy, names, dice)
    return Matter(name, story, caller, said.place)


def _fate(dice: Random) -> str:
    return habits.one_of(habits.FATES, dice)


def _ending(story: Story, kind: str, policy: Policy, names: list[str], dice: Random) -> Story:
    """The story with what its kind needs; an ordinary one where the pack has no such reason."""
    silent = [each.code for each in policy.invalid if not each.attempts]
    match kind:
        case "refuse" if policy.refusals:
            return replace(story, kind=kind, told={"reason": dice.choice(policy.refusals).code})
        case "invalid" if silent:
            return replace(story, kind=kind, told={"reason": dice.choice(silent)})
        case "astray" if len(names) > 3:
            others = [each for each in names if each != story.department]
            passed = dice.sample(others, 3)
            return replace(story, kind=kind, first=passed[2], told={"passed": tuple(passed)})
        case "withdraw":
            return replace(story, kind=kind)
        case _:
            return story
