"""One act by one person on one ticket (操作工单): locked, checked, decided, written, committed; the queue is told after."""

from datetime import datetime

from dispatch.desk import Desk
from dispatch.record import record
from dispatch.storage import facts as stored_facts
from dispatch.storage import tickets
from dispatch.storage.tickets import Changed
from rules import acts
from rules.access import Actor, may_act, may_review_at
from rules.bodies import Body, ReviewBody
from rules.lifecycle import STAGES
from rules.outcome import Case
from rules.terms import CHINA, Act, Facts
from rules.wording import EVENT_WORDS


def perform(
    desk: Desk, number: str, act: Act, body: Body, version: int, actor: Actor, now: datetime
) -> Facts:
    """Do `act`; the facts afterwards come back.

    Raises NoSuchTicket, NotAllowed, Changed when `version` is stale, and what the rules raise; then nothing changed.
    """
    with desk.transaction() as tx:
        ticket = tickets.lock(tx, number)
        facts = stored_facts.gather(tx, ticket)
        may_act(actor, act, facts.department, facts.departments)
        if isinstance(body, ReviewBody):
            may_review_at(actor, body.level, facts.department)
        if version != ticket.version:
            raise _changed(version, ticket.version, facts)
        policy, calendar = desk.packs.of(ticket.pack, tx)
        outcome = acts.decide(act, body, Case(facts, policy, calendar, now.astimezone(CHINA)))
        return record(tx, ticket, facts, act, outcome, (policy, calendar), actor.name, now)


def _changed(seen: int, present: int, facts: Facts) -> Changed:
    last = facts.happenings[-1] if facts.happenings else None
    what = f"，最近一次是{last.at:%m月%d日 %H:%M}的“{EVENT_WORDS[last.kind]}”" if last else ""
    return Changed(
        f"工单在您查看之后已被更新（您看到第 {seen} 版，现在第 {present} 版{what}），目前是“{STAGES[facts.stage].words}”。",
        hint="请刷新后再操作。",
    )
