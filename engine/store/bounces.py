"""Addresses that take no mail from us; known by a hash alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from engine.domain.bounce import Bounce
from engine.store.among import among
from engine.store.bulk import BulkInsert, overwrite
from engine.store.codec import instant, maybe_instant, maybe_seconds, seconds
from engine.store.part import Part
from engine.store.schema import BOUNCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from engine.store.part import AnyRow

_B: Final = BOUNCES.c
_OF = select(*_B).where(among(_B.address, "ids"))
_SAVE = BulkInsert(
    BOUNCES, conflict=overwrite("at", "ticket", "reason", "key", "cleared_at", key=["address"])
)


class BouncePart(Part):
    """Which addresses are believed to be dead, and since when."""

    def bounces(self, addresses: Iterable[str]) -> dict[str, Bounce]:
        """What is known of these addresses, by hash; what was cleared since is told, too."""
        return {row.address: _bounce(row) for row in self._rows_of(_OF, addresses)}

    def add_bounces(self, bounces: Sequence[Bounce]) -> list[Bounce]:
        """Remember bounces; those that are news.

        An address that is believed to be dead stays as it is, and so does one that was cleared
        after the bounce.
        """
        known = self.bounces(one.address for one in bounces)
        news = news_among(bounces, known)
        _SAVE.run(self._connection, [_row(one) for one in news])
        return news

    def clear_bounces(self, cleared: Mapping[str, datetime]) -> list[str]:
        """Believe from these instants on (aware UTC) that mail arrives again; whose it is news."""
        found = self.bounces(cleared)
        news = [replace(one, cleared_at=at) for one, at in clearable(found, cleared)]
        _SAVE.run(self._connection, [_row(one) for one in news])
        return [one.address for one in news]


def news_among(bounces: Iterable[Bounce], known: Mapping[str, Bounce]) -> list[Bounce]:
    """Those that tell something new, one for each address."""
    news: dict[str, Bounce] = {}
    for one in bounces:
        before = news.get(one.address, known.get(one.address))
        if before is None or (before.cleared_at is not None and before.cleared_at <= one.at):
            news[one.address] = one
    return [news[address] for address in sorted(news)]


def clearable(
    found: Mapping[str, Bounce], cleared: Mapping[str, datetime]
) -> list[tuple[Bounce, datetime]]:
    """The bounces that are older than what shows that the address works, with that instant."""
    return [
        (found[address], cleared[address])
        for address in sorted(found)
        if found[address].cleared_at is None and found[address].at < cleared[address]
    ]


def _row(one: Bounce) -> tuple[object, ...]:
    return (
        one.address,
        seconds(one.at),
        one.ticket,
        one.reason,
        one.key,
        maybe_seconds(one.cleared_at),
    )


def _bounce(row: AnyRow) -> Bounce:
    return Bounce(
        address=row.address,
        at=instant(row.at),
        ticket=row.ticket,
        reason=row.reason,
        key=row.key,
        cleared_at=maybe_instant(row.cleared_at),
    )
