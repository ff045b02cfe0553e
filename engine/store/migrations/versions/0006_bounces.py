"""Addresses that take no mail from us."""

import sqlalchemy as sa
from alembic import op

revision = "0006_bounces"
down_revision = "0005_activations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bounces",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("ticket", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("cleared_at", sa.BigInteger),
        sqlite_with_rowid=False,
    )
