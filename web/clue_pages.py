"""The pages of clues (线索页): what the top of the ladder reads on a telephone and prints for signing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from rules.access import CLUE_STATES
from rules.errors import BadInput
from rules.terms import CHINA
from rules.wording import EVENT_WORDS
from web import clues, render
from web.bars import day_and_time
from web.clues import ClueId
from web.door import Asker, address_of, door_of
from web.words import CLUE_WORDS

router = APIRouter(include_in_schema=False)

_DRAFTS = (("rectification", "整改记录草稿"), ("accountability", "问责记录草稿"))


@router.get("/clues")
def clues_page(
    request: Request,
    state: Annotated[str, Query(max_length=20)] = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The clues that have come to the visitor, 25 to a page."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    if visitor is None:
        return render.to_log_in(request)
    if state and state not in CLUE_STATES:
        raise BadInput("没有这种线索状态。", hint="请在列表中选择。")
    asker = Asker(door, visitor.actor, door.clock(), address_of(request))
    found = clues.page(asker, state or None, cursor or None)
    return render.page(
        "clues.html",
        rows=[_line(each, asker.now) for each in found["items"]],
        following=f"/clues?{urlencode({'state': state, 'cursor': found['next']})}" if found["next"] else "",
        first=not cursor,
        state=state,
        states={each: CLUE_WORDS[each] for each in clues.open_states(asker)},
        **render.signed_in(request, door, visitor),
    )


@router.get("/clues/{clue}")
def clue_page(request: Request, clue: ClueId) -> Response:
    """One clue: the evidence as a line in time with the missed promises marked, and the drafts to be printed."""
    door = door_of(request)
    visitor = render.visitor_of(request, door)
    if visitor is None:
        return render.to_log_in(request)
    asker = Asker(door, visitor.actor, door.clock(), address_of(request))
    found = clues.whole(asker, clue)
    return render.page(
        "clue.html",
        clue=_line(found, asker.now),
        chain=[_link(each, found["ticket"]) for each in found["evidence"]],
        missed=sum(each["missed"] for each in found["evidence"]),
        drafts=[
            {**found["drafts"][name], "heading": heading, "anchor": name}
            for name, heading in _DRAFTS
            if name in found["drafts"]
        ],
        **render.signed_in(request, door, visitor),
    )


def _line(item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    def said(moment: str | None) -> str:
        return day_and_time(datetime.fromisoformat(moment), now) if moment else ""

    return {**item, "opened_words": said(item["opened_at"]), "settled_words": said(item["settled_at"])}


def _link(row: Mapping[str, Any], newest: str) -> dict[str, Any]:
    """One line of the evidence; the number stands there only where it is another ticket than the clue's own."""
    at = datetime.fromisoformat(row["at"]).astimezone(CHINA)
    return {
        "what": EVENT_WORDS.get(row["kind"], row["kind"]),
        "words": row["words"],
        "missed": row["missed"],
        "ticket": row["ticket"] if row["ticket"] != newest else "",
        "when": f"{at:%Y-%m-%d %H:%M}",
        "exactly": at.isoformat(),
    }
