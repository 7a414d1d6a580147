"""The reckoning (清算): what clients were told and what the facts promise, held against the tables; nobody's word is taken."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dispatch.desk import Desk
from dispatch.simulation.client import Told
from dispatch.simulation.people import SCOPE
from dispatch.storage import counts, history
from dispatch.storage import facts as stored_facts
from dispatch.storage import reckoning as stored
from dispatch.storage.database import Transaction
from dispatch.storage.tables import Ticket
from rules import clocks
from rules.policy import Policy
from rules.terms import CHINA, Facts, Happened, Stage
from rules.worktime import Calendar

_BATCH = 400
#: The desk's own name in events; whatever somebody else did was asked for by a client.
_DESK = "system"

#: Which clock (kind, scope, generation), which step, and when.
Owed = tuple[str, str, int, str, datetime]
_Clock = tuple[str, str, int]
_Done = tuple[str, datetime, str]


@dataclass(slots=True)
class Found:
    """What is wrong, in words, one entry for each thing; empty lists are a sound run."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.missed)


def reckon(desk: Desk, told: Told, until: datetime) -> Found:
    """Everything that happened up to `until` (aware), each ticket planned again from its events alone."""
    found = Found()
    with desk.database.reading(steady=True) as tx:
        for words, query in stored.LOST.items():
            found.lost += [f"{words}: {row}" for row in stored.rows_of(tx, query)]
        for words, query in stored.DOUBLED.items():
            found.doubled += [f"{words}: {row}" for row in stored.rows_of(tx, query)]
        _receipts(tx, told, found)
        found.missed += [f"without an owner: {n}" for n in range(counts.without_owner(tx))]
        last = ""
        while batch := stored.tickets_after(tx, last, _BATCH):
            last = batch[-1].number
            _tickets(desk, tx, batch, told, until, found)
    return found


def _receipts(tx: Transaction, told: Told, found: Found) -> None:
    """Each key gave what its client was told; no ticket and no request is there that nobody was told of."""
    held = stored.receipts(tx, SCOPE)
    found.lost += [f"told {key}: {said}" for key, said in told.receipts.items() if held.get(key) != said]
    found.doubled += [f"nobody was told: {key}" for key in held if key not in told.receipts]
    numbers = Counter(number for number, _, joined in told.receipts.values() if not joined)
    found.doubled += [f"told twice: {number}" for number, n in numbers.items() if n > 1]
    extra = counts.tickets(tx) - len(numbers)
    found.doubled += ["a ticket that nobody was told of"] * max(extra, 0)
    found.lost += ["a ticket is gone"] * max(-extra, 0)


def _tickets(
    desk: Desk, tx: Transaction, batch: Sequence[Ticket], told: Told, until: datetime, found: Found
) -> None:
    numbers = [each.number for each in batch]
    events, rows = history.read_all(tx, numbers), stored.clocks_of(tx, numbers)
    for ticket in batch:
        of_ticket = events[ticket.number]
        _acts(ticket.number, of_ticket, told, found)
        if ticket.stage == Stage.RECEIVED:
            found.missed.append(f"{ticket.number} was never triaged")
        facts = stored_facts.of_rows(ticket, (), of_ticket)
        terms = desk.packs.of(ticket.pack, tx)
        missing = _unkept(facts, terms, of_ticket, rows[ticket.number], until)
        found.missed += [f"{ticket.number} {words}" for words in missing]


def _acts(number: str, events: Sequence[Mapping[str, Any]], told: Told, found: Found) -> None:
    """The events of people are those that people were told of, each as often as they were told."""
    said: Counter[_Done] = Counter(
        (who, at.astimezone(CHINA), kind) for who, at, kinds in told.acts.get(number, ()) for kind in kinds
    )
    held: Counter[_Done] = Counter(
        (each["actor"], each["at"].astimezone(CHINA), each["kind"])
        for each in events
        if each["actor"] != _DESK and each["step"] is None and each["kind"] not in _BY_OTHERS
    )
    found.lost += [f"{number}: {what}" for what in (said - held).elements()]
    found.doubled += [f"{number}: {what}" for what in (held - said).elements()]


#: Receipts are told by key; what a merge writes into the other ticket is told with the merge.
_BY_OTHERS = frozenset(
    each.value for each in (Happened.RECEIVED, Happened.JOINED, Happened.FOLLOWED, Happened.UNFOLLOWED)
)


# --- Promises -------------------------------------------------------------------------------------------------


def _unkept(
    facts: Facts,
    terms: tuple[Policy, Calendar],
    events: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    until: datetime,
) -> Iterator[str]:
    """Steps that were owed and have no event at their instant, and clocks that are not set to the next one."""
    clock_of: dict[int, _Clock] = {row["id"]: (row["kind"], row["scope"], row["generation"]) for row in rows}
    fired = {
        (*clock_of[each["clock"]], each["step"], each["at"].astimezone(CHINA))
        for each in events
        if each["clock"] in clock_of and each["step"] is not None
    }
    for step in owed(facts, *terms, until):
        if step not in fired:
            yield f"{step[0]} {step[3]} {step[4].isoformat()}"
    next_at = {clock_of[row["id"]]: row["next_at"] for row in rows}
    for plan in clocks.plan(facts, *terms):
        clock = (plan.kind.value, plan.scope, plan.generation)
        wanted = clocks.next_step(plan, {each[3] for each in fired if each[:3] == clock})
        if wanted is not None and next_at.get(clock) != wanted.at:
            yield f"{plan.kind} is not set to {wanted.step} {wanted.at.isoformat()}"


def owed(facts: Facts, policy: Policy, calendar: Calendar, until: datetime) -> Iterator[Owed]:
    """The steps that must have fired by `until`: planned again after each event, for the time up to the next one.

    A step is owed when its clock runs and its instant comes before anything else happens. What the ticker itself wrote
    is not asked, but for the steps that move a ticket.
    """
    given: set[Owed] = set()
    moments = [at for at, each in enumerate(facts.happenings) if _moves(each.step, each.data, each.kind)]
    for position, at in enumerate(moments):
        begin = facts.happenings[at].at
        end = facts.happenings[moments[position + 1]].at if position + 1 < len(moments) else until
        if end <= begin and position + 1 < len(moments):
            continue
        so_far = replace(facts, happenings=facts.happenings[: at + 1])
        for plan in clocks.plan(so_far, policy, calendar):
            if plan.state != "armed":
                continue
            for step in plan.steps:
                due = (plan.kind.value, plan.scope, plan.generation, step.step, step.at.astimezone(CHINA))
                if max(step.at, begin) < end and due not in given:
                    given.add(due)
                    yield due


def _moves(step: str, data: Mapping[str, Any], kind: Happened) -> bool:
    """Whether an event can change what is promised: reminders and breaches cannot."""
    return not step or "stage" in data or kind in (Happened.CLUE_OPENED, Happened.RESUMED)
