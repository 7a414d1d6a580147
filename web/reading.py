"""Reading tickets (查询接口): one ticket whole, and work lists page by page, never counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from dispatch import view
from dispatch.desk import Desk
from dispatch.storage import tickets
from dispatch.storage.tickets import Search
from intake.request import parse_time
from rules.access import RESTRICTED_ROLES, ROLE_WORDS, Actor, Sight
from rules.errors import BadInput, NotAllowed
from rules.numbers import is_sound
from rules.terms import Stage
from web import cursors, show
from web.cursors import BadCursor
from web.door import Keyed, say
from web.statuses import declared

router = APIRouter()

PAGE = 25
_LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a work list asks for, in the words of the contract."""

    stage: Stage | None = None
    department: str | None = None
    due_before: datetime | None = None
    overdue: bool = False
    words: str | None = None
    by_due: bool = False
    cursor: str | None = None
    limit: int = PAGE
    restricted: bool = False


class TicketSaid(BaseModel):
    """工单全貌；各部分的字段见回答本身。"""

    number: str
    stage: str
    version: int
    department: str | None
    due_at: str | None
    ticket: dict[str, Any]
    clocks: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    history: list[dict[str, Any]]
    assignments: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    earlier: dict[str, Any] | None
    merged_into: dict[str, Any] | None
    later: list[dict[str, Any]]
    followers: list[dict[str, Any]]
    linked: list[dict[str, Any]]
    card: dict[str, Any] | None
    clues: list[dict[str, Any]]
    missing: list[dict[str, Any]]
    undoable: list[dict[str, Any]]


class ListSaid(BaseModel):
    """一页工单；`next` 为空就是最后一页。"""

    items: list[dict[str, Any]]
    next: str | None


@router.get(
    "/api/tickets",
    response_model=None,
    responses={200: {"model": ListSaid, "description": "一页工单"}, **declared(401, 403)},
    summary="工单列表",
)
def get_tickets(
    asker: Keyed,
    stage: Stage | None = None,
    department: Annotated[str | None, Query(max_length=64)] = None,
    due_before: Annotated[str | None, Query(max_length=40, description="如 2026-10-13 17:30")] = None,
    overdue: bool = False,
    q: Annotated[str | None, Query(max_length=100, description="编号、标题、内容中的字词")] = None,
    order: Literal["due", "newest"] = "newest",
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = PAGE,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    restricted: Annotated[bool, Query(description="只看限定范围办理的，须有权限")] = False,
) -> Response:
    """A page of the tickets that the asker may see; `overdue` and `due_before` give them by due time."""
    before = parse_time(due_before)[0] if due_before else None
    wanted = Wanted(stage, department, before, overdue, q, order == "due", cursor, limit, restricted)
    return say(page(asker.desk, asker.actor, wanted, asker.now))


def page(desk: Desk, actor: Actor, wanted: Wanted, now: datetime) -> dict[str, Any]:
    """`{"items": […], "next": cursor or None}`. Raises NotAllowed, BadCursor, BadInput."""
    sight = view.sight_of(desk, actor, now)
    policy = desk.packs.active(now)
    asked = _search(wanted, sight, now)
    with desk.database.reading() as tx:
        rows = tickets.search(tx, asked)
    following = _cursor(asked, rows[wanted.limit - 1]) if len(rows) > wanted.limit else None
    return {"items": [show.listed(each, policy, now) for each in rows[: wanted.limit]], "next": following}


def _search(wanted: Wanted, sight: Sight, now: datetime) -> Search:
    """One row more than the page, to know whether another page follows."""
    for each in (wanted.department, wanted.words):
        if each is not None and "\0" in each:
            raise BadInput("筛选条件里有不能识别的字符。")
    if wanted.restricted and not (sight.restricted or sight.of_department):
        words = "、".join(ROLE_WORDS[role] for role in RESTRICTED_ROLES)
        raise NotAllowed(f"限定范围办理的工单由{words}查看。")
    before = wanted.due_before
    if wanted.overdue:
        before = min(before, now) if before else now
    by_due = wanted.by_due or before is not None
    return Search(
        stage=wanted.stage.value if wanted.stage else None,
        department=wanted.department or None,
        due_before=before,
        words=(wanted.words or "").strip() or None,
        by_due=by_due,
        after=_after(wanted.cursor, by_due) if wanted.cursor else None,
        limit=wanted.limit + 1,
        restricted=wanted.restricted,
        sight=sight,
    )


def _cursor(asked: Search, last: Mapping[str, Any]) -> str:
    """Where the next page begins: due time and number, or the number alone."""
    return cursors.written(*([last["due_at"].isoformat()] if asked.by_due else []), last["number"])


def _after(cursor: str, by_due: bool) -> tuple[str, ...]:
    parts = cursors.parts_of(cursor)
    sound = len(parts) == (2 if by_due else 1) and is_sound(parts[-1])
    if not sound or (by_due and not _is_instant(parts[0])):
        raise BadCursor()
    return parts


def _is_instant(words: str) -> bool:
    try:
        return datetime.fromisoformat(words).tzinfo is not None
    except ValueError:
        return False


@router.get(
    "/api/tickets/{number}",
    response_model=None,
    responses={200: {"model": TicketSaid, "description": "工单"}, **declared(401, 403, 404)},
    summary="查看工单",
)
def get_ticket(number: str, asker: Keyed) -> Response:
    """One ticket with its clocks, decisions and reasons, and its whole history, as far as the asker may see it."""
    return say(show.whole(view.read(asker.desk, number, asker.actor, asker.now), asker.now))
