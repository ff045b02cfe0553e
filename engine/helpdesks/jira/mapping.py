"""From Jira's words to ours, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from engine.domain.ticket import Customer, Priority, Status, Ticket, Value
from engine.errors import HelpdeskError
from engine.helpdesks.jira.client import Item
from engine.helpdesks.jira.names import Names
from engine.helpdesks.jira.options import JiraOptions

_BY_CATEGORY: Final[Mapping[str, Status]] = {
    "new": Status.NEW,
    "indeterminate": Status.OPEN,
    "done": Status.RESOLVED,
}
_LOWEST: Final = "lowest"
_ASKED_FOR: Final = (
    "summary",
    "status",
    "priority",
    "assignee",
    "reporter",
    "labels",
    "created",
    "updated",
    "issuetype",
)


@dataclass(frozen=True, slots=True)
class Words:
    """Translates for one helpdesk.

    Attributes:
        name: The helpdesk's, as in ``HELPDESK:ID``.
        names: What ids stand for.
    """

    name: str
    options: JiraOptions
    names: Names

    def asked_for(self) -> list[str]:
        """Ids of the fields that a ticket is made of."""
        known = self.names.fields()
        custom = [known.id_of(name) for name in self.options.custom_fields.values()]
        more = (known.participants, known.sla(self.options.sla))
        return [*_ASKED_FOR, *custom, *(one for one in more if one)]

    def ticket(self, told: Item) -> Ticket:
        """A ticket from an issue with the fields that were asked for.

        Raises:
            HelpdeskError: A name cannot be asked for.
            ValueError: Something in it cannot be read.
        """
        fields = told["fields"]
        for who in ("assignee", "reporter"):
            if fields.get(who):
                self.names.learn(fields[who])
        known = self.names.fields()
        custom = {
            theirs: _plain(fields.get(known.id_of(theirs)))
            for theirs in self.options.custom_fields.values()
        }
        held = self.options.held.on_ticket(custom)
        return Ticket(
            id=f"{self.name}:{told['id']}",
            created_at=instant(fields["created"]),
            status=self.status(fields["status"]),
            raw_status=str(fields["status"]["name"]),
            subject=str(fields.get("summary") or ""),
            priority=self.priority((fields.get("priority") or {}).get("name")),
            tags=tuple(map(str, fields.get("labels") or ())),
            assignee=self.names.person((fields.get("assignee") or {}).get("accountId")),
            due_at=_deadline(fields.get(known.sla(self.options.sla) or "")),
            customer=self._customer(fields.get("reporter") or {}, custom),
            **{
                "type": (fields.get("issuetype") or {}).get("name"),
                **held,
                "fields": {**held["fields"], "key": str(told["key"])},
            },
        )

    def status(self, told: Item) -> Status:
        """Our word for a status; where its name says nothing, by its category."""
        category = str((told.get("statusCategory") or {}).get("key"))
        by_category = _BY_CATEGORY.get(category, Status.OPEN)
        return self.options.statuses.get(str(told["name"]).casefold(), by_category)

    def past_status(self, number: object, name: object) -> Status:
        """As `status`, of one that an issue had once; it may have been deleted since."""
        return self.status(self.names.statuses().get(str(number)) or {"name": name})

    def priority(self, name: object) -> Priority | None:
        """Our word for a priority; none for one that nobody has explained."""
        wanted = str(name or "").casefold()
        named = self.options.priorities.items()
        found = next((word for word, theirs in named if theirs.casefold() == wanted), None)
        return Priority.LOW if found is None and wanted == _LOWEST else found

    def participants(self, told: Item) -> set[str]:
        """Account ids of the customers who take part in a request."""
        fields = told["fields"]
        people = [fields.get("reporter"), *(fields.get(self.names.fields().participants) or ())]
        return {str(one["accountId"]) for one in people if one}

    def written(
        self, changes: Mapping[str, Value], labels: Sequence[str], assignees: Sequence[Item]
    ) -> dict[str, Any]:
        """What to send to Jira so that fields hold these values; a status takes a transition.

        Args:
            changes: Our field → its value.
            labels: What the issue bears now: they are given and taken one by one.
            assignees: Users to whom the issue can be given.

        Raises:
            HelpdeskError: Jira has no word for one of them.
        """
        fields: dict[str, Any] = {}
        update: dict[str, Any] = {}
        for field, value in changes.items():
            if field in self.options.custom_fields:
                known = self.names.fields().named(self.options.custom_fields[field])
                fields |= self._custom(field, known, value)
            elif field == "subject":
                fields["summary"] = value
            elif field == "priority":
                fields["priority"] = {"name": self.options.priorities[Priority(str(value))]}
            elif field == "assignee":
                fields["assignee"] = self._assignee(value, assignees)
            elif field == "tags":
                update["labels"] = _given_and_taken(value, labels)
        return {
            **({"fields": fields} if fields else {}),
            **({"update": update} if update else {}),
        }

    def transition(self, value: Value, told: Sequence[Item]) -> str:
        """The id of a transition that leads to a status.

        Raises:
            HelpdeskError: None does.
        """
        found = next((one for one in told if self.status(one["to"]) == value), None)
        if found is None:
            known = ", ".join(str(one["to"]["name"]) for one in told) or "nowhere"
            raise HelpdeskError(
                f"{self.name}: no transition leads from here to {value}, but to {known}:"
                " add one to the workflow, or name a status under `statuses`"
            )
        return str(found["id"])

    def _assignee(self, value: Value, people: Sequence[Item]) -> dict[str, str] | None:
        if not value:
            return None
        for one in people:
            self.names.learn(one)
            if self.names.person(one["accountId"]) == value:
                return {"accountId": str(one["accountId"])}
        raise HelpdeskError(
            f"{self.name}: Jira shows nobody '{value}' to whom the issue can be given; where"
            " addresses are hidden, write the account id"
        )

    def _custom(self, field: str, known: Item | None, value: Value) -> dict[str, Any]:
        theirs = self.options.custom_fields[field]
        if known is None:
            raise HelpdeskError(f"{self.name}: Jira has no field '{theirs}' (our {field})")
        kind = str((known.get("schema") or {}).get("type"))
        if value is None or value == "":
            return {str(known["id"]): None}
        if kind not in _WRITTEN:
            raise HelpdeskError(
                f"{self.name}: '{theirs}' (our {field}) is of type {kind}, which cannot be set:"
                f" take one of {', '.join(_WRITTEN)}"
            )
        name = _WRITTEN[kind]
        return {str(known["id"]): {name: value} if name else value}

    def _customer(self, reporter: Item, custom: Mapping[str, object]) -> Customer:
        held = self.options.held.on_customer(custom)
        return Customer(
            id=reporter.get("accountId") or None,
            name=reporter.get("displayName") or None,
            email=reporter.get("emailAddress") or None,
            tier=held.get("tier"),
            organization=held.get("organization"),
            language=held.get("language"),
        )


_WRITTEN: Final[Mapping[str, str | None]] = {"string": None, "option": "value", "group": "name"}
"""Types of fields that can be set → under which name they take a text."""


def instant(text: object) -> datetime:
    """An instant (aware UTC, whole seconds) from Jira's text.

    Raises:
        ValueError: It is none.
    """
    return datetime.fromisoformat(str(text)).astimezone(UTC).replace(microsecond=0)


def _deadline(sla: object) -> datetime | None:
    """When the running cycle of an SLA is breached; none while it pauses or is over."""
    cycle = sla.get("ongoingCycle") if isinstance(sla, dict) else None
    millis = ((cycle or {}).get("breachTime") or {}).get("epochMillis")
    return datetime.fromtimestamp(int(millis) // 1000, UTC) if millis else None


def _plain(value: object) -> object:
    """A field's value without what surrounds it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return next((value[key] for key in ("value", "name", "displayName") if key in value), None)
    return value


def _given_and_taken(wanted: Value, labels: Sequence[str]) -> list[dict[str, str]]:
    after = wanted if isinstance(wanted, tuple) else ()
    given = [{"add": one} for one in after if one not in labels]
    return [*given, *({"remove": one} for one in labels if one not in after)]
