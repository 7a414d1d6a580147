"""Automatic signatures, proposals for the catalogue, replies upward (自动签收、清单建议、上级反馈)

Revision: 0008
Revises: 0007
Created: 2026-11-28 00:50:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: The measures that this revision adds.
_MEASURES = ("signed", "signed_by_hand", "signed_automatic")


def upgrade() -> None:
    """Counts begin at zero: `hotline counts rebuild` fills in what was signed before."""
    for code in _MEASURES:
        op.add_column("daily_count", sa.Column(code, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Back to 0007."""
    for code in _MEASURES:
        op.drop_column("daily_count", code)
