"""What ids in Jira's answers stand for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.helpdesks.jira.client import Item, JiraClient

_PARTICIPANTS: Final = "com.atlassian.servicedesk:sd-request-participants"
_SLA: Final = "com.atlassian.servicedesk:sd-sla-field"


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of issues.

    Attributes:
        told: As Jira tells them.
    """

    told: tuple[Item, ...]

    def named(self, name: str) -> Item | None:
        """A field by its id or its name."""
        by_id = next((one for one in self.told if one["id"] == name), None)
        return by_id or next((one for one in self.told if one["name"] == name), None)

    def id_of(self, name: str) -> str:
        """The id of a field; the name itself where there is none."""
        found = self.named(name)
        return str(found["id"]) if found else name

    @property
    def participants(self) -> str | None:
        """Id of the field that holds who takes part in a request."""
        return next((str(one["id"]) for one in self.told if _custom(one) == _PARTICIPANTS), None)

    def sla(self, name: str | None) -> str | None:
        """Id of the field that holds an SLA."""
        slas = (one for one in self.told if _custom(one) == _SLA and one["name"] == name)
        return next((str(one["id"]) for one in slas), None)


class Names:
    """Names by id, asked for once. Threads share it."""

    def __init__(self, client: JiraClient) -> None:
        """Ask nobody yet."""
        self._client = client
        self._fields: Fields | None = None
        self._statuses: dict[str, Item] | None = None
        self._people: dict[str, str] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Ask anew: people rename statuses."""
        with self._lock:
            self._fields, self._statuses, self._people = None, None, {}

    def fields(self) -> Fields:
        """All fields of issues."""
        found = self._fields
        if found is None:
            found = Fields(tuple(self._client.fields()))
            with self._lock:
                self._fields = found
        return found

    def statuses(self) -> Mapping[str, Item]:
        """All statuses by id."""
        found = self._statuses
        if found is None:
            found = {str(one["id"]): one for one in self._client.statuses()}
            with self._lock:
                self._statuses = found
        return found

    def person(self, account: object) -> str | None:
        """The e-mail address of a user; the account id where it is hidden."""
        if not account:
            return None
        key = str(account)
        if key not in self._people:
            self.learn(self._client.person(key) or {"accountId": key})
        return self._people.get(key, key)

    def learn(self, user: Mapping[str, Any]) -> None:
        """Remember a user as Jira tells him."""
        with self._lock:
            key = str(user["accountId"])
            self._people[key] = str(user.get("emailAddress") or key)


def _custom(told: Item) -> object:
    return (told.get("schema") or {}).get("custom")
