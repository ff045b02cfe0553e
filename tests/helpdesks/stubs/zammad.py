"""A stub of Zammad's REST interface, as of Zammad 6.

After https://docs.zammad.org/en/latest/api/intro.html and Zammad's own source: users, states of
tickets, search by condition, tickets, history, articles, tags.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final

from tests.helpdesks.stubs.server import HTML, Answer, Call, Limit, Refusal, Request, Stub

OURSELVES: Final = 2
ANN: Final = 3
EVE: Final = 11
_TICKET: Final = re.compile(r"/api/v1/tickets/(\d+)")
_HISTORY: Final = re.compile(r"/api/v1/ticket_history/(\d+)")
_ARTICLES: Final = re.compile(r"/api/v1/ticket_articles/by_ticket/(\d+)")
_USER: Final = re.compile(r"/api/v1/users/(\d+)")
_STATES: Final = {
    1: ("new", "new"),
    2: ("open", "open"),
    3: ("pending reminder", "pending reminder"),
    4: ("closed", "closed"),
    5: ("merged", "merged"),
    6: ("archived", "closed"),
}
_ATTRIBUTES: Final = ("title", "state", "priority", "group", "owner", "tier")

Item = dict[str, Any]
Value = Any
"""Whatever a field of a ticket may hold."""


def _users() -> dict[int, Item]:
    rows = (
        (1, "-", "-", "", ["Admin"]),
        (OURSELVES, "bot", "Escalation Bot", "bot@desk.example", ["Agent"]),
        (ANN, "ann", "Ann Lee", "ann@desk.example", ["Agent"]),
        (EVE, "eve@example.com", "Eve Day", "eve@example.com", ["Customer"]),
    )
    return {
        number: {
            "id": number,
            "login": login,
            "firstname": name.partition(" ")[0],
            "lastname": name.partition(" ")[2],
            "email": email,
            "roles": roles,
            "groups": {"Users": ["full"]} if "Agent" in roles else {},
            "organization": None,
            "preferences": {"locale": "en-us"},
        }
        for number, login, name, email, roles in rows
    }


def _error(text: str) -> Item:
    return {"error": text, "error_human": text}


@dataclass
class ZammadStub(Stub):
    """One Zammad.

    Attributes:
        limit: Zammad has none of its own; a proxy before it may.
    """

    tickets: dict[int, Item] = field(default_factory=dict)
    stories: dict[int, list[Item]] = field(default_factory=dict)
    said: dict[int, list[Item]] = field(default_factory=dict)
    tags: dict[int, list[str]] = field(default_factory=dict)
    users: dict[int, Item] = field(default_factory=_users)
    groups: set[str] = field(default_factory=lambda: {"Users"})
    limit: Limit = field(default_factory=lambda: Limit(100_000))
    ids: count[int] = field(default_factory=lambda: count(1))

    # --- what people do ---

    def open_ticket(self, number: int, at: datetime, **values: Value) -> Item:
        """A customer opens a ticket."""
        ticket = {
            "id": number,
            "number": str(20_000 + number),
            "title": "s",
            "group": "Users",
            "state": "new",
            "priority": "2 normal",
            "owner": "-",
            "customer_id": EVE,
            "customer": "eve@example.com",
            "organization": None,
            "escalation_at": None,
            "create_article_type": "email",
            "tier": "",
            "created_at": _stamp(at),
            "updated_at": _stamp(at),
            **values,
        }
        self.tickets[number], self.stories[number], self.said[number] = ticket, [], []
        self.tags[number] = []
        self._record(number, at, EVE, "created")
        self.say(number, at, EVE, "It is broken", "Customer")
        return ticket

    def update(self, number: int, at: datetime, by: int = ANN, **values: Value) -> None:
        """Somebody changes fields of a ticket."""
        ticket = self.tickets[number]
        for name, value in values.items():
            before = ticket[name]
            if before == value:
                continue
            ticket[name] = value
            told = {"attribute": name, "value_from": before, "value_to": value}
            if name == "owner":
                told |= {"id_from": self._number(before), "id_to": self._number(value)}
            self._record(number, at, by, "updated", **told)
        ticket["updated_at"] = _stamp(at)

    def say(
        self,
        number: int,
        at: datetime,
        by: int,
        text: str,
        sender: str,
        **more: Value,
    ) -> Item:
        """Somebody says something on a ticket."""
        article = {
            "id": next(self.ids),
            "ticket_id": number,
            "type": "email",
            "sender": sender,
            "internal": False,
            "body": text,
            "content_type": "text/plain",
            "created_by_id": by,
            "created_by": self.users[by]["login"],
            "created_at": _stamp(at),
            "preferences": {},
            **more,
        }
        self.said[number].append(article)
        self.tickets[number]["updated_at"] = _stamp(at)
        return article

    def tag(self, number: int, at: datetime, by: int, name: str, *, is_added: bool) -> None:
        """Somebody gives a ticket a tag, or takes it."""
        held = self.tags[number]
        if is_added is (name in held):
            return
        if is_added:
            held.append(name)
        else:
            held.remove(name)
        told = {"attribute": "tag", "value_from": "", "value_to": name}
        if not is_added:
            told = {"attribute": "tag", "value_from": name, "value_to": ""}
        self._record(number, at, by, "added" if is_added else "removed", **told)
        self.tickets[number]["updated_at"] = _stamp(at)

    def merge(self, number: int, into: int, at: datetime) -> None:
        """Somebody merges a ticket into another."""
        self._record(number, at, ANN, "merged_into", id_to=into)
        self.update(number, at, ANN, state="merged")

    def _record(self, number: int, at: datetime, by: int, kind: str, **told: Value) -> None:
        self.stories[number].append(
            {
                "id": next(self.ids),
                "object": "Ticket",
                "o_id": number,
                "type": kind,
                "created_by_id": by,
                "created_at": _stamp(at),
                **told,
            }
        )

    def _number(self, login: str) -> int:
        return next((n for n, one in self.users.items() if one["login"] == login), 1)

    # --- what is asked ---

    def call_of(self, request: Request) -> Call:
        path = request.path
        call = Call.NAMES
        if path == "/api/v1/users/me":
            call = Call.IDENTITY
        elif path == "/api/v1/tickets/search":
            call = Call.LIST
        elif path == "/api/v1/ticket_articles":
            call = Call.NOTE if request.body.get("internal") else Call.REPLY
        elif _HISTORY.fullmatch(path) or _ARTICLES.fullmatch(path):
            call = Call.HISTORY
        elif _TICKET.fullmatch(path):
            call = Call.READ if request.method == "GET" else Call.CHANGE
        return call

    def limit_of(self, request: Request) -> Limit | None:
        del request
        return self.limit

    def error(self, status: int) -> Answer:
        errors: Mapping[int, object] = {
            401: _error("Authentication required"),
            403: _error("Not authorized"),
            404: _error("Couldn't find Ticket with 'id'=99"),
            409: _error("Conflict"),
            422: _error("No lookup value found for 'group': \"Nowhere\""),
            429: HTML,
            500: _error("Internal Server Error"),
            502: HTML,
            503: HTML,
        }
        return Answer(status, errors[status])

    def handle(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Token token={self.token}":
            return self.error(401)
        path = request.path.removeprefix("/api/v1")
        method, body = request.method, request.body
        if (method, path) == ("POST", "/tickets/search"):
            return self._search(body)
        if (method, path) == ("POST", "/ticket_articles"):
            return self._post_article(body)
        if path in ("/tags/add", "/tags/remove"):
            self._ticket(body["o_id"])
            is_added = path == "/tags/add"
            self.tag(body["o_id"], self.clock(), OURSELVES, body["item"], is_added=is_added)
            return Answer(201 if is_added else 200, body=True)
        found = _TICKET.fullmatch(request.path)
        if found is not None and method == "PUT":
            return self._put(int(found[1]), body)
        return self._get(request)

    def _get(self, request: Request) -> Answer:
        path = request.path
        if path == "/api/v1/users/me":
            return Answer(body=self.users[OURSELVES])
        if path == "/api/v1/ticket_states":
            told = [
                {"id": one, "name": name, "state_type": kind}
                for one, (name, kind) in _STATES.items()
            ]
            return Answer(body=told)
        if path == "/api/v1/tags":
            return Answer(body={"tags": self.tags[int(request.query["o_id"])]})
        for pattern, tell in (
            (_USER, self._user),
            (_TICKET, self._ticket),
            (_HISTORY, lambda number: {"history": self._of(number, self.stories), "assets": {}}),
            (_ARTICLES, lambda number: self._of(number, self.said)),
        ):
            found = pattern.fullmatch(path)
            if found is not None:
                return Answer(body=tell(int(found[1])))
        return self.error(404)

    def _user(self, number: int) -> Item:
        if number not in self.users:
            raise Refusal(self.error(404))
        return self.users[number]

    def _of(self, number: int, held: Mapping[int, list[Item]]) -> list[Item]:
        self._ticket(number)
        return held[number]

    def _ticket(self, number: int) -> Item:
        if number not in self.tickets:
            raise Refusal(self.error(404))
        return self.tickets[number]

    def _put(self, number: int, values: Item) -> Answer:
        ticket = self._ticket(number)
        if values.get("group", "Users") not in self.groups:
            raise Refusal(self.error(422))
        if "owner_id" in values:
            values = {**values, "owner": self.users[values["owner_id"]]["login"]}
        known = {name: value for name, value in values.items() if name in _ATTRIBUTES}
        self.update(number, self.clock(), OURSELVES, **known)
        return Answer(body=ticket)

    def _post_article(self, body: Item) -> Answer:
        self._ticket(body["ticket_id"])
        more = {"type": body["type"], "internal": body["internal"]}
        said = self.say(body["ticket_id"], self.clock(), OURSELVES, body["body"], "Agent", **more)
        return Answer(201, said)

    def _search(self, body: Item) -> Answer:
        found = [
            one
            for one in self.tickets.values()
            if all(_holds(one, name, test) for name, test in body["condition"].items())
        ]
        found.sort(key=lambda one: (str(one[body["sort_by"]]).zfill(30), one["id"]))
        size = min(int(body["per_page"]), 200)
        begin = (int(body["page"]) - 1) * size
        return Answer(body=found[begin : begin + size])


def _holds(ticket: Item, name: str, test: Item) -> bool:
    if name == "ticket.state_id":
        return ticket["state"] in {_STATES[int(number)][0] for number in test["value"]}
    before, at = str(test["value"]), str(ticket["updated_at"])
    is_before = str(test["operator"]).startswith("before")
    return at < before if is_before else at > before


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
