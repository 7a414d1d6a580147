"""Acts beside the way, looks at identities, the duty roster (拆单、评价、申诉、查看身份、值班表)

Revision: 0006
Revises: 0005
Created: 2026-11-27 21:10:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: The measures that this revision adds.
_MEASURES = ("split_off", "excused", "excused_answers", "rated", "rated_well")


def _instant(name: str) -> "sa.Column[object]":
    return sa.Column(name, sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False)


def _words(name: str, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def _number() -> sa.types.TypeEngine[str]:
    return sa.String(length=32, collation="C").with_variant(sa.String(length=32), "sqlite")


def _key() -> "sa.Column[int]":
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", serial, nullable=False)


def upgrade() -> None:
    """Nothing of what there is changes: no ticket was split, rated or appealed against so far."""
    op.add_column("ticket", sa.Column("split_from", _number(), nullable=True))
    split = sa.text("split_from IS NOT NULL")
    op.create_index("ix_ticket_split", "ticket", ["split_from"], postgresql_where=split, sqlite_where=split)
    for code in _MEASURES:
        op.add_column("daily_count", sa.Column(code, sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "reveal",
        _key(),
        sa.Column("ticket", _number(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=True),
        _words("field"),
        sa.Column("reason", sa.Text(), nullable=False),
        _words("actor"),
        sa.Column("roles", sa.JSON(), nullable=False),
        _instant("at"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"]),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "duty",
        _key(),
        _words("department"),
        _instant("begins_at"),
        _instant("ends_at"),
        _words("login", nullable=True),
        _words("name"),
        sa.Column("sealed_phone", sa.Text(), nullable=True),
        _words("loaded_by"),
        _instant("loaded_at"),
        sa.CheckConstraint("begins_at < ends_at", name="ck_duty_span"),
        sa.ForeignKeyConstraint(["login"], ["user.login"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reveal_actor", "reveal", ["actor", "at"])
    op.create_index("ix_reveal_ticket", "reveal", ["ticket"])
    op.create_index("ix_duty_department", "duty", ["department", "ends_at"])


def downgrade() -> None:
    """Back to 0003: who looked at identities and the roster are lost, split tickets stand alone."""
    for table in ("duty", "reveal"):
        op.drop_table(table)
    for code in _MEASURES:
        op.drop_column("daily_count", code)
    op.drop_index("ix_ticket_split", table_name="ticket")
    op.drop_column("ticket", "split_from")
