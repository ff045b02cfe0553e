"""What connectors to shared systems have in common, beside the way to ask (`rest`).

The contract itself is `engine.ports.Helpdesk`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from engine.domain.actions import FieldChange
from engine.domain.ticket import Ticket, Value, value_of
from engine.errors import HelpdeskError
from engine.ports import Sent, SentState

EVER: Final = datetime.max.replace(tzinfo=UTC)
"""Up to when a ticket is read that is told as it stands, whatever its helpdesk's clock says."""
IS_RESOLVED: Final = "the ticket is resolved, and a reply would open it again"


def number_of(wanted: object, names: Mapping[str, str | None], what: str) -> str:
    """The number of what bears a name, to the letter.

    The ticket will tell the name as the helpdesk writes it, and our write must be known by it.

    Args:
        wanted: The name.
        names: By number.
        what: Whose name it is, and where, as a complaint begins.

    Raises:
        HelpdeskError: There is none of this name.
    """
    found = next((number for number, name in names.items() if name == wanted), None)
    if found is not None:
        return found
    low = str(wanted).casefold()
    alike = next((name for name in names.values() if name and name.casefold() == low), None)
    advice = f"write '{alike}'" if alike else "make it there"
    raise HelpdeskError(f"{what} '{wanted}'; {advice}")


def left_to_do(changes: Sequence[FieldChange], ticket: Ticket) -> list[FieldChange]:
    """The changes that a ticket, as just read, does not show yet."""
    return [each for each in changes if not _is_so(each, ticket)]


def judged(
    changes: Sequence[FieldChange], before: Ticket, after: Ticket, said: str, receipt: str
) -> Sent:
    """How a change ended, by the ticket as it was read back.

    Args:
        changes: What was to be changed.
        before: The ticket just before the write.
        after: The ticket as read back.
        said: What the helpdesk answered, on one line; empty where it answers nothing.
        receipt: What proves a change that took.
    """
    failed = [each for each in changes if not _is_so(each, after)]
    if not failed:
        return Sent(SentState.DELIVERED, receipt=receipt)
    first = failed[0]
    found = value_of(after, first.field)
    if _plain(found) != _plain(value_of(before, first.field)):
        reason = f"{first.field} is {shown(found)}: somebody else changed it meanwhile"
    else:
        answer = f"; it said: {said}" if said else ""
        wanted = shown(first.after)
        reason = f"{first.field} was not changed to {wanted}, though the call succeeded{answer}"
    took = tuple(each for each in changes if each not in failed and not _is_so(each, before))
    return Sent(SentState.REJECTED, reason=reason, took=took)


def shown(value: object) -> str:
    """A field's value as people are shown it."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value) if value else "nothing"


def _is_so(change: FieldChange, ticket: Ticket) -> bool:
    return _plain(value_of(ticket, change.field)) == _plain(change.after)


def _plain(value: Value | object) -> object:
    """Tags have no order, and nothing is nothing however it is written."""
    if isinstance(value, tuple):
        return frozenset(value) or None
    return value or None
