"""What a citizen may ask without a key (公众查询): how their matter stands, by number and query code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from dispatch.storage import history, lookup, tickets
from dispatch.storage.tables import Ticket
from dispatch.view import ASKING, Row, missing_in
from intake.masking import mask
from rules.errors import DeskError
from rules.numbers import is_sound
from rules.terms import ELEMENT_WORDS, Happened, Stage
from web.door import Door, address_of, door_of, say
from web.show import moment
from web.statuses import declared
from web.words import CITIZEN_STAGES

router = APIRouter()

#: A reply is told to the public once both reviews have passed.
_AFTER_REVIEW = (Stage.TO_CALL_BACK, Stage.CLOSED, Stage.ARCHIVED, Stage.ENDED)


class NotFound(DeskError):
    """没有查到，请核对工单编号和查询码。"""

    code = "not_found"
    status = 404
    hint = "编号和 8 位查询码在登记时告知；忘记了请拨打 12345。"


class PublicSaid(BaseModel):
    """办理进度."""

    number: str
    stage: str
    words: str
    received_at: str
    reply: str | None
    hint: str | None
    missing: list[str]
    together: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question of a citizen: from which address, for which number, with which code."""

    address: str
    number: str
    code: str


@router.get(
    "/api/public/tickets/{number}",
    response_model=None,
    responses={200: {"model": PublicSaid, "description": "办理进度"}, **declared(404, 429)},
    summary="公众查询进度",
)
def get_public(
    request: Request, number: str, code: Annotated[str, Query(max_length=32, description="8 位查询码")]
) -> Response:
    """How a matter stands, in plain words; nothing personal, and a wrong code looks like an unknown number."""
    return say(look_up(door_of(request), Lookup(address_of(request), number, code)))


def look_up(door: Door, asked: Lookup) -> dict[str, Any]:
    """The citizen's view. Raises NotFound, and TooMany after too many wrong guesses from an address or at a number."""
    now = door.clock()
    number, code = asked.number.strip(), asked.code.strip()
    subjects = (f"address:{asked.address}", f"number:{number[:32]}")
    door.guesses.check(subjects[0], now)
    door.guesses_at_number.check(subjects[1], now)
    found = _ticket(door, number, code)
    if found is None:
        door.guesses.wrong(subjects[0], now)
        door.guesses_at_number.wrong(subjects[1], now)
        raise NotFound()
    return _told(found)


@dataclass(frozen=True, slots=True)
class _Found:
    """The ticket with its events; the one it was merged into, and the elements it lacks, where it is so."""

    ticket: Ticket
    events: list[Row]
    lead: "_Found | None" = None
    missing: Sequence[str] = ()


def _told(found: _Found) -> dict[str, Any]:
    ticket, stage = found.ticket, Stage(found.ticket.stage)
    lead = Stage(found.lead.ticket.stage) if found.lead else None
    return {
        "number": ticket.number,
        "stage": stage.value,
        "words": CITIZEN_STAGES[stage],
        "received_at": moment(ticket.received_at),
        "reply": _reply(lead, found.lead.events) if found.lead and lead else _reply(stage, found.events),
        "hint": _hint(stage, found),
        "missing": [ELEMENT_WORDS[each] for each in found.missing],
        "together": {"stage": lead.value, "words": CITIZEN_STAGES[lead]} if lead else None,
    }


def _hint(stage: Stage, found: _Found) -> str | None:
    """What the citizen can do now, where they can do something."""
    match stage:
        case Stage.INCOMPLETE | Stage.INVALID if found.missing:
            return "请拨打 12345，报上工单编号，补充上述内容。"
        case Stage.TRANSFERRED:
            line = _newest(found.events, Happened.TRANSFERRED, "line")
            return f"已转 {line} 处置；情况紧急请直接拨打 {line}。" if line else None
        case Stage.MERGED:
            return "合并办理不影响答复和回访，办结后会联系您。"
        case _:
            return None


def _ticket(door: Door, number: str, code: str) -> _Found | None:
    if not is_sound(number) or len(code) != 8 or not (code.isascii() and code.isdigit()):
        return None
    with door.desk.database.reading() as tx:
        if not lookup.has_code(tx, number, code):
            return None
        ticket = tickets.read(tx, number)
        stage, lead = Stage(ticket.stage), None
        decisions = tickets.rows_of(tx, "decision", number) if stage in ASKING else ()
        if ticket.merged_into is not None:  # who has followers is merged into nothing, so one step is the end
            lead = _Found(tickets.read(tx, ticket.merged_into), history.read(tx, ticket.merged_into))
        return _Found(ticket, history.read(tx, number), lead, missing_in(stage, decisions))


def _reply(stage: Stage, events: list[Row]) -> str | None:
    """What the caller may read: the reviewed public words, the direct answer, or the way to go instead."""
    wanted = {
        Stage.ANSWERED: (Happened.ANSWERED, "words"),
        Stage.REFUSED: (Happened.REFUSED, "legal_path"),
        **dict.fromkeys(_AFTER_REVIEW, (Happened.REPLIED, "public_words")),
    }.get(stage)
    said = _newest(events, *wanted) if wanted else None
    return mask(said).text if said else None


def _newest(events: list[Row], kind: Happened, name: str) -> str | None:
    return next((each["data"].get(name) for each in reversed(events) if each["kind"] == kind), None)
