"""The words of the desk (术语): stages, acts, roles, clocks, facts and decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

#: Business time everywhere. China has kept one offset without summer time since 1992.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


class Stage(StrEnum):
    """Where a ticket stands (阶段), as in lifecycle.md."""

    RECEIVED = "received"
    INCOMPLETE = "incomplete"
    INVALID = "invalid"
    REFUSED = "refused"
    TRANSFERRED = "transferred"
    ANSWERED = "answered"
    TO_DISPATCH = "to_dispatch"
    TO_SIGN = "to_sign"
    RETURNED = "returned"
    CONFERRING = "conferring"
    HANDLING = "handling"
    SUSPENDED = "suspended"
    REVIEWING = "reviewing"
    TO_CALL_BACK = "to_call_back"
    CLOSED = "closed"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    ARCHIVED = "archived"


class Act(StrEnum):
    """What people and the desk do to a ticket (操作); the value is the word on the wire."""

    TRIAGE = "triage"
    ANSWER = "answer"
    REFUSE = "refuse"
    INVALIDATE = "invalidate"
    TRANSFER = "transfer"
    SUPPLEMENT = "supplement"
    DISPATCH = "dispatch"
    SIGN = "sign"
    RETURN_ = "return"
    SETTLE_RETURN = "settle-return"
    REASSIGN = "reassign"
    CONFER = "confer"
    ASSIST = "assist"
    DELEGATE = "delegate"
    REPORT_UP = "report-up"
    CONTACT = "contact"
    EXTEND = "extend"
    SETTLE_EXTENSION = "settle-extension"
    SUSPEND = "suspend"
    RESUME = "resume"
    REPLY = "reply"
    REVIEW = "review"
    CALL_BACK = "call-back"
    REDO = "redo"
    URGE = "urge"
    SUPERVISE = "supervise"
    RAISE_ = "raise"
    UNDO = "undo"
    MERGE = "merge"
    UNMERGE = "unmerge"
    SPLIT = "split"
    WITHDRAW = "withdraw"
    END = "end"
    CLOSE = "close"
    APPEAL = "appeal"
    RATE = "rate"
    REVEAL = "reveal"
    ARCHIVE = "archive"
    LINK = "link"
    MARK_CALLER = "mark-caller"
    SETTLE_CLUE = "settle-clue"
    SETTLE_APPEAL = "settle-appeal"
    SET_DUE = "set-due"
    SEND_UPWARD = "send-upward"
    SETTLE_UPWARD = "settle-upward"


class Role(StrEnum):
    """Who may act (角色). `system` and `citizen` act too but hold no key."""

    OPERATOR = "operator"
    DISPATCHER = "dispatcher"
    LIAISON = "liaison"
    HANDLER = "handler"
    DEPARTMENT_LEADER = "department_leader"
    CALLER_BACK = "caller_back"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    DISCIPLINE = "discipline"
    ADMIN = "admin"
    AUDITOR = "auditor"


class TicketType(StrEnum):
    """What the caller wants (诉求类型)."""

    CONSULT = "consult"
    HELP = "help"
    SUGGEST = "suggest"
    COMPLAIN = "complain"
    REPORT = "report"
    PRAISE = "praise"
    OTHER = "other"


class Urgency(StrEnum):
    """How pressing it is (紧急程度): 一般, 紧急, 特急."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRITICAL = "critical"


TYPE_WORDS = {
    TicketType.CONSULT: "咨询",
    TicketType.HELP: "求助",
    TicketType.SUGGEST: "建议",
    TicketType.COMPLAIN: "投诉",
    TicketType.REPORT: "举报",
    TicketType.PRAISE: "表扬",
    TicketType.OTHER: "其他",
}

URGENCY_WORDS = {Urgency.NORMAL: "一般", Urgency.URGENT: "紧急", Urgency.CRITICAL: "特急"}

#: Channels of contract.md and their Chinese words; a pack may name more words for the same channel.
CHANNEL_WORDS = {
    "phone": "电话",
    "web": "网站",
    "wechat": "微信",
    "app": "手机应用",
    "mailbox": "信箱",
    "letter": "来信",
    "forum": "论坛",
    "handed_down": "上级交办",
    "emergency_110": "110转办",
    "walk_in": "来访",
    "visit": "下访",
    "proxy": "代办",
    "leader_session": "领导接听",
}


#: The five elements of a request (五要素), in the order people are asked for them.
ELEMENT_WORDS = {"name": "姓名", "time": "时间", "place": "地点", "cause": "起因", "course": "经过"}


class ClockKind(StrEnum):
    """What is being timed (时钟)."""

    SUPPLEMENT = "supplement"
    DISPATCH = "dispatch"
    SIGN = "sign"
    SETTLE = "settle"
    FIRST_CONTACT = "first_contact"
    HANDLE = "handle"
    RESUME = "resume"
    REVIEW = "review"
    CALL_BACK = "call_back"
    CLUE = "clue"
    UPWARD = "upward"


class Unit(StrEnum):
    """How a limit is counted (时限单位)."""

    WORKDAYS = "workdays"  # a count of whole workdays, or 0.5
    WORK_MINUTES = "work_minutes"
    CALENDAR_DAYS = "calendar_days"
    INCLUSIVE_DAYS = "inclusive_days"  # the day of receipt is day 1
    MINUTES = "minutes"  # by the clock on the wall, for urgent matters


class Happened(StrEnum):
    """What an event says (事件), always in the past tense."""

    RECEIVED = "received"
    JOINED = "joined"
    TRIAGED = "triaged"
    TRANSFERRED = "transferred"
    ANSWERED = "answered"
    REFUSED = "refused"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    RETURNED = "returned"
    RETURN_SETTLED = "return_settled"
    REASSIGNED = "reassigned"
    CONFERRED = "conferred"
    ASSISTED = "assisted"
    DELEGATED = "delegated"
    REPORTED_UP = "reported_up"
    CONTACTED = "contacted"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_SETTLED = "extension_settled"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REPLIED = "replied"
    REVIEWED = "reviewed"
    CALLED_BACK = "called_back"
    REDONE = "redone"
    URGED = "urged"
    CLOSED = "closed"
    ARCHIVED = "archived"
    INVALIDATED = "invalidated"
    SUPPLEMENTED = "supplemented"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    MERGED = "merged"
    UNMERGED = "unmerged"
    FOLLOWED = "followed"
    UNFOLLOWED = "unfollowed"
    LINKED = "linked"
    MARKED = "marked"
    WARNED = "warned"
    BREACHED = "breached"
    SUPERVISED = "supervised"
    DUTY_CALLED = "duty_called"
    REPEATED = "repeated"
    RAISED = "raised"
    CLUE_OPENED = "clue_opened"
    CLUE_SENT_UP = "clue_sent_up"
    CLUE_SETTLED = "clue_settled"
    UNDONE = "undone"
    REPAIRED = "repaired"
    SPLIT = "split"
    APPEALED = "appealed"
    APPEAL_SETTLED = "appeal_settled"
    RATED = "rated"
    REVEALED = "revealed"
    CALENDAR_CHANGED = "calendar_changed"
    DUE_SET = "due_set"
    UPWARD_QUEUED = "upward_queued"
    SENT_UPWARD = "sent_upward"
    UPWARD_SETTLED = "upward_settled"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as the rules see it: what, when (aware), and its data; `data["stage"]` is set where the stage moved.

    `step` names the rung of a ladder that made it, where one did. `id` is its number in the history and `recorded_at`
    when it was written down; both are set for what was read back from there.
    """

    kind: Happened
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    step: str = ""
    id: int | None = field(default=None, compare=False)
    recorded_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """All a rule may know of one ticket, gathered in one place (`dispatch/storage/facts.py`).

    Instants are aware; `department` is the lead's code, `departments` lead and assists, `happenings` the ticket's
    whole history in order. `earlier` is the ticket that this one repeats, `raised` how often it went a level up,
    `restricted` marks a complaint about officials and `against` the department complained of, `merged_into` the lead
    of a merged ticket, `confidential` a caller who wants to be known to nobody outside the hotline.
    `upper_due_at` says by when an upper level wants a matter done that it handed down (上级交办), `upper_number` its
    number there.
    """

    number: str
    stage: Stage
    type: TicketType
    urgency: Urgency
    channel: str
    received_at: datetime
    department: str | None = None
    departments: tuple[str, ...] = ()
    complaint_count: int = 1
    redo_round: int = 0
    supervision: int = 0
    history: bool = False
    happenings: tuple[Happening, ...] = ()
    raised: int = 0
    earlier: str | None = None
    restricted: bool = False
    against: str | None = None
    merged_into: str | None = None
    confidential: bool = False
    category: str | None = None
    upper_due_at: datetime | None = None
    upper_number: str | None = None

    def last(self, *kinds: Happened) -> Happening | None:
        """The newest event of one of `kinds`."""
        return next((each for each in reversed(self.happenings) if each.kind in kinds), None)

    def since(self, *kinds: Happened) -> tuple[Happening, ...]:
        """The events after the newest one of `kinds`; all of them when there is none."""
        for position in range(len(self.happenings) - 1, -1, -1):
            if self.happenings[position].kind in kinds:
                return self.happenings[position + 1 :]
        return self.happenings


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit (时限): `amount` of `unit`."""

    amount: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One rung below or above a deadline (预警、超期、督办).

    Exactly one of `share` (of the working time of the limit, 0 < share <= 1; 1 is the deadline itself) and
    `after` (a budget counted from the deadline) is set. `action` is warn, breach, supervise, call_duty, send_up or sign
    (by itself, never before the window for returns ends);
    `level` is the supervision level 1 to 3, else 0; `receivers` are words of the pack's receiver list.
    """

    step: str
    action: str
    level: int
    receivers: tuple[str, ...]
    share: float | None = None
    after: Budget | None = None
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decided and why (决定): stored with the ticket and shown to people.

    `what` is the outcome (a stage, an act or an outcome word), `because` one Chinese sentence, `rule` the id
    of the rule that fired, `clause` its source, `pack` the content hash of the pack it stood in.
    """

    what: str
    because: str
    rule: str
    clause: str = ""
    pack: str = ""
    department: str | None = None
    assists: tuple[str, ...] = ()
    category: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
