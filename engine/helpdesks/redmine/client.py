"""What we ask of Redmine's REST interface, call by call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import httpx

from engine.domain.ticket import utc_second
from engine.errors import HelpdeskError
from engine.helpdesks.rest.allowance import Purpose
from engine.helpdesks.rest.http import CallError, HttpClient
from engine.secret import Secret

V = TypeVar("V")

PAGE: Final = 100
"""Redmine gives no more of anything at a time, whatever is asked for."""
_MOST_PAGES: Final = 1000

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Role:
    """What a role allows.

    Attributes:
        permissions: As Redmine names them: `edit_issues`.
        visibility: Which tickets it shows: `all`, `default`, `own`.
    """

    name: str
    permissions: frozenset[str]
    visibility: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project that we may see.

    Attributes:
        name: Its identifier, which is unique and stays.
        title: What it is called.
    """

    id: int
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are, and what we are allowed.

    Attributes:
        roles: Project's number → numbers of the roles that we have there.
    """

    id: int
    login: str
    is_admin: bool
    roles: Mapping[int, frozenset[int]]


@dataclass(slots=True)
class _Remembered:
    """Answers to questions whose answers seldom change, until they are forgotten."""

    _kept: dict[tuple[str, object], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, what: str, key: object, ask: Callable[[], V]) -> V:
        with self._lock:
            if (what, key) in self._kept:
                found: V = self._kept[what, key]
                return found
        answer = ask()
        with self._lock:
            self._kept[what, key] = answer
        return answer

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()


class RedmineClient:
    """Asks one Redmine."""

    def __init__(
        self,
        name: str,
        url: str,
        timeout: timedelta,
        key: Secret,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Connect to nobody yet; the key is read for each call, so that it may be renewed."""
        self.name = name
        self._key = key
        self.http = HttpClient(name, url, timeout, self._headers, transport)
        self._remembered = _Remembered()

    def _headers(self) -> dict[str, str]:
        return {"X-Redmine-API-Key": self._key.read().strip()}

    def forget(self) -> None:
        """Ask anew for what was remembered: people rename things, and come and go."""
        self._remembered.forget()

    # --- who is who ---

    def account(self) -> Account:
        """The account that the key belongs to, asked anew each time."""
        told = self._get("/users/current.json", {"include": "memberships"})["user"]
        roles = {
            int(one["project"]["id"]): frozenset(int(role["id"]) for role in one["roles"])
            for one in told.get("memberships") or ()
        }
        is_admin = bool(told.get("admin"))
        return Account(int(told["id"]), str(told["login"]), is_admin, roles)

    def role(self, number: int) -> Role:
        """What a role allows, asked anew each time."""
        told = self._get(f"/roles/{number}.json")["role"]
        permissions = frozenset(map(str, told.get("permissions") or ()))
        return Role(str(told["name"]), permissions, str(told.get("issues_visibility") or "all"))

    def roles(self) -> Mapping[int, Role]:
        """All roles that members can have."""

        def ask() -> dict[int, Role]:
            listed = self._get("/roles.json")["roles"]
            return {int(one["id"]): self.role(int(one["id"])) for one in listed}

        return self._remembered.get("roles", None, ask)

    def login(self, number: int) -> str | None:
        """A user's login; None of a group, and of somebody whom we may not see."""
        told = self.person(number)
        return str(told["login"]) if told and told.get("login") else None

    def person(self, number: int) -> Item | None:
        """What Redmine tells of a user; None of a group, and of somebody whom we may not see."""
        return self._remembered.get("user", number, lambda: self._person(number))

    def _person(self, number: int) -> Item | None:
        try:
            told: Item = self._get(f"/users/{number}.json")["user"]
        except CallError as error:
            if error.status not in (403, 404):
                raise
            return None
        return told

    def members(self, project: int) -> Mapping[int, tuple[str, frozenset[int]]]:
        """Who is in a project: number of user or group → name, numbers of the roles."""

        def ask() -> dict[int, tuple[str, frozenset[int]]]:
            found = {}
            for one in self._pages(f"/projects/{project}/memberships.json", "memberships"):
                who = one.get("user") or one.get("group") or {}
                roles = frozenset(int(role["id"]) for role in one["roles"])
                found[int(who["id"])] = (str(who["name"]), roles)
            return found

        return self._remembered.get("members", project, ask)

    # --- what there is ---

    def projects(self) -> Mapping[int, Project]:
        """The projects that we may see, by number."""

        def ask() -> dict[int, Project]:
            return {
                int(one["id"]): Project(int(one["id"]), str(one["identifier"]), str(one["name"]))
                for one in self._pages("/projects.json", "projects")
            }

        return self._remembered.get("projects", None, ask)

    def project(self, number: int) -> Project | None:
        """A project, also one that came after the others were asked for; None if unseen."""
        found = self.projects().get(number)
        if found is not None:
            return found
        return self._remembered.get("project", number, lambda: self._project(number))

    def _project(self, number: int) -> Project | None:
        try:
            one = self._get(f"/projects/{number}.json")["project"]
        except CallError as error:
            if error.status not in (403, 404):
                raise
            return None
        return Project(int(one["id"]), str(one["identifier"]), str(one["name"]))

    def statuses(self) -> Mapping[int, tuple[str, bool]]:
        """Number of status → its name, and whether it closes a ticket."""

        def ask() -> dict[int, tuple[str, bool]]:
            listed = self._get("/issue_statuses.json")["issue_statuses"]
            return {int(x["id"]): (str(x["name"]), bool(x.get("is_closed"))) for x in listed}

        return self._remembered.get("statuses", None, ask)

    def priorities(self) -> Mapping[int, str]:
        """Number of priority → name, from the least to the most urgent."""
        path = "/enumerations/issue_priorities.json"
        return self._names("priorities", path, "issue_priorities")

    def trackers(self) -> Mapping[int, str]:
        """Number of tracker → name."""
        return self._names("trackers", "/trackers.json", "trackers")

    def categories(self, project: int) -> Mapping[int, str]:
        """Number of category → name. Their own list would ask for the right to manage them."""

        def ask() -> dict[int, str]:
            params = {"include": "issue_categories"}
            told = self._get(f"/projects/{project}.json", params)["project"]
            return {int(x["id"]): str(x["name"]) for x in told.get("issue_categories") or ()}

        return self._remembered.get("categories", project, ask)

    def _names(self, what: str, path: str, listed: str) -> Mapping[int, str]:
        return self._remembered.get(
            what, None, lambda: {int(x["id"]): str(x["name"]) for x in self._get(path)[listed]}
        )

    # --- tickets ---

    def search(self, **filters: str) -> tuple[list[Item], int]:
        """The first tickets by number, and how many there are.

        Args:
            filters: Of Redmine's list of issues; closed ones are in it with ``status_id="*"``.
        """
        params = {"sort": "id", "limit": str(PAGE), **filters}
        told = self._get("/issues.json", params)
        items = told.get("issues")
        if not isinstance(items, list):
            message = f"{self.name}: GET /issues.json: the answer has no issues"
            raise CallError(f"{message}; is this a Redmine?")
        return items, int(told.get("total_count") or 0)

    def changed_since(self, at: datetime | None, after: int) -> tuple[list[Item], int]:
        """Tickets with numbers above `after` that changed at or after an instant.

        Args:
            at: Aware UTC; None for every open ticket.
            after: A ticket's number.
        """
        if at is None:
            return self.search(status_id="open", issue_id=f">={after + 1}")
        since = f">={utc_second(at)}"
        return self.search(status_id="*", issue_id=f">={after + 1}", updated_on=since)

    def last_changed(self) -> str | None:
        """The instant of the youngest change of any ticket, as Redmine tells it."""
        found, _ = self.search(status_id="*", sort="updated_on:desc", limit="1")
        return str(found[0]["updated_on"]) if found else None

    def ticket(self, number: str) -> Item:
        """A ticket with its journal."""
        told: Item = self._get(f"/issues/{number}.json", {"include": "journals"})["issue"]
        return told

    def update(self, number: str, issue: Mapping[str, Any]) -> None:
        """Change a ticket, or write on it. That it was taken proves nothing."""
        path = f"/issues/{number}.json"
        self.http.ask("PUT", path, body={"issue": dict(issue)}, purpose=Purpose.WRITE)

    # --- asking ---

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        told = self.http.json("GET", path, params=params)
        if not isinstance(told, dict):
            message = f"{self.name}: GET {path}: the answer is no object; is this a Redmine?"
            raise CallError(message)
        return told

    def _pages(self, path: str, listed: str) -> Iterator[Item]:
        """All items of a list that is seldom changed, page by page."""
        for page in range(_MOST_PAGES):
            params = {"limit": str(PAGE), "offset": str(page * PAGE)}
            told = self._get(path, params)
            items = told.get(listed)
            if not isinstance(items, list):
                raise HelpdeskError(f"{self.name}: GET {path}: the answer has no {listed}")
            yield from items
            if not items or (page + 1) * PAGE >= int(told.get("total_count") or 0):
                return
