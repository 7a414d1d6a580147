"""Does a pack do what its own worked cases say (样例核对)? Shared by `pack check` and the tests."""

from typing import Any

from rules.accept import emergency, refusal
from rules.occasions import effect
from rules.pack_cases import NOTHING, Case
from rules.policy import Policy
from rules.routing import RoutingFacts, route
from rules.terms import Decision

_WORDS = {
    "stage": "阶段",
    "rule": "规则",
    "department": "承办单位",
    "assists": "协办单位",
    "raised": "提到的紧急程度",
    "limit": "时限",
    "amount": "数量",
    "unit": "单位",
    "emergency": "紧急转接",
    "refusal": "不予受理",
}


def facts_of(case: Case) -> RoutingFacts:
    """The case as routing sees it; a case with labels or `abstain` has a model, another one has none."""
    return RoutingFacts(
        text=case.text,
        title=case.title,
        type=case.type,
        urgency=case.urgency,
        channel=case.channel,
        category=case.category,
        areas=case.areas,
        labels=case.labels,
        abstain=case.abstain,
        model="case" if case.labels or case.abstain else None,
        enterprise=case.enterprise,
        occasion=case.contact,
    )


def judge(case: Case, policy: Policy) -> tuple[str, ...]:
    """What came out other than the case wants, one Chinese line each; empty when all is right."""
    got = outcome(case, policy)
    return tuple(
        f"样例“{case.name}”：{_WORDS[key]}应为 {_shown(wanted)}，得出 {_shown(got[key])}"
        for key, wanted in case.wants.items()
        if got[key] != wanted
    )


def outcome(case: Case, policy: Policy) -> dict[str, Any]:
    """All that comes out of a case, under the keys of `Case.wants`; NOTHING where nothing does."""
    got: dict[str, Any] = {}
    if case.at is not None:
        seen = facts_of(case)
        got |= _routed(effect(seen, route(seen, policy, case.at), policy, case.at))
    if case.clock is not None:
        limit = policy.limit(case.clock, case.type, case.urgency, case.occasion)
        got["limit"] = limit.rule if limit else NOTHING
        got["amount"] = limit.budget.amount if limit else NOTHING
        got["unit"] = limit.budget.unit if limit else NOTHING
    danger = emergency(case.text, policy.emergencies)
    ground = refusal(case.text, policy.refusals)
    got["emergency"] = danger.line if danger else NOTHING
    got["refusal"] = ground.code if ground else NOTHING
    return got


def _routed(decision: Decision) -> dict[str, Any]:
    """For a doubt, the first department proposed; for praise, the first that gets a copy."""
    details = decision.details
    proposed = [each["department"] for each in details.get("proposal", ()) if each["department"]]
    copied = details.get("copy_to", [])
    department = decision.department or next(iter([*proposed, *copied]), None)
    return {
        "stage": decision.what,
        "rule": decision.rule,
        "department": department or NOTHING,
        "assists": decision.assists or tuple(details.get("assists", ())),
        "raised": details.get("urgency", NOTHING),
    }


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "、".join(map(str, value)) or "无"
    return "无" if value == NOTHING else str(value)
