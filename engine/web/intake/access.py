"""Who may send: a token or a signature of Standard Webhooks says so, and for which helpdesk."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus

from engine.signature import SIGNATURE, Forgery, forgery, stamp_of
from engine.web.intake.problem import RefusedError


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may send for a helpdesk.

    Attributes:
        helpdesk: The helpdesk's name.
        tokens: Any one of them lets in.
        keys: Whoever signs with one of them is let in.
    """

    helpdesk: str
    tokens: tuple[str, ...] = field(default=(), repr=False)
    keys: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Let:
    """A request that was let in.

    Attributes:
        helpdesk: For which helpdesk.
        stamp: What it is told from its replay by; None where nobody signed it.
    """

    helpdesk: str
    stamp: str | None = None


class Access:
    """Lets requests in, or refuses them."""

    def __init__(self, senders: Sequence[Sender]) -> None:
        """Know who may send; no two helpdesks share a token or a key."""
        self._senders = tuple(senders)
        self._tokens = [
            (_digest(token), sender.helpdesk) for sender in senders for token in sender.tokens
        ]

    def precheck(self, headers: Mapping[str, str]) -> None:
        """Refuse what can be refused before its body has been read.

        Raises:
            RefusedError: It bears neither a good token nor a signature.
        """
        if SIGNATURE not in headers:
            self._by_token(headers)

    def let_in(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Let:
        """For which helpdesk a request is let in.

        Args:
            headers: By names in lower case.
            body: As it was received.
            now: Real time (aware).

        Raises:
            RefusedError: It proves nothing.
        """
        if SIGNATURE not in headers:
            return Let(self._by_token(headers))
        found = Forgery.WRONG
        for sender in self._senders:
            why = forgery(headers, body, sender.keys, now)
            if why is None:
                return Let(sender.helpdesk, stamp_of(headers))
            found = why
        raise RefusedError(HTTPStatus.UNAUTHORIZED, "forged", found.value)

    def _by_token(self, headers: Mapping[str, str]) -> str:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                "no-token",
                "send the header Authorization: Bearer TOKEN, or sign the request",
            )
        given = _digest(token.strip())
        # All are compared, and to their ends: how long it takes says nothing.
        found = [name for known, name in self._tokens if hmac.compare_digest(known, given)]
        if not found:
            raise RefusedError(HTTPStatus.UNAUTHORIZED, "wrong-token", "nobody has this token")
        return found[0]


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()
