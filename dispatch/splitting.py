"""Writing a split (拆单): new words for the ticket, and a ticket with a number and a query code for each further matter."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dispatch import receive
from dispatch.desk import Desk
from dispatch.record import record
from dispatch.storage import facts as stored_facts
from dispatch.storage import history, outbox, reveals, tickets
from dispatch.storage.database import Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.tables import Ticket
from intake.request import Request, build
from rules import acts, carrying, lifecycle, splitting
from rules.access import Actor
from rules.bodies import DispatchBody
from rules.outcome import Case, Outcome
from rules.policy import Policy
from rules.side_bodies import Part, SplitBody
from rules.terms import CHINA, Act, Decision, Facts, Happened, Happening, Stage
from rules.worktime import Calendar

#: What a part has in common with the ticket that it was split from.
_SHARED = (
    "occurred_at", "time_known", "source_line", "upper_number", "upper_due_at", "recording_id", "occasion", "enterprise",
    "restricted", "against", "area", "history",
)  # fmt: skip
_SENT = "拆单时指定的承办单位"


@dataclass(frozen=True, slots=True)
class Splitting:
    """One split going on: the locked ticket, the rules it runs by, who splits it and when."""

    desk: Desk
    tx: Transaction
    ticket: Ticket
    terms: tuple[Policy, Calendar]
    actor: Actor
    now: datetime

    @property
    def origin(self) -> str:
        """The ticket that the contact came in as, also where a part is split again."""
        return self.ticket.split_from or self.ticket.number


def numbers(desk: Desk, number: str, body: SplitBody, now: datetime) -> list[str]:
    """A number for each new ticket, of the day of the contact; taken before the act, in a transaction of its own."""
    with desk.database.reading() as tx:
        received_at = tickets.read(tx, number).received_at
    return desk.numbers.take(desk.packs.active(now).area_code, received_at, len(body.parts) - 1)


def with_words(split: Splitting, body: SplitBody, outcome: Outcome) -> Outcome:
    """The first part's words, masked, in place of all of them; what stood there before is sealed with the event."""
    ticket, request = split.ticket, _request(split, body.parts[0])
    before = {"title": ticket.title, "text": ticket.text, "part": body.parts[0].text}
    sealed = split.desk.seal.seal(json.dumps(before, ensure_ascii=False), f"event.split:{ticket.number}")
    happenings = tuple(replace(each, data={**each.data, "sealed": sealed}) for each in outcome.happenings)
    changes = {**outcome.changes, "title": request.title, "text": request.masked_text}
    return replace(outcome, happenings=happenings, changes=changes)


def write(
    split: Splitting, before: Facts, after: Facts, body: SplitBody, new: Sequence[str]
) -> tuple[Facts, Mapping[str, Any]]:
    """Write the new tickets, dispatch what names its department, ring triage for the rest.

    The facts of the ticket itself and the answer come back: number, query code and stage of every part.
    """
    case = Case(before, *split.terms, split.now.astimezone(CHINA))
    first, *others = body.parts
    if first.department and after.stage in splitting.UNSENT:
        after = _send(split, split.ticket, after, first.department)
    parts: list[dict[str, Any]] = [
        {"number": after.number, "query_code": None, "stage": after.stage.value}
    ]  # its caller has the code already
    for number, part in zip(new, others, strict=True):
        parts.append(_open(split, case, number, part))
    return after, {"parts": parts}


def _request(split: Splitting, part: Part) -> Request:
    """The part as a contact of its own: said by the same caller, in the same way, at the same time."""
    ticket = split.ticket
    name = reveals.identity(split.tx, split.desk.seal, ticket, "name")
    caller = {"name": name, "anonymous": ticket.anonymous, "confidential": ticket.confidential}
    raw = {
        "channel": ticket.channel,
        "text": part.text,
        "title": part.title or None,
        "type": (part.type or ticket.type),
        "urgency": ticket.urgency,
        "place": ticket.place,
        "caller": caller,
    }
    return build(raw, ticket.received_at)


def _open(split: Splitting, case: Case, number: str, part: Part) -> dict[str, Any]:
    """One new ticket, received with the whole contact, written down now."""
    tx, ticket, now = split.tx, split.ticket, split.now
    request = _request(split, part)
    category = splitting.category_of(part, case)
    row = receive.ticket_row(request, split.terms[0], number, ticket.person, Stage.RECEIVED)
    row |= {name: getattr(ticket, name) for name in _SHARED}
    row |= {"category": category, "split_from": split.origin}
    asked = receive.Asked(split.actor)
    contact = receive.request_row(split.desk, request, asked, number, ticket.person)
    told = {
        "stage": Stage.RECEIVED,
        "channel": ticket.channel,
        "split_from": ticket.number,
        "category": category,
        "malicious": carrying.is_malicious(case.facts) or None,
        **splitting.promises_of(case),
    }
    received = Happening(Happened.RECEIVED, now, told)
    ledger = Ledger(ticket=[row], request=[{**contact, "joined": False, "stage": Stage.RECEIVED.value}])
    ledger.event.append(history.row(number, received, split.actor.name, now))
    if part.department is None:
        ledger.outbox.append(outbox.row("triage", number, now))
    ledger.write(tx)
    stage = Stage.RECEIVED
    if part.department is not None:
        made = tickets.lock(tx, number)
        stage = _send(split, made, stored_facts.gather(tx, made), part.department).stage
    return {"number": number, "query_code": contact["query_code"], "stage": stage.value}


def _send(split: Splitting, ticket: Ticket, facts: Facts, department: str) -> Facts:
    """Dispatch in the same act, by the same rule as ever; whoever splits has looked, so triage need not."""
    local = split.now.astimezone(CHINA)
    before: tuple[Happening, ...] = ()
    if facts.stage is Stage.RECEIVED:
        stage = lifecycle.move(facts.stage, Act.TRIAGE, Stage.TO_DISPATCH.value)
        before = (Happening(Happened.TRIAGED, local, {"stage": stage, "rule": "split"}),)
        facts = replace(facts, stage=stage)
    body = DispatchBody(department=department, reason=_SENT)
    outcome = acts.decide(Act.DISPATCH, body, Case(facts, *split.terms, local))
    decision = Decision(
        Stage.TO_SIGN, f"{_SENT}。", "split", pack=split.terms[0].hash, department=outcome.lead
    )
    outcome = replace(outcome, happenings=(*before, *outcome.happenings), decision=decision)
    return record(
        split.desk,
        split.tx,
        ticket,
        facts,
        Act.DISPATCH,
        outcome,
        split.terms,
        split.actor.name,
        split.now,
    )
