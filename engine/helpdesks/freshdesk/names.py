"""What the numbers in Freshdesk's answers stand for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from engine.helpdesks.rest.http import CallError, HttpClient

PAGE: Final = 100
"""Freshdesk gives no more of anything at a time."""
_MOST_PAGES: Final = 300
_STATUSES: Final[Mapping[str, str]] = {"2": "Open", "3": "Pending", "4": "Resolved", "5": "Closed"}
"""Those of every Freshdesk, for whom it does not tell the fields of tickets."""

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody of the desk."""

    id: str
    name: str | None
    email: str | None


@dataclass(slots=True)
class _Known:
    agents: dict[str, Agent] | None = None
    groups: dict[str, str] | None = None
    fields: dict[str, Item] | None = None
    companies: dict[str, str] = field(default_factory=dict)


class Names:
    """Names by number, asked for once. Threads share it."""

    def __init__(self, name: str, http: HttpClient) -> None:
        """Ask nobody yet.

        Args:
            name: The helpdesk's.
            http: By which it is asked.
        """
        self.name = name
        self._http = http
        self._known = _Known()
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Ask anew: people rename groups."""
        with self._lock:
            self._known = _Known()

    def agents(self) -> Mapping[str, Agent]:
        """All agents by number."""
        if self._known.agents is None:
            self._learn_agents()
        return self._known.agents or {}

    def agent(self, number: object) -> Agent | None:
        """An agent; one of whom nothing is told but the number, where there is none any more."""
        if not number:
            return None
        key = str(number)
        if key not in self.agents():
            self._learn_agents()
            with self._lock:
                (self._known.agents or {}).setdefault(key, Agent(key, None, None))
        return self.agents().get(key)

    def groups(self) -> Mapping[str, str]:
        """The names of all groups by number."""
        if self._known.groups is None:
            self._learn_groups()
        return self._known.groups or {}

    def group(self, number: object) -> str | None:
        """The name of a group; its number where it has been deleted."""
        if not number:
            return None
        key = str(number)
        if key not in self.groups():
            self._learn_groups()
            with self._lock:
                (self._known.groups or {}).setdefault(key, key)
        return self.groups().get(key)

    def company(self, number: object) -> str | None:
        """The name of a company; its number where it is not shown to us."""
        if not number:
            return None
        key = str(number)
        if key not in self._known.companies:
            try:
                told = self._http.json("GET", f"/companies/{key}")
                name = str(told["name"]) if isinstance(told, dict) else key
            except CallError as error:
                if error.status not in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
                    raise
                name = key
            with self._lock:
                self._known.companies[key] = name
        return self._known.companies.get(key, key)

    def fields(self) -> Mapping[str, Item]:
        """The fields of tickets by name; none where they are not told to us."""
        if self._known.fields is None:
            try:
                found = {str(one["name"]): one for one in self._all("/ticket_fields")}
            except CallError as error:
                if error.status != httpx.codes.FORBIDDEN:
                    raise
                found = {}
            with self._lock:
                self._known.fields = found
        return self._known.fields or {}

    def statuses(self) -> Mapping[str, str]:
        """The names of all statuses by number, as agents see them."""
        choices = self.fields().get("status", {}).get("choices")
        if not isinstance(choices, dict):
            return _STATUSES
        return {str(number): _first(names) for number, names in choices.items()}

    def _learn_agents(self) -> None:
        found = {}
        for one in self._all("/agents"):
            contact = one.get("contact") or {}
            number = str(one["id"])
            found[number] = Agent(number, contact.get("name"), contact.get("email"))
        with self._lock:
            self._known.agents = found

    def _learn_groups(self) -> None:
        found = {str(one["id"]): str(one["name"]) for one in self._all("/groups")}
        with self._lock:
            self._known.groups = found

    def _all(self, path: str) -> Iterator[Item]:
        return all_of(self._http, path)


def all_of(http: HttpClient, path: str) -> Iterator[Item]:
    """All of a list, page by page.

    Raises:
        CallError: It cannot be read.
    """
    for page in range(1, _MOST_PAGES + 1):
        params = {"per_page": str(PAGE), "page": str(page)}
        told = http.json("GET", path, params=params)
        if not isinstance(told, list):
            message = f"{http.name}: GET {path}: the answer is no list; is `url` a Freshdesk?"
            raise CallError(message)
        yield from told
        if len(told) < PAGE:
            return


def _first(names: object) -> str:
    """Agents and customers may see a status under two names; the agents' is the first."""
    return str(names[0]) if isinstance(names, list) and names else str(names)
