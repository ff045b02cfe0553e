"""A command: put a generation of rules in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.domain.rule import Generation
from engine.domain.ruleset import Ruleset
from engine.pipeline.subjects import subjects_of
from engine.ports import GenerationRecord, RuleKnown, Store

CHUNK = 500


def activate(
    store: Store,
    ruleset: Ruleset,
    sources: Mapping[str, str],
    now: datetime,
    known_since: datetime | None = None,
) -> GenerationRecord:
    """Put a generation in force: from now on every decision is made by it.

    A rule whose text has not changed keeps the instant since when it is in force; so a restart
    makes no backlog. All open tickets, and their groups, are due to be looked at.

    Args:
        store: Where the active generation stands.
        ruleset: The rules.
        sources: Path → text of every file that they were read from.
        now: Aware UTC.
        known_since: For a replay: rules without history count as known since then.
    """
    generation = ruleset.generation
    with store.read() as tx:
        before = tx.active_generation()
        tickets = tx.open_tickets()
    if before is not None and before.id == generation.id:
        return before
    # First: whoever dies in between has only looked once too often, and has put nothing in force.
    for start in range(0, len(tickets), CHUNK):
        _mark(store, tickets[start : start + CHUNK], ruleset, now)
    with store.write() as tx:
        record = GenerationRecord(
            id=generation.id,
            loaded_at=now,
            rules=_known(generation, before, known_since or now),
            sources=dict(sources),
        )
        for rule in generation.rules:
            if rule.moved_from is not None:
                tx.rename_rule(rule.moved_from, rule.id)
        tx.activate_generation(record)
    return record


def _known(
    generation: Generation, before: GenerationRecord | None, now: datetime
) -> dict[str, RuleKnown]:
    earlier = before.rules if before else {}
    known: dict[str, RuleKnown] = {}
    for rule in generation.rules:
        old = earlier.get(rule.id) or earlier.get(rule.moved_from or "")
        same = old is not None and old.fingerprint == rule.fingerprint
        known[rule.id] = RuleKnown(rule.fingerprint, old.since if old and same else now)
    return known


def _mark(store: Store, tickets: list[str], ruleset: Ruleset, now: datetime) -> None:
    with store.write() as tx:
        records = tx.records(tickets).values()
        kinds = ruleset.group_kinds
        tx.mark_due({name for r in records for name in subjects_of(r.source, kinds)}, now)
