"""The tables, as the newest migration leaves them.

Instants are whole seconds since the UTC epoch. What is only ever read back whole is JSON text
(`codec`). Conditions of partial indexes stand here as text, and statements use that same text:
SQLite recognises an index by it, and would not by a bound parameter.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

METADATA: Final = MetaData()

Instant = BigInteger
"""Seconds since the UTC epoch."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the database gives out; never the same twice."""

IS_OPEN: Final = "is_open"
IS_MERGED: Final = "merged_into IS NOT NULL"
IS_TIMED: Final = "next_check_at IS NOT NULL"
IS_WAITING: Final = "state IN ('pending', 'snoozed')"
IS_LEASED: Final = "state IN ('leased', 'sending')"
IS_ON_ITS_WAY: Final = "state IN ('pending', 'snoozed', 'leased', 'sending')"
IS_DELIVERED: Final = "state = 'delivered'"
NEEDS_PEOPLE: Final = "state IN ('held', 'unknown')"
IS_LIVE: Final = "ended_at IS NULL"
IS_TO_BE_TOLD_OF: Final = "told <> 'ended'"
IS_UNTOLD: Final = "NOT is_told"
HAS_ESCALATED: Final = "escalated_at IS NOT NULL"


def _partial_index(name: str, *columns: Column[object], where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


META = Table(
    "meta",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

WATERMARKS = Table(
    "watermarks",
    METADATA,
    Column("helpdesk", Text, primary_key=True),
    Column("watermark", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

TICKETS = Table(
    "tickets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("helpdesk", Text, nullable=False),
    Column("opening", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("present", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("customer_id", Text),
    Column("organization", Text),
    Column("created_at", Instant, nullable=False),
    Column("observed_at", Instant, nullable=False),
    Column("merged_into", Text),
)
_partial_index("tickets_merged", TICKETS.c.merged_into, where=IS_MERGED)
_partial_index("tickets_open", TICKETS.c.id, where=IS_OPEN)
Index("tickets_of_customer", TICKETS.c.customer_id)
_partial_index("tickets_open_of_organization", TICKETS.c.organization, where=IS_OPEN)

TICKET_EVENTS = Table(
    "ticket_events",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)

CONTACTS = Table(
    "contacts",
    METADATA,
    Column("ticket", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("channel", Text),
    Column("customer_id", Text),
    Column("organization", Text),
    sqlite_with_rowid=False,
)
Index("contacts_of_customer", CONTACTS.c.customer_id, CONTACTS.c.at)
Index("contacts_of_organization", CONTACTS.c.organization, CONTACTS.c.at)
Index("contacts_at", CONTACTS.c.at)

SUBJECTS = Table(
    "subjects",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("next_check_at", Instant),
    sqlite_with_rowid=False,
)
_partial_index("subjects_due", SUBJECTS.c.next_check_at, SUBJECTS.c.subject, where=IS_TIMED)

EPISODES = Table(
    "episodes",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("anchor", Text, primary_key=True),
    Column("anchor_at", Instant, nullable=False),
    Column("escalated_at", Instant),
    Column("ended_at", Instant),
    Column("exhausted_at", Instant),
    sqlite_with_rowid=False,
)
_partial_index("episodes_live", EPISODES.c.subject, where=IS_LIVE)
_partial_index("episodes_escalated", EPISODES.c.subject, where=HAS_ESCALATED)


def _of_an_episode() -> ForeignKeyConstraint:
    key = ["subject", "rule", "anchor"]
    return ForeignKeyConstraint(key, [f"episodes.{part}" for part in key], ondelete="CASCADE")


# What a shadow recorded never counts as fired, so it never stands in a firing's way.
FIRINGS = Table(
    "firings",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("anchor", Text, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("occurrence", Integer, primary_key=True),
    Column("is_shadow", Boolean, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("kind", Text),
    Column("due_at", Instant, nullable=False),
    Column("fired_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("passing", Text, nullable=False),
    Column("generation", Text, nullable=False),
    _of_an_episode(),
    sqlite_with_rowid=False,
)

MESSAGES = Table(
    "messages",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("anchor", Text, primary_key=True),
    Column("message", Text, primary_key=True),
    Column("occurrence", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("customer", Text),
    Column("template", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("deliver_at", Instant, nullable=False),
    Column("skipped", Text),
    _of_an_episode(),
    sqlite_with_rowid=False,
)
Index("messages_of_customer", MESSAGES.c.customer, MESSAGES.c.deliver_at)
Index("messages_of_ticket", MESSAGES.c.ticket, MESSAGES.c.deliver_at)

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("generation", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("decisions_of_subject", DECISIONS.c.subject, DECISIONS.c.rule, DECISIONS.c.id)

BUDGETS = Table(
    "budgets",
    METADATA,
    Column("rule", Text, primary_key=True),
    Column("period_start", Instant, primary_key=True),
    Column("used", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# `lane` is what rows of one ticket queue up behind each other for (see `outbox`).
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("ticket", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("anchor", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("occurrence", Integer),
    Column("message", Text),
    Column("receiver_hash", Text),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("receipt", Text),
    Column("attempts", Integer, nullable=False),
    Column("token", Text),
    Column("lease_until", Instant),
    Column("next_attempt_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    sqlite_autoincrement=True,
)
_partial_index("outbox_waiting", OUTBOX.c.next_attempt_at, OUTBOX.c.id, where=IS_WAITING)
_partial_index("outbox_leased", OUTBOX.c.lease_until, OUTBOX.c.id, where=IS_LEASED)
_partial_index(
    "outbox_on_its_way", OUTBOX.c.ticket, OUTBOX.c.lane, OUTBOX.c.id, where=IS_ON_ITS_WAY
)
_partial_index(
    "outbox_heard", OUTBOX.c.receiver_hash, OUTBOX.c.finished_at, OUTBOX.c.receipt,
    where=IS_DELIVERED,
)  # fmt: skip
_partial_index("outbox_to_hear", OUTBOX.c.receiver_hash, OUTBOX.c.id, where=IS_WAITING)
_partial_index("outbox_for_people", OUTBOX.c.id, where=NEEDS_PEOPLE)
Index("outbox_of_episode", OUTBOX.c.subject, OUTBOX.c.rule, OUTBOX.c.anchor)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("outbox", RowId, ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", Text),
    Column("reason", Text),
    Column("receipt", Text),
    sqlite_with_rowid=False,
)

INTERVENTIONS = Table(
    "interventions",
    METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("outbox", RowId, ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False),
    Column("verb", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text),
    Column("at", Instant, nullable=False),
    Column("is_told", Boolean, nullable=False),
    sqlite_autoincrement=True,
)
Index("interventions_of_row", INTERVENTIONS.c.outbox, INTERVENTIONS.c.id)
_partial_index("interventions_to_tell_of", INTERVENTIONS.c.id, where=IS_UNTOLD)

# `ends_at` is when it was ended, else `until`. What the log has told of it says `told`.
SILENCES = Table(
    "silences",
    METADATA,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("matchers", Text, nullable=False),
    Column("begins_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("told", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("silences_by_end", SILENCES.c.ends_at)
_partial_index("silences_to_tell_of", SILENCES.c.id, where=IS_TO_BE_TOLD_OF)

# `address` is a hash. What was cleared stays, so that an old bounce told again is no news.
BOUNCES = Table(
    "bounces",
    METADATA,
    Column("address", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key", Text),
    Column("cleared_at", Instant),
    sqlite_with_rowid=False,
)

SATISFACTION = Table(
    "satisfaction",
    METADATA,
    Column("ticket", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("anchor", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("scale", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    Column("answered_at", Instant, nullable=False),
)

# What others send us, in order of arrival. A key is known for as long as its row is kept.
INBOX = Table(
    "inbox",
    METADATA,
    Column("number", RowId, primary_key=True, autoincrement=True),
    Column("helpdesk", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("inbox_keys", INBOX.c.helpdesk, INBOX.c.key, unique=True)
Index("inbox_of_ticket", INBOX.c.ticket, INBOX.c.number)

# Signed requests that were let in, for as long as their signature is good.
INBOX_STAMPS = Table(
    "inbox_stamps",
    METADATA,
    Column("stamp", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

# Tickets to be read at once. `turn` tells a nudge that came while its ticket was being read.
NUDGES = Table(
    "nudges",
    METADATA,
    Column("ticket", Text, primary_key=True),
    Column("helpdesk", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("turn", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

GENERATIONS = Table(
    "generations",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("loaded_at", Instant, nullable=False),
    Column("rules", Text, nullable=False),
    Column("sources", Text, nullable=False),
)

ACTIVATIONS = Table(
    "activations",
    METADATA,
    Column("number", RowId, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("generation", Text, nullable=False),
    sqlite_autoincrement=True,
)
