"""Everything that a delivery can reach, and by which way an action goes there."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.facts import CustomerLimits, Known
from engine.domain.rate import Rate
from engine.domain.ruleset import Ruleset
from engine.pipeline.traffic import Traffic, Way
from engine.ports import Channel, Composer, Helpdesk


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that a delivery can reach.

    Attributes:
        reply_channels: Helpdesk name → the channel by which its customers are written to, where
            the helpdesk itself cannot reply.
        ruleset: The rules in force.
        limits: How often a customer may hear from us.
        known: Since when each rule's text is in force.
        staff_limit: How many messages one address of the staff gets; None for any number.
        traffic: What is known of the ways; it outlives a set of rules.
        jitter: Gives a number from 0 to 1, to spread retries.
    """

    helpdesks: Mapping[str, Helpdesk]
    channels: Mapping[str, Channel]
    reply_channels: Mapping[str, str]
    composer: Composer
    ruleset: Ruleset
    limits: CustomerLimits = field(default_factory=CustomerLimits)
    known: Mapping[str, Known] = field(default_factory=dict)
    staff_limit: Rate | None = None
    traffic: Traffic = field(default_factory=Traffic)
    jitter: Callable[[], float] = random.random

    def helpdesk_of(self, action: Action) -> Helpdesk | None:
        """The helpdesk of an action's ticket; None where it is no more in the configuration."""
        return self.helpdesks.get(helpdesk_name(action.ticket))

    def way_of(self, action: Action) -> Way:
        """By which way an action goes out."""
        if action.audience is Audience.STAFF:
            return Way("channel", action.channel or "")
        name = helpdesk_name(action.ticket)
        if action.kind is ActionKind.REPLY and name in self.reply_channels:
            return Way("channel", self.reply_channels[name])
        return Way("helpdesk", name)


def helpdesk_name(ticket: str) -> str:
    """The helpdesk's name in a ticket's id."""
    return ticket.partition(":")[0]
