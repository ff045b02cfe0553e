"""Where the reading of a Redmine stands, between two pages and between two processes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from engine.domain.ticket import utc_second
from engine.helpdesks.redmine.mapping import instant
from engine.ports import Json

_FORMAT: Final = "redmine/1"
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any ticket; from here it goes on where there is none yet."""
_LONG_PAST: Final = timedelta(minutes=10)
"""What changed so long ago by our clock changes no more in its second, whatever the clocks say."""
_A_SECOND_AND_MORE: Final = 3.0
"""What is read again so many seconds later has been read with all that happened in its second."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A reading of everything that changed since an instant, page by page.

    Attributes:
        scope: Fingerprint of what we may see; when that changes, everything is read anew.
        since: What changed at or after it is read (aware UTC, Redmine's clock); None for every
            open ticket.
        until: The youngest change when the sweep began, from which the next one goes on; None
            between two sweeps, and where there is no ticket at all.
        after: The last ticket's number that was read.
        settled: Number of ticket → its last change, of those that changed lately and have been read
            with all that happened in that second; they need not be told again.
    """

    scope: str
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0
    settled: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, watermark: Json | None) -> Sweep | None:
        """Where to go on; None to begin anew."""
        if watermark is None or watermark.get("format") != _FORMAT:
            return None
        since, until, after = (watermark.get(name) for name in ("since", "until", "after"))
        settled = watermark.get("settled")
        return cls(
            scope=str(watermark.get("scope")),
            since=instant(since) if since else None,
            until=instant(until) if until else None,
            after=after if isinstance(after, int) else 0,
            settled=settled if isinstance(settled, dict) else {},
        )

    def watermark(self) -> Json:
        """To go on from here."""
        return {
            "format": _FORMAT,
            "scope": self.scope,
            "since": utc_second(self.since) if self.since else None,
            "until": utc_second(self.until) if self.until else None,
            "after": self.after,
            "settled": dict(sorted(self.settled.items())),
        }


@dataclass(frozen=True, slots=True)
class ReadTicket:
    """A ticket that was read.

    Attributes:
        changed: When it was changed last, as Redmine told it.
        first_at: When it was first read so (by the monotonic clock, seconds).
        is_settled: It was read when nothing more could happen in the second of that change.
    """

    changed: str
    first_at: float
    is_settled: bool

    @classmethod
    def before(cls, changed: str) -> ReadTicket:
        """What a watermark tells of a reading by an earlier process."""
        return cls(changed, time.monotonic(), is_settled=True)

    @classmethod
    def after(cls, earlier: ReadTicket | None, changed: str, changed_at: datetime) -> ReadTicket:
        """What is remembered of a reading that ended just now."""
        now = time.monotonic()
        is_long_past = changed_at <= datetime.now(UTC) - _LONG_PAST
        if earlier is None or earlier.changed != changed:
            return cls(changed, now, is_long_past)
        is_later = now - earlier.first_at >= _A_SECOND_AND_MORE
        return cls(changed, earlier.first_at, is_long_past or is_later)
