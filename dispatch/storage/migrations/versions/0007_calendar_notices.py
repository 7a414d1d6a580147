"""Notices of the calendar that were loaded (放假通知)

Revision: 0007
Revises: 0006
Created: 2026-11-27 22:10:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_number = sa.String(32, collation="C").with_variant(sa.String(32), "sqlite")
_text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    """Add the table, and the index that finds provisional deadlines."""
    op.create_table(
        "calendar_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", _text(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("region", _text(), nullable=False),
        sa.Column("title", _text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("actor", _text(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("next", _number, nullable=False),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.Column("done_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index(
        "ix_clock_provisional",
        "clock",
        ["ticket"],
        unique=False,
        postgresql_where=sa.text("provisional"),
        sqlite_where=sa.text("provisional"),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_clock_provisional", table_name="clock")
    op.drop_table("calendar_notice")
