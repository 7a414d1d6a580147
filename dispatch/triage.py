"""Reading and routing what was accepted (分拣): the model suggests, the rules decide, the reasons are kept.

Batches make this cheap: one claim, one look by the model, one transaction. A ticket that cannot be written makes its
batch fall back to one by one, so it fails alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog

from classifier.model import Suggestion
from classifier.place import Area, Gazetteer
from dispatch import clues, draining, linking, proposals, supervise
from dispatch.desk import Desk
from dispatch.linking import New
from dispatch.record import assignments, decision_row, follow, notices, record, rise
from dispatch.storage import cards as stored_cards
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import facts as stored_facts
from dispatch.storage import history, outbox, tickets
from dispatch.storage.database import Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.outbox import Work
from dispatch.storage.tables import Ticket
from intake.elements import found_in
from rules import clocks, escalation, lifecycle, upward
from rules.escalation import Climb
from rules.occasions import effect
from rules.outcome import Notify, Outcome, heard
from rules.policy import Policy
from rules.routing import RoutingFacts, route
from rules.sorting import Card, Matter, card_for, card_of, fault_of, sort
from rules.terms import CHINA, Act, Decision, Facts, Happened, Happening, Stage, TicketType, Urgency
from rules.worktime import Calendar

BATCH = 50

log = structlog.get_logger(__name__)

_NOTHING = Suggestion((), (), True, (), "")


@dataclass(frozen=True, slots=True)
class Judged:
    """One ticket with what was decided about it: facts before, the outcome, where it lies.

    `routing` is what routing knew; `seen` the part of it that the ticket row does not hold, to be kept for a replay.
    """

    facts: Facts
    outcome: Outcome
    decision: Decision
    seen: Mapping[str, Any]
    area: str | None
    routing: RoutingFacts


@lru_cache(maxsize=8)
def gazetteer(policy: Policy) -> Gazetteer:
    """The places of a pack, ready to be found; packs never change under one hash."""
    return Gazetteer(Area(each.code, each.name, each.aliases) for each in policy.areas.values())


def suggest(desk: Desk, texts: Sequence[str], now: datetime) -> list[Suggestion | None]:
    """What the active model says of each text; None throughout when there is no readable model."""
    model = desk.models.active(now)
    return list(model.suggest_many(texts)) if model else [None] * len(texts)


def judge(
    ticket: Mapping[str, Any],
    facts: Facts,
    said: Suggestion | None,
    policy: Policy,
    now: datetime,
    cards: Sequence[Card] = (),
) -> Judged:
    """Decide where a received ticket goes, `cards` being the known events that run. Nothing is written."""
    suggestion = said or _NOTHING
    mentions = gazetteer(policy).find(f"{ticket['place'] or ''}\n{ticket['title']}\n{ticket['text']}")
    areas = tuple(dict.fromkeys(code for each in mentions for code in each.codes))
    seen = RoutingFacts(
        text=ticket["text"],
        title=ticket["title"],
        type=TicketType(ticket["type"]),
        urgency=Urgency(ticket["urgency"]),
        channel=ticket["channel"],
        category=_told_category(facts) or _sure_category(suggestion, policy),
        areas=areas,
        labels=suggestion.labels,
        abstain=suggestion.abstain and said is not None,
        model=suggestion.model or None,
        place=ticket["place"] or "",
        enterprise=bool(ticket["enterprise"]),
        occasion=ticket["occasion"],
    )
    said_all = f"{ticket['title']}\n{ticket['text']}"
    matter = Matter(facts, _absent(ticket), card_for(said_all, areas, cards, policy))
    routed = effect(seen, route(seen, policy, now), policy, facts.received_at)
    decision = _with_terms(sort(routed, seen, matter, policy), suggestion)
    outcome = upward.also(_outcome(decision, facts, policy, now), facts)
    area = max(areas, key=lambda code: policy.areas[code].level, default=None)
    kept: dict[str, Any] = {
        "category": seen.category,
        "categories": [list(each) for each in suggestion.categories],
        "areas": list(areas),
        "labels": [list(each) for each in seen.labels],
        "abstain": seen.abstain,
        "model": seen.model,
        "urgency": seen.urgency.value,
    }
    if matter.card is not None:
        kept["card"] = matter.card.as_dict()
    return Judged(facts, outcome, decision, kept, area, seen)


def _told_category(facts: Facts) -> str | None:
    """What whoever split the contact said it is about."""
    first = next(iter(facts.happenings), None)
    return first.data.get("category") if first else None


def _sure_category(suggestion: Suggestion, policy: Policy) -> str | None:
    top = suggestion.categories[0] if suggestion.categories else None
    return top[0] if top and top[1] >= policy.gate and top[0] in policy.categories else None


def _absent(ticket: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of the elements were not told; a place or a time in its own field counts."""
    told = asdict(found_in(ticket["text"]))
    given = {"place": ticket["place"], "time": ticket.get("occurred_at")}
    return tuple(name for name, words in told.items() if words is None and not given.get(name))


def _with_terms(decision: Decision, suggestion: Suggestion) -> Decision:
    """With the words that spoke for the first label, and for each of the next two that were thought of."""
    terms = [[word, round(weight, 4)] for word, weight in suggestion.terms]
    pairs = zip(suggestion.labels[1:], suggestion.spoke[1:], strict=False)
    others = [[label, [word for word, _ in words]] for (label, _), words in pairs]
    return replace(decision, details={**decision.details, "terms": terms, "others": others})


def _outcome(decision: Decision, facts: Facts, policy: Policy, now: datetime) -> Outcome:
    stage = lifecycle.move(facts.stage, Act.TRIAGE, str(decision.what))
    raised = {key: decision.details[key] for key in ("urgency",) if key in decision.details}
    match stage:
        case Stage.TO_SIGN:
            pressing = Urgency(raised.get("urgency", facts.urgency)) is not Urgency.NORMAL
            return replace(_sent(decision, stage, pressing, now), changes=raised)
        case Stage.ANSWERED:
            return _answered(decision, stage, now)
        case _:
            triaged = Happening(Happened.TRIAGED, now, {"stage": stage, "rule": decision.rule})
            restricted = bool(decision.details.get("restricted"))
            receiver = "operator" if stage is Stage.INCOMPLETE else "supervisor" if restricted else ""
            hidden = {"restricted": True, "against": decision.details["against"]} if restricted else {}
            return Outcome(
                (triaged,),
                changes={**raised, **hidden},
                notices=(Notify(receiver, decision.because),) if receiver else (),
            )


def _answered(decision: Decision, stage: Stage, now: datetime) -> Outcome:
    """Praise, a known event, or a matter that has ended: answered at once, copied to whom it concerns."""
    card = decision.details.get("card")
    words = decision.details.get("answer", decision.because)
    answered = Happening(Happened.ANSWERED, now, {"stage": stage, "words": words, "rule": decision.rule})
    copied = "收到一份表扬，抄送贵单位。" if decision.rule == "praise" else decision.because
    copies = tuple(Notify("liaison", copied, code) for code in decision.details.get("copy_to", ()))
    changes = {"closed_at": now, "card": card["id"] if card else None}
    return Outcome((answered,), changes=changes, notices=copies)


def _sent(decision: Decision, stage: Stage, pressing: bool, now: datetime) -> Outcome:
    department = str(decision.department)
    data = {
        "stage": stage,
        "department": department,
        "assists": decision.assists,
        "reason": decision.because,
        "rule": decision.rule,
        "round": decision.details.get("round"),
    }
    names = (department, *decision.assists)
    words = f"新工单待签收：{decision.because}"
    told = tuple(Notify("liaison", words, code, duty=pressing) for code in names)
    dispatched = Happening(Happened.DISPATCHED, now, data)
    return Outcome((dispatched,), lead=department, assists=decision.assists, notices=told)


@dataclass(frozen=True, slots=True)
class Written:
    """What triage wrote of one ticket: the columns that change, the facts afterwards, and the rungs that fired."""

    columns: Mapping[str, Any]
    after: Facts
    climbed: Climb | None


def write(
    ledger: Ledger, judged: Judged, pack: str, terms: tuple[Policy, Calendar], now: datetime
) -> Written:
    """Add the rows of one judged ticket to `ledger`; its columns are for the caller to change."""
    after = replace(follow(judged.facts, judged.outcome), category=judged.decision.category)
    number = after.number
    ledger.event += [history.row(number, each, "system", now) for each in judged.outcome.happenings]
    if judged.outcome.lead:
        ledger.assignment += assignments(number, judged.outcome, "system", now)
    ledger.decision.append(decision_row(number, Act.TRIAGE, judged.decision, judged.seen, pack, now))
    climbed = escalation.climb(after, *terms, now)
    if climbed:
        after = rise(ledger, after, climbed, terms[0], now)
    plans = clocks.plan(after, *terms)
    ledger.clock += stored_clocks.fresh(number, plans, pack, terms[1].version)
    if not after.history:
        told = heard(judged.outcome.notices, terms[0], after.restricted)
        ledger.outbox += notices(number, told, now)
    changes = judged.outcome.changes
    columns = {
        "stage": after.stage.value,
        "department": after.department,
        "category": judged.decision.category,
        "area": judged.area,
        "due_at": clocks.due_of(plans),
        "closed_at": changes.get("closed_at"),
        "urgency": after.urgency.value,
        "restricted": changes.get("restricted", after.restricted),
        "against": changes.get("against", after.against),
        "card": changes.get("card"),
        "upward": changes.get("upward"),
        "complaint_count": after.complaint_count,
        "supervision": after.supervision,
        "raised": after.raised,
    }
    return Written(columns, after, climbed)


def drain(desk: Desk, now: datetime) -> int:
    """Triage one claimed batch; how many rows were claimed (0: nothing waits). Raises Outage.

    A ticket that cannot be triaged after all tries goes to a person, so that none is left without an owner.
    """

    def settle(works: Sequence[Work]) -> None:
        _settle(desk, works, _read(desk, works, now), now)

    def died(work: Work) -> None:
        hand_over(desk, work.ticket, now)

    return draining.drain(desk, "triage", BATCH, settle, now, died)


def _read(desk: Desk, works: Sequence[Work], now: datetime) -> dict[int, Suggestion | None]:
    """What the model says of each claimed ticket, by outbox row."""
    with desk.database.reading() as tx:
        rows = {each["number"]: each for each in tickets.texts(tx, [work.ticket for work in works])}
    texts = [f"{rows[work.ticket]['title']}\n{rows[work.ticket]['text']}" for work in works]
    return dict(zip((work.id for work in works), suggest(desk, texts, now), strict=True))


def hand_over(desk: Desk, number: str, now: datetime) -> None:
    """Give a ticket that cannot be triaged to a dispatcher; one that is triaged already is left alone."""
    with desk.transaction() as tx:
        ticket = tickets.lock(tx, number)
        if ticket.stage != Stage.RECEIVED:
            return
        _caught_up(desk, tx, {number: ticket}, stored_clocks.timed(tx, [number]), now)
        facts = stored_facts.gather(tx, ticket)
        terms = desk.packs.of(ticket.pack, tx)
        because = "系统多次未能分拣这张工单，请人工派单。"
        stage = lifecycle.move(facts.stage, Act.TRIAGE, Stage.TO_DISPATCH.value)
        outcome = Outcome(
            (Happening(Happened.TRIAGED, now.astimezone(CHINA), {"stage": stage, "rule": "triage_failed"}),),
            decision=Decision(stage.value, because, "triage_failed", pack=terms[0].hash),
            notices=(Notify("dispatcher", because),),
        )
        record(desk, tx, ticket, facts, Act.TRIAGE, outcome, terms, "system", now)


def _settle(desk: Desk, works: Sequence[Work], said: Mapping[int, Suggestion | None], now: datetime) -> None:
    """Write a batch in one transaction; what another worker finished, or a person moved on, is left alone."""
    local = now.astimezone(CHINA)
    with desk.transaction() as tx:
        mine = set(outbox.finish_all(tx, works, now))
        held = tickets.lock_all(tx, sorted({work.ticket for work in works if work.id in mine}))
        timed = _caught_up(desk, tx, held, stored_clocks.timed(tx, list(held)), now)
        events = history.read_all(tx, list(held))
        ledger, changes, again, new = Ledger(), [], [], []
        cards, before = _running_cards(tx, now), proposals.Before(tx)
        for work in works:
            ticket = held.get(work.ticket)
            if work.id not in mine or ticket is None or ticket.stage != Stage.RECEIVED:
                continue
            terms = desk.packs.of(ticket.pack, tx)
            facts = stored_facts.of_rows(ticket, (), events[ticket.number])
            judged = judge(ticket.model_dump(), facts, said[work.id], terms[0], local, cards)
            judged = _with_precedent(judged, before.told(judged.decision, judged.area, terms[0]))
            written = write(ledger, judged, ticket.pack, terms, local)
            changes.append({"row": ticket.number, **written.columns})
            if written.climbed:
                clues.open_all(desk, tx, ledger, written.after, written.climbed.clues, terms, now)
            again += [(written.after, ticket.pack, terms)] if ticket.number in timed else []
            if not any(each.kind is Happened.SUPPLEMENTED for each in facts.happenings):  # linked once
                shown = New(ticket.model_dump(), facts, judged.area, written.columns["restricted"])
                new.append(shown)
        ledger.clock = [row for row in ledger.clock if row["ticket"] not in timed]
        ledger.link += linking.rows(tx, new, now)
        ledger.write(tx)
        for each in again:
            _time_again(tx, *each)
        tickets.change_all(tx, changes)


def _caught_up(
    desk: Desk, tx: Transaction, held: Mapping[str, Ticket], timed: set[str], now: datetime
) -> set[str]:
    """The tickets that have clocks by now; what fell due while nobody looked has fired, as triage ends the wait."""
    waiting = (each for each in held.values() if each.stage == Stage.RECEIVED)
    late = {each.number for each in waiting if supervise.time_late(desk, tx, each, now)}
    for number in sorted(timed | late):
        supervise.fire_first(desk, tx, number, now)
    return timed | late


def _with_precedent(judged: Judged, words: str) -> Judged:
    """Whoever must decide is told what was conferred on a like matter; the decision stays as it is."""
    decision = judged.decision
    if not words:
        return judged
    return replace(judged, decision=replace(decision, because=f"{decision.because}{words}"))


def _running_cards(tx: Transaction, now: datetime) -> list[Card]:
    """The cards in force. One that cannot be read (its rules changed with an update) must not stop everybody's triage."""
    found = []
    for card in map(card_of, stored_cards.running(tx, now)):
        fault = fault_of(card)
        if fault is None:
            found.append(card)
        else:
            log.error("card_unusable", card=card.id, why=fault)
    return found


def _time_again(tx: Transaction, after: Facts, pack: str, terms: tuple[Policy, Calendar]) -> None:
    """Clocks of a ticket that somebody acted on (urged) before it was triaged: they are stored already."""
    stored_clocks.settle(tx, after, terms, pack)
