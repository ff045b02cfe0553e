"""What we do to tickets that were sent to us, posted to whoever is to carry it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from engine.domain.actions import FieldChange
from engine.domain.ticket import Value, utc_second
from engine.helpdesks.intake.options import IntakeOptions
from engine.ports import LOCAL_CALL, Channel, Message, Sent, SentState


class WriteBackWebhook:
    """Posts field changes and notes by a channel.

    Without one, both are impossible, and staff is told of it.
    """

    def __init__(self, options: IntakeOptions) -> None:
        """Have no channel yet.

        Args:
            options: What the config file says of the helpdesk.
        """
        self._name = options.write_back.webhook if options.write_back else None
        self._channel: Channel | None = None

    def hand_on_by(self, channels: Mapping[str, Channel]) -> None:
        """Know the channels, by name."""
        self._channel = channels.get(self._name or "")

    @property
    def longest_call(self) -> timedelta:
        """The longest that a write takes."""
        return self._channel.longest_call if self._channel else LOCAL_CALL

    def change(self, ticket: str, changes: Sequence[FieldChange], key: str, at: datetime) -> Sent:
        """Post that fields are to be set."""
        wanted = [
            {"field": each.field, "before": _json(each.before), "after": _json(each.after)}
            for each in changes
        ]
        text = ", ".join(f"{each['field']}: {each['after']}" for each in wanted)
        return self._post("ticket.change", ticket, key, at, f"{ticket}: {text}", changes=wanted)

    def note(self, ticket: str, text: str, key: str, at: datetime) -> Sent:
        """Post an internal note."""
        return self._post("ticket.note", ticket, key, at, text)

    def _post(
        self, event: str, ticket: str, key: str, at: datetime, text: str, **about: object
    ) -> Sent:
        channel = self._channel
        if channel is None:
            reason = "nobody carries out what is done to it: add write_back: {webhook: CHANNEL}"
            return Sent(SentState.REJECTED, reason=f"{ticket.partition(':')[0]}: {reason}")
        what = event.partition(".")[2]
        facts = {"event": event, "ticket": ticket, "key": key, "fired_at": utc_second(at), **about}
        message = Message(
            key=key,
            to=ticket,
            subject=f"{what.capitalize()} on {ticket}",
            text=text,
            thread=ticket,
            facts=facts,
        )
        return channel.send(message)


def _json(value: Value) -> object:
    if isinstance(value, datetime):
        return utc_second(value)
    return list(value) if isinstance(value, tuple) else value
