"""When an escalation's last notice had been said in vain."""

import sqlalchemy as sa
from alembic import op

revision = "0002_exhausted"
down_revision = "0001_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("episodes", sa.Column("exhausted_at", sa.BigInteger))
