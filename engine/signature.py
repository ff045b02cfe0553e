"""Signatures of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), made and verified."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE: Final = timedelta(minutes=5)
"""How far the sender's clock may be from ours; later, a request is a replay."""

_SECRET: Final = re.compile(r"(whsec_)?(?P<base64>[A-Za-z0-9+/]+={0,2})")
_LEAST_SECRET: Final = 24
"""Bytes, as the standard asks for (at most 64)."""
_MOST_SECRET: Final = 64
_ID: Final = re.compile(r"[\x21-\x7e]{1,255}")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")


class Forgery(StrEnum):
    """Why a request is not believed, in words for whoever sent it."""

    INCOMPLETE = "a signature needs the headers webhook-id, webhook-timestamp and webhook-signature"
    TIME = "webhook-timestamp is not within five minutes of now; set the sender's clock"
    WRONG = "webhook-signature is not that of this body by any of our secrets"


def key_of(secret: str) -> bytes | None:
    """The key that a secret (``whsec_…``) stands for; None where it stands for none."""
    found = _SECRET.fullmatch(secret)
    try:
        key = base64.b64decode(found["base64"] if found else "", validate=True)
    except binascii.Error:
        return None
    return key if _LEAST_SECRET <= len(key) <= _MOST_SECRET else None


def sign(webhook_id: str, timestamp: str, body: bytes, keys: Sequence[bytes]) -> str:
    """What stands in ``webhook-signature``: one signature for each key."""
    content = b".".join((webhook_id.encode(), timestamp.encode(), body))
    signatures = (base64.b64encode(hmac.digest(one, content, "sha256")) for one in keys)
    return " ".join(f"v1,{signature.decode()}" for signature in signatures)


def forgery(
    headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: datetime
) -> Forgery | None:
    """Why a request is not believed; None where one of the keys has signed it.

    Args:
        headers: Of the request, by names in lower case.
        body: As it was received.
        keys: Whoever has one of these is believed; several while a secret is being changed.
        now: Real time (aware).
    """
    webhook_id, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    given = headers.get(SIGNATURE, "").split()
    if not (_ID.fullmatch(webhook_id) and _TIMESTAMP.fullmatch(timestamp) and given):
        return Forgery.INCOMPLETE
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return Forgery.TIME
    made = sign(webhook_id, timestamp, body, keys).split()
    pairs = [(ours.encode(), theirs.encode()) for ours in made for theirs in given]
    # No early end: how long it takes says nothing of how much was right.
    return None if sum(hmac.compare_digest(*pair) for pair in pairs) else Forgery.WRONG


def stamp_of(headers: Mapping[str, str]) -> str:
    """What a signed request is told from its replay by: its id and the second of its signature.

    A sender that tries again keeps the id, and signs anew.
    """
    both = f"{headers.get(ID)}.{headers.get(TIMESTAMP)}"
    return sha256(both.encode("utf-8", "replace")).hexdigest()


def signed_at(headers: Mapping[str, str]) -> datetime:
    """When a request that is believed was signed (aware UTC)."""
    return datetime.fromtimestamp(int(headers[TIMESTAMP]), UTC)
