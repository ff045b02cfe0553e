"""What the pages for people stand on, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final, TypeVar

from engine.errors import StoreBusyError
from engine.messages.wording import localtime

if TYPE_CHECKING:
    from engine.links import Tokens
    from engine.logs import Logger
    from engine.pipeline.evaluate import Policy
    from engine.ports import Store

T = TypeVar("T")

_ATTEMPTS: Final = 3
"""Each waits for the store as long as the store's own time-out says."""


@dataclass(frozen=True, slots=True)
class People:
    """What the pages for people stand on.

    Attributes:
        store: What is known.
        tokens: Reads what links stand for.
        policy: Gives what is in force.
        now: The domain's instant (aware UTC).
        timezone: Of the local times that are shown.
        log: Where it is told what was done, and what was refused.
        language: What the desk speaks: staff, and customers of whom nothing else is known.
    """

    store: Store
    tokens: Tokens
    policy: Callable[[], Policy]
    now: Callable[[], datetime]
    timezone: tzinfo
    log: Logger
    language: str = "en"

    def local(self, at: datetime, language: str) -> str:
        """An instant as people say it."""
        return localtime(at, self.timezone, language)

    def refuse(self, page: str, reason: str, **about: object) -> None:
        """Tell the log that a link was of no use; never which one."""
        self.log.warning("link.refused", page=page, reason=reason, **about)


def patiently(act: Callable[[], T]) -> T:
    """Do something to the store, again where others were in the way.

    Raises:
        StoreBusyError: They still are.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return act()
        except StoreBusyError:
            continue
    return act()
