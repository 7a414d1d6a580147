"""Clues for the inspector (线索): opened with the whole chain of evidence and draft records, settled by a person."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dispatch.desk import Desk
from dispatch.storage import clues, tickets
from dispatch.storage import facts as stored_facts
from dispatch.storage.database import Transaction
from dispatch.storage.ledger import Ledger
from intake.masking import mask
from rules import evidence
from rules.pack_records import Level
from rules.policy import Policy
from rules.terms import CHINA, Facts, Happened, Happening
from rules.worktime import Calendar

#: How far back a matter is followed; the ladder by count ends long before.
_LONGEST_CHAIN = 50


def open_all(
    desk: Desk,
    tx: Transaction,
    ledger: Ledger,
    after: Facts,
    levels: Iterable[Level],
    terms: tuple[Policy, Calendar],
    now: datetime,
) -> None:
    """Add a row for each clue: the evidence and the drafts are frozen as they stand at this moment."""
    local = now.astimezone(CHINA)
    for level in levels:
        chain, frozen = matter(desk, tx, after)
        told = evidence.chain(chain, *terms, now=local, mask=_masked, frozen=frozen)
        drafts = evidence.drafts(chain, level, *terms, local, frozen=frozen)
        ledger.clue.append(
            {
                "ticket": after.number,
                "step": level.step,
                "state": "waiting",
                "department": drafts["rectification"]["department"]["code"],
                "evidence": evidence.as_rows(told),
                "drafts": drafts,
                "opened_at": now,
            }
        )


def _masked(words: str) -> str:
    return mask(words).text


def matter(
    desk: Desk, tx: Transaction, newest: Facts
) -> tuple[Sequence[Facts], Mapping[str, tuple[Policy, Calendar]]]:
    """The tickets of one matter, oldest first: the newest as it is given, the earlier ones as they are stored.

    With them the pack and calendar by which each earlier one ran: nobody is judged by limits of a later day.
    """
    chain, frozen, number = [newest], {}, newest.earlier
    while number is not None and len(chain) < _LONGEST_CHAIN:
        ticket = tickets.read(tx, number)
        earlier = stored_facts.gather(tx, ticket)
        frozen[number] = desk.packs.of(ticket.pack, tx)
        chain.append(earlier)
        number = earlier.earlier
    return chain[::-1], frozen


def settle_all(
    tx: Transaction, number: str, happenings: Iterable[Happening], actor: str, now: datetime
) -> None:
    """Set what became of the waiting clue of a ticket where an act settled or undid it."""
    for each in happenings:
        state = _state(each.kind, each.data)
        if state is not None:
            clues.settle(tx, number, state, actor, each.data.get("reason"), now)


def _state(kind: Happened, data: Mapping[str, Any]) -> str | None:
    match kind:
        case Happened.CLUE_SETTLED:
            return "confirmed" if data["confirmed"] else "rejected"
        case Happened.CLUE_SENT_UP:
            return "sent_up"
        case Happened.UNDONE if data.get("clue"):
            return "undone"
        case _:
            return None
