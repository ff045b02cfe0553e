"""One transaction: everything in it commits together or not at all."""

from __future__ import annotations

from engine.store.bounces import BouncePart
from engine.store.contacts import ContactPart
from engine.store.decisions import DecisionPart
from engine.store.episodes import EpisodePart
from engine.store.generations import GenerationPart
from engine.store.inbox import InboxPart
from engine.store.interventions import InterventionPart
from engine.store.outbox import OutboxPart
from engine.store.satisfaction import SatisfactionPart
from engine.store.silences import SilencePart
from engine.store.subjects import SubjectPart
from engine.store.telling import TellingPart
from engine.store.tickets import TicketPart


class SqlTransaction(
    TicketPart,
    ContactPart,
    SubjectPart,
    EpisodePart,
    DecisionPart,
    OutboxPart,
    InterventionPart,
    GenerationPart,
    SilencePart,
    BouncePart,
    SatisfactionPart,
    InboxPart,
    TellingPart,
):
    """`engine.ports.Transaction` on SQLite and PostgreSQL."""
