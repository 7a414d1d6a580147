"""Does a dispatch rule fit a ticket (派单规则匹配)? One set of conditions, for routing and for explaining it."""

from dataclasses import dataclass
from datetime import date, datetime

from rules.errors import BadInput
from rules.pack_records import Department, RoutingRule, plain, upwards
from rules.policy import Policy
from rules.terms import CHINA, TicketType, Urgency


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """What routing may know of a ticket (派单依据).

    `category` is a code of the pack that is sure (an operator's choice, or predicted above the gate), else
    None; `areas` are codes found in text and place; `labels` the model's ranked (label, calibrated
    probability). `model` is the version of the bundle, None when there is none: then rules alone decide.
    `enterprise` is whether the request names one, `occasion` the code of what it was brought to, if anything.
    """

    text: str
    title: str = ""
    type: TicketType = TicketType.OTHER
    urgency: Urgency = Urgency.NORMAL
    channel: str = "phone"
    category: str | None = None
    areas: tuple[str, ...] = ()
    labels: tuple[tuple[str, float], ...] = ()
    abstain: bool = False
    model: str | None = None
    place: str = ""
    enterprise: bool = False
    occasion: str | None = None


def first_rule(facts: RoutingFacts, policy: Policy, now: datetime) -> RoutingRule | None:
    """The first rule of the pack that fits, or None."""
    said = said_in(facts)
    moment = _local(now)
    return next((rule for rule in policy.routing if _misfit(rule, facts, policy, moment, said) is None), None)


def why_not(rule: RoutingRule, facts: RoutingFacts, policy: Policy, now: datetime) -> str | None:
    """The first condition of `rule` that the ticket does not meet, in Chinese; None where the rule fits."""
    return _misfit(rule, facts, policy, _local(now), said_in(facts))


def said_in(facts: RoutingFacts) -> str:
    """Title and text as rules compare them."""
    return plain(f"{facts.title}\n{facts.text}").casefold()


def _local(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise BadInput("派单时间必须带时区。")
    return now.astimezone(CHINA)


def _misfit(
    rule: RoutingRule, facts: RoutingFacts, policy: Policy, moment: datetime, said: str
) -> str | None:
    """The one place where conditions are looked at: for routing, and for explaining it."""
    checks = (
        ("不在有效期内", (rule.valid_from or date.min) <= moment.date() <= (rule.valid_to or date.max)),
        ("诉求类型不符", not rule.types or facts.type in rule.types),
        ("紧急程度不符", not rule.urgencies or facts.urgency in rule.urgencies),
        ("渠道不符", not rule.channels or facts.channel in rule.channels),
        ("没有写明是哪家企业的诉求", facts.enterprise or not rule.enterprise),
        (
            "不是在规定的接听、下访、征集或预约中提出的",
            not rule.occasions or facts.occasion in rule.occasions,
        ),
        ("不在规定的时段", not rule.hours or _in_hours(rule, moment)),
        ("类别不符", not rule.categories or _below(facts, policy, rule)),
        ("区域不符", not rule.areas or _lies_in(facts, policy, rule)),
        ("没有出现任何一个关键词", not rule.any_words or any(word in said for word in rule.any_words)),
        ("关键词没有全部出现", all(word in said for word in rule.all_words)),
        ("出现了排除的词", not any(word in said for word in rule.unless)),
    )
    return next((words for words, holds in checks if not holds), None)


def _in_hours(rule: RoutingRule, moment: datetime) -> bool:
    minute = moment.hour * 60 + moment.minute
    return any(
        start <= minute < end if start < end else minute >= start or minute < end for start, end in rule.hours
    )


def _below(facts: RoutingFacts, policy: Policy, rule: RoutingRule) -> bool:
    return any(code in rule.categories for code in upwards(facts.category, policy.categories))


def _lies_in(facts: RoutingFacts, policy: Policy, rule: RoutingRule) -> bool:
    return any(policy.within(area, wider) for area in facts.areas for wider in rule.areas)


def township_of(areas: tuple[str, ...], policy: Policy) -> Department | None:
    """The township department (属地镇街) of the places found; None where there is none, or several."""
    around = {above for area in areas for above in upwards(area, policy.areas)}
    found = [each for each in policy.departments.values() if each.kind == "township" and each.area in around]
    return found[0] if len(found) == 1 else None
