"""Accepting what people say (受理): one short transaction, after which a number is a promise.

The caller's row is written first and stays locked: under it is decided whether this contact joins an open ticket of
the same caller, or repeats one that is over. At most six statements and one commit for each accepted contact.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch import sameness, supervise
from dispatch.contacts import NOTHING, Kept, keep
from dispatch.desk import Desk
from dispatch.record import decision_row, notices
from dispatch.storage import history, outbox, people, tickets
from dispatch.storage.database import Doubled, Transaction
from dispatch.storage.ledger import Ledger
from intake.masking import mask
from intake.request import Request
from rules import carrying
from rules.accept import Danger, emergency
from rules.access import Actor
from rules.ends import HEAR_OF_DANGER
from rules.errors import BadInput, DeskError
from rules.lifecycle import OPEN_STAGES
from rules.outcome import Notify
from rules.policy import Policy
from rules.terms import CHINA, Act, Decision, Happened, Happening, Stage, Urgency

#: What a new contact can repeat: what nobody took up, or the caller took back, is no matter that came to an end.
_REPEATABLE = (Stage.CLOSED, Stage.ARCHIVED, Stage.ENDED, Stage.ANSWERED, Stage.MERGED)
#: Triage is about to look at the ticket anyway, and no limit of it could have been missed.
_NO_PROMISE = (Stage.RECEIVED,)


class KeyReused(DeskError):
    """这个 Idempotency-Key 已经用于另一份内容。"""

    code = "idempotency_key_reused"
    status = 422
    hint = "新的诉求请换一个新的 Idempotency-Key。"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the caller is told; `again` when the same contact had been accepted before."""

    number: str
    query_code: str
    stage: str
    joined: bool
    again: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """How the contact was asked for: by whom, under which idempotency key, with which body."""

    actor: Actor
    key: str | None = None
    fingerprint: str | None = None


def receive(desk: Desk, request: Request, asked: Asked, now: datetime) -> Receipt:
    """Accept `request`; the same key or external id again gives the same receipt and writes nothing.

    Raises KeyReused when the key came with another body, BadInput for a session that is not on or a time that cannot
    be booked, and what storage raises; then nothing was accepted.
    """
    policy = desk.packs.active(now)
    number = desk.numbers.take(policy.area_code, now)[0]
    try:
        with desk.transaction() as tx:
            return accept(tx, desk, policy, request, asked, number, now)
    except (Doubled, BadInput):  # of a known contact the session may be over, the time full with itself
        earlier = find(desk, request, asked)
        if earlier is None:
            raise
        return earlier


def find(desk: Desk, request: Request, asked: Asked) -> Receipt | None:
    """The receipt given earlier for the same key or external id. Raises KeyReused."""
    with desk.database.reading() as tx:
        held = tickets.by_key(tx, asked.actor.scope, asked.key, request.channel, request.external_id)
    if held is None:
        return None
    if (
        held.idempotency_key is not None
        and held.idempotency_key == asked.key
        and held.fingerprint != asked.fingerprint
    ):
        raise KeyReused()
    return Receipt(held.ticket, held.query_code, held.stage, held.joined, again=True)


def accept(
    tx: Transaction, desk: Desk, policy: Policy, request: Request, asked: Asked, number: str, now: datetime
) -> Receipt:
    """Write one accepted contact inside `tx`: a new ticket under `number`, or a joined one.

    Raises Doubled when the key or external id is known already.
    """
    kept = keep(tx, desk, policy, request, now)
    met = people.Met(None, 0, False)
    if request.caller.key is not None:
        met = people.count_contact(tx, desk.seal, request.caller.key, now)
    danger = emergency(f"{request.given_title or ''}\n{request.text}", policy.emergencies)
    before = _Earlier()
    known = met.id is not None and met.contacts > 1 and not kept.alone  # who was never met has no ticket
    if danger is None and met.id is not None and known:
        before = _before(tx, met.id, tickets.of_person(tx, met.id), request, policy)
    same = _caught_up(tx, desk, before.joined, now)
    number = same["number"] if same else number
    stage = same["stage"] if same else (Stage.TRANSFERRED if danger else Stage.RECEIVED).value
    ledger = Ledger()
    contact = request_row(desk, request, asked, number, met.id, kept)
    ledger.request.append({**contact, "joined": same is not None, "stage": stage})
    if same:
        joined = {**kept.event, "malicious": met.malicious or None, "same": before.because}
        join(ledger, same, request, asked, now, joined)
    else:
        carried = None
        if before.over:
            carried = _carried(tx, desk, before.over, policy, request.received_at, met.malicious)
        ledger.ticket.append(ticket_row(request, policy, number, met.id, stage, carried, kept))
        told = {
            **(carried or {}),
            **kept.event,
            "malicious": met.malicious or None,
            "same": before.because,
            "perhaps": before.perhaps,
        }
        open_matter(ledger, number, policy, request, asked, danger, now, told)
    ledger.write(tx)
    return Receipt(number, contact["query_code"], stage, same is not None)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What a caller's earlier tickets say of a new contact: the open one it joins, the one that is over and that it
    repeats, the likest that nobody can be sure of, each or none; `because` tells the machine's reasons."""

    joined: Mapping[str, Any] | None = None
    over: Mapping[str, Any] | None = None
    because: Mapping[str, Any] | None = None
    perhaps: Mapping[str, Any] | None = None


def _before(
    tx: Transaction, person: int, held: Sequence[Mapping[str, Any]], request: Request, policy: Policy
) -> _Earlier:
    """A sure open ticket before a sure closed one; a merged ticket stands for its lead.

    `held` are the caller's tickets and those that they were merged into, all of them locked. What may only perhaps be
    repeated is not shown where it is a complaint about officials.
    """
    alike = (*OPEN_STAGES, *_REPEATABLE)
    rows = [each for each in held if each["person"] == person and each["stage"] in alike][: sameness.COMPARED]
    found = sameness.likely(rows, request.title, request.masked_text, request.received_at, same_caller=True)
    running = [each["number"] for each in rows if each["stage"] in OPEN_STAGES]
    same = sameness.surest(found, running, policy.join_likeness)
    if same is not None:
        return _Earlier(joined=same.row, because=same.as_data())
    over = sameness.surest(found, (each.number for each in found), policy.join_likeness)
    if over is None:
        shown = (each.as_data() for each in found if not each.row["restricted"])
        return _Earlier(perhaps=next(shown, None))
    row = over.row
    if row["merged_into"] is not None:
        leads = {each["number"]: each for each in held}
        row = leads.get(row["merged_into"]) or tickets.matter_of(tx, row["merged_into"])
        if row["stage"] in OPEN_STAGES:
            return _Earlier(joined=row, because=over.as_data())
    if row["stage"] not in _REPEATABLE:
        return _Earlier()
    return _Earlier(over=row, because=over.as_data())


def _caught_up(
    tx: Transaction, desk: Desk, joined: Mapping[str, Any] | None, now: datetime
) -> Mapping[str, Any] | None:
    """The locked row that a contact joins, after the steps that fell due before: a pause may be over without a ticker."""
    if joined is None or joined["stage"] in _NO_PROMISE:
        return joined
    ticket = supervise.fire_first(desk, tx, joined["number"], now)
    return {**joined, "stage": ticket.stage} if ticket else joined


def _carried(
    tx: Transaction,
    desk: Desk,
    over: Mapping[str, Any],
    policy: Policy,
    at: datetime,
    malicious: bool,
) -> dict[str, Any]:
    """What the new ticket takes over from the one that it repeats, as the data of its receipt."""
    closed = carrying.Closed(
        number=over["number"],
        stage=Stage(over["stage"]),
        count=over["complaint_count"],
        counted_at=(over["counted_at"] or over["received_at"]).astimezone(CHINA),
        round=over["redo_round"],
        department=over["department"],
    )
    calendar = desk.packs.of(policy.hash)[1]
    data = carrying.carry(closed, policy, calendar, at.astimezone(CHINA), malicious).as_data()
    if closed.stage is Stage.ENDED:
        final = history.newest(tx, closed.number, Happened.ENDED)
        data |= {"former": None, "ended": (final or {}).get("words", "")}
    if over["restricted"]:
        data |= {"restricted": True, "against": over["against"]}
    return data


def _query_code(desk: Desk) -> str:
    """8 digits, read out over the phone; guessing is bounded at the look-up."""
    return f"{int.from_bytes(desk.random(8)) % 10**8:08d}"


def request_row(
    desk: Desk, request: Request, asked: Asked, number: str, person: int | None, kept: Kept = NOTHING
) -> dict[str, Any]:
    """The column values of one contact, but for `joined` and `stage`."""
    return {
        "ticket": number,
        "query_code": _query_code(desk),
        "received_at": request.received_at,
        "scope": asked.actor.scope,
        "idempotency_key": asked.key,
        "fingerprint": asked.fingerprint,
        "channel": request.channel,
        "external_id": request.external_id,
        "person": person,
        "sealed_name": desk.seal.seal(request.caller.name, f"request.name:{number}"),
        "sealed_text": desk.seal.seal(_unmasked(request), f"request.text:{number}"),
        **kept.request,
    }


def _unmasked(request: Request) -> str | None:
    """The caller's own words where masking changed them, as one JSON text; None where nothing was hidden."""
    shown = {"text": request.masked_text, "title": request.title, "place": masked_place(request)}
    own = {"text": request.text, "title": request.given_title, "place": request.place}
    hidden = {key: words for key, words in own.items() if words is not None and words != shown[key]}
    return json.dumps(hidden, ensure_ascii=False) if hidden else None


def masked_place(request: Request) -> str | None:
    """The place as it may be shown: without the number of the door."""
    return mask(request.place).text if request.place else None


def ticket_row(
    request: Request,
    policy: Policy,
    number: str,
    person: int | None,
    stage: str,
    carried: Mapping[str, Any] | None = None,
    kept: Kept = NOTHING,
) -> dict[str, Any]:
    """The column values of a new ticket that nobody has looked at yet; `carried` from the one it repeats."""
    held = carried or {}
    return {
        "number": number,
        "external_id": request.external_id,
        "channel": request.channel,
        "stage": stage,
        "type": request.type.value,
        "urgency": request.urgency.value,
        "title": request.title,
        "text": request.masked_text,
        "place": masked_place(request),
        "occurred_at": request.occurred_at,
        "time_known": request.time_known,
        "received_at": request.received_at,
        "closed_at": request.received_at if stage == Stage.TRANSFERRED else None,
        "person": person,
        "anonymous": request.caller.anonymous,
        "confidential": request.caller.confidential,
        "complaint_count": held.get("count", 1),
        "counted_at": held.get("counted_at", request.received_at),
        "earlier": held.get("earlier"),
        "redo_round": held.get("round") or 0,
        "supervision": 0,
        "raised": 0,
        "restricted": held.get("restricted", False),
        "against": held.get("against"),
        "source_line": request.source_line,
        "upper_number": request.upper_number,
        "upper_due_at": request.upper_due_at,
        "recording_id": request.recording_id,
        "history": False,
        **kept.ticket,
        "pack": policy.hash,
        "version": 1,
    }


def open_matter(
    ledger: Ledger,
    number: str,
    policy: Policy,
    request: Request,
    asked: Asked,
    danger: Danger | None,
    now: datetime,
    told: Mapping[str, Any] | None = None,
) -> None:
    """The first event of a new ticket, and who must go on: the model, or the emergency line at once.

    `told` is what the ticket takes over from an earlier one.
    """
    first = {"stage": Stage.RECEIVED, "channel": request.channel, **(told or {})}
    received = Happening(Happened.RECEIVED, request.received_at, first)
    ledger.event.append(history.row(number, received, asked.actor.name, now))
    if danger is None:
        ledger.outbox.append(outbox.row("triage", number, now))
        return
    data = {"stage": Stage.TRANSFERRED.value, "line": danger.line, "words": list(danger.words)}
    ledger.event.append(
        history.row(number, Happening(Happened.TRANSFERRED, request.received_at, data), "system", now)
    )
    words = "、".join(danger.words)
    because = f"文中出现“{words}”，危及人身安全，立即转 {danger.line}。"
    decided = Decision(Stage.TRANSFERRED, because, "emergency", danger.clause, policy.hash)
    ledger.decision.append(decision_row(number, Act.TRANSFER, decided, data, policy.hash, now))
    ledger.outbox += notices(number, [Notify(each, because) for each in HEAR_OF_DANGER], now)


def join(
    ledger: Ledger,
    open_one: Mapping[str, Any],
    request: Request,
    asked: Asked,
    now: datetime,
    told: Mapping[str, Any],
) -> None:
    """A contact about an open matter is an urging: it is recorded, and whoever works on it hears of it.

    `open_one` is the ticket's row: number, stage, department and restricted.

    `told` says why it is the same matter, and what else is known of the contact. Whether it counts as complaining
    again (the limit was missed) is looked at afterwards, under the ticket's lock.
    """
    number, department = open_one["number"], open_one["department"]
    data = {"channel": request.channel, **told}
    joined = Happening(Happened.JOINED, request.received_at, data)
    ledger.event.append(history.row(number, joined, asked.actor.name, now))
    receiver = "handler" if department else "supervisor" if open_one["restricted"] else "dispatcher"
    words = "诉求人再次来电催问同一事项。"
    if request.urgency is not Urgency.NORMAL:
        words += "本次标为紧急。"
    ledger.outbox += notices(number, [Notify(receiver, words, department)], now)
    if open_one["stage"] not in _NO_PROMISE:  # an accepted return: nobody holds it, its limit runs on
        ledger.outbox.append(outbox.row("ladder", number, now))
