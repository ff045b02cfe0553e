"""What an address was sent lately, and what still waits for it, is asked before each message."""

import sqlalchemy as sa
from alembic import op

revision = "0009_heard"
down_revision = "0008_satisfaction"
branch_labels = None
depends_on = None

IS_DELIVERED = sa.text("state = 'delivered'")
IS_WAITING = sa.text("state IN ('pending', 'snoozed')")


def upgrade() -> None:
    op.create_index(
        "outbox_heard",
        "outbox",
        ["receiver_hash", "finished_at", "receipt"],
        sqlite_where=IS_DELIVERED,
        postgresql_where=IS_DELIVERED,
    )
    op.create_index(
        "outbox_to_hear",
        "outbox",
        ["receiver_hash", "id"],
        sqlite_where=IS_WAITING,
        postgresql_where=IS_WAITING,
    )
