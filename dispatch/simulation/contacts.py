"""How a contact of the demo comes in (演示的来话方式): its channel, session, enterprise, proxy or booking, by the pack."""

from datetime import datetime
from typing import Any

from dispatch.simulation.stories import Story, phone
from rules.appointments import free_times
from rules.policy import Policy
from rules.worktime import Calendar


def asked(
    story: Story, index: int, caller: int, terms: tuple[Policy, Calendar], now: datetime
) -> dict[str, Any]:
    """What the operator or the citizen sends, in the words of contract.md."""
    raw: dict[str, Any] = {
        "channel": story.channel,
        "text": story.texts[index],
        "type": story.type,
        "urgency": story.urgency,
        "caller": {"phone": phone(caller)},
    }
    if "enterprise" in story.told:
        raw["enterprise"] = story.told["enterprise"]
    return raw | _occasion(story, *terms, now)


def _occasion(story: Story, policy: Policy, calendar: Calendar, now: datetime) -> dict[str, Any]:
    """Nothing where the pack has no such session, campaign, agent or counter, or none is on."""
    found = policy.occasions
    match story.kind:
        case "session" | "visit" | "walk_in":
            on = (
                each for each in found.sessions.values() if each.is_on(now) and story.channel in each.channels
            )
            session = next(on, None)
            return {"occasion": session.code} if session else {}
        case "campaign":
            campaign = next((each for each in found.campaigns.values() if each.is_on(now)), None)
            return {"occasion": campaign.code} if campaign else {}
        case "proxy":
            agent = next(iter(found.agents.values()), None)
            return {"proxy": {"agent": agent.code}} if agent else {}
        case "appointment":
            counters = (
                each for each in found.counters.values() if each.department == story.told["at_counter"]
            )
            counter = next(counters, None)
            free = next(free_times(counter, calendar, {}, now), None) if counter else None
            return (
                {"appointment": {"counter": counter.code, "at": free.isoformat()}} if counter and free else {}
            )
        case _:
            return {}
