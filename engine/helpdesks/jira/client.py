"""What we ask of Jira's REST interfaces, call by call."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from engine.errors import HelpdeskError
from engine.helpdesks.jira.options import JiraOptions
from engine.helpdesks.rest.allowance import Purpose
from engine.helpdesks.rest.http import CallError, HttpClient
from engine.helpdesks.rest.sweep import Listed
from engine.secret import Secret

PAGE: Final = 100
RIGHTS: Final = (
    "BROWSE_PROJECTS",
    "EDIT_ISSUES",
    "TRANSITION_ISSUES",
    "ASSIGN_ISSUES",
    "ADD_COMMENTS",
)
_API: Final = "/rest/api/3"
_DESK: Final = "/rest/servicedeskapi"
_MOST_PAGES: Final = 1000

Item = Mapping[str, Any]


class JiraClient:
    """Asks one Jira."""

    def __init__(
        self,
        name: str,
        options: JiraOptions,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Connect to nobody yet; the token is read for each call, so that it may be renewed."""
        self.name = name
        self._token: Secret = options.token(name)
        self._email = options.email
        self._projects = options.projects
        self.http = HttpClient(name, options.url, options.timeout, self._headers, transport, clock)

    def _headers(self) -> dict[str, str]:
        token = self._token.read().strip()
        if self._email is None:
            return {"Authorization": f"Bearer {token}"}
        pair = base64.b64encode(f"{self._email}:{token}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    # --- who we are ---

    def ourselves(self) -> Item:
        """The account that the token belongs to."""
        user = self._object("GET", f"{_API}/myself")
        if not user.get("accountId"):
            raise HelpdeskError(f"{self.name}: it does not tell who we are; is `url` a Jira?")
        return user

    def rights(self, project: str) -> set[str]:
        """Those of `RIGHTS` that we have in a project; none in one that is not shown to us."""
        params = {"projectKey": project, "permissions": ",".join(RIGHTS)}
        try:
            told = self._object("GET", f"{_API}/mypermissions", params)["permissions"]
        except CallError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            return set()
        return {right for right in RIGHTS if (told.get(right) or {}).get("havePermission")}

    # --- issues ---

    def search(self, jql: str, fields: Sequence[str], more: str | None) -> Listed:
        """Issues by a query, with some of their fields.

        Args:
            jql: The query, bounded by projects.
            fields: Ids of fields.
            more: The token of the page; None for the first.
        """
        body = {"jql": jql, "fields": list(fields), "maxResults": PAGE}
        page = {**body, "nextPageToken": more} if more else body
        told = self._object("POST", f"{_API}/search/jql", body=page)
        follows = told.get("nextPageToken")
        return Listed(list(told["issues"]), str(follows) if follows else None)

    def count(self, jql: str) -> int:
        """How many issues match a query, nearly."""
        return int(
            self._object("POST", f"{_API}/search/approximate-count", body={"jql": jql})["count"]
        )

    def issue(self, number: str, fields: Iterable[str]) -> Item | None:
        """An issue by its number; None if Jira, knowing us, says that there is none.

        Raises:
            HelpdeskError: It may only be hidden from us: so is one of the projects.
        """
        if not (number.isascii() and number.isdigit()):
            return None
        try:
            return self._object("GET", f"{_API}/issue/{number}", {"fields": ",".join(fields)})
        except CallError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            self.ourselves()
            for project in self._projects:
                if "BROWSE_PROJECTS" not in self.rights(project):
                    raise HelpdeskError(f"{error}; nor may we browse {project}") from None
            return None

    def changes(self, number: str) -> list[Item]:
        """The changes of an issue, in order."""
        path = f"{_API}/issue/{number}/changelog"
        found = list(self._all(path, "values", ("startAt", "maxResults")))
        return sorted(found, key=lambda one: (str(one["created"]), int(one["id"])))

    def comments(self, number: str) -> list[Item]:
        """What was said on an issue, in order, with the kind of each author."""
        path = f"{_API}/issue/{number}/comment"
        found = list(self._all(path, "comments", ("startAt", "maxResults")))
        return sorted(found, key=lambda one: (str(one["created"]), int(one["id"])))

    def remarks(self, number: str) -> Iterator[Item]:
        """What was said on a request, as it was written."""
        path = f"{_DESK}/request/{number}/comment"
        return self._all(path, "values", ("start", "limit"))

    # --- names ---

    def fields(self) -> list[Item]:
        """All fields of issues."""
        return self._list(f"{_API}/field")

    def statuses(self) -> list[Item]:
        """All statuses."""
        return self._list(f"{_API}/status")

    def person(self, account: str) -> Item | None:
        """A user by account id; None where Jira shows none."""
        try:
            return self._object("GET", f"{_API}/user", {"accountId": account})
        except CallError as error:
            if error.status not in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
                raise
            return None

    def assignable(self, number: str, query: str) -> list[Item]:
        """Users to whom an issue can be given, of those whom Jira finds by a text."""
        params = {"issueKey": number, "query": query, "maxResults": str(PAGE)}
        return self._list(f"{_API}/user/assignable/search", params)

    def transitions(self, number: str) -> list[Item]:
        """The transitions that lead from where an issue stands."""
        return list(self._object("GET", f"{_API}/issue/{number}/transitions")["transitions"])

    # --- writing ---

    def edit(self, number: str, body: Mapping[str, Any]) -> None:
        """Set fields of an issue."""
        self.http.write("PUT", f"{_API}/issue/{number}", body)

    def transit(self, number: str, transition: str) -> None:
        """Bring an issue to another status."""
        path, body = f"{_API}/issue/{number}/transitions", {"transition": {"id": transition}}
        self.http.write("POST", path, body)

    def say(self, number: str, text: str, *, is_public: bool) -> str:
        """Add a comment to a request; gives its number."""
        path, body = f"{_DESK}/request/{number}/comment", {"body": text, "public": is_public}
        told = self.http.json("POST", path, body=body, purpose=Purpose.WRITE)
        return str(told.get("id", "")) if isinstance(told, dict) else ""

    # --- asking ---

    def _object(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> dict[str, Any]:
        told = self.http.json(method, path, params=params, body=body)
        if not isinstance(told, dict):
            message = f"{self.name}: {method} {path}: the answer is no object; is `url` a Jira?"
            raise CallError(message)
        return told

    def _list(self, path: str, params: Mapping[str, str] | None = None) -> list[Item]:
        told = self.http.json("GET", path, params=params)
        if not isinstance(told, list):
            message = f"{self.name}: GET {path}: the answer is no list; is `url` a Jira?"
            raise CallError(message)
        return told

    def _all(self, path: str, what: str, names: tuple[str, str]) -> Iterator[Item]:
        """All of a list, by its offset and the size of its pages."""
        begin, size = names
        at = 0
        for _ in range(_MOST_PAGES):
            told = self._object("GET", path, {begin: str(at), size: str(PAGE)})
            some = list(told[what])
            yield from some
            at += len(some)
            is_last = told.get("isLast") or told.get("isLastPage")
            if not some or is_last or at >= told.get("total", at + 1):
                return
