"""The ceiling (裸写入): what FastAPI and psycopg do without a desk, writing the same five rows in one commit.

No key, no numbers to lease, no masking, no sealing, no rules, no joining; the same tables, columns and indexes.
"""

import json
import os
from datetime import UTC, datetime
from itertools import count
from secrets import randbelow
from typing import Any

from fastapi import FastAPI
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

_PERSON = """INSERT INTO person (phone_index, sealed_phone, contacts, created_at, seen_at)
VALUES (%(phone)s, %(sealed)s, 1, %(now)s, %(now)s) RETURNING id"""
_TICKET = """INSERT INTO ticket (number, channel, stage, type, urgency, title, text, place, time_known, received_at,
person, anonymous, confidential, complaint_count, redo_round, supervision, history, pack, version)
VALUES (%(number)s, %(channel)s, 'received', %(type)s, 'normal', %(title)s, %(text)s, %(place)s, true, %(now)s,
%(person)s, false, false, 1, 0, 0, false, %(pack)s, 1)"""
_REQUEST = """INSERT INTO request (ticket, query_code, received_at, scope, channel, joined, stage, person, sealed_name,
sealed_text) VALUES (%(number)s, %(code)s, %(now)s, 'bare', %(channel)s, false, 'received', %(person)s, %(name)s, %(text)s)"""
_EVENT = """INSERT INTO event (ticket, kind, at, recorded_at, actor, data)
VALUES (%(number)s, 'received', %(now)s, %(now)s, 'bare', %(data)s)"""
_OUTBOX = """INSERT INTO outbox (kind, ticket, state, attempts, ready_at, created_at, data)
VALUES ('bare', %(number)s, 'ready', 0, %(now)s, %(now)s, '{}')"""


class Caller(BaseModel):
    """Who calls."""

    name: str
    phone: str


class Message(BaseModel):
    """The body of one post."""

    channel: str
    text: str
    type: str
    caller: Caller
    place: str


def app() -> FastAPI:
    """The application (uvicorn factory): HOTLINE_DATABASE_URL and BARE_PACK, a pack hash, from the environment."""
    pool = ConnectionPool(os.environ["HOTLINE_DATABASE_URL"], min_size=10, max_size=20, open=True)
    pack = os.environ["BARE_PACK"]
    numbers = count()
    bare = FastAPI()

    @bare.post("/api/tickets", status_code=201)
    def post(message: Message) -> dict[str, Any]:
        row = {
            "number": f"bare-{os.getpid()}-{next(numbers)}",
            "code": f"{randbelow(10**8):08d}",
            "now": datetime.now(UTC),
            "pack": pack,
            "title": message.text[:30],
            "name": message.caller.name,
            "phone": f"bare {message.caller.phone}",
            "sealed": message.caller.phone,
            "data": json.dumps({"channel": message.channel}),
            **message.model_dump(include={"channel", "text", "type", "place"}),
        }
        with pool.connection() as connection:
            person = connection.execute(_PERSON, row).fetchone()
            assert person is not None
            row["person"] = person[0]
            for statement in (_TICKET, _REQUEST, _EVENT, _OUTBOX):
                connection.execute(statement, row)
        return {"number": row["number"], "query_code": row["code"], "stage": "received", "joined": False}

    @bare.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return bare
