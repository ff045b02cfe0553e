"""What the config file says of the way back: how changes reach the helpdesk."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, model_validator

from engine.helpdesks.lengths import PositiveLength, TimeOut
from engine.helpdesks.options import Options, refuse, shown
from engine.helpdesks.rows.columns import Text


def _arguments(value: object) -> object:
    if isinstance(value, list) and value and all(isinstance(x, str) and x for x in value):
        return tuple(value)
    raise refuse(
        "command",
        f"{shown(value)} is no list of a program and its arguments",
        'write for example [/usr/local/bin/set-ticket, "{ticket}"]; no shell reads it',
    )


class MailOptions(Options):
    """Write-back by mail to an address that the helpdesk reads.

    Attributes:
        channel: The channel that sends it.
        to: The helpdesk's address.
        subject: With ``{ticket}`` where the helpdesk looks for the number.
    """

    channel: Text
    to: Text
    subject: Text = "[#{ticket}]"


class WriteBackOptions(Options):
    """How changes reach the helpdesk, since its database is only read; one way of three.

    Attributes:
        command: The user's own program and its arguments.
        timeout: How long that may take.
        mail: A mail to the helpdesk.
        webhook: Name of a channel that posts what is to be done.
        shows_within: After this, a change that the database does not show is told of.
    """

    command: Annotated[tuple[str, ...], BeforeValidator(_arguments)] | None = None
    timeout: TimeOut = timedelta(seconds=30)
    mail: MailOptions | None = None
    webhook: Text | None = None
    shows_within: PositiveLength = timedelta(minutes=15)

    @model_validator(mode="after")
    def _one_way(self) -> WriteBackOptions:
        if sum(way is not None for way in (self.command, self.mail, self.webhook)) != 1:
            raise refuse(
                "write-back",
                "changes go back by exactly one way",
                "write one of command, mail and webhook",
            )
        return self
