"""What each act needs to be told (操作内容): typed, bounded, in the words of lifecycle.md."""

from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from rules.said import Body, Code, Nothing, Reason, Said, Words
from rules.side_bodies import SIDE_BODIES
from rules.terms import CHINA, ELEMENT_WORDS, Act

#: What other rooms take from here although it stands in `rules/said.py`.
__all__ = ["BODIES", "Body", "Code", "Nothing", "Reason", "Said", "Words"]

_LEVELS = {"1": "department", "承办单位": "department", "2": "hotline", "热线": "hotline"}


def _level(value: Any) -> Any:
    return _LEVELS.get(str(value), value)


_ELEMENTS = {said: name for name, said in ELEMENT_WORDS.items()}


def _elements(value: Any) -> Any:
    """Chinese names accepted; what was asked but not answered is left out."""
    if not isinstance(value, dict):
        return value
    named = {_ELEMENTS.get(str(key), key): words for key, words in value.items()}
    return {key: words for key, words in named.items() if not isinstance(words, str) or words.strip()}


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=CHINA)


class AnswerBody(Body):
    """直接答复."""

    words: Words
    article: Said | None = Field(default=None, max_length=64)


class RefuseBody(Body):
    """不予受理: the pack names the reasons and their legal paths."""

    reason_code: Code
    legal_path: Said = Field(default="", max_length=1000)


class DispatchBody(Body):
    """派单."""

    department: Code
    assists: tuple[Code, ...] = Field(default=(), max_length=20)
    reason: Reason


class ReturnBody(Body):
    """退单: `head` is the department head's name, asked for from the second return on."""

    reason: Reason
    evidence: Said = Field(default="", max_length=2000)
    suggested_department: Code | None = None
    head: Said = Field(default="", max_length=50)


class AssistBody(Body):
    """协办: which department helps, and within how many workdays."""

    department: Code
    workdays: int = Field(ge=1, le=180)
    reason: Said = Field(default="", max_length=1000)


class DelegateBody(Body):
    """下派: to a department below one's own."""

    department: Code
    reason: Said = Field(default="", max_length=1000)


class ReportUpBody(Body):
    """上报: what a department that assists, or was delegated to, found and did."""

    words: Words


class SettleReturnBody(Body):
    """退单审核: with a department an accepted return is dispatched on in the same act."""

    accept: bool
    department: Code | None = None
    reason: Reason


class ReassignBody(Body):
    """改派."""

    department: Code
    reason: Reason


class ConferBody(Body):
    """会商: from 待派遣 it begins, from 会商 it ends with a lead.

    `category` says what the matter is where nobody was sure: the outcome is proposed for the catalogue under it.
    """

    lead: Code | None = None
    assists: tuple[Code, ...] = Field(default=(), max_length=20)
    outcome: Reason
    category: Code | None = None


class ContactBody(Body):
    """联系诉求人."""

    reached: bool
    words: Words


class ExtendBody(Body):
    """申请延期, in workdays."""

    workdays: int = Field(ge=1, le=180)
    reason: Reason


class SettleBody(Body):
    """延期审核."""

    accept: bool
    reason: Said = Field(default="", max_length=1000)


class SuspendBody(Body):
    """挂起 until the review date; a naive time is Asia/Shanghai, a bare date means 00:00."""

    reason_code: Code
    until: Annotated[datetime, AfterValidator(_aware)]


class ReplyBody(Body):
    """答复: `public_words` may be published, `words` stay in the file."""

    words: Words
    public_words: Said | None = Field(default=None, max_length=5000)
    solved: bool


class ReviewBody(Body):
    """审核: first `department` (or 1), then `hotline` (or 2)."""

    level: Annotated[Literal["department", "hotline"], BeforeValidator(_level)]
    approve: bool
    reason: Said = Field(default="", max_length=1000)


class CallBackBody(Body):
    """回访: when the caller was reached, whether it is solved and whether they are satisfied."""

    reached: bool
    solved: bool | None = None
    satisfied: bool | None = None
    words: Said = Field(default="", max_length=2000)


class RedoBody(Body):
    """重办."""

    reason: Reason


class UrgeBody(Body):
    """催办."""

    words: Words


class InvalidateBody(Body):
    """置为无效: the pack names the reasons."""

    reason_code: Code


class TransferBody(Body):
    """转紧急: to 110, 119, 120 or 122."""

    line: Literal["110", "119", "120", "122"]


class SupplementBody(Body):
    """补充: what was told on asking back, by element; the Chinese words 姓名、时间、地点、起因、经过 are accepted."""

    elements: Annotated[
        dict[Literal["name", "time", "place", "cause", "course"], Annotated[Said, Field(max_length=2000)]],
        BeforeValidator(_elements),
        Field(min_length=1),
    ]


class SuperviseBody(Body):
    """督办, level 1 to 3."""

    level: int = Field(ge=1, le=3)
    reason: Reason


class RaiseBody(Body):
    """提级."""

    reason: Reason


class UndoBody(Body):
    """撤销升级: the step as the history names it, or `supervise`, `raise`, `transfer` for what people did."""

    step: Code
    reason: Reason


class MergeBody(Body):
    """并单: the number of the ticket that goes on."""

    into: Code


class LinkBody(Body):
    """认定重复: the number of the earlier ticket that this one repeats."""

    earlier: Code


class EndBody(Body):
    """终结: the final answer's grounds and the stamped paper behind it."""

    reason: Words
    evidence: Annotated[Said, Field(min_length=1, max_length=2000)]


class MarkBody(Body):
    """标记诉求人: malicious or, with false, no longer so."""

    malicious: bool
    reason: Reason


class ClueBody(Body):
    """审定线索: confirmed, or rejected with a reason."""

    confirm: bool
    reason: Said = Field(default="", max_length=1000)


class SetDueBody(Body):
    """指定办结时间: an instant for the handling limit; a naive time is Asia/Shanghai, a bare date means 00:00."""

    due_at: Annotated[datetime, AfterValidator(_aware)]
    reason: Reason


#: The acts that are built, with their bodies; every other act of lifecycle.md answers 501 (contract.md).
BODIES: MappingProxyType[Act, type[Body]] = MappingProxyType(
    {
        Act.ANSWER: AnswerBody,
        Act.REFUSE: RefuseBody,
        Act.DISPATCH: DispatchBody,
        Act.SIGN: Nothing,
        Act.RETURN_: ReturnBody,
        Act.SETTLE_RETURN: SettleReturnBody,
        Act.REASSIGN: ReassignBody,
        Act.CONFER: ConferBody,
        Act.ASSIST: AssistBody,
        Act.DELEGATE: DelegateBody,
        Act.REPORT_UP: ReportUpBody,
        Act.CONTACT: ContactBody,
        Act.EXTEND: ExtendBody,
        Act.SETTLE_EXTENSION: SettleBody,
        Act.SUSPEND: SuspendBody,
        Act.RESUME: Nothing,
        Act.REPLY: ReplyBody,
        Act.REVIEW: ReviewBody,
        Act.CALL_BACK: CallBackBody,
        Act.REDO: RedoBody,
        Act.URGE: UrgeBody,
        Act.CLOSE: Nothing,
        Act.INVALIDATE: InvalidateBody,
        Act.TRANSFER: TransferBody,
        Act.SUPPLEMENT: SupplementBody,
        Act.SUPERVISE: SuperviseBody,
        Act.RAISE_: RaiseBody,
        Act.UNDO: UndoBody,
        Act.LINK: LinkBody,
        Act.MERGE: MergeBody,
        Act.UNMERGE: Nothing,
        Act.WITHDRAW: Nothing,
        Act.END: EndBody,
        Act.ARCHIVE: Nothing,
        Act.MARK_CALLER: MarkBody,
        Act.SETTLE_CLUE: ClueBody,
        **SIDE_BODIES,
        Act.SET_DUE: SetDueBody,
    }
)
