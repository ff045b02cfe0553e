"""What we ask of Zendesk's Ticketing API, call by call."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from engine.errors import HelpdeskError
from engine.helpdesks.rest.allowance import Lane, Purpose
from engine.helpdesks.rest.http import CallError, HttpClient
from engine.helpdesks.zendesk.options import ZendeskOptions
from engine.secret import Secret

PAGE: Final = 100
"""Zendesk gives no more of most things at a time; so many stories can be read in a minute."""
EXPORT: Final = "export"
_MOST_PAGES: Final = 1000
_DELETED: Final = "deleted"

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """A user of Zendesk.

    Attributes:
        is_of_the_desk: An agent or an administrator; customers are not.
    """

    id: str
    name: str | None
    email: str | None
    is_of_the_desk: bool
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some tickets, and where to go on.

    Attributes:
        after: The cursor of what follows; None where it told none.
        is_last: Nothing follows now.
    """

    tickets: list[Item]
    after: str | None
    is_last: bool


@dataclass(slots=True)
class _Known:
    """Names that were asked for, by number. Threads share it."""

    people: dict[str, Person] = field(default_factory=dict)
    organizations: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)


class ZendeskClient:
    """Asks one Zendesk."""

    def __init__(
        self,
        name: str,
        options: ZendeskOptions,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Connect to nobody yet; the token is read for each call, so that it may be renewed."""
        self.name = name
        self._token: Secret = options.token(name)
        self._email = options.email
        self.http = HttpClient(
            name,
            f"{options.url}/api/v2",
            options.timeout,
            self._headers,
            transport,
            clock,
            {EXPORT: Lane(options.exports_per_minute)},
        )
        self._known = _Known()
        self._lock = threading.Lock()

    def _headers(self) -> dict[str, str]:
        token = self._token.read().strip()
        if self._email is None:
            return {"Authorization": f"Bearer {token}"}
        pair = base64.b64encode(f"{self._email}/token:{token}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def forget(self) -> None:
        """Ask anew for names: people rename groups."""
        with self._lock:
            self._known = _Known()

    # --- who we are ---

    def ourselves(self) -> Item:
        """The account that the token belongs to.

        Raises:
            HelpdeskError: Zendesk does not know us; it calls those whom it does not know anonymous.
        """
        user = self._one("/users/me.json", "user")
        if not user.get("id"):
            raise HelpdeskError(
                f"{self.name}: Zendesk takes us for an anonymous user: the token is wrong or was"
                " revoked, or `email` is not that of its agent"
            )
        return user

    def ticket_fields(self) -> set[str]:
        """Numbers of the ticket fields that there are."""
        return {str(one["id"]) for one in self._all("/ticket_fields.json", "ticket_fields")}

    # --- tickets ---

    def open_tickets(self, before: datetime, after: str | None) -> Page:
        """Open tickets that did not change since `before` (aware UTC): one page of them.

        Args:
            before: Day's precision; the day itself is left out.
            after: The cursor to go on from.
        """
        params = {
            "query": f"status<solved updated<{before:%Y-%m-%d}",
            "filter[type]": "ticket",
            "page[size]": str(PAGE),
            **({"page[after]": after} if after else {}),
        }
        told = self._object("/search/export.json", params)
        meta = told.get("meta") or {}
        has_more = bool(meta.get("has_more"))
        return Page(list(told["results"]), _text(meta.get("after_cursor")), not has_more)

    def exported(self, cursor: str | None, start: datetime) -> Page:
        """What changed since a cursor, or at or after `start` (aware UTC): one page of it."""
        where = {"cursor": cursor} if cursor else {"start_time": str(int(start.timestamp()))}
        told = self._object(
            "/incremental/tickets/cursor.json", {**where, "per_page": str(PAGE)}, lane=EXPORT
        )
        after = _text(told.get("after_cursor"))
        return Page(list(told["tickets"]), after, bool(told["end_of_stream"]) or after is None)

    def open_count(self) -> int:
        """How many tickets are open, by the search index, which is some minutes behind."""
        told = self._object("/search/count.json", {"query": "type:ticket status<solved"})
        return int(told["count"])

    def ticket(self, number: str) -> Item | None:
        """A ticket by its number; None if Zendesk, knowing us, says that there is none."""
        if not (number.isascii() and number.isdigit()):
            return None
        try:
            return self._one(f"/tickets/{number}.json", "ticket")
        except CallError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            self.ourselves()  # it is Zendesk that says so, and it knows us
            return None

    def audits(self, number: str) -> list[Item]:
        """All updates of a ticket, in order."""
        found = list(self._all(f"/tickets/{number}/audits.json", "audits"))
        return sorted(found, key=lambda one: (str(one["created_at"]), int(one["id"])))

    # --- names ---

    def person(self, number: object) -> Person | None:
        """A user by number; None where Zendesk has none of that number."""
        key = str(number or "")
        self.learn_people([key])
        with self._lock:
            return self._known.people.get(key)

    def learn_people(self, numbers: Iterable[str]) -> None:
        """Ask for users that are not known yet, a hundred at a time."""
        with self._lock:
            known = set(self._known.people)
        missing = sorted({one for one in numbers if one.isdigit()} - known)
        for at in range(0, len(missing), PAGE):
            some = missing[at : at + PAGE]
            told = self._object("/users/show_many.json", {"ids": ",".join(some)})
            people = [_person(one) for one in told["users"]]
            gone = {one: Person(one, None, None, is_of_the_desk=False) for one in some}
            with self._lock:
                self._known.people |= gone | {one.id: one for one in people}

    def organization(self, number: object) -> str | None:
        """The name of an organisation."""
        key = str(number or "")
        if not key:
            return None
        self.learn_organizations([key])
        with self._lock:
            return self._known.organizations.get(key)

    def learn_organizations(self, numbers: Iterable[str]) -> None:
        """Ask for organisations that are not known yet, a hundred at a time."""
        with self._lock:
            known = set(self._known.organizations)
        missing = sorted({one for one in numbers if one.isdigit()} - known)
        for at in range(0, len(missing), PAGE):
            some = missing[at : at + PAGE]
            told = self._object("/organizations/show_many.json", {"ids": ",".join(some)})
            named = {str(one["id"]): str(one["name"]) for one in told["organizations"]}
            with self._lock:
                self._known.organizations |= {one: one for one in some} | named

    def group(self, number: object) -> str | None:
        """The name of a group; its number where it has been deleted."""
        key = str(number or "")
        if not key:
            return None
        if key not in self._groups():
            self._learn_groups()
        return self._groups().get(key, key)

    def groups(self) -> Mapping[str, str]:
        """The names of all groups by number, as they are now."""
        self._learn_groups()
        return self._groups()

    def _groups(self) -> Mapping[str, str]:
        with self._lock:
            return dict(self._known.groups)

    def _learn_groups(self) -> None:
        groups = {
            str(one["id"]): str(one["name"])
            for one in self._all("/groups.json", "groups")
            if not one.get(_DELETED)
        }
        with self._lock:
            self._known.groups = groups

    def agents(self, email: str) -> Mapping[str, str | None]:
        """The addresses of agents by number, of those whom Zendesk finds by an address."""
        told = self._object("/users/search.json", {"query": f"email:{email}"})
        people = [_person(one) for one in told["users"]]
        with self._lock:
            self._known.people |= {one.id: one for one in people}
        return {one.id: one.email for one in people if one.is_of_the_desk}

    # --- writing ---

    def update(self, number: str, ticket: Mapping[str, Any]) -> dict[str, Any]:
        """Update a ticket; gives Zendesk's answer: the ticket, and the audit of the update."""
        path = f"/tickets/{number}.json"
        told = self.http.json("PUT", path, body={"ticket": ticket}, purpose=Purpose.WRITE)
        if not isinstance(told, dict):
            raise CallError(
                f"{self.name}: PUT {path}: the answer is no object", may_have_arrived=True
            )
        return told

    # --- asking ---

    def _object(
        self, path: str, params: Mapping[str, str] | None = None, lane: str | None = None
    ) -> dict[str, Any]:
        told = self.http.json("GET", path, params=params, lane=lane)
        if not isinstance(told, dict):
            message = f"{self.name}: GET {path}: the answer is no object; is `url` a Zendesk?"
            raise CallError(message)
        return told

    def _one(self, path: str, what: str) -> dict[str, Any]:
        told = self._object(path).get(what)
        if not isinstance(told, dict):
            message = f"{self.name}: GET {path}: the answer tells no {what}; is `url` a Zendesk?"
            raise CallError(message)
        return told

    def _all(self, path: str, what: str) -> Iterator[Item]:
        """All of a list, by Zendesk's cursor paging."""
        params = {"page[size]": str(PAGE)}
        for _ in range(_MOST_PAGES):
            told = self._object(path, params)
            yield from told[what]
            meta = told.get("meta") or {}
            if not meta.get("has_more") or not meta.get("after_cursor"):
                return
            params = {**params, "page[after]": str(meta["after_cursor"])}


def _text(value: object) -> str | None:
    return str(value) if value else None


def _person(told: Item) -> Person:
    return Person(
        id=str(told["id"]),
        name=told.get("name") or None,
        email=told.get("email") or None,
        is_of_the_desk=told.get("role") in ("agent", "admin"),
        language=told.get("locale") or None,
    )
