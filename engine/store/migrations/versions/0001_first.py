"""The first schema: tables, and the views that outside programs rely on."""

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

VIEWS = {
    "v_tickets": """
        SELECT tickets.id AS ticket, tickets.status AS status,
               {subjects.next_check_at} AS next_check_at
        FROM tickets LEFT JOIN subjects ON subjects.subject = tickets.id
    """,
    "v_firings": """
        SELECT subject AS ticket, rule, anchor AS episode, level, identity AS name, occurrence,
               kind, {due_at} AS due_at, {fired_at} AS fired_at, generation
        FROM firings WHERE passing = 'fired'
    """,
    "v_decisions": """
        SELECT id AS decision, subject AS ticket, rule, {at} AS at, verdict, reason, generation
        FROM decisions
    """,
    "v_outbox": """
        SELECT id, key AS idempotency_key, ticket, rule, audience, action, receiver_hash, state,
               reason, attempts, {created_at} AS created_at, {finished_at} AS finished_at
        FROM outbox
    """,
}
INSTANTS = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%SZ', {}, 'unixepoch')",
    "postgresql": """to_char(to_timestamp({}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""",
}


def where(condition: str) -> dict[str, Any]:
    return {f"{dialect}_where": sa.text(condition) for dialect in ("sqlite", "postgresql")}


def upgrade() -> None:
    create_tables()
    create_views()
    op.execute("INSERT INTO meta (key, value) VALUES ('schema', '1'), ('oldest_schema', '1')")


def create_views() -> None:
    shown = INSTANTS[op.get_bind().dialect.name]
    for name, query in VIEWS.items():
        select = re.sub(r"\{(.+?)\}", lambda column: shown.format(column[1]), query)
        op.get_bind().exec_driver_sql(f"CREATE VIEW {name} AS {select}")


def create_tables() -> None:
    op.create_table(
        "budgets",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "period_start"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contacts",
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text()),
        sa.Column("customer_id", sa.Text()),
        sa.Column("organization", sa.Text()),
        sa.PrimaryKeyConstraint("ticket", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("contacts_at", "contacts", ["at"])
    op.create_index("contacts_of_customer", "contacts", ["customer_id", "at"])
    op.create_index("contacts_of_organization", "contacts", ["organization", "at"])
    op.create_table(
        "decisions",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("generation", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("decisions_of_subject", "decisions", ["subject", "rule", "id"])
    op.create_table(
        "episodes",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("anchor_at", sa.BigInteger(), nullable=False),
        sa.Column("escalated_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("subject", "rule", "anchor"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "episodes_escalated", "episodes", ["subject"], **where("escalated_at IS NOT NULL")
    )
    op.create_index("episodes_live", "episodes", ["subject"], **where("ended_at IS NULL"))
    op.create_table(
        "generations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text()),
        sa.Column("receiver_hash", sa.Text()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("receipt", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_for_people", "outbox", ["id"], **where("state IN ('held', 'unknown')"))
    op.create_index(
        "outbox_leased", "outbox", ["lease_until", "id"], **where("state IN ('leased', 'sending')")
    )
    op.create_index("outbox_of_episode", "outbox", ["subject", "rule", "anchor"])
    op.create_index(
        "outbox_on_its_way",
        "outbox",
        ["ticket", "lane", "id"],
        **where("state IN ('pending', 'snoozed', 'leased', 'sending')"),
    )
    op.create_index(
        "outbox_waiting",
        "outbox",
        ["next_attempt_at", "id"],
        **where("state IN ('pending', 'snoozed')"),
    )
    op.create_table(
        "subjects",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("next_check_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("subject"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "subjects_due",
        "subjects",
        ["next_check_at", "subject"],
        **where("next_check_at IS NOT NULL"),
    )
    op.create_table(
        "ticket_events",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("helpdesk", sa.Text(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("present", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.Text()),
        sa.Column("organization", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("tickets_of_customer", "tickets", ["customer_id"])
    op.create_index("tickets_open", "tickets", ["id"], **where("is_open"))
    op.create_index("tickets_open_of_organization", "tickets", ["organization"], **where("is_open"))
    op.create_table(
        "watermarks",
        sa.Column("helpdesk", sa.Text(), nullable=False),
        sa.Column("watermark", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("helpdesk"),
    )
    op.create_table(
        "attempts",
        sa.Column("outbox", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("receipt", sa.Text()),
        sa.ForeignKeyConstraint(["outbox"], ["outbox.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("outbox", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "firings",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("is_shadow", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text()),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("passing", sa.Text(), nullable=False),
        sa.Column("generation", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject", "rule", "anchor"],
            ["episodes.subject", "episodes.rule", "episodes.anchor"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subject", "rule", "anchor", "identity", "occurrence", "is_shadow"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "messages",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text()),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("deliver_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject", "rule", "anchor"],
            ["episodes.subject", "episodes.rule", "episodes.anchor"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subject", "rule", "anchor", "message", "occurrence"),
        sqlite_with_rowid=False,
    )
    op.create_index("messages_of_customer", "messages", ["customer", "deliver_at"])
    op.create_index("messages_of_ticket", "messages", ["ticket", "deliver_at"])
