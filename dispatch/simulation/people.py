"""What people do with a ticket in the demo (演示中的人): which act its stage and its story call for, by whom, how soon."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from dispatch.simulation.stories import Story
from rules import returns
from rules.access import DEPARTMENT_ROLES, Actor
from rules.terms import Act, Facts, Happened, Role, Stage

SCOPE = "demo"

#: Working minutes that people take before each act when nothing is unusual.
USUAL = MappingProxyType(
    {
        Act.ANSWER: 30,
        Act.REFUSE: 45,
        Act.DISPATCH: 40,
        Act.SIGN: 60,
        Act.RETURN_: 90,
        Act.SETTLE_RETURN: 60,
        Act.CONTACT: 120,
        Act.EXTEND: 240,
        Act.SETTLE_EXTENSION: 90,
        Act.SUSPEND: 240,
        Act.REPLY: 500,
        Act.REVIEW: 90,
        Act.CALL_BACK: 120,
        Act.SUPPLEMENT: 150,
        Act.INVALIDATE: 60,
        Act.WITHDRAW: 300,
        Act.END: 240,
        Act.MERGE: 45,
    }
)


@dataclass(frozen=True, slots=True)
class Fate:
    """How people treat a matter: `pace` stretches every wait, `waits` replaces some, `never` is not done at all."""

    pace: float = 1.0
    waits: Mapping[Act, int] = field(default_factory=dict)
    never: frozenset[Act] = frozenset()

    def wait(self, act: Act) -> float | None:
        """Working minutes before `act`; None when it does not happen."""
        return None if act in self.never else self.waits.get(act, USUAL[act]) * self.pace


FATES: Mapping[str, Fate] = MappingProxyType(
    {
        "": Fate(),
        "quick": Fate(pace=0.2),
        "late": Fate(waits={Act.REPLY: 4200}),
        "stalled": Fate(never=frozenset({Act.REPLY})),
        "unsigned": Fate(never=frozenset({Act.SIGN})),
        "extend": Fate(),
        "suspend": Fate(),
        "unsatisfied": Fate(pace=0.6),
        "unreached": Fate(pace=0.5),
        "end": Fate(pace=0.4),
    }
)
#: A matter that comes back is done in a day each time, which is why it comes back.
_HASTY = Fate(pace=0.3)

Choice = tuple[Act, Role, dict[str, Any]]


def fate_of(story: Story) -> Fate:
    """How people treat this matter."""
    return _HASTY if story.kind == "repeat" and not story.fate else FATES[story.fate]


def actor(role: Role, department: str | None = None) -> Actor:
    """The person of the demo who holds `role`, named as their log-in."""
    bound = department if role in DEPARTMENT_ROLES else None
    name = f"{bound}-{role.value}" if bound else role.value
    return Actor(name, frozenset({role}), bound, SCOPE)


def at_once(story: Story) -> Choice | None:
    """What the operator does while the caller is still on the line; None where the model looks first."""
    if story.channel != "phone":
        return None
    match story.kind:
        case "answer":
            return Act.ANSWER, Role.OPERATOR, {"words": story.told["answer"]}
        case "invalid":
            return Act.INVALIDATE, Role.OPERATOR, {"reason_code": story.told["reason"]}
        case "transfer":
            return Act.TRANSFER, Role.OPERATOR, {"line": story.told["line"]}
        case "refuse":
            return Act.REFUSE, Role.OPERATOR, {"reason_code": story.told["reason"]}
        case _:
            return None


def choose(story: Story, facts: Facts, now: datetime) -> Choice | None:
    """Which act the stage and the story call for, by whom, with which words; None: nobody does anything."""
    chosen = _STAGES[facts.stage](story, facts, now) if facts.stage in _STAGES else None
    if chosen is None or not facts.restricted or chosen[1] in DEPARTMENT_ROLES:
        return chosen
    return chosen[0], Role.SUPERVISOR, chosen[2]


def _received(story: Story, _facts: Facts, _now: datetime) -> Choice | None:
    return at_once(story)


def _incomplete(story: Story, facts: Facts, _now: datetime) -> Choice | None:
    asked = sum(each.kind is Happened.CONTACTED for each in facts.since(Happened.TRIAGED))
    if "supplement" in story.told and asked:
        return Act.SUPPLEMENT, Role.OPERATOR, {"elements": {"course": story.told["supplement"]}}
    if asked >= 3:
        return Act.INVALIDATE, Role.OPERATOR, {"reason_code": "incomplete"}
    reached = "supplement" in story.told
    words = "已联系诉求人，请其补充地点和事由。" if reached else "回拨和留言均无人回应。"
    return Act.CONTACT, Role.OPERATOR, {"reached": reached, "words": words}


def _to_dispatch(story: Story, facts: Facts, _now: datetime) -> Choice | None:
    if story.kind == "answer":
        return Act.ANSWER, Role.OPERATOR, {"words": story.told["answer"]}
    if story.kind == "refuse":
        return Act.REFUSE, Role.DISPATCHER, {"reason_code": story.told["reason"]}
    if story.kind == "transfer":
        return Act.TRANSFER, Role.DISPATCHER, {"line": story.told["line"]}
    if story.kind == "invalid":
        return Act.INVALIDATE, Role.DISPATCHER, {"reason_code": story.told["reason"]}
    again = facts.last(Happened.RETURNED) is not None
    department = story.department if again or not story.first else story.first
    if not department:
        return Act.ANSWER, Role.OPERATOR, {"words": "已说明热线受理范围和办事渠道。"}
    return Act.DISPATCH, Role.DISPATCHER, {"department": department, "reason": "按职责分工派单。"}


def _to_sign(story: Story, facts: Facts, _now: datetime) -> Choice:
    wrong = bool(story.department) and facts.department != story.department
    if wrong and facts.last(Happened.RETURNED) is None and facts.redo_round == 0:
        said = {"reason": "经核实不属于本单位职责。", "suggested_department": story.department}
        return Act.RETURN_, Role.LIAISON, said
    return Act.SIGN, Role.LIAISON, {}


def _returned(story: Story, facts: Facts, _now: datetime) -> Choice:
    if facts.department == story.department:
        return Act.SETTLE_RETURN, Role.DISPATCHER, {"accept": False, "reason": "属于本单位职责，请签收办理。"}
    said = {"accept": True, "department": story.department, "reason": "退单理由成立，改派责任单位。"}
    return Act.SETTLE_RETURN, Role.DISPATCHER, said


def _handling(story: Story, facts: Facts, now: datetime) -> Choice:
    if story.kind == "withdraw":
        return Act.WITHDRAW, Role.OPERATOR, {}
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
    if story.fate == "end":
        said = {"reason": "诉求超出政策规定，已给予最终答复。", "evidence": "承办单位盖章的书面报告"}
        return Act.END, Role.SUPERVISOR, said
    words = story.told.get("reply") or story.told.get("answer") or "已到现场处理，并向诉求人说明结果。"
    return Act.REPLY, Role.HANDLER, {"words": words, "public_words": words, "solved": True}


def _reviewing(_story: Story, facts: Facts, _now: datetime) -> Choice:
    passed = any(
        each.kind is Happened.REVIEWED and each.data["level"] == "department"
        for each in facts.since(Happened.REPLIED)
    )
    if passed:
        return Act.REVIEW, Role.DISPATCHER, {"level": "hotline", "approve": True}
    return Act.REVIEW, Role.DEPARTMENT_LEADER, {"level": "department", "approve": True}


def _call_back(story: Story, facts: Facts, _now: datetime) -> Choice:
    if story.fate == "unreached":
        return Act.CALL_BACK, Role.CALLER_BACK, {"reached": False, "words": "无人接听。"}
    pleased, words = True, "诉求人表示满意。"
    if story.fate == "unsatisfied" and facts.redo_round == 0:
        pleased, words = False, "诉求人说问题又出现了，不满意。"
    if story.told.get("by_callback") and facts.complaint_count < 3:
        pleased, words = False, story.texts[facts.complaint_count]
    return (
        Act.CALL_BACK,
        Role.CALLER_BACK,
        {"reached": True, "solved": pleased, "satisfied": pleased, "words": words},
    )


def _merged(story: Story, facts: Facts, _now: datetime) -> Choice | None:
    """Every caller of a merged ticket is called back; one of them is not content and gets a ticket of their own."""
    if facts.last(Happened.CALLED_BACK) is not None:
        return None
    pleased = int(facts.number[-3:]) % 5 != 0
    said: dict[str, Any] = {"reached": True, "solved": pleased, "satisfied": pleased}
    return Act.CALL_BACK, Role.CALLER_BACK, {**said, "words": "已向并单诉求人回访。"}


def settle_clue(turn: int) -> Choice | None:
    """Of three clues one is confirmed, one rejected, and one left to go up by silence."""
    confirm = turn % 3 == 0
    if turn % 3 == 2:
        return None
    said = {"confirm": confirm, "reason": "" if confirm else "两次投诉相隔较久，责任单位已逐项整改。"}
    return Act.SETTLE_CLUE, Role.SUPERVISOR, said


def archive(facts: Facts) -> Choice | None:
    """What is closed and stayed so is put away."""
    return (Act.ARCHIVE, Role.SUPERVISOR, {}) if facts.stage is Stage.CLOSED else None


_STAGES = MappingProxyType(
    {
        Stage.RECEIVED: _received,
        Stage.INCOMPLETE: _incomplete,
        Stage.TO_DISPATCH: _to_dispatch,
        Stage.TO_SIGN: _to_sign,
        Stage.RETURNED: _returned,
        Stage.HANDLING: _handling,
        Stage.REVIEWING: _reviewing,
        Stage.TO_CALL_BACK: _call_back,
        Stage.MERGED: _merged,
    }
)
