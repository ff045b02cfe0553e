"""Who may send us something, and how they prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.errors import ConfigError
from engine.helpdesks.intake.options import SecretPlaces
from engine.helpdesks.options import PlaceOfFile
from engine.secret import Secret
from engine.signature import key_of

SHORTEST_TOKEN: Final = 16
"""Characters; shorter ones could be guessed."""


@dataclass(frozen=True, slots=True)
class SenderSecrets:
    """What proves that a sender is who may send.

    Attributes:
        tokens: Any one of them lets in.
        keys: Whoever signs with one of them is let in.
    """

    tokens: tuple[str, ...] = field(default=(), repr=False)
    keys: tuple[bytes, ...] = field(default=(), repr=False)


def secrets_of(owner: str, options: SecretPlaces, *, are_standard: bool = True) -> SenderSecrets:
    """What lets senders in.

    Args:
        owner: Where the config file names the places: ``helpdesks.web``.
        options: The places.
        are_standard: Whether secrets are those of Standard Webhooks, and not any text.

    Raises:
        ConfigError: A secret is missing, or so short that it could be guessed.
    """
    tokens = _lines(
        f"{owner}.token", options.token_file, options.token_env, options.token_credential
    )
    if any(len(token) < SHORTEST_TOKEN for token in tokens):
        raise ConfigError(
            f"{owner}.token: a token has fewer than {SHORTEST_TOKEN} characters;"
            " make one with: openssl rand -hex 32"
        )
    secrets = _lines(
        f"{owner}.secret", options.secret_file, options.secret_env, options.secret_credential
    )
    make = _key if are_standard else _any_key
    return SenderSecrets(tokens, tuple(make(f"{owner}.secret", one) for one in secrets))


def refuse_shared(senders: Mapping[str, SenderSecrets]) -> None:
    """Refuse what would let a sender in at two helpdesks: it says for which one it sends.

    Raises:
        ConfigError: Two helpdesks share a token or a secret.
    """
    owners: dict[str | bytes, str] = {}
    for name, each in senders.items():
        found: set[str | bytes] = {*each.tokens, *each.keys}
        for secret in found:
            if (other := owners.setdefault(secret, name)) != name:
                raise ConfigError(
                    f"helpdesks.{name} and helpdesks.{other} share a token or a secret, which is to"
                    " tell them apart; give each its own"
                )


def _lines(
    owner: str, file: PlaceOfFile | None, environment: str | None, credential: str | None
) -> tuple[str, ...]:
    """The secrets of one place, a line each; none where no place is named."""
    if not (file or environment or credential):
        return ()
    text = Secret(owner, file.path if file else None, environment, credential).read()
    found = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not found:
        raise ConfigError(f"{owner}: its place holds nothing but blanks; put the secret there")
    return found


def _key(owner: str, secret: str) -> bytes:
    key = key_of(secret)
    if key is None:
        raise ConfigError(
            f"{owner} is no key of Standard Webhooks: whsec_ and 24 to 64 bytes in base64;"
            " make one with: echo whsec_$(openssl rand -base64 32)"
        )
    return key


def _any_key(owner: str, secret: str) -> bytes:
    if len(secret) < SHORTEST_TOKEN:
        raise ConfigError(
            f"{owner}: a secret has fewer than {SHORTEST_TOKEN} characters, and could be guessed;"
            " give the other system a longer one"
        )
    return secret.encode()
