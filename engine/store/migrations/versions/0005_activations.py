"""When each generation was put in force, so that the past can be told by the rules of its time."""

import sqlalchemy as sa
from alembic import op

revision = "0005_activations"
down_revision = "0004_silences"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "activations",
        sa.Column("number", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO activations (at, generation) SELECT loaded_at, id FROM generations"
        " ORDER BY loaded_at"
    )
