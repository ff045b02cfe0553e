"""What staff must hear of an action afterwards: that it could not be done, or was answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.receivers import targets_of
from engine.domain.ticket import utc_second

if TYPE_CHECKING:
    from engine.domain.rule import Receiver
    from engine.domain.ticket import Ticket

MAYBE_SENT: Final = "maybe-sent"
NOT_DELIVERED: Final = "not-delivered"
UNDELIVERABLE: Final = "undeliverable"

_SHARES_A_MESSAGE: Final = frozenset({MAYBE_SENT, NOT_DELIVERED, UNDELIVERABLE})
"""What a mail server that dies makes hundreds of; like digests they become one message."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Something that became of an action.

    Attributes:
        what: Its name: the template, the reason in the details, a part of the keys.
        names: The receivers to tell; who resolves to nobody falls back.
        facts: What the template is told besides (JSON values).
    """

    what: str
    names: Sequence[str]
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


def is_aftermath(action: Action) -> bool:
    """Whether an action tells of what became of another one.

    It stays true whatever becomes of the ticket, so nothing that happens to the ticket stops it.
    """
    return action.audience is Audience.STAFF and "facts" in action.details


def staff_notices(
    about: Action,
    ticket: Ticket,
    aftermath: Aftermath,
    receivers: Mapping[str, Receiver],
    now: datetime,
    but_not: Collection[tuple[str, str]] = (),
) -> list[Action]:
    """Notices of what became of an action: one for each way of each receiver, none twice.

    The same is never told twice of one action: the keys follow from its key and from what happened.

    Args:
        about: The action.
        ticket: Its ticket, whose assignee and group the built-in receivers mean.
        aftermath: What became of it, and who is to hear.
        receivers: By name.
        now: Aware UTC.
        but_not: Ways, channel and address, by which it must not be told.
    """
    inherited = {key: value for key, value in about.details.items() if key != "message"}
    details = {
        **inherited,  # what a customer was told is no name for what staff are told of it
        "level": about.details.get("level") or {"number": 0, "name": aftermath.what, "kind": None},
        "fired_at": utc_second(now),
        "reason": aftermath.what,
        "facts": dict(aftermath.facts),
    }
    kind = ActionKind.DIGEST if aftermath.what in _SHARES_A_MESSAGE else ActionKind.NOTIFY
    told: dict[tuple[str, str], Action] = {}
    for name in aftermath.names:
        found_as, targets = targets_of(
            name, receivers, now, assignee=ticket.assignee, group=ticket.group
        )
        for way in ((target.channel, target.to) for target in targets):
            if way in but_not or way in told:
                continue
            told[way] = Action(
                key="|".join((about.key, aftermath.what, *way)),
                kind=kind,
                audience=Audience.STAFF,
                ticket=about.ticket,
                subject=about.subject,
                episode=about.episode,
                level=about.level,
                occurrence=about.occurrence,
                receiver=found_as,
                channel=way[0],
                to=way[1],
                template=aftermath.what,
                details=details,
            )
    return list(told.values())


def is_about_delivery(action: Action) -> bool:
    """Whether an action tells staff how another one ended: nothing overtakes that."""
    return action.audience is Audience.STAFF and action.template in _SHARES_A_MESSAGE
