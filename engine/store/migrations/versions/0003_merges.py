"""Which ticket a merged ticket was merged into, to be found from the survivor."""

import sqlalchemy as sa
from alembic import op

revision = "0003_merges"
down_revision = "0002_exhausted"
branch_labels = None
depends_on = None

FILL = {
    "sqlite": """
        UPDATE tickets SET merged_into = json_extract(present, '$.merged_into')
        WHERE instr(present, '"merged_into"') > 0
    """,
    "postgresql": """
        UPDATE tickets SET merged_into = CAST(present AS json) ->> 'merged_into'
        WHERE strpos(present, '"merged_into"') > 0
    """,
}


def upgrade() -> None:
    op.add_column("tickets", sa.Column("merged_into", sa.Text()))
    is_merged = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "tickets_merged",
        "tickets",
        ["merged_into"],
        sqlite_where=is_merged,
        postgresql_where=is_merged,
    )
    op.get_bind().exec_driver_sql(FILL[op.get_bind().dialect.name])
