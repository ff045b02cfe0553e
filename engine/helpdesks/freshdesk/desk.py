"""The helpdesk that is a Freshdesk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import httpx

from engine.domain.actions import FieldChange
from engine.domain.ticket import Actor, Event, EventKind
from engine.helpdesks.freshdesk.client import FreshdeskClient
from engine.helpdesks.freshdesk.mapping import Words, instant
from engine.helpdesks.freshdesk.names import Item, Names
from engine.helpdesks.freshdesk.options import FreshdeskOptions
from engine.helpdesks.hypertext import html_of, text_of_html
from engine.helpdesks.rest.desk import Held, Remark
from engine.helpdesks.rest.http import CallError
from engine.helpdesks.rest.sweep import Listed, SweepingHelpdesk
from engine.ports import Introduction, MissingRight, Need, Observation

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ALL_TICKETS: Final = 1
"""The scope of an agent who sees every ticket; of others it is 2 or 3."""


class FreshdeskHelpdesk(SweepingHelpdesk[FreshdeskOptions]):
    """Reads tickets from a Freshdesk, and acts on them.

    Freshdesk tells how a ticket stands and what was said on it, and not what was changed by whom.
    """

    def __init__(
        self,
        name: str,
        options: FreshdeskOptions,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Contact nobody yet.

        Args:
            name: As in ``HELPDESK:ID``.
            options: What the config file says.
            transport: In place of the network.
            clock: Gives the machine's present (aware UTC).
        """
        self._client = FreshdeskClient(name, options, transport, clock)
        super().__init__(name, options, self._client.http)
        self._names = Names(name, self._client.http)
        self._words = Words(name, options, self._names)
        self._account: str | None = None

    # --- who we are ---

    def introduce(self) -> Introduction:
        """Ask who we are, and what we may do.

        Raises:
            HelpdeskError: It cannot be reached, or does not know us.
        """
        self._names.forget()
        user = self._client.ourselves()
        self._account = str(user["id"])
        contact = user.get("contact") or {}
        return Introduction(
            account=str(contact.get("email") or contact.get("name") or user["id"]),
            server="Freshdesk",
            missing=tuple(self._missing(user)),
            clock_skew=self._http.clock_skew,
            rate_limit=self._http.rate_limit,
        )

    def _missing(self, user: Item) -> Iterator[MissingRight]:
        if user.get("ticket_scope") not in (None, _ALL_TICKETS):
            remedy = "give the agent the scope Global Access: it sees some tickets only"
            yield MissingRight("Global Access", Need.READ, remedy)
        for what, learn in (("agents", self._names.agents), ("groups", self._names.groups)):
            try:
                learn()
            except CallError as error:
                if error.status != httpx.codes.FORBIDDEN:
                    raise
                remedy = f"give the agent a role that may view {what}: their names are not told"
                yield MissingRight(f"View {what}", Need.READ, remedy)
        fields = self._names.fields()
        for ours, theirs in self._options.custom_fields.items():
            if fields and theirs not in fields:
                remedy = (
                    f"there is no ticket field {theirs} (our {ours}):"
                    " make it, or take it from `custom_fields`"
                )
                yield MissingRight("Ticket fields", Need.READ, remedy)

    def _ours(self) -> str:
        if self._account is None:
            self._account = str(self._client.ourselves()["id"])
        return self._account

    # --- reading ---

    def _changed_since(self, since: datetime, more: str | None, *, only_open: bool) -> Listed:
        del only_open  # the list can be told one thing only
        return self._client.changed_since(max(since - self.grain, _EPOCH), more)

    def _open_count(self) -> int | None:
        return self._client.count(self._words.open_statuses())

    def _changed(self, item: Item) -> str:
        return str(item["updated_at"])

    def _instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text)

    def _understood(self, item: Item) -> Held:
        return Held(self._words.ticket(item), dict(item))

    def _held(self, number: str) -> Held | None:
        item = self._client.ticket(number)
        return None if item is None else self._understood(item)

    def _observed(self, held: Held, until: datetime) -> Observation:
        said = self._client.conversations(str(held.told["id"]))
        messages = tuple(self._said(one, held) for one in said)
        messages = tuple(one for one in messages if one.at <= until)
        ours = {f"c{one['id']}" for one in said if str(one.get("user_id")) == self._ours()}
        return Observation(
            held.ticket,
            min(self._at(held.told), until),
            messages=messages,
            by_our_account=frozenset(one.id for one in messages if one.id in ours),
        )

    def _said(self, told: Item, held: Held) -> Event:
        at = instant(told["created_at"])
        if at is None:
            raise ValueError("a message has no time")
        author = str(told.get("user_id") or "")
        first = Event(
            id=f"c{told['id']}",
            at=at,
            kind=EventKind.MESSAGE,
            source_id=str(told["id"]),
            is_public=not told.get("private"),
            text=_text(told),
        )
        agent = self._names.agents().get(author)
        if not author:
            return replace(first, actor=Actor.ROBOT)
        if author == held.ticket.customer.id or (agent is None and told.get("incoming")):
            return replace(first, actor=Actor.CUSTOMER)
        return replace(first, who=agent.email or agent.name if agent else None)

    # --- writing ---

    def _writing(self, held: Held, changes: Sequence[FieldChange]) -> Callable[[], None]:
        body = self._words.written({each.field: each.after for each in changes})
        return lambda: self._client.update(str(held.told["id"]), body)

    def _say(self, held: Held, text: str, *, is_public: bool) -> str:
        return self._client.say(str(held.told["id"]), html_of(text), is_public=is_public)

    def _remarks(self, number: str) -> Iterable[Remark]:
        ours = self._ours()
        for told in self._client.conversations(number):
            is_ours = str(told.get("user_id")) == ours
            yield Remark(str(told["id"]), _text(told), not told.get("private"), is_ours)


def _text(told: Item) -> str:
    """What was said; the plain text that Freshdesk makes of it may have lost its lines."""
    return text_of_html(str(told.get("body") or "")) or str(told.get("body_text") or "")
