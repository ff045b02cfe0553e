"""What we ask of Zammad's REST interface, call by call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from engine.errors import HelpdeskError
from engine.helpdesks.rest.allowance import Purpose
from engine.helpdesks.rest.http import CallError, HttpClient
from engine.helpdesks.rest.sweep import Listed
from engine.helpdesks.zammad.options import ZammadOptions
from engine.secret import Secret

PAGE: Final = 100
NOBODY: Final = 1
"""The user `-`, who owns what nobody owns."""

Item = Mapping[str, Any]
Condition = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Person:
    """A user of Zammad.

    Attributes:
        login: By which owners are named.
    """

    id: str
    login: str
    name: str | None
    email: str | None
    language: str | None
    organization: str | None


class ZammadClient:
    """Asks one Zammad."""

    def __init__(
        self,
        name: str,
        options: ZammadOptions,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Connect to nobody yet; the token is read for each call, so that it may be renewed."""
        self.name = name
        self._token: Secret = options.token(name)
        base = f"{options.url}/api/v1"
        self.http = HttpClient(name, base, options.timeout, self._headers, transport, clock)
        self._people: dict[str, Person] = {}
        self._states: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token token={self._token.read().strip()}"}

    def forget(self) -> None:
        """Ask anew for names: people rename states."""
        with self._lock:
            self._people, self._states = {}, {}

    # --- who we are, and who others are ---

    def ourselves(self) -> Item:
        """The account that the token belongs to."""
        user = self._object("/users/me", {"expand": "true"})
        if not user.get("id"):
            raise HelpdeskError(f"{self.name}: it does not tell who we are; is `url` a Zammad?")
        return user

    def person(self, number: object) -> Person | None:
        """A user by number; None where Zammad shows none."""
        key = str(number or "")
        with self._lock:
            if key in self._people:
                return self._people[key]
        if not key.isdigit():
            return None
        try:
            person = _person(self._object(f"/users/{key}", {"expand": "true"}))
        except CallError as error:
            if error.status not in (403, 404):
                raise
            return None
        with self._lock:
            self._people[key] = person
        return person

    def states(self) -> dict[str, tuple[str, str]]:
        """The states of tickets: number → name, and the name of the type."""
        with self._lock:
            known = self._states
        if not known:
            told = self._list("GET", "/ticket_states", {"expand": "true"})
            known = {str(one["id"]): (str(one["name"]), str(one["state_type"])) for one in told}
            with self._lock:
                self._states = known
        return known

    # --- tickets ---

    def search(self, condition: Condition, more: str | None) -> Listed:
        """Tickets by a condition, which the database answers and no search index.

        They are told in the order of their last change.

        Args:
            condition: As in Zammad's overviews.
            more: The number of the page; None for the first.
        """
        page = int(more or 1)
        body = {
            "condition": condition,
            "sort_by": "updated_at",
            "order_by": "asc",
            "page": page,
            "per_page": PAGE,
            "expand": True,
        }
        items = self._list("POST", "/tickets/search", body=body)
        return Listed(items, str(page + 1) if len(items) >= PAGE else None)

    def ticket(self, number: str) -> Item | None:
        """A ticket by its number; None if Zammad, knowing us, says that there is none."""
        if not (number.isascii() and number.isdigit()):
            return None
        try:
            return self._object(f"/tickets/{number}", {"expand": "true"})
        except CallError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            self.ourselves()  # it is Zammad that says so, and it knows us
            return None

    def tags(self, number: str) -> tuple[str, ...]:
        """The tags of a ticket."""
        told = self._object("/tags", {"object": "Ticket", "o_id": number})
        return tuple(map(str, told["tags"]))

    def history(self, number: str) -> list[Item]:
        """The changes of a ticket, in order."""
        found = list(self._object(f"/ticket_history/{quote(number)}")["history"])
        return sorted(found, key=lambda one: (str(one["created_at"]), int(one["id"])))

    def articles(self, number: str) -> list[Item]:
        """What was said on a ticket, in order."""
        path = f"/ticket_articles/by_ticket/{quote(number)}"
        found = self._list("GET", path, {"expand": "true"})
        return sorted(found, key=lambda one: int(one["id"]))

    # --- writing ---

    def update(self, number: str, values: Mapping[str, Any]) -> None:
        """Set fields of a ticket."""
        self.http.json("PUT", f"/tickets/{number}", body=values, purpose=Purpose.WRITE)

    def tag(self, number: str, name: str, *, is_added: bool) -> None:
        """Give a ticket a tag, or take it."""
        body = {"item": name, "object": "Ticket", "o_id": int(number)}
        method, verb = ("POST", "add") if is_added else ("DELETE", "remove")
        self.http.write(method, f"/tags/{verb}", body)

    def say(self, article: Mapping[str, Any]) -> str:
        """Add an article to a ticket; gives its number."""
        told = self.http.json("POST", "/ticket_articles", body=article, purpose=Purpose.WRITE)
        return str(told.get("id", "")) if isinstance(told, dict) else ""

    # --- asking ---

    def _object(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        told = self.http.json("GET", path, params=params)
        if not isinstance(told, dict):
            message = f"{self.name}: GET {path}: the answer is no object; is `url` a Zammad?"
            raise CallError(message)
        return told

    def _list(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> list[Item]:
        told = self.http.json(method, path, params=params, body=body)
        if not isinstance(told, list):
            message = f"{self.name}: {method} {path}: the answer is no list; is `url` a Zammad 6?"
            raise CallError(message)
        return told


def _person(told: Item) -> Person:
    names = (told.get("firstname"), told.get("lastname"))
    preferences = told.get("preferences") or {}
    return Person(
        id=str(told["id"]),
        login=str(told.get("login") or told["id"]),
        name=" ".join(str(name) for name in names if name) or None,
        email=told.get("email") or None,
        language=preferences.get("locale") or None,
        organization=told.get("organization") or None,
    )
