"""What we ask of Freshdesk's REST interface, call by call."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from engine.errors import HelpdeskError
from engine.helpdesks.freshdesk.names import PAGE, Item, all_of
from engine.helpdesks.freshdesk.options import FreshdeskOptions
from engine.helpdesks.rest.allowance import Lane, Purpose
from engine.helpdesks.rest.http import CallError, HttpClient
from engine.helpdesks.rest.sweep import Listed
from engine.secret import Secret

_LISTS: Final = "lists"
"""The list of tickets has a limit of its own."""


class FreshdeskClient:
    """Asks one Freshdesk."""

    def __init__(
        self,
        name: str,
        options: FreshdeskOptions,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Connect to nobody yet; the key is read for each call, so that it may be renewed."""
        self.name = name
        self._key: Secret = options.token(name)
        self.http = HttpClient(
            name,
            f"{options.url}/api/v2",
            options.timeout,
            self._headers,
            transport,
            clock,
            {_LISTS: Lane(options.lists_per_minute)},
        )

    def _headers(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self._key.read().strip()}:X".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    # --- reading ---

    def ourselves(self) -> Item:
        """The agent that the key belongs to."""
        user = self._object("/agents/me")
        if not user.get("id"):
            raise HelpdeskError(f"{self.name}: it does not tell who we are; is `url` a Freshdesk?")
        return user

    def changed_since(self, since: datetime, more: str | None) -> Listed:
        """Tickets that changed at or after an instant, the longest ago first.

        Args:
            since: Aware UTC, whole seconds.
            more: The number of the page; None for the first.
        """
        page = int(more or 1)
        params = {
            "updated_since": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "order_by": "updated_at",
            "order_type": "asc",
            "include": "requester",
            "per_page": str(PAGE),
            "page": str(page),
        }
        items = self.http.json("GET", "/tickets", params=params, lane=_LISTS)
        if not isinstance(items, list):
            message = f"{self.name}: GET /tickets: the answer is no list; is `url` a Freshdesk?"
            raise CallError(message)
        return Listed(items, str(page + 1) if len(items) >= PAGE else None)

    def count(self, statuses: Iterable[str]) -> int:
        """How many tickets have one of these statuses, by the search index: it is a little behind.

        Args:
            statuses: By number.
        """
        query = " OR ".join(f"status:{number}" for number in statuses)
        return int(self._object("/search/tickets", {"query": f'"{query}"'})["total"])

    def ticket(self, number: str) -> Item | None:
        """A ticket by its number; None if Freshdesk, knowing us, says that there is none."""
        if not (number.isascii() and number.isdigit()):
            return None
        try:
            return self._object(f"/tickets/{number}", {"include": "requester"})
        except CallError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            self.ourselves()  # it is Freshdesk that says so, and it knows us
            return None

    def conversations(self, number: str) -> list[Item]:
        """What was said on a ticket, in order."""
        found = list(all_of(self.http, f"/tickets/{number}/conversations"))
        return sorted(found, key=lambda one: (str(one["created_at"]), int(one["id"])))

    # --- writing ---

    def update(self, number: str, values: Mapping[str, Any]) -> None:
        """Set fields of a ticket."""
        self.http.json("PUT", f"/tickets/{number}", body=values, purpose=Purpose.WRITE)

    def say(self, number: str, html: str, *, is_public: bool) -> str:
        """Add a reply or a private note to a ticket; gives its number."""
        path = f"/tickets/{number}/{'reply' if is_public else 'notes'}"
        body = {"body": html} if is_public else {"body": html, "private": True}
        told = self.http.json("POST", path, body=body, purpose=Purpose.WRITE)
        return str(told.get("id", "")) if isinstance(told, dict) else ""

    def _object(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        told = self.http.json("GET", path, params=params)
        if not isinstance(told, dict):
            message = f"{self.name}: GET {path}: the answer is no object; is `url` a Freshdesk?"
            raise CallError(message)
        return told
