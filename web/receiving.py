"""Registering what people say (受理接口): the one route that must hold under any load."""

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dispatch.receive import Asked, receive
from intake.request import LONGEST_ENTERPRISE, LONGEST_TEXT, body_fingerprint, build
from rules.access import CITIZEN, RECEIVING_ROLES
from rules.errors import BadInput, NotAllowed
from web.door import Anyone, Asker, NoSuchKey, asker_of, say
from web.statuses import declared


class Straight(APIRoute):
    """Reads the request without FastAPI's solving of dependencies, which costs half as much as accepting does.

    The signature of the endpoint still describes the route in OpenAPI.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Asker, body and key from the request itself; the endpoint runs in a thread."""

        async def handle(request: Request) -> Response:
            asker = await asker_of(request)
            body = _ticket_body(await request.body(), request.headers.get("content-type", ""))
            key = request.headers.get("idempotency-key")
            return await run_in_threadpool(post_ticket, body, asker, key)

        return handle


router = APIRouter(route_class=Straight)

_SHORTEST_KEY = 16
_LONGEST_KEY = 200
#: The only channel that is open without a key.
_OPEN_CHANNEL = "web"
#: What nobody may say of themselves without a key: it makes a ticket urgent, or speaks for others.
_CLOSED = frozenset({"external_id", "urgency", "enterprise", "proxy"})

Short = Annotated[str | None, Field(json_schema_extra={"maxLength": 200})]


class CallerBody(BaseModel):
    """诉求人；密封保存，不写入日志。"""

    model_config = ConfigDict(extra="forbid")
    name: Short = None
    phone: str | None = None
    anonymous: bool | None = None
    confidential: bool | None = None
    reference: Short = None


class ProxyBody(BaseModel):
    """代办：哪一种代办员，替谁办；诉求人是被代办的人。"""

    model_config = ConfigDict(extra="forbid")
    agent: Short = None
    whom: Annotated[Short, Field(alias="for")] = None


class AppointmentBody(BaseModel):
    """预约：哪个窗口，什么时间。"""

    model_config = ConfigDict(extra="forbid")
    counter: Short = None
    at: str | None = None


def _agent_alone(value: object) -> object:
    return {"agent": value} if isinstance(value, str) else value


class TicketBody(BaseModel):
    """一次诉求；字词的检查在 `intake/request.py`，中英文均可。"""

    model_config = ConfigDict(extra="forbid")
    channel: str
    text: Annotated[str, Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_TEXT})]
    title: Short = None
    type: str | None = None
    urgency: str | None = None
    caller: CallerBody | None = None
    place: Short = None
    occurred_at: str | None = None
    external_id: Short = None
    source_line: Short = None
    upper_number: Short = None
    upper_due_at: str | None = None
    recording_id: Short = None
    occasion: Short = None
    enterprise: Annotated[str | None, Field(json_schema_extra={"maxLength": LONGEST_ENTERPRISE})] = None
    proxy: Annotated[ProxyBody | None, BeforeValidator(_agent_alone, str | ProxyBody | None)] = None
    appointment: AppointmentBody | None = None


class ReceiptSaid(BaseModel):
    """受理回执."""

    number: str
    query_code: str
    stage: str
    joined: bool


class NeedsPhoneOrKey(NoSuchKey):
    """不带密钥只能以“网站”渠道提交，不能写外部编号、紧急程度、企业名称和代办员。"""

    hint = "其他渠道请使用接口密钥；有生命危险请直接拨打 110、119 或 120。"


_ANSWERS = {
    200: {"model": ReceiptSaid, "description": "以前已受理，回答与当时相同"},
    201: {"model": ReceiptSaid, "description": "已受理"},
    **declared(401, 403, 429, 507),
}


@router.post("/api/tickets", status_code=201, response_model=None, responses=_ANSWERS, summary="登记诉求")
def post_ticket(
    body: TicketBody,
    asker: Anyone,
    idempotency_key: Annotated[str | None, Header(description="同一键再次提交得到同一回答")] = None,
) -> Response:
    """Accept one contact: 201 with its number and query code, 200 with the same answer when it was known."""
    key = _checked(idempotency_key)
    if asker.actor is CITIZEN:
        _admit_stranger(asker, key)
    elif not any(role in RECEIVING_ROLES for role in asker.actor.roles):
        raise NotAllowed("您的角色不能登记诉求。")
    raw = body.model_dump(exclude_none=True, by_alias=True)
    wanted = build(raw, asker.now, occasions=asker.desk.packs.active(asker.now).occasions)
    if asker.actor is CITIZEN and (wanted.channel != _OPEN_CHANNEL or _CLOSED & raw.keys()):
        raise NeedsPhoneOrKey()
    receipt = receive(asker.desk, wanted, Asked(asker.actor, key, body_fingerprint(raw)), asker.now)
    if not receipt.again:
        asker.door.counts.accepted(receipt.joined)
    said = {
        "number": receipt.number,
        "query_code": receipt.query_code,
        "stage": receipt.stage,
        "joined": receipt.joined,
    }
    return say(said, 200 if receipt.again else 201)


def _ticket_body(raw: bytes, kind: str) -> TicketBody:
    """The body of a post, with FastAPI's own errors for what cannot be read."""
    try:
        is_json = kind.partition(";")[0].strip().lower().endswith("json")
        return TicketBody.model_validate(json.loads(raw) if is_json and raw else raw or None)
    except ValidationError as fault:
        errors = [{**each, "loc": ("body", *each["loc"])} for each in fault.errors(include_url=False)]
        raise RequestValidationError(errors) from fault
    except json.JSONDecodeError as fault:
        said = {"type": "json_invalid", "loc": ("body", fault.pos), "msg": fault.msg, "input": {}}
        raise RequestValidationError([said]) from fault
    except (UnicodeDecodeError, RecursionError) as fault:
        raise HTTPException(400) from fault


def _checked(key: str | None) -> str | None:
    if key is None:
        return None
    if not 1 <= len(key) <= _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise BadInput("Idempotency-Key 应是 1 到 200 个可显示的英文字符。")
    return key


def _admit_stranger(asker: Asker, key: str | None) -> None:
    """Without a key of ours: not too often, and under a key of their own that nobody guesses."""
    asker.door.posts.take(asker.address, asker.now)
    if key is None or len(key) < _SHORTEST_KEY:
        raise BadInput(
            "不带密钥提交时，请在请求头写 Idempotency-Key，至少 16 个字符。",
            hint="每次新的诉求用一个新的随机串。",
        )
