"""Automatic signatures, proposals for the catalogue, replies upward (自动签收、清单建议、上级反馈)

Revision: 0008
Revises: 0007
Created: 2026-11-28 00:50:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: The measures that this revision adds.
_MEASURES = ("signed", "signed_by_hand", "signed_automatic")
_INDEXES = (
    ("ix_ticket_upward", ["upward", "number"], "upward IS NOT NULL"),
    ("ix_ticket_upper", ["upper_number"], "upper_number IS NOT NULL"),
)


def _words(name: str, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def _instant(name: str, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=nullable)


def _number() -> sa.types.TypeEngine[str]:
    return sa.String(length=32, collation="C").with_variant(sa.String(length=32), "sqlite")


def _proposal() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", _number(), nullable=False),
        _words("category"),
        _words("area", nullable=True),
        _words("lead"),
        sa.Column("assists", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _words("state"),
        _words("proposed_by"),
        _instant("proposed_at"),
        _words("settled_by", nullable=True),
        _instant("settled_at", nullable=True),
        _words("words", nullable=True),
        sa.CheckConstraint("state IN ('proposed', 'accepted', 'rejected')", name="ck_state_word"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_proposal_category", "proposal", ["category", "id"])
    op.create_index("ix_proposal_state", "proposal", ["state", "id"])


def upgrade() -> None:
    """Counts begin at zero: `hotline counts rebuild` fills in what was signed before."""
    for code in _MEASURES:
        op.add_column("daily_count", sa.Column(code, sa.Integer(), nullable=False, server_default="0"))
    _proposal()
    op.add_column("ticket", _words("upward", nullable=True))
    op.add_column("ticket", _words("upper_receipt", nullable=True))
    for name, columns, where in _INDEXES:
        held = sa.text(where)
        op.create_index(name, "ticket", columns, postgresql_where=held, sqlite_where=held)


def downgrade() -> None:
    """Back to 0007: what was proposed is lost, and how far replies upward had come."""
    for name, _, _ in _INDEXES:
        op.drop_index(name, table_name="ticket")
    for column in ("upper_receipt", "upward"):
        op.drop_column("ticket", column)
    op.drop_table("proposal")
    for code in _MEASURES:
        op.drop_column("daily_count", code)
