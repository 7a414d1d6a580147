"""What the kind of contact does (联系方式): which session a request comes from, and what that changes in a decision.

Leader sessions, visits, receptions, campaigns and the green lane for enterprises stand in the pack (`occasions.toml`).
Bookings of a time are in `rules/appointments.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rules.calendar import WEEKDAY_WORDS
from rules.errors import BadInput
from rules.matching import RoutingFacts, said_in
from rules.occasion_rows import SESSION_WORDS, Agent, Campaign, Lane, Session
from rules.pack_records import upwards
from rules.policy import Policy
from rules.terms import CHINA, URGENCY_WORDS, Decision, Stage, TicketType, Urgency

#: Channels that mean a session of the same name, even where nobody says which one.
_TELLING = ("leader_session", "visit")

_PROPOSALS = 3  # how many departments a person is shown to choose from
_OPEN = (Stage.TO_SIGN, Stage.TO_DISPATCH)
_ORDER = tuple(Urgency)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one kind of contact does to a decision (联系方式的作用); `because` is a Chinese clause without its end.

    `rule` is the table and code of the row, as in "session.visit_tongli". `lead` takes the ticket, `alone` without
    the departments that routing had found. `thanks` is the answer that settles it at once, with a copy to `copy_to`.
    """

    rule: str
    clause: str
    because: str
    urgency: Urgency | None = None
    assists: tuple[str, ...] = ()
    lead: str | None = None
    alone: bool = False
    thanks: str = ""
    copy_to: str | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """Who files for another (代办): the agent, and what is worth a note, "" for nothing."""

    agent: Agent
    note: str


def occasion_of(code: str | None, channel: str, now: datetime, policy: Policy) -> str | None:
    """The code of the session or campaign that a request of `channel` comes from at `now` (aware); None for none.

    `code` may be its name. Without one the channels of leader sessions and visits speak for themselves where exactly
    one such session is on. Raises BadInput for a code that is unknown, not on at that time, or of another channel.
    """
    _aware(now)
    if not code:
        on = [
            each.code
            for each in policy.occasions.sessions.values()
            if channel in _TELLING and each.kind == channel and channel in each.channels and each.is_on(now)
        ]
        return on[0] if len(on) == 1 else None
    found = policy.occasions.occasion(code)
    if not found.is_on(now):
        raise BadInput(f"“{found.name}”现在不在进行：{_times(found)}。", _else(now, policy))
    if isinstance(found, Session) and channel not in found.channels:
        words = "、".join(
            policy.channels[each].name if each in policy.channels else each for each in found.channels
        )
        raise BadInput(f"“{found.name}”只登记这些渠道的诉求：{words}。", "请改正渠道，或不填这一项。")
    return found.code


def _times(found: Session | Campaign) -> str:
    """When it is held, for people."""
    if isinstance(found, Session) and found.weekdays:
        days = "、".join(WEEKDAY_WORDS[each] for each in found.weekdays)
        return f"每{days} {'、'.join(f'{_clock(start)}-{_clock(end)}' for start, end in found.hours)}"
    begins, ends = (each.astimezone(CHINA) if each else None for each in (found.begins, found.ends))
    return f"{begins:%Y-%m-%d %H:%M} 到 {ends:%Y-%m-%d %H:%M}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _else(now: datetime, policy: Policy) -> str:
    held: list[Session | Campaign] = [
        *policy.occasions.sessions.values(),
        *policy.occasions.campaigns.values(),
    ]
    on = "、".join(f"{each.code}（{each.name}）" for each in held if each.is_on(now))
    return f"现在进行的有：{on}；不填这一项也可以提交。" if on else "不填这一项就可以提交。"


def filing(code: str, at: datetime, policy: Policy) -> Filing:
    """Who files for another person at `at` (aware), by the agent's code or name.

    A duty day only says when people find the agent: what is filed on another day is taken and noted. Raises BadInput
    for somebody who may not file for others, naming those who may.
    """
    _aware(at)
    agent = policy.occasions.agent(code)
    days = "、".join(WEEKDAY_WORDS[each] for each in agent.duty_days)
    return Filing(agent, "" if agent.on_duty(at) else f"不是{agent.name}的值班日（{days}），照常登记。")


def effect(facts: RoutingFacts, decision: Decision, policy: Policy, at: datetime) -> Decision:
    """The decision of routing with what the kind of contact does to it; `at` (aware) is when the request came in.

    Left alone: what routing settled at once (praise), and complaints about officials, which few may see. A rule under
    review stays with a person, who is shown the team first. `details["effects"]` tells what was done and why,
    `details["urgency"]` what the ticket is raised to; never lowered. Raises BadInput for a naive `at`.
    """
    _aware(at)
    rules = [each for each in policy.routing if each.id == decision.rule]
    if decision.what not in _OPEN or any(each.restricted for each in rules):
        return decision
    reviewed = any(each.review for each in rules)
    for found in effects(facts, policy, at):
        decision = (
            _thanked(decision, found, policy)
            if found.thanks
            else _turned(decision, found, facts, policy, reviewed)
        )
    return decision


def effects(facts: RoutingFacts, policy: Policy, at: datetime) -> tuple[Effect, ...]:
    """What the kind of contact does, in the order in which it is done; a campaign's thanks stand alone."""
    said = said_in(facts)
    campaign = _campaign(facts, policy, said, at)
    if campaign is not None:
        because = f"意见征集“{campaign.name}”期间提出的建议，已致谢，抄送{policy.departments[campaign.department].name}"
        rule = f"campaign.{campaign.code}"
        return (Effect(rule, campaign.clause, because, thanks=campaign.thanks, copy_to=campaign.department),)
    here = list(_of_occasion(facts, policy, said))
    lane = next((each for each in policy.occasions.lanes.values() if _fits(each, facts, policy, said)), None)
    if lane is not None:
        lead, assists = lane.lead, lane.assists
        if lead and any(each.lead for each in here):
            assists = (lead, *assists)
            lead = None
        because = f"诉求写明了企业，走绿色通道“{lane.name}”"
        here.append(Effect(f"lane.{lane.code}", lane.clause, because, lane.urgency, assists, lead))
    return tuple(here)


def _campaign(facts: RoutingFacts, policy: Policy, said: str, at: datetime) -> Campaign | None:
    """The campaign that a suggestion belongs to: the one it names, else the first on whose words it holds.

    A complaint filed on a campaign's page is a complaint still; where nobody said what it is, its words must speak.
    """
    held = policy.occasions.campaigns
    named = held.get(facts.occasion or "")
    if named is not None and facts.type is TicketType.SUGGEST:
        return named
    if named is not None and facts.type is TicketType.OTHER:
        return named if any(word in said for word in named.words) else None
    if facts.type is not TicketType.SUGGEST or facts.occasion is not None:
        return None
    on = (each for each in held.values() if each.is_on(at))
    return next((each for each in on if any(word in said for word in each.words)), None)


def _of_occasion(facts: RoutingFacts, policy: Policy, said: str) -> Iterator[Effect]:
    """What the session does that the request was brought to, or the counter where a time was booked."""
    session = policy.occasions.sessions.get(facts.occasion or "")
    if session is not None and (not session.topics or any(word in said for word in session.topics)):
        because = f"诉求来自{SESSION_WORDS[session.kind]}“{session.name}”（{session.leader_title}）"
        rule = f"session.{session.code}"
        yield Effect(rule, session.clause, because, session.urgency, session.assists, session.team)
    counter = policy.occasions.counters.get(facts.occasion or "")
    if counter is not None:
        because = f"预约了“{counter.item}”窗口"
        yield Effect(f"counter.{counter.code}", counter.clause, because, lead=counter.department, alone=True)


def _fits(lane: Lane, facts: RoutingFacts, policy: Policy, said: str) -> bool:
    return (
        facts.enterprise
        and (not lane.types or facts.type in lane.types)
        and (
            not lane.categories
            or any(code in lane.categories for code in upwards(facts.category, policy.categories))
        )
        and (not lane.words or any(word in said for word in lane.words))
    )


def _thanked(decision: Decision, found: Effect, policy: Policy) -> Decision:
    details = {key: value for key, value in decision.details.items() if key not in ("proposal", "assists")}
    done = {**_told(found), "was": decision.rule}
    return replace(
        decision,
        what=Stage.ANSWERED.value,
        because=f"{found.because}。",
        rule=found.rule,
        clause=found.clause,
        department=None,
        assists=(),
        details={**details, "copy_to": [found.copy_to], "answer": found.thanks, "effects": [done]},
    )


def _turned(
    decision: Decision, found: Effect, facts: RoutingFacts, policy: Policy, reviewed: bool
) -> Decision:
    """Raise, add who helps, and hand the ticket to the team where nobody has to look first."""
    details = {**decision.details, "effects": [*decision.details.get("effects", ()), _told(found)]}
    held = Urgency(details.get("urgency", facts.urgency))
    raised = found.urgency if found.urgency and _ORDER.index(found.urgency) > _ORDER.index(held) else None
    if raised:
        details["urgency"] = raised.value
    takes = found.lead if found.lead and not reviewed else None
    lead = takes or decision.department
    before = (*decision.assists, *details.get("assists", ()))
    routed = () if takes and found.alone else (decision.department if takes else None, *before)
    assists = _without(lead, (*routed, *found.assists))
    fresh = [code for code in assists if takes or code not in before]
    said = _sentence(found, takes, fresh, raised, policy)
    if takes:
        done = {key: value for key, value in details.items() if key not in ("proposal", "assists")}
        return replace(
            decision,
            what=Stage.TO_SIGN.value,
            because=f"{said}原判断：{decision.because}",
            rule=found.rule,
            clause=found.clause,
            department=takes,
            assists=assists,
            details=done,
        )
    if decision.what == Stage.TO_SIGN:
        return replace(decision, because=decision.because + said, assists=assists, details=details)
    details |= {"assists": list(assists), "proposal": _proposal(details.get("proposal", []), found, policy)}
    return replace(decision, because=decision.because + said, details=details)


def _proposal(shown: list[dict[str, Any]], found: Effect, policy: Policy) -> list[dict[str, Any]]:
    """What a person is shown to choose from, the team of the session first."""
    if found.lead is None:
        return shown
    team = {
        "department": found.lead,
        "name": policy.departments[found.lead].name,
        "p": None,
        "source": found.rule.partition(".")[0],
        "in_catalogue": True,
    }
    return [team, *(each for each in shown if each["department"] != found.lead)][:_PROPOSALS]


def _without(lead: str | None, codes: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for code in codes if code and code != lead))


def _sentence(
    found: Effect, takes: str | None, assists: list[str], raised: Urgency | None, policy: Policy
) -> str:
    parts = [found.because]
    if found.lead:
        parts.append(f"{'由' if takes else '建议由'}{policy.departments[found.lead].name}主办")
    if assists:
        parts.append("、".join(policy.departments[code].name for code in assists) + "协办")
    if raised:
        parts.append(f"提为{URGENCY_WORDS[raised]}")
    return "，".join(parts) + "。"


def _told(found: Effect) -> dict[str, Any]:
    """An effect as it is stored with the decision: plain JSON."""
    return {"rule": found.rule, "because": f"{found.because}。", "clause": found.clause}


def _aware(at: datetime) -> None:
    if at.tzinfo is None:
        raise BadInput("时间必须带时区。", "例如 2026-03-02T10:00:00+08:00")
