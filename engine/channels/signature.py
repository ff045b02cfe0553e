"""The headers of what we post, signed as Standard Webhooks asks for."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from engine import __version__, signature

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from engine.channels.options import Options

_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]{1,255}")


def signed(key: str, body: bytes, at: datetime, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of a request that posts JSON.

    Args:
        key: The message's idempotency key; the same key gives the same ``webhook-id``.
        body: What is posted.
        at: Real time (aware).
        secrets: The keys; there is a signature by each.
    """
    digest = sha256(key.encode("utf-8", "replace")).hexdigest()
    webhook_id, timestamp = f"msg_{digest[:32]}", str(int(at.timestamp()))
    return {
        "content-type": "application/json",
        "user-agent": f"escalatord/{__version__}",
        signature.ID: webhook_id,
        signature.TIMESTAMP: timestamp,
        signature.SIGNATURE: signature.sign(webhook_id, timestamp, body, secrets),
        "idempotency-key": key if _HEADER_VALUE.fullmatch(key) else webhook_id,
    }


def key_of(options: Options, secret: str) -> bytes:
    """The key that a secret stands for; the secret is never shown.

    Raises:
        ConfigError: It is none.
    """
    key = signature.key_of(secret)
    if key is None:
        raise options.error(
            "secret",
            "is no key of Standard Webhooks: whsec_ and 24 to 64 bytes in base64;"
            " make one with: echo whsec_$(openssl rand -base64 32)",
        )
    return key
