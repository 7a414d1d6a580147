"""Many tickets with clocks (大批计时工单): a few go through the desk, then the database copies them, row by row alike.

A copy has its own number and its own clock rows; instants, ladders and events are those of its model, so that every
row is one that the desk itself would have written.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import text
from sqlmodel import SQLModel

from benchmarks.ground import Ground
from benchmarks.sayings import messages
from dispatch import triage
from dispatch.desk import Desk
from dispatch.handle import perform
from dispatch.receive import Asked, receive
from dispatch.storage import tickets
from intake.request import build
from rules import clocks
from rules.access import Actor
from rules.bodies import BODIES
from rules.terms import CHINA, Act, ClockKind, Facts, Happened, Happening, Role, Stage, TicketType, Urgency

_OPERATOR = Actor("bench", frozenset({Role.OPERATOR}), scope="bench")
_DISPATCHER = Actor("bench-dispatcher", frozenset({Role.DISPATCHER}), scope="bench-dispatcher")
#: Models lie a little apart; all of them have the same rung behind them for as long as a run may take.
_SPACING, _MARGIN, _RUN = timedelta(seconds=15), timedelta(minutes=30), timedelta(hours=4)
#: So many copies in one statement, so that none runs for minutes.
_AT_ONCE = 5000


def models(ground: Ground, now: datetime, n: int, due: bool) -> list[str]:
    """The numbers of `n` new tickets in handling, signed and in contact: one step of each is due at `now`, or none."""
    with ground.desk() as desk:
        received = _due_since(desk, now, n) if due else now - n * _SPACING - timedelta(minutes=1)
        bodies = islice(messages(ground.policy, 900 + due), n)
        return [
            _handled(desk, {**raw, "type": "help"}, received + at * _SPACING) for at, raw in enumerate(bodies)
        ]


def _due_since(desk: Desk, now: datetime, n: int) -> datetime:
    """An hour of receipt from which on exactly one rung of the handling limit lies behind `now`, for the last of `n` too."""
    for hours in range(6, 24 * 30):
        received = now - timedelta(hours=hours)
        if all(_one_behind(desk, each, now) for each in (received, received + n * _SPACING)):
            return received
    raise RuntimeError("no hour of receipt has exactly one rung behind it")


def _one_behind(desk: Desk, received: datetime, now: datetime) -> bool:
    ats = [step.at for step in _handling(desk, received, now)]
    return sum(at <= now - _MARGIN for at in ats) == 1 and not any(
        now - _MARGIN < at < now + _RUN for at in ats
    )


def _handling(desk: Desk, received: datetime, now: datetime) -> Sequence[clocks.PlannedStep]:
    """The ladder of the handling limit of a ticket that was dispatched at once."""
    policy = desk.packs.active(now)
    at = received.astimezone(CHINA)
    moves = ((Happened.RECEIVED, Stage.RECEIVED), (Happened.DISPATCHED, Stage.TO_SIGN))
    happenings = tuple(Happening(kind, at, {"stage": stage}) for kind, stage in moves)
    facts = Facts("", Stage.TO_SIGN, TicketType.HELP, Urgency.NORMAL, "phone", at, happenings=happenings)
    plans = clocks.plan(facts, *desk.packs.of(policy.hash))
    return next(each.steps for each in plans if each.kind is ClockKind.HANDLE)


def _handled(desk: Desk, raw: dict[str, object], now: datetime) -> str:
    number = receive(desk, build(raw, now), Asked(_OPERATOR), now).number
    triage.drain(desk, now)
    department = next(iter(desk.packs.active(now).departments))
    with desk.database.reading() as tx:
        held = tickets.read(tx, number)
        stage, lead = held.stage, held.department or department
    if stage == Stage.TO_DISPATCH:
        _act(desk, number, Act.DISPATCH, _DISPATCHER, now, department=lead, reason="按职责派单")
    of = {role: Actor(role, frozenset({role}), lead, scope=role) for role in (Role.LIAISON, Role.HANDLER)}
    _act(desk, number, Act.SIGN, of[Role.LIAISON], now)
    _act(desk, number, Act.CONTACT, of[Role.HANDLER], now, reached=True, words="已联系")
    return number


def _act(desk: Desk, number: str, act: Act, actor: Actor, now: datetime, **body: object) -> None:
    with desk.database.reading() as tx:
        version = tickets.read(tx, number).version
    perform(desk, number, act, BODIES[act](**body), version, actor, now)


def copy(
    desk: Desk,
    numbers: Sequence[str],
    times: int,
    tables: Sequence[str],
    closed: bool = False,
    mark: str = "x",
) -> None:
    """Copy each of the tickets `times` times, with its rows in `tables`; as closed ones, with no clock running, if wanted.

    `mark` tells the copies of one call from those of another.
    """
    for begin in range(0, times, _AT_ONCE):
        end = min(times, begin + _AT_ONCE)
        with desk.transaction() as tx:
            for table in ("ticket", *tables):
                span = {"begin": begin + 1, "end": end, "mark": "c" if closed else mark}
                for number in numbers:
                    tx.connection().execute(text(_copying(table, closed)), {**span, "number": number})


def _copying(table: str, closed: bool) -> str:
    into = SQLModel.metadata.tables[table]
    key = "number" if table == "ticket" else "ticket"
    names = [each.name for each in into.columns if each.name != "id"]
    made = {key: f"{key} || CAST(:mark AS text) || n.i", "tallied": "true"}
    if closed:
        made |= {
            "stage": "'archived'",
            "state": "'met'",
            "next_at": "NULL",
            "ladder": "'[]'",
            "due_at": "NULL",
        }
    chosen = ", ".join(made.get(name, name) for name in names)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) WITH RECURSIVE n(i) AS "
        f"(SELECT CAST(:begin AS integer) UNION ALL SELECT i + 1 FROM n WHERE i < CAST(:end AS integer)) "
        f"SELECT {chosen} FROM {table}, n WHERE {table}.{key} = :number"
    )
