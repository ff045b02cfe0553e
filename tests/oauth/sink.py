"""A mail server on loopback that takes access tokens and no passwords."""

from __future__ import annotations

import re

from aiosmtpd.smtp import SMTP, AuthResult

from tests.channels.sink import MailSink, SinkController, tls_server
from tests.oauth.token_server import TokenServer

PASSWORDS = ["PLAIN", "LOGIN"]


class TokenSink(MailSink):
    """Asks a token server whether a token holds, for the user that it is shown with.

    Attributes:
        shown: What clients have said: how, and what.
    """

    def __init__(self, tokens: TokenServer) -> None:
        super().__init__()
        self.tokens = tokens
        self.shown: list[tuple[str, str]] = []

    async def auth_XOAUTH2(  # noqa: N802 (aiosmtpd finds it by this name)
        self, server: SMTP, args: list[str]
    ) -> AuthResult:
        return await self._auth(server, args, rf"user={self.tokens.user}\x01", "")

    async def auth_OAUTHBEARER(  # noqa: N802
        self, server: SMTP, args: list[str]
    ) -> AuthResult:
        return await self._auth(server, args, rf"n,a={self.tokens.user},\x01", "\x01")

    async def _auth(self, server: SMTP, args: list[str], who: str, heard: str) -> AuthResult:
        assert len(args) == 1, "a token is too long for a command"
        said = await server.challenge_auth("")
        assert isinstance(said, bytes)
        self.shown.append((args[0], said.decode()))
        token = re.fullmatch(who + "auth=Bearer (.*)\x01\x01", said.decode())
        if token is not None and self.tokens.holds(token[1]):
            return AuthResult(success=True)
        answer = await server.challenge_auth('{"status":"400","schemes":"Bearer"}')
        assert answer == heard.encode()
        return AuthResult(success=False, handled=False)


def started(sink: TokenSink, without: tuple[str, ...] = ()) -> SinkController:
    """A running server; `without` some of its ways to be shown a token."""
    controller = SinkController(
        sink,
        None,
        auth_required=True,
        auth_exclude_mechanism=[*PASSWORDS, *without],
        tls_context=tls_server(),
        require_starttls=True,
    )
    controller.start()
    return controller
