"""Both sides' lists held against each other (对账): what an upper level says of its tickets, and what stands here.

Nothing is changed by it: each difference says what a person should do.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rules.terms import CHINA
from rules.upward import UPWARD_WORDS

#: How far a matter is on the upper level's side, and what its platforms call that. Source of the words: ours, 待核实.
THEIR_STATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "open": (
            "办理中",
            "待办理",
            "待签收",
            "已签收",
            "待接收",
            "处理中",
            "已派发",
            "已转办",
            "待处理",
            "待反馈",
        ),
        "replied": ("已反馈", "待审核", "已回复", "已答复", "已提交", "待办结"),
        "done": ("已办结", "办结", "已接收", "已归档", "审核通过", "已完成"),
        "returned": ("已退回", "退回", "退回重办", "重办", "重新办理", "审核不通过"),
    }
)
_STATE_WORDS = MappingProxyType({state: words[0] for state, words in THEIR_STATES.items()})
#: What their side should say for each state of ours; the first is told.
_EXPECTED = MappingProxyType(
    {
        None: ("open", "returned"),
        "queued": ("open", "returned"),
        "sent": ("replied",),
        "received": ("done",),
        "returned": ("returned", "open"),
    }
)
#: Least far first: of several tickets under one number the last of them counts.
_ORDER = ("returned", None, "queued", "sent", "received")

#: The kinds of difference (差异种类), in the order in which they are told.
KIND_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "here_only": "我方有、上级没有",
        "there_only": "上级有、我方没有",
        "state": "状态不一致",
        "due": "时限不一致",
        "reply": "反馈时间不一致",
        "twice": "上级清单重复",
    }
)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as the other side wrote it; `known` says whether the time of day was given."""

    at: datetime
    known: bool

    def same(self, ours: datetime) -> bool:
        """Whether ours is the same minute, or the same day where they gave no more."""
        mine, theirs = ours.astimezone(CHINA), self.at.astimezone(CHINA)
        if not self.known:
            return mine.date() == theirs.date()
        return mine.replace(second=0, microsecond=0) == theirs.replace(second=0, microsecond=0)

    @property
    def words(self) -> str:
        """As people read it."""
        return f"{self.at.astimezone(CHINA):{'%Y-%m-%d %H:%M' if self.known else '%Y-%m-%d'}}"


@dataclass(frozen=True, slots=True)
class Theirs:
    """One row of the upper level's list; `state` is a key of THEIR_STATES."""

    line: int
    number: str
    state: str
    due: Moment | None = None
    replied: Moment | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """One ticket of ours with a number of the upper level; `upward` is how far the reply has come."""

    ticket: str
    number: str
    upward: str | None
    due: datetime | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs (差异), what either side says, and what to do about it."""

    kind: str
    number: str
    ticket: str | None
    ours: str
    theirs: str
    todo: str


def reconcile(theirs: Sequence[Theirs], ours: Sequence[Ours], others: Sequence[Ours]) -> list[Difference]:
    """All differences, by kind and number. `ours` carry a number of the list, `others` came in meanwhile without one in it."""
    held: defaultdict[str, list[Ours]] = defaultdict(list)
    for each in ours:
        held[each.number].append(each)
    found = [_here_only(each) for each in others]
    seen: dict[str, Theirs] = {}
    for row in theirs:
        if row.number in seen:
            found.append(_twice(row, seen[row.number]))
            continue
        seen[row.number] = row
        found += _compared(row, held[row.number]) if row.number in held else [_there_only(row)]
    return sorted(found, key=lambda each: (list(KIND_WORDS).index(each.kind), each.number, each.ticket or ""))


def _here_only(each: Ours) -> Difference:
    todo = "请与上级核对这个编号：是否已被上级撤回，或编号录错；编号录错的请在上级平台按诉求内容查找。"
    return Difference("here_only", each.number, each.ticket, _said(each.upward), "没有这个编号", todo)


def _there_only(row: Theirs) -> Difference:
    todo = "请在上级平台查看并登记为上级交办的工单，写上这个编号和办结时限。"
    if row.state == "done":
        todo = "上级已办结而我方没有登记：请查清由谁办理，补登记备查。"
    return Difference("there_only", row.number, None, "没有登记", _STATE_WORDS[row.state], todo)


def _twice(row: Theirs, first: Theirs) -> Difference:
    said = f"第 {first.line} 行和第 {row.line} 行"
    return Difference("twice", row.number, None, "", said, "请上级确认哪一行有效；这里按前一行核对。")


def _compared(row: Theirs, held: Sequence[Ours]) -> Iterator[Difference]:
    """The ticket that is least far answers for the number: a matter that was split is over when all its parts are."""
    one = min(held, key=lambda each: _ORDER.index(each.upward))
    if row.state not in _EXPECTED[one.upward]:
        todo = _todo_of_state(one, row)
        yield Difference("state", row.number, one.ticket, _said(one.upward), _STATE_WORDS[row.state], todo)
    if row.due is not None and (one.due is None or not row.due.same(one.due)):
        mine = f"{one.due.astimezone(CHINA):%Y-%m-%d %H:%M}" if one.due else "没有登记"
        todo = "以上级的时限为准的，请督办员用“指定办结时间”改我方时限；上级有误的请上级更正。"
        yield Difference("due", row.number, one.ticket, mine, row.due.words, todo)
    sent, replied = one.sent_at, row.replied
    if replied is not None and sent is not None and not Moment(replied.at, False).same(sent):
        mine = f"{sent.astimezone(CHINA):%Y-%m-%d %H:%M}"
        todo = "请核对哪一次反馈有效；上级没有收到最近一次的，请重新反馈。"
        yield Difference("reply", row.number, one.ticket, mine, replied.words, todo)


def _todo_of_state(one: Ours, row: Theirs) -> str:
    number = one.ticket
    match one.upward, row.state:
        case "queued", "replied" | "done":
            return f"上级已收到反馈：核实后运行 hotline upward sent {number} 补记。"
        case None | "returned", "replied" | "done":
            return "我方还没有办出结果而上级已有反馈：请查清是谁反馈的，必要时请上级退回。"
        case "sent", "done":
            return f"上级已接收：请运行 hotline upward received {number}，写上回执号。"
        case "sent" | "received", "returned":
            return f"上级已退回：请运行 hotline upward returned {number}，写明退回的理由。"
        case "sent" | "received", "open":
            return "上级没有收到反馈：请在上级平台重新提交，并留存凭证。"
        case _:
            return "上级还没有接收：请上级确认，或核对回执号。"


def _said(upward: str | None) -> str:
    return UPWARD_WORDS[upward] if upward else "办理中"
