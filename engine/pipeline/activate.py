"""A command: put a generation of rules in force, and remember which texts it replaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from engine.domain.facts import Known
from engine.domain.rule import Generation
from engine.domain.ruleset import CompiledRule, Ruleset, compile_rule
from engine.pipeline.subjects import subjects_of
from engine.ports import EarlierText, GenerationRecord, RuleKnown, Store

CHUNK = 500
MOST_EARLIER = 10
"""So many earlier texts of a rule are kept. They matter to levels that fell due under one of them
and are still held back; what the oldest of them replaced counts as the same text."""


def activate(
    store: Store,
    ruleset: Ruleset,
    sources: Mapping[str, str],
    now: datetime,
    known_since: datetime | None = None,
) -> GenerationRecord:
    """Put a generation in force: from now on every decision is made by it.

    A rule whose text has not changed keeps the instant since when it is in force; so a restart
    makes no backlog. All open tickets, their groups, and resolved tickets that wait for something
    are due to be looked at.

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
        timed = tx.timed_subjects()
    if before is not None and before.id == generation.id:
        return before
    # First: whoever dies in between has only looked once too often, and has put nothing in force.
    for start in range(0, len(tickets), CHUNK):
        _mark(store, tickets[start : start + CHUNK], ruleset, now)
    with store.write() as tx:
        tx.mark_due(timed, now)
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
        name = rule.id if rule.id in earlier else rule.moved_from or ""
        old = earlier.get(name)
        if old is not None and old.fingerprint == rule.fingerprint:
            known[rule.id] = old
        elif before is not None and old is not None:
            replaced = EarlierText(before.id, name, old.since)
            texts = _kept((replaced, *old.earlier))
            known[rule.id] = RuleKnown(rule.fingerprint, now, texts)
        else:
            known[rule.id] = RuleKnown(rule.fingerprint, now)
    return known


def _kept(texts: tuple[EarlierText, ...]) -> tuple[EarlierText, ...]:
    if len(texts) <= MOST_EARLIER:
        return texts
    return (*texts[: MOST_EARLIER - 1], replace(texts[MOST_EARLIER - 1], since=None))


def generations_needed(record: GenerationRecord) -> set[str]:
    """Ids of the generations whose texts the active one still refers to, its own aside."""
    return {text.generation for known in record.rules.values() for text in known.earlier}


def known_texts(
    record: GenerationRecord, ruleset_of: Callable[[str], Ruleset | None]
) -> dict[str, Known]:
    """Since when each rule's present text is in force, and the texts that it had before.

    Args:
        record: The active generation.
        ruleset_of: Gives the rules of an earlier generation by its id; None if they cannot be
            built any more, and then what replaced them counts as new.
    """
    return {name: _known_text(name, known, ruleset_of) for name, known in record.rules.items()}


def _known_text(name: str, known: RuleKnown, ruleset_of: Callable[[str], Ruleset | None]) -> Known:
    sinces = (known.since, *(text.since for text in known.earlier))
    texts = (*(_text(name, text, ruleset_of) for text in known.earlier), None)
    found: Known | None = None
    for since, before in reversed(list(zip(sinces, texts, strict=True))):
        found = None if since is None else Known(since, before, found)
    assert found is not None  # noqa: S101 - the present text has an instant
    return found


def _text(
    name: str, text: EarlierText, ruleset_of: Callable[[str], Ruleset | None]
) -> CompiledRule | None:
    """An earlier text, under the rule's present id: what it did belongs to that by now."""
    ruleset = ruleset_of(text.generation)
    found = None if ruleset is None else ruleset.rule(text.rule)
    if found is None or text.rule == name:
        return found
    return compile_rule(replace(found.rule, id=name, moved_from=text.rule))


def _mark(store: Store, tickets: list[str], ruleset: Ruleset, now: datetime) -> None:
    with store.write() as tx:
        records = tx.records(tickets).values()
        kinds = ruleset.group_kinds
        tx.mark_due({name for r in records for name in subjects_of(r.source, kinds)}, now)
