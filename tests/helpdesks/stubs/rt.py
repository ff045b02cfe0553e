"""A stub of Request Tracker's REST interface 2.0, as of RT 5.0.3.

Its answers are those that the real one gave (`tests/helpdesks/real`): numbers as texts, sentences
and 200 for whatever is changed or refused, and as much of TicketSQL as is asked.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from tests.helpdesks.stubs.server import Answer, Call, Refusal, Request, Stub, stamp

OURSELVES: Final = "escalatord"
ANN: Final = "ann"
EVE: Final = "eve@example.com"
TOKEN: Final = "1-2-0123abcd"
_USERS: Final = {"2": OURSELVES, "3": ANN, "11": EVE}
_TAGS: Final = "7"
"""The number of the custom field."""
_INACTIVE: Final = frozenset({"resolved", "rejected", "deleted"})
_ROOT: Final = "/REST/2.0"
_LINKS: Final = ("lifecycle", "comment", "correspond")
_TOKENS: Final = re.compile(r"\(|\)|AND\b|OR\b|(\w+) *(>=|!=|>|=) *('[^']*'|\d+)")

Item = dict[str, Any]


@dataclass
class RtStub(Stub):
    """One Request Tracker.

    Attributes:
        queues: Number → name.
        denied: Fields that we may not set; RT says so with 200.
    """

    token: str = TOKEN
    tickets: dict[int, Item] = field(default_factory=dict)
    transactions: dict[int, Item] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=lambda: {"1": "General"})
    denied: set[str] = field(default_factory=set)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    # --- what people do ---

    def queue(self, name: str) -> str:
        """A queue of that name, a new one if there is none."""
        if name not in self.queues.values():
            self.queues[str(len(self.queues) + 1)] = name
        return name

    def open_ticket(self, number: int, at: datetime, **values: object) -> Item:
        """A customer opens a ticket."""
        self.tickets[number] = {
            "id": number,
            "EffectiveId": number,
            "Subject": "s",
            "Status": "new",
            "Priority": "0",
            "Queue": "General",
            "Owner": "Nobody",
            "Tags": [],
            "Created": stamp(at),
            "LastUpdated": stamp(at),
            **values,
        }
        self._record(number, at, EVE, "Create")
        return self.tickets[number]

    def update(self, number: int, at: datetime, by: str = ANN, **values: object) -> None:
        """Somebody changes fields of a ticket."""
        ticket = self.tickets[number]
        for name, value in values.items():
            before = ticket[name]
            if before == value:
                continue
            ticket[name] = value
            if isinstance(value, list):
                for tag in value:
                    if tag not in before:
                        told = {"Field": _TAGS, "OldValue": "", "NewValue": tag}
                        self._record(number, at, by, "CustomField", **told)
                continue
            old, new = (self._as_told(name, each) for each in (before, value))
            kind = "Status" if name == "Status" else "Set"
            self._record(number, at, by, kind, Field=name, OldValue=old, NewValue=new)
        ticket["LastUpdated"] = stamp(at)

    def _as_told(self, name: str, value: object) -> str:
        """A transaction tells queues and people by their numbers."""
        names = {"Queue": self.queues, "Owner": _USERS}.get(name, {})
        numbers = {one: number for number, one in names.items()}
        return numbers.get(str(value), str(value))

    def say(self, number: int, at: datetime, by: str, kind: str, text: str, about: str) -> int:
        """Somebody writes on a ticket; the number of the transaction."""
        self.tickets[number]["LastUpdated"] = stamp(at)
        return self._record(number, at, by, kind, Data=about, Text=text)

    def _record(self, number: int, at: datetime, by: str, kind: str, **told: str) -> int:
        one = next(self.ids)
        self.transactions[one] = {
            "id": str(one),
            "Type": kind,
            "Creator": {"id": by, "type": "user"},
            "Created": stamp(at),
            "ObjectId": str(number),
            "Object": {"id": str(number), "type": "ticket"},
            **told,
        }
        return one

    # --- what is asked ---

    def call_of(self, request: Request) -> Call:
        method, path = request.method, request.path.removeprefix(_ROOT)
        calls = (
            (r"GET /(rt|user/.*)", Call.IDENTITY),
            (r"GET /tickets", Call.LIST),
            (r"GET /ticket/\d+", Call.READ),
            (r"PUT /ticket/\d+", Call.CHANGE),
            (r"POST /ticket/\d+/comment", Call.NOTE),
            (r"POST /ticket/\d+/correspond", Call.REPLY),
            (r"GET /(ticket/\d+/history|transactions?.*|attachment/.*)", Call.HISTORY),
        )
        what = f"{method} {path}"
        found = (call for pattern, call in calls if re.fullmatch(pattern, what))
        return next(found, Call.NAMES)

    def error(self, status: int) -> Answer:
        said = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
        return Answer(status, {"message": said.get(status, "An internal error occurred")})

    def handle(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"token {self.token}":
            return self.error(401)
        path, query, body = request.path.removeprefix(_ROOT), request.query, request.body
        tellers: Mapping[str, Callable[[str], Answer]] = {
            r"GET /rt()": lambda _: Answer(body={"Version": "5.0.3"}),
            r"GET /user/(.+)": lambda name: Answer(body=_user(name)),
            r"GET /queues/all()": lambda _: _page(self._all_queues(), query),
            r"GET /queue/(\d+)": lambda number: Answer(body=self._queue(number)),
            r"GET /customfield/(\d+)": lambda number: Answer(body={"id": number, "Name": "Tags"}),
            r"GET /tickets()": lambda _: _page(self._found(query["query"]), query),
            r"GET /transactions()": lambda _: _page([], query),
            r"GET /ticket/(\d+)": lambda number: Answer(body=self._ticket(int(number))),
            r"GET /ticket/(\d+)/history": lambda number: _page(self._story(number), query),
            r"GET /transaction/(\d+)": lambda number: Answer(body=self._transaction(number)),
            r"GET /attachment/(\d+)": lambda number: Answer(body=self._attachment(number)),
            r"PUT /ticket/(\d+)": lambda number: self._put(int(number), body),
            r"POST /ticket/(\d+)/comment": lambda number: self._post(number, "Comment", body),
            r"POST /ticket/(\d+)/correspond": lambda number: self._post(number, "Correspond", body),
        }
        for pattern, tell in tellers.items():
            found = re.fullmatch(pattern, f"{request.method} {path}")
            if found is not None:
                return tell(found[1])
        return self.error(404)

    def _all_queues(self) -> list[Item]:
        return [{"id": number, "Name": name} for number, name in self.queues.items()]

    def _queue(self, number: str) -> Item:
        if number not in self.queues:
            raise Refusal(self.error(404))
        custom = [{"id": _TAGS, "name": "Tags"}]
        return {"id": number, "Name": self.queues[number], "TicketCustomFields": custom}

    def _found(self, sql: str) -> list[Item]:
        holds = _Query(sql, self.clock()).holds
        found = [one for _, one in sorted(self.tickets.items()) if holds(one)]
        return [self._told(one) for one in found]

    def _told(self, ticket: Item) -> Item:
        told = {name: value for name, value in ticket.items() if name != "Tags"}
        return {
            **told,
            "id": str(ticket["id"]),
            "EffectiveId": {"id": str(ticket["EffectiveId"])},
            "Queue": {"Name": ticket["Queue"]},
            "Owner": {"Name": ticket["Owner"]},
            "Requestor": [{"id": EVE, "Name": EVE, "EmailAddress": EVE, "RealName": "Eve"}],
            "CustomFields": [{"id": _TAGS, "name": "Tags", "values": ticket["Tags"]}],
        }

    def _ticket(self, number: int) -> Item:
        if number not in self.tickets:
            raise Refusal(self.error(404))
        told = self._told(self.tickets[number])
        links = [{"ref": ref, "_url": ""} for ref in _LINKS]
        numbers = {name: one for one, name in self.queues.items()}
        return {**told, "Queue": {"id": numbers[told["Queue"]["Name"]]}, "_hyperlinks": links}

    def _story(self, number: str) -> list[Item]:
        self._ticket(int(number))
        own = [one for one in self.transactions.values() if one["ObjectId"] == number]
        return own[::-1]

    def _transaction(self, number: str) -> Item:
        if int(number) not in self.transactions:
            raise Refusal(self.error(404))
        links = [{"ref": "attachment", "_url": f"/REST/2.0/attachment/{number}"}]
        return {**self.transactions[int(number)], "_hyperlinks": links}

    def _attachment(self, number: str) -> Item:
        text = str(self.transactions[int(number)].get("Text", ""))
        content = base64.b64encode(text.encode()).decode()
        return {"id": number, "ContentType": "text/plain", "Content": content}

    def _put(self, number: int, body: Item) -> Answer:
        self._ticket(number)
        custom = body.pop("CustomFields", {})
        wanted = {**body, **({"Tags": custom["Tags"]} if "Tags" in custom else {})}
        refused = [name for name in wanted if name in self.denied]
        kept = {
            name: value if isinstance(value, list) else str(value)
            for name, value in wanted.items()
            if name not in self.denied
        }
        self.update(number, self.clock(), OURSELVES, **kept)
        said = [f"{name} changed" for name in kept]
        return Answer(body=[*said, *(f"{name}: Permission Denied" for name in refused)])

    def _post(self, number: str, kind: str, body: Item) -> Answer:
        if int(number) not in self.tickets:
            raise Refusal(Answer(400, {"message": "Message could not be recorded"}))
        about = str(body.get("Subject") or "No Subject")
        one = self.say(int(number), self.clock(), OURSELVES, kind, body["Content"], about)
        if kind == "Correspond" and self.tickets[int(number)]["Status"] in _INACTIVE:
            self.update(int(number), self.clock(), "RT_System", Status="open")
        return Answer(201, [f"{kind} added"], {"Location": f"{_ROOT}/transaction/{one}"})


class _Query:
    """As much of TicketSQL as is asked: comparisons, AND, OR, parentheses.

    Times are told as `-60 seconds`, before now.
    """

    def __init__(self, sql: str, now: datetime) -> None:
        self._now = now
        self._tokens = list(_TOKENS.finditer(sql))
        left = _TOKENS.sub("", sql).strip()
        if left:
            raise Refusal(Answer(400, {"message": f"Unknown field: {left}"}))

    def holds(self, ticket: Item) -> bool:
        tokens = iter(self._tokens)
        return self._either(tokens, ticket)

    def _either(self, tokens: Iterator[re.Match[str]], ticket: Item) -> bool:
        """Up to the closing parenthesis; AND binds closer than OR."""
        whole, part = False, True
        for token in tokens:
            word = token[0]
            if word == ")":
                break
            if word == "OR":
                whole, part = whole or part, True
            elif word == "(":
                part = self._either(tokens, ticket) and part
            elif word != "AND":
                part = self._compared(token, ticket) and part
        return whole or part

    def _compared(self, token: re.Match[str], ticket: Item) -> bool:
        name, sign, value = token[1], token[2], token[3].strip("'")
        held: Any = ticket[name]
        wanted: Any = value
        if value == "__Active__":
            return held not in _INACTIVE
        if name in ("id", "EffectiveId"):
            wanted = int(value)
        elif name == "LastUpdated":
            seconds = int(value.removesuffix(" seconds"))
            wanted = stamp(self._now + timedelta(seconds=seconds))
        by_sign: Mapping[str, bool] = {
            "=": held == wanted,
            "!=": held != wanted,
            ">": held > wanted,
            ">=": held >= wanted,
        }
        return by_sign[sign]


def _user(name: str) -> Item:
    found = _USERS.get(name, name)
    if found not in _USERS.values():
        raise Refusal(Answer(404, {"message": "Not Found"}))
    return {"Name": found, "Privileged": "0" if found == EVE else "1"}


def _page(items: list[Item], query: Mapping[str, str]) -> Answer:
    size = min(int(query.get("per_page", 20)), 100)
    begin = (int(query.get("page", 1)) - 1) * size
    told = items[begin : begin + size]
    pages = -(-len(items) // size)
    return Answer(body={"items": told, "count": len(told), "total": len(items), "pages": pages})
