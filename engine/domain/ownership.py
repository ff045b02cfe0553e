"""Whose an escalation is: who took it last, how, and until when that holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from engine.domain.hold import acknowledgement
from engine.domain.ticket import Event, EventKind

if TYPE_CHECKING:
    from engine.domain.episode import Episode
    from engine.domain.facts import Facts
    from engine.domain.rule import Rule

LINK: Final = "link"
"""The channel of an acknowledgement by a link."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who has taken an escalation.

    Attributes:
        event: Id of the event by which it was taken.
        name: Of the person; None where the helpdesk does not say it.
        how: `link`, `by name`, `reply` or `assignment`.
        receiver: Whose link was used; None for the other ways.
        since: When it was taken (aware UTC).
        until: From when on it is nobody's again (aware UTC); None where the rule's calendar has no
            such instant, and so nothing is held.
    """

    event: str
    name: str | None
    how: str
    receiver: str | None
    since: datetime
    until: datetime | None

    def owns_at(self, at: datetime) -> bool:
        """Whether the escalation is still theirs at `at` (aware UTC)."""
        return self.until is not None and at < self.until


def last_owner(rule: Rule, facts: Facts, episode: Episode, now: datetime) -> Owner | None:
    """Who took an escalation last, even if that has run out; None when nobody ever has.

    Args:
        rule: The rule.
        facts: What is known of its subject.
        episode: The escalation.
        now: Aware UTC; what happened later is not looked at.
    """
    taken = acknowledgement(rule, facts, episode, now)
    if taken is None:
        return None
    is_named = taken.kind is EventKind.ACKNOWLEDGED and taken.after is not None
    return Owner(
        event=taken.id,
        name=_name(taken),
        how=_how(taken),
        receiver=str(taken.after) if is_named else None,
        since=taken.at,
        until=rule.clock.calendar.add(taken.at, rule.acknowledge.expires),
    )


def _name(taken: Event) -> str | None:
    if taken.kind is EventKind.CHANGED and taken.after is not None:
        return str(taken.after)
    return taken.who


def _how(taken: Event) -> str:
    match taken.kind:
        case EventKind.MESSAGE:
            return "reply"
        case EventKind.CHANGED:
            return "assignment"
        case _:
            return "link" if taken.channel == LINK else "by name"
