"""Looking at who called (查看身份): the value once in the answer, the look in the history and in a log, many looks told."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dispatch.desk import Desk
from dispatch.record import notices
from dispatch.storage import history, reveals
from dispatch.storage.database import Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.tables import Ticket
from rules.access import Actor
from rules.errors import BadInput
from rules.outcome import Notify, Outcome, heard
from rules.policy import Policy
from rules.side_bodies import IDENTITY_WORDS, RevealBody
from rules.terms import Role

#: A callback takes two minutes at the least, and needs the number and perhaps the name: who looks more often than this
#: within the hour is not calling anybody. The same again tells again.
ALERT_FROM = 60
_HOUR = timedelta(hours=1)


def write(
    desk: Desk,
    tx: Transaction,
    ticket: Ticket,
    body: RevealBody,
    outcome: Outcome,
    policy: Policy,
    actor: Actor,
    now: datetime,
) -> Mapping[str, Any]:
    """Log the look and give what was asked for. Raises BadInput where the caller did not tell it.

    Reading changes nothing of the ticket: its version stays, so that nobody's open form is refused.
    """
    value = reveals.identity(tx, desk.seal, ticket, body.field)
    if value is None:
        raise BadInput(f"诉求人没有留下{IDENTITY_WORDS[body.field]}。")
    reveals.log(tx, ticket, body.field, body.reason, actor.name, sorted(actor.roles), now)
    ledger = Ledger()
    ledger.event += [history.row(ticket.number, each, actor.name, now) for each in outcome.happenings]
    n = reveals.count_since(tx, actor.name, now - _HOUR)
    if n % ALERT_FROM == 0:
        told = heard(_alarm(actor, n), policy, ticket.restricted)
        ledger.outbox += notices(ticket.number, told, now)
    ledger.write(tx)
    return {"field": body.field, "value": value}


def _alarm(actor: Actor, n: int) -> list[Notify]:
    """The supervisors hear; of one of themselves, who is over them."""
    receiver = "hotline_authority" if Role.SUPERVISOR in actor.roles else "supervisor"
    return [Notify(receiver, f"{actor.name} 一小时内查看诉求人身份 {n} 次，请核实是否都为工作所需。")]
