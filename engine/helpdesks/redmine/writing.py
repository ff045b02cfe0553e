"""Writing to a Redmine: the right is asked for before, and what was written is read back after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import httpx

from engine.domain.actions import FieldChange
from engine.domain.marker import marked, marker_in, marker_of
from engine.errors import HelpdeskError
from engine.helpdesks.base import IS_RESOLVED, judged, left_to_do
from engine.helpdesks.redmine.client import Item, RedmineClient
from engine.helpdesks.redmine.mapping import Words
from engine.helpdesks.redmine.people import UnknownNameError
from engine.helpdesks.redmine.rights import CHANGE, HIDE, WRITE, Access
from engine.helpdesks.rest.http import CallError
from engine.ports import Sent, SentState

CALLS: Final = 10
"""Requests that a write takes at most, with what it reads before and after."""
_ADVICE: Final = "look at the workflow of our role, and at the fields of the tracker"


class Said(StrEnum):
    """How something is said on a ticket."""

    PRIVATELY = "privately"
    PUBLICLY = "publicly"
    AFTERWARDS = "afterwards"
    """Publicly, and to the customer of a ticket that may be resolved."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one Redmine's tickets.

    Attributes:
        words: Gives the translations, once it is known who we are.
    """

    name: str
    client: RedmineClient
    words: Callable[[], Words]

    def change(self, ticket_id: str, changes: Sequence[FieldChange], key: str) -> Sent:
        """Set fields; delivered only if the ticket, read back, holds them."""
        try:
            return self._changed(ticket_id, changes, key)
        except CallError as error:
            return _failed(error, is_absolute=True)
        except (HelpdeskError, KeyError, TypeError, ValueError) as error:
            return Sent(SentState.RETRY, reason=str(error))

    def _changed(self, ticket_id: str, changes: Sequence[FieldChange], key: str) -> Sent:
        words, number = self.words(), number_of(self.name, ticket_id)
        issue = self.client.ticket(number)
        before = words.ticket(issue)
        left = left_to_do(changes, before)
        if not left:
            return Sent(SentState.DELIVERED, receipt=key)
        lack = self._lack(issue, CHANGE)
        if lack is not None:
            return lack
        try:
            body = words.written({each.field: each.after for each in left}, issue)
        except UnknownNameError as error:
            return Sent(SentState.REJECTED, reason=str(error))
        self.client.update(number, body)
        after = words.ticket(self.client.ticket(number))
        sent = judged(changes, before, after, "", key)
        if sent.state is SentState.REJECTED:
            return replace(sent, reason=f"{self.name}: {sent.reason}; {_ADVICE}")
        return sent

    def say(self, ticket_id: str, text: str, key: str, how: Said) -> Sent:
        """Write a note, with our mark as the last line; one that is there is not written again.

        Without the right to make notes private Redmine would take a private note for a public one,
        and mail it to the customer.
        """
        try:
            number = number_of(self.name, ticket_id)
            issue = self.client.ticket(number)
            if found := self._of_mark(issue, key):
                return self._judged(ticket_id, found, how)
            is_resolved = self.words().ticket(issue).status.is_resolved
            if is_resolved and how is Said.PUBLICLY:
                return Sent(SentState.REJECTED, reason=IS_RESOLVED)
            rights = (WRITE, HIDE) if how is Said.PRIVATELY else (WRITE,)
            lack = self._lack(issue, *rights)
        except CallError as error:
            return _failed(error, is_absolute=True)
        except (HelpdeskError, KeyError, TypeError, ValueError) as error:
            return Sent(SentState.RETRY, reason=str(error))
        return lack or self._said(ticket_id, number, marked(text, key), key, how)

    def _said(self, ticket_id: str, number: str, text: str, key: str, how: Said) -> Sent:
        note = {"notes": text, "private_notes": how is Said.PRIVATELY}
        try:
            self.client.update(number, note)
        except CallError as error:
            return _failed(error, is_absolute=False)
        except HelpdeskError as error:
            return Sent(SentState.RETRY, reason=str(error))
        found = self._bearing(ticket_id, key)
        if not found:
            why = "cannot be read back" if found is None else "is not on the ticket"
            reason = f"{self.name}: it took the note, which {why}"
            return Sent(SentState.UNKNOWN, reason=reason, only_this=True)
        return self._judged(ticket_id, found, how)

    def _judged(self, ticket_id: str, found: Sequence[Item], how: Said) -> Sent:
        """How a write ended that stands on the ticket."""
        entry = str(found[0]["id"])
        is_private = how is Said.PRIVATELY
        if is_private and not found[0].get("private_notes"):
            reason = f"{self.name}: note {entry} of {ticket_id} became public: make it private"
            return Sent(SentState.REJECTED, receipt=entry, reason=reason)
        return Sent(SentState.DELIVERED, receipt=entry)

    def has(self, ticket_id: str, key: str, *, is_private: bool) -> bool | None:
        """Whether a note of ours bears the mark; None where nobody can tell now."""
        found = self._bearing(ticket_id, key)
        if found is None:
            return None
        return any(bool(one.get("private_notes")) is is_private for one in found)

    def _bearing(self, ticket_id: str, key: str) -> list[Item] | None:
        """The notes of ours that bear the mark; None where nobody can tell now."""
        with suppress(HelpdeskError, KeyError, TypeError, ValueError):
            issue = self.client.ticket(number_of(self.name, ticket_id))
            return self._of_mark(issue, key)
        return None

    def _of_mark(self, issue: Item, key: str) -> list[Item]:
        us, mark = self.words().people.ourselves, marker_of(key)
        entries: Sequence[Item] = issue.get("journals") or ()
        ours = (one for one in entries if int((one.get("user") or {}).get("id") or 0) == us)
        return [one for one in ours if marker_in(str(one.get("notes") or "")) == mark]

    def _lack(self, issue: Item, *permissions: str) -> Sent | None:
        """That a write has to wait until we are given a right; None where we have them all."""
        access = Access.of(self.client)
        project = self.client.project(int(issue["project"]["id"]))
        for permission in permissions:
            if project is not None and not access.may(permission, project.id):
                remedy = access.remedy(permission, project)
                reason = f"{self.name}: {permission} in '{project.name}' is missing: {remedy}"
                return Sent(SentState.RETRY, reason=reason, only_this=True)
        return None


def number_of(name: str, ticket_id: str) -> str:
    """A ticket's number at the helpdesk of a name.

    Raises:
        ValueError: It is none of Redmine's.
    """
    number = ticket_id.removeprefix(f"{name}:")
    if not (number.isascii() and number.isdigit()):
        raise ValueError(f"{ticket_id} is no ticket of {name}")
    return number


def _failed(error: CallError, *, is_absolute: bool) -> Sent:
    """How a write ended that Redmine did not take; what it forbids, it forbids for this ticket."""
    sent = error.sent(is_absolute=is_absolute)
    is_forbidden = error.status == httpx.codes.FORBIDDEN
    return replace(sent, only_this=True) if is_forbidden else sent
