"""How what is to be done reaches a helpdesk whose tables are only read.

By one way of three: a program of the user's, a mail to the helpdesk, or a webhook. All bear the
action's idempotency key, so that whoever takes them can tell a repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from engine.domain.actions import FieldChange
from engine.domain.ticket import Value, utc_second
from engine.helpdesks.sql.command import run
from engine.helpdesks.sql.write_back_options import MailOptions, WriteBackOptions
from engine.ports import LOCAL_CALL, Channel, Json, Message, Sent, SentState

_SPARE: Final = timedelta(seconds=5)
"""For ending a program that took too long."""

Way = Callable[[Json], Sent]
"""Takes an action: `key`, `at`, `helpdesk`, `ticket`, `action` and what that needs."""


class WriteBack:
    """Hands actions on, or refuses them.

    Attributes:
        can_reply: Whether answers to customers can go this way.
        longest_call: The longest that handing one on takes.
    """

    def __init__(self, helpdesk: str, options: WriteBackOptions | None) -> None:
        """Contact nothing yet.

        Args:
            helpdesk: The helpdesk's name.
            options: The way; None for none.
        """
        self._helpdesk = helpdesk
        self._options = options
        self.can_reply = bool(options and options.command)
        self.longest_call = LOCAL_CALL
        self._way: Way = self._refused
        if options is not None and options.command is not None:
            command, timeout = options.command, options.timeout
            self.longest_call = timeout + _SPARE
            self._way = lambda action: run(command, action, timeout)

    def hand_on_by(self, channels: Mapping[str, Channel]) -> None:
        """Know the channels, by name."""
        mail = self._options.mail if self._options else None
        name = mail.channel if mail else self._options.webhook if self._options else None
        channel = channels.get(name or "")
        if channel is not None:
            self.longest_call = channel.longest_call
            self._way = lambda action: channel.send(_message(action, mail))

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Have fields set."""
        wanted = [
            {"field": each.field, "before": as_json(each.before), "after": as_json(each.after)}
            for each in changes
        ]
        return self._act(ticket_id, "change", key, at, changes=wanted)

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Have an internal note left."""
        return self._act(ticket_id, "note", key, at, text=text)

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Have the customer answered."""
        if not self.can_reply:
            return Sent(
                SentState.REJECTED,
                reason=f"helpdesk '{self._helpdesk}' cannot answer customers; add replies_by:"
                " CHANNEL to it, or write_back: {command: …}",
            )
        return self._act(
            ticket_id,
            "reply",
            message.key,
            at,
            to=message.to,
            subject=message.subject,
            text=message.text,
            html=message.html,
        )

    def _act(self, ticket_id: str, action: str, key: str, at: datetime, **what: object) -> Sent:
        return self._way(
            {
                "key": key,
                "at": utc_second(at),
                "helpdesk": self._helpdesk,
                "ticket": ticket_id.removeprefix(f"{self._helpdesk}:"),
                "action": action,
                **what,
            }
        )

    def _refused(self, action: Json) -> Sent:
        reason = (
            f"helpdesk '{self._helpdesk}' is only read, and no {action['action']} can reach it;"
            " add write_back to it"
        )
        return Sent(SentState.REJECTED, reason=reason)


def as_json(value: Value) -> object:
    """A field's value as JSON has it."""
    if isinstance(value, datetime):
        return utc_second(value)
    return list(value) if isinstance(value, tuple) else value


def _message(action: Json, mail: MailOptions | None) -> Message:
    """An action as a message to a helpdesk, for people and for machines."""
    ticket = str(action["ticket"])
    subject = (mail.subject if mail else "[#{ticket}]").replace("{ticket}", ticket)
    return Message(
        key=str(action["key"]),
        to=mail.to if mail else str(action["helpdesk"]),
        subject=" ".join(subject.split()),
        text=_words(action),
        thread=f"{action['helpdesk']}:{ticket}",
        facts={
            "event": "write_back",
            "audience": "helpdesk",
            **{name: value for name, value in action.items() if name not in ("key", "text")},
        },
    )


def _words(action: Json) -> str:
    changes = action.get("changes")
    if not isinstance(changes, list):
        return str(action.get("text") or "")
    lines = [f"{each['field']}: {_shown(each['after'])}" for each in changes]
    return "\n".join((*lines, "", f"Was: {'; '.join(_before(each) for each in changes)}"))


def _before(change: Json) -> str:
    return f"{change['field']} {_shown(change['before'])}"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "(nothing)" if value is None else str(value)
