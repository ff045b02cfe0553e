"""How we log in to an IMAP server: with a password, or with an access token."""

from __future__ import annotations

import imaplib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from engine.errors import ConfigError, HelpdeskError
from engine.helpdesks.mailbox.options import MailboxOptions
from engine.oauth import AccessTokens, TokenError, answers, mechanism_of
from engine.secret import Secret


class LoginError(HelpdeskError):
    """There is nothing to log in with, or the server does not take it.

    Attributes:
        is_refusal: The server said no.
    """

    def __init__(self, message: str, *, is_refusal: bool = False) -> None:
        super().__init__(message)
        self.is_refusal = is_refusal


class Login(Protocol):
    """Logs in, as often as a connection is made."""

    def into(self, imap: imaplib.IMAP4) -> None:
        """Log in.

        Raises:
            LoginError: There is nothing to log in with, or the server does not take it.
            imaplib.IMAP4.abort: The connection broke.
        """


def login_of(name: str, options: MailboxOptions) -> Login:
    """The way to log in that the config file asks for.

    Args:
        name: The helpdesk's name.
        options: Its options.
    """
    if options.oauth is None:
        return _ByPassword(options.username, options.password(name))
    grant = options.oauth.grant(f"helpdesks.{name}.oauth")
    return _ByToken(options.username, AccessTokens(grant), options.timeout)


@dataclass(frozen=True, slots=True)
class _ByPassword:
    user: str
    password: Secret

    def into(self, imap: imaplib.IMAP4) -> None:
        try:
            password = self.password.read()
        except ConfigError as error:  # a file that is away for a moment ends no daemon
            raise LoginError(str(error)) from None
        try:
            if "AUTH=PLAIN" in imap.capabilities:
                imap.authenticate("PLAIN", lambda _: f"\0{self.user}\0{password}".encode())
            else:
                imap.login(self.user, password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise LoginError(
                f"the server does not let {self.user} in with this password{_code(error)};"
                " put the right one in its place, or ask whoever runs the server to allow IMAP",
                is_refusal=True,
            ) from None


@dataclass(frozen=True, slots=True)
class _ByToken:
    user: str
    tokens: AccessTokens
    timeout: timedelta

    def into(self, imap: imaplib.IMAP4) -> None:
        try:
            token = self.tokens.token(self.timeout)
        except (ConfigError, TokenError) as error:
            raise LoginError(str(error)) from None
        mechanism = mechanism_of([one.removeprefix("AUTH=") for one in imap.capabilities])
        said = answers(mechanism, self.user, token)
        try:
            imap.authenticate(mechanism, lambda _: next(said).encode())
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            self.tokens.forget()
            raise LoginError(
                f"the server does not let {self.user} in with this access token{_code(error)};"
                " give the client access to the mailbox, and look whether it asks for the right"
                " scope",
                is_refusal=True,
            ) from None


def _code(error: imaplib.IMAP4.error) -> str:
    """Of what the server says only the code is told on: some quote the password."""
    found = re.search(r"\[([A-Z]+)\]", str(error))
    return f" ({found[1]})" if found else ""
