"""What an event of a matter is called in evidence (证据用语): one plain Chinese sentence each, nothing personal in it.

The sentences are made of the event's figures, departments and limits. Of what people wrote, only `reason` and `words`
are told, and only through the `mask` that the desk hands in: masking is not the business of rules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from rules.clocks import KIND_WORDS
from rules.escalation import step_of
from rules.policy import Policy
from rules.terms import CHANNEL_WORDS, CHINA, TYPE_WORDS, Budget, ClockKind, Facts, Happened, Happening
from rules.wording import EVENT_WORDS, UNIT_WORDS

#: How a free text is made fit to be read by others; None leaves all free texts out.
Mask = Callable[[str], str] | None

#: Of each reason or reply so many characters at most stand in the evidence.
LONGEST = 200

HOTLINE = "热线"

#: What was due when a limit ran out, as a verb; a first contact is made by reaching the caller or by enough tries.
DONE_WORDS: Mapping[ClockKind, str] = MappingProxyType(
    {
        ClockKind.SUPPLEMENT: "补齐要素",
        ClockKind.DISPATCH: "派单",
        ClockKind.SIGN: "签收或退单",
        ClockKind.SETTLE: "审定",
        ClockKind.FIRST_CONTACT: "完成首次联系",
        ClockKind.HANDLE: "办结答复",
        ClockKind.REVIEW: "审核答复",
        ClockKind.CALL_BACK: "回访",
        ClockKind.CLUE: "审定线索",
        ClockKind.UPWARD: "反馈上级",
    }
)

#: Clocks that the lead department answers for; a review is the department's first and the hotline's after.
DEPARTMENT_CLOCKS = (ClockKind.SIGN, ClockKind.FIRST_CONTACT, ClockKind.HANDLE)

#: What made a rung by count fire; `count` is the number it stands at.
TRIGGER_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "complaints": "同一事项第 {count} 次投诉",
        "redos": "重办满 {count} 次仍未解决",
        "returns": "退单满 {count} 次",
    }
)

_NUMERALS = "零一二三"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a sentence needs beside its event: the ticket, its pack, the lead's code at that moment, and the mask."""

    facts: Facts
    policy: Policy
    lead: str | None
    mask: Mask


def name_of(code: str | None, policy: Policy) -> str:
    """The department's name; 承办单位 where none is known yet, and a plain mark where the pack has no such code."""
    if code is None:
        return "承办单位"
    known = policy.departments.get(code)
    return known.name if known else f"{code}（不在目录）"


def moment(at: datetime) -> str:
    """An instant as people read it, in China's time."""
    return f"{at.astimezone(CHINA):%Y年%m月%d日 %H:%M}"


def length(minutes: float) -> str:
    """A length of time in hours and minutes, begun minutes left out."""
    hours, rest = divmod(int(minutes), 60)
    if hours == 0:
        return f"{rest} 分钟" if rest else "不足 1 分钟"
    return f"{hours} 小时 {rest} 分钟" if rest else f"{hours} 小时"


def budget_words(budget: Budget) -> str:
    """A limit as it was promised: 7 个工作日."""
    return f"{budget.amount:g} {UNIT_WORDS[budget.unit]}"


def sentence(event: Happening, scene: Scene, due: datetime | None = None) -> str:
    """One sentence for one event; `due` is the handling limit that holds from then on, where the event sets it."""
    teller, plain = _TELLERS.get(event.kind), _PLAIN.get(event.kind, EVENT_WORDS[event.kind])
    words = teller(event, scene) if teller else plain.format(lead=_lead(scene))
    if due is not None:
        words += f"，应于 {moment(due)} 前{DONE_WORDS[ClockKind.HANDLE]}"
    said = "；".join(filter(None, (_said(event.data.get(name), scene.mask) for name in ("reason", "words"))))
    return f"{words}：{said}。" if said else f"{words}。"


def _said(text: Any, mask: Mask) -> str:
    """At most LONGEST characters, masked first: cut before, half a phone number could slip through."""
    if mask is None or not isinstance(text, str):
        return ""
    shown = " ".join(mask(text).split())
    return shown.rstrip("。") if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def _lead(scene: Scene) -> str:
    return name_of(scene.lead, scene.policy)


def _choice(key: str, yes: str, no: str) -> Callable[[Happening, Scene], str]:
    """A teller that says one of two things by a flag of the event."""

    def tell(event: Happening, scene: Scene) -> str:
        return (yes if event.data.get(key) else no).format(lead=_lead(scene), hotline=HOTLINE)

    return tell


def _received(event: Happening, scene: Scene) -> str:
    data, wanted = event.data, TYPE_WORDS[scene.facts.type]
    by = _channel(event, scene)
    if scene.facts.history:
        return f"诉求人通过{by}提出{wanted}，由历史数据导入"
    if not data.get("earlier"):
        return f"诉求人通过{by}提出{wanted}，{HOTLINE}登记"
    counted = f"计为第 {data.get('count', 1)} 次投诉" if data.get("counted") else "这次不计次"
    return f"诉求人通过{by}就同一事项再次提出{wanted}（接续工单 {data['earlier']}），{counted}"


def _channel(event: Happening, scene: Scene) -> str:
    code = str(event.data.get("channel") or scene.facts.channel)
    known = scene.policy.channels.get(code)
    return known.name if known else CHANNEL_WORDS.get(code, code)


def _joined(event: Happening, scene: Scene) -> str:
    with_whom = f"，{_lead(scene)}承办中" if scene.lead else f"，{HOTLINE}尚未派单"
    return f"诉求人通过{_channel(event, scene)}就未办结的同一事项再次反映{with_whom}"


def _sent(event: Happening, scene: Scene) -> str:
    verb = "改派" if event.kind is Happened.REASSIGNED else "派"
    assists = [name_of(code, scene.policy) for code in event.data.get("assists") or ()]
    helped = f"，{'、'.join(assists)}协办" if assists else ""
    return f"{HOTLINE}{verb}{_lead(scene)}主办{helped}"


def _helped(event: Happening, scene: Scene) -> str:
    """Somebody joined beside the lead, or told what it did (协办、下派、上报)."""
    department, upper = (event.data.get(name) for name in ("department", "upper"))
    who = name_of(department, scene.policy) if department else "有关单位"
    above = name_of(upper, scene.policy) if upper else _lead(scene)
    match event.kind:
        case Happened.ASSISTED:
            return f"{_lead(scene)}请{who}协办，限 {event.data.get('workdays', 0)} 个工作日"
        case Happened.DELEGATED:
            return f"{above}下派{who}办理"
        case _:
            return f"{who}向{above}上报办理情况"


def _asked_for_time(event: Happening, scene: Scene) -> str:
    return f"{_lead(scene)}申请延期 {event.data.get('workdays', 0)} 个工作日"


def _settled_time(event: Happening, scene: Scene) -> str:
    verdict = "获准" if event.data.get("accepted") else "未获同意"
    return f"{_lead(scene)}的延期（{event.data.get('workdays', 0)} 个工作日）{verdict}"


def _suspended(event: Happening, scene: Scene) -> str:
    code, until = event.data.get("reason_code"), event.data.get("until")
    names = {each.code: each.name for each in scene.policy.suspensions}
    why = f"（{names.get(code, code)}）" if code else ""
    review = f"，{moment(until)} 复核" if isinstance(until, datetime) else ""
    return f"{_lead(scene)}承办的工单挂起{why}{review}"


def _refused(event: Happening, scene: Scene) -> str:
    code = event.data.get("reason_code")
    names = {each.code: each.name for each in scene.policy.refusals}
    return f"{HOTLINE}不予受理" + (f"（{names.get(code, code)}）" if code else "")


def _reviewed(event: Happening, scene: Scene) -> str:
    who = HOTLINE if event.data.get("level") == "hotline" else _lead(scene)
    if event.data.get("approved"):
        return f"{who}审核通过答复"
    return f"{who}审核未通过，答复退回{_lead(scene)}"


def _called_back(event: Happening, _scene: Scene) -> str:
    if not event.data.get("reached"):
        return f"{HOTLINE}回访，没有接通"
    solved = "已解决" if event.data.get("solved") else "未解决"
    satisfied = "满意" if event.data.get("satisfied") else "不满意"
    return f"{HOTLINE}回访，诉求人表示{solved}、{satisfied}"


def _redone(event: Happening, scene: Scene) -> str:
    nth = event.data.get("round")
    return f"退回{_lead(scene)}重办" + (f"（第 {nth} 轮）" if nth else "")


def _pressed(event: Happening, scene: Scene) -> str:
    """A rung by count, by clock or by hand; the ground stands in front where the event names it."""
    match event.kind:
        case Happened.SUPERVISED:
            measure = f"对{_lead(scene)}{_numeral(event.data.get('level'))}级督办"
        case Happened.RAISED:
            measure = f"{_lead(scene)}承办的事项提级"
        case Happened.REPEATED:
            measure = f"要求{_lead(scene)}重新办理"
        case _:
            measure = f"就{_lead(scene)}的办理情况形成线索，待审定"
    return "，".join(filter(None, (_ground(event.data), measure)))


def _numeral(level: Any) -> str:
    return _NUMERALS[level] if isinstance(level, int) and 0 < level < len(_NUMERALS) else str(level or "")


def _ground(data: Mapping[str, Any]) -> str:
    if data.get("trigger") in TRIGGER_WORDS:
        return TRIGGER_WORDS[data["trigger"]].format(count=data.get("count", ""))
    return f"{KIND_WORDS[ClockKind(data['clock'])]}超期" if data.get("clock") else ""


def _timed(event: Happening, scene: Scene) -> str:
    """A rung of a clock: what it is about, whose it is, and by when."""
    kind = event.data.get("clock")
    what = KIND_WORDS[ClockKind(kind)] if kind else "时限"
    due = event.data.get("due_at")
    until = f"应于 {moment(due)} 前" if isinstance(due, datetime) else "应按时"
    done = DONE_WORDS.get(ClockKind(kind), "完成") if kind else "完成"
    helper = event.data.get("department")
    who = name_of(helper, scene.policy) if helper else _owner(kind, scene)
    match event.kind:
        case Happened.WARNED:
            return f"{what}预警：{who}{until}{done}"
        case Happened.DUTY_CALLED:
            return f"{what}已到，通知{_lead(scene)}值班人员：{until}{done}"
        case _:
            return f"{who}{until}{done}，到期没有完成（{what}）"


def _owner(kind: str | None, scene: Scene) -> str:
    """Whose limit it is, by the clock alone: the lead's, else the hotline's."""
    return _lead(scene) if kind in (*DEPARTMENT_CLOCKS, ClockKind.REVIEW) else HOTLINE


def _undone(event: Happening, scene: Scene) -> str:
    step, at = event.data.get("step"), event.data.get("at")
    for each in scene.facts.happenings:
        if step and step_of(each) == step and each.at.isoformat() == at:
            return f"撤销 {moment(each.at)} 的{EVENT_WORDS[each.kind]}"
    return "撤销此前的升级或转办"


def _clue_settled(event: Happening, _scene: Scene) -> str:
    if "confirmed" not in event.data:
        return "督办负责人审定线索"
    return "督办负责人确认线索" if event.data["confirmed"] else "督办负责人驳回线索"


def _linked(event: Happening, _scene: Scene) -> str:
    earlier = event.data.get("earlier", "")
    count = f"，计为第 {event.data['count']} 次投诉" if event.data.get("counted") else "，本次不计"
    return f"{HOTLINE}工作人员认定与前单 {earlier} 为同一事项{count}"


def _dated(event: Happening, _scene: Scene) -> str:
    """A deadline that a person set, or that a notice of the calendar moved or left."""
    if event.kind is Happened.DUE_SET:
        due_at = event.data.get("due_at")
        return f"督办员指定 {moment(due_at)} 前办结" if due_at else "督办员指定办结时间"
    moved = [each for each in event.data.get("clocks", ()) if each["due_at"] != each["was"]]
    if not moved:
        return "放假安排有更新，已承诺的时限不变"
    first = moved[0]
    was, due = (moment(datetime.fromisoformat(first[key])) for key in ("was", "due_at"))
    return f"放假安排有更新，{KIND_WORDS[ClockKind(first['kind'])]}由 {was} 改为 {due}"


_TELLERS: Mapping[Happened, Callable[[Happening, Scene], str]] = MappingProxyType(
    {
        Happened.RECEIVED: _received,
        Happened.JOINED: _joined,
        Happened.REFUSED: _refused,
        Happened.DISPATCHED: _sent,
        Happened.REASSIGNED: _sent,
        Happened.ASSISTED: _helped,
        Happened.DELEGATED: _helped,
        Happened.REPORTED_UP: _helped,
        Happened.SIGNED: _choice("automatic", "到退单期限届满{lead}仍未签收，系统自动签收", "{lead}签收"),
        Happened.RETURN_SETTLED: _choice("accepted", "{hotline}同意{lead}退单", "{hotline}不同意{lead}退单"),
        Happened.CONTACTED: _choice("reached", "{lead}联系诉求人，已联系上", "{lead}联系诉求人，没有联系上"),
        Happened.EXTENSION_ASKED: _asked_for_time,
        Happened.EXTENSION_SETTLED: _settled_time,
        Happened.SUSPENDED: _suspended,
        Happened.REPLIED: _choice("solved", "{lead}答复，自报已解决", "{lead}答复，自报未解决"),
        Happened.REVIEWED: _reviewed,
        Happened.CALLED_BACK: _called_back,
        Happened.REDONE: _redone,
        Happened.CLOSED: _choice("rated", "工单办结", "工单办结，诉求人未评价"),
        Happened.LINKED: _linked,
        Happened.MARKED: _choice("malicious", "诉求人被标记为恶意投诉", "诉求人的恶意投诉标记已取消"),
        Happened.WARNED: _timed,
        Happened.BREACHED: _timed,
        Happened.DUTY_CALLED: _timed,
        Happened.SUPERVISED: _pressed,
        Happened.RAISED: _pressed,
        Happened.REPEATED: _pressed,
        Happened.CLUE_OPENED: _pressed,
        Happened.CLUE_SETTLED: _clue_settled,
        Happened.UNDONE: _undone,
        Happened.CALENDAR_CHANGED: _dated,
        Happened.DUE_SET: _dated,
        Happened.UPWARD_SETTLED: _choice("accepted", "上级接收了反馈", "上级退回了反馈"),
    }
)

#: The rest; an event that stands in neither table is told by its own word.
_PLAIN: Mapping[Happened, str] = MappingProxyType(
    {
        Happened.TRANSFERRED: f"{HOTLINE}转紧急电话处置",
        Happened.ANSWERED: f"{HOTLINE}直接答复",
        Happened.RETURNED: "{lead}退单",
        Happened.CONFERRED: f"{HOTLINE}提请会商确定主办单位",
        Happened.RESUMED: "{lead}恢复办理",
        Happened.URGED: "催办{lead}",
        Happened.WITHDRAWN: "诉求人撤诉",
        Happened.UPWARD_QUEUED: f"{HOTLINE}待反馈上级",
        Happened.SENT_UPWARD: f"{HOTLINE}反馈上级",
        Happened.CLUE_SENT_UP: "督办负责人逾期没有表态，线索自动上报",
    }
)
