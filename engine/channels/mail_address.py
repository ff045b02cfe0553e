"""Mail addresses (RFC 5322, RFC 5321), one at a time."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import Final

from engine.channels.one_line import one_line

_NAME_AND_ADDRESS: Final = re.compile(r"(?P<name>[^<>\x00-\x1f\x7f]*)<(?P<address>[^<>]*)>\s*")
# Quoted local parts and what else RFC 5321 allows beside this is not seen in a helpdesk.
_ADDRESS: Final = re.compile(
    r"(?P<local>[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64})@(?P<domain>[^\s@]+)"
)
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*",
    re.IGNORECASE,
)


class AddressError(ValueError):
    """A text that is no single mail address."""


def address(text: str) -> Address:
    """Read one address: ``ann@example.com`` or ``Ann <ann@example.com>``, any script.

    Raises:
        AddressError: It is none, several, or holds control characters.
    """
    named = _NAME_AND_ADDRESS.fullmatch(text)
    found = _ADDRESS.fullmatch(named["address"].strip() if named else text.strip())
    if found is None:
        raise AddressError(f"{one_line(text)!r} is no mail address")
    try:
        domain = found["domain"].encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if _DOMAIN.fullmatch(domain) is None:
        raise AddressError(f"{one_line(text)!r} has no valid domain")
    name = named["name"].strip() if named else ""
    if name.startswith('"') and name.endswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    # The standard library would take "=?" for the beginning of an encoded word, and decode it.
    return Address(one_line(name).replace("=?", "= ?"), found["local"], domain)
