"""Proposals for the catalogue as stored (清单建议): listed, settled once, and the newest on a like matter."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlmodel import SQLModel

from dispatch.storage import records  # noqa: F401  (defines the tables)
from dispatch.storage.database import Transaction
from dispatch.storage.tables import Ticket
from rules.errors import DeskError

_proposal = SQLModel.metadata.tables["proposal"]


class NoSuchProposal(DeskError):
    """没有这条清单建议，请核对编号。"""

    code = "no_such_proposal"
    status = 404


class ProposalSettled(DeskError):
    """这条清单建议已经审定过了。"""

    code = "proposal_settled"
    status = 409


def listed(
    tx: Transaction, states: Collection[str], before: int | None = None, n: int = 500
) -> list[Mapping[str, Any]]:
    """Proposals in one of `states`, newest first, at most `n`, from below the id `before`."""
    query = select(_proposal).where(_proposal.c.state.in_(tuple(states)))
    if before is not None:
        query = query.where(_proposal.c.id < before)
    found = tx.connection().execute(query.order_by(_proposal.c.id.desc()).limit(n)).mappings()
    return [dict(each) for each in found]


def settle(tx: Transaction, proposal: int, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write down what a person decided; the row afterwards. Raises NoSuchProposal, ProposalSettled."""
    waiting = (_proposal.c.id == proposal) & (_proposal.c.state == "proposed")
    changed = tx.connection().execute(update(_proposal).where(waiting).values(**values)).rowcount
    row = tx.connection().execute(select(_proposal).where(_proposal.c.id == proposal)).mappings().first()
    if row is None:
        raise NoSuchProposal(proposal=proposal)
    if not changed:
        raise ProposalSettled(f"这条清单建议已由{row['settled_by']}审定过了。", proposal=proposal)
    return dict(row)


def like(tx: Transaction, categories: Collection[str]) -> dict[tuple[str, str | None], Mapping[str, Any]]:
    """The newest proposal that nobody rejected, by category and area; under (category, None) that of any area."""
    query = select(_proposal).where(
        _proposal.c.category.in_(tuple(categories)), _proposal.c.state != "rejected"
    )
    found: dict[tuple[str, str | None], Mapping[str, Any]] = {}
    for row in tx.connection().execute(query.order_by(_proposal.c.id)).mappings():
        found[row["category"], row["area"]] = found[row["category"], None] = dict(row)
    return found


def proposed(
    ticket: Ticket, category: str, lead: str, assists: Collection[str], reason: str, actor: str, at: datetime
) -> dict[str, Any]:
    """The column values of a new proposal for the matter of `ticket`."""
    return {
        "ticket": ticket.number,
        "category": category,
        "area": ticket.area,
        "lead": lead,
        "assists": list(assists),
        "reason": reason,
        "state": "proposed",
        "proposed_by": actor,
        "proposed_at": at,
        "settled_by": None,
        "settled_at": None,
        "words": None,
    }
