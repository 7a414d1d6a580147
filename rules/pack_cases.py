"""The worked cases of a pack (规则包样例): what is asked and what must come out, in the pack's own words."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from rules.pack_records import OCCASIONS
from rules.pack_sheets import Sheet
from rules.pack_source import Row
from rules.pack_tables import unique
from rules.terms import CHANNEL_WORDS, ClockKind, Stage, TicketType, Urgency

#: Says in a case that nothing must come out: no limit, no emergency, no refusal, no department.
NOTHING = "none"

_ROUTED = ("stage", "rule", "department", "assists", "raised")
_LIMITED = ("limit", "amount", "unit")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One worked case (样例). `wants` holds only what the case says must come out.

    Keys of `wants`: stage, rule, department, assists, raised (to which urgency; routing needs `at`), limit (row id),
    amount, unit (the limit of `clock`), emergency (line) and refusal (code); NOTHING where none may come out.
    `contact` is the code of the session, campaign or counter that it was brought to, `occasion` that of a limit.
    """

    name: str
    text: str
    title: str
    type: TicketType
    urgency: Urgency
    channel: str
    category: str | None
    areas: tuple[str, ...]
    labels: tuple[tuple[str, float], ...]
    abstain: bool
    at: datetime | None
    clock: ClockKind | None
    occasion: str
    contact: str | None
    enterprise: bool
    wants: Mapping[str, Any]


def read_cases(sheet: Sheet, known: Mapping[str, Collection[str] | None]) -> tuple[Case, ...]:
    """cases.toml; `known` says which codes exist: areas, categories, departments, limits, refusals, occasions."""
    read = [(row, _case(row, known)) for row in sheet.rows("case")]
    unique([(row, case.name) for row, case in read], "name")
    return tuple(case for _, case in read)


def _case(row: Row, known: Mapping[str, Collection[str] | None]) -> Case:
    category = row.text("category") if row.has("category") else None
    areas = row.texts("areas")
    row.refer("category", (category or "",), known["categories"], "catalogue.toml")
    row.refer("areas", areas, known["areas"], "areas.toml")
    contact = row.text("contact") if row.has("contact") else None
    row.refer("contact", (contact or "",), known["occasions"], "occasions.toml")
    clock = row.choice("clock", tuple(ClockKind)) if row.has("clock") else ""
    case = Case(
        name=row.text("name"),
        text=row.text("text", ""),
        title=row.text("title", ""),
        type=TicketType(row.choice("type", tuple(TicketType), TicketType.OTHER)),
        urgency=Urgency(row.choice("urgency", tuple(Urgency), Urgency.NORMAL)),
        channel=row.choice("channel", CHANNEL_WORDS, "phone"),
        category=category,
        areas=areas,
        labels=_labels(row),
        abstain=row.flag("abstain"),
        at=row.moment("at"),
        clock=ClockKind(clock) if clock else None,
        occasion=row.choice("occasion", OCCASIONS, ""),
        contact=contact,
        enterprise=row.flag("enterprise"),
        wants=MappingProxyType(_wants(row, known)),
    )
    _whole(row, case)
    return case


def _labels(row: Row) -> tuple[tuple[str, float], ...]:
    """`labels` and `shares`, side by side: what the model would have said."""
    labels = row.texts("labels")
    shares = row.numbers("shares", 0, 1)
    if len(labels) != len(shares):
        row.fault("shares", "shares 要与 labels 一一对应", "请让两个列表一样长")
    return tuple(zip(labels, shares, strict=False))


def _wants(row: Row, known: Mapping[str, Collection[str] | None]) -> dict[str, Any]:
    wants: dict[str, Any] = {key: row.text(key) for key in ("rule",) if row.has(key)}
    if row.has("stage"):
        wants["stage"] = row.choice("stage", tuple(Stage))
    if row.has("raised"):
        wants["raised"] = row.choice("raised", (*Urgency, NOTHING))
    if row.has("assists"):
        wants["assists"] = row.texts("assists")
        row.refer("assists", wants["assists"], known["departments"], "departments.toml")
    if row.has("amount") or row.has("unit"):
        budget = row.budget()
        wants |= {"amount": budget.amount, "unit": budget.unit} if budget else {}
    if row.has("emergency"):
        wants["emergency"] = row.choice("emergency", ("110", "119", "120", "122", NOTHING))
    for key, table in (("department", "departments"), ("limit", "limits"), ("refusal", "refusals")):
        if row.has(key):
            wants[key] = row.text(key)
            if wants[key] != NOTHING:
                row.refer(
                    key, (wants[key],), known[table], f"{table}.toml" if key != "refusal" else "不予受理"
                )
    return wants


def _whole(row: Row, case: Case) -> None:
    if not case.wants:
        row.fault("name", f"样例“{case.name}”没有写要得出什么", "请写 department、limit 等其中一项")
    if case.at is None and any(key in case.wants for key in _ROUTED):
        row.fault("at", "缺少 at：派单的样例要写时间", "例如 at = 2026-03-02T10:00:00+08:00")
    if case.clock is None and any(key in case.wants for key in _LIMITED):
        row.fault("clock", "缺少 clock：时限的样例要写是哪个时钟", '例如 clock = "handle"')
