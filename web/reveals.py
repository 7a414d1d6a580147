"""The log of looks at identities (查看身份记录) over HTTP: for those who watch that looks were needed."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from dispatch.storage import reveals
from rules.access import REVEAL_LOG_ROLES, require
from rules.side_bodies import IDENTITY_WORDS
from web import cursors
from web.door import Keyed, say
from web.show import moment
from web.statuses import declared

router = APIRouter()

PAGE = 25
_LARGEST_PAGE = 100


class RevealsSaid(BaseModel):
    """一页查看记录，最新的在前，不含看到的内容；`next` 为空就是最后一页。"""

    items: list[dict[str, Any]]
    next: str | None


@router.get(
    "/api/reveals",
    response_model=None,
    responses={200: {"model": RevealsSaid, "description": "一页查看记录"}, **declared(401, 403)},
    summary="查看身份记录",
)
def get_reveals(
    asker: Keyed,
    actor: Annotated[str | None, Query(max_length=100, description="谁查看的")] = None,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = PAGE,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Who looked at what of whose ticket, when and why; never what they saw."""
    require(asker.actor, REVEAL_LOG_ROLES, "查看身份记录")
    with asker.desk.database.reading() as tx:
        rows = reveals.page(tx, actor, cursors.id_of(cursor), limit + 1)
    items = [
        {
            **{name: each[name] for name in ("ticket", "field", "reason", "actor", "roles")},
            "words": IDENTITY_WORDS[each["field"]],
            "at": moment(each["at"]),
        }
        for each in rows[:limit]
    ]
    following = cursors.written(str(rows[limit - 1]["id"])) if len(rows) > limit else None
    return say({"items": items, "next": following})
