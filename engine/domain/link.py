"""What the links in messages stand for: an escalation to take, or a ticket to say how it went."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.domain.actions import ActionKind, Audience
from engine.domain.condition import ContactsBy
from engine.domain.episode import MessageKind

if TYPE_CHECKING:
    from engine.domain.actions import Action

_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class AcknowledgementLink:
    """One receiver's link to one escalation.

    Nothing in it is an address: the subject of a group is told by its ticket, for its name may be
    one, and a receiver that is called by an address is not named.

    Attributes:
        rule: Id of the rule.
        anchor: The anchor of the episode.
        ticket: ``HELPDESK:ID``; of a group the ticket that the notice was about.
        group: The kind of group that is the subject; None where the ticket is.
        receiver: Name of the receiver, if it may be told.
        once: What tells this notice from all others: it acknowledges once.
    """

    rule: str
    anchor: str
    ticket: str
    group: ContactsBy | None
    receiver: str | None
    once: str


@dataclass(frozen=True, slots=True)
class SurveyLink:
    """A customer's link to the survey about one ticket.

    Attributes:
        rule: Id of the rule that asks.
        anchor: The anchor of the episode that was followed up.
        ticket: ``HELPDESK:ID``.
    """

    rule: str
    anchor: str
    ticket: str


def acknowledgement_link(action: Action) -> AcknowledgementLink | None:
    """What a notice's link stands for; None where there is no escalation to take."""
    tells_staff = action.audience is Audience.STAFF
    if not tells_staff or action.kind is not ActionKind.NOTIFY or not is_escalated(action):
        return None
    receiver = action.receiver
    return AcknowledgementLink(
        rule=action.episode.rule,
        anchor=action.episode.anchor,
        ticket=action.ticket,
        group=_group_of(action.subject),
        receiver=None if receiver is None or "@" in receiver else receiver,
        once=hashlib.sha256(action.key.encode()).hexdigest()[:_DIGITS],
    )


def survey_link(action: Action) -> SurveyLink | None:
    """What a customer's survey link stands for; None where the message asks for nothing."""
    if action.details.get("message") != MessageKind.FOLLOW_UP.value:
        return None
    return SurveyLink(action.episode.rule, action.episode.anchor, action.ticket)


def is_escalated(action: Action) -> bool:
    """Whether the action was asked for by an escalation, which somebody can take."""
    return action.details.get("escalated") is True


def _group_of(subject: str) -> ContactsBy | None:
    head = subject.partition(":")[0]
    is_group = head in set(ContactsBy) - {ContactsBy.TICKET}
    return ContactsBy(head) if is_group else None
