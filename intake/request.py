"""One message in (诉求), whatever its channel: checked, cleaned, and with its five elements (五要素) looked for."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from intake.masking import TOKENS, mask
from intake.phone import normal_phone
from intake.times import parse_time
from rules.errors import BadInput
from rules.occasion_rows import Occasions
from rules.terms import CHANNEL_WORDS, TYPE_WORDS, URGENCY_WORDS, TicketType, Urgency

__all__ = [
    "Appointment",
    "Caller",
    "Request",
    "body_fingerprint",
    "build",
    "clean",
    "parse_time",
    "short_title",
]

LONGEST_TEXT = 20_000
LONGEST_TITLE = 200
LONGEST_PLACE = 200
LONGEST_NAME = 50
LONGEST_ENTERPRISE = 100
LONGEST_KEY = 200
SHORT_TITLE = 30

#: What other platforms call the same types (domain-12345.md 3.2).
_MORE_TYPE_WORDS = {
    "求决": TicketType.HELP,
    "意见": TicketType.SUGGEST,
    "意见建议": TicketType.SUGGEST,
    "建议意见": TicketType.SUGGEST,
    "投诉举报": TicketType.COMPLAIN,
    "揭发控告": TicketType.REPORT,
    "感谢": TicketType.PRAISE,
    "表扬感谢": TicketType.PRAISE,
}
_MORE_URGENCY_WORDS = {"普通": Urgency.NORMAL, "加急": Urgency.URGENT, "特别紧急": Urgency.CRITICAL}

_Word = TypeVar("_Word", bound=StrEnum)


def _table(words: Mapping[_Word, str], more: Mapping[str, _Word]) -> dict[str, _Word]:
    return {**{word.value: word for word in words}, **{said: word for word, said in words.items()}, **more}


_TYPES = _table(TYPE_WORDS, _MORE_TYPE_WORDS)
_URGENCIES = _table(URGENCY_WORDS, _MORE_URGENCY_WORDS)
_CHANNELS = {**{code: code for code in CHANNEL_WORDS}, **{said: code for code, said in CHANNEL_WORDS.items()}}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who spoke (诉求人). `phone` is written one way (`normal_phone`); all of it is to be sealed.

    `anonymous`: identity given or not, nobody but the hotline may learn of it. `confidential`: the accused
    department never sees who complained. `reference` is how another platform knows the caller, if it is not a phone.
    """

    name: str | None = None
    phone: str | None = None
    anonymous: bool = False
    confidential: bool = False
    reference: str | None = None

    @property
    def key(self) -> str | None:
        """What the same caller is found by again (hash it before storing); None where nothing is known."""
        return self.phone or (f"ref:{self.reference}" if self.reference else None)


@dataclass(frozen=True, slots=True)
class Appointment:
    """A time that is asked for (预约): the code of a counter of the pack, and an instant that falls into the time."""

    counter: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One message in, valid and normalised; times are aware.

    `text` and `given_title` are the caller's own words, to be sealed; `masked_text` and `title` may be shown.
    `time_known` speaks of `occurred_at`, `received_time_known` of `received_at`: False where only a date was given.
    `source_line` is the merged hotline it came by, `upper_number` and `upper_due_at` the upper platform's own.
    `occasion` is the session or campaign it was brought to and `proxy` the agent who files it for the caller, both as
    codes of the pack; `enterprise` is the name of the one that it is about, which may be shown.
    """

    channel: str
    text: str
    masked_text: str
    title: str
    received_at: datetime
    type: TicketType = TicketType.OTHER
    urgency: Urgency = Urgency.NORMAL
    caller: Caller = Caller()
    place: str | None = None
    occurred_at: datetime | None = None
    time_known: bool = True
    received_time_known: bool = True
    given_title: str | None = None
    external_id: str | None = None
    source_line: str | None = None
    upper_number: str | None = None
    upper_due_at: datetime | None = None
    recording_id: str | None = None
    occasion: str | None = None
    enterprise: str | None = None
    proxy: str | None = None
    appointment: Appointment | None = None


def build(
    raw: Mapping[str, object],
    received_at: datetime,
    *,
    received_time_known: bool = True,
    channel_words: Mapping[str, str] | None = None,
    occasions: Occasions | None = None,
) -> Request:
    """Check and normalise one message; keys as in contract.md, words in English or Chinese.

    An unknown type is `other`, a blank channel `phone`; `channel_words` (word → channel) are the pack's own, and
    `occasions` says which sessions, campaigns, agents and counters there are: none without it.
    `received_at` must be aware (ValueError). Raises BadInput, in Chinese, for the first thing that is wrong.
    """
    if received_at.tzinfo is None:
        raise ValueError("received_at must be aware")
    text = _text(raw.get("text"))
    there = occasions or Occasions()
    proxy, caller = _proxy(raw.get("proxy"), _caller(raw.get("caller")), there)
    masked_text = _hidden(text, caller)
    given_title = _line(raw, "title", "标题", LONGEST_TITLE)
    occurred_at, time_known = _occurred(raw, received_at)
    enterprise = _line(raw, "enterprise", "企业名称", LONGEST_ENTERPRISE)
    return Request(
        channel=_channel(raw.get("channel"), channel_words or {}),
        text=text,
        masked_text=masked_text,
        title=_hidden(given_title, caller) if given_title else short_title(masked_text),
        received_at=received_at,
        type=_type(raw.get("type")),
        urgency=_urgency(raw.get("urgency")),
        caller=caller,
        place=_line(raw, "place", "地点", LONGEST_PLACE),
        occurred_at=occurred_at,
        time_known=time_known,
        received_time_known=received_time_known,
        given_title=given_title,
        external_id=_line(raw, "external_id", "外部编号", LONGEST_KEY),
        source_line=_line(raw, "source_line", "来源热线", LONGEST_KEY),
        upper_number=_line(raw, "upper_number", "上级编号", LONGEST_KEY),
        upper_due_at=_time(raw, "upper_due_at", "上级要求的办结时间")[0],
        recording_id=_line(raw, "recording_id", "录音编号", LONGEST_KEY),
        occasion=_occasion(raw, there),
        enterprise=mask(enterprise).text if enterprise else None,
        proxy=proxy,
        appointment=_appointment(raw, there),
    )


def _hidden(words: str, caller: Caller) -> str:
    """`words` masked; the caller's own name, which the form tells us, needs no sign before it to be found."""
    masked = mask(words).text
    return masked.replace(caller.name, TOKENS["name"]) if caller.name and len(caller.name) > 1 else masked


def short_title(text: str) -> str:
    """The first sentence of `text`, at most 30 characters, an ellipsis where it was cut; for masked text."""
    first = next((line.strip() for line in re.split(r"[。！？!?；;\n]", text) if line.strip()), "")
    if len(first) <= SHORT_TITLE:
        return first
    cut = first[: SHORT_TITLE - 1]
    opened = cut.rfind("[")
    if opened > 0 and "]" not in cut[opened:]:
        cut = cut[:opened]  # half a token such as [手机 says nothing
    return cut + "…"


def body_fingerprint(raw: Mapping[str, object]) -> str:
    """SHA-256 (hex) of the body, the same for any order of keys and for a missing key as for null.

    For "the same idempotency key with another body": equal fingerprints mean the same body.
    """
    written = json.dumps(_without_nulls(raw), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(written.encode()).hexdigest()


def _without_nulls(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _without_nulls(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(part) for part in value]
    return value


# --- One field each ----------------------------------------------------------------------------------------

#: Control characters but tab and newline; marks that turn the direction of writing or are not seen at all.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(value: str, what: str) -> str:
    """Text without NUL, other control characters and outer blanks, lines ended by newline.

    Raises BadInput for lone surrogates (half of a character), which no database takes.
    """
    if _SURROGATE.search(value):
        raise BadInput(f"{what}里有残缺的字符，无法保存。", "请重新输入，或去掉无法显示的表情符号。")
    return _UNSEEN.sub("", _LINE_ENDS.sub("\n", value)).strip()


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise BadInput("诉求内容应是文字。")
    text = clean(value or "", "诉求内容")
    if not text:
        raise BadInput("请填写诉求内容")
    if len(text) > LONGEST_TEXT:
        raise BadInput(
            f"诉求内容有{len(text)}字，最多{LONGEST_TEXT}字。", "请写明要点，其余作为附件或分几次提交。"
        )
    return text


def _line(raw: Mapping[str, object], key: str, what: str, longest: int) -> str | None:
    """A field of one line; None where it is missing or blank."""
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadInput(f"{what}应是文字。")
    line = " ".join(clean(str(value), what).split())
    if len(line) > longest:
        raise BadInput(f"{what}有{len(line)}字，最多{longest}字。")
    return line or None


def _word(value: object, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadInput(f"{what}应是文字。")
    return clean(value, what)


def _type(value: object) -> TicketType:
    """Unknown words are `other`: a person or the classifier looks again."""
    said = re.sub(r"[/、\s]|类$", "", _word(value, "诉求类型"))
    return _TYPES.get(said.lower(), TicketType.OTHER)


def _urgency(value: object) -> Urgency:
    said = _word(value, "紧急程度")
    if not said:
        return Urgency.NORMAL
    if (urgency := _URGENCIES.get(said.lower())) is None:
        raise BadInput(f"没有“{said[:20]}”这种紧急程度。", f"请填写{'、'.join(URGENCY_WORDS.values())}。")
    return urgency


def _channel(value: object, more: Mapping[str, str]) -> str:
    said = _word(value, "渠道")
    if not said:
        return "phone"
    channel = _CHANNELS.get(said.lower()) or more.get(said)
    if channel is None:
        raise BadInput(f"没有“{said[:20]}”这个渠道。", f"请填写{'、'.join(CHANNEL_WORDS.values())}。")
    return channel


def _caller(value: object) -> Caller:
    if value is None:
        return Caller()
    if not isinstance(value, Mapping):
        raise BadInput("诉求人应包括姓名（name）、电话（phone）等项。")
    phone = value.get("phone")
    blank = phone is None or (isinstance(phone, str) and not clean(phone, "电话号码"))
    return Caller(
        name=_line(value, "name", "姓名", LONGEST_NAME),
        phone=None if blank else normal_phone(phone),
        anonymous=_flag(value, "anonymous", "匿名"),
        confidential=_flag(value, "confidential", "保密"),
        reference=_line(value, "reference", "诉求人编号", LONGEST_KEY),
    )


def _flag(raw: Mapping[str, object], key: str, what: str) -> bool:
    value = raw.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise BadInput(f"{what}应填是（true）或否（false）。")
    return value


def _time(raw: Mapping[str, object], key: str, what: str) -> tuple[datetime | None, bool]:
    value = raw.get(key)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None, True
    try:
        return parse_time(value)
    except BadInput as wrong:
        raise BadInput(f"{what}：{wrong.detail}", wrong.advice) from None


def _occurred(raw: Mapping[str, object], received_at: datetime) -> tuple[datetime | None, bool]:
    """A matter may be announced (a power cut tonight) or a clock be wrong by hours, but not by more than a day."""
    occurred_at, known = _time(raw, "occurred_at", "发生时间")
    if occurred_at and occurred_at > received_at + timedelta(days=1):
        raise BadInput(f"发生时间{occurred_at:%Y-%m-%d %H:%M}还没有到。", "请检查年份和日期。")
    return occurred_at, known


# --- The kind of contact -----------------------------------------------------------------------------------


def _occasion(raw: Mapping[str, object], there: Occasions) -> str | None:
    words = _line(raw, "occasion", "接听、接访、下访或意见征集", LONGEST_KEY)
    if words is None:
        return None
    if raw.get("appointment") is not None:
        raise BadInput("一次只能登记一种：要么是接听、接访、下访或意见征集，要么是预约。", "请分两次登记。")
    return there.occasion(words).code


def _proxy(value: object, caller: Caller, there: Occasions) -> tuple[str | None, Caller]:
    """The agent's code, and the caller, who stays the person helped: `for` is their name where nobody wrote it."""
    if value is None:
        return None, caller
    said: Mapping[str, object] = value if isinstance(value, Mapping) else {"agent": value}
    agent = _line(said, "agent", "代办员", LONGEST_KEY)
    helped = _line(said, "for", "替谁代办", LONGEST_NAME)
    if agent is None and helped is None:
        return None, caller
    if agent is None:
        raise BadInput("请写明代办员（agent）。", "替别人代办的，agent 填代办员的代码。")
    if helped and caller.name and helped != caller.name:
        raise BadInput(
            "替谁代办（for）与诉求人姓名（name）不是同一个人。", "诉求人应是被代办的人，请改成一致。"
        )
    return there.agent(agent).code, replace(caller, name=caller.name or helped)


def _appointment(raw: Mapping[str, object], there: Occasions) -> Appointment | None:
    value = raw.get("appointment")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadInput("预约应包括窗口（counter）和时间（at）两项。")
    counter = _line(value, "counter", "预约窗口", LONGEST_KEY)
    at, known = _time(value, "at", "预约时间")
    if counter is None or at is None:
        raise BadInput("预约要写明窗口（counter）和时间（at）。", "时间写到几点几分，如 2026-03-02 09:00。")
    found = there.counter(counter)
    if not known:
        raise BadInput("预约时间要写到几点几分。", "例如 2026-03-02 09:00。")
    return Appointment(found.code, at)
