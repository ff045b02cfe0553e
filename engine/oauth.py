"""Access to mail servers by OAuth 2.0, as a client that no person sits at.

An access token is got by the client's own credentials (RFC 6749, 4.4), or by a refresh token that
somebody granted once (section 6). It is shown to the mail server as XOAUTH2, which Microsoft and
Google invented, or as OAUTHBEARER (RFC 7628).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from engine.errors import EscalatordError

if TYPE_CHECKING:
    import httpx

    from engine.secret import Secret

MECHANISMS: Final = ("XOAUTH2", "OAUTHBEARER")
_EARLY: Final = 60.0
"""Seconds before its end from which on a token is not shown any more."""
_LASTS: Final = 300.0
"""Seconds for which a token is used whose server does not say how long it holds."""
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_ADVICE: Final = {
    "invalid_client": "put the client's right secret in its place; it may have expired",
    "unauthorized_client": "allow the client this grant, where it is registered",
    "invalid_grant": "the refresh token holds no more: have access granted again",
    "invalid_scope": "write the scope that the mail server asks for",
}


class TokenError(EscalatordError):
    """There is no access token to be had just now."""


@dataclass(frozen=True, slots=True)
class Grant:
    """By what a client gets access tokens.

    Attributes:
        owner: Whose it is, as the config file names it: ``channels.email.oauth``.
        token_url: The token endpoint.
        client_id: How the server knows the client.
        client_secret: By what it is believed; None for a client that has none.
        refresh_token: What somebody granted; None for the client's own credentials.
        scope: What is asked for, as the server names it; None for what it gives by itself.
    """

    owner: str
    token_url: str
    client_id: str
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    scope: str | None = None

    def read(self) -> dict[str, str]:
        """The form that is posted, with the secrets as they are now.

        Raises:
            ConfigError: One of them is missing.
        """
        form = {"grant_type": "client_credentials", "client_id": self.client_id}
        if self.refresh_token is not None:
            form |= {"grant_type": "refresh_token", "refresh_token": self.refresh_token.read()}
        if self.client_secret is not None:
            form["client_secret"] = self.client_secret.read()
        if self.scope is not None:
            form["scope"] = self.scope
        return form


@dataclass(slots=True)
class AccessTokens:
    """The access tokens of one client, each used for as long as it holds.

    Attributes:
        grant: By what they are got.
        monotonic: Seconds since some fixed point, in real time.
    """

    grant: Grant
    monotonic: Callable[[], float] = time.monotonic
    _held: tuple[str, float] | None = field(default=None, init=False, repr=False)
    _renewed: tuple[str, str] | None = field(default=None, init=False, repr=False)

    def token(self, timeout: timedelta) -> str:
        """One that holds.

        Args:
            timeout: How long the server may take (real time).

        Raises:
            TokenError: The server cannot be reached, or gives none.
            ConfigError: A secret is missing.
        """
        if self._held is None or self.monotonic() >= self._held[1]:
            self._held = self._fetched(timeout)
        return self._held[0]

    def forget(self) -> None:
        """The mail server does not take it: the next one is asked for anew."""
        self._held = None

    def _fetched(self, timeout: timedelta) -> tuple[str, float]:
        """A new token, and until when it is used."""
        form = self._form()
        asked_at = self.monotonic()
        told = self._told(self._post(form, timeout), form)
        token, lasts = told.get("access_token"), str(told.get("expires_in"))
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise self._error("its answer holds no access token")
        renewed = told.get("refresh_token")
        if isinstance(renewed, str) and renewed and "refresh_token" in form:
            granted = self._renewed[0] if self._renewed else form["refresh_token"]
            self._renewed = (granted, renewed)
        seconds = float(lasts) if lasts.isdecimal() else _LASTS
        return token, asked_at + max(seconds - _EARLY, 0.0)

    def _form(self) -> dict[str, str]:
        """What is posted; a server that renews refresh tokens is shown the newest.

        That one is lost with the process. Whoever puts another into its place is heard at once.
        """
        form = self.grant.read()
        if self._renewed is not None and form.get("refresh_token") == self._renewed[0]:
            form["refresh_token"] = self._renewed[1]
        else:
            self._renewed = None
        return form

    def _post(self, form: dict[str, str], timeout: timedelta) -> httpx.Response:
        import httpx  # noqa: PLC0415 (only whoever asks for tokens pays for it)

        half = timeout.total_seconds() / 2  # to connect, then to answer
        try:
            return httpx.post(self.grant.token_url, data=form, timeout=half, follow_redirects=False)
        except httpx.HTTPError as error:
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise self._error(f"it cannot be reached: {said}") from None

    def _told(self, answer: httpx.Response, form: dict[str, str]) -> dict[str, Any]:
        """What the server answered (RFC 6749, 5.1 and 5.2)."""
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise self._error(f"it answers {answer.status_code} without JSON")
        if answer.is_success:
            return told
        code = str(told.get("error") or answer.status_code)
        words = " ".join(str(told.get("error_description") or "").split())[:200]
        for secret in (form.get("client_secret"), form.get("refresh_token")):
            words = words.replace(secret, "…") if secret else words
        advice = _ADVICE.get(code, "")
        raise self._error("; ".join(filter(None, (f"{code} {words}".rstrip(), advice))))

    def _error(self, fault: str) -> TokenError:
        host = urlsplit(self.grant.token_url).netloc
        return TokenError(f"{self.grant.owner}: no access token from {host}: {fault}")


def mechanism_of(offered: Collection[str]) -> str:
    """The way to show a token that a server offers; the commonest where it offers none."""
    return next((one for one in MECHANISMS if one in offered), MECHANISMS[0])


def answers(mechanism: str, user: str, token: str) -> Iterator[str]:
    """What a client says to each question of the server; after the first one, it was refused."""
    if mechanism == "OAUTHBEARER":
        name = user.replace("=", "=3D").replace(",", "=2C")
        yield f"n,a={name},\x01auth=Bearer {token}\x01\x01"
        while True:
            yield "\x01"
    yield f"user={user}\x01auth=Bearer {token}\x01\x01"
    while True:
        yield ""
