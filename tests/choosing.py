"""Which act somebody tries next on a ticket (选择操作): mostly a possible one, so that all of them are seen."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from rules.acts import DECIDERS, decide
from rules.bodies import BODIES
from rules.errors import DeskError
from rules.lifecycle import OPEN_STAGES, acts_in
from rules.outcome import Case
from rules.terms import Act, Facts, Happened
from tests.rules.test_acts import CHILDREN, CODES, drawn
from tests.rules.test_bodies import GOOD
from tests.stories import policy
from tests.walking import ON, SELDOM

#: Leads: any department, those with others below them more often.
LEADS = [*CODES, *sorted({each.parent for each in policy().departments.values() if each.parent}) * 6]
#: Events that somebody objects to, or takes back.
_COUNTED = (
    Happened.BREACHED, Happened.DUTY_CALLED, Happened.CALLED_BACK, Happened.SUPERVISED, Happened.RAISED, Happened.REPEATED,
)  # fmt: skip
#: How often an act is tried: on its way, hardly ever, and whatever else there is.
_ON, _SELDOM, _ELSE = 16, 1, 3
#: Of ten acts so many are tried though they may be refused.
_BLIND = 2

Try = tuple[Act, Any, str | None]


def choose(case: Case, others: Collection[str], dice: Random) -> Try | None:
    """An act, its body, and the department that does it (None a person of the hotline); None where nobody can do anything."""
    story = case.facts
    legal = [act for act in acts_in(story.stage) if act in DECIDERS]
    legal.sort(key=lambda act: dice.random() ** (1 / _weight(act, story)), reverse=True)
    blind = dice.randrange(10) < _BLIND
    for act in legal:
        tried = (act, body_of(act, story, others, dice, case.now), _who(act, story, dice))
        if blind or _possible(case, tried):
            return tried
    return None


def _who(act: Act, story: Facts, dice: Random) -> str | None:
    uppers = {each.parent for each in policy().departments.values()}
    fit = {
        Act.REPORT_UP: story.departments[1:],
        Act.DELEGATE: tuple(each for each in story.departments if each in uppers),
    }
    return dice.choice(fit.get(act) or (None, *story.departments))


def _weight(act: Act, story: Facts) -> int:
    """What ends a walk early is tried less often while it goes on; at its end nothing is left to be spoilt."""
    if story.stage not in OPEN_STAGES:
        return _ELSE
    return _ON if act in ON else _SELDOM if act in SELDOM else _ELSE


def _possible(case: Case, tried: Try) -> bool:
    act, body, by = tried
    try:
        decide(act, body, replace(case, by=by))
    except DeskError:
        return False
    return True


def body_of(act: Act, story: Facts, others: Collection[str], dice: Random, now: datetime) -> Any:
    """A body that fits the ticket as it stands, as far as there is one."""
    match act:
        case Act.MERGE | Act.LINK if others:
            before = [each for each in others if each < story.number] or others
            more = (
                {"into": dice.choice(sorted(others))}
                if act is Act.MERGE
                else {"earlier": dice.choice(sorted(before))}
            )
        case Act.APPEAL:
            more = {"event": dice.choice(_ids(story, _COUNTED))}
        case Act.SETTLE_APPEAL:
            asked = [each.data["event"] for each in story.happenings if each.kind is Happened.APPEALED]
            more = {"event": dice.choice(asked or [1]), "accept": dice.random() < 0.5}
        case Act.UNDO if dice.random() < 0.8:
            more = {"step": dice.choice(_pressed(story))}
        case Act.DELEGATE if dice.random() < 0.9:
            more = {"department": dice.choice(_below(story) or CHILDREN)}
        case Act.DISPATCH | Act.CONFER:
            more = {("department" if act is Act.DISPATCH else "lead"): dice.choice(LEADS)}
            more |= {"assists": dice.sample([*CODES, *CHILDREN[:6]], dice.randrange(3))}
        case Act.CALL_BACK if dice.random() < 0.4:
            more = {"reached": True, "solved": True, "satisfied": True}
        case Act.SETTLE_UPWARD:
            more = {"accept": dice.random() < 0.6, "reason": "没有说清"}
        case Act.SET_DUE:
            more = {"due_at": now + timedelta(days=dice.choice((1, 3, 9, 40)))}
        case _:
            return drawn(act, dice, now)
    return BODIES[act](**{**GOOD[act], **more})


def _ids(story: Facts, kinds: Collection[Happened]) -> list[Any]:
    return [each.id for each in story.happenings if each.kind in kinds] or [story.happenings[0].id]


def _pressed(story: Facts) -> list[str]:
    by_hand = {
        Happened.SUPERVISED: "supervise",
        Happened.RAISED: "raise",
        Happened.LINKED: "link",
        Happened.TRANSFERRED: "transfer",
    }
    found = [each.step or by_hand.get(each.kind) for each in story.happenings]
    return [each for each in found if each] or ["raise"]


def _below(story: Facts) -> list[str]:
    return [code for code, each in policy().departments.items() if each.parent in story.departments]
