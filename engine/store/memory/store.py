"""The memory twin: how its transactions begin and end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.store.memory.bounces import MemoryBounces
from engine.store.memory.episodes import MemoryEpisodes
from engine.store.memory.inbox import MemoryInbox
from engine.store.memory.interventions import MemoryInterventions
from engine.store.memory.satisfaction import MemorySatisfaction
from engine.store.memory.silences import MemorySilences
from engine.store.memory.tables import Tables
from engine.store.memory.telling import MemoryTelling
from engine.store.memory.tickets import MemoryTickets


class MemoryTransaction(
    MemoryTickets,
    MemoryEpisodes,
    MemoryInterventions,
    MemorySilences,
    MemoryBounces,
    MemorySatisfaction,
    MemoryInbox,
    MemoryTelling,
):
    """`engine.ports.Transaction` on dictionaries."""


class MemoryStore:
    """`engine.ports.Store` for one thread, gone when it is let go of."""

    def __init__(self) -> None:
        self._tables = Tables()

    @contextmanager
    def write(self) -> Iterator[MemoryTransaction]:
        """A writing transaction; what it wrote is taken back when an error passes."""
        before = self._tables.copy()
        try:
            yield MemoryTransaction(self._tables)
        except BaseException:
            self._tables = before
            raise

    @contextmanager
    def read(self) -> Iterator[MemoryTransaction]:
        """A reading; nobody writes meanwhile."""
        yield MemoryTransaction(self._tables)

    def close(self) -> None:
        """Nothing to let go of."""
