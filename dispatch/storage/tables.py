"""The tables (数据表): one class a table; contract.md names what outside checks may read.

Instants are aware UTC (SQLModel's own type refuses naive ones). A ticket's key is its number, so `request.ticket`,
`event.ticket` and the rest hold the number and are readable without a join.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from rules.lifecycle import OPEN_STAGES
from rules.terms import Stage, TicketType, Urgency

#: 64 bits on PostgreSQL; SQLite only counts up by itself on a plain INTEGER key.
Serial: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
#: Numbers are compared byte by byte, whatever language the database speaks.
Number: TypeEngine[str] = String(32, collation="C").with_variant(String(32), "sqlite")

CLOCK_STATES = ("armed", "held", "paused", "met", "cancelled", "history")
OUTBOX_STATES = ("ready", "claimed", "done", "dead")


def one_of(column: str, words: tuple[str, ...] | list[str]) -> CheckConstraint:
    """CHECK that `column` holds one of `words`; table models do not validate by themselves."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"ck_{column}_word")


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over the rows that `where` leaves, on both databases."""
    return Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where))


#: What makes a ticket open, as SQL; queries that repeat it word for word use the partial indexes.
IS_OPEN = "stage IN ({})".format(", ".join(f"'{stage}'" for stage in OPEN_STAGES))


class Pack(SQLModel, table=True):
    """A rule pack (规则包) by content hash; running tickets name the hash."""

    hash: str = Field(primary_key=True, max_length=64)
    name: str
    title: str
    files: dict[str, str] = Field(sa_type=JSON)
    created_at: datetime


class Model(SQLModel, table=True):
    """A text model bundle (模型) the desk knows; its arrays lie in the models folder under this hash."""

    hash: str = Field(primary_key=True, max_length=64)
    manifest: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime


class CalendarNotice(SQLModel, table=True):
    """A year's notice that was loaded (节假日安排), and how far its recomputing has come.

    `next` is the last ticket that was looked at; `counted` what was found so far; `done_at` is set when all was.
    """

    __tablename__ = "calendar_notice"
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    hash: str = Field(unique=True, max_length=64)
    year: int
    region: str
    title: str
    content: str = Field(sa_type=Text)
    actor: str
    at: datetime
    next: str = Field(default="", sa_type=Number)
    counted: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    done_at: datetime | None = None


class Activation(SQLModel, table=True):
    """Which pack or model went live when (启用记录); the newest row of a kind is the one in use."""

    __table_args__ = (one_of("kind", ("pack", "model")), Index("ix_activation_kind", "kind", "id"))
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    kind: str
    hash: str
    actor: str
    at: datetime


class Department(SQLModel, table=True):
    """A handling unit (承办单位): bureau, township, utility or team."""

    __table_args__ = (one_of("kind", ("bureau", "township", "utility", "team")),)
    code: str = Field(primary_key=True)
    name: str
    kind: str
    parent: str | None = None
    leader: str = ""
    liaison: str = ""
    area: str | None = None
    aliases: list[str] = Field(default_factory=list, sa_type=JSON)
    active: bool = True


class Area(SQLModel, table=True):
    """A place of the five-level tree (区域): county, township, community, grid, building."""

    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 5", name="ck_area_level"),)
    code: str = Field(primary_key=True)
    name: str
    level: int
    parent: str | None = None
    aliases: list[str] = Field(default_factory=list, sa_type=JSON)
    active: bool = True


class User(SQLModel, table=True):
    """A person at the desk (用户)."""

    login: str = Field(primary_key=True)
    name: str
    password: str
    created_at: datetime
    disabled_at: datetime | None = None


class UserRole(SQLModel, table=True):
    """What a user may do (角色), and for which department; an empty department is the whole desk."""

    __tablename__ = "user_role"
    login: str = Field(primary_key=True, foreign_key="user.login")
    role: str = Field(primary_key=True)
    department: str = Field(default="", primary_key=True)


class ApiKey(SQLModel, table=True):
    """A key for scripts and consoles (接口密钥); only its digest is kept."""

    __tablename__ = "api_key"
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    name: str
    digest: str = Field(unique=True, max_length=64)
    role: str
    department: str | None = None
    created_at: datetime
    disabled_at: datetime | None = None


class Person(SQLModel, table=True):
    """A caller (诉求人), identity apart from the ticket and sealed; `phone_index` is a keyed hash."""

    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    phone_index: str | None = Field(default=None, unique=True, max_length=64)
    sealed_phone: str | None = Field(default=None, sa_type=Text)
    contacts: int = 1
    created_at: datetime
    seen_at: datetime
    malicious_at: datetime | None = None
    malicious_by: str | None = None
    malicious_reason: str | None = None


class NumberBlock(SQLModel, table=True):
    """Ticket numbers handed out so far (编号段), leased in blocks per area and day."""

    __tablename__ = "number_block"
    area: str = Field(primary_key=True, max_length=6)
    day: str = Field(primary_key=True, max_length=8)
    next: int = Field(sa_type=BigInteger)


class Ticket(SQLModel, table=True):
    """One matter and where it stands (工单)."""

    __table_args__ = (
        one_of("stage", list(Stage)),
        one_of("type", list(TicketType)),
        one_of("urgency", list(Urgency)),
        partial("ix_ticket_person", "person", "number", where="person IS NOT NULL"),
        partial("ix_ticket_earlier", "earlier", where="earlier IS NOT NULL"),
        partial("ix_ticket_merged", "merged_into", where="merged_into IS NOT NULL"),
        partial("ix_ticket_split", "split_from", where="split_from IS NOT NULL"),
        partial("ix_ticket_restricted", "number", where="restricted"),
        partial("ix_ticket_upward", "upward", "number", where="upward IS NOT NULL"),
        partial("ix_ticket_upper", "upper_number", where="upper_number IS NOT NULL"),
        partial("ix_ticket_card", "card", where="card IS NOT NULL"),
        partial("ix_ticket_untallied", "number", where="NOT tallied"),
        Index("ix_ticket_area", "area", "number"),
        partial("ix_ticket_department_due", "department", "due_at", "number", where=IS_OPEN),
        partial("ix_ticket_due", "due_at", "number", where=IS_OPEN),
        Index("ix_ticket_stage", "stage", "number"),
        Index("ix_ticket_department", "department", "number"),
    )
    number: str = Field(primary_key=True, sa_type=Number)
    external_id: str | None = None
    channel: str
    stage: str
    type: str
    urgency: str
    department: str | None = None
    category: str | None = None
    area: str | None = None
    title: str
    text: str = Field(sa_type=Text)
    place: str | None = None
    occurred_at: datetime | None = None
    time_known: bool = True
    received_at: datetime
    closed_at: datetime | None = None
    due_at: datetime | None = None
    person: int | None = Field(default=None, foreign_key="person.id", sa_type=BigInteger)
    anonymous: bool = False
    confidential: bool = False
    complaint_count: int = 1
    redo_round: int = 0
    supervision: int = 0
    raised: int = 0
    counted_at: datetime | None = None
    earlier: str | None = Field(default=None, sa_type=Number)
    merged_into: str | None = Field(default=None, sa_type=Number)
    split_from: str | None = Field(default=None, sa_type=Number)
    restricted: bool = False
    against: str | None = None
    card: int | None = Field(default=None, sa_type=BigInteger)
    occasion: str | None = None
    enterprise: str | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    source_line: str | None = None
    upper_number: str | None = None
    upper_due_at: datetime | None = None
    upward: str | None = None
    upper_receipt: str | None = None
    recording_id: str | None = None
    history: bool = False
    tallied: bool = False
    pack: str = Field(foreign_key="pack.hash", max_length=64)
    version: int = 1


class Request(SQLModel, table=True):
    """One contact of one caller (诉求): the first makes the ticket, later ones may join it."""

    __table_args__ = (
        UniqueConstraint("scope", "idempotency_key", name="uq_request_idempotency"),
        UniqueConstraint("scope", "channel", "external_id", name="uq_request_external"),
        Index("ix_request_ticket", "ticket"),
        partial("ix_request_appointment", "appointment_at", where="appointment_at IS NOT NULL"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    query_code: str = Field(max_length=8)
    received_at: datetime
    scope: str
    idempotency_key: str | None = None
    fingerprint: str | None = Field(default=None, max_length=64)
    channel: str
    external_id: str | None = None
    joined: bool = False
    stage: str
    person: int | None = Field(default=None, foreign_key="person.id", sa_type=BigInteger)
    sealed_name: str | None = Field(default=None, sa_type=Text)
    sealed_text: str | None = Field(default=None, sa_type=Text)
    proxy: str | None = None
    appointment_at: datetime | None = None


class Decision(SQLModel, table=True):
    """What a rule decided and why (决定), with the facts it saw, so that it can be replayed."""

    __table_args__ = (Index("ix_decision_ticket", "ticket"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    act: str
    what: str
    because: str = Field(sa_type=Text)
    rule: str
    clause: str
    pack: str = Field(max_length=64)
    model: str | None = None
    department: str | None = None
    facts: dict[str, Any] = Field(sa_type=JSON)
    details: dict[str, Any] = Field(sa_type=JSON)
    at: datetime


class Assignment(SQLModel, table=True):
    """One dispatch to one department (派单记录); never changed but for how it ended. `upper` delegated it (下派)."""

    __table_args__ = (
        one_of("part", ("lead", "assist")),
        Index("ix_assignment_ticket", "ticket"),
        Index("ix_assignment_department", "department", "at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    department: str
    part: str = "lead"
    upper: str | None = None
    actor: str
    reason: str = ""
    at: datetime
    ended_at: datetime | None = None
    result: str | None = None


class Clock(SQLModel, table=True):
    """One promise in time (时钟): budget, frozen ladder, deadline and next step."""

    __table_args__ = (
        one_of("state", CLOCK_STATES),
        UniqueConstraint("ticket", "kind", "scope", "generation", name="uq_clock_generation"),
        partial("ix_clock_next", "next_at", "id", where="next_at IS NOT NULL"),
        partial("ix_clock_provisional", "ticket", where="provisional"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    kind: str
    scope: str
    generation: int
    state: str
    started_at: datetime
    amount: float | None = None
    unit: str | None = None
    due_at: datetime | None = None
    next_at: datetime | None = None
    stopped_at: datetime | None = None
    ladder: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    rule: str = ""
    clause: str = ""
    pack: str = Field(max_length=64)
    calendar: str
    provisional: bool = False


class Event(SQLModel, table=True):
    """What happened (事件), append-only; a clock's step is an event that can exist once."""

    __table_args__ = (
        partial("uq_event_step", "clock", "generation", "step", where="step IS NOT NULL", unique=True),
        partial("uq_event_level", "ticket", "step", where="step IS NOT NULL AND clock IS NULL", unique=True),
        Index("ix_event_ticket", "ticket", "id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    kind: str
    at: datetime
    recorded_at: datetime
    actor: str
    clock: int | None = Field(default=None, foreign_key="clock.id", sa_type=BigInteger)
    generation: int | None = None
    step: str | None = None
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Outbox(SQLModel, table=True):
    """Work still to do after a commit (发件箱): the queue of record; Redis is only its bell."""

    __table_args__ = (
        one_of("state", OUTBOX_STATES),
        partial("ix_outbox_open", "kind", "ready_at", "id", where="state IN ('ready', 'claimed')"),
        partial("ix_outbox_dead", "id", where="state = 'dead'"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    kind: str
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    state: str = "ready"
    attempts: int = 0
    ready_at: datetime
    created_at: datetime
    done_at: datetime | None = None
    error: str | None = None
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Notice(SQLModel, table=True):
    """A notice in the console's inbox (站内通知); one outbox row makes it once for each receiver."""

    __table_args__ = (
        UniqueConstraint("outbox", "receiver", name="uq_notice_outbox"),
        Index("ix_notice_receiver", "receiver", "department", "id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    outbox: int = Field(foreign_key="outbox.id", sa_type=BigInteger)
    ticket: str | None = Field(default=None, foreign_key="ticket.number", sa_type=Number)
    receiver: str
    department: str | None = None
    words: str = Field(sa_type=Text)
    created_at: datetime
    read_at: datetime | None = None
