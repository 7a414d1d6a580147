"""The five elements of a request (五要素): name, time, place, cause, course."""

import re
from dataclasses import dataclass, replace

from intake.request import Request
from rules.terms import ELEMENT_WORDS

_COUNT = "[0-9０-９一二三四五六七八九十两几半]"
_TIME = re.compile(
    f"{_COUNT}{{1,4}}(?:年|月|日|号(?!楼|院|门)|点|时|分钟|小时|天|周|星期|个月)|[0-9]{{1,2}}[:：][0-9]{{2}}|[0-9]{{4}}[-/.][0-9]{{1,2}}"
    "|今天|今日|今早|今晚|昨天|昨日|昨晚|前天|明天|上午|下午|中午|晚上|夜里|夜间|半夜|凌晨|早上|傍晚|周[一二三四五六日末]"
    "|星期[一二三四五六日天]|本月|上个?月|去年|今年|前年|最近|近期|近日|目前|现在|刚才|刚刚|一直|长期|每天|每晚|经常|多年|节后|节前"
)
_PLACE = re.compile(
    "[\u4e00-\u9fff0-9]{1,12}(?:小区|社区|花园|公寓|家园|大厦|广场|大道|大街|胡同|市场|商场|超市|学校|小学|中学|幼儿园|医院|公园"
    "|车站|工地|加油站|物业|[路街巷道村镇乡组桥河湖楼栋幢店厂园苑站局所]|号院|门口|路口|附近)"
)
_CAUSE = re.compile(
    "因为|由于|因此|导致|致使|造成|引起|原因|所致|影响|没有|没人|无人|无法|不能|不给|不让|不肯|不合理|未[\u4e00-\u9fff]|停水|停电|停气"
    "|漏水|积水|堵|坏|破损|塌|断|倒|拖欠|欠薪|欠|噪音|噪声|扰民|占道|违建|违规|违法|污染|臭|异味|收费|涨价|退款|退费|事故|危险"
    "|投诉|举报|希望|要求|建议|咨询|请问|想问|求助|感谢|表扬|怎么|如何|哪里|什么"
)
_COURSE = re.compile(
    "后来|之后|然后|随后|接着|至今|仍然|仍|还是|已经|已|多次|反复|再次|找过|反映过|联系过|打过|报修|报过|答复|回复|表示|声称|告知|承诺|拒绝"
    "|推诿|未果|处理过|开始|发现|期间|直到|持续"
)
_CLAUSE_END = re.compile("[，,。！？!?；;\n]+")


@dataclass(frozen=True, slots=True)
class Elements:
    """What was found of each element: the words that show it, or None."""

    name: str | None
    time: str | None
    place: str | None
    cause: str | None
    course: str | None


def elements(request: Request) -> Elements:
    """Look for the five elements in the fields, then in the text. Source: domain-12345.md 3.1.

    Signs, not understanding. Name: given, told in the text, or withheld by choice (匿名); a way to reach the caller
    counts as well, as the rules ask for a contact and not for a real name. Time, place: the field, or a word of
    time or place. Cause: a word of trouble, reason or wish. Course: a word of what was done or followed, or at
    least three clauses. A wrong "found" costs a call-back, a wrong "missing" one question: it is never a refusal.
    """
    caller = request.caller
    told = found_in(request.masked_text)
    return replace(
        told,
        name=caller.name
        or ("匿名" if caller.anonymous else None)
        or ("电话" if caller.key else None)
        or told.name,
        time=f"{request.occurred_at:%Y-%m-%d}" if request.occurred_at else told.time,
        place=request.place or told.place,
    )


def found_in(text: str) -> Elements:
    """The elements that a masked text alone shows."""
    clauses = [clause for clause in _CLAUSE_END.split(text) if clause.strip()]
    course = _COURSE.search(text)
    return Elements(
        name="[姓名]" if "[姓名]" in text else None,
        time=_first(_TIME, text),
        place=_first(_PLACE, text),
        cause=_first(_CAUSE, text),
        course=course[0] if course else (clauses[0] if len(clauses) >= 3 else None),
    )


def missing_elements(request: Request) -> tuple[str, ...]:
    """The Chinese words of the elements that were not found, in the order people are asked for them."""
    found = elements(request)
    return tuple(word for field, word in ELEMENT_WORDS.items() if getattr(found, field) is None)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[0] if match else None
