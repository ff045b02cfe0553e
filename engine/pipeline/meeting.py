"""Before a helpdesk is believed, it is asked who we are there.

With a key that it does not know, or rights that were taken away, many a helpdesk answers that there
are no tickets, and that all is well. So nothing is read before it has told who we are, nor while we
may not read, nor while its clock is so wrong that nothing could be told about when things happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from engine.errors import HelpdeskError
from engine.ports import Helpdesk, Introduction, Need

ASK_AGAIN_AFTER: Final = timedelta(minutes=10)
"""Rights are taken away quietly; this is how long that may stay unnoticed."""
MOST_SKEW: Final = timedelta(minutes=5)
"""Clocks that are further apart are an accident, and not drift."""


@dataclass(slots=True)
class Acquaintance:
    """Remembers, in memory, which helpdesks have told who we are, and when."""

    _met_at: dict[str, datetime] = field(default_factory=dict)

    def meet(self, helpdesk: Helpdesk, now: datetime) -> Introduction | None:
        """Ask who we are, unless it has told lately.

        Args:
            helpdesk: Whom to ask.
            now: The machine's instant (aware UTC).

        Returns:
            What it told; None where it was not asked.

        Raises:
            HelpdeskError: It must not be read now; the text says what to do.
        """
        met_at = self._met_at.get(helpdesk.name)
        if met_at is not None and met_at <= now < met_at + ASK_AGAIN_AFTER:
            return None
        introduction = helpdesk.introduce()
        refuse_unusable(helpdesk.name, introduction)
        self._met_at[helpdesk.name] = now
        return introduction

    def doubt(self, name: str) -> None:
        """Something was suspicious: it is asked again before it is next read."""
        self._met_at.pop(name, None)


def refuse_unusable(name: str, introduction: Introduction) -> None:
    """Refuse to read a helpdesk that would tell us less than there is, or at wrong times.

    Raises:
        HelpdeskError: Nothing is to be read there now.
    """
    lacking = [lack for lack in introduction.missing if lack.need is Need.READ]
    if lacking:
        who = introduction.account or "our account"
        rights = "; ".join(f"{lack.right} is missing: {lack.remedy}" for lack in lacking)
        raise HelpdeskError(f"{name}: {who} may not read: {rights}")
    refuse_wrong_clock(name, introduction.clock_skew)


def refuse_wrong_clock(name: str, skew: timedelta | None) -> None:
    """Refuse what was told by a clock that is wrong: waits would seem longer than they are.

    Args:
        name: The helpdesk's.
        skew: How far its clock is ahead of ours; None where it is not known.

    Raises:
        HelpdeskError: Nothing of it is to be believed.
    """
    if skew is not None and abs(skew) > MOST_SKEW:
        minutes = int(abs(skew).total_seconds() // 60)
        side = "ahead of" if skew > timedelta() else "behind"
        raise HelpdeskError(
            f"{name}: its clock is {minutes} minutes {side} ours, so nothing is read;"
            " set the wrong one right"
        )
