"""Rows as JSON for scripts and consoles (接口数据): plain names, Chinese words beside the codes, times at +08:00."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.storage.tables import Request, Ticket
from dispatch.view import Row, View, standing
from rules.carrying import LINK
from rules.clocks import KIND_WORDS, WHOLE
from rules.evidence_words import TRIGGER_WORDS
from rules.policy import Policy
from rules.terms import (
    CHANNEL_WORDS,
    CHINA,
    ELEMENT_WORDS,
    TYPE_WORDS,
    URGENCY_WORDS,
    ClockKind,
    Happened,
    Stage,
    TicketType,
    Urgency,
)
from rules.wording import EVENT_WORDS, STATE_WORDS, event_words
from web.words import CLUE_WORDS, STAGE_WORDS

_LISTED = ("number", "title", "stage", "type", "urgency", "channel", "department", "category", "area")
#: How far a matter has climbed, and whether it is handled in a narrow circle.
_PRESSED = ("complaint_count", "supervision", "raised", "restricted")
_TOLD = (
    "text",
    "place",
    "time_known",
    "anonymous",
    "confidential",
    "redo_round",
    "solved",
    "satisfied",
)
_KIN = ("earlier", "merged_into", "later", "followers", "split_from", "parts")
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


def stage_words(code: str) -> str:
    """The Chinese word of a stage."""
    return STAGE_WORDS[Stage(code)]


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
        **{name: row[name] for name in _PRESSED},
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
        **matter(view),
    }


def matter(view: View) -> dict[str, Any]:
    """What belongs to the ticket beside itself: tickets of the same matter, a card, clues, and what can still be done."""
    kin = {name: [kin_of(each, view.policy) for each in view.kin if each["kin"] == name] for name in _KIN}
    return {
        "earlier": next(iter(kin["earlier"]), None),
        "merged_into": next(iter(kin["merged_into"]), None),
        "later": kin["later"],
        "followers": kin["followers"],
        "split_from": next(iter(kin["split_from"]), None),
        "parts": kin["parts"],
        "linked": [
            {
                **kin_of(each, view.policy),
                "likeness": round(each["likeness"], 4),
                "reasons": list(each["reasons"]),
            }
            for each in view.linked
        ],
        "card": card(view.card, view.policy) if view.card else None,
        "clues": [clue(each, view.policy) for each in view.clues],
        "missing": [{"element": each, "words": ELEMENT_WORDS[each]} for each in view.missing],
        "undoable": [
            {"step": step, "words": undoable_words(step, each.kind), "at": moment(each.at)}
            for step, each in view.undoable
        ],
    }


def undoable_words(step: str, kind: Happened) -> str:
    """What would be undone; a link to an earlier ticket may stand in the receipt itself."""
    return EVENT_WORDS[Happened.LINKED if step == LINK else kind]


def kin_of(row: Row, policy: Policy) -> dict[str, Any]:
    """Another ticket of the same matter, in brief."""
    return {
        **{name: row[name] for name in ("number", "title", "stage", "department")},
        "stage_words": STAGE_WORDS[Stage(row["stage"])],
        "department_name": department_name(policy, row["department"]),
        "received_at": moment(row["received_at"]),
    }


def card(row: Row, policy: Policy) -> dict[str, Any]:
    """An event card, and how many asked."""
    return {
        **{name: row[name] for name in ("id", "title", "answer", "words", "areas", "department")},
        "department_name": department_name(policy, row["department"]),
        "area_names": [policy.areas[each].name if each in policy.areas else each for each in row["areas"]],
        "begins_at": moment(row["begins_at"]),
        "ends_at": moment(row["ends_at"]),
        "created_by": row["created_by"],
        "asked": row["asked"],
    }


def clue(row: Row, policy: Policy) -> dict[str, Any]:
    """A clue in brief: what opened it and what became of it."""
    level = next((each for each in policy.levels if each.step == row["step"]), None)
    return {
        **{
            name: row[name]
            for name in ("id", "ticket", "step", "state", "department", "settled_by", "reason")
        },
        "words": TRIGGER_WORDS[level.trigger].format(count=level.count) if level else row["step"],
        "state_words": CLUE_WORDS[row["state"]],
        "department_name": department_name(policy, row["department"]),
        "opened_at": moment(row["opened_at"]),
        "settled_at": moment(row["settled_at"]),
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
        "against": row["against"],
        "against_name": department_name(view.policy, row["against"]),
        "pack": row["pack"],
    }


def _clock(row: Row, view: View, now: datetime) -> dict[str, Any]:
    stands = standing(row, view, now)
    return {
        "kind": row["kind"],
        "kind_words": KIND_WORDS[ClockKind(row["kind"])],
        "scope": row["scope"],
        "scope_name": department_name(view.policy, row["scope"]) if row["scope"] != WHOLE else None,
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
        "why": view.whys.get(row["id"]),
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
        "words": event_words(Happened(row["kind"]), row["data"]),
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
