"""What a rule sees of its subject: which members match, and from which event its clock runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.domain.anchor import event_anchor, group_anchor, match_anchor
from engine.domain.facts import Facts
from engine.domain.history import History, Mark, View
from engine.domain.matching import Finding, Situation, earliest
from engine.domain.rule import Since, UpdatesFrom
from engine.domain.ruleset import CompiledRule
from engine.domain.ticket import DEFAULT_PRIORITY, Priority

Pauses = tuple[tuple[datetime, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What one episode sees of the subject.

    Attributes:
        views: The members that rules see at all, by ticket id.
        matching: Ids of the members for which the whole match holds.
        anchor: From where the clock runs; None when its event has not happened.
        changes_at: When the match could hold otherwise, if nothing happens.
    """

    views: Mapping[str, View]
    matching: tuple[str, ...]
    anchor: Mark | None
    changes_at: datetime | None

    @property
    def newest(self) -> str | None:
        """The matching member created last (of equals, the greater id)."""
        created = ((self.views[name].created.at, name) for name in self.matching)
        return max(created, default=(None, None))[1]

    @property
    def priority(self) -> Priority:
        """The highest priority among the matching members."""
        names = self.matching or tuple(self.views)
        found = (self.views[name].ticket.effective_priority for name in names)
        return max(found, key=lambda priority: priority.rank, default=DEFAULT_PRIORITY)


def look(compiled: CompiledRule, facts: Facts, at: datetime) -> Look:
    """What a rule sees at `at`: what it wrote itself is invisible to it."""
    views: dict[str, View] = {}
    matching: list[str] = []
    anchors: list[Mark] = []
    changes: list[datetime | None] = []
    for name, history in facts.members.items():
        if history.opening.created_at > at:
            continue
        view = facts.view(name, at, compiled.rule.ids)
        if not view.is_open:
            continue
        views[name] = view
        situation = _situation(compiled, facts, view, at)
        changes.append(compiled.condition.changes_at(situation))
        if not compiled.condition.holds(situation):
            if facts.by is None:
                anchors.extend(_marks(_anchor(compiled, facts, name, situation)))
            continue
        matching.append(name)
        anchors.extend(_marks(_anchor(compiled, facts, name, situation)))
    latest = max(anchors, key=lambda mark: (mark.at, mark.key), default=None)
    return Look(views, tuple(matching), latest, earliest(changes))


def _marks(mark: Mark | None) -> tuple[Mark, ...]:
    return () if mark is None else (mark,)


def _situation(compiled: CompiledRule, facts: Facts, view: View, at: datetime) -> Situation:
    ticket = view.ticket
    own = [episode.escalated_at for episode in facts.episodes_of(compiled.rule.id)]
    return Situation(
        view=view,
        at=at,
        contacts={} if facts.by is None else {facts.by: facts.contacts},
        escalations=_less(facts.escalations.get(ticket.id, ()), own),
        customer_escalations=_less(
            facts.customer_escalations.get(ticket.customer.id or "", ()), own
        ),
    )


def _less(instants: tuple[datetime, ...], own: Iterable[datetime | None]) -> tuple[datetime, ...]:
    """What other rules escalated: a rule's own doing never ends or begins its own match."""
    left = list(instants)
    for at in own:
        if at in left:
            left.remove(at)
    return tuple(left)


def _anchor(compiled: CompiledRule, facts: Facts, name: str, situation: Situation) -> Mark | None:
    rule, view = compiled.rule, situation.view
    if facts.by is not None:
        return group_anchor(rule.match, situation)
    if rule.clock.since is not Since.MATCH:
        return event_anchor(rule.clock.since, view)
    if not compiled.condition.holds(situation):
        return None
    return _match_anchor(compiled, facts, name, situation.at)


def _match_anchor(compiled: CompiledRule, facts: Facts, name: str, at: datetime) -> Mark | None:
    history = facts.members[name]
    return match_anchor(
        history,
        _instants(compiled, facts, history, at),
        compiled.rule.ids,
        at,
        lambda past, instant: _situation(compiled, facts, past, instant),
        compiled.condition.holds,
        compiled.condition.changes_at,
    )


def _instants(
    compiled: CompiledRule, facts: Facts, history: History, at: datetime
) -> Iterator[datetime]:
    """When something happened, up to `at`, that the rule's condition could notice."""
    yield from history.instants(at, with_ours=compiled.reads_our_messages)
    if compiled.reads_escalations:
        yield from facts.escalations.get(history.ticket_id, ())
        yield from facts.customer_escalations.get(history.customer_at(at) or "", ())


def holds_since(compiled: CompiledRule, facts: Facts, seen: Look, now: datetime) -> datetime | None:
    """When the rule began to hold, where its customer updates count from there (aware UTC)."""
    plan = compiled.rule.customer
    if plan is None or plan.updates is None or plan.updates.starts is not UpdatesFrom.MATCH:
        return None
    if facts.by is not None or compiled.rule.clock.since is Since.MATCH:
        return seen.anchor.at if seen.anchor else None
    mark = _match_anchor(compiled, facts, facts.subject, now)
    return mark.at if mark else None


def findings(
    compiled: CompiledRule, facts: Facts, at: datetime, seen: Look, *, with_own: bool = False
) -> Finding | None:
    """The condition tree as the present episode sees it; of a group, its newest open member's.

    Args:
        compiled: The rule.
        facts: What is known.
        at: The instant.
        seen: What the rule sees then.
        with_own: Hold it against the ticket as it stands, with what the rule itself wrote.
    """
    names = seen.matching or tuple(seen.views) or tuple(facts.members)
    if not names:
        return None
    name = seen.newest or max(names)
    hidden: frozenset[str] = frozenset() if with_own else compiled.rule.ids
    view = facts.view(name, at, hidden)
    return compiled.condition.examine(_situation(compiled, facts, view, at))


def pauses_of(compiled: CompiledRule, facts: Facts, seen: Look) -> Pauses:
    """The spells that do not count on the rule's clock; a group has none."""
    if facts.by is not None:
        return ()
    return seen.views[facts.subject].pauses(compiled.rule.clock.pause_while)
