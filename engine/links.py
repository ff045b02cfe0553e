"""Signed links: what a message's reader may do without a password, and for how long.

A token says what it stands for, when it was made and that we made it; whoever holds it may use it.
It is signed by HMAC-SHA256 (itsdangerous), acknowledgements and surveys under keys of their own, so
that neither passes for the other. Lifetimes count in real time, even in a replay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from engine.domain.condition import ContactsBy
from engine.domain.link import (
    AcknowledgementLink,
    SurveyLink,
    acknowledgement_link,
    survey_link,
)
from engine.errors import EscalatordError

if TYPE_CHECKING:
    from engine.domain.actions import Action

ACKNOWLEDGE: Final = "a"
"""Where the page of an escalation lies, below the public address."""
SURVEY: Final = "s"
"""Where the page of a survey lies."""
EXAMPLE: Final = "https://links.example"
"""Where links lead in what is only tried out."""
_LONGEST: Final = 2_000
"""Characters of a token; ours are a few hundred."""


class Fault(StrEnum):
    """Why a token is worth nothing."""

    TAMPERED = "tampered"
    EXPIRED = "expired"


class BadTokenError(EscalatordError):
    """A token that opens nothing.

    Attributes:
        fault: Why.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"the link is {fault.value}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """For how long links can be used, in real time."""

    acknowledge: timedelta
    survey: timedelta


class Tokens:
    """Signs what links stand for, and reads it back."""

    def __init__(self, keys: Sequence[str], lifetimes: Lifetimes) -> None:
        """Tokens of one installation.

        Args:
            keys: The newest first: it signs, and all of them are good for reading.
            lifetimes: How long each kind can be used.
        """
        self._acknowledge = _serializer(keys, "escalatord.acknowledge")
        self._survey = _serializer(keys, "escalatord.survey")
        self._lifetimes = lifetimes

    def of_acknowledgement(self, link: AcknowledgementLink) -> str:
        """The token of a link to an escalation."""
        group = link.group.value if link.group else None
        parts = [link.rule, link.anchor, link.ticket, group, link.receiver, link.once]
        return str(self._acknowledge.dumps(parts))

    def of_survey(self, link: SurveyLink) -> str:
        """The token of a link to a survey."""
        return str(self._survey.dumps([link.rule, link.anchor, link.ticket]))

    def acknowledgement(self, token: str) -> AcknowledgementLink:
        """What a token of the first kind stands for.

        Raises:
            BadTokenError: It was not made by us for this, was changed, or is too old.
        """
        read = _read(self._acknowledge, token, self._lifetimes.acknowledge)
        match read:
            case [str(rule), str(anchor), str(ticket), group, receiver, str(once)]:
                by = ContactsBy(group) if isinstance(group, str) else None
                name = receiver if isinstance(receiver, str) else None
                return AcknowledgementLink(rule, anchor, ticket, by, name, once)
        raise BadTokenError(Fault.TAMPERED)

    def survey(self, token: str) -> SurveyLink:
        """What a token of the second kind stands for.

        Raises:
            BadTokenError: As above.
        """
        match _read(self._survey, token, self._lifetimes.survey):
            case [str(rule), str(anchor), str(ticket)]:
                return SurveyLink(rule, anchor, ticket)
        raise BadTokenError(Fault.TAMPERED)


def _serializer(keys: Sequence[str], salt: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        list(reversed(keys)),  # it signs with the last one
        salt=salt,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def _read(serializer: URLSafeTimedSerializer, token: str, lifetime: timedelta) -> object:
    if len(token) > _LONGEST or not _is_as_written(token):
        raise BadTokenError(Fault.TAMPERED)
    try:
        return serializer.loads(token, max_age=int(lifetime.total_seconds()))
    except SignatureExpired:
        raise BadTokenError(Fault.EXPIRED) from None
    except BadData:
        raise BadTokenError(Fault.TAMPERED) from None


def _is_as_written(token: str) -> bool:
    """Whether the signature has one spelling: the last letter of base64 has bits to spare."""
    signature = token.rpartition(".")[2].encode()
    try:
        return base64_encode(base64_decode(signature)) == signature
    except BadData:
        return False


@dataclass(frozen=True, slots=True)
class MessageLinks:
    """`engine.ports.Links`: the links of real messages.

    Attributes:
        tokens: Signs them.
        public_url: Where the pages are for people's browsers, without a slash at its end; None
            where there are none.
        takes_links: Whether escalations of a rule can be taken by a link.
        survey_elsewhere: Where customers are asked instead of on our page; None for ours.
    """

    tokens: Tokens | None
    public_url: str | None
    takes_links: Callable[[str], bool]
    survey_elsewhere: str | None = None

    def acknowledgement(self, action: Action) -> str | None:
        """Where the escalation of a notice can be taken; None where it cannot."""
        link = acknowledgement_link(action)
        if self.tokens is None or link is None or not self.takes_links(link.rule):
            return None
        return f"{self.public_url}/{ACKNOWLEDGE}/{self.tokens.of_acknowledgement(link)}"

    def survey(self, action: Action) -> str | None:
        """Where a customer can say how it went; None where nobody asks."""
        if self.survey_elsewhere is not None:
            return self.survey_elsewhere
        link = survey_link(action)
        if self.tokens is None or link is None:
            return None
        return f"{self.public_url}/{SURVEY}/{self.tokens.of_survey(link)}"


class ExampleLinks:
    """`engine.ports.Links` where messages are only tried out: they look real, and lead nowhere."""

    def acknowledgement(self, action: Action) -> str | None:
        """Where the escalation could be taken."""
        return f"{EXAMPLE}/{ACKNOWLEDGE}/token" if acknowledgement_link(action) else None

    def survey(self, action: Action) -> str | None:
        """Where the customer could say how it went."""
        return f"{EXAMPLE}/{SURVEY}/token" if survey_link(action) else None
