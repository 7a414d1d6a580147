"""Records beside the ticket (附属记录): links, cards, clues, counts and reports, looks at identities, the duty roster."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

from dispatch.storage.tables import Number, Serial, one_of, partial
from rules.measures import MEASURES
from rules.proposals import PROPOSAL_STATES

CLUE_STATES = ("waiting", "confirmed", "rejected", "sent_up", "undone")


class Link(SQLModel, table=True):
    """Two tickets of different callers that look like one matter (疑似同一事项); a person merges or lets it be."""

    __table_args__ = (Index("ix_link_other", "other"),)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number, primary_key=True)
    other: str = Field(foreign_key="ticket.number", sa_type=Number, primary_key=True)
    likeness: float
    reasons: list[str] = Field(default_factory=list, sa_type=JSON)
    at: datetime


class EventCard(SQLModel, table=True):
    """A known outage or notice (事件卡): one answer for everybody who asks about it while it runs."""

    __tablename__ = "event_card"
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    title: str
    words: list[str] = Field(sa_type=JSON)
    areas: list[str] = Field(default_factory=list, sa_type=JSON)
    answer: str = Field(sa_type=Text)
    department: str | None = None
    begins_at: datetime
    ends_at: datetime
    created_by: str
    created_at: datetime


class Clue(SQLModel, table=True):
    """A clue for the inspector (线索): the evidence as it stood, with draft records, and what became of it."""

    __table_args__ = (
        one_of("state", CLUE_STATES),
        UniqueConstraint("ticket", "step", name="uq_clue_step"),
        Index("ix_clue_state", "state", "id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    step: str
    state: str = "waiting"
    department: str | None = None
    evidence: list[dict[str, Any]] = Field(sa_type=JSON)
    drafts: dict[str, Any] = Field(sa_type=JSON)
    opened_at: datetime
    settled_at: datetime | None = None
    settled_by: str | None = None
    reason: str | None = None


class Proposal(SQLModel, table=True):
    """What conferring settled, as a proposal for the catalogue (清单建议), and what a named person made of it."""

    __table_args__ = (
        one_of("state", PROPOSAL_STATES),
        Index("ix_proposal_category", "category", "id"),
        Index("ix_proposal_state", "state", "id"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    category: str
    area: str | None = None
    lead: str
    assists: list[str] = Field(default_factory=list, sa_type=JSON)
    reason: str = Field(sa_type=Text)
    state: str = "proposed"
    proposed_by: str
    proposed_at: datetime
    settled_by: str | None = None
    settled_at: datetime | None = None
    words: str | None = None


class Tally(SQLModel, table=True):
    """What one ticket adds to the counts of one day and department (计数明细), and under which words it was counted.

    `counts` is a JSON object of measures as text, so that both databases can look for a measure in it; `flagged` rows
    hold one of the few measures that people always look into.
    """

    __table_args__ = (
        Index("ix_tally_ticket", "ticket"),
        Index("ix_tally_day", "day"),
        Index("ix_tally_department", "department", "day"),
        partial("ix_tally_flagged", "day", where="flagged"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    day: date
    department: str
    category: str
    area: str
    channel: str
    type: str
    counts: str = Field(sa_type=Text)
    flagged: bool


#: Sums of the tallies (日计数) by day, for everything together and by each dimension; one column a measure.
DAILY_COUNT = Table(
    "daily_count",
    SQLModel.metadata,
    Column("day", Date, primary_key=True),
    Column("dimension", String(16), primary_key=True),
    Column("key", String, primary_key=True),
    *(Column(code, Integer, nullable=False, server_default="0") for code in MEASURES),
)


class Report(SQLModel, table=True):
    """A report as it was given out (报表): frozen; a correction is the next version, with what changed."""

    __table_args__ = (UniqueConstraint("kind", "period", "version", name="uq_report_version"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    kind: str
    period: str
    version: int
    as_of: datetime
    made_by: str
    reason: str = ""
    pack: str = Field(foreign_key="pack.hash", max_length=64)
    document: dict[str, Any] = Field(sa_type=JSON)


class Watch(SQLModel, table=True):
    """What ticker and auditor remember (值守记录): the newest instant seen, where the audit stands, repairs by kind.

    `n` counts, `words` holds what is not a number.
    """

    name: str = Field(primary_key=True, max_length=64)
    at: datetime
    n: int = Field(default=0, sa_type=BigInteger)
    words: str = ""


class Reveal(SQLModel, table=True):
    """One look at a caller's identity (查看身份记录): who, what of whom, why and when; never the value."""

    __table_args__ = (Index("ix_reveal_actor", "actor", "at"), Index("ix_reveal_ticket", "ticket"))
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    ticket: str = Field(foreign_key="ticket.number", sa_type=Number)
    person: int | None = Field(default=None, foreign_key="person.id", sa_type=BigInteger)
    field: str
    reason: str = Field(sa_type=Text)
    actor: str
    roles: list[str] = Field(sa_type=JSON)
    at: datetime


class Duty(SQLModel, table=True):
    """Who answers for a department at what time (值班表); an empty department is the hotline.

    `login` names a person of the desk; anybody else stands by name, with a sealed phone.
    """

    __table_args__ = (
        CheckConstraint("begins_at < ends_at", name="ck_duty_span"),
        Index("ix_duty_department", "department", "ends_at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Serial)
    department: str
    begins_at: datetime
    ends_at: datetime
    login: str | None = Field(default=None, foreign_key="user.login")
    name: str
    sealed_phone: str | None = Field(default=None, sa_type=Text)
    loaded_by: str
    loaded_at: datetime
