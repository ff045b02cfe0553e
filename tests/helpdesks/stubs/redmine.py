"""A stub of Redmine's REST interface, as of Redmine 5.0.4.

Its answers are those that the real one gave (`tests/helpdesks/real`): 204 for what it leaves
undone, no tickets and 200 for a key that it does not know, 401 with no body for who asks who that
is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final

from tests.helpdesks.stubs.server import Answer, Call, Refusal, Request, Stub, stamp

OURSELVES: Final = 2
ANN: Final = 3
EVE: Final = 11
ROLE: Final = 4
PERMISSIONS: Final = ("view_issues", "edit_issues", "add_issue_notes", "set_notes_private")
_ISSUE: Final = re.compile(r"/issues/(\d+)\.json")
_STATUSES: Final = {
    1: ("New", False),
    2: ("In Progress", False),
    3: ("Resolved", False),
    4: ("Feedback", False),
    5: ("Closed", True),
    6: ("Rejected", True),
}
_PRIORITIES: Final = {1: "Low", 2: "Normal", 3: "High", 4: "Urgent", 5: "Immediate"}
_TRACKERS: Final = {1: "Bug", 2: "Feature", 3: "Support"}
_USERS: Final = {OURSELVES: "escalatord", ANN: "ann", EVE: "eve"}
_NAMED: Final = {
    "status": {number: name for number, (name, _) in _STATUSES.items()},
    "priority": _PRIORITIES,
    "tracker": _TRACKERS,
}
_CATEGORIES: Final = {1: "Hardware", 2: "Software"}
_CUSTOM: Final = {"tags": 7, "tier": 8, "contact": 9}
"""Custom fields, with their numbers; one that holds a list takes several values."""

Item = dict[str, Any]


@dataclass
class RedmineStub(Stub):
    """One Redmine.

    Attributes:
        projects: Number → identifier.
        permissions: Of our role.
        readonly: Keys of a PUT that the workflow forbids; they are left undone.
    """

    issues: dict[int, Item] = field(default_factory=dict)
    journals: dict[int, list[Item]] = field(default_factory=dict)
    projects: dict[int, str] = field(default_factory=lambda: {1: "desk"})
    permissions: Sequence[str] = PERMISSIONS
    readonly: set[str] = field(default_factory=set)
    ids: count[int] = field(default_factory=lambda: count(1))

    # --- what people do ---

    def project(self, name: str) -> int:
        """The number of a project; a new one, if there is none of that name."""
        known = {one: number for number, one in self.projects.items()}
        if name not in known:
            self.projects[max(self.projects) + 1] = name
        return known.get(name, max(self.projects))

    def open_issue(self, number: int, at: datetime, **values: object) -> Item:
        """A customer opens a ticket."""
        self.journals[number] = []
        self.issues[number] = {
            "id": number,
            "project_id": 1,
            "tracker_id": 3,
            "status_id": 1,
            "priority_id": 2,
            "assigned_to_id": None,
            "author_id": EVE,
            "subject": "s",
            "category_id": None,
            "due_date": None,
            **dict.fromkeys(_CUSTOM, ""),
            "created_on": stamp(at),
            "updated_on": stamp(at),
            **values,
        }
        return self.issues[number]

    def update(
        self, number: int, at: datetime, by: int = ANN, notes: str = "", **values: object
    ) -> None:
        """Somebody changes a ticket, or writes on it; `is_private` is about what they write."""
        issue, is_private = self.issues[number], bool(values.pop("is_private", False))
        changed = {name: value for name, value in values.items() if issue[name] != value}
        if not changed and not notes:
            return
        details = [
            one for name, value in changed.items() for one in _details(name, issue[name], value)
        ]
        issue |= {**changed, "updated_on": stamp(at)}
        self.journals[number].append(
            {
                "id": next(self.ids),
                "user": {"id": by, "name": _USERS[by].title()},
                "notes": notes,
                "private_notes": is_private,
                "created_on": stamp(at),
                "details": details,
            }
        )

    # --- what is asked ---

    def call_of(self, request: Request) -> Call:
        path = request.path
        if path == "/users/current.json":
            return Call.IDENTITY
        if path == "/issues.json":
            return Call.LIST
        if not _ISSUE.fullmatch(path):
            return Call.NAMES
        if request.method == "GET":
            return Call.READ
        told = (request.body or {}).get("issue") or {}
        if "notes" in told:
            return Call.NOTE if told.get("private_notes") else Call.REPLY
        return Call.CHANGE

    def error(self, status: int) -> Answer:
        bodies: Mapping[int, object] = {
            422: {"errors": ["Updated is invalid"]},
            500: "<!DOCTYPE html><html><body>Internal error</body></html>",
        }
        return Answer(status, bodies.get(status))

    def handle(self, request: Request) -> Answer:
        is_known = request.headers.get("x-redmine-api-key") == self.token
        if not is_known and request.path == "/issues.json":
            return Answer(body={"issues": [], "total_count": 0, "offset": 0, "limit": 25})
        if not is_known:
            return self.error(401)
        found = _ISSUE.fullmatch(request.path)
        if found is not None:
            return self._on_issue(request, int(found[1]))
        if request.path == "/issues.json":
            return Answer(body=self._listed(request.query))
        return self._names(request.path)

    def _on_issue(self, request: Request, number: int) -> Answer:
        if number not in self.issues:
            raise Refusal(self.error(404))
        if "view_issues" not in self.permissions:
            raise Refusal(self.error(403))
        if request.method == "GET":
            told = {**self._told(self.issues[number]), "journals": self.journals[number]}
            return Answer(body={"issue": told})
        self._put(number, dict(request.body["issue"]))
        return Answer(204)

    def _put(self, number: int, body: Item) -> None:
        """What the role or the workflow forbids is left undone, without a word."""
        notes = str(body.pop("notes", "")) if "add_issue_notes" in self.permissions else ""
        is_private = body.pop("private_notes", False) and "set_notes_private" in self.permissions
        for custom in body.pop("custom_fields", ()):
            body |= {name: custom["value"] for name, n in _CUSTOM.items() if n == custom["id"]}
        may_edit = "edit_issues" in self.permissions
        kept = {
            name: value or ("" if name in _CUSTOM else None)
            for name, value in body.items()
            if may_edit and name in self.issues[number] and name not in self.readonly
        }
        self.update(number, self.clock(), OURSELVES, notes, is_private=is_private, **kept)

    def _listed(self, query: Mapping[str, str]) -> Item:
        found = [one for one in self.issues.values() if self._matches(one, query)]
        if "view_issues" not in self.permissions:
            found = []
        key, _, direction = query.get("sort", "id:desc").partition(":")
        found.sort(key=lambda one: (one[key], one["id"]), reverse=direction == "desc")
        size = min(int(query.get("limit", 25)), 100)
        told = [self._told(one) for one in found[:size]]
        return {"issues": told, "total_count": len(found), "offset": 0, "limit": size}

    def _matches(self, issue: Item, query: Mapping[str, str]) -> bool:
        is_closed = _STATUSES[issue["status_id"]][1]
        return (
            (query.get("status_id", "open") == "*" or not is_closed)
            and issue["id"] >= int(query.get("issue_id", ">=0").removeprefix(">="))
            and issue["updated_on"] >= query.get("updated_on", ">=").removeprefix(">=")
            and query.get("project_id", self._project(issue)) == self._project(issue)
        )

    def _project(self, issue: Item) -> str:
        return self.projects[issue["project_id"]]

    def _told(self, issue: Item) -> Item:
        told = {name: issue[name] for name in ("id", "subject", "created_on", "updated_on")}
        told["project"] = {"id": issue["project_id"], "name": self._project(issue).title()}
        told["author"] = {"id": issue["author_id"], "name": _USERS[issue["author_id"]].title()}
        for name, values in _NAMED.items():
            number = issue[f"{name}_id"]
            told[name] = {"id": number, "name": values[number]}
        if issue["assigned_to_id"]:
            who = issue["assigned_to_id"]
            told["assigned_to"] = {"id": who, "name": _USERS[who].title()}
        if issue["category_id"]:
            number = issue["category_id"]
            told["category"] = {"id": number, "name": _CATEGORIES[number]}
        told["due_date"] = issue["due_date"]
        told["custom_fields"] = [
            {"id": number, "name": name.title(), "value": issue[name], **_several(issue[name])}
            for name, number in _CUSTOM.items()
        ]
        return told

    def _names(self, path: str) -> Answer:
        tellers: Mapping[str, Callable[[int], object]] = {
            r"/users/current\.json": lambda _: {"user": self._ourselves()},
            r"/users/(\d+)\.json": lambda number: {"user": _user(number)},
            r"/roles\.json": lambda _: {"roles": [{"id": ROLE, "name": "Desk"}]},
            r"/roles/(\d+)\.json": lambda _: {"role": self._role()},
            r"/projects\.json": lambda _: self._all("projects", self.projects),
            r"/projects/(\d+)\.json": lambda number: {"project": self._one_project(number)},
            r"/projects/(\d+)/memberships\.json": lambda _: _members(),
            r"/issue_statuses\.json": lambda _: {
                "issue_statuses": [
                    {"id": number, "name": name, "is_closed": is_closed}
                    for number, (name, is_closed) in _STATUSES.items()
                ]
            },
            r"/enumerations/issue_priorities\.json": lambda _: {
                "issue_priorities": _rows(_PRIORITIES)
            },
            r"/trackers\.json": lambda _: {"trackers": _rows(_TRACKERS)},
        }
        for pattern, tell in tellers.items():
            found = re.fullmatch(pattern, path)
            if found is not None:
                return Answer(body=tell(int(found[1]) if found.groups() else 0))
        return self.error(404)

    def _ourselves(self) -> Item:
        roles = [{"id": ROLE, "name": "Desk"}]
        held = [{"project": {"id": number}, "roles": roles} for number in self.projects]
        return {**_user(OURSELVES), "memberships": held}

    def _role(self) -> Item:
        permissions = list(self.permissions)
        return {
            "id": ROLE,
            "name": "Desk",
            "issues_visibility": "all",
            "permissions": permissions,
        }

    def _one_project(self, number: int) -> Item:
        if number not in self.projects:
            raise Refusal(self.error(404))
        name = self.projects[number]
        return {
            "id": number,
            "identifier": name,
            "name": name.title(),
            "issue_categories": _rows(_CATEGORIES),
        }

    def _all(self, name: str, numbers: Mapping[int, str]) -> Item:
        return {
            name: [self._one_project(number) for number in numbers],
            "total_count": len(numbers),
        }


def _several(value: object) -> Item:
    return {"multiple": True} if isinstance(value, list) else {}


def _details(name: str, before: object, after: object) -> Iterator[Item]:
    """What a journal tells of a change; of a field with several values, each that came or went."""
    if isinstance(before, list) and isinstance(after, list):
        cf = {"property": "cf", "name": str(_CUSTOM[name])}
        yield from ({**cf, "old_value": one} for one in before if one not in after)
        yield from ({**cf, "new_value": one} for one in after if one not in before)
        return
    is_custom = name in _CUSTOM
    yield {
        "property": "cf" if is_custom else "attr",
        "name": str(_CUSTOM[name]) if is_custom else name,
        "old_value": None if before is None else str(before),
        "new_value": None if after is None else str(after),
    }


def _user(number: int) -> Item:
    if number not in _USERS:
        raise Refusal(Answer(404))
    login = _USERS[number]
    return {"id": number, "login": login, "mail": f"{login}@example.com", "admin": False}


def _members() -> Item:
    roles = [{"id": ROLE, "name": "Desk"}]
    told = [
        {"user": {"id": number, "name": _USERS[number].title()}, "roles": roles}
        for number in (OURSELVES, ANN)
    ]
    return {"memberships": told, "total_count": len(told)}


def _rows(names: Mapping[int, str]) -> list[Item]:
    return [{"id": number, "name": name} for number, name in names.items()]
