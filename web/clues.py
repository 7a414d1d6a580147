"""Clues over HTTP (线索接口): listed and read whole by those they are for; settled by the act `settle-clue`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from dispatch import view
from dispatch.storage import clues
from rules.access import CLUE_ROLES, require
from web import cursors, show
from web.door import Asker, Keyed, say
from web.statuses import declared

router = APIRouter()

PAGE = 25
_LARGEST_PAGE = 100
_LARGEST_ID = 2**63 - 1

ClueId = Annotated[int, Path(ge=1, le=_LARGEST_ID, description="线索编号")]
State = Literal["waiting", "sent_up", "confirmed", "rejected", "undone"]


class ClueSaid(BaseModel):
    """线索；`evidence` 是形成时的证据链，`drafts` 是整改、问责记录草稿，`settled_by` 是审定人。"""

    id: int
    ticket: str
    title: str
    step: str
    words: str
    state: str
    state_words: str
    department: str | None
    department_name: str | None
    opened_at: str
    settled_at: str | None
    settled_by: str | None
    reason: str | None
    stage: str
    stage_words: str
    version: int
    evidence: list[dict[str, Any]]
    drafts: dict[str, Any]


class CluesSaid(BaseModel):
    """一页线索，不含证据和草稿；`next` 为空就是最后一页。"""

    items: list[dict[str, Any]]
    next: str | None


@router.get(
    "/api/clues",
    response_model=None,
    responses={200: {"model": CluesSaid, "description": "一页线索"}, **declared(401, 403)},
    summary="线索列表",
)
def get_clues(
    asker: Keyed,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = PAGE,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Clues, newest first; an inspector gets those that were confirmed or went up by silence."""
    return say(page(asker, state, cursor, limit))


def page(asker: Asker, state: str | None, cursor: str | None, limit: int = PAGE) -> dict[str, Any]:
    """`{"items": […], "next": cursor or None}`. Raises NotAllowed, BadCursor."""
    open_to = open_states(asker)
    states = tuple(each for each in open_to if state in (None, each))
    before = cursors.id_of(cursor)
    with asker.desk.database.reading() as tx:
        rows = clues.listed(tx, states, before, limit + 1)
    policy = asker.desk.packs.active(asker.now)
    following = cursors.written(str(rows[limit - 1]["id"])) if len(rows) > limit else None
    items = [{**show.clue(each, policy), "title": each["title"]} for each in rows[:limit]]
    return {"items": items, "next": following}


@router.get(
    "/api/clues/{clue}",
    response_model=None,
    responses={200: {"model": ClueSaid, "description": "线索"}, **declared(401, 403, 404)},
    summary="查看线索",
)
def get_clue(clue: ClueId, asker: Keyed) -> Response:
    """One clue with the evidence and the drafts as they stood when it was opened."""
    return say(whole(asker, clue))


def whole(asker: Asker, clue: int) -> dict[str, Any]:
    """Everything about one clue. Raises NotAllowed, and NoSuchClue also for one that has not come to the asker."""
    states = open_states(asker)
    with asker.desk.database.reading() as tx:
        row: Mapping[str, Any] = clues.read(tx, clue, states)
        policy = asker.desk.packs.of(row["pack"], tx)[0]
    return {
        **show.clue(row, policy),
        **{name: row[name] for name in ("title", "stage", "version", "evidence", "drafts")},
        "stage_words": show.stage_words(row["stage"]),
    }


def open_states(asker: Asker) -> tuple[str, ...]:
    """The states in which clues are open to the asker. Raises NotAllowed for whom they are not for."""
    require(asker.actor, CLUE_ROLES, "查看线索")
    return view.sight_of(asker.desk, asker.actor, asker.now).clues
