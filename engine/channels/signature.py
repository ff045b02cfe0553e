"""Signatures of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from engine import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from engine.channels.options import Options

_SECRET: Final = re.compile(r"(whsec_)?(?P<base64>[A-Za-z0-9+/]+={0,2})")
_LEAST_SECRET: Final = 24
"""Bytes, as the standard asks for (at most 64)."""
_MOST_SECRET: Final = 64
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
    content = b".".join((webhook_id.encode(), timestamp.encode(), body))
    signatures = (base64.b64encode(hmac.digest(one, content, "sha256")) for one in secrets)
    return {
        "content-type": "application/json",
        "user-agent": f"escalatord/{__version__}",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature.decode()}" for signature in signatures),
        "idempotency-key": key if _HEADER_VALUE.fullmatch(key) else webhook_id,
    }


def key_of(options: Options, secret: str) -> bytes:
    """The key that a secret stands for; the secret is never shown.

    Raises:
        ConfigError: It is none.
    """
    found = _SECRET.fullmatch(secret)
    try:
        key = base64.b64decode(found["base64"] if found else "", validate=True)
    except binascii.Error:
        key = b""
    if not _LEAST_SECRET <= len(key) <= _MOST_SECRET:
        raise options.error(
            "secret",
            "is no key of Standard Webhooks: whsec_ and 24 to 64 bytes in base64;"
            " make one with: echo whsec_$(openssl rand -base64 32)",
        )
    return key
