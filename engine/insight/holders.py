"""Who, or what, holds a rule's levels back: what `explain` names for a SUPPRESSED rule.

Each reason that somebody or something outside of the rule brings about has its line in `holders`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.domain.facts import Facts
from engine.domain.ownership import last_owner
from engine.domain.reason import Reason
from engine.domain.recognition import ready_at
from engine.domain.standing import Standing


@dataclass(frozen=True, slots=True)
class Holder:
    """Something that holds levels back.

    Attributes:
        what: `status`, `rule`, `silence`, `person` or `cooldown`.
        name: The status, the id of the rule or silence, or the person's name; None where it is not
            known.
        since: From when on it holds them (aware UTC); None where that is not one instant.
        until: When it lets go by itself; None when only an event can end it.
    """

    what: str
    name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    how: str | None = None


def holders(
    standing: Standing, others: Mapping[str, Standing], facts: Facts, at: datetime
) -> tuple[Holder, ...]:
    """What holds a rule back at an instant; empty where nothing outside of the rule does.

    Args:
        standing: How the rule stands.
        others: How the subject's other rules stand, by id.
        facts: What is known of the subject.
        at: The instant (aware UTC).
    """
    match standing.reason:
        case Reason.PAUSED:
            return _status(standing, facts)
        case Reason.INHIBITED:
            names = sorted(standing.compiled.inhibited_by & others.keys())
            return tuple(Holder("rule", name) for name in names if others[name].inhibits)
        case Reason.SILENCED if standing.silenced is not None:
            quiet = standing.silenced
            return (Holder("silence", quiet.silence.id, until=quiet.until),)
        case Reason.ACKNOWLEDGED:
            return _person(standing, facts, at)
        case Reason.COOLDOWN:
            return _cooldown(standing, facts)
        case _:
            return ()


def _status(standing: Standing, facts: Facts) -> tuple[Holder, ...]:
    status = standing.look.views[facts.subject].ticket.status
    return (Holder("status", status.value, since=standing.pauses[-1][0]),)


def _person(standing: Standing, facts: Facts, at: datetime) -> tuple[Holder, ...]:
    episode = standing.episode
    owner = last_owner(standing.rule, facts, episode, at) if episode else None
    if owner is None:
        return ()
    return (Holder("person", owner.name, owner.since, owner.until, owner.how),)


def _cooldown(standing: Standing, facts: Facts) -> tuple[Holder, ...]:
    rule, episode = standing.rule, standing.episode
    if episode is None or rule.cooldown is None:
        return ()
    until = ready_at(rule, episode, facts.episodes_of(rule.id))
    return (Holder("cooldown", since=until and until - rule.cooldown, until=until),)
