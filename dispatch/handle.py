"""One act by one person on one ticket (操作工单): locked, checked, decided, written, committed; the queue is told after."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dispatch import revealing, splitting, supervise
from dispatch.desk import Desk
from dispatch.record import record, touch
from dispatch.storage import facts as stored_facts
from dispatch.storage import people, tickets
from dispatch.storage.database import Transaction
from dispatch.storage.tables import Ticket
from dispatch.storage.tickets import Changed, NoSuchTicket
from intake.masking import mask
from rules import acts
from rules.access import Actor, may_act, may_review_at
from rules.bodies import Body, LinkBody, MarkBody, MergeBody, ReviewBody, SupplementBody
from rules.errors import IllegalAct
from rules.lifecycle import STAGES
from rules.outcome import Case, Outcome
from rules.side_bodies import RevealBody, SplitBody
from rules.terms import CHINA, ELEMENT_WORDS, Act, Facts
from rules.wording import EVENT_WORDS

#: Acts that a merged ticket knows, too, and that then concern its lead.
_OF_FOLLOWERS = (Act.UNMERGE, Act.CALL_BACK)


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was done: the facts afterwards, and what only this answer tells (query codes, a revealed value)."""

    facts: Facts
    answer: Mapping[str, Any] = field(default_factory=dict)


def perform(
    desk: Desk, number: str, act: Act, body: Body, version: int, actor: Actor, now: datetime
) -> Facts:
    """Do `act`; the facts afterwards come back. Raises as `carry_out`."""
    return carry_out(desk, number, act, body, version, actor, now).facts


def carry_out(
    desk: Desk, number: str, act: Act, body: Body, version: int, actor: Actor, now: datetime
) -> Done:
    """Do `act`, and tell what came of it.

    Raises NoSuchTicket, NotAllowed, Changed when `version` is stale, and what the rules raise; then nothing changed.
    """
    new = splitting.numbers(desk, number, body, now) if isinstance(body, SplitBody) else []
    try:
        return _carry_out(desk, number, act, body, version, actor, now, new)
    except IllegalAct:
        # A step that had been due may have moved the ticket just now, and was rolled back with the act: whoever looks
        # at the page again is to see what the refusal spoke of, also while no ticker is about.
        supervise.catch_up(desk, number, now)
        raise


def _carry_out(
    desk: Desk,
    number: str,
    act: Act,
    body: Body,
    version: int,
    actor: Actor,
    now: datetime,
    new: Sequence[str],
) -> Done:
    with desk.transaction() as tx:
        ticket, other = _held(tx, number, act, body)
        present = ticket.version  # of what people see: a step that fires below must not turn the act away
        if act is not Act.REVEAL and version == present:
            ticket = _caught_up(desk, tx, ticket, now)
            other = _caught_up(desk, tx, other, now) if other else None
        facts = stored_facts.gather(tx, ticket)
        may_act(actor, act, facts)
        if isinstance(body, ReviewBody):
            may_review_at(actor, body.level, facts.department)
        if version != present and act is not Act.REVEAL:
            raise _changed(version, present, facts)
        terms = desk.packs.of(ticket.pack, tx)
        second = stored_facts.gather(tx, other) if other else None
        case = Case(facts, *terms, now.astimezone(CHINA), second, actor.department, actor.name)
        outcome = acts.decide(act, body, case)
        if isinstance(body, RevealBody):
            return Done(facts, revealing.write(desk, tx, ticket, body, outcome, terms[0], actor, now))
        split = splitting.Splitting(desk, tx, ticket, terms, actor, now)
        if isinstance(body, SplitBody):
            outcome = splitting.with_words(split, body, outcome)
        if isinstance(body, SupplementBody):
            outcome = _with_words(desk, ticket, body, outcome)
        if isinstance(body, MarkBody):
            people.mark(tx, ticket.person, body.malicious, actor.name, body.reason, now)
        after = record(desk, tx, ticket, facts, act, outcome, terms, actor.name, now)
        for each in outcome.elsewhere:
            assert other is not None and second is not None
            touch(desk, tx, other, second, each, desk.packs.of(other.pack, tx), actor.name, now)
        if isinstance(body, SplitBody):
            return Done(*splitting.write(split, facts, after, body, new))
        return Done(after)


def _held(tx: Transaction, number: str, act: Act, body: Body) -> tuple[Ticket, Ticket | None]:
    """The ticket, and the other one that the act concerns, locked in the order of their numbers."""
    into = None
    if isinstance(body, MarkBody | SplitBody):
        people.hold(tx, number)  # before the ticket, as at receipt
    if isinstance(body, MergeBody):
        into = body.into
    elif isinstance(body, LinkBody):
        into = body.earlier
    if act in _OF_FOLLOWERS:
        into = tickets.lead_of(tx, number)
    if into is None:
        return tickets.lock(tx, number), None
    held = tickets.lock_all(tx, sorted({number, into}))
    if number not in held:
        raise NoSuchTicket(number=number)
    if into not in held:
        raise NoSuchTicket(f"没有目标工单“{into}”，请核对编号。")
    return held[number], held[into]


def _caught_up(desk: Desk, tx: Transaction, ticket: Ticket, now: datetime) -> Ticket:
    """The locked ticket after the steps that fell due before the act, though no ticker has been."""
    supervise.time_late(desk, tx, ticket, now)
    return supervise.fire_first(desk, tx, ticket.number, now) or ticket


def _with_words(desk: Desk, ticket: Ticket, body: SupplementBody, outcome: Outcome) -> Outcome:
    """The words that were asked for, masked, beside what was said first; the words themselves are sealed."""
    told = {key: mask(words).text for key, words in body.elements.items() if key != "name"}
    sealed = desk.seal.seal(
        json.dumps(dict(body.elements), ensure_ascii=False), f"event.supplement:{ticket.number}"
    )
    happenings = tuple(
        replace(each, data={**each.data, "elements": told, "sealed": sealed}) for each in outcome.happenings
    )
    added = "；".join(f"{ELEMENT_WORDS[key]}：{words}" for key, words in told.items())
    changes: dict[str, Any] = {**outcome.changes}
    if added:
        changes["text"] = f"{ticket.text}\n补充：{added}"
    if told.get("place") and not ticket.place:
        changes["place"] = told["place"]
    return replace(outcome, happenings=happenings, changes=changes)


def _changed(seen: int, present: int, facts: Facts) -> Changed:
    last = facts.happenings[-1] if facts.happenings else None
    what = f"，最近一次是{last.at:%m月%d日 %H:%M}的“{EVENT_WORDS[last.kind]}”" if last else ""
    return Changed(
        f"工单在您查看之后已被更新（您看到第 {seen} 版，现在第 {present} 版{what}），目前是“{STAGES[facts.stage].words}”。",
        hint="请刷新后再操作。",
    )
