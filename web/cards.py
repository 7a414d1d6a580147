"""Event cards over HTTP (事件卡接口): made, listed with how many asked, ended."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from dispatch import cards
from dispatch.cards import Draft
from intake.request import parse_time
from rules.bodies import Body, Code, Said, Words
from web import cursors, show
from web.door import Asker, Keyed, say
from web.statuses import declared

router = APIRouter()

PAGE = 25
_LARGEST_PAGE = 100
_LARGEST_ID = 2**63 - 1

CardId = Annotated[int, Path(ge=1, le=_LARGEST_ID, description="事件卡编号")]


class CardBody(Body):
    """事件卡：`words` 的写法同规则包 acceptance.toml；`areas` 不写就是全域；`begins_at` 不写就是现在。"""

    title: Annotated[Said, Field(min_length=1, max_length=100)]
    words: Annotated[
        tuple[Annotated[Said, Field(min_length=1, max_length=100)], ...], Field(min_length=1, max_length=20)
    ]
    areas: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    answer: Words
    department: Code | None = None
    begins_at: Annotated[Said | None, Field(max_length=40)] = None
    ends_at: Annotated[Said, Field(min_length=1, max_length=40)]


class CardSaid(BaseModel):
    """事件卡；`asked` 是已答复的工单数。"""

    id: int
    title: str
    answer: str
    words: list[str]
    areas: list[str]
    area_names: list[str]
    department: str | None
    department_name: str | None
    begins_at: str
    ends_at: str
    created_by: str
    asked: int


class CardsSaid(BaseModel):
    """一页事件卡；`next` 为空就是最后一页。"""

    items: list[CardSaid]
    next: str | None


@router.post(
    "/api/cards",
    response_model=None,
    status_code=201,
    responses={201: {"model": CardSaid, "description": "已建立"}, **declared(401, 403, 409)},
    summary="建立事件卡",
)
def post_card(body: CardBody, asker: Keyed) -> Response:
    """From `begins_at` to `ends_at` whoever asks about this in these areas gets the one answer."""
    draft = Draft(
        title=body.title,
        words=body.words,
        areas=body.areas,
        answer=body.answer,
        department=body.department,
        begins_at=parse_time(body.begins_at)[0] if body.begins_at else None,
        ends_at=parse_time(body.ends_at)[0],
    )
    return say(_card(cards.add(asker.desk, draft, asker.actor, asker.now), asker), 201)


@router.get(
    "/api/cards",
    response_model=None,
    responses={200: {"model": CardsSaid, "description": "一页事件卡"}, **declared(401, 403)},
    summary="事件卡列表",
)
def get_cards(
    asker: Keyed,
    running: Annotated[bool, Query(description="只看正在使用的")] = False,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = PAGE,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Event cards, newest first, each with how many asked."""
    before = cursors.id_of(cursor)
    rows = cards.listed(asker.desk, asker.actor, asker.now, before, limit + 1, running)
    following = cursors.written(str(rows[limit - 1]["id"])) if len(rows) > limit else None
    return say({"items": [_card(each, asker) for each in rows[:limit]], "next": following})


@router.post(
    "/api/cards/{card}/end",
    response_model=None,
    responses={200: {"model": CardSaid, "description": "已结束"}, **declared(401, 403, 404, 409)},
    summary="结束事件卡",
)
def post_end(card: CardId, asker: Keyed) -> Response:
    """From now on the card answers nobody; a second time is 409."""
    return say(_card(cards.end(asker.desk, card, asker.actor, asker.now), asker))


def _card(row: Any, asker: Asker) -> dict[str, Any]:
    return show.card(row, asker.desk.packs.active(asker.now))
