"""What every request needs (请求上下文): the desk, the time, who asks and from where."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dispatch.desk import Desk
from dispatch.keys import Keys
from dispatch.sessions import Sessions
from rules.access import CITIZEN, Actor
from rules.errors import DeskError
from web.floods import Buckets, Guesses
from web.measure import Counts


class NoSuchKey(DeskError):
    """接口密钥无效或已停用。"""

    code = "unauthorized"
    status = 401
    hint = "请在请求头写 Authorization: Bearer 密钥；密钥由管理员用 hotline key add 生成。"


@dataclass(frozen=True, slots=True)
class Door:
    """All that the routes share; one for each process, kept in `app.state.door`."""

    desk: Desk
    clock: Callable[[], datetime]
    keys: Keys
    sessions: Sessions
    posts: Buckets
    guesses: Guesses
    guesses_at_number: Guesses
    log_ins: Guesses
    counts: Counts


@dataclass(frozen=True, slots=True)
class Asker:
    """One request: the door it came through, who asks (CITIZEN without a key), when, from which address."""

    door: Door
    actor: Actor
    now: datetime
    address: str

    @property
    def desk(self) -> Desk:
        """The desk behind the door."""
        return self.door.desk


def door_of(request: Request) -> Door:
    """The door of the application that got this request."""
    door: Door = request.app.state.door
    return door


def address_of(request: Request) -> str:
    """Who to count floods against: the peer, an IPv6 one by its /64.

    Headers are not looked at here: uvicorn replaces the peer by X-Forwarded-For only when the connection comes from
    an address it was told to trust (`--forwarded-allow-ips`, by default this machine alone).
    """
    peer = request.client.host if request.client else ""
    try:
        found = ip_address(peer)
    except ValueError:
        return peer or "local"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Address(int(found) >> 64 << 64))
    return str(found)


_bearer = HTTPBearer(auto_error=False, description="接口密钥（hk_ 开头）")


async def asker_of(request: Request) -> Asker:
    """The asker, with or without a key. Raises NoSuchKey for a key that is wrong."""
    door = door_of(request)
    now = door.clock()
    given = request.headers.get("authorization")
    if given is None:
        return Asker(door, CITIZEN, now, address_of(request))
    scheme, _, key = given.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NoSuchKey()
    key = key.strip()
    actor = door.keys.at_hand(key, now) or await run_in_threadpool(door.keys.find, key, now)
    if actor is None:
        raise NoSuchKey()
    return Asker(door, actor, now, address_of(request))


async def anyone(
    request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Asker:
    """The asker, as a dependency that OpenAPI can describe."""
    return await asker_of(request)


async def keyed(asker: Annotated[Asker, Depends(anyone)]) -> Asker:
    """The asker, who must hold a key. Raises NoSuchKey."""
    if asker.actor is CITIZEN:
        raise NoSuchKey("这个接口需要密钥。")
    return asker


Anyone = Annotated[Asker, Depends(anyone)]
Keyed = Annotated[Asker, Depends(keyed)]


class Said(Response):
    """A JSON answer; what cannot be written as UTF-8 is replaced, never an error."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """`content` as compact UTF-8 JSON."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
            "utf-8", "replace"
        )


def say(content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Said:
    """A JSON answer with a status."""
    return Said(content, status, headers)
