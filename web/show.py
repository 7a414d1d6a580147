"""Rows as JSON for scripts and consoles (接口数据): plain names, Chinese words beside the codes, times at +08:00."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.storage.tables import Request, Ticket
from dispatch.view import Row, View, standing
from rules.clocks import KIND_WORDS
from rules.policy import Policy
from rules.terms import (
    CHANNEL_WORDS,
    CHINA,
    TYPE_WORDS,
    URGENCY_WORDS,
    ClockKind,
    Happened,
    Stage,
    TicketType,
    Urgency,
)
from rules.wording import EVENT_WORDS, STATE_WORDS
from web.words import STAGE_WORDS

_LISTED = ("number", "title", "stage", "type", "urgency", "channel", "department", "category", "area")
_TOLD = (
    "text",
    "place",
    "time_known",
    "anonymous",
    "confidential",
    "redo_round",
    "supervision",
    "solved",
    "satisfied",
)
#: What only the hotline itself needs to find its way back to other systems and recordings.
_OF_THE_DESK = ("external_id", "source_line", "upper_number", "recording_id")


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in Chinese time."""
    return at.astimezone(CHINA).isoformat() if at else None


def department_name(policy: Policy, code: str | None) -> str | None:
    """The name of a department; a code the pack does not know stands for itself."""
    if code is None:
        return None
    found = policy.departments.get(code)
    return found.name if found else code


def listed(row: Mapping[str, Any], policy: Policy, now: datetime) -> dict[str, Any]:
    """One line of a work list."""
    stage = Stage(row["stage"])
    return {
        **{name: row[name] for name in _LISTED},
        "stage_words": STAGE_WORDS[stage],
        "type_words": TYPE_WORDS[TicketType(row["type"])],
        "urgency_words": URGENCY_WORDS[Urgency(row["urgency"])],
        "channel_words": CHANNEL_WORDS.get(row["channel"], row["channel"]),
        "department_name": department_name(policy, row["department"]),
        "received_at": moment(row["received_at"]),
        "due_at": moment(row["due_at"]),
        "overdue": row["due_at"] is not None and row["due_at"] < now,
        "complaint_count": row["complaint_count"],
        "version": row["version"],
    }


def whole(view: View, now: datetime) -> dict[str, Any]:
    """Everything about one ticket that the view holds."""
    return {
        **brief(view.ticket),
        "ticket": _ticket(view, now),
        "clocks": [_clock(each, view, now) for each in view.clocks],
        "decisions": [_decision(each, view.policy) for each in view.decisions],
        "history": [_event(each) for each in view.events],
        "assignments": [_assignment(each, view.policy) for each in view.assignments],
        "requests": [_request(each) for each in view.requests],
    }


def brief(ticket: Ticket) -> dict[str, Any]:
    """Where a ticket stands; the answer to an act, and the head of every ticket."""
    return {
        "number": ticket.number,
        "stage": ticket.stage,
        "version": ticket.version,
        "department": ticket.department,
        "due_at": moment(ticket.due_at),
    }


def _ticket(view: View, now: datetime) -> dict[str, Any]:
    row = view.ticket.model_dump()
    told = {name: row[name] for name in _TOLD}
    if view.whole:
        told |= {name: row[name] for name in _OF_THE_DESK}
        told["upper_due_at"] = moment(row["upper_due_at"])
    return {
        **listed(row, view.policy, now),
        **told,
        "occurred_at": moment(row["occurred_at"]),
        "closed_at": moment(row["closed_at"]),
        "pack": row["pack"],
    }


def _clock(row: Row, view: View, now: datetime) -> dict[str, Any]:
    stands = standing(row, view, now)
    return {
        "kind": row["kind"],
        "kind_words": KIND_WORDS[ClockKind(row["kind"])],
        "scope": row["scope"],
        "generation": row["generation"],
        "state": row["state"],
        "state_words": STATE_WORDS[row["state"]],
        "started_at": moment(row["started_at"]),
        "due_at": moment(row["due_at"]),
        "next_at": moment(row["next_at"]),
        "stopped_at": moment(row["stopped_at"]),
        "amount": row["amount"],
        "unit": row["unit"],
        "used": round(stands.used, 4) if stands else None,
        "steps": [{**each, "fired": _fired(row, each, view)} for each in row["ladder"]],
        "rule": row["rule"],
        "clause": row["clause"],
        "provisional": row["provisional"],
    }


def _fired(row: Row, step: Mapping[str, Any], view: View) -> bool:
    return any(each["clock"] == row["id"] and each["step"] == step["step"] for each in view.events)


def _decision(row: Row, policy: Policy) -> dict[str, Any]:
    plain = ("act", "what", "because", "rule", "clause", "pack", "model", "department", "facts", "details")
    return {
        **{name: row[name] for name in plain},
        "department_name": department_name(policy, row["department"]),
        "at": moment(row["at"]),
    }


def _event(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "words": EVENT_WORDS[Happened(row["kind"])],
        "at": moment(row["at"]),
        "recorded_at": moment(row["recorded_at"]),
        "actor": row["actor"],
        "clock": row["clock"],
        "generation": row["generation"],
        "step": row["step"],
        "data": row["data"],
    }


def _assignment(row: Row, policy: Policy) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("department", "part", "actor", "reason", "result")},
        "department_name": department_name(policy, row["department"]),
        "at": moment(row["at"]),
        "ended_at": moment(row["ended_at"]),
    }


def _request(row: Request) -> dict[str, Any]:
    """A contact without its query code: that belongs to the caller alone."""
    return {"received_at": moment(row.received_at), "channel": row.channel, "joined": row.joined}
