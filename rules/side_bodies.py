"""What the acts beside a ticket's way need to be told (拆单、申诉、评价、查看身份): bodies, as in `rules/bodies.py`."""

from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from rules.said import Body, Code, Reason, Said, Words
from rules.terms import TYPE_WORDS, Act, TicketType

#: A call that holds more matters than this is read out again from a list: it is registered one by one.
MOST_PARTS = 10

#: The longest number that an upper level gives.
_LONGEST_RECEIPT = 64

#: What can be rated (评价的环节), and the Chinese word. Source of the steps: 国办发〔2020〕53号.
RATED_STEPS = MappingProxyType(
    {
        "receive": "受理",
        "dispatch": "派单",
        "handle": "办理",
        "reply": "答复",
        "call_back": "回访",
        "close": "办结",
    }
)
#: What can be revealed of a caller (可查看的内容), and the Chinese word.
IDENTITY_WORDS = MappingProxyType({"name": "姓名", "phone": "电话", "text": "原话", "place": "详细地点"})

_TYPES = {words: kind.value for kind, words in TYPE_WORDS.items()}
_STEPS = {words: step for step, words in RATED_STEPS.items()}
_FIELDS = {words: name for name, words in IDENTITY_WORDS.items()}


def _type(value: Any) -> Any:
    return _TYPES.get(value, value) if isinstance(value, str) else value


def _step(value: Any) -> Any:
    return _STEPS.get(value, value) if isinstance(value, str) else value


def _field(value: Any) -> Any:
    return _FIELDS.get(value, value) if isinstance(value, str) else value


class Part(Body):
    """One matter of a contact that told several; without a department the desk routes it like a new ticket."""

    text: Words
    title: Said = Field(default="", max_length=100)
    department: Code | None = None
    category: Code | None = None
    type: Annotated[TicketType | None, BeforeValidator(_type)] = None


class SplitBody(Body):
    """拆单: the first part is what the ticket itself goes on with, each further one becomes a ticket."""

    parts: tuple[Part, ...] = Field(min_length=2, max_length=MOST_PARTS)


EventId = Annotated[int, Field(ge=1, le=2**53 - 1, strict=True)]


class AppealBody(Body):
    """申诉: the event as the ticket's history numbers it, and why it should not be counted."""

    event: EventId
    reason: Reason


class SettleAppealBody(Body):
    """申诉审定."""

    event: EventId
    accept: bool
    reason: Reason


class RateBody(Body):
    """评价: stars 1 to 5 for one step, as the caller says them; the Chinese word of the step is accepted."""

    step: Annotated[
        Literal["receive", "dispatch", "handle", "reply", "call_back", "close"], BeforeValidator(_step)
    ]
    stars: int = Field(ge=1, le=5, strict=True)
    words: Said = Field(default="", max_length=1000)


class RevealBody(Body):
    """查看身份: one item, and what it is needed for; the Chinese word of the item is accepted."""

    field: Annotated[Literal["name", "phone", "text", "place"], BeforeValidator(_field)]
    reason: Reason


class SendUpwardBody(Body):
    """反馈上级: sent to the upper level, with the number that it gave for it, where it gave one at once."""

    receipt: Said = Field(default="", max_length=_LONGEST_RECEIPT)
    words: Said = Field(default="", max_length=2000)


class SettleUpwardBody(Body):
    """上级回执: the upper level took the reply, or with `accept` false sent it back, for which it gave a reason."""

    accept: bool
    receipt: Said = Field(default="", max_length=_LONGEST_RECEIPT)
    reason: Said = Field(default="", max_length=1000)


#: Taken up by the table of `rules/bodies.py`.
SIDE_BODIES: MappingProxyType[Act, type[Body]] = MappingProxyType(
    {
        Act.SPLIT: SplitBody,
        Act.APPEAL: AppealBody,
        Act.SETTLE_APPEAL: SettleAppealBody,
        Act.RATE: RateBody,
        Act.REVEAL: RevealBody,
        Act.SEND_UPWARD: SendUpwardBody,
        Act.SETTLE_UPWARD: SettleUpwardBody,
    }
)
