"""Proposals for the catalogue (清单建议): made when conferring ends, accepted or rejected by a named person.

`hotline catalogue proposals | accept | reject`. What was accepted is printed as lines for the pack's routing.toml; no
machine edits a pack.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from dispatch.desk import Desk
from dispatch.options import AsJson, DatabaseUrl, Dir
from dispatch.storage import proposals
from dispatch.storage.database import Transaction
from dispatch.storage.ledger import Ledger
from dispatch.storage.tables import Ticket
from dispatch.terminal import answer, say, table, write
from intake.masking import mask
from rules.errors import BadInput
from rules.outcome import Notify, Outcome
from rules.policy import Policy
from rules.proposals import PROPOSAL_STATES, PROPOSAL_WORDS, like_before, pack_lines
from rules.terms import CHINA, Act, Decision, Stage

catalogue = typer.Typer(no_args_is_help=True, help="派单目录：会商形成的清单建议")

Named = Annotated[str, typer.Option("--by", help="审定人姓名")]
Number = Annotated[int, typer.Argument(metavar="ID", min=1)]


def propose(
    ledger: Ledger, ticket: Ticket, act: Act, outcome: Outcome, actor: str, now: datetime
) -> list[Notify]:
    """Add a proposal where conferring ended with a lead; who is told of it.

    A matter without a category makes no rule, and a complaint about officials is nobody's example.
    """
    category = outcome.changes.get("category", ticket.category)
    if act is not Act.CONFER or not outcome.lead or not category or ticket.restricted:
        return []
    reason = next(str(each.data["reason"]) for each in outcome.happenings if each.data.get("reason"))
    said = mask(reason.removeprefix("会商确定：")).text
    row = proposals.proposed(ticket, category, outcome.lead, outcome.assists, said, actor, now)
    ledger.proposal.append(row)
    return [Notify("supervisor", f"会商结果已形成清单建议，请审定：{said}")]


class Before:
    """What was conferred on before, for a batch of tickets; asked of the database once, and only when needed."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._known: dict[str, Mapping[tuple[str, str | None], Mapping[str, Any]]] = {}

    def told(self, decision: Decision, area: str | None, policy: Policy) -> str:
        """The sentence for whoever must decide on the ticket; empty where nothing like it was conferred on."""
        category = decision.category
        if decision.what != Stage.TO_DISPATCH or not category:
            return ""
        if category not in self._known:
            self._known[category] = proposals.like(self._tx, [category])
        found = self._known[category].get((category, area)) or self._known[category].get((category, None))
        return like_before(found, policy) if found else ""


def settle(desk: Desk, proposal: int, accept: bool, by: str, words: str, now: datetime) -> dict[str, Any]:
    """Accept or reject in somebody's name; as `as_told`. Raises BadInput, NoSuchProposal, ProposalSettled."""
    if not by.strip():
        raise BadInput("请写明审定人姓名。")
    if not accept and not words.strip():
        raise BadInput("不采纳时请写明理由。")
    state = "accepted" if accept else "rejected"
    with desk.transaction() as tx:
        values = {"state": state, "settled_by": by, "settled_at": now, "words": words or None}
        row = proposals.settle(tx, proposal, values)
    return as_told(row, desk.packs.active(now))


def listed(desk: Desk, states: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """The newest proposals in those states."""
    with desk.database.reading() as tx:
        rows = proposals.listed(tx, states)
    policy = desk.packs.active(now)
    return [as_told(row, policy) for row in rows]


def as_told(row: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """A proposal as plain JSON, with the lines for the pack once it was accepted."""
    lead, category, area = (
        known.get(row[name])
        for name, known in (
            ("lead", policy.departments),
            ("category", policy.categories),
            ("area", policy.areas),
        )
    )
    plain = ("id", "ticket", "category", "area", "lead", "assists", "reason", "state", "words")
    return {
        **{name: row[name] for name in plain},
        "state_words": PROPOSAL_WORDS[row["state"]],
        "lead_name": lead.name if lead else None,
        "category_name": category.name if category else None,
        "area_name": area.name if area else None,
        "proposed_by": row["proposed_by"],
        "proposed_at": row["proposed_at"].astimezone(CHINA).isoformat(),
        "settled_by": row["settled_by"],
        "settled_at": row["settled_at"].astimezone(CHINA).isoformat() if row["settled_at"] else None,
        "lines": pack_lines(row, policy) if row["state"] == "accepted" else None,
    }


@catalogue.command("proposals")
def proposals_(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="已审定的也列出")] = False,
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> None:
    """列出会商形成的清单建议，缺省只列待审定的。"""
    with ctx.obj.desk(database, dir) as desk:
        data = listed(desk, PROPOSAL_STATES if every else ("proposed",), ctx.obj.now())
    answer(json, data, lambda: _show(data))


def _show(data: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            each["id"],
            each["state_words"],
            each["category_name"] or each["category"],
            each["area_name"] or each["area"] or "",
            each["lead_name"] or each["lead"],
            "、".join(each["assists"]),
            each["reason"],
            each["ticket"],
        )
        for each in data
    ]
    table(("编号", "状态", "类别", "区域", "主办", "协办", "会商结果", "工单"), rows)


@catalogue.command("accept")
def accept(
    ctx: typer.Context,
    proposal: Number,
    by: Named,
    words: Annotated[str, typer.Option("--words", help="说明")] = "",
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> None:
    """采纳一条清单建议，写出要抄进规则包 routing.toml 的几行；系统不改规则包。"""
    with ctx.obj.desk(database, dir) as desk:
        data = settle(desk, proposal, True, by, words, ctx.obj.now())
    answer(json, data, lambda: _show_lines(data))


def _show_lines(data: Mapping[str, Any]) -> None:
    say("已采纳。请把下面几行抄进规则包的 routing.toml：")
    write(data["lines"])


@catalogue.command("reject")
def reject(
    ctx: typer.Context,
    proposal: Number,
    by: Named,
    reason: Annotated[str, typer.Option("--reason", help="不采纳的理由")],
    database: DatabaseUrl = None,
    dir: Dir = None,
    json: AsJson = False,
) -> None:
    """不采纳一条清单建议，写明理由。"""
    with ctx.obj.desk(database, dir) as desk:
        data = settle(desk, proposal, False, by, reason, ctx.obj.now())
    answer(json, data, f"第 {proposal} 条清单建议未采纳。")
