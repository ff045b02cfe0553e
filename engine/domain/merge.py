"""Merges: what a surviving ticket takes over from the tickets that were merged into it.

Its fields stay its own. From the merge on

1. what was said on the merged ticket was said on the survivor: messages, replies, contacts;
2. the survivor is `opened`, and has waited, as long as the longer of both; its episodes keep their
   keys, so that they move and do not begin anew;
3. where a clock measures how long the customer waits, a level that was passed on the merged ticket
   has been passed on the survivor: no level fires twice for one problem, and the ladder goes on.

A merged ticket that had been resolved for an hour, so that its return would be a new opening,
brings only what was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from engine.domain.anchor import event_anchor
from engine.domain.episode import Episode, Firing, Passing
from engine.domain.facts import Facts
from engine.domain.history import Absorbed, History
from engine.domain.reason import Reason
from engine.domain.rule import Rule, Since

if TYPE_CHECKING:
    from engine.domain.history import Mark, View

_OF_THE_CUSTOMER = frozenset({Since.OPENED, Since.CREATED, Since.WAITING, Since.MATCH})
"""Clocks that measure how long the customer waits; the others are about the ticket's own state."""


# --- stories -------------------------------------------------------------------------------------


def with_absorbed(histories: Mapping[str, History], into: Mapping[str, str]) -> dict[str, History]:
    """The stories of tickets, each with those that it absorbed.

    Args:
        histories: By ticket id; merged tickets among them.
        into: Merged ticket → the ticket that it was merged into. A chain ends where a ticket is
            merged into none; in a circle, which only a mistake makes, each absorbs the others.
    """
    absorbed: dict[str, list[Absorbed]] = {}
    for name in sorted(into):
        for survivor, at in _survivors(name, into, histories):
            begins_at = max(at, histories[survivor].opening.created_at)
            absorbed.setdefault(survivor, []).append(Absorbed(begins_at, histories[name]))
    return {
        name: replace(history, absorbed=_in_order(absorbed[name])) if name in absorbed else history
        for name, history in histories.items()
    }


def _survivors(
    name: str, into: Mapping[str, str], histories: Mapping[str, History]
) -> Iterator[tuple[str, datetime]]:
    """Those that a ticket was merged into, one after the other, and since when they have it."""
    met = {name}
    at = merged_at(histories[name])
    while (survivor := into.get(name)) is not None and survivor not in met:
        if survivor not in histories:
            return
        yield survivor, at
        met.add(survivor)
        name, at = survivor, max(at, merged_at(histories[survivor]))


def _in_order(absorbed: Iterable[Absorbed]) -> tuple[Absorbed, ...]:
    return tuple(sorted(absorbed, key=lambda one: (one.at, one.history.ticket_id)))


def merged_at(history: History) -> datetime:
    """When a ticket was merged (aware UTC): its creation, where it is not told otherwise."""
    times = (e.at for e in reversed(history.events) if e.field == "merged_into" and e.after)
    return next(times, history.opening.created_at)


# --- ladders -------------------------------------------------------------------------------------


def with_passed_levels(
    rule: Rule, facts: Facts, episode: Episode, anchor: Mark, now: datetime
) -> Episode:
    """The survivor's episode, with the levels that were passed on what it absorbed.

    An episode that began after the merge takes over nothing.
    """
    history = facts.members.get(facts.subject)
    if history is None or not history.absorbed or rule.clock.since not in _OF_THE_CUSTOMER:
        return episode
    for one in history.absorbed:
        if anchor.at <= one.at <= now:
            episode = _joined(episode, _present_at_merge(rule, facts, one))
    return episode


def _present_at_merge(rule: Rule, facts: Facts, one: Absorbed) -> list[Episode]:
    """The merged ticket's episodes of a rule that the merge ended."""
    view = one.history.as_of(one.at, rule.ids)
    if view.was_over(one.at):
        return []
    name = one.history.ticket_id
    theirs = [e for e in facts.absorbed if e.id.subject == name and e.id.rule == rule.id]
    return [episode for episode in theirs if _is_present(rule, view, episode, one.at)]


def _is_present(rule: Rule, view: View, episode: Episode, at: datetime) -> bool:
    if rule.clock.since is Since.MATCH:
        return episode.ended_at is None or episode.ended_at >= at
    mark = event_anchor(rule.clock.since, view)
    return mark is not None and mark.key == episode.id.anchor


def _joined(episode: Episode, theirs: Sequence[Episode]) -> Episode:
    known = {(firing.identity, firing.occurrence) for firing in episode.firings}
    new: list[Firing] = []
    for firing in (firing for other in theirs for firing in other.firings):
        key = (firing.identity, firing.occurrence)
        if key in known or firing.passing is Passing.SHADOW:
            continue
        known.add(key)
        new.append(_taken_over(firing))
    continued = (*episode.continues, *(other.id for other in theirs))
    return replace(episode, firings=(*new, *episode.firings), continues=continued)


def _taken_over(firing: Firing) -> Firing:
    if firing.passing is not Passing.FIRED:
        return firing
    return replace(firing, passing=Passing.TAKEN_OVER, reason=Reason.MERGED)
