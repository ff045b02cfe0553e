"""Which tickets were merged into which, in the memory twin."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine.domain.actions import Action, ActionKind
from engine.domain.reason import Reason
from engine.domain.ticket import Ticket
from engine.ports import OutboxState
from engine.store.memory.tables import MemoryPart
from engine.store.merges import ends_of

_ON_ITS_WAY = (OutboxState.PENDING, OutboxState.SNOOZED, OutboxState.LEASED)


class MemoryMerges(MemoryPart):
    """What a merge joins."""

    def absorbed_by(self, ticket_ids: Iterable[str]) -> dict[str, str]:
        """The tickets that were merged into these, or into those: each with its survivor."""
        into = {
            name: kept.present.merged_into
            for name, kept in self._tables.tickets.items()
            if kept.present.merged_into
        }
        found: dict[str, str] = {}
        asked = set(ticket_ids)
        while asked:
            new = {n: into[n] for n in into if into[n] in asked and n not in found}
            found.update(new)
            asked = set(new)
        return found

    def survivors(self, ticket_ids: Iterable[str]) -> dict[str, Ticket]:
        """Each of these tickets, or in the end the one that it was merged into, as it stands."""
        return ends_of(
            ticket_ids, {name: kept.present for name, kept in self._tables.tickets.items()}
        )

    def unsent_notices(self, subjects: Iterable[str]) -> list[Action]:
        """Notices of which nobody heard: on their way, or stopped by a merge."""
        wanted = set(subjects)
        return [
            kept.action
            for kept in self._tables.outbox.values()
            if kept.action.kind is ActionKind.NOTIFY and kept.action.subject in wanted
            if kept.row.state in _ON_ITS_WAY
            or (kept.row.state is OutboxState.CANCELLED and kept.row.reason == Reason.MERGED.value)
        ]

    def closed_since(self, ticket_ids: Iterable[str], since: datetime) -> list[str]:
        """Those of these tickets that are not open, and were last observed at or after `since`."""
        found = {name: self._tables.tickets.get(name) for name in ticket_ids}
        return sorted(
            name
            for name, kept in found.items()
            if kept is not None and not is_open(kept.present) and kept.record.observed_at >= since
        )


def is_open(ticket: Ticket) -> bool:
    """Whether rules see the ticket: neither resolved nor merged nor gone."""
    return not (ticket.status.is_resolved or ticket.merged_into or ticket.is_gone)
