"""Records beside the ticket (附属记录): links between tickets, event cards, clues for the inspector."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from dispatch.storage.tables import Number, Serial, one_of

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
