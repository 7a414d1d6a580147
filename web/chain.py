"""The chain (办理经过): everything that happened to a ticket as lines for people, and why the machine decided so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from dispatch.view import Row, View
from rules.carrying import LINK
from rules.clocks import KIND_WORDS
from rules.escalation import step_of
from rules.evidence_words import TRIGGER_WORDS
from rules.lifecycle import ACT_WORDS
from rules.policy import Policy
from rules.roster import RECEIVER as ON_DUTY
from rules.routing import shown_as
from rules.side_bodies import IDENTITY_WORDS, RATED_STEPS
from rules.terms import CHANNEL_WORDS, CHINA, ELEMENT_WORDS, Act, ClockKind, Happened, Happening, Stage
from rules.wording import EVENT_WORDS, event_words
from web.bars import day_and_time
from web.show import department_name
from web.words import ACTOR_WORDS, LEVEL_WORDS, PART_WORDS, RECEIVER_WORDS, STAGE_WORDS

#: From this share on a probability is "sure" to a reader; the gate of the pack decides, this only words it.
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the chain: what, by whom, when (said and in full), what was said with it, and how loud it is."""

    what: str
    who: str
    when: str
    exactly: str
    said: Sequence[str]
    tone: str


@dataclass(frozen=True, slots=True)
class Other:
    """A department that was thought of and not taken: its share in percent, and the words that spoke for it."""

    name: str
    share: str
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Why:
    """The why line under a decision."""

    what: str
    because: str
    rule: str
    clause: str
    model: str
    confidence: str
    terms: Sequence[str]
    others: Sequence[Other]
    undecided: bool
    when: str


_LOUD = {
    Happened.BREACHED: "over",
    Happened.SUPERVISED: "over",
    Happened.DUTY_CALLED: "over",
    Happened.RAISED: "over",
    Happened.CLUE_OPENED: "over",
    Happened.CLUE_SENT_UP: "over",
    Happened.WARNED: "soon",
    Happened.REPEATED: "soon",
}

#: Data of events that are worth a line, with the words before them, in the order they are read.
_TOLD = (
    ("reason", ""),
    ("words", ""),
    ("public_words", "公开答复："),
    ("outcome", ""),
    ("legal_path", "法定途径："),
    ("evidence", "证明："),
    ("head", "单位主要负责人："),
    ("line", "转接 "),
)


def chain(view: View, now: datetime) -> list[Link]:
    """Every event of the ticket in order."""
    return [_link(each, view, now) for each in view.events]


def _link(event: Row, view: View, now: datetime) -> Link:
    kind = Happened(event["kind"])
    data: Mapping[str, Any] = event["data"]
    what = event_words(kind, data)
    if "clock" in data:
        what = f"{KIND_WORDS[ClockKind(data['clock'])]}{what}"
    return Link(
        what=what,
        who=ACTOR_WORDS.get(event["actor"], event["actor"]),
        when=day_and_time(event["at"], now),
        exactly=f"{event['at'].astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        said=_said(data, view),
        tone=_LOUD.get(kind, ""),
    )


def _said(data: Mapping[str, Any], view: View) -> list[str]:
    said = []
    if data.get("department"):
        names = [
            department_name(view.policy, code) or code
            for code in (data["department"], *data.get("assists", ()))
        ]
        said.append("承办单位：" + "、".join(names))
    if data.get("reason_code"):
        known = {each.code: each.name for each in view.policy.suspensions}
        known |= {each.code: each.name for each in view.policy.refusals}
        known |= {each.code: each.name for each in view.policy.invalid}
        said.append(known.get(data["reason_code"], data["reason_code"]))
    said += _of_matter(data, view) + _of_pressure(data, view)
    if data.get("until"):
        said.append(f"到 {datetime.fromisoformat(data['until']).astimezone(CHINA):%Y年%m月%d日} 复核")
    said += [f"{words}{_plain(data[name])}" for name, words in _TOLD if data.get(name)]
    if "accepted" in data or "approved" in data:
        said.append("同意" if data.get("accepted", data.get("approved")) else "不同意")
    if "reached" in data:
        said.append("已联系上" if data["reached"] else "没有联系上")
    if data.get("workdays"):
        said.append(f"{data['workdays']} 个工作日")
    if data.get("level"):
        said.append(
            {"department": "承办单位审核", "hotline": "热线审核"}.get(
                data["level"], f"{LEVEL_WORDS.get(data['level'], data['level'])}级督办"
            )
        )
    if data.get("stage") in STAGE_WORDS:
        said.append(f"→ {STAGE_WORDS[Stage(data['stage'])]}")
    return said


def _of_matter(data: Mapping[str, Any], view: View) -> list[str]:
    """What ties the event to other contacts and tickets of the same matter."""
    said = []
    if data.get("earlier"):
        counted = f"计为第 {data.get('count', 1)} 次投诉" if data.get("counted") else "这次不计次"
        said.append(f"接续工单 {data['earlier']}，{counted}")
    if data.get("channel"):
        said.append(f"渠道：{CHANNEL_WORDS.get(data['channel'], data['channel'])}")
    if data.get("into"):
        said.append(f"主单 {data['into']}")
    if data.get("parts"):
        said.append(f"拆为 {data['parts']} 件")
    if data.get("split_from"):
        said.append(f"由工单 {data['split_from']} 拆出")
    if data.get("about"):
        said.append(f"{RATED_STEPS.get(data['about'], data['about'])}：{data['stars']} 星")
    if data.get("field"):
        said.append(f"查看：{IDENTITY_WORDS.get(data['field'], data['field'])}")
    if data.get("event"):
        said.append(f"针对：{_named(data['event'], view)}")
    if data.get("follower"):
        said.append(f"工单 {data['follower']}")
    if data.get("elements"):
        said += [f"{ELEMENT_WORDS.get(name, name)}：{words}" for name, words in data["elements"].items()]
    return said


def _of_pressure(data: Mapping[str, Any], view: View) -> list[str]:
    """Why a rung was reached, which round began, and what was taken back."""
    said = []
    if data.get("trigger") in TRIGGER_WORDS:
        said.append(TRIGGER_WORDS[data["trigger"]].format(count=data.get("count", "")))
    if data.get("round"):
        said.append(f"第 {data['round']} 轮重办")
    if data.get("raised"):
        said.append(f"并入前已提级 {data['raised']} 次")
    if data.get("attempts"):
        said.append(f"已联系诉求人 {data['attempts']} 次")
    if "malicious" in data:
        said.append("恶意诉求人，不再计次" if data["malicious"] else "取消恶意标记")
    if "confirmed" in data:
        said.append("确认" if data["confirmed"] else "驳回")
    if data.get("step"):
        said.append(f"撤销的是：{_step_words(data, view)}")
    return said


def _named(number: int, view: View) -> str:
    """The event of the history that has this number, in words."""
    found = next((each for each in view.events if each["id"] == number), None)
    return EVENT_WORDS[Happened(found["kind"])] if found else f"记录 {number}"


def _step_words(data: Mapping[str, Any], view: View) -> str:
    """The event that was undone, in words; the step itself where it is out of sight."""
    if data["step"] == LINK:
        return EVENT_WORDS[Happened.LINKED]
    for each in view.events:
        event = Happening(Happened(each["kind"]), each["at"], each["data"], each["step"] or "")
        if step_of(event) == data["step"] and event.at.astimezone(CHINA).isoformat() == data.get("at"):
            return EVENT_WORDS[event.kind]
    return ACT_WORDS[Act.TRANSFER] if data["step"] == Act.TRANSFER else str(data["step"])


def _plain(value: Any) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def whys(view: View, now: datetime) -> list[Why]:
    """Every decision with its reasons."""
    return [_why(each, view, now) for each in view.decisions]


#: What was decided: nearly always the stage that a ticket went to.
_DECIDED_WORDS: Mapping[str, str] = {
    **{stage.value: words for stage, words in STAGE_WORDS.items()},
    "automatic": "到期自动",
}


def _why(row: Row, view: View, now: datetime) -> Why:
    details = row["details"]
    what = _DECIDED_WORDS.get(row["what"], row["what"])
    name = department_name(view.policy, row["department"])
    return Why(
        what=f"{ACT_WORDS[Act(row['act'])]}：{what}{f'，{name}' if name else ''}",
        because=row["because"],
        rule=row["rule"],
        clause=row["clause"],
        model=row["model"] or "",
        confidence=_confidence(row),
        terms=[str(each[0]) for each in details.get("terms", ())],
        others=_others(row, view.policy),
        undecided=row["department"] is None,
        when=day_and_time(row["at"], now),
    )


def _others(row: Row, policy: Policy) -> list[Other]:
    """The second and third department that the model thought of, after the first where none was taken."""
    labels: Sequence[tuple[str, float]] = row["facts"].get("labels") or ()
    details = row["details"]
    share = dict(labels)
    areas = tuple(row["facts"].get("areas") or ())
    thought = list(details.get("others", ()))
    if thought and labels and row["department"] is None:
        thought.insert(0, (labels[0][0], [word for word, _ in details.get("terms", ())]))
    return [
        Other(shown_as(label, areas, policy), f"{share.get(label, 0.0):.0%}", [str(word) for word in words])
        for label, words in thought
    ]


def _confidence(row: Row) -> str:
    labels = row["facts"].get("labels") or ()
    if not row["model"] or not labels:
        return ""
    return "有把握" if not row["facts"].get("abstain") and labels[0][1] >= _SURE else "需人工确认"


def marked(text: str, terms: Sequence[str]) -> Markup:
    """The text with the words that spoke for a decision marked, everything else escaped."""
    found = sorted({each for each in terms if each.strip()}, key=len, reverse=True)
    out, at = [], 0
    while at < len(text):
        hit = next((each for each in found if text.startswith(each, at)), None)
        out.append(Markup("<mark>{}</mark>").format(hit) if hit else escape(text[at]))
        at += len(hit) if hit else 1
    return Markup("").join(out)


def legs(view: View, now: datetime) -> list[tuple[str, str, str, str, str]]:
    """Every dispatch: department, part, when, reason, how it ended."""
    return [
        (
            department_name(view.policy, each["department"]) or "",
            "下派" if each["upper"] else PART_WORDS.get(each["part"], each["part"]),
            day_and_time(each["at"], now),
            each["reason"],
            "在办"
            if each["ended_at"] is None
            else f"{_ended(each['result'])} · {day_and_time(each['ended_at'], now)}",
        )
        for each in view.assignments
    ]


def _ended(result: str | None) -> str:
    return EVENT_WORDS.get(Happened(result), "已结束") if result in set(Happened) else "已结束"


def _receiver(word: str) -> str:
    """A role or word of the pack in Chinese; of a person on duty the name."""
    if word.startswith(ON_DUTY):
        return f"值班 {word.removeprefix(ON_DUTY)}"
    return RECEIVER_WORDS.get(word, word)


def told(view: View, now: datetime) -> list[tuple[str, str, str]]:
    """Every notice that went out: to whom, the words, when."""
    return [
        (
            _receiver(each["receiver"]),
            each["words"],
            day_and_time(each["created_at"], now),
        )
        for each in view.notices
    ]
