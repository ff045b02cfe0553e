"""What helpdesks that are reached over HTTP do alike: read, write, and read back.

1. Before each write the ticket is read; what it shows already is not written again.
2. A message bears the mark of its key. One whose mark stands on the ticket is not written again.
3. After each write it is read back: a good answer is no proof.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar

from engine.domain.actions import FieldChange
from engine.domain.marker import marked, marker_in, marker_of
from engine.domain.ticket import Ticket
from engine.errors import HelpdeskError
from engine.helpdesks.base import EVER, IS_RESOLVED, judged, left_to_do
from engine.helpdesks.rest.http import CallError, HttpClient
from engine.helpdesks.rest.options import RestOptions
from engine.ports import Message, Observation, Presence, Reading, Sent, SentState

O = TypeVar("O", bound=RestOptions)  # noqa: E741 - the options of one kind
T = TypeVar("T")

CALLS: Final = 10
"""Requests that a write takes at most, with what it reads before and after."""
MISUNDERSTOOD: Final = (AttributeError, KeyError, TypeError, ValueError)
"""What reading an answer of another shape than expected raises."""


@dataclass(frozen=True, slots=True)
class Held:
    """A ticket as its helpdesk holds it.

    Attributes:
        ticket: In our words.
        told: In the helpdesk's.
    """

    ticket: Ticket
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Remark:
    """A message that stands on a ticket.

    Attributes:
        is_ours: Its author is our account.
    """

    id: str
    text: str
    is_public: bool
    is_ours: bool


class Over(Exception):  # noqa: N818 - it is an outcome
    """A write has ended early."""

    def __init__(self, sent: Sent) -> None:
        super().__init__(sent.reason)
        self.sent = sent


class RestHelpdesk(ABC, Generic[O]):
    """Acts on tickets over HTTP; each kind says how its helpdesk is asked."""

    def __init__(self, name: str, options: O, http: HttpClient) -> None:
        """Contact nobody yet.

        Args:
            name: As in ``HELPDESK:ID``.
            options: What the config file says.
            http: By which it is asked.
        """
        self.name = name
        self.can = options.can
        self._options = options
        self._http = http

    @property
    def longest_call(self) -> timedelta:
        """The longest that a write takes (real time)."""
        return CALLS * self._options.timeout

    def next_change_at(self, after: datetime) -> datetime | None:
        """Nobody knows: it is asked again and again."""
        del after
        return None

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    # --- what each kind says ---

    @abstractmethod
    def _held(self, number: str) -> Held | None:
        """A ticket as it stands; None if the helpdesk, knowing us, says that there is none.

        Raises:
            HelpdeskError: It cannot be read.
        """

    @abstractmethod
    def _observed(self, held: Held, until: datetime) -> Observation:
        """A ticket with what happened to it, nothing later than `until`.

        Raises:
            HelpdeskError: That cannot be read.
        """

    @abstractmethod
    def _writing(self, held: Held, changes: Sequence[FieldChange]) -> Callable[[], None]:
        """What sets fields, once all that it needs to know has been asked for.

        Raises:
            HelpdeskError: That cannot be read, or the helpdesk has no word for it.
        """

    @abstractmethod
    def _say(self, held: Held, text: str, *, is_public: bool) -> str:
        """Write on a ticket; gives the helpdesk's id of the message, empty where it told none.

        Raises:
            CallError: It refused, or there was no answer.
        """

    @abstractmethod
    def _remarks(self, number: str) -> Iterable[Remark]:
        """What stands on a ticket, or the latest of it.

        Raises:
            HelpdeskError: It cannot be read.
        """

    def _refusal(self, held: Held) -> str | None:
        """Why the ticket takes nothing more, for good; None where it does."""
        del held
        return None

    # --- reading ---

    def read(self, ticket_id: str, until: datetime) -> Reading:
        """One ticket as it stands; never raises."""
        del until
        try:
            with self._http.for_writing():
                return self._reading(self._number(ticket_id))
        except (HelpdeskError, *MISUNDERSTOOD):
            return Reading(Presence.UNREADABLE)

    def _reading(self, number: str) -> Reading:
        held = self._held(number)
        if held is None or held.ticket.is_gone:
            return Reading(Presence.GONE)
        return Reading(Presence.PRESENT, self._observed(held, EVER))

    # --- writing ---

    def change(
        self, ticket_id: str, changes: Sequence[FieldChange], key: str, at: datetime
    ) -> Sent:
        """Set fields, and read them back."""
        del at
        return self._tried(lambda: self._change(self._number(ticket_id), changes, key))

    def note(self, ticket_id: str, text: str, key: str, at: datetime) -> Sent:
        """Leave an internal note, with our mark as its last line."""
        del at
        number = self._number(ticket_id)
        return self._tried(lambda: self._say_once(number, text, key, is_public=False))

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        """Write to the customer, with our mark as the last line."""
        del at
        number, text = self._number(ticket_id), message.text
        return self._tried(lambda: self._say_once(number, text, message.key, is_public=True))

    def has_note(self, ticket_id: str, key: str) -> bool | None:
        """Whether a note bears the mark."""
        return self._stands(ticket_id, key, is_public=False)

    def has_reply(self, ticket_id: str, key: str) -> bool | None:
        """Whether a public message bears the mark."""
        return self._stands(ticket_id, key, is_public=True)

    def _tried(self, act: Callable[[], Sent]) -> Sent:
        """How a write ended. What cannot be read before it says nothing about it: later."""
        try:
            with self._http.for_writing():
                return act()
        except Over as over:
            return over.sent
        except CallError as error:
            return Sent(SentState.RETRY, reason=str(error), retry_after=error.retry_after)
        except HelpdeskError as error:
            return Sent(SentState.RETRY, reason=str(error), only_this=True)
        except MISUNDERSTOOD as error:
            return Sent(SentState.RETRY, reason=self._puzzled(error), only_this=True)

    def _change(self, number: str, changes: Sequence[FieldChange], key: str) -> Sent:
        before = self._present(number)
        left = left_to_do(changes, before.ticket)
        if not left:
            return Sent(SentState.DELIVERED, receipt=key)
        self._refuse(self._refusal(before))
        self._attempt(self._writing(before, left), is_absolute=True)
        after = self._present(number)
        return judged(changes, before.ticket, after.ticket, "", key)

    def _say_once(self, number: str, text: str, key: str, *, is_public: bool) -> Sent:
        ready = self._present(number)
        found = self._remark(number, key, is_public=is_public)
        if found is not None:
            return Sent(SentState.DELIVERED, receipt=found.id)
        self._refuse(self._refusal(ready))
        self._refuse(IS_RESOLVED if is_public and ready.ticket.status.is_resolved else None)
        body = marked(text, key)
        said = self._attempt(lambda: self._say(ready, body, is_public=is_public), is_absolute=False)
        return self._read_back(number, key, said, is_public=is_public)

    def _present(self, number: str) -> Held:
        """The ticket that is about to be written to, or was.

        Raises:
            HelpdeskError: It cannot be read.
        """
        held = self._held(number)
        if held is None or held.ticket.is_gone:
            reason = f"{self.name}: {self.name}:{number} is not there any more"
            raise Over(Sent(SentState.REJECTED, reason=reason))
        return held

    def _refuse(self, reason: str | None) -> None:
        if reason is not None:
            raise Over(Sent(SentState.REJECTED, reason=reason))

    def _attempt(self, write: Callable[[], T], *, is_absolute: bool) -> T:
        """Write; gives what that gives.

        Between our reading and our write somebody may have changed the ticket. Such a conflict is
        looked at anew, and tried again: nothing was written.
        """
        try:
            return write()
        except CallError as error:
            if error.status == HTTPStatus.CONFLICT:
                sent = Sent(SentState.RETRY, reason=str(error), only_this=True)
            else:
                sent = error.sent(is_absolute=is_absolute)
        except MISUNDERSTOOD as error:
            state = SentState.RETRY if is_absolute else SentState.UNKNOWN
            sent = Sent(state, reason=self._puzzled(error), only_this=True)
        raise Over(sent)

    def _puzzled(self, error: Exception) -> str:
        return f"{self.name}: the answer cannot be understood: {type(error).__name__} {error}"

    def _read_back(self, number: str, key: str, said: str, *, is_public: bool) -> Sent:
        """Whether what it says it took stands on the ticket."""
        try:
            found = self._remark(number, key, is_public=is_public)
        except (HelpdeskError, *MISUNDERSTOOD) as error:
            reason = f"it was taken, and cannot be read back: {error}"
            return Sent(SentState.UNKNOWN, receipt=said or None, reason=reason, only_this=True)
        if found is not None:
            return Sent(SentState.DELIVERED, receipt=found.id)
        reason = f"{self.name}: it was taken, and does not stand on the ticket"
        return Sent(SentState.UNKNOWN, receipt=said or None, reason=reason, only_this=True)

    def _stands(self, ticket_id: str, key: str, *, is_public: bool) -> bool | None:
        try:
            with self._http.for_writing():
                return bool(self._remark(self._number(ticket_id), key, is_public=is_public))
        except (HelpdeskError, *MISUNDERSTOOD):
            return None

    def _remark(self, number: str, key: str, *, is_public: bool) -> Remark | None:
        """The message that bears the mark of a key."""
        mark = marker_of(key)
        ours = (one for one in self._remarks(number) if one.is_ours and one.is_public is is_public)
        return next((one for one in ours if marker_in(one.text) == mark), None)

    def _number(self, ticket_id: str) -> str:
        return ticket_id.removeprefix(f"{self.name}:")
