"""Who gets the ticket (派单): the pack's rules first, then the model above the gate, else a person decides.

国办函〔2025〕66号: clear matters go by the catalogue, unclear ones to consultation, and the work of
functional departments is not pushed down: a township gets a ticket only where the pack says so.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.matching import RoutingFacts, first_rule, said_in, township_of, why_not
from rules.pack_records import BY_PLACE, Department, RoutingRule, upwards
from rules.policy import Policy
from rules.terms import Decision, Stage, TicketType

__all__ = [
    "TOWNSHIP",
    "Proposal",
    "RoutingFacts",
    "first_rule",
    "meant_by",
    "route",
    "shown_as",
    "township_of",
    "why_not",
]

_PROPOSALS = 3  # how many departments a person is shown to choose from
_LABELS = 10  # how many of the model's labels are stored with a decision
_DISPATCH = Stage.TO_SIGN.value
_DOUBT = Stage.TO_DISPATCH.value
#: What the model's label BY_PLACE is called where the place does not say which township it is.
TOWNSHIP = "属地镇街"
_GRASS_ROOTS = "国办函〔2025〕66号：不得将职能部门的事项下推基层"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A department to choose from (建议单位); `department` None = not in the pack (不在目录)."""

    department: str | None
    name: str
    p: float | None
    source: str

    def as_dict(self) -> dict[str, Any]:
        """The shape in `Decision.details["proposal"]`."""
        return {
            "department": self.department,
            "name": self.name,
            "p": self.p,
            "source": self.source,
            "in_catalogue": self.department is not None,
        }


def route(facts: RoutingFacts, policy: Policy, now: datetime) -> Decision:
    """Decide where a ticket goes; `now` is aware and says which rules are valid and which hour it is.

    `what` is "to_sign" (dispatched by itself to `department`), "to_dispatch" (a person decides; `department`
    is None and `details["proposal"]` lists what to choose from) or "answered" (praise; `details["copy_to"]`).
    Raises BadInput for a naive `now`.
    """
    fired = first_rule(facts, policy, now)
    if facts.type is TicketType.PRAISE:
        return _praise(facts, policy, fired)
    if fired is not None:
        return _by_rule(facts, policy, fired)
    return _by_model(facts, policy)


def _resolve(code: str, facts: RoutingFacts, policy: Policy) -> Department | None:
    return township_of(facts.areas, policy) if code == BY_PLACE else policy.departments[code]


def _assists(rule: RoutingRule, lead: Department | None, facts: RoutingFacts, policy: Policy) -> list[str]:
    found = (_resolve(code, facts, policy) for code in rule.assists)
    codes = dict.fromkeys(each.code for each in found if each is not None)
    return [code for code in codes if lead is None or code != lead.code]


def _matched(rule: RoutingRule, facts: RoutingFacts) -> list[str]:
    said = said_in(facts)
    return [word for word in (*rule.all_words, *rule.any_words) if word in said]


def _by_rule(facts: RoutingFacts, policy: Policy, rule: RoutingRule) -> Decision:
    words = _matched(rule, facts)
    lead = _resolve(rule.lead, facts, policy)
    assists = _assists(rule, lead, facts, policy)
    heard = f"（出现{'、'.join(f'“{word}”' for word in words[:3])}）" if words else ""
    because = f"符合派单规则“{rule.name}”{heard}，"
    if lead is None or rule.review:
        reason = "应由属地镇街主办，但地点还不明确" if lead is None else f"建议派{lead.name}"
        proposal = [*([_listed(lead, None, "rule")] if lead else []), *_ranked(facts, policy)]
        return _doubt(
            facts, policy, rule.id, f"{because}{reason}，请人工确定。", proposal, rule.clause, assists, words
        )
    helpers = "、".join(policy.departments[code].name for code in assists)
    return Decision(
        what=_DISPATCH,
        because=f"{because}派{lead.name}主办{f'，{helpers}协办' if helpers else ''}。",
        rule=rule.id,
        clause=rule.clause,
        pack=policy.hash,
        department=lead.code,
        assists=tuple(assists),
        category=facts.category,
        details=_details(facts, policy, words=words),
    )


def _by_model(facts: RoutingFacts, policy: Policy) -> Decision:
    ranked = _ranked(facts, policy)
    doubt = _why_doubt(facts, policy, ranked)
    if doubt is not None:
        rule, because, clause = doubt
        return _doubt(facts, policy, rule, because, _with_catalogue(facts, policy, ranked), clause)
    top = ranked[0]
    return Decision(
        what=_DISPATCH,
        because=f"模型判断应由{top.name}承办，把握 {_percent(top.p)}（要求 {_percent(policy.gate)}）。",
        rule="model",
        pack=policy.hash,
        department=top.department,
        category=facts.category,
        details=_details(facts, policy),
    )


def _why_doubt(facts: RoutingFacts, policy: Policy, ranked: list[Proposal]) -> tuple[str, str, str] | None:
    """Why the model may not dispatch by itself: rule id, sentence, clause; None where it may."""
    if facts.model is None or (not ranked and not facts.abstain):
        return "no_model", "没有派单规则符合，也没有可用的模型判断，请人工派单。", ""
    if ranked and ranked[0].name == BY_PLACE:
        return "no_place", f"模型判断应由{TOWNSHIP}承办，但地点还不明确，请人工派单。", ""
    if ranked and ranked[0].department is None:
        return "unknown_label", f"模型判断的单位“{ranked[0].name}”不在目录中，请人工派单。", ""
    if facts.abstain or not ranked:
        return "doubt", "没有派单规则符合，模型对这件诉求没有把握，请人工派单。", ""
    top, owner = ranked[0], _catalogue_owner(facts, policy)
    if (top.p or 0.0) < policy.gate:
        said = f"模型判断为{top.name}的把握只有 {_percent(top.p)}，未达到 {_percent(policy.gate)}"
        return "doubt", f"没有派单规则符合，{said}，请人工派单。", ""
    if owner is not None and owner.code != top.department:
        return "conflict", f"模型判断为{top.name}，派单目录写的是{owner.name}，两者不一致，请人工派单。", ""
    if owner is None and policy.departments[top.department or ""].kind == "township":
        return "township", f"模型判断为{top.name}，但没有规则规定由镇街承办，请人工派单。", _GRASS_ROOTS
    return None


def _praise(facts: RoutingFacts, policy: Policy, rule: RoutingRule | None) -> Decision:
    """Praise is answered at once, with a copy to whom the text names, else the rule, else the model."""
    copy_to = named_in(facts, policy)
    lead = _resolve(rule.lead, facts, policy) if rule and not copy_to else None
    ranked = [] if copy_to or lead or facts.abstain else _ranked(facts, policy)[:1]
    copy_to += [lead.code] if lead else []
    copy_to += [each.department for each in ranked if each.department and (each.p or 0.0) >= policy.gate]
    names = "、".join(policy.departments[code].name for code in copy_to)
    return Decision(
        what=Stage.ANSWERED.value,
        because=f"表扬件直接答复，不派单{f'，抄送{names}' if names else ''}。",
        rule="praise",
        pack=policy.hash,
        category=facts.category,
        details={**_details(facts, policy), "copy_to": copy_to},
    )


def named_in(facts: RoutingFacts, policy: Policy) -> list[str]:
    """Departments whose name or alias (never a code) is said; a word inside a longer one that is said does not count."""
    said = said_in(facts)
    codes = {each for it in policy.departments.values() for each in (it.code, *it.succeeds)}
    heard = {
        word.casefold(): code
        for word, code in policy.labels.items()
        if word not in codes and word.casefold() in said
    }
    whole = [word for word in heard if not any(word != other and word in other for other in heard)]
    return list(dict.fromkeys(heard[word] for word in whole))


def _catalogue_owner(facts: RoutingFacts, policy: Policy) -> Department | None:
    """The department that the catalogue names for the category, or for the nearest group above it."""
    for code in upwards(facts.category, policy.categories):
        owner = policy.categories[code].department
        if owner is not None:
            return policy.departments[owner]
    return None


def _ranked(facts: RoutingFacts, policy: Policy) -> list[Proposal]:
    """The model's labels as departments, best first; labels of one department count together.

    BY_PLACE stands for the township of the places found. While it is not known which one that is, it keeps its rank
    under its own name, so that nobody behind it is taken for the model's choice; `_doubt` never shows it.
    """
    summed: dict[tuple[str | None, str], float] = {}
    for label, p in facts.labels if facts.model is not None else ():
        found = meant_by(label, facts.areas, policy)
        key = (found.code, found.name) if found else (None, label)
        summed[key] = summed.get(key, 0.0) + _sound(p)
    ranked = [Proposal(code, name, min(p, 1.0), "model") for (code, name), p in summed.items()]
    return sorted(ranked, key=lambda each: -(each.p or 0.0))


def meant_by(label: str, areas: tuple[str, ...], policy: Policy) -> Department | None:
    """The department that a model's label stands for, BY_PLACE being the township of `areas` (codes of the pack).

    None where the pack does not know the label (不在目录), and for BY_PLACE while the place is not clear.
    """
    return township_of(areas, policy) if label == BY_PLACE else policy.department_of(label)


def shown_as(label: str, areas: tuple[str, ...], policy: Policy) -> str:
    """What people read for a model's label: the department's name, 属地镇街 without a clear place, or 不在目录."""
    found = meant_by(label, areas, policy)
    return found.name if found else TOWNSHIP if label == BY_PLACE else "不在目录"


def _listed(department: Department, p: float | None, source: str) -> Proposal:
    return Proposal(department.code, department.name, p, source)


def _with_catalogue(facts: RoutingFacts, policy: Policy, ranked: list[Proposal]) -> list[Proposal]:
    owner = _catalogue_owner(facts, policy)
    return [*([_listed(owner, None, "catalogue")] if owner else []), *ranked]


def _doubt(
    facts: RoutingFacts,
    policy: Policy,
    rule: str,
    because: str,
    proposal: list[Proposal],
    clause: str = "",
    assists: list[str] | None = None,
    words: list[str] | None = None,
) -> Decision:
    named = [each for each in proposal if each.name != BY_PLACE]
    once = {each.department or each.name: each for each in reversed(named)}
    shown = [each for each in named if once[each.department or each.name] is each][:_PROPOSALS]
    return Decision(
        what=_DOUBT,
        because=because,
        rule=rule,
        clause=clause,
        pack=policy.hash,
        category=facts.category,
        details={
            **_details(facts, policy, words=words or []),
            "proposal": [each.as_dict() for each in shown],
            "assists": assists or [],
        },
    )


def _details(facts: RoutingFacts, policy: Policy, words: list[str] | None = None) -> dict[str, Any]:
    """What the decision stood on, as plain JSON."""
    return {
        "labels": [[label, _sound(p)] for label, p in facts.labels[:_LABELS]],
        "abstain": facts.abstain,
        "gate": policy.gate,
        "model": facts.model,
        "words": words or [],
        "areas": list(facts.areas),
    }


def _sound(p: float) -> float:
    """A probability as such: what is none (NaN, from a broken bundle) counts as no confidence at all."""
    return min(max(p, 0.0), 1.0) if math.isfinite(p) else 0.0


def _percent(p: float | None) -> str:
    """Cut to one decimal, never rounded up: 89.96 % must not read as the 90 % it missed."""
    return f"{math.floor((p or 0.0) * 1000 + 1e-9) / 10:g}%"
