"""What people decided about rows of the outbox: carried out, kept, and told in the log once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, case, insert, select, text, update

from engine.ports import Intervention, OutboxState, OutboxVerb
from engine.store.codec import instant, seconds
from engine.store.part import Part
from engine.store.schema import INTERVENTIONS, IS_UNTOLD, OUTBOX

if TYPE_CHECKING:
    from engine.store.part import AnyRow

_I, _O = INTERVENTIONS.c, OUTBOX.c

_DECIDE = (
    update(OUTBOX)
    .where(_O.id == bindparam("row_id"), _O.state == bindparam("seen"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        next_attempt_at=bindparam("now"),
        finished_at=case(
            (bindparam("new_state") == OutboxState.DROPPED.value, bindparam("now")), else_=None
        ),
    )
)
_KEEP = insert(INTERVENTIONS)
_ALL = select(*_I).order_by(_I.id)
_OF_ROW = _ALL.where(_I.outbox == bindparam("row_id"))
_TO_TELL_OF = _ALL.where(text(IS_UNTOLD))
_TELL = update(INTERVENTIONS).where(_I.id == bindparam("number"), ~_I.is_told).values(is_told=True)


class InterventionPart(Part):
    """A person's word on rows of the outbox that nobody is working on."""

    def intervene(self, intervention: Intervention) -> bool:
        """Let a person decide about a row: it waits again, to be tried at once, or is dropped.

        Returns:
            False, and nothing has changed, if the row is in another state than they saw.
        """
        state, reason = outcome_of(intervention)
        at = seconds(intervention.at)
        is_done = self._is_done(
            _DECIDE,
            row_id=intervention.row_id,
            seen=intervention.before.value,
            new_state=state.value,
            new_reason=reason,
            now=at,
        )
        if is_done:
            kept = {
                "outbox": intervention.row_id,
                "verb": intervention.verb.value,
                "before": intervention.before.value,
                "who": intervention.who,
                "why": intervention.why,
                "at": at,
                "is_told": False,
            }
            self._connection.execute(_KEEP, kept)
        return is_done

    def interventions(self, row_id: int) -> tuple[Intervention, ...]:
        """What people decided about a row, in order."""
        return tuple(map(_intervention, self._rows(_OF_ROW, row_id=row_id)))

    def interventions_to_tell_of(self) -> list[Intervention]:
        """What people decided, and the log has not told yet, in order."""
        return list(map(_intervention, self._rows(_TO_TELL_OF)))

    def tell_of_intervention(self, intervention_id: int) -> bool:
        """Note that the log tells of it; False if somebody else did."""
        return self._is_done(_TELL, number=intervention_id)


_DONE: Final = {OutboxVerb.RETRY: "retried", OutboxVerb.RELEASE: "released"}


def outcome_of(intervention: Intervention) -> tuple[OutboxState, str]:
    """The state that a row comes to by a person's word, and the reason that it then bears."""
    if intervention.verb is OutboxVerb.DROP:
        return OutboxState.DROPPED, f"dropped by {intervention.who}: {intervention.why}"
    return OutboxState.PENDING, f"{_DONE[intervention.verb]} by {intervention.who}"


def _intervention(row: AnyRow) -> Intervention:
    return Intervention(
        row_id=row.outbox,
        verb=OutboxVerb(row.verb),
        before=OutboxState(row.before),
        who=row.who,
        at=instant(row.at),
        why=row.why,
        id=row.id,
    )
