"""Acts on a ticket (工单操作接口): one route for each act that is built, and a plain word for the others."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field, create_model

from dispatch import view
from dispatch.handle import carry_out
from dispatch.storage import tickets
from rules.access import ACT_ROLES
from rules.bodies import BODIES, Body, LinkBody, MergeBody
from rules.errors import DeskError, IllegalAct
from rules.lifecycle import ACT_WORDS
from rules.terms import Act
from web import show
from web.door import Asker, Keyed, say
from web.statuses import NotBuilt, declared

router = APIRouter()

#: An answer may hold what is told only once.
_NEVER_KEPT = {"Cache-Control": "no-store"}
#: Acts of the machine or of a page, never asked for over this route.
_NOT_HERE = (Act.TRIAGE,)


class NoSuchAct(DeskError):
    """没有这个操作。"""

    code = "no_such_act"
    status = 404


class Versioned(Body):
    """Every body names the version of the ticket that was looked at, so that a stale click changes nothing."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]


class ActSaid(BaseModel):
    """操作后的工单."""

    number: str
    stage: str
    version: int
    department: str | None
    due_at: str | None


class PartSaid(BaseModel):
    """拆出的一件；查询码请告诉诉求人，原单仍用原来的查询码."""

    number: str
    query_code: str | None
    stage: str


class SplitSaid(ActSaid):
    """拆单后的工单."""

    parts: list[PartSaid]


class RevealSaid(ActSaid):
    """查看到的内容，只在这次回答里给出."""

    field: str
    value: str


#: Acts whose answer says more than where the ticket stands.
_SAID: Mapping[Act, type[ActSaid]] = MappingProxyType({Act.SPLIT: SplitSaid, Act.REVEAL: RevealSaid})


def _body_of(act: Act) -> type[Body]:
    made: type[Body] = create_model(
        f"{act.name.title().replace('_', '')}Act", __base__=(Versioned, BODIES[act])
    )
    return made


def _route_of(act: Act) -> Callable[..., Response]:
    def endpoint(number: str, body: Any, asker: Keyed) -> Response:
        return _done(number, act, body, asker)

    endpoint.__annotations__["body"] = _body_of(act)
    endpoint.__doc__ = f"{ACT_WORDS[act]}；`version` 是您看到的工单版本。"
    return endpoint


def _done(number: str, act: Act, body: Any, asker: Asker) -> Response:
    """Do it, unless a ticket that the act names is out of the asker's sight: then it does not exist for them."""
    view.may_see(asker.desk, _named(number, body), asker.actor, asker.now)
    if act is Act.SETTLE_CLUE:
        _check_clue(asker, number)
    done = carry_out(asker.desk, number, act, body, body.version, asker.actor, asker.now)
    with asker.desk.database.reading() as tx:
        return say({**show.brief(tickets.read(tx, number)), **done.answer}, headers=_NEVER_KEPT)


def _named(number: str, body: Any) -> tuple[str, ...]:
    """Every ticket that the act speaks of."""
    match body:
        case MergeBody():
            return number, body.into
        case LinkBody():
            return number, body.earlier
        case _:
            return (number,)


def _check_clue(asker: Asker, number: str) -> None:
    """An inspector settles what has come to the inspector; before, there is no such clue for them."""
    may_settle = any(role in ACT_ROLES[Act.SETTLE_CLUE] for role in asker.actor.roles)
    if may_settle and not view.knows_clue(asker.desk, number, asker.actor, asker.now):
        raise IllegalAct(f"没有待{ACT_WORDS[Act.SETTLE_CLUE]}的线索。")


for _act in BODIES:
    router.add_api_route(
        f"/api/tickets/{{number}}/{_act.value}",
        _route_of(_act),
        methods=["POST"],
        name=f"act_{_act.name.lower()}",
        response_model=None,
        responses={
            200: {"model": _SAID.get(_act, ActSaid), "description": "已完成"},
            **declared(401, 403, 404, 409, 507),
        },
        summary=ACT_WORDS[_act],
    )


@router.post(
    "/api/tickets/{number}/{act}",
    response_model=None,
    status_code=501,
    responses=declared(401, 403, 404, 409, 501),
    summary="其他操作",
)
def post_act(number: str, act: Annotated[str, Path(description="操作名")], asker: Keyed) -> Response:
    """Acts that are not built yet, and words that are no act."""
    known = next((each for each in Act if each.value == act and each not in _NOT_HERE), None)
    if known is None:
        raise NoSuchAct(
            hint="可用的操作：" + "、".join(f"{each.value}（{ACT_WORDS[each]}）" for each in BODIES)
        )
    raise NotBuilt(f"“{ACT_WORDS[known]}”功能尚未建成。")
