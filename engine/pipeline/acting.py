"""From a row of the outbox to the act that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.ticket import Ticket
from engine.errors import MessageError
from engine.pipeline.guard import Verdict
from engine.pipeline.outside import Outside, helpdesk_name
from engine.ports import Helpdesk, Message, OutboxRow, Sent, SentState


@dataclass(frozen=True, slots=True)
class Act:
    """What is ready to be done: it reaches outside, and does nothing else that can fail.

    Attributes:
        takes: The longest that it takes (real time).
    """

    do: Callable[[], Sent]
    takes: timedelta


@dataclass(frozen=True, slots=True)
class Cleared:
    """A row that the guard has let through.

    Attributes:
        ticket: The ticket as freshly read where it could be.
    """

    row: OutboxRow
    verdict: Verdict
    ticket: Ticket

    @property
    def action(self) -> Action:
        """What is to be done."""
        return self.row.action


def prepare(cleared: Sequence[Cleared], outside: Outside, now: datetime) -> Act:
    """Everything that can fail before the act is done here; what it gives back only acts.

    Args:
        cleared: One row; or several notices to one address, which share a message.
        outside: What can be reached.
        now: The domain's instant, at which our writes happen (aware UTC).

    Raises:
        MessageError: There are no words for it.
    """
    first = cleared[0]
    action, ticket, composer = first.action, first.ticket, outside.composer
    if action.audience is Audience.STAFF:
        told = [(one.action, one.ticket) for one in cleared]
        message = composer.staff(told, first.verdict.as_of)
        return _sending(outside, action.channel or "", message)
    helpdesk = outside.helpdesks[helpdesk_name(action.ticket)]
    takes, changes = helpdesk.longest_call, first.verdict.changes
    if action.kind is ActionKind.CHANGE:
        return Act(lambda: helpdesk.change(action.ticket, changes, action.key, now), takes)
    if action.kind is ActionKind.NOTE:
        text = composer.note(action, ticket)
        return Act(lambda: _note_once(helpdesk, first.row, text, now), takes)
    return _reply(outside, helpdesk, first, now)


def _note_once(helpdesk: Helpdesk, row: OutboxRow, text: str, now: datetime) -> Sent:
    """A note that an earlier attempt may have left is not left again.

    Where the helpdesk takes none, it stays where it was written down: `explain` tells all of it.
    """
    ticket, key = row.action.ticket, row.action.key
    if not helpdesk.can.notes:
        return Sent(SentState.DELIVERED, receipt=f"kept here: {key}")
    if row.attempts > 0 and helpdesk.has_note(ticket, key):
        return Sent(SentState.DELIVERED, receipt=key)
    return helpdesk.note(ticket, text, key, now)


def _reply(outside: Outside, helpdesk: Helpdesk, cleared: Cleared, now: datetime) -> Act:
    action, ticket = cleared.action, cleared.ticket
    channel = outside.reply_channels.get(helpdesk.name)
    address = ticket.customer.email or ""
    message = outside.composer.customer(action, ticket, address)
    if channel is None:
        return Act(lambda: helpdesk.reply(action.ticket, message, now), helpdesk.longest_call)
    if not address:
        raise MessageError(f"the customer of {action.ticket} has no e-mail address")
    return _sending(outside, channel, message)


def _sending(outside: Outside, name: str, message: Message) -> Act:
    channel = outside.channels.get(name)
    if channel is None:
        reason = f"there is no channel '{name}' in the configuration"
        return Act(lambda: Sent(SentState.REJECTED, reason=reason), timedelta())
    return Act(lambda: channel.send(message), channel.longest_call)
