"""Writing to a Request Tracker: what was written is read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import httpx

from engine.domain.actions import FieldChange
from engine.domain.marker import marked, marker_in, marker_of
from engine.domain.ticket import Ticket
from engine.errors import HelpdeskError
from engine.helpdesks.base import IS_RESOLVED, judged, left_to_do
from engine.helpdesks.rest.http import CallError
from engine.helpdesks.rt.client import Item, RtClient
from engine.helpdesks.rt.sight import Sight
from engine.ports import Message, Sent, SentState

CALLS: Final = 10
"""Requests that a write takes at most, with what it reads before and after."""
_DENIED: Final = "denied"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one Request Tracker's tickets.

    Attributes:
        sight: Reads each ticket before it is written to, and after.
    """

    name: str
    client: RtClient
    sight: Sight

    def change(self, ticket_id: str, changes: Sequence[FieldChange], key: str) -> Sent:
        """Set fields, and read them back; RT answers 200 to whatever it refuses."""
        number = ticket_id.removeprefix(f"{self.name}:")
        try:
            before = self._present(ticket_id)
            left = left_to_do(changes, before)
            if not left:
                return Sent(SentState.DELIVERED, receipt=key)
            body = self.sight.words.written({each.field: each.after for each in left})
            said = self.client.update(number, body)
            after = self._present(ticket_id)
        except CallError as error:
            return error.sent(is_absolute=True)
        except (HelpdeskError, KeyError, TypeError, ValueError) as error:
            return Sent(SentState.RETRY, reason=str(error))
        sent = judged(changes, before, after, said, key)
        if sent.state is SentState.REJECTED and _DENIED in said.lower():
            advice = "grant ModifyTicket and ReassignTicket, and OwnTicket to whoever gets tickets"
            reason = f"{self.name}: {sent.reason}; {advice}"
            return replace(sent, state=SentState.RETRY, reason=reason, only_this=True)
        return sent

    def _present(self, ticket_id: str) -> Ticket:
        """A ticket that is about to be written to.

        Raises:
            HelpdeskError: It cannot be read, or is not there.
        """
        ticket = self.sight.ticket(ticket_id)
        if ticket is None:
            message = f"{self.name}: {ticket_id} is not there any more"
            raise CallError(message, httpx.codes.GONE)
        return ticket

    def note(self, ticket_id: str, text: str, key: str) -> Sent:
        """Leave a comment, whose subject is our mark; one that is there is not left again."""
        found = self._bearing(ticket_id, key, "Comment")
        if found:
            return Sent(SentState.DELIVERED, receipt=str(found[0]["id"]))
        return self._say(ticket_id, "comment", text, marker_of(key))

    def reply(self, ticket_id: str, message: Message) -> Sent:
        """Write to the requestor, with our mark as the last line."""
        try:
            if self._present(ticket_id).status.is_resolved:
                return Sent(SentState.REJECTED, reason=IS_RESOLVED)
        except CallError as error:
            return Sent(SentState.RETRY, reason=str(error), retry_after=error.retry_after)
        except (HelpdeskError, KeyError, TypeError, ValueError) as error:
            return Sent(SentState.RETRY, reason=str(error))
        return self._say(ticket_id, "correspond", marked(message.text, message.key))

    def _say(self, ticket_id: str, how: str, text: str, subject: str | None = None) -> Sent:
        number = ticket_id.removeprefix(f"{self.name}:")
        try:
            said = self.client.say(number, how, text, subject)
        except CallError as error:
            return error.sent(is_absolute=False)
        except HelpdeskError as error:
            return Sent(SentState.RETRY, reason=str(error))
        return self._read_back(number, how, said)

    def _read_back(self, number: str, how: str, said: str) -> Sent:
        """Whether what RT says it took stands on the ticket."""
        try:
            found = self.client.transaction(said)
        except HelpdeskError as error:
            reason = f"RT took it, and it cannot be read back: {error}"
            return Sent(SentState.UNKNOWN, receipt=said, reason=reason, only_this=True)
        is_there = str((found.get("Object") or {}).get("id")) == number
        if is_there and str(found.get("Type")).lower() == how:
            return Sent(SentState.DELIVERED, receipt=said)
        reason = f"{self.name}: RT took it, and does not show it on the ticket"
        return Sent(SentState.UNKNOWN, receipt=said, reason=reason, only_this=True)

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether a comment of ours bears the mark."""
        return self._has(ticket_id, key, "Comment")

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether an answer of ours bears the mark."""
        return self._has(ticket_id, key, "Correspond")

    def _has(self, ticket_id: str, key: str, kind: str) -> bool | None:
        found = self._bearing(ticket_id, key, kind)
        return None if found is None else bool(found)

    def _bearing(self, ticket_id: str, key: str, kind: str) -> list[Item] | None:
        """Our messages of a kind that bear the mark; None where nobody can tell now."""
        number, mark = ticket_id.removeprefix(f"{self.name}:"), marker_of(key)
        with suppress(HelpdeskError, KeyError, TypeError, ValueError):
            account = self.sight.historian().account
            story = self.client.story(number)
            ours = (item for item in story if item.get("Type") == kind)
            said = (item for item in ours if (item.get("Creator") or {}).get("id") == account)
            return [
                item
                for item in said
                if any(marker_in(text) == mark for text in self._texts(item, kind))
            ]
        return None

    def _texts(self, item: Item, kind: str) -> Iterator[str]:
        yield str(item.get("Data") or "")
        if kind == "Correspond":
            yield self.client.text(str(item["id"]))
