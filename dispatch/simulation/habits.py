"""How people behave in the simulator (仿真中的习惯): how long each waits and how often each does what, drawn by dice."""

from bisect import bisect
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any

from dispatch.simulation.people import USUAL, Choice, choose
from dispatch.simulation.stories import DIRECT_SHARE, Story
from rules.terms import Act, Budget, Facts, Happened, Role, Stage, Unit, Urgency
from rules.worktime import Calendar

#: Days from a message to its reply, as the shares below of all replies had come (n = 2,241). Made from the published
#: delays of a province's message board with
#: `python -c "import csv;d=sorted(float(r['delay_days'])for r in csv.DictReader(open('hunan_replies_dev.csv',
#: encoding='utf-8-sig')));print([round(d[min(len(d)-1,len(d)*q//100)],1)for q in(0,1,5,10,25,50,75,90,95,99,100)])"`
REPLY_DAYS = (0.0, 0.2, 1.0, 1.9, 4.8, 11.0, 22.0, 40.4, 63.2, 180.3, 1160.4)
REPLY_SHARES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)

#: A caller comes again so many days after the end of a matter: median 17, a quarter beyond 55 (lifecycle.md).
AGAIN_MEDIAN, AGAIN_SPREAD = 17.0, 1.74

#: How often: of all matters, of all acts of the kind, of all ends. Orders of size, not measured.
CHANNELS = MappingProxyType({"phone": 80, "wechat": 8, "web": 6, "app": 4, "mailbox": 1, "handed_down": 1})
TYPES = MappingProxyType({"help": 40, "complain": 30, "consult": 14, "report": 8, "suggest": 8})
URGENCIES = MappingProxyType({"normal": 965, "urgent": 30, "critical": 5})
KINDS = MappingProxyType({"": 940, "refuse": 15, "invalid": 15, "withdraw": 20, "astray": 10})
FATES = MappingProxyType({"": 870, "extend": 75, "suspend": 25, "stalled": 10, "unsigned": 5, "end": 5})
WRONG_FIRST = 0.09
LATE = 0.06
SENT_BACK = 0.05
EXTENSION_REFUSED = 0.15
MISSED_CALL = 0.12
NOT_PLEASED = 0.12
URGES_WHILE_OPEN = 0.15
COMES_AGAIN, AGAIN_AND_AGAIN = 0.07, 0.45
MASS = 0.004
PRESSED, REDONE, ARCHIVED = 0.04, 0.01, 0.05

#: What is pressing is answered in this share of the time that the rest takes.
_PACE = MappingProxyType({Urgency.NORMAL: 1.0, Urgency.URGENT: 0.2, Urgency.CRITICAL: 0.05})
#: Nobody replies sooner after what came before; a redo takes this share of the time.
_SOONEST, _REDO_SHARE, _MENDED_SHARE = 30, 0.3, 0.05
_CONFERRING = 300


def one_of(weights: Mapping[str, int], dice: Random) -> str:
    """A word, as often as its weight says."""
    return dice.choices(list(weights), list(weights.values()))[0]


def reply_days(dice: Random) -> float:
    """Days from receipt to reply, distributed as REPLY_DAYS."""
    drawn = dice.random()
    at = min(bisect(REPLY_SHARES, drawn), len(REPLY_SHARES) - 1)
    low, high = REPLY_SHARES[at - 1], REPLY_SHARES[at]
    share = (drawn - low) / (high - low)
    return REPLY_DAYS[at - 1] + share * (REPLY_DAYS[at] - REPLY_DAYS[at - 1])


def days_until_again(dice: Random) -> float:
    """Days from the end of a matter until its caller comes again."""
    return AGAIN_MEDIAN * dice.lognormvariate(0, AGAIN_SPREAD)


def is_answered_at_once(dice: Random) -> bool:
    """Of all tickets DIRECT_SHARE end with an answer on the telephone; only calls can."""
    return dice.random() < DIRECT_SHARE * sum(CHANNELS.values()) / CHANNELS["phone"]


def next_choice(story: Story, facts: Facts, now: datetime, dice: Random) -> Choice | None:
    """What somebody does next: as in the demo week, but that people refuse, miss and are displeased as often as above."""
    chosen = _astray(story, facts) if story.kind == "astray" else None
    chosen = chosen or choose(story, facts, now)
    if chosen is None:
        return None
    act, role, words = chosen
    return act, role, _varied(act, words, now, dice)


def _varied(act: Act, words: dict[str, Any], now: datetime, dice: Random) -> dict[str, Any]:
    drawn = dice.random()
    match act:
        case Act.REVIEW if drawn < SENT_BACK:
            return {**words, "approve": False, "reason": "没有说明办理结果，请补充。"}
        case Act.SETTLE_EXTENSION if drawn < EXTENSION_REFUSED:
            return {"accept": False, "reason": "理由不充分，请按期办结。"}
        case Act.SUSPEND:
            return {**words, "until": (now + timedelta(days=2 + 8 * drawn)).isoformat()}
        case Act.CONTACT | Act.CALL_BACK if drawn < MISSED_CALL:
            return {"reached": False, "words": "无人接听。"}
        case Act.CALL_BACK if drawn < MISSED_CALL + NOT_PLEASED:
            solved = drawn < MISSED_CALL + NOT_PLEASED / 2
            return {"reached": True, "solved": solved, "satisfied": False, "words": "诉求人不满意。"}
        case _:
            return words


def _astray(story: Story, facts: Facts) -> Choice | None:
    """A matter that nobody wants: sent back three times, until the desk confers and names the lead."""
    sent_back = sum(each.kind is Happened.RETURNED for each in facts.happenings)
    match facts.stage:
        case Stage.TO_SIGN if sent_back < len(story.told["passed"]):
            return Act.RETURN_, Role.LIAISON, {"reason": "不属于本单位职责。", "head": "本单位主要负责人"}
        case Stage.RETURNED:
            said = {
                "accept": True,
                "department": story.told["passed"][sent_back - 1],
                "reason": "请再核实职责。",
            }
            return Act.SETTLE_RETURN, Role.DISPATCHER, said
        case Stage.CONFERRING:
            said = {"lead": story.department, "outcome": "各单位会商，按职责确定主办。"}
            return Act.CONFER, Role.DISPATCHER, said
        case _:
            return None


def when(act: Act, facts: Facts, now: datetime, calendar: Calendar, dice: Random) -> datetime:
    """The instant at which somebody gets round to `act`, in office hours but for what is urgent."""
    pace = _PACE[facts.urgency]
    if act is Act.REPLY:
        return _reply(facts, now, calendar, pace, dice)
    minutes = (_CONFERRING if act is Act.CONFER else USUAL[act]) * dice.lognormvariate(0, 0.6) * pace
    if act is Act.SIGN and dice.random() < LATE:
        minutes *= dice.uniform(8, 40)
    if facts.urgency is not Urgency.NORMAL:
        return now + timedelta(minutes=minutes)
    return calendar.add(now, Budget(max(1, round(minutes)), Unit.WORK_MINUTES))


def _reply(facts: Facts, now: datetime, calendar: Calendar, pace: float, dice: Random) -> datetime:
    """As long after receipt as replies take; after a redo or a reply that was sent back a share of it from then."""
    days = reply_days(dice) * pace
    since = facts.received_at
    begun = facts.last(Happened.REDONE)
    sent_back = facts.last(Happened.REPLIED)
    if sent_back is not None and (begun is None or sent_back.at > begun.at):
        since, days = now, days * _MENDED_SHARE
    elif begun is not None:
        since, days = begun.at, days * _REDO_SHARE
    at = max(since + timedelta(days=days), now + timedelta(minutes=_SOONEST * pace))
    if facts.urgency is not Urgency.NORMAL:
        return at
    return calendar.add(at, Budget(dice.randint(1, 90), Unit.WORK_MINUTES))
