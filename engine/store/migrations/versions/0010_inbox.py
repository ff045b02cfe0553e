"""What others send us: kept before it is answered, and ingested from here."""

import sqlalchemy as sa
from alembic import op

revision = "0010_inbox"
down_revision = "0009_heard"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("number", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("helpdesk", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("ticket", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("inbox_keys", "inbox", ["helpdesk", "key"], unique=True)
    op.create_index("inbox_of_ticket", "inbox", ["ticket", "number"])
    op.create_table(
        "inbox_stamps",
        sa.Column("stamp", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "nudges",
        sa.Column("ticket", sa.Text, primary_key=True),
        sa.Column("helpdesk", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("turn", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
