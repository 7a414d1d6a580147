"""The life of a ticket (工单生命周期) as data: stages, who waits where, and which act leads where.

The table is lifecycle.md's; `tests/rules/test_lifecycle.py` walks it: every stage is reachable, every open stage has a
way out and names the clocks that run in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from rules.errors import IllegalAct
from rules.terms import Act, ClockKind, Stage

ACT_WORDS = MappingProxyType(
    {
        Act.TRIAGE: "分拣",
        Act.ANSWER: "直接答复",
        Act.REFUSE: "不予受理",
        Act.INVALIDATE: "置为无效",
        Act.TRANSFER: "转紧急",
        Act.SUPPLEMENT: "补充",
        Act.DISPATCH: "派单",
        Act.SIGN: "签收",
        Act.RETURN_: "退单",
        Act.SETTLE_RETURN: "退单审核",
        Act.REASSIGN: "改派",
        Act.CONFER: "会商",
        Act.ASSIST: "协办",
        Act.DELEGATE: "下派",
        Act.REPORT_UP: "上报",
        Act.CONTACT: "联系诉求人",
        Act.EXTEND: "申请延期",
        Act.SETTLE_EXTENSION: "延期审核",
        Act.SUSPEND: "挂起",
        Act.RESUME: "恢复办理",
        Act.REPLY: "答复",
        Act.REVIEW: "审核",
        Act.CALL_BACK: "回访",
        Act.REDO: "重办",
        Act.URGE: "催办",
        Act.SUPERVISE: "督办",
        Act.RAISE_: "提级",
        Act.UNDO: "撤销升级",
        Act.MERGE: "并单",
        Act.UNMERGE: "撤销并单",
        Act.SPLIT: "拆单",
        Act.WITHDRAW: "撤诉",
        Act.END: "终结",
        Act.CLOSE: "办结",
        Act.APPEAL: "申诉",
        Act.RATE: "评价",
        Act.REVEAL: "查看身份",
        Act.ARCHIVE: "归档",
        Act.LINK: "认定重复",
        Act.MARK_CALLER: "标记诉求人",
        Act.SETTLE_CLUE: "审定线索",
        Act.SETTLE_APPEAL: "申诉审定",
        Act.SET_DUE: "指定办结时间",
        Act.SEND_UPWARD: "反馈上级",
        Act.SETTLE_UPWARD: "上级回执",
    }
)


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage: its Chinese word, the clocks that run in it, whether it is final."""

    words: str
    clocks: tuple[ClockKind, ...] = ()
    final: bool = False


#: received has no clock of its own but `dispatch`, which runs from receipt until somebody is named.
STAGES = MappingProxyType(
    {
        Stage.RECEIVED: StageRow("已登记", (ClockKind.DISPATCH,)),
        Stage.INCOMPLETE: StageRow("待补充", (ClockKind.SUPPLEMENT,)),
        Stage.INVALID: StageRow("无效", final=True),
        Stage.REFUSED: StageRow("不予受理", final=True),
        Stage.TRANSFERRED: StageRow("已转紧急", final=True),
        Stage.ANSWERED: StageRow("直接答复", final=True),
        Stage.TO_DISPATCH: StageRow("待派遣", (ClockKind.DISPATCH,)),
        Stage.TO_SIGN: StageRow("待签收", (ClockKind.SIGN, ClockKind.HANDLE)),
        Stage.RETURNED: StageRow("退单待审", (ClockKind.SETTLE, ClockKind.HANDLE)),
        Stage.CONFERRING: StageRow("会商", (ClockKind.SETTLE, ClockKind.HANDLE)),
        Stage.HANDLING: StageRow("办理中", (ClockKind.FIRST_CONTACT, ClockKind.HANDLE)),
        Stage.SUSPENDED: StageRow("挂起", (ClockKind.RESUME, ClockKind.HANDLE, ClockKind.FIRST_CONTACT)),
        Stage.REVIEWING: StageRow("待审核", (ClockKind.REVIEW, ClockKind.HANDLE, ClockKind.FIRST_CONTACT)),
        Stage.TO_CALL_BACK: StageRow("待回访", (ClockKind.CALL_BACK,)),
        Stage.CLOSED: StageRow("办结", final=True),
        Stage.ENDED: StageRow("终结", final=True),
        Stage.WITHDRAWN: StageRow("撤诉", final=True),
        Stage.MERGED: StageRow("并单", final=True),
        Stage.ARCHIVED: StageRow("归档", final=True),
    }
)

OPEN_STAGES = tuple(stage for stage, row in STAGES.items() if not row.final)


@dataclass(frozen=True, slots=True)
class Move:
    """From `stage` the act leads to `to`; `outcome` tells the ways of one act apart."""

    stage: Stage
    act: Act
    to: Stage
    outcome: str = ""


#: Acts on what lies beside the ticket, possible anywhere: no answer to "what can be done now".
_SIDE_ACTS = (
    Act.REVEAL, Act.MARK_CALLER, Act.SETTLE_CLUE, Act.APPEAL, Act.SETTLE_APPEAL, Act.RATE, Act.SEND_UPWARD,
    Act.SETTLE_UPWARD,
)  # fmt: skip


def _moves() -> Iterator[Move]:
    s = Stage
    for stage in (s.RECEIVED, s.TO_DISPATCH):
        yield Move(stage, Act.ANSWER, s.ANSWERED)
        yield Move(stage, Act.REFUSE, s.REFUSED)
        yield Move(stage, Act.INVALIDATE, s.INVALID)
        yield Move(stage, Act.TRANSFER, s.TRANSFERRED)
    for outcome in (s.TO_DISPATCH, s.TO_SIGN, s.ANSWERED, s.INCOMPLETE):
        yield Move(s.RECEIVED, Act.TRIAGE, outcome, outcome.value)
    yield Move(s.INCOMPLETE, Act.SUPPLEMENT, s.RECEIVED)
    yield Move(s.INCOMPLETE, Act.CONTACT, s.INCOMPLETE)
    yield Move(s.INCOMPLETE, Act.INVALIDATE, s.INVALID)
    yield Move(s.INVALID, Act.SUPPLEMENT, s.RECEIVED)
    yield Move(s.TO_DISPATCH, Act.DISPATCH, s.TO_SIGN)
    yield Move(s.TO_DISPATCH, Act.CONFER, s.CONFERRING)
    yield Move(s.TO_SIGN, Act.SIGN, s.HANDLING)
    yield Move(s.TO_SIGN, Act.RETURN_, s.RETURNED)
    yield Move(s.TO_SIGN, Act.RETURN_, s.CONFERRING, "conferring")
    for stage in (s.TO_SIGN, s.HANDLING):
        yield Move(stage, Act.REASSIGN, s.TO_SIGN)
    yield Move(s.RETURNED, Act.SETTLE_RETURN, s.TO_DISPATCH, "accepted")
    yield Move(s.RETURNED, Act.SETTLE_RETURN, s.TO_SIGN, "rejected")
    yield Move(s.CONFERRING, Act.CONFER, s.TO_SIGN)
    for act in (Act.CONTACT, Act.EXTEND, Act.SETTLE_EXTENSION, Act.ASSIST, Act.DELEGATE):
        yield Move(s.HANDLING, act, s.HANDLING)
    for stage in (s.TO_SIGN, s.RETURNED, s.CONFERRING, s.HANDLING, s.REVIEWING):
        yield Move(stage, Act.SET_DUE, stage)
    for stage in (s.TO_SIGN, s.HANDLING, s.SUSPENDED):
        yield Move(stage, Act.REPORT_UP, stage)
    yield Move(s.HANDLING, Act.REPLY, s.REVIEWING)
    yield Move(s.HANDLING, Act.SUSPEND, s.SUSPENDED)
    yield Move(s.SUSPENDED, Act.CONTACT, s.SUSPENDED)
    yield Move(s.SUSPENDED, Act.RESUME, s.HANDLING)
    yield Move(s.REVIEWING, Act.REVIEW, s.REVIEWING, "passed_on")
    yield Move(s.REVIEWING, Act.REVIEW, s.TO_CALL_BACK, "approved")
    yield Move(s.REVIEWING, Act.REVIEW, s.HANDLING, "sent_back")
    yield Move(s.REVIEWING, Act.SETTLE_EXTENSION, s.REVIEWING)
    yield Move(s.TO_CALL_BACK, Act.CALL_BACK, s.CLOSED, "satisfied")
    yield Move(s.TO_CALL_BACK, Act.CALL_BACK, s.HANDLING, "unsatisfied")
    yield Move(s.TO_CALL_BACK, Act.CALL_BACK, s.TO_CALL_BACK, "not_reached")
    yield Move(s.TO_CALL_BACK, Act.CALL_BACK, s.CLOSED, "given_up")
    yield Move(s.TO_CALL_BACK, Act.CLOSE, s.CLOSED)
    yield Move(s.CLOSED, Act.REDO, s.HANDLING)
    yield Move(s.CLOSED, Act.ARCHIVE, s.ARCHIVED)
    yield from _ends()


def _ends() -> Iterator[Move]:
    s = Stage
    for stage in (s.HANDLING, s.CLOSED):
        yield Move(stage, Act.END, s.ENDED)
    yield Move(s.MERGED, Act.UNMERGE, s.TO_DISPATCH)
    yield Move(s.MERGED, Act.CALL_BACK, s.MERGED, "not_reached")
    yield Move(s.MERGED, Act.CALL_BACK, s.MERGED, "given_up")
    yield Move(s.MERGED, Act.CALL_BACK, s.MERGED, "satisfied")
    yield Move(s.MERGED, Act.CALL_BACK, s.HANDLING, "unsatisfied")
    yield Move(s.TRANSFERRED, Act.UNDO, s.TO_DISPATCH, "transfer")
    for stage, again in (
        (s.TO_CALL_BACK, s.HANDLING),
        (s.CLOSED, s.HANDLING),
        (s.ANSWERED, s.TO_DISPATCH),
        (s.REFUSED, s.TO_DISPATCH),
    ):
        yield Move(stage, Act.SETTLE_UPWARD, again, "returned")
    for stage in OPEN_STAGES:
        for act in (Act.URGE, Act.SUPERVISE, Act.RAISE_, Act.UNDO, Act.LINK, Act.SPLIT):
            yield Move(stage, act, stage)
        yield Move(stage, Act.MERGE, s.MERGED)
        yield Move(stage, Act.WITHDRAW, s.WITHDRAWN)
    for stage in (s.CLOSED, s.ANSWERED):
        yield Move(stage, Act.UNDO, stage)
    for stage in s:
        for act in _SIDE_ACTS:
            yield Move(stage, act, stage)


MOVES = MappingProxyType({(move.stage, move.act, move.outcome): move for move in _moves()})


def acts_in(stage: Stage) -> tuple[Act, ...]:
    """The acts that are legal in `stage`, in the order of the table."""
    return tuple(dict.fromkeys(move.act for move in MOVES.values() if move.stage is stage))


def require(stage: Stage, act: Act) -> None:
    """Raise IllegalAct, saying what can be done instead, unless `act` is legal in `stage`."""
    if any(move.stage is stage and move.act is act for move in MOVES.values()):
        return
    row = STAGES[stage]
    possible = "、".join(ACT_WORDS[each] for each in acts_in(stage) if each not in _SIDE_ACTS)
    raise IllegalAct(
        f"工单目前是“{row.words}”，不能{ACT_WORDS[act]}。",
        hint=f"现在可以：{possible}。" if possible else "该阶段已是终点。",
        stage=stage,
        act=act,
    )


def move(stage: Stage, act: Act, outcome: str = "") -> Stage:
    """The stage that `act` with `outcome` leads to. Raises IllegalAct when the table has no such move."""
    found = MOVES.get((stage, act, outcome))
    if found is None:
        require(stage, act)
        raise IllegalAct(
            f"“{STAGES[stage].words}”的工单不能这样{ACT_WORDS[act]}。", stage=stage, outcome=outcome
        )
    return found.to
