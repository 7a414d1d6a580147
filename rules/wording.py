"""What the rows of the desk are called in Chinese (用语): events, clock states, units of a limit."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rules.pack_records import Level
from rules.terms import Happened, Unit

EVENT_WORDS: Mapping[Happened, str] = MappingProxyType(
    {
        Happened.RECEIVED: "登记",
        Happened.JOINED: "再次来电",
        Happened.TRIAGED: "分拣",
        Happened.TRANSFERRED: "转紧急",
        Happened.ANSWERED: "直接答复",
        Happened.REFUSED: "不予受理",
        Happened.DISPATCHED: "派单",
        Happened.SIGNED: "签收",
        Happened.RETURNED: "退单",
        Happened.RETURN_SETTLED: "退单审核",
        Happened.REASSIGNED: "改派",
        Happened.CONFERRED: "会商",
        Happened.ASSISTED: "请求协办",
        Happened.DELEGATED: "下派",
        Happened.REPORTED_UP: "上报",
        Happened.CONTACTED: "联系诉求人",
        Happened.EXTENSION_ASKED: "申请延期",
        Happened.EXTENSION_SETTLED: "延期审核",
        Happened.SUSPENDED: "挂起",
        Happened.RESUMED: "恢复办理",
        Happened.REPLIED: "答复",
        Happened.REVIEWED: "审核",
        Happened.CALLED_BACK: "回访",
        Happened.REDONE: "重办",
        Happened.URGED: "催办",
        Happened.CLOSED: "办结",
        Happened.ARCHIVED: "归档",
        Happened.WARNED: "预警",
        Happened.BREACHED: "超期",
        Happened.SUPERVISED: "督办",
        Happened.DUTY_CALLED: "通知值班",
        Happened.INVALIDATED: "置为无效",
        Happened.SUPPLEMENTED: "补充",
        Happened.WITHDRAWN: "撤诉",
        Happened.ENDED: "终结",
        Happened.MERGED: "并入其他工单",
        Happened.UNMERGED: "撤销并单",
        Happened.FOLLOWED: "有工单并入",
        Happened.UNFOLLOWED: "并入的工单已分出",
        Happened.LINKED: "认定重复",
        Happened.MARKED: "标记诉求人",
        Happened.REPEATED: "重复投诉升级",
        Happened.RAISED: "提级",
        Happened.CLUE_OPENED: "形成线索",
        Happened.CLUE_SENT_UP: "线索自动上报",
        Happened.CLUE_SETTLED: "线索审定",
        Happened.UNDONE: "撤销升级",
        Happened.REPAIRED: "核查修复",
        Happened.SPLIT: "拆单",
        Happened.APPEALED: "申诉",
        Happened.APPEAL_SETTLED: "申诉审定",
        Happened.RATED: "评价",
        Happened.REVEALED: "查看身份",
        Happened.CALENDAR_CHANGED: "放假安排更新",
        Happened.DUE_SET: "指定办结时间",
        Happened.UPWARD_QUEUED: "待反馈上级",
        Happened.SENT_UPWARD: "反馈上级",
        Happened.UPWARD_SETTLED: "上级回执",
    }
)

#: States of a clock's row (`dispatch/storage/tables.py`, CLOCK_STATES).
STATE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "armed": "计时中",
        "held": "审核中，暂不计超期",
        "paused": "挂起，暂停计时",
        "met": "已完成",
        "cancelled": "已取消",
        "history": "历史工单，只计算不提醒",
    }
)

UNIT_WORDS: Mapping[Unit, str] = MappingProxyType(
    {
        Unit.WORKDAYS: "个工作日",
        Unit.WORK_MINUTES: "个工作分钟",
        Unit.CALENDAR_DAYS: "天",
        Unit.INCLUSIVE_DAYS: "天（收到当天算第一天）",
        Unit.MINUTES: "分钟",
    }
)


def event_words(kind: Happened, data: Mapping[str, Any]) -> str:
    """What people read of an event; a signature that nobody gave says so."""
    return f"自动{EVENT_WORDS[kind]}" if data.get("automatic") else EVENT_WORDS[kind]


def rung_words(level: Level) -> str:
    """What the receivers of a rung by count are told (按次数升级): why, and what is to be done."""
    reason = {
        "complaints": f"同一事项第 {level.count} 次投诉",
        "redos": f"重办 {level.count} 次仍未解决",
        "returns": f"已被退单 {level.count} 次",
    }[level.trigger]
    measure = {
        "redo": "请重新办理",
        "supervise": f"现予{'一二三'[level.supervision - 1]}级督办",
        "raise": "现提级，请阅示",
        "clue": "已形成线索并拟好整改、问责记录草稿，请在时限内确认或驳回，逾期自动上报",
    }[level.action]
    return f"{reason}，{measure}。"
