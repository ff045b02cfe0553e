"""A stub of Jira Service Management in Atlassian's cloud.

After https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and
https://developer.atlassian.com/cloud/jira/service-desk/rest/: search by JQL with page tokens,
issues, changelogs, comments as documents, transitions, permissions, users, fields; comments of
requests, public and internal.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from tests.helpdesks.stubs.server import HTML, Answer, Call, Limit, Refusal, Request, Stub

OURSELVES: Final = "5b1"
ANN: Final = "5b2"
EVE: Final = "qm:11"
APP: Final = "557058:app"
TEAM: Final = "customfield_10030"
TIER: Final = "customfield_10040"
PARTICIPANTS: Final = "customfield_10026"
SLA: Final = "customfield_10050"
_ISSUE: Final = re.compile(r"/rest/api/3/issue/([\w-]+)(/\w+)?")
_REQUEST: Final = re.compile(r"/rest/servicedeskapi/request/([\w-]+)/comment")
_SINCE: Final = re.compile(r'updated >= "-(\d+)m"')
_PROJECTS: Final = re.compile(r"project in \(([^)]*)\)")
_MINUTE: Final = timedelta(minutes=1)
_ERRORS: Final[Mapping[int, object]] = {
    400: {"errorMessages": ["Unbounded JQL queries are not allowed here."], "errors": {}},
    401: {"message": "Client must be authenticated to access this resource.", "status-code": 401},
    403: {"errorMessages": ["You do not have permission to do that."], "errors": {}},
    404: {
        "errorMessages": ["Issue does not exist or you do not have permission to see it."],
        "errors": {},
    },
    409: {"errorMessages": ["The issue was changed meanwhile."], "errors": {}},
    422: {"errorMessages": [], "errors": {"comment": "Comment body can not be empty!"}},
    429: {"errorMessages": ["Rate limit exceeded."]},
    500: HTML,
    502: HTML,
    503: HTML,
}
_STATUSES: Final = (
    ("1", "To Do", "new"),
    ("2", "In Progress", "indeterminate"),
    ("3", "Waiting for customer", "indeterminate"),
    ("4", "Pending", "indeterminate"),
    ("5", "Resolved", "done"),
    ("6", "Closed", "done"),
)
_FIELDS: Final = (
    (TEAM, "Team", "option", ""),
    (TIER, "Tier", "string", ""),
    (
        PARTICIPANTS,
        "Request participants",
        "array",
        "com.atlassian.servicedesk:sd-request-participants",
    ),
    (
        SLA,
        "Time to resolution",
        "sd-servicelevelagreement",
        "com.atlassian.servicedesk:sd-sla-field",
    ),
    ("customfield_10060", "Effort", "number", ""),
)
PRIORITIES: Final = ("Highest", "High", "Medium", "Low", "Lowest")

Item = dict[str, Any]
Value = Any
"""Whatever a field of an issue may hold."""


def _users() -> dict[str, Item]:
    rows = (
        (OURSELVES, "Escalation Bot", "bot@desk.example", "atlassian"),
        (ANN, "Ann", "ann@desk.example", "atlassian"),
        (EVE, "Eve", "eve@example.com", "customer"),
        (APP, "Automation for Jira", None, "app"),
    )
    return {
        account: {
            "accountId": account,
            "displayName": name,
            "accountType": kind,
            "active": True,
            "timeZone": "Europe/Berlin",
            **({"emailAddress": email} if email else {}),
        }
        for account, name, email, kind in rows
    }


def status(name: str) -> Item:
    """A status as Jira tells it."""
    number, _, category = next(one for one in _STATUSES if one[1] == name)
    return {"id": number, "name": name, "statusCategory": {"key": category}}


@dataclass
class JiraStub(Stub):
    """One site of Jira's cloud.

    Attributes:
        limit: Requests in a minute.
        rights: What our account may do in the project.
        leads_to: Names of the statuses to which transitions lead.
        ignored: Fields whose edits are taken and not done.
        index: What the search shows, where it is behind.
    """

    issues: dict[str, Item] = field(default_factory=dict)
    stories: dict[str, list[Item]] = field(default_factory=dict)
    said: dict[str, list[Item]] = field(default_factory=dict)
    users: dict[str, Item] = field(default_factory=_users)
    statuses: tuple[tuple[str, str, str], ...] = _STATUSES
    fields: tuple[tuple[str, str, str, str], ...] = _FIELDS
    rights: set[str] = field(
        default_factory=lambda: {
            "BROWSE_PROJECTS",
            "EDIT_ISSUES",
            "TRANSITION_ISSUES",
            "ASSIGN_ISSUES",
            "ADD_COMMENTS",
        }
    )
    leads_to: tuple[str, ...] = tuple(name for _, name, _ in _STATUSES)
    ignored: set[str] = field(default_factory=set)
    index: dict[str, Item] | None = None
    limit: Limit = field(default_factory=lambda: Limit(100_000))
    ids: count[int] = field(default_factory=lambda: count(70_001))

    # --- what people do ---

    def open_issue(self, number: int, at: datetime, **values: Value) -> Item:
        """A customer opens a request."""
        fields = {
            "summary": "s",
            "status": status("To Do"),
            "priority": {"id": "3", "name": "Medium"},
            "assignee": None,
            "reporter": self.users[EVE],
            "labels": [],
            "created": _stamp(at),
            "updated": _stamp(at),
            "issuetype": {"name": "Service Request"},
            TEAM: None,
            TIER: None,
            PARTICIPANTS: [],
            SLA: None,
            **values,
        }
        issue = {"id": str(number), "key": f"SUP-{number}", "fields": fields}
        self.issues[str(number)] = issue
        self.stories[str(number)], self.said[str(number)] = [], []
        return issue

    def change(self, number: int, at: datetime, by: str, **values: Value) -> None:
        """Somebody changes fields of an issue."""
        fields = self.issues[str(number)]["fields"]
        items = []
        for name, value in values.items():
            before = fields[name]
            if before == value or name in self.ignored:
                continue
            fields[name] = value
            items.append({"field": name, "fieldId": name, **_told(before, value)})
        fields["updated"] = _stamp(at)
        if items:
            self.stories[str(number)].append(
                {
                    "id": str(next(self.ids)),
                    "author": self.users[by],
                    "created": _stamp(at),
                    "items": items,
                }
            )

    def say(self, number: int, at: datetime, by: str, text: str, *, is_public: bool = True) -> Item:
        """Somebody comments on a request."""
        comment = {
            "id": str(next(self.ids)),
            "author": self.users[by],
            "body": document(text),
            "text": text,
            "jsdPublic": is_public,
            "created": _stamp(at),
            "updated": _stamp(at),
        }
        self.said[str(number)].append(comment)
        self.issues[str(number)]["fields"]["updated"] = _stamp(at)
        return comment

    def fall_behind(self) -> None:
        """What changes from now on is not found by the search."""
        self.index = deepcopy(self.issues)

    # --- what is asked ---

    def call_of(self, request: Request) -> Call:
        path, method = request.path, request.method
        issue, remark = _ISSUE.fullmatch(path), _REQUEST.fullmatch(path)
        call = Call.NAMES
        if path == "/rest/api/3/myself":
            call = Call.IDENTITY
        elif path.startswith("/rest/api/3/search/"):
            call = Call.LIST
        elif remark is not None and method == "POST":
            call = Call.REPLY if request.body["public"] else Call.NOTE
        elif remark is not None or (issue is not None and issue[2] in ("/changelog", "/comment")):
            call = Call.HISTORY
        elif issue is not None and method in ("PUT", "POST"):
            call = Call.CHANGE
        elif issue is not None and issue[2] is None:
            call = Call.READ
        return call

    def limit_of(self, request: Request) -> Limit | None:
        del request
        return self.limit

    def error(self, status: int) -> Answer:
        told = {"RateLimit-Reason": "jira-quota-based", "X-RateLimit-Remaining": "0"}
        return Answer(status, _ERRORS[status], told if status == 429 else {})

    def handle(self, request: Request) -> Answer:
        pair = base64.b64encode(f"bot@desk.example:{self.token}".encode()).decode()
        if request.headers.get("authorization") not in (f"Basic {pair}", f"Bearer {self.token}"):
            return self.error(401)
        issue, remark = _ISSUE.fullmatch(request.path), _REQUEST.fullmatch(request.path)
        if remark is not None:
            return self._remarks(self._issue(remark[1]), request)
        if issue is not None:
            return self._of_issue(self._issue(issue[1]), issue[2], request)
        return self._general(request)

    def _general(self, request: Request) -> Answer:
        answers: dict[str, Callable[[], Answer]] = {
            "/myself": lambda: Answer(body=self.users[OURSELVES]),
            "/mypermissions": lambda: self._permissions(request.query),
            "/field": lambda: Answer(body=self._fields()),
            "/status": lambda: Answer(body=self._statuses()),
            "/user": lambda: self._user(request.query["accountId"]),
            "/user/assignable/search": lambda: self._assignable(request.query["query"]),
            "/search/jql": lambda: self._search(request.body),
            "/search/approximate-count": lambda: Answer(
                body={"count": len(self._found(request.body["jql"]))}
            ),
        }
        tell = answers.get(request.path.removeprefix("/rest/api/3"))
        return tell() if tell is not None else self.error(404)

    def _issue(self, number: str) -> Item:
        found = (one for one in self.issues.values() if number in (one["id"], one["key"]))
        issue = next(found, None)
        if issue is None or "BROWSE_PROJECTS" not in self.rights:
            raise Refusal(self.error(404))
        return issue

    def _of_issue(self, issue: Item, what: str | None, request: Request) -> Answer:
        number = issue["id"]
        if what is None and request.method == "PUT":
            return self._edit(issue, request.body)
        if what == "/transitions" and request.method == "POST":
            return self._transit(issue, request.body["transition"]["id"])
        if what == "/transitions":
            return Answer(body={"transitions": self._transitions(issue)})
        if what == "/changelog":
            return _offset(self.stories[number], request.query, "values")
        if what == "/comment":
            shown = [
                {name: value for name, value in one.items() if name != "text"}
                for one in self.said[number]
            ]
            return _offset(shown, request.query, "comments")
        asked = request.query["fields"].split(",")
        return Answer(body=_with_fields(issue, asked))

    # --- searching ---

    def _search(self, body: Item) -> Answer:
        found = self._found(body["jql"])
        begin = _decoded(body.get("nextPageToken"))
        size = min(int(body.get("maxResults", 50)), 100)
        page = found[begin : begin + size]
        told: Item = {"issues": [_with_fields(one, body.get("fields", ["id"])) for one in page]}
        if begin + size < len(found):
            return Answer(body={**told, "isLast": False, "nextPageToken": _encoded(begin + size)})
        return Answer(body={**told, "isLast": True})

    def _found(self, jql: str) -> list[Item]:
        projects, since = _PROJECTS.search(jql), _SINCE.search(jql)
        if projects is None:
            raise Refusal(self.error(400))
        held = (self.issues if self.index is None else self.index).values()
        found = [one for one in held if f'"{one["key"].split("-")[0]}"' in projects[1]]
        if "BROWSE_PROJECTS" not in self.rights:
            found = []
        if "statusCategory != Done" in jql:
            found = [
                one for one in found if one["fields"]["status"]["statusCategory"]["key"] != "done"
            ]
        if since is not None:
            earliest = (self.clock() - int(since[1]) * _MINUTE).replace(second=0, microsecond=0)
            found = [one for one in found if _at(one) >= earliest]
        return sorted(found, key=lambda one: (_at(one), int(one["id"])))

    # --- names ---

    def _permissions(self, query: Mapping[str, str]) -> Answer:
        if query["projectKey"] != "SUP" or "BROWSE_PROJECTS" not in self.rights:
            key = query["projectKey"]
            return Answer(404, {"errorMessages": [f"No project could be found with key '{key}'."]})
        asked = query["permissions"].split(",")
        held = {one: {"key": one, "havePermission": one in self.rights} for one in asked}
        return Answer(body={"permissions": held})

    def _fields(self) -> list[Item]:
        return [
            {"id": number, "name": name, "custom": True, "schema": {"type": kind, "custom": custom}}
            for number, name, kind, custom in self.fields
        ]

    def _statuses(self) -> list[Item]:
        return [
            {"id": number, "name": name, "statusCategory": {"key": category}}
            for number, name, category in self.statuses
        ]

    def _user(self, account: str) -> Answer:
        if account not in self.users:
            return Answer(404, {"errorMessages": ["Specified user does not exist"]})
        return Answer(body=self.users[account])

    def _assignable(self, query: str) -> Answer:
        people = (one for one in self.users.values() if one["accountType"] == "atlassian")
        return Answer(body=[one for one in people if query in str(one)])

    # --- writing ---

    def _edit(self, issue: Item, body: Item) -> Answer:
        values = dict(body.get("fields", {}))
        name = (values.get("priority") or {"name": "High"})["name"]
        if name not in PRIORITIES:
            said = {"priority": f"The priority selected is invalid: {name}"}
            return Answer(400, {"errorMessages": [], "errors": said})
        if values.get("assignee"):
            values["assignee"] = self.users[values["assignee"]["accountId"]]
        labels = list(issue["fields"]["labels"])
        for one in body.get("update", {}).get("labels", ()):
            labels = [each for each in labels if each not in one.values()]
            labels += [one["add"]] if "add" in one else []
        if labels != issue["fields"]["labels"]:
            values["labels"] = labels
        self.change(int(issue["id"]), self.clock(), OURSELVES, **values)
        return Answer(204)

    def _transitions(self, issue: Item) -> list[Item]:
        here = issue["fields"]["status"]["name"]
        names = [name for name in self.leads_to if name != here]
        return [{"id": f"3{i}", "name": f"Go to {n}", "to": status(n)} for i, n in enumerate(names)]

    def _transit(self, issue: Item, transition: str) -> Answer:
        found = [one for one in self._transitions(issue) if one["id"] == transition]
        if not found:
            return Answer(400, {"errorMessages": ["Transition is not valid"], "errors": {}})
        self.change(int(issue["id"]), self.clock(), OURSELVES, status=found[0]["to"])
        return Answer(204)

    def _remarks(self, issue: Item, request: Request) -> Answer:
        number = issue["id"]
        if request.method == "POST":
            text, is_public = request.body["body"], request.body.get("public", True)
            said = self.say(int(number), self.clock(), OURSELVES, text, is_public=is_public)
            return Answer(201, _remark(said))
        return _offset([_remark(one) for one in self.said[number]], request.query, "values")


def document(text: str) -> Item:
    """A text as a document: paragraphs, and lines in them."""
    paragraphs = [
        {
            "type": "paragraph",
            "content": [
                node
                for place, line in enumerate(paragraph.split("\n"))
                for node in ([{"type": "hardBreak"}] if place else []) + _words(line)
            ],
        }
        for paragraph in text.strip().split("\n\n")
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def _words(line: str) -> list[Item]:
    return [{"type": "text", "text": line}] if line else []


def _remark(comment: Item) -> Item:
    at = datetime.strptime(comment["created"], "%Y-%m-%dT%H:%M:%S.%f%z")
    author = {name: comment["author"].get(name) for name in ("accountId", "displayName")}
    return {
        "id": comment["id"],
        "body": comment["text"],
        "public": comment["jsdPublic"],
        "author": author,
        "created": {"iso8601": at.isoformat(), "epochMillis": int(at.timestamp() * 1000)},
    }


def _told(before: Value, after: Value) -> Item:
    told: Item = {}
    for where, value in (("from", before), ("to", after)):
        if isinstance(value, dict):
            name = value.get("name") or value.get("value") or value.get("displayName")
            told |= {where: value.get("id") or value.get("accountId"), f"{where}String": name}
        elif isinstance(value, list):
            told |= {where: "", f"{where}String": " ".join(value)}
        else:
            told |= {where: None, f"{where}String": value}
    return told


def _with_fields(issue: Item, names: Sequence[str]) -> Item:
    fields = {name: value for name, value in issue["fields"].items() if name in names}
    told = {"id": issue["id"], "key": issue["key"]}
    return {**told, "fields": fields} if fields else told


def _offset(items: Sequence[Item], query: Mapping[str, str], what: str) -> Answer:
    begin = int(query.get("startAt") or query.get("start") or 0)
    size = min(int(query.get("maxResults") or query.get("limit") or 50), 100)
    page = items[begin : begin + size]
    is_last = begin + size >= len(items)
    if "limit" in query:
        return Answer(body={what: page, "size": len(page), "start": begin, "isLastPage": is_last})
    return Answer(body={what: page, "startAt": begin, "total": len(items), "isLast": is_last})


def _at(issue: Item) -> datetime:
    return datetime.strptime(issue["fields"]["updated"], "%Y-%m-%dT%H:%M:%S.%f%z")


def _stamp(at: datetime) -> str:
    milliseconds = at.microsecond // 1000
    return at.astimezone(UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{milliseconds:03}+0000")


def _encoded(begin: int) -> str:
    return base64.b64encode(f"C{begin}".encode()).decode()


def _decoded(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token).decode().removeprefix("C"))
    except ValueError:
        raise Refusal(Answer(400, {"errorMessages": ["The nextPageToken is invalid."]})) from None
