"""What happens to a new matter besides routing (分拣): known outages, repeats, restricted ones, those to ask back about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rules.accept import RefusalRule, refusal
from rules.carrying import carried_of
from rules.errors import PackFault
from rules.matching import RoutingFacts
from rules.pack_records import Department, IncompleteRule
from rules.policy import Policy
from rules.routing import named_in
from rules.terms import ELEMENT_WORDS, Decision, Facts, Happened, Stage


@dataclass(frozen=True, slots=True)
class Card:
    """An event card (事件卡): one answer for everybody who asks about a known outage or notice.

    `words` are patterns as in acceptance.toml; `areas` () = the whole region, else the place must be known.
    """

    id: int
    title: str
    words: tuple[str, ...]
    areas: tuple[str, ...]
    answer: str
    department: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Kept with the decision, so that a replay sees the same card."""
        return {
            "id": self.id,
            "title": self.title,
            "words": list(self.words),
            "areas": list(self.areas),
            "answer": self.answer,
            "department": self.department,
        }


def card_of(row: Mapping[str, Any]) -> Card:
    """A card from a row, or from what `as_dict` kept."""
    return Card(
        row["id"], row["title"], tuple(row["words"]), tuple(row["areas"]), row["answer"], row["department"]
    )


def card_for(text: str, areas: Sequence[str], cards: Iterable[Card], policy: Policy) -> Card | None:
    """The running card that a matter is about: its words are said and its place lies inside; of several the newest."""
    for card in sorted(cards, key=lambda each: -each.id):
        here = not card.areas or any(policy.within(area, wide) for area in areas for wide in card.areas)
        if here and refusal(text, (_patterns(card),)) is not None:
            return card
    return None


def _patterns(card: Card) -> RefusalRule:
    return RefusalRule(str(card.id), card.title, card.answer, card.words, "")


def fault_of(card: Card) -> str | None:
    """Why the patterns of a card cannot be looked for, in Chinese; None where they can."""
    try:
        _patterns(card)
    except PackFault as fault:
        return fault.detail
    return None


@dataclass(frozen=True, slots=True)
class Matter:
    """A new ticket as sorting sees it; `absent` are the elements that were not told, `card` a known event."""

    facts: Facts
    absent: tuple[str, ...]
    card: Card | None


def sort(routed: Decision, seen: RoutingFacts, matter: Matter, policy: Policy) -> Decision:
    """The decision on a new matter: what routing said, unless something stronger holds.

    In this order: praise as it is, complaints about officials restricted (also where they are told again in milder
    words), a short question about a known event answered, a matter that has ended answered, one that is told again
    straight to the former lead, out of scope and vague ones to a person.
    """
    if seen.type == "praise":
        return routed
    carried = carried_of(matter.facts)
    if carried.get("restricted") or _is_restricted(routed, policy):
        return _restricted(routed, seen, carried, policy)
    if matter.card is not None and _only_asks(seen.text, policy):
        return _known(matter.card, policy)
    if carried.get("ended"):
        return _ended(carried, policy)
    former = policy.department_of(carried.get("former") or "")
    if former is not None:
        return _again(carried, former, routed, policy)
    doubted = _out_of_scope(routed, seen.text, policy)
    return _asked_back(doubted, seen, matter, policy)


def _only_asks(text: str, policy: Policy) -> bool:
    return policy.card.longest is None or len(text.strip()) <= policy.card.longest


def _known(card: Card, policy: Policy) -> Decision:
    return Decision(
        what=Stage.ANSWERED.value,
        because=f"属于已知事件“{card.title}”，按统一口径答复：{card.answer}",
        rule="event_card",
        pack=policy.hash,
        details={"card": card.as_dict(), "answer": card.answer},
    )


def _is_restricted(routed: Decision, policy: Policy) -> bool:
    return any(rule.restricted for rule in policy.routing if rule.id == routed.rule)


def _restricted(routed: Decision, seen: RoutingFacts, carried: Mapping[str, Any], policy: Policy) -> Decision:
    """A person decides, out of the sight of others; the department complained of is named so that it never gets it."""
    leads = [each.lead for each in policy.routing if each.id == routed.rule and each.restricted]
    told = (carried.get("against") or "", seen.labels[0][0] if seen.labels else "")
    known, likely = (policy.department_of(each) for each in told)
    named = [known and known.code, *named_in(seen, policy), likely and likely.code]
    against = next((code for code in named if code and code not in leads), None)
    who = (
        f"被反映单位疑为{policy.departments[against].name}，不得派给该单位。"
        if against
        else "被反映单位请人工核实。"
    )
    proposal = [
        each
        for each in routed.details.get("proposal", ())
        if against is None or each["department"] != against
    ]
    return replace(
        routed,
        what=Stage.TO_DISPATCH.value,
        because=f"反映公职人员作风，限定范围办理。{who}",
        department=None,
        assists=(),
        details={**routed.details, "proposal": proposal, "restricted": True, "against": against},
    )


def _ended(carried: Mapping[str, Any], policy: Policy) -> Decision:
    """终结: a repeat filing is answered, not dispatched (lifecycle.md)."""
    answer = f"该事项已给予最终答复并终结（{carried['earlier']}）：{carried['ended']}"
    return Decision(
        Stage.ANSWERED.value,
        answer,
        "ended",
        "吕梁市办法2024：最终答复",
        policy.hash,
        details={"answer": answer},
    )


def _again(carried: Mapping[str, Any], former: Department, routed: Decision, policy: Policy) -> Decision:
    if carried.get("counted"):
        because = f"第 {carried['count']} 次投诉同一事项（前单 {carried['earlier']}），直接转原主办{former.name}重办。"
    else:
        because = f"与前单 {carried['earlier']} 为同一事项，转原主办{former.name}。"
    return replace(
        routed,
        what=Stage.TO_SIGN.value,
        because=because,
        rule="repeat",
        clause=policy.counting.clause,
        pack=policy.hash,
        department=former.code,
        assists=(),
        details={
            **routed.details,
            "abstain": False,  # what the model doubted does not matter: the former lead is known
            "round": carried.get("round") if carried.get("counted") else None,
        },
    )


def _out_of_scope(decision: Decision, text: str, policy: Policy) -> Decision:
    """A matter that may not be the hotline's is for a person to look at; the machine never refuses."""
    found = refusal(text, policy.refusals)
    if found is None or decision.what == Stage.ANSWERED:
        return decision
    because = f"可能不属于热线受理范围（{found.name}），请人工确定。{decision.because}"
    told = {"code": found.code, "name": found.name, "path": found.legal_path}
    return replace(
        decision,
        what=Stage.TO_DISPATCH.value,
        because=because,
        rule="refusal",
        clause=found.clause,
        department=None,
        assists=(),
        details={**decision.details, "refusal": told},
    )


def _asked_back(decision: Decision, seen: RoutingFacts, matter: Matter, policy: Policy) -> Decision:
    """Ask the caller back where nobody could be named and too little was told; never twice, never on old records."""
    if decision.what != Stage.TO_DISPATCH or decision.rule == "refusal" or matter.facts.history:
        return decision
    if any(each.kind is Happened.SUPPLEMENTED for each in matter.facts.happenings):
        return decision
    rule = next((each for each in policy.incomplete if _too_vague(each, seen, matter)), None)
    if rule is None:
        return decision
    wanted = "、".join(ELEMENT_WORDS[name] for name in rule.missing)
    return replace(
        decision,
        what=Stage.INCOMPLETE.value,
        because=f"没有说明{wanted}，请联系诉求人补充。",
        rule=rule.code,
        clause=rule.clause,
        details={**decision.details, "missing": list(matter.absent)},
    )


def _too_vague(rule: IncompleteRule, seen: RoutingFacts, matter: Matter) -> bool:
    told = len(seen.text.strip()) > rule.longest or bool(seen.areas)
    fits = (not rule.types or seen.type in rule.types) and (
        not rule.channels or seen.channel in rule.channels
    )
    return fits and not told and set(rule.missing) <= set(matter.absent)
