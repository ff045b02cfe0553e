"""What newly loaded text puts in the past.

Every question here walks back through the texts that a rule has had, from the present one on. At
each loading it asks whether the new text had put the thing in the past by then, and whether the
text before had already done so: then it is nothing new, and the loading before is asked the same.
So a backlog stays a backlog however often the rule, or another one, is edited meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.domain.episode import Episode, Firing, Passing
from engine.domain.facts import Facts
from engine.domain.ladder import DueRepeat, LevelStanding, LevelState, due_repeats, ladder
from engine.domain.look import pauses_of
from engine.domain.recognition import recognise
from engine.domain.rule import BacklogPolicy, Mode, Rule
from engine.domain.ruleset import CompiledRule

if TYPE_CHECKING:
    from engine.domain.standing import Standing


@dataclass(frozen=True, slots=True)
class _Loading:
    """A text of a rule was put in force.

    Attributes:
        at: Aware UTC.
        before: The text that it replaced; None for a new rule, or one that did not act before.
    """

    text: CompiledRule
    at: datetime
    before: CompiledRule | None


def _loadings(compiled: CompiledRule, facts: Facts) -> Iterator[_Loading]:
    """Of the rule's texts, the newest first."""
    text, known = compiled, facts.known.get(compiled.rule.id)
    while known is not None:
        before = known.before
        if before is None or before.rule.mode is not Mode.ACTIVE:
            yield _Loading(text, known.since, None)
            return
        yield _Loading(text, known.since, before)
        text, known = before, known.earlier


def is_backlog(standing: Standing, facts: Facts, one: LevelStanding) -> bool:
    """Whether newly loaded text put a due level in the past, and the rule does not act on that."""
    known = facts.known.get(standing.rule.id)
    if standing.rule.backlog is BacklogPolicy.ACT or one.due_at is None or known is None:
        return False
    if one.due_at >= known.since:
        return False
    name = one.level.identity
    for loading in _loadings(standing.compiled, facts):
        due_at = _due_in(standing, loading.text, facts, loading.at).get(name)
        if due_at is None or due_at >= loading.at:
            return False
        before = loading.before
        if before is None or name not in _due_in(standing, before, facts, loading.at):
            return True
    return False


def is_repeat_backlog(standing: Standing, facts: Facts, repeat: DueRepeat) -> bool:
    """Whether newly loaded text put a repetition in the past, and the rule does not act on that."""
    episode = standing.episode
    if standing.rule.backlog is BacklogPolicy.ACT or episode is None:
        return False
    for loading in _loadings(standing.compiled, facts):
        if repeat.due_at >= loading.at:
            return False
        if loading.before is None:
            return True
        due, _ = due_repeats(loading.before.rule, standing.look.priority, episode, loading.at)
        said = {(one.level.identity, one.occurrence) for one in due}
        if (repeat.level.identity, repeat.occurrence) not in said:
            return True
    return False


def is_passed_on_reload(standing: Standing, facts: Facts, one: LevelStanding) -> bool:
    """Whether newly loaded text put a level before one that had been passed: its turn is over."""
    if one.state is not LevelState.SKIPPED or one.firing is not None or one.due_at is None:
        return False
    passed = [f for f in standing.episode.firings if f.occurrence == 1] if standing.episode else []
    if standing.rule.mode is not Mode.SHADOW:
        passed = [firing for firing in passed if firing.passing is not Passing.SHADOW]
    name = one.level.identity
    for loading in _loadings(standing.compiled, facts):
        earlier = [firing for firing in passed if firing.fired_at <= loading.at]
        if not _is_passed_over(loading.text.rule, name, earlier):
            return False
        if loading.before is None or not _is_passed_over(loading.before.rule, name, earlier):
            return True
    return False


def put_in_the_past_at(
    compiled: CompiledRule, facts: Facts, due_by_text: Callable[[CompiledRule], datetime | None]
) -> datetime | None:
    """When newly loaded text put a customer's message in the past; None if none did (aware UTC).

    Args:
        compiled: The rule's present text.
        facts: What is known.
        due_by_text: When the message is due by a text of the rule; None where it has none.
    """
    for loading in _loadings(compiled, facts):
        due_at = due_by_text(loading.text)
        if due_at is None or due_at >= loading.at:
            return None
        earlier = due_by_text(loading.before) if loading.before else None
        if earlier is None or earlier > loading.at:
            return loading.at
    return None


def _due_in(
    standing: Standing, text: CompiledRule, facts: Facts, at: datetime
) -> dict[str, datetime]:
    """As `due_by`, if the subject was in the present episode at that instant."""
    _, episode = recognise(text, facts, at)
    is_present = standing.episode and episode and episode.id == standing.episode.id
    return due_by(text, facts, at) if is_present else {}


def due_by(compiled: CompiledRule, facts: Facts, at: datetime) -> dict[str, datetime]:
    """When, by a text of the rule, each level fell due that was due at `at`; by identity."""
    seen, episode = recognise(compiled, facts, at)
    if not seen.matching or seen.anchor is None or episode is None:
        return {}
    pauses = pauses_of(compiled, facts, seen)
    blank = Episode(episode.id, episode.anchor_at)
    levels = ladder(compiled.rule, seen.priority, seen.anchor, pauses, blank, at)
    return {
        one.level.identity: one.due_at
        for one in levels
        if one.state is LevelState.DUE and one.due_at is not None
    }


def _is_passed_over(rule: Rule, name: str, passed: Iterable[Firing]) -> bool:
    numbers = {level.identity: level.number for level in rule.levels}
    own = numbers.get(name)
    return own is not None and any(numbers.get(one.identity, 0) > own for one in passed)
