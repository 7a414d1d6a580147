"""Repeats, links, event cards and clues (重复诉求与升级)

Revision: 0002
Revises: 0001
Created: 2026-11-22 12:58:53
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OPEN = (
    "stage IN ('received', 'incomplete', 'to_dispatch', 'to_sign', 'returned', 'conferring', 'handling', "
    "'suspended', 'reviewing', 'to_call_back')"
)
#: Name, table, columns, condition.
_INDEXES: tuple[tuple[str, str, list[str], str, bool], ...] = (
    ("ix_ticket_person", "ticket", ["person", "number"], "person IS NOT NULL", False),
    ("ix_ticket_earlier", "ticket", ["earlier"], "earlier IS NOT NULL", False),
    ("ix_ticket_merged", "ticket", ["merged_into"], "merged_into IS NOT NULL", False),
    ("ix_ticket_restricted", "ticket", ["number"], "restricted", False),
    ("ix_ticket_card", "ticket", ["card"], "card IS NOT NULL", False),
    ("ix_request_appointment", "request", ["appointment_at"], "appointment_at IS NOT NULL", False),
    ("uq_event_level", "event", ["ticket", "step"], "step IS NOT NULL AND clock IS NULL", True),
)


def _instant() -> sqlmodel.sql.sqltypes.UTCDateTime:
    return sqlmodel.sql.sqltypes.UTCDateTime()


def _words() -> sa.types.TypeEngine[str]:
    return sqlmodel.sql.sqltypes.AutoString()


def _number() -> sa.types.TypeEngine[str]:
    return sa.String(length=32, collation="C").with_variant(sa.String(length=32), "sqlite")


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _columns() -> dict[str, list[sa.Column[object]]]:
    return {
        "ticket": [
            sa.Column("raised", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("counted_at", _instant(), nullable=True),
            sa.Column("earlier", _number(), nullable=True),
            sa.Column("merged_into", _number(), nullable=True),
            sa.Column("restricted", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("against", _words(), nullable=True),
            sa.Column("card", sa.BigInteger(), nullable=True),
            sa.Column("occasion", _words(), nullable=True),
            sa.Column("enterprise", _words(), nullable=True),
        ],
        "person": [
            sa.Column("malicious_at", _instant(), nullable=True),
            sa.Column("malicious_by", _words(), nullable=True),
            sa.Column("malicious_reason", _words(), nullable=True),
        ],
        "request": [
            sa.Column("proxy", _words(), nullable=True),
            sa.Column("appointment_at", _instant(), nullable=True),
        ],
    }


def _tables() -> None:
    op.create_table(
        "event_card",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("title", _words(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("department", _words(), nullable=True),
        sa.Column("begins_at", _instant(), nullable=False),
        sa.Column("ends_at", _instant(), nullable=False),
        sa.Column("created_by", _words(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "clue",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("ticket", _number(), nullable=False),
        sa.Column("step", _words(), nullable=False),
        sa.Column("state", _words(), nullable=False),
        sa.Column("department", _words(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("drafts", sa.JSON(), nullable=False),
        sa.Column("opened_at", _instant(), nullable=False),
        sa.Column("settled_at", _instant(), nullable=True),
        sa.Column("settled_by", _words(), nullable=True),
        sa.Column("reason", _words(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'rejected', 'sent_up', 'undone')", name="ck_state_word"
        ),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ticket", "step", name="uq_clue_step"),
    )
    op.create_index("ix_clue_state", "clue", ["state", "id"])
    op.create_table(
        "link",
        sa.Column("ticket", _number(), nullable=False),
        sa.Column("other", _number(), nullable=False),
        sa.Column("likeness", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["other"], ["ticket.number"]),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"]),
        sa.PrimaryKeyConstraint("ticket", "other"),
    )
    op.create_index("ix_link_other", "link", ["other"])


def upgrade() -> None:
    """Plain ALTER TABLE ADD COLUMN where it can be: a big table is not copied."""
    _tables()
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    with op.batch_alter_table("notice") as notice:
        notice.alter_column("ticket", existing_type=_number(), nullable=True)
    op.drop_index("ix_ticket_person_open", table_name="ticket")
    op.create_index("ix_ticket_area", "ticket", ["area", "number"])
    for name, table, over, where, unique in _INDEXES:
        condition = sa.text(where)
        op.create_index(name, table, over, unique=unique, postgresql_where=condition, sqlite_where=condition)


def downgrade() -> None:
    """Back to 0001; what only 0002 can hold is lost."""
    for name, table, *_ in _INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_index("ix_ticket_area", table_name="ticket")
    condition = sa.text(_OPEN)
    op.create_index(
        "ix_ticket_person_open", "ticket", ["person"], postgresql_where=condition, sqlite_where=condition
    )
    op.execute("DELETE FROM notice WHERE ticket IS NULL")
    with op.batch_alter_table("notice") as notice:
        notice.alter_column("ticket", existing_type=_number(), nullable=False)
    for table, columns in _columns().items():
        for column in columns:
            op.drop_column(table, column.name)
    for table in ("link", "clue", "event_card"):
        op.drop_table(table)
