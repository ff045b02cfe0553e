"""A stub of Freshdesk's REST interface, v2.

After https://developers.freshdesk.com/api/: tickets, their list and search, conversations, notes,
replies, agents, groups, companies, fields of tickets; limits by the minute, told in headers.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from itertools import count
from typing import Any, Final

from tests.helpdesks.stubs.server import HTML, Answer, Call, Limit, Refusal, Request, Stub, stamp

OURSELVES: Final = 21
ANN: Final = 22
EVE: Final = 11
_MOST: Final = 100
_LAST_PAGE: Final = 300
_TICKET: Final = re.compile(r"/tickets/(\d+)")
_SPEECH: Final = re.compile(r"/tickets/(\d+)/(notes|reply)")
_CONVERSATIONS: Final = re.compile(r"/tickets/(\d+)/conversations")
_COMPANY: Final = re.compile(r"/companies/(\d+)")
_MONTH: Final = timedelta(days=30)
_PRIORITIES: Final = (1, 2, 3, 4)
_SETTABLE: Final = frozenset(
    {
        "subject",
        "type",
        "status",
        "priority",
        "group_id",
        "responder_id",
        "tags",
        "custom_fields",
    }
)
_ERRORS: Final[Mapping[int, object]] = {
    401: {
        "code": "invalid_credentials",
        "message": "You have to be logged in to perform this action.",
    },
    403: {"code": "access_denied", "message": "You are not authorized to perform this action."},
    404: None,
    409: {"description": "Conflict", "errors": []},
    422: {"description": "Unprocessable", "errors": []},
    429: {"message": "You have exceeded the limit of requests per minute"},
    500: HTML,
    502: HTML,
    503: HTML,
}

Item = dict[str, Any]
Value = Any
"""Whatever a field of a ticket may hold."""


def _agents() -> dict[int, Item]:
    rows = (
        (OURSELVES, "Escalation Bot", "bot@desk.example"),
        (ANN, "Ann", "ann@desk.example"),
    )
    return {
        number: {
            "id": number,
            "ticket_scope": 1,
            "available": True,
            "contact": {"name": name, "email": email, "active": True},
        }
        for number, name, email in rows
    }


def _statuses() -> dict[str, list[str]]:
    return {
        "2": ["Open", "Being Processed"],
        "3": ["Pending", "Awaiting your Reply"],
        "4": ["Resolved", "This ticket has been Resolved"],
        "5": ["Closed", "This ticket has been Closed"],
        "6": ["Waiting on Customer", "Awaiting your Reply"],
        "7": ["Waiting on Third Party", "Being Processed"],
    }


@dataclass
class FreshdeskStub(Stub):
    """One account of Freshdesk.

    Attributes:
        limit, list_limit: Credits, and lists of tickets, in a minute.
        forbidden: Addresses that are refused to our agent.
        flattens: The plain text of messages has lost its lines.
    """

    tickets: dict[int, Item] = field(default_factory=dict)
    said: dict[int, list[Item]] = field(default_factory=dict)
    agents: dict[int, Item] = field(default_factory=_agents)
    groups: dict[int, str] = field(default_factory=lambda: {7: "Support"})
    companies: dict[int, str] = field(default_factory=lambda: {5: "Acme"})
    statuses: dict[str, list[str]] = field(default_factory=_statuses)
    custom: tuple[str, ...] = ("cf_tier",)
    changed_by_us: list[int] = field(default_factory=list)
    limit: Limit = field(default_factory=lambda: Limit(100_000))
    list_limit: Limit = field(default_factory=lambda: Limit(100_000))
    forbidden: set[str] = field(default_factory=set)
    flattens: bool = True
    ids: count[int] = field(default_factory=lambda: count(501))

    # --- what people do ---

    def open_ticket(self, number: int, at: datetime, **values: Value) -> Item:
        """A customer opens a ticket."""
        ticket = {
            "id": number,
            "subject": "s",
            "status": 2,
            "priority": 1,
            "source": 1,
            "type": None,
            "group_id": None,
            "responder_id": None,
            "requester_id": EVE,
            "company_id": None,
            "product_id": None,
            "spam": False,
            "is_escalated": False,
            "due_by": stamp(at + timedelta(days=2)),
            "tags": [],
            "custom_fields": dict.fromkeys(self.custom),
            "created_at": stamp(at),
            "updated_at": stamp(at),
            **values,
        }
        self.tickets[number], self.said[number] = ticket, []
        return ticket

    def update(self, number: int, at: datetime, **values: Value) -> None:
        """Somebody changes fields of a ticket."""
        self.tickets[number].update(values, updated_at=stamp(at))

    def say(self, number: int, at: datetime, by: int | None, html: str, **more: Value) -> Item:
        """Somebody says something on a ticket."""
        text = unescape(re.sub(r"<br>|</?\w+>", " " if self.flattens else "\n", html)).strip()
        conversation = {
            "id": next(self.ids),
            "ticket_id": number,
            "user_id": by,
            "body": html,
            "body_text": text,
            "incoming": by == EVE,
            "private": False,
            "created_at": stamp(at),
            "updated_at": stamp(at),
            "attachments": [],
            **more,
        }
        self.said[number].append(conversation)
        self.tickets[number]["updated_at"] = stamp(at)
        return conversation

    # --- what is asked ---

    def call_of(self, request: Request) -> Call:
        path = request.path.removeprefix("/api/v2")
        speech = _SPEECH.fullmatch(path)
        call = Call.NAMES
        if path == "/agents/me":
            call = Call.IDENTITY
        elif path in ("/tickets", "/search/tickets"):
            call = Call.LIST
        elif speech is not None:
            call = Call.NOTE if speech[2] == "notes" else Call.REPLY
        elif _CONVERSATIONS.fullmatch(path):
            call = Call.HISTORY
        elif _TICKET.fullmatch(path):
            call = Call.READ if request.method == "GET" else Call.CHANGE
        return call

    def limit_of(self, request: Request) -> Limit | None:
        return self.list_limit if request.path == "/api/v2/tickets" else self.limit

    def error(self, status: int) -> Answer:
        return Answer(status, _ERRORS[status])

    def handle(self, request: Request) -> Answer:
        pair = base64.b64encode(f"{self.token}:X".encode()).decode()
        path = request.path.removeprefix("/api/v2")
        if request.headers.get("authorization") != f"Basic {pair}":
            return self.error(401)
        if path in self.forbidden:
            return self.error(403)
        used = 1
        if request.query.get("include"):
            used += 2
            self.limit.used += 2
        answer = self._get(path, request) if request.method == "GET" else self._do(path, request)
        left, _ = self.limit.left(self.clock())
        headers = {
            "X-RateLimit-Total": str(self.limit.requests),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Used-CurrentRequest": str(used),
        }
        return Answer(answer.status, answer.body, {**headers, **answer.headers})

    def _get(self, path: str, request: Request) -> Answer:
        query = request.query
        lists: dict[str, Sequence[Item]] = {
            "/agents": list(self.agents.values()),
            "/groups": [{"id": number, "name": name} for number, name in self.groups.items()],
            "/ticket_fields": self._fields(),
        }
        if path in lists:
            return _page(lists[path], query, path)
        if path == "/tickets":
            return self._list(query)
        if path == "/search/tickets":
            return self._search(query["query"])
        said = _CONVERSATIONS.fullmatch(path)
        if said is not None:
            return _page(self.said[self._ticket(said[1])["id"]], query, path)
        return Answer(body=self._one(path, query))

    def _one(self, path: str, query: Mapping[str, str]) -> Item:
        company, ticket = _COMPANY.fullmatch(path), _TICKET.fullmatch(path)
        if path == "/agents/me":
            return self.agents[OURSELVES]
        if company is not None and int(company[1]) in self.companies:
            return {"id": int(company[1]), "name": self.companies[int(company[1])]}
        if ticket is not None:
            return self._told(self._ticket(ticket[1]), query)
        raise Refusal(self.error(404))

    def _do(self, path: str, request: Request) -> Answer:
        speech, ticket = _SPEECH.fullmatch(path), _TICKET.fullmatch(path)
        if speech is not None and request.method == "POST":
            held = self._ticket(speech[1])
            private = speech[2] == "notes" and request.body.get("private", True)
            html = f"<div>{request.body['body']}</div>"
            at = self.clock()
            return Answer(201, self.say(held["id"], at, OURSELVES, html, private=private))
        if ticket is not None and request.method == "PUT":
            return self._put(self._ticket(ticket[1]), request.body)
        return self.error(404)

    def _ticket(self, number: str) -> Item:
        if int(number) not in self.tickets:
            raise Refusal(self.error(404))
        return self.tickets[int(number)]

    def _fields(self) -> list[Item]:
        own = [{"name": name, "type": f"custom_{name}"} for name in self.custom]
        return [{"name": "status", "type": "default_status", "choices": self.statuses}, *own]

    def _told(self, ticket: Item, query: Mapping[str, str]) -> Item:
        if query.get("include") != "requester":
            return ticket
        person = {"id": EVE, "name": "Eve", "email": "eve@example.com"}
        return {**ticket, "requester": person}

    def _list(self, query: Mapping[str, str]) -> Answer:
        since = query.get("updated_since", stamp(self.clock() - _MONTH))
        found = [
            self._told(one, query)
            for one in self.tickets.values()
            if one["updated_at"] >= since and not one["spam"] and not one.get("deleted")
        ]
        assert query["order_by"] == "updated_at"
        found.sort(key=lambda one: (one["updated_at"], -one["id"]))
        return _page(found, query, "/tickets")

    def _search(self, query: str) -> Answer:
        wanted = {int(number) for number in re.findall(r"status:(\d+)", query)}
        if not query.startswith('"') or not wanted:
            return _invalid("query", "Given query is invalid")
        found = [one for one in self.tickets.values() if one["status"] in wanted]
        return Answer(body={"total": len(found), "results": found[:30]})

    def _put(self, ticket: Item, values: Item) -> Answer:
        known = {
            "priority": _PRIORITIES,
            "status": [int(number) for number in self.statuses],
            "group_id": [None, *self.groups],
            "responder_id": [None, *self.agents],
        }
        for name, value in values.items():
            if name not in _SETTABLE:
                return _invalid(name, "Unexpected/invalid field in request")
            if name in known and value not in known[name]:
                allowed = ",".join(map(str, known[name]))
                return _invalid(name, f"It should be one of these values: '{allowed}'")
        custom = {**ticket["custom_fields"], **values.get("custom_fields", {})}
        self.update(ticket["id"], self.clock(), **{**values, "custom_fields": custom})
        self.changed_by_us.append(ticket["id"])
        return Answer(body=ticket)


def _page(items: Sequence[Item], query: Mapping[str, str], path: str) -> Answer:
    page, size = int(query.get("page", "1")), min(int(query.get("per_page", "30")), _MOST)
    if page > _LAST_PAGE:
        said = "You cannot access tickets beyond the 300th page. Please provide a smaller page"
        return _invalid("page", f"{said} number.")
    begin = (page - 1) * size
    is_last = len(items) <= begin + size
    link = f'<https://x.freshdesk.com/api/v2{path}?page={page + 1}&per_page={size}>; rel="next"'
    return Answer(body=items[begin : begin + size], headers={} if is_last else {"Link": link})


def _invalid(name: str, message: str) -> Answer:
    error = {"field": name, "message": message, "code": "invalid_value"}
    return Answer(400, {"description": "Validation failed", "errors": [error]})
