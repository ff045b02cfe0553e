"""Helpdesks behind stub servers: what the conformance suite and the fault matrix need of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx

from engine.helpdesks import open_helpdesk
from engine.helpdesks.freshdesk.desk import FreshdeskHelpdesk
from engine.helpdesks.freshdesk.options import FreshdeskOptions
from engine.helpdesks.jira.desk import JiraHelpdesk
from engine.helpdesks.jira.options import JiraOptions
from engine.helpdesks.options import HelpdeskOptions
from engine.helpdesks.zammad.desk import ZammadHelpdesk
from engine.helpdesks.zammad.options import ZammadOptions
from engine.helpdesks.zendesk.desk import ZendeskHelpdesk
from engine.helpdesks.zendesk.options import ZendeskOptions
from engine.ports import Batch, Helpdesk
from tests.helpdesks.stubs import freshdesk, jira, zammad
from tests.helpdesks.stubs.freshdesk import FreshdeskStub
from tests.helpdesks.stubs.jira import JiraStub
from tests.helpdesks.stubs.server import Limit, Stub, StubServer
from tests.helpdesks.stubs.zammad import ZammadStub
from tests.helpdesks.stubs.zendesk import ANN, OURSELVES, ZendeskStub
from tests.helpdesks.worlds import options_of


@dataclass
class StubWorld:
    """What the worlds behind stub servers share."""

    folder: Path
    stub: Stub
    options: str
    keeps_history: bool = True
    foretells: bool = False
    dates_changes: bool = True
    timeout: str = "5s"
    server: StubServer = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "token").write_text(f"{self.stub.token}\n", encoding="utf-8")
        self.server = StubServer(self.stub)

    def open(self) -> Helpdesk:
        return open_helpdesk("desk", self.configured)

    @property
    def configured(self) -> HelpdeskOptions:
        """The options, as the config file gives them."""
        where = f"url: '{self.server.url}', token_file: token, timeout: {self.timeout}"
        return options_of(self.folder, f"{{{self.options}, {where}}}")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits of the stub."""
        raise NotImplementedError

    def narrow(self) -> None:
        """It takes as few requests as its vendor's smallest plan."""
        raise NotImplementedError

    def simulated(self, transport: httpx.BaseTransport, clock: Callable[[], datetime]) -> Helpdesk:
        """A connection without a socket, in simulated time."""
        raise NotImplementedError

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        raise NotImplementedError

    def garble(self) -> None:
        raise NotImplementedError

    def done(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    def commit(self, batch: Batch) -> None:
        """What was told is kept nowhere."""

    def sever(self) -> None:
        self.server.sever()

    def mend(self) -> None:
        self.server.mend()

    def close(self) -> None:
        self.server.sever()


class ZendeskWorld(StubWorld):
    """A stub of Zendesk, and what people do there."""

    statuses: ClassVar[Mapping[str, str]] = {
        "pending_customer": "pending",
        "pending_internal": "hold",
        "resolved": "solved",
    }

    def __init__(self, folder: Path) -> None:
        self.zendesk = ZendeskStub()
        more = "exports_per_minute: '1000'"
        super().__init__(folder, self.zendesk, f"kind: zendesk, email: bot@desk.example, {more}")

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        values: dict[str, Any] = dict(state)
        if "status" in state:
            values["status"] = self.statuses.get(state["status"], state["status"])
        if state.get("priority") == "medium":
            values["priority"] = "normal"
        if "group" in state:
            values["group_id"] = self._group(values.pop("group"))
        if int(ticket) in self.zendesk.tickets:
            self.zendesk.update(int(ticket), at, ANN, **values)
        else:
            self.zendesk.open_ticket(int(ticket), at, **values)

    @property
    def limits(self) -> tuple[Limit, ...]:
        return (self.zendesk.account_limit, self.zendesk.export_limit)

    def narrow(self) -> None:
        self.zendesk.account_limit.requests = 200
        self.zendesk.export_limit.requests = 10
        self.options = self.options.replace("'1000'", "'10'")

    def simulated(self, transport: httpx.BaseTransport, clock: Callable[[], datetime]) -> Helpdesk:
        options = self.configured
        assert isinstance(options, ZendeskOptions)
        return ZendeskHelpdesk("desk", options, transport, clock)

    def _group(self, name: str) -> int:
        groups = self.zendesk.groups
        known = {one: number for number, one in groups.items()}
        if name not in known:
            groups[max(groups) + 1] = name
        return known.get(name, max(groups))

    def garble(self) -> None:
        at = datetime(2016, 3, 2, 17, tzinfo=UTC)
        self.zendesk.open_ticket(666, at)["created_at"] = "the day before yesterday"

    def done(self) -> list[tuple[str, str]]:
        return [
            (f"desk:{number}", _what(event))
            for number, story in self.zendesk.stories.items()
            for audit in story
            if audit["author_id"] == OURSELVES
            for event in audit["events"]
        ]


def _what(event: dict[str, Any]) -> str:
    if event["type"] == "Change":
        return "change"
    return "reply" if event["public"] else "note"


class ZammadWorld(StubWorld):
    """A stub of Zammad, and what people do there."""

    names: ClassVar[Mapping[str, str]] = {"status": "state", "subject": "title"}
    states: ClassVar[Mapping[str, str]] = {
        "pending_customer": "pending reminder",
        "resolved": "closed",
        "closed": "archived",
    }
    priorities: ClassVar[Mapping[str, str]] = {
        "low": "1 low",
        "medium": "2 normal",
        "high": "3 high",
        "urgent": "4 urgent",
    }

    def __init__(self, folder: Path) -> None:
        self.zammad = ZammadStub()
        more = "states: {archived: closed}, priorities: {urgent: 4 urgent}"
        super().__init__(folder, self.zammad, f"kind: zammad, {more}")

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        values = {self.names.get(name, name): value for name, value in state.items()}
        if "state" in values:
            values["state"] = self.states.get(values["state"], values["state"])
        if "priority" in values:
            values["priority"] = self.priorities[values["priority"]]
        self.zammad.groups |= {values.get("group", "Users")}
        if int(ticket) in self.zammad.tickets:
            self.zammad.update(int(ticket), at, zammad.ANN, **values)
        else:
            self.zammad.open_ticket(int(ticket), at, **values)

    @property
    def limits(self) -> tuple[Limit, ...]:
        return (self.zammad.limit,)

    def narrow(self) -> None:
        """Zammad knows no limits."""

    def simulated(self, transport: httpx.BaseTransport, clock: Callable[[], datetime]) -> Helpdesk:
        options = self.configured
        assert isinstance(options, ZammadOptions)
        return ZammadHelpdesk("desk", options, transport, clock)

    def garble(self) -> None:
        at = datetime(2016, 3, 2, 17, tzinfo=UTC)
        self.zammad.open_ticket(666, at)["created_at"] = "the day before yesterday"

    def done(self) -> list[tuple[str, str]]:
        found = [
            (one["id"], number, "change")
            for number, story in self.zammad.stories.items()
            for one in story
            if one["created_by_id"] == zammad.OURSELVES
        ]
        found += [
            (one["id"], number, "note" if one["internal"] else "reply")
            for number, said in self.zammad.said.items()
            for one in said
            if one["created_by_id"] == zammad.OURSELVES
        ]
        return [(f"desk:{number}", what) for _, number, what in sorted(found)]


class FreshdeskWorld(StubWorld):
    """A stub of Freshdesk, and what people do there."""

    statuses: ClassVar[Mapping[str, int]] = {
        "open": 2,
        "pending_customer": 3,
        "resolved": 4,
        "closed": 5,
    }
    priorities: ClassVar[Mapping[str, int]] = {"low": 1, "medium": 2, "high": 3, "urgent": 4}

    def __init__(self, folder: Path) -> None:
        self.freshdesk = FreshdeskStub()
        more = "lists_per_minute: '1000'"
        super().__init__(folder, self.freshdesk, f"kind: freshdesk, {more}", keeps_history=False)

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        values: dict[str, Any] = dict(state)
        if "status" in state:
            values["status"] = self.statuses[state["status"]]
        if "priority" in state:
            values["priority"] = self.priorities[state["priority"]]
        if "group" in state:
            values["group_id"] = self._group(values.pop("group"))
        if int(ticket) in self.freshdesk.tickets:
            self.freshdesk.update(int(ticket), at, **values)
        else:
            self.freshdesk.open_ticket(int(ticket), at, **values)

    @property
    def limits(self) -> tuple[Limit, ...]:
        return (self.freshdesk.limit, self.freshdesk.list_limit)

    def narrow(self) -> None:
        self.freshdesk.limit.requests = 100
        self.freshdesk.list_limit.requests = 20
        self.options = self.options.replace("'1000'", "'20'")

    def simulated(self, transport: httpx.BaseTransport, clock: Callable[[], datetime]) -> Helpdesk:
        options = self.configured
        assert isinstance(options, FreshdeskOptions)
        return FreshdeskHelpdesk("desk", options, transport, clock)

    def _group(self, name: str) -> int:
        groups = self.freshdesk.groups
        known = {one: number for number, one in groups.items()}
        if name not in known:
            groups[max(groups) + 1] = name
        return known.get(name, max(groups))

    def garble(self) -> None:
        at = datetime(2016, 3, 2, 17, tzinfo=UTC)
        self.freshdesk.open_ticket(666, at)["created_at"] = "the day before yesterday"

    def done(self) -> list[tuple[str, str]]:
        changed = [(f"desk:{number}", "change") for number in self.freshdesk.changed_by_us]
        said = sorted(
            (one["id"], f"desk:{number}", "note" if one["private"] else "reply")
            for number, conversations in self.freshdesk.said.items()
            for one in conversations
            if one["user_id"] == freshdesk.OURSELVES
        )
        return changed + [(ticket, what) for _, ticket, what in said]


class JiraWorld(StubWorld):
    """A stub of Jira Service Management, and what people do there."""

    statuses: ClassVar[Mapping[str, str]] = {
        "new": "To Do",
        "open": "In Progress",
        "pending_customer": "Waiting for customer",
        "resolved": "Resolved",
        "closed": "Closed",
    }

    def __init__(self, folder: Path) -> None:
        self.jira = JiraStub()
        more = "email: bot@desk.example, projects: [SUP], custom_fields: {group: Team}"
        super().__init__(folder, self.jira, f"kind: jira, {more}")

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        values: dict[str, Any] = {}
        if "status" in state:
            values["status"] = jira.status(self.statuses[state["status"]])
        if "priority" in state:
            name = state["priority"].title() if state["priority"] != "urgent" else "Highest"
            values["priority"] = {"name": name}
        if "group" in state:
            values[jira.TEAM] = {"value": state["group"]}
        if "subject" in state:
            values["summary"] = state["subject"]
        if ticket in self.jira.issues:
            self.jira.change(int(ticket), at, jira.ANN, **values)
        else:
            self.jira.open_issue(int(ticket), at, **values)

    @property
    def limits(self) -> tuple[Limit, ...]:
        return (self.jira.limit,)

    def narrow(self) -> None:
        """Jira tells of its limits only when they are spent."""

    def simulated(self, transport: httpx.BaseTransport, clock: Callable[[], datetime]) -> Helpdesk:
        options = self.configured
        assert isinstance(options, JiraOptions)
        return JiraHelpdesk("desk", options, transport, clock)

    def garble(self) -> None:
        at = datetime(2016, 3, 2, 17, tzinfo=UTC)
        self.jira.open_issue(666, at)["fields"]["created"] = "the day before yesterday"

    def done(self) -> list[tuple[str, str]]:
        found = [
            (int(one["id"]), number, "change")
            for number, story in self.jira.stories.items()
            for one in story
            if one["author"]["accountId"] == jira.OURSELVES
        ]
        found += [
            (int(one["id"]), number, "reply" if one["jsdPublic"] else "note")
            for number, said in self.jira.said.items()
            for one in said
            if one["author"]["accountId"] == jira.OURSELVES
        ]
        return [(f"desk:{number}", what) for _, number, what in sorted(found)]


STUB_WORLDS: Mapping[str, Callable[[Path], StubWorld]] = {
    "freshdesk": FreshdeskWorld,
    "jira": JiraWorld,
    "zammad": ZammadWorld,
    "zendesk": ZendeskWorld,
}
"""Helpdesks that nobody can run here."""
