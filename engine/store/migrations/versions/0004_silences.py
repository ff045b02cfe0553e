"""Silences, and which messages to customers were skipped for one."""

import sqlalchemy as sa
from alembic import op

revision = "0004_silences"
down_revision = "0003_merges"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_TO_BE_TOLD_OF = sa.text("told <> 'ended'")


def upgrade() -> None:
    op.create_table(
        "silences",
        sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("matchers", sa.Text, nullable=False),
        sa.Column("begins_at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("told", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("silences_by_end", "silences", ["ends_at"])
    op.create_index(
        "silences_to_tell_of",
        "silences",
        ["id"],
        sqlite_where=IS_TO_BE_TOLD_OF,
        postgresql_where=IS_TO_BE_TOLD_OF,
    )
    op.add_column("messages", sa.Column("skipped", sa.Text))
