"""Redmine and Request Tracker as stub servers, for the conformance suite and for what is quick.

The real ones are in `tests/helpdesks/real`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.helpdesks.stub_worlds import StubWorld
from tests.helpdesks.stubs import redmine, rt
from tests.helpdesks.stubs.redmine import RedmineStub
from tests.helpdesks.stubs.rt import RtStub

A_MOMENT: Final = timedelta(seconds=10)
LONG_BEFORE: Final = datetime(2016, 3, 2, 12, tzinfo=UTC)


class RedmineWorld(StubWorld):
    """A Redmine, and what its people do there."""

    statuses: Mapping[str, int] = {
        "new": 1,
        "open": 2,
        "resolved": 3,
        "pending_customer": 4,
        "closed": 5,
    }
    priorities: Mapping[str, int] = {"low": 1, "medium": 2, "high": 3, "urgent": 4}

    def __init__(self, folder: Path) -> None:
        self.redmine = RedmineStub()
        super().__init__(folder, self.redmine, "kind: redmine, custom_fields: {tags: Tags}")

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        values: dict[str, Any] = {}
        for name, value in state.items():
            if name == "status":
                values["status_id"] = self.statuses[value]
            elif name == "priority":
                values["priority_id"] = self.priorities[value]
            elif name == "group":
                values["project_id"] = self.redmine.project(value)
            else:
                values[name] = value
        if int(ticket) in self.redmine.issues:
            self.redmine.update(int(ticket), at, **values)
        else:
            self.redmine.open_issue(int(ticket), at, **values)

    def garble(self) -> None:
        broken = self.redmine.open_issue(666, LONG_BEFORE)
        broken["created_on"] = "the day before yesterday"

    def done(self) -> list[tuple[str, str]]:
        found = sorted(
            (entry["id"], number, _what(entry))
            for number, journal in self.redmine.journals.items()
            for entry in journal
            if entry["user"]["id"] == redmine.OURSELVES
        )
        return [(f"desk:{number}", what) for _, number, what in found]


def _what(entry: Mapping[str, Any]) -> str:
    if not entry["notes"]:
        return "change"
    return "note" if entry["private_notes"] else "reply"


class RtWorld(StubWorld):
    """A Request Tracker, and what its people do there; by its clock it is just after that."""

    statuses: Mapping[str, str] = {"pending_customer": "stalled", "closed": "rejected"}
    priorities: Mapping[str, str] = {"low": "0", "medium": "50", "high": "100", "urgent": "150"}

    def __init__(self, folder: Path) -> None:
        self.rt = RtStub(clock=lambda: self.now)
        self.now = LONG_BEFORE
        super().__init__(folder, self.rt, "kind: rt, custom_fields: {tags: Tags}")

    def happen(self, at: datetime, ticket: str, **state: str) -> None:
        self.now = max(self.now, at + A_MOMENT)
        values: dict[str, Any] = {}
        for name, value in state.items():
            if name == "status":
                values["Status"] = self.statuses.get(value, value)
            elif name == "priority":
                values["Priority"] = self.priorities[value]
            elif name == "group":
                values["Queue"] = self.rt.queue(value)
            else:
                values[name.title()] = value
        if int(ticket) in self.rt.tickets:
            self.rt.update(int(ticket), at, **values)
        else:
            self.rt.open_ticket(int(ticket), at, **values)

    def garble(self) -> None:
        broken = self.rt.open_ticket(666, LONG_BEFORE)
        broken["Created"] = "the day before yesterday"

    def done(self) -> list[tuple[str, str]]:
        names = {"Comment": "note", "Correspond": "reply", "Set": "change"}
        return [
            (f"desk:{one['ObjectId']}", names[one["Type"]])
            for one in self.rt.transactions.values()
            if one["Creator"]["id"] == rt.OURSELVES
        ]


TRACKER_WORLDS: Mapping[str, Callable[[Path], StubWorld]] = {
    "redmine": RedmineWorld,
    "rt": RtWorld,
}
