"""Writing down what was decided (记录): an Outcome becomes events, clocks, assignments and outbox rows, in one go."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatch import clues, proposals
from dispatch.desk import Desk
from dispatch.storage import clocks as stored_clocks
from dispatch.storage import history, outbox, tickets
from dispatch.storage.database import Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.tables import Ticket
from rules import escalation
from rules.escalation import Climb
from rules.outcome import Elsewhere, Notify, Outcome, heard
from rules.policy import Policy
from rules.terms import CHINA, Act, Decision, Facts, Happened, Stage, Urgency
from rules.worktime import Calendar


def record(
    desk: Desk,
    tx: Transaction,
    ticket: Ticket,
    facts: Facts,
    act: Act,
    outcome: Outcome,
    terms: tuple[Policy, Calendar],
    actor: str,
    now: datetime,
    stamp: Mapping[str, Any] | None = None,
) -> Facts:
    """Write the whole of `outcome` for a locked ticket, and the rungs that it reaches; the facts afterwards come back.

    `stamp` names the clock, generation and step that made the first event happen, when a clock did.
    """
    after = follow(facts, outcome)
    ledger = Ledger()
    collect(ledger, after, act, outcome, terms[0], ticket.pack, actor, now)
    if stamp:
        ledger.event[0] = {**ledger.event[0], **stamp}
    climbed = escalation.climb(after, *terms, now.astimezone(CHINA))
    if climbed:
        after = rise(ledger, after, climbed, terms[0], now)
        clues.open_all(desk, tx, ledger, after, climbed.clues, terms, now)
    clues.settle_all(tx, ticket.number, outcome.happenings, actor, now)
    told = proposals.propose(ledger, ticket, act, outcome, actor, now)
    ledger.outbox += notices(ticket.number, heard(told, terms[0], after.restricted), now)
    if outcome.again:
        ledger.outbox.append(outbox.row("triage", ticket.number, now))
    if outcome.lead or outcome.result:
        tickets.end_assignments(tx, ticket.number, outcome.result or "replaced", now)
    if outcome.leaves:
        tickets.end_assignment(tx, ticket.number, outcome.leaves, Happened.REPORTED_UP.value, now)
    ledger.write(tx)
    due_at = stored_clocks.settle(tx, after, terms, ticket.pack)
    changed = {**outcome.changes, **(climbed.changes if climbed else {})}
    columns = {"stage": after.stage.value, "department": after.department, "due_at": due_at}
    tickets.change(tx, ticket.number, {**changed, **columns})
    return after


def rise(ledger: Ledger, after: Facts, climbed: Climb, policy: Policy, now: datetime) -> Facts:
    """Add the rows of the rungs that fired; the facts with them come back."""
    ledger.event += [history.row(after.number, each, "system", now) for each in climbed.happenings]
    ledger.outbox += notices(after.number, heard(climbed.notices, policy, after.restricted), now)
    return replace(
        after,
        happenings=after.happenings + climbed.happenings,
        complaint_count=climbed.changes["complaint_count"],
        supervision=climbed.changes["supervision"],
        raised=climbed.changes["raised"],
    )


def touch(
    desk: Desk,
    tx: Transaction,
    ticket: Ticket,
    facts: Facts,
    elsewhere: Elsewhere,
    terms: tuple[Policy, Calendar],
    actor: str,
    now: datetime,
) -> None:
    """Write what an act on another ticket does to this locked one (并单); no clock of it moves, but a clue may start."""
    ledger = Ledger()
    ledger.event += [history.row(facts.number, each, actor, now) for each in elsewhere.happenings]
    if not facts.history:
        told = heard(elsewhere.notices, terms[0], facts.restricted)
        ledger.outbox += notices(facts.number, told, now)
    after = replace(facts, happenings=facts.happenings + elsewhere.happenings)
    climbed = escalation.climb(after, *terms, now.astimezone(CHINA))
    if climbed:
        after = rise(ledger, after, climbed, terms[0], now)
        clues.open_all(desk, tx, ledger, after, climbed.clues, terms, now)
    ledger.write(tx)
    if climbed:
        stored_clocks.settle(tx, after, terms, ticket.pack)
    tickets.change(tx, facts.number, {**elsewhere.changes, **(climbed.changes if climbed else {})})


def follow(facts: Facts, outcome: Outcome) -> Facts:
    """The facts after `outcome`."""
    stage = next(
        (each.data["stage"] for each in reversed(outcome.happenings) if "stage" in each.data), facts.stage
    )
    department, departments = facts.department, facts.departments
    if outcome.lead:
        department, departments = outcome.lead, (outcome.lead, *outcome.assists)
    elif outcome.result:
        department, departments = None, ()
    elif outcome.joins:
        departments = (*departments, outcome.joins.department)
    departments = tuple(each for each in departments if each != outcome.leaves)
    return replace(
        facts,
        stage=Stage(stage),
        department=department,
        departments=departments,
        urgency=Urgency(outcome.changes.get("urgency", facts.urgency)),
        redo_round=outcome.changes.get("redo_round", facts.redo_round),
        complaint_count=outcome.changes.get("complaint_count", facts.complaint_count),
        supervision=outcome.changes.get("supervision", facts.supervision),
        earlier=outcome.changes.get("earlier", facts.earlier),
        restricted=outcome.changes.get("restricted", facts.restricted),
        against=outcome.changes.get("against", facts.against),
        merged_into=outcome.changes.get("merged_into", facts.merged_into),
        happenings=facts.happenings + outcome.happenings,
    )


def collect(
    ledger: Ledger,
    after: Facts,
    act: Act,
    outcome: Outcome,
    policy: Policy,
    pack: str,
    actor: str,
    now: datetime,
) -> None:
    """Add the new rows that `outcome` calls for; clocks are planned apart."""
    ledger.event += [history.row(after.number, each, actor, now) for each in outcome.happenings]
    if outcome.lead or outcome.joins:
        ledger.assignment += assignments(after.number, outcome, actor, now)
    if outcome.decision:
        ledger.decision.append(decision_row(after.number, act, outcome.decision, {}, pack, now))
    if not after.history:
        ledger.outbox += notices(after.number, heard(outcome.notices, policy, after.restricted), now)


def assignments(number: str, outcome: Outcome, actor: str, now: datetime) -> Iterable[dict[str, Any]]:
    """A row for the lead and one for each department that assists or was delegated to."""
    reason = next((str(each.data["reason"]) for each in outcome.happenings if each.data.get("reason")), "")
    parts: list[tuple[str | None, str, str | None]] = [(code, "assist", None) for code in outcome.assists]
    if outcome.lead:
        parts.insert(0, (outcome.lead, "lead", None))
    if outcome.joins:
        parts.append((outcome.joins.department, "assist", outcome.joins.upper))
    for department, part, upper in parts:
        yield {
            "ticket": number,
            "department": department,
            "part": part,
            "upper": upper,
            "actor": actor,
            "reason": reason,
            "at": now,
            "ended_at": None,
            "result": None,
        }


def decision_row(
    number: str, act: Act, decision: Decision, facts: Mapping[str, Any], pack: str, now: datetime
) -> dict[str, Any]:
    """The column values of a decision, with the facts it saw."""
    return {
        "ticket": number,
        "act": act.value,
        "what": str(decision.what),
        "because": decision.because,
        "rule": decision.rule,
        "clause": decision.clause,
        "pack": pack,
        "model": decision.details.get("model"),
        "department": decision.department,
        "facts": dict(facts),
        "details": dict(decision.details),
        "at": now,
    }


def notices(
    number: str, wanted: Iterable[Notify], now: datetime, kind: str = "notices"
) -> list[dict[str, Any]]:
    """One outbox row for each receiver, ready at `now`."""
    return [
        outbox.row(
            kind,
            number,
            now,
            {
                "receiver": each.receiver,
                "department": each.department,
                "words": each.words,
                **({"duty": True} if each.duty else {}),
            },
        )
        for each in wanted
    ]
