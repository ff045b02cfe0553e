"""What people decided about rows of the outbox, in the memory twin."""

from __future__ import annotations

from dataclasses import replace

from engine.ports import Intervention, OutboxState
from engine.store.interventions import outcome_of
from engine.store.memory.outbox import MemoryOutbox


class MemoryInterventions(MemoryOutbox):
    """A person's word on rows of the outbox that nobody is working on."""

    def intervene(self, intervention: Intervention) -> bool:
        """Let a person decide about a row; False if it is not as they saw it any more."""
        kept = self._tables.outbox.get(intervention.row_id)
        if kept is None or kept.row.state is not intervention.before:
            return False
        state, reason = outcome_of(intervention)
        row = replace(kept.row, state=state, reason=reason, next_attempt_at=intervention.at)
        finished_at = intervention.at if state is OutboxState.DROPPED else None
        self._put(replace(kept, row=row, finished_at=finished_at))
        number = len(self._tables.interventions) + 1
        self._tables.interventions[number] = replace(intervention, id=number)
        self._tables.untold[number] = None
        return True

    def interventions(self, row_id: int) -> tuple[Intervention, ...]:
        """What people decided about a row, in order."""
        kept = self._tables.interventions.values()
        return tuple(one for one in kept if one.row_id == row_id)

    def interventions_to_tell_of(self) -> list[Intervention]:
        """What people decided, and the log has not told yet, in order."""
        return [self._tables.interventions[number] for number in self._tables.untold]

    def tell_of_intervention(self, intervention_id: int) -> bool:
        """Note that the log tells of it; False if somebody else did."""
        if intervention_id not in self._tables.untold:
            return False
        del self._tables.untold[intervention_id]
        return True
