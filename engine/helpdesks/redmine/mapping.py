"""From Redmine's words to ours, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from engine.domain.ticket import NOBODY, Customer, Priority, Status, Ticket, Value
from engine.helpdesks.redmine.client import Item, RedmineClient
from engine.helpdesks.redmine.options import CUSTOMER, OWN, GroupBy, RedmineOptions
from engine.helpdesks.redmine.people import People, UnknownNameError


@dataclass(frozen=True, slots=True)
class Words:
    """Translates for one helpdesk, by what Redmine calls things at present.

    Attributes:
        name: The helpdesk's, as in ``HELPDESK:ID``.
    """

    name: str
    options: RedmineOptions
    client: RedmineClient
    people: People

    # --- from Redmine ---

    def ticket(self, issue: Item) -> Ticket:
        """A ticket from an issue, as a list or a single call tells it.

        Raises:
            ValueError: Something in it cannot be read.
            KeyError: Something is missing.
        """
        custom = custom_values(issue)
        status = int(issue["status"]["id"])
        return Ticket(
            id=f"{self.name}:{issue['id']}",
            created_at=instant(issue["created_on"]),
            status=self.status(status),
            raw_status=str(issue["status"]["name"]),
            subject=str(issue.get("subject") or ""),
            type=str(issue["tracker"]["name"]),
            priority=self.priority(int(issue["priority"]["id"])),
            assignee=self._assignee(issue.get("assigned_to")),
            due_at=self.due_at(issue.get("due_date")),
            customer=self._customer(issue, custom),
            **{"group": self._group(issue), **self._custom(custom)},
        )

    def status(self, number: int) -> Status:
        """Our word for a status; one that nobody has explained is open, or closed."""
        name, is_closed = self.client.statuses().get(number, ("", False))
        otherwise = Status.CLOSED if is_closed else Status.OPEN
        return self.options.statuses.get(name.lower(), otherwise)

    def raw_status(self, number: int) -> str:
        """Redmine's word for a status."""
        return self.client.statuses().get(number, (str(number), False))[0]

    def priority(self, number: int) -> Priority:
        """Our word for a priority: of the highest that is mapped and not above it."""
        ours = {theirs.lower(): word for word, theirs in self.options.priorities.items()}
        found = Priority.LOW
        for one, name in self.client.priorities().items():
            found = ours.get(name.lower(), found)
            if one == number:
                break
        return found

    def project(self, number: int) -> str:
        """The identifier of a project; its number where we may not see it."""
        found = self.client.project(number)
        return found.name if found else str(number)

    def due_at(self, day: object) -> datetime | None:
        """The end of a day (aware UTC)."""
        if not isinstance(day, str) or not day:
            return None
        after = date.fromisoformat(day) + timedelta(days=1)
        midnight = datetime(after.year, after.month, after.day, tzinfo=self.options.zone)
        return midnight.astimezone(UTC)

    def custom_field(self, theirs: str) -> str | None:
        """Our name of a custom field; None for one that is not mapped."""
        mapped = self.options.custom_fields.items()
        return next((ours for ours, name in mapped if name == theirs), None)

    def _group(self, issue: Item) -> str | None:
        if self.options.group is GroupBy.CATEGORY:
            return str(issue["category"]["name"]) if issue.get("category") else None
        return self.project(int(issue["project"]["id"]))

    def _assignee(self, who: object) -> str | None:
        if not isinstance(who, Mapping):
            return None
        return self.people.name(int(who["id"]), str(who.get("name") or ""))

    def _custom(self, values: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        own: dict[str, str] = {}
        for ours, theirs in self.options.custom_fields.items():
            held = values.get(theirs, ())
            if ours == "tags":
                found["tags"] = tags_of(held)
            elif ours.startswith(OWN):
                if held:
                    own[ours.removeprefix(OWN)] = ", ".join(held)
            elif not ours.startswith(CUSTOMER):
                found[ours] = ", ".join(held) or None
        return {**found, "fields": MappingProxyType(own)}

    def _customer(self, issue: Item, custom: Mapping[str, tuple[str, ...]]) -> Customer:
        """Whoever a custom field names; else the author, unless that is one of the desk."""
        held: dict[str, str | None] = {
            ours.removeprefix(CUSTOMER): ", ".join(custom.get(theirs, ())) or None
            for ours, theirs in self.options.custom_fields.items()
            if ours.startswith(CUSTOMER)
        }
        named = held.get("id") or held.get("email")
        author = issue.get("author") or {}
        found = NOBODY
        if named:
            found = Customer(id=named, name=held.get("name"), email=held.get("email"))
        elif self.people.is_customer(int(author["id"]), int(issue["project"]["id"])):
            found = self._author(author)
        return Customer(
            id=found.id,
            name=found.name,
            email=found.email,
            tier=held.get("tier"),
            organization=held.get("organization"),
            language=held.get("language"),
        )

    def _author(self, author: Item) -> Customer:
        number, name = int(author["id"]), str(author.get("name") or "")
        told = self.client.person(number)
        if told is None or not told.get("login"):
            return Customer(name=name or None)  # all who are anonymous share an account
        return Customer(id=str(told["login"]), name=name or None, email=told.get("mail") or None)

    # --- to Redmine ---

    def written(self, changes: Mapping[str, Value], issue: Item) -> dict[str, Any]:
        """What to send to Redmine so that fields hold these values.

        Args:
            changes: Field → value.
            issue: As it stands.

        Raises:
            UnknownNameError: Redmine knows nothing of that name.
        """
        body: dict[str, Any] = {}
        custom: list[dict[str, Any]] = []
        project = int(issue["project"]["id"])
        if "group" in changes and self.is_by(GroupBy.PROJECT):
            project = self._project_number(str(changes["group"] or ""))
        for field, value in changes.items():
            if field in self.options.custom_fields:
                custom.append(self._custom_value(self.options.custom_fields[field], value, issue))
            else:
                body |= self._plain(field, value, project)
        return {**body, **({"custom_fields": custom} if custom else {})}

    def is_by(self, kind: GroupBy) -> bool:
        """Whether this is what a ticket's group is."""
        return "group" not in self.options.custom_fields and self.options.group is kind

    def all_categories(self) -> dict[int, str]:
        """Number of category → name, of all projects."""
        found: dict[int, str] = {}
        for project in self.client.projects():
            found |= self.client.categories(project)
        return found

    def _plain(self, field: str, value: Value, project: int) -> dict[str, Any]:
        text = str(value) if value else ""
        if field == "subject":
            return {"subject": text}
        if field == "assignee":
            return {"assigned_to_id": self.people.number(text, project) if text else ""}
        if field == "group" and self.is_by(GroupBy.PROJECT):
            return {"project_id": project}
        key, what, wanted, names = self._listed(field, text, project)
        return {key: self._number(what, wanted, names) if wanted else ""}

    def _listed(self, field: str, text: str, project: int) -> tuple[str, str, str, dict[int, str]]:
        """A field whose values are a list of Redmine's: its key, what it holds, the value, all."""
        if field == "priority":
            wanted = self._priority_name(Priority(text))
            return "priority_id", "priority", wanted, dict(self.client.priorities())
        if field == "status":
            return "status_id", "status", self._status_name(text), self._status_names()
        if field == "type":
            return "tracker_id", "tracker", text, dict(self.client.trackers())
        return "category_id", "category", text, dict(self.client.categories(project))

    def _number(self, what: str, name: str, names: Mapping[int, str]) -> int:
        for number, one in names.items():
            if one == name:  # as it is read back
                return number
        known = ", ".join(names.values()) or "none"
        raise UnknownNameError(f"{self.name}: there is no {what} '{name}': there is {known}")

    def _priority_name(self, priority: Priority) -> str:
        """Redmine's spelling of what the config file calls it."""
        theirs = self.options.priorities[priority]
        known = self.client.priorities().values()
        return next((name for name in known if name.lower() == theirs.lower()), theirs)

    def _status_names(self) -> dict[int, str]:
        return {number: name for number, (name, _) in self.client.statuses().items()}

    def _status_name(self, status: str) -> str:
        """Redmine's first status that means ours."""
        for number, (name, _) in self.client.statuses().items():
            if self.status(number) == status:
                return name
        return status

    def _project_number(self, name: str) -> int:
        names = {number: one.name for number, one in self.client.projects().items()}
        return self._number("project", name, names)

    def _custom_value(self, theirs: str, value: Value, issue: Item) -> dict[str, Any]:
        fields = {str(one["name"]): one for one in issue.get("custom_fields") or ()}
        if theirs not in fields:
            raise UnknownNameError(
                f"{self.name}: ticket {issue['id']} has no custom field '{theirs}'"
            )
        one = fields[theirs]
        texts = tuple(map(str, value)) if isinstance(value, tuple) else ((str(value or "")),)
        joined: object = list(texts) if one.get("multiple") else ", ".join(texts)
        return {"id": one["id"], "value": joined}


def instant(text: object) -> datetime:
    """An instant (aware UTC) from Redmine's text.

    Raises:
        ValueError: It is none.
    """
    at = datetime.fromisoformat(str(text))
    if at.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return at.astimezone(UTC)


def custom_values(issue: Item) -> dict[str, tuple[str, ...]]:
    """Name of custom field → its values."""
    fields = issue.get("custom_fields") or ()
    return {str(one["name"]): _values(one.get("value")) for one in fields}


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(one) for one in value if one not in (None, ""))
    return (str(value),) if value not in (None, "") else ()


def tags_of(values: tuple[str, ...]) -> tuple[str, ...]:
    """Tags, of a field of many values or of one text with commas."""
    parts = (part.strip() for value in values for part in value.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))
