"""What people decided about rows of the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0007_interventions"
down_revision = "0006_bounces"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_UNTOLD = sa.text("NOT is_told")


def upgrade() -> None:
    op.create_table(
        "interventions",
        sa.Column("id", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("outbox", ROW_ID, sa.ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("is_told", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("interventions_of_row", "interventions", ["outbox", "id"])
    op.create_index(
        "interventions_to_tell_of",
        "interventions",
        ["id"],
        sqlite_where=IS_UNTOLD,
        postgresql_where=IS_UNTOLD,
    )
