"""What a helpdesk takes in requests, and how they are shared between reading and writing.

1. Who is asked to wait (`Retry-After`, a spent `X-RateLimit-*` or `ratelimit-*`) asks nobody until
   then, whichever call it was told on.
2. Reading leaves a fifth of what is left to writing: an escalation goes out though ten thousand
   tickets wait to be read.
3. A part of the interface with a limit of its own is a lane: it is asked no faster than that, and
   who is asked to wait on it waits on it alone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import httpx

from engine.ports import RateLimit

SHARE_OF_WRITING: Final = 5
"""Of so many requests, one is kept for writing."""
LONGEST_WAIT: Final = timedelta(hours=1)
"""Who asks us to wait longer is asked again by then."""
UNTOLD_WAIT: Final = timedelta(minutes=1)
"""Too many requests, and no word about how long to wait."""
_EPOCH_FROM: Final = 1_000_000_000
"""Resets are told as seconds to wait, or as the instant in seconds since 1970."""
_LIMIT_HEADERS: Final = ("ratelimit-", "x-ratelimit-", "x-rate-limit-")
_MINUTE: Final = timedelta(minutes=1)


class Purpose(StrEnum):
    """What a request is made for."""

    READ = "read"
    WRITE = "write"


@dataclass(slots=True)
class Allowance:
    """What the other side has told of how much it takes. Threads share it.

    Attributes:
        limit: What it told last; None where it told nothing.
    """

    limit: RateLimit | None = None
    _resets_at: datetime | None = None
    _closed_until: datetime | None = None

    def wait(self, purpose: Purpose, now: datetime) -> timedelta | None:
        """How long nothing may be asked for this purpose; None if something may be."""
        if self._closed_until is not None and now < self._closed_until:
            return self._closed_until - now
        if self.limit is None or self.limit.remaining is None or self._resets_at is None:
            return None
        kept = 0 if purpose is Purpose.WRITE else (self.limit.requests or 0) // SHARE_OF_WRITING
        is_spent = self.limit.remaining <= kept and now < self._resets_at
        return self._resets_at - now if is_spent else None

    def hear(self, answer: httpx.Response, now: datetime) -> None:
        """Take note of what an answer tells."""
        self.hear_of_limit(answer, now)
        self.hear_of_waiting(answer, now)

    def hear_of_limit(self, answer: httpx.Response, now: datetime) -> None:
        """Take note of how many requests are left, if it tells."""
        told = _limit_of(answer.headers, now)
        if told is not None:
            self.limit = told
            self._resets_at = now + told.resets_after if told.resets_after else None

    def hear_of_waiting(self, answer: httpx.Response, now: datetime) -> None:
        """Take note of how long it asks us to wait, if it does."""
        if answer.status_code in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            asked = wait_of(answer, now)
            if asked is not None:
                self._closed_until = now + min(asked, LONGEST_WAIT)


@dataclass(slots=True)
class Lane:
    """A part of the interface that has a limit of its own. Threads share it, under one lock.

    Attributes:
        requests: So many in any minute.
    """

    requests: int
    _asked_at: deque[datetime] = field(default_factory=deque)
    _allowance: Allowance = field(default_factory=Allowance)

    def wait(self, now: datetime) -> timedelta | None:
        """How long nothing may be asked on it; None if something may be."""
        while self._asked_at and self._asked_at[0] + _MINUTE <= now:
            self._asked_at.popleft()
        if len(self._asked_at) >= self.requests:
            return self._asked_at[0] + _MINUTE - now
        return self._allowance.wait(Purpose.WRITE, now)

    def take(self, now: datetime) -> None:
        """Count a request that is made on it."""
        self._asked_at.append(now)

    def hear(self, answer: httpx.Response, now: datetime) -> None:
        """Take note of how long it asks us to wait on it."""
        self._allowance.hear_of_waiting(answer, now)


def date_of(text: str | None) -> datetime | None:
    """A date as in RFC 9110, 5.6.7 (aware UTC); None where it is none."""
    if text is None:
        return None
    try:
        told = parsedate_to_datetime(text)
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _retry_after(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds, or an instant."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    at = date_of(text) if text else None
    return None if at is None else max(at - now, timedelta())


def wait_of(answer: httpx.Response, now: datetime) -> timedelta | None:
    """How long an answer asks us to wait; where it only refuses, until its limit is reset."""
    asked = _retry_after(answer.headers, now)
    if asked is not None or answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return asked
    told = _limit_of(answer.headers, now)
    return told.resets_after if told and told.resets_after else UNTOLD_WAIT


def _limit_of(headers: httpx.Headers, now: datetime) -> RateLimit | None:
    for prefix in _LIMIT_HEADERS:
        names = (f"{prefix}limit", f"{prefix}total", prefix.rstrip("-"))
        requests = _number(next((headers[name] for name in names if name in headers), None))
        remaining = _number(headers.get(f"{prefix}remaining"))
        if requests is None and remaining is None:
            continue
        return RateLimit(requests, remaining, _until(headers.get(f"{prefix}reset"), now))
    return None


def _until(text: str | None, now: datetime) -> timedelta | None:
    """Seconds to wait, seconds since 1970, or an instant as in ISO 8601."""
    reset = _number(text)
    if reset is not None:
        seconds = reset - now.timestamp() if reset > _EPOCH_FROM else reset
    else:
        try:
            at = datetime.fromisoformat(text or "")
        except ValueError:
            return UNTOLD_WAIT
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp()
    return min(max(timedelta(seconds=seconds), timedelta()), LONGEST_WAIT)


def _number(text: str | None) -> int | None:
    head = (text or "").split(";")[0].split(",")[0].strip()
    return int(head[:12]) if head.isascii() and head.isdigit() else None
