"""A stub of Zendesk's Ticketing API.

After https://developer.zendesk.com/api-reference/: incremental export by cursor, search export,
tickets, audits, users, groups, organizations, ticket fields; safe updates; rate-limit headers.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from tests.helpdesks.stubs.server import HTML, Answer, Call, Limit, Refusal, Request, Stub, stamp

OURSELVES: Final = 1
ANN: Final = 2
BOB: Final = 3
EVE: Final = 11
_MOST: Final = 100
_EXPORT: Final = "/api/v2/incremental/tickets/cursor.json"
_TICKET: Final = re.compile(r"/api/v2/tickets/(\d+)\.json")
_AUDITS: Final = re.compile(r"/api/v2/tickets/(\d+)/audits\.json")
_WITHHELD: Final = timedelta(minutes=1)
_ERRORS: Final[Mapping[int, object]] = {
    401: {"error": "Couldn't authenticate you"},
    403: {"error": "Forbidden", "description": "You are missing the following permissions: write"},
    404: {"error": "RecordNotFound", "description": "Not found"},
    409: {"error": "UpdateConflict", "description": "Safe Update prevented the update"},
    422: {"error": "RecordInvalid", "description": "Record validation errors", "details": {}},
    429: HTML,
    500: HTML,
    502: HTML,
    503: HTML,
}

Item = dict[str, Any]
Value = Any
"""Whatever a field of a ticket may hold."""


def _users() -> dict[int, Item]:
    rows = (
        (OURSELVES, "Escalation Bot", "bot@desk.example", "admin"),
        (ANN, "Ann", "ann@desk.example", "agent"),
        (BOB, "Bob", "bob@desk.example", "agent"),
        (EVE, "Eve", "eve@example.com", "end-user"),
    )
    return {
        number: {"id": number, "name": name, "email": email, "role": role, "locale": "en-US"}
        for number, name, email, role in rows
    }


@dataclass
class ZendeskStub(Stub):
    """One account of Zendesk.

    Attributes:
        account_limit, export_limit: Requests in a minute.
        withholds: The export leaves out what changed in the last minute.
    """

    tickets: dict[int, Item] = field(default_factory=dict)
    stories: dict[int, list[Item]] = field(default_factory=dict)
    users: dict[int, Item] = field(default_factory=_users)
    groups: dict[int, str] = field(default_factory=lambda: {7: "Support"})
    organizations: dict[int, str] = field(default_factory=lambda: {5: "Acme"})
    fields: tuple[int, ...] = (360001,)
    account_limit: Limit = field(default_factory=lambda: Limit(100_000))
    export_limit: Limit = field(default_factory=lambda: Limit(100_000))
    ids: count[int] = field(default_factory=lambda: count(9001))

    # --- what people do ---

    def open_ticket(self, number: int, at: datetime, **values: Value) -> Item:
        """A customer opens a ticket."""
        ticket = {
            "id": number,
            "url": f"https://x.zendesk.com/api/v2/tickets/{number}.json",
            "created_at": stamp(at),
            "updated_at": stamp(at),
            "generated_timestamp": int(at.timestamp()),
            "type": None,
            "subject": "s",
            "priority": None,
            "status": "new",
            "requester_id": EVE,
            "submitter_id": EVE,
            "assignee_id": None,
            "organization_id": None,
            "group_id": None,
            "tags": [],
            "custom_fields": [{"id": one, "value": None} for one in self.fields],
            "due_at": None,
            "via": {"channel": "email"},
            **values,
        }
        self.tickets[number] = ticket
        self.stories[number] = []
        created = [
            {"id": next(self.ids), "type": "Create", "field_name": name, "value": ticket[name]}
            for name in ("status", "priority", "requester_id")
        ]
        first = {"id": next(self.ids), "type": "Comment", "public": True, "body": "It is broken"}
        self._audit(number, at, EVE, [first, *created], "email")
        return ticket

    def update(
        self, number: int, at: datetime, by: int = ANN, via: str = "web", **values: Value
    ) -> list[Item]:
        """Somebody changes fields of a ticket, and may say something; gives the events."""
        ticket, events = self.tickets[number], []
        comment = values.pop("comment", None)
        if comment is not None:
            said = {"public": True, **comment, "author_id": by, "plain_body": comment["body"]}
            events.append({"id": next(self.ids), "type": "Comment", **said})
        for one in values.pop("custom_fields", ()):
            held = next(each for each in ticket["custom_fields"] if each["id"] == one["id"])
            events.append(self._change(str(one["id"]), held["value"], one["value"]))
            held["value"] = one["value"]
        for name, value in values.items():
            if ticket[name] != value:
                events.append(self._change(name, ticket[name], value))
                ticket[name] = value
        self._audit(number, at, by, events, via)
        return events

    def delete(self, number: int, at: datetime) -> None:
        """Somebody deletes a ticket: the export still tells of it."""
        ticket = self.tickets[number]
        ticket |= {"status": "deleted", "updated_at": stamp(at)}
        ticket["generated_timestamp"] = int(at.timestamp())

    def _change(self, name: str, before: object, after: object) -> Item:
        told = {"field_name": name, "previous_value": _told(before), "value": _told(after)}
        return {"id": next(self.ids), "type": "Change", **told}

    def _audit(self, number: int, at: datetime, by: int, events: list[Item], via: str) -> None:
        self.tickets[number]["updated_at"] = stamp(at)
        self.tickets[number]["generated_timestamp"] = int(at.timestamp())
        audit = {
            "id": next(self.ids),
            "ticket_id": number,
            "created_at": stamp(at),
            "author_id": by,
            "via": {"channel": via},
            "events": events,
        }
        self.stories[number].append(audit)

    # --- what is asked ---

    def call_of(self, request: Request) -> Call:
        path = request.path
        call = Call.NAMES
        if path == "/api/v2/users/me.json":
            call = Call.IDENTITY
        elif path in (_EXPORT, "/api/v2/search/export.json", "/api/v2/search/count.json"):
            call = Call.LIST
        elif _AUDITS.fullmatch(path):
            call = Call.HISTORY
        elif _TICKET.fullmatch(path):
            call = Call.READ if request.method == "GET" else _write(request.body)
        return call

    def limit_of(self, request: Request) -> Limit | None:
        return self.export_limit if request.path == _EXPORT else self.account_limit

    def error(self, status: int) -> Answer:
        return Answer(status, _ERRORS[status])

    def handle(self, request: Request) -> Answer:
        if not self._knows(request):
            return self.error(401)
        remaining, reset = self.account_limit.left(self.clock())
        headers = {
            "X-Rate-Limit": str(self.account_limit.requests),
            "X-Rate-Limit-Remaining": str(remaining),
            "ratelimit-limit": str(self.account_limit.requests),
            "ratelimit-remaining": str(remaining),
            "ratelimit-reset": str(reset),
        }
        answer = self._told(request)
        return Answer(answer.status, answer.body, {**headers, **answer.headers})

    def _knows(self, request: Request) -> bool:
        pair = base64.b64encode(f"bot@desk.example/token:{self.token}".encode()).decode()
        known = (f"Basic {pair}", f"Bearer {self.token}")
        return request.headers.get("authorization") in known

    def _told(self, request: Request) -> Answer:
        name = request.path.removeprefix("/api/v2/").removesuffix(".json").replace("/", "_")
        ticket, audits = _TICKET.fullmatch(request.path), _AUDITS.fullmatch(request.path)
        if ticket is not None and request.method == "PUT":
            return self._put(int(ticket[1]), request.body["ticket"])
        if ticket is not None:
            return Answer(body={"ticket": self._ticket(int(ticket[1]))})
        if audits is not None:
            self._ticket(int(audits[1]))
            return self._listed("audits", self.stories[int(audits[1])], request.query)
        handler = getattr(self, f"_get_{name}", None)
        if handler is None or request.method != "GET":
            return self.error(404)
        told: Answer = handler(request.query)
        return told

    def _ticket(self, number: int) -> Item:
        ticket = self.tickets.get(number)
        if ticket is None or ticket["status"] == "deleted":
            raise Refusal(self.error(404))
        return ticket

    def _put(self, number: int, wanted: Item) -> Answer:
        ticket = self._ticket(number)
        if ticket["status"] == "closed":
            details = {"status": [{"description": "closed prevents ticket update"}]}
            raise Refusal(Answer(422, {"error": "RecordInvalid", "details": details}))
        values = dict(wanted)
        is_safe, seen = values.pop("safe_update", False), values.pop("updated_stamp", None)
        if is_safe and seen != ticket["updated_at"]:
            raise Refusal(self.error(409))
        self._refuse_unknown(values)
        events = self.update(number, self.clock(), OURSELVES, "api", **values)
        audit = {**self.stories[number][-1], "events": events}
        return Answer(body={"ticket": ticket, "audit": audit})

    def _refuse_unknown(self, values: Item) -> None:
        group, assignee = values.get("group_id"), values.get("assignee_id")
        if (group and group not in self.groups) or (assignee and assignee not in self.users):
            raise Refusal(self.error(422))
        if values.get("priority") not in (None, "low", "normal", "high", "urgent"):
            raise Refusal(self.error(422))

    # --- lists ---

    def _get_users_me(self, query: Mapping[str, str]) -> Answer:
        del query
        return Answer(body={"user": self.users[OURSELVES]})

    def _get_users_show_many(self, query: Mapping[str, str]) -> Answer:
        wanted = [int(one) for one in query["ids"].split(",")]
        if len(wanted) > _MOST:
            return Answer(400, {"error": "TooManyIds"})
        return Answer(body={"users": [self.users[one] for one in wanted if one in self.users]})

    def _get_users_search(self, query: Mapping[str, str]) -> Answer:
        wanted = query["query"].removeprefix("email:")
        return Answer(
            body={"users": [one for one in self.users.values() if one["email"] == wanted]}
        )

    def _get_organizations_show_many(self, query: Mapping[str, str]) -> Answer:
        wanted = [int(one) for one in query["ids"].split(",")]
        known = [one for one in wanted if one in self.organizations]
        named = [{"id": one, "name": self.organizations[one]} for one in known]
        return Answer(body={"organizations": named})

    def _get_groups(self, query: Mapping[str, str]) -> Answer:
        groups = [{"id": one, "name": name} for one, name in self.groups.items()]
        return self._listed("groups", groups, query)

    def _get_ticket_fields(self, query: Mapping[str, str]) -> Answer:
        return self._listed("ticket_fields", [{"id": one} for one in self.fields], query)

    def _get_search_count(self, query: Mapping[str, str]) -> Answer:
        del query
        return Answer(body={"count": sum(map(_is_open, self.tickets.values()))})

    def _get_search_export(self, query: Mapping[str, str]) -> Answer:
        day = query["query"].rpartition("updated<")[2]
        found = [
            {**one, "result_type": "ticket"}
            for _, one in sorted(self.tickets.items())
            if _is_open(one) and str(one["updated_at"])[:10] < day
        ]
        return self._listed("results", found, query)

    def _get_incremental_tickets_cursor(self, query: Mapping[str, str]) -> Answer:
        after = _decoded(query["cursor"]) if "cursor" in query else (int(query["start_time"]), -1)
        if "cursor" not in query and after[0] > (self.clock() - _WITHHELD).timestamp():
            return Answer(400, {"error": "StartTimeTooRecent"})
        latest = (self.clock() - _WITHHELD).timestamp()
        keys = {one: (ticket["generated_timestamp"], one) for one, ticket in self.tickets.items()}
        found = sorted((key, one) for one, key in keys.items() if after < key and key[0] < latest)
        size = int(query.get("per_page", "1000"))
        page = found[:size]
        cursor = _encoded(page[-1][0]) if page else query.get("cursor")
        body = {
            "tickets": [self.tickets[one] for _, one in page],
            "after_cursor": cursor,
            "after_url": f"https://x.zendesk.com{_EXPORT}?cursor={cursor}" if cursor else None,
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": len(found) <= size,
        }
        return Answer(body=body)

    def _listed(self, what: str, items: Sequence[Item], query: Mapping[str, str]) -> Answer:
        size = min(int(query.get("page[size]", "100")), _MOST)
        after = query.get("page[after]", "0")
        if not after.isdigit():
            raise Refusal(Answer(400, {"error": "InvalidPaginationParameter"}))
        begin = int(after)
        page = items[begin : begin + size]
        has_more = len(items) > begin + size
        meta = {"has_more": has_more, "after_cursor": str(begin + size) if page else None}
        return Answer(body={what: page, "meta": meta, "links": {}})


def _write(body: object) -> Call:
    comment = body["ticket"].get("comment") if isinstance(body, dict) else None
    if comment is None:
        return Call.CHANGE
    return Call.REPLY if comment.get("public", True) else Call.NOTE


def _is_open(ticket: Item) -> bool:
    return ticket["status"] not in ("solved", "closed", "deleted")


def _told(value: object) -> object:
    """Audits tell numbers as texts."""
    return str(value) if isinstance(value, int) else value


def _encoded(key: tuple[int, int]) -> str:
    return base64.b64encode(f"{key[0]}.0||{key[1]}|".encode()).decode()


def _decoded(cursor: str) -> tuple[int, int]:
    try:
        at, _, rest = base64.b64decode(cursor).decode().partition("||")
        return int(float(at)), int(rest.rstrip("|"))
    except ValueError:
        raise Refusal(Answer(400, {"error": "InvalidValue"})) from None
