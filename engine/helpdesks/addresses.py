"""Addresses of servers in the config file: which is of this machine, which gives secrets away."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from engine.helpdesks.options import refuse, shown


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as only it can know it."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def web_address(value: object, fault: str, leak: str) -> str:
    """A web address without a query, which is told no secret in the clear.

    Args:
        value: As it stands in the config file.
        fault: What is said of something else: ``is no address of a helpdesk``.
        leak: What is said of plain http to another machine.

    Raises:
        PydanticCustomError: It is something else, or leads to another machine by plain http.
    """
    text = value if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        host, scheme = parts.hostname or "", parts.scheme
        _ = parts.port  # raises where it is no number
    except ValueError:
        host, scheme = "", ""
    if not host or scheme not in ("http", "https") or any(mark in text for mark in "?#@"):
        advice = "write https://HOST, and a path if there is one"
        raise refuse("url", f"{shown(value)} {fault}", advice)
    if scheme == "http" and not is_loopback(host):
        advice = "write https://…; plain http is for this machine only"
        raise refuse("url", f"{shown(value)} {leak}", advice)
    return text
