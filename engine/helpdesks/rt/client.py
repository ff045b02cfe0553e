"""What we ask of RT's REST interface 2.0, call by call.

Times are asked for as so many seconds before now, and never as a date: RT reads dates in the zone
of the account that asks, and that zone may be changed at any time.
"""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx

from engine.errors import ConfigError, HelpdeskError
from engine.helpdesks.rest.allowance import Purpose
from engine.helpdesks.rest.http import CallError, HttpClient
from engine.helpdesks.rt.mapping import FIELDS
from engine.secret import Secret

V = TypeVar("V")

PAGE: Final = 100
"""RT gives no more of anything at a time, whatever is asked for."""
_MOST_PAGES: Final = 1000
_KEPT: Final = 20_000
"""Names and texts that are remembered; they do not change."""
_STORY: Final = "Type,Field,OldValue,NewValue,Data,Created,Creator,ObjectId"

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """A user of RT.

    Attributes:
        name: As in `Owner`.
        is_privileged: One of the desk; customers are not.
    """

    name: str
    is_privileged: bool
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message.

    Attributes:
        text: Its plain text; empty where it has none.
        headers: Of the mail that it came in, as RT kept them; those of RT's own, if it was no mail.
    """

    text: str
    headers: str


@dataclass(slots=True)
class _Remembered:
    """Answers to questions whose answers do not change; the oldest are forgotten first."""

    _kept: OrderedDict[tuple[str, str], Any] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, what: str, key: str, ask: Callable[[], V]) -> V:
        with self._lock:
            if (what, key) in self._kept:
                found: V = self._kept[what, key]
                return found
        answer = ask()
        with self._lock:
            self._kept[what, key] = answer
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer

    def forget(self) -> None:
        with self._lock:
            self._kept.clear()


class RtClient:
    """Asks one RT."""

    def __init__(
        self,
        name: str,
        url: str,
        timeout: timedelta,
        token: Secret,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Connect to nobody yet; the token is read for each call, so that it may be renewed."""
        self.name = name
        self._token = token
        self.http = HttpClient(name, f"{url}/REST/2.0", timeout, self._headers, transport)
        self._remembered = _Remembered()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self._secret()}"}

    def _secret(self) -> str:
        try:
            return self._token.read().strip()
        except ConfigError as error:  # a file that is away for a moment ends no daemon
            raise CallError(f"{self.name}: {error}") from None

    def now(self) -> datetime:
        """The present by RT's clock (aware UTC, whole seconds)."""
        if self.http.clock_skew is None:
            self.version()  # each answer tells the time
        present = datetime.now(UTC).replace(microsecond=0)
        return present + (self.http.clock_skew or timedelta())

    def forget(self) -> None:
        """Ask anew for what was remembered: people rename queues and fields."""
        self._remembered.forget()

    # --- reading ---

    def version(self) -> str:
        """RT's version."""
        return str(self._get("/rt").get("Version", "of unknown version"))

    def ourselves(self) -> Person:
        """The account that the token belongs to, by the user's number in the token.

        Raises:
            HelpdeskError: The token is none of RT's, or RT does not take it.
        """
        parts = self._secret().split("-")
        if len(parts) != 3 or not parts[1].isdigit():  # noqa: PLR2004 - 1-USER-SECRET
            raise HelpdeskError(
                f"{self.name}: the token is none of RT's, which look like 1-34-0123abcd;"
                " make one in RT under Logged in as, Auth Tokens"
            )
        return self.person(parts[1])

    def person(self, name: str) -> Person:
        """A user, by name or number."""
        return self._remembered.get("user", name, lambda: self._person(name))

    def _person(self, name: str) -> Person:
        try:
            told = self._get(f"/user/{_quoted(name)}")
        except CallError as error:
            if error.status not in (403, 404):
                raise
            return Person(name, is_privileged=False)
        is_privileged = str(told.get("Privileged") or "0") != "0"
        zone = told.get("Timezone") or None
        return Person(str(told.get("Name", name)), is_privileged, zone)

    def queue_name(self, number: str) -> str:
        """The name of a queue."""
        return self._remembered.get("queue", number, lambda: self._name("queue", number))

    def custom_field_name(self, number: str) -> str:
        """The name of a custom field."""
        return self._remembered.get("field", number, lambda: self._name("customfield", number))

    def _name(self, kind: str, number: str) -> str:
        try:
            return str(self._get(f"/{kind}/{_quoted(number)}").get("Name", number))
        except CallError as error:
            if error.status not in (403, 404):
                raise
            return number

    def queues(self) -> dict[str, frozenset[str]]:
        """The queues that we may see: name → names of the custom fields of its tickets."""
        found = {}
        for item in self._pages("/queues/all", {"fields": "Name"}):
            told = self._get(f"/queue/{item['id']}")
            custom = told.get("TicketCustomFields") or ()
            found[str(told["Name"])] = frozenset(str(one["name"]) for one in custom)
        return found

    def search(self, query: str, *, per_page: int = PAGE) -> tuple[list[Item], int]:
        """The first tickets by number, merged ones too, and how many there are.

        Args:
            query: In TicketSQL.
            per_page: At most so many.
        """
        params = {
            **FIELDS,
            # Only a query that speaks of it finds tickets that were merged into others.
            "query": f"({query}) AND EffectiveId > 0",
            "orderby": "id",
            "order": "ASC",
            "per_page": str(per_page),
        }
        told = self._get("/tickets", params)
        items = told.get("items")
        if not isinstance(items, list):
            raise CallError(f"{self.name}: GET /tickets: the answer has no items; is this RT 5?")
        return items, int(told.get("total") or 0)

    def ticket(self, number: str) -> dict[str, Any]:
        """A ticket by its number; of one that was merged, the one that it was merged into."""
        return self._get(f"/ticket/{_quoted(number)}")

    def story(self, number: str) -> list[Item]:
        """The transactions of a ticket in order; those that we may not see are left out.

        RT leaves them out after it has counted a page, so that a short page is not the last one;
        what is surely the first transaction is the creation.
        """
        found: dict[str, Item] = {}
        params = {"fields": _STORY, "orderby": "id", "order": "DESC"}
        for item in self._pages(f"/ticket/{_quoted(number)}/history", params):
            found[str(item["id"])] = item
            if item.get("Type") == "Create" and str(item.get("ObjectId")) == number:
                break
        own = (one for one in found.values() if str(one.get("ObjectId") or number) == number)
        return sorted(own, key=lambda one: int(one["id"]))

    def deleted_since(self, seconds: int) -> list[str]:
        """Numbers of the tickets that were deleted in the last `seconds`; no search finds them."""
        query = f"Type='Status' AND NewValue='deleted' AND Created >= '-{seconds} seconds'"
        params = {"query": query, "fields": "ObjectId"}
        found = {str(item["ObjectId"]) for item in self._pages("/transactions", params)}
        return sorted(found, key=int)

    def text(self, transaction: str) -> str:
        """The plain text of a message."""
        return self.said(transaction).text

    def said(self, transaction: str) -> Said:
        """A message as it came in."""
        return self._remembered.get("said", transaction, lambda: self._said(transaction))

    def _said(self, transaction: str) -> Said:
        """The first part holds the headers of the whole mail, and may be its text, too."""
        headers = ""
        for link in self.transaction(transaction).get("_hyperlinks") or ():
            if link.get("ref") != "attachment":
                continue
            part = self._get(f"/attachment/{str(link['_url']).rpartition('/')[2]}")
            headers = headers or str(part.get("Headers") or "")
            if str(part.get("ContentType", "")).startswith("text/plain"):
                raw = base64.b64decode(str(part.get("Content") or ""))
                return Said(raw.decode("utf-8", "replace"), headers)
        return Said("", headers)

    def transaction(self, number: str) -> dict[str, Any]:
        """A transaction by its number."""
        return self._get(f"/transaction/{_quoted(number)}")

    # --- writing ---

    def update(self, number: str, body: Mapping[str, Any]) -> str:
        """Set fields; gives RT's sentences on one line. They prove nothing."""
        path = f"/ticket/{_quoted(number)}"
        said = self.http.json("PUT", path, body=body, purpose=Purpose.WRITE)
        return "; ".join(map(str, said)) if isinstance(said, list) else str(said)

    def say(self, number: str, how: str, text: str, subject: str | None = None) -> str:
        """Write on a ticket; gives the number of the transaction.

        Args:
            number: The ticket's.
            how: ``comment`` or ``correspond``.
            text: Plain text.
            subject: Of this message, if it has one of its own.
        """
        body = {"Content": text, "ContentType": "text/plain"}
        if subject:
            body["Subject"] = subject
        path = f"/ticket/{_quoted(number)}/{how}"
        answer = self.http.ask("POST", path, body=body, purpose=Purpose.WRITE)
        return str(answer.headers.get("location", "")).rstrip("/").rpartition("/")[2]

    # --- asking ---

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        told = self.http.json("GET", path, params=params)
        if not isinstance(told, dict):
            raise CallError(f"{self.name}: GET {path}: the answer is no object; is this RT 5?")
        return told

    def _pages(self, path: str, params: Mapping[str, str]) -> Iterator[Item]:
        """All items of a list, page by page; an empty page ends it."""
        for page in range(1, _MOST_PAGES):
            told = self._get(path, {**params, "per_page": str(PAGE), "page": str(page)})
            items = told.get("items") or ()
            yield from items
            pages = told.get("pages")
            if not items or (isinstance(pages, (int, float)) and page >= pages):
                return


def _quoted(name: str) -> str:
    return quote(name, safe="")
