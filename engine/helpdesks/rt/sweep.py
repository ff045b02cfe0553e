"""Where the reading of a Request Tracker stands, between two pages and between two processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from engine.domain.ticket import utc_second
from engine.helpdesks.rt.mapping import instant
from engine.ports import Json

_FORMAT: Final = "rt/1"


@dataclass(frozen=True, slots=True)
class Sweep:
    """A reading of everything that changed since an instant, page by page.

    Attributes:
        since: What changed at or after it is read (aware UTC, RT's clock); None for the first time.
        began: When the sweep began.
        after: The last ticket's number that was read.
        settled: Number of ticket → its last change, of those that changed lately and have been read
            with all that happened in that second; they need not be told again.
    """

    since: datetime | None
    began: datetime
    after: int = 0
    settled: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, watermark: Json | None, now: datetime) -> Sweep:
        """Where to go on; a watermark that nobody can read begins anew."""
        if watermark is None or watermark.get("format") != _FORMAT:
            return cls(None, now)
        since = instant(watermark.get("since"))
        began, after = instant(watermark.get("began")), watermark.get("after")
        known = watermark.get("settled")
        settled = known if isinstance(known, dict) else {}
        if began is None or not isinstance(after, int):
            return cls(since, now, settled=settled)
        return cls(since, began, after, settled)

    def watermark(self) -> Json:
        """To go on in the middle of it."""
        since = utc_second(self.since) if self.since else None
        began = utc_second(self.began)
        settled = dict(sorted(self.settled.items()))
        return {
            "format": _FORMAT,
            "since": since,
            "began": began,
            "after": self.after,
            "settled": settled,
        }
