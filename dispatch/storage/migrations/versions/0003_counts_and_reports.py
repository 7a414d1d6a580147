"""Counts and reports (计数与报表)

Revision: 0003
Revises: 0002
Created: 2026-11-27 17:40:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: The measures as they are at this revision; a later one that adds a measure adds its column.
_MEASURES = [
    "contacts",
    "received",
    "valid",
    "invalid",
    "direct",
    "dispatched",
    "refused",
    "transferred",
    "waiting",
    "repeated",
    "merged",
    "closed",
    "no_reply",
    "dispatch_due",
    "dispatched_on_time",
    "assigned",
    "assisted",
    "first_assigned",
    "first_right",
    "sign_due",
    "signed_on_time",
    "contact_due",
    "responded",
    "due",
    "on_time",
    "late",
    "in_review",
    "returned",
    "returned_accepted",
    "reassigned",
    "extended",
    "done",
    "redone",
    "called_back",
    "concluded",
    "reached",
    "unrated",
    "solved_known",
    "solved",
    "satisfied_known",
    "satisfied",
    "urged",
    "supervised",
    "raised",
    "open_change",
]


def _instant() -> sqlmodel.sql.sqltypes.UTCDateTime:
    return sqlmodel.sql.sqltypes.UTCDateTime()


def _words() -> sa.types.TypeEngine[str]:
    return sqlmodel.sql.sqltypes.AutoString()


def _number() -> sa.types.TypeEngine[str]:
    return sa.String(length=32, collation="C").with_variant(sa.String(length=32), "sqlite")


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _indexes() -> None:
    for name, table, over, where in (
        ("ix_ticket_untallied", "ticket", ["number"], "NOT tallied"),
        ("ix_tally_flagged", "tally", ["day"], "flagged"),
    ):
        condition = sa.text(where)
        op.create_index(name, table, over, postgresql_where=condition, sqlite_where=condition)
    op.create_index("ix_tally_ticket", "tally", ["ticket"])
    op.create_index("ix_tally_day", "tally", ["day"])
    op.create_index("ix_tally_department", "tally", ["department", "day"])


def upgrade() -> None:
    """Every ticket there is has not been counted yet: the workers, or the first report, will."""
    op.add_column("ticket", sa.Column("tallied", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "tally",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("ticket", _number(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(
            sa.Column(name, _words(), nullable=False)
            for name in ("department", "category", "area", "channel", "type")
        ),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "daily_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("dimension", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        *(sa.Column(code, sa.Integer(), nullable=False, server_default="0") for code in _MEASURES),
        sa.PrimaryKeyConstraint("day", "dimension", "key"),
    )
    op.create_table(
        "report",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("kind", _words(), nullable=False),
        sa.Column("period", _words(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("as_of", _instant(), nullable=False),
        sa.Column("made_by", _words(), nullable=False),
        sa.Column("reason", _words(), nullable=False),
        sa.Column("pack", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["pack"], ["pack.hash"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "period", "version", name="uq_report_version"),
    )
    _indexes()


def downgrade() -> None:
    """Back to 0002: the counts can be made again, reports that were given out are lost."""
    for table in ("report", "daily_count", "tally"):
        op.drop_table(table)
    op.drop_index("ix_ticket_untallied", table_name="ticket")
    op.drop_column("ticket", "tallied")
