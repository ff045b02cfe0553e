"""Addresses that take no mail from us, in the memory twin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engine.domain.bounce import Bounce
from engine.store.bounces import clearable, news_among
from engine.store.memory.tables import MemoryPart


class MemoryBounces(MemoryPart):
    """Which addresses are believed to be dead, and since when."""

    def bounces(self, addresses: Iterable[str]) -> dict[str, Bounce]:
        """What is known of these addresses, by hash; what was cleared since is told, too."""
        known = self._tables.bounces
        return {address: known[address] for address in addresses if address in known}

    def add_bounces(self, bounces: Sequence[Bounce]) -> list[Bounce]:
        """Remember bounces; those that are news."""
        news = news_among(bounces, self._tables.bounces)
        self._tables.bounces.update({one.address: one for one in news})
        return news

    def clear_bounces(self, cleared: Mapping[str, datetime]) -> list[str]:
        """Believe from these instants on (aware UTC) that mail arrives again; whose it is news."""
        news = [replace(one, cleared_at=at)
                for one, at in clearable(self.bounces(cleared), cleared)]  # fmt: skip
        self._tables.bounces.update({one.address: one for one in news})
        return [one.address for one in news]
