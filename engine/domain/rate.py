"""How many messages fit into a stretch of time that slides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many messages in any stretch of this length.

    Attributes:
        messages: At least 1.
        per: Wall-clock time.
    """

    messages: int
    per: timedelta

    def room_at(self, sent: Iterable[datetime], now: datetime) -> datetime | None:
        """When there is room for one more; None if there is at `now` (all aware UTC).

        Args:
            sent: When messages went out, in any order. Those outside the stretch do not count, nor
                do those that a clock which was set back has put into the future.
            now: The present.
        """
        counted = sorted(at for at in sent if now - self.per < at <= now)
        if len(counted) < self.messages:
            return None
        return counted[-self.messages] + self.per
