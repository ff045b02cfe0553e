"""The short mark that what we write bears, so that we know it again when it is told back to us.

It is derived from the action's idempotency key, and so is the same at every attempt: what bears it
has arrived, whatever the process that sent it has lived to write down. It looks like
``[ref 4f1c-09ab-77de]``, and stands on a line of its own at the end.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

_DIGITS: Final = 12
"""Forty-eight bits: among a million texts two share a mark in one of five hundred desks."""
_MARKER: Final = re.compile(r"^\s*(\[ref [0-9a-f]{4}(?:-[0-9a-f]{4}){2}\])\s*$", re.MULTILINE)


def marker_of(key: str) -> str:
    """The mark of an action, by its idempotency key."""
    digits = hashlib.sha256(key.encode()).hexdigest()[:_DIGITS]
    return f"[ref {'-'.join(digits[at : at + 4] for at in range(0, _DIGITS, 4))}]"


def marked(text: str, key: str) -> str:
    """A text with its action's mark below it."""
    return f"{text.rstrip()}\n\n{marker_of(key)}\n"


def marker_in(text: str) -> str | None:
    """The mark that a text bears, the last one where it has several; None without one.

    One that stands in a quotation, behind ``>``, is somebody else's word about ours.
    """
    found = _MARKER.findall(text)
    return str(found[-1]) if found else None
