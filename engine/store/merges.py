"""Which tickets were merged into which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select, text, update

from engine.domain.actions import ActionKind
from engine.domain.reason import Reason
from engine.ports import OutboxState
from engine.store.among import among
from engine.store.codec import decode_action, decode_ticket
from engine.store.part import Part
from engine.store.schema import CONTACTS, IS_MERGED, OUTBOX, TICKETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.domain.actions import Action
    from engine.domain.ticket import Ticket

_T, _O, _C = TICKETS.c, OUTBOX.c, CONTACTS.c

_MERGED_INTO: Final = select(_T.id, _T.merged_into).where(
    text(IS_MERGED), among(_T.merged_into, "ids")
)
_PRESENT: Final = select(_T.id, _T.present).where(among(_T.id, "ids"))
_MOVE_CONTACTS: Final = (
    update(CONTACTS)
    .where(_C.ticket == bindparam("of_ticket"))
    .values(customer_id=bindparam("to_customer"), organization=bindparam("to_organization"))
)
_NOTICES: Final = (
    select(_O.body, _O.state, _O.reason)
    .where(among(_O.subject, "ids"), _O.action == ActionKind.NOTIFY.value)
    .order_by(_O.id)
)
_ON_ITS_WAY: Final = frozenset({OutboxState.PENDING, OutboxState.SNOOZED, OutboxState.LEASED})


class MergePart(Part):
    """What a merge joins. Merges are rare: where there is none, a question costs one probe."""

    def absorbed_by(self, ticket_ids: Iterable[str]) -> dict[str, str]:
        """The tickets that were merged into these, or into those: each with its survivor."""
        found: dict[str, str] = {}
        asked = set(ticket_ids)
        while asked:
            rows = self._rows_of(_MERGED_INTO, asked)
            new = {name: survivor for name, survivor in rows if name not in found}
            found.update(new)
            asked = set(new)
        return found

    def survivors(self, ticket_ids: Iterable[str]) -> dict[str, Ticket]:
        """Each of these tickets, or the one that it was merged into, as it stands now.

        In the end: where that was merged too, the last one. Left out is what ends at a ticket that
        nobody knows, or in a circle.
        """
        wanted = asked = set(ticket_ids)
        present: dict[str, Ticket] = {}
        while asked:
            found = {name: decode_ticket(body) for name, body in self._rows_of(_PRESENT, asked)}
            present.update(found)
            asked = {ticket.merged_into for ticket in found.values() if ticket.merged_into}
            asked -= present.keys()
        return ends_of(wanted, present)

    def unsent_notices(self, subjects: Iterable[str]) -> list[Action]:
        """Notices of which nobody heard: on their way, or stopped by a merge."""
        return [
            decode_action(body)
            for body, state, reason in self._rows_of(_NOTICES, subjects)
            if state in _ON_ITS_WAY
            or (state == OutboxState.CANCELLED and reason == Reason.MERGED.value)
        ]

    def _move_contacts(self, ticket_ids: Iterable[str]) -> None:
        """What came in on a merged ticket counts for the customer of its survivor."""
        moves = [
            {
                "of_ticket": name,
                "to_customer": survivor.customer.id,
                "to_organization": survivor.customer.organization,
            }
            for name, survivor in sorted(self.survivors(ticket_ids).items())
        ]
        if moves:
            self._connection.execute(_MOVE_CONTACTS, moves)


def ends_of(names: Iterable[str], present: Mapping[str, Ticket]) -> dict[str, Ticket]:
    """Each of these tickets, or the one at which its chain of merges ends, where there is one."""
    ends = {name: _end(name, present) for name in names}
    return {name: ticket for name, ticket in ends.items() if ticket is not None}


def _end(name: str, present: Mapping[str, Ticket]) -> Ticket | None:
    """The ticket at which a chain of merges ends."""
    met: set[str] = set()
    while name in present and name not in met:
        met.add(name)
        survivor = present[name].merged_into
        if survivor is None:
            return present[name]
        name = survivor
    return None
