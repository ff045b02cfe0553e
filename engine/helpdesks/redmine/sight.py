"""One ticket of a Redmine, as it may be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from engine.errors import HelpdeskError
from engine.helpdesks.redmine.client import Item, RedmineClient
from engine.helpdesks.redmine.mapping import Words, custom_values
from engine.helpdesks.redmine.options import RedmineOptions
from engine.helpdesks.redmine.people import People
from engine.helpdesks.redmine.story import Historian
from engine.ports import Observation


class Sight:
    """Sees tickets with their stories; knows which are watched, and which fields they have."""

    def __init__(self, name: str, options: RedmineOptions, client: RedmineClient) -> None:
        """Contact nobody yet.

        Args:
            name: The helpdesk's, as in ``HELPDESK:ID``.
            options: What is watched.
            client: Whom to ask.
        """
        self._name = name
        self._options = options
        self._client = client
        self._us: int | None = None
        self._fields: dict[tuple[int, int], frozenset[str]] = {}

    def know_us(self, number: int) -> None:
        """Learn who we are: the number of our account."""
        self._us = number

    def expect_fields_of(self, issues: Iterable[Item]) -> None:
        """Learn which custom fields tickets have, from some of the youngest."""
        self._fields = {_kind(one): frozenset(custom_values(one)) for one in issues}

    def words(self) -> Words:
        """The translations; it is asked who we are, if that is not known yet."""
        if self._us is None:
            self._us = self._client.account().id
        people = People(self._name, self._options, self._client, self._us)
        return Words(self._name, self._options, self._client, people)

    def is_watched(self, issue: Item) -> bool:
        """Whether a ticket is in one of our projects."""
        wanted = self._options.projects
        project = self._client.project(int(issue["project"]["id"]))
        return not wanted or (project is not None and project.name in wanted)

    def see(self, number: str, until: datetime) -> Observation | None:
        """A ticket with its story; one that has left our projects is gone, to us.

        None where it was never in one of them.

        Raises:
            HelpdeskError: A field that it had is missing.
        """
        issue = self._client.ticket(number)
        is_watched = self.is_watched(issue)
        if not is_watched and not self._was_watched(issue):
            return None
        if is_watched:
            self._refuse_if_fields_are_lost(issue)
        seen = Historian(self.words()).observation(issue, until)
        return seen if is_watched else replace(seen, ticket=replace(seen.ticket, is_gone=True))

    def _was_watched(self, issue: Item) -> bool:
        """Whether a ticket was in one of our projects before."""
        details = (x for entry in issue.get("journals") or () for x in entry.get("details") or ())
        before = {str(x.get("old_value")) for x in details if x.get("name") == "project_id"}
        projects = self._client.projects().values()
        return any(str(one.id) in before for one in projects if one.name in self._options.projects)

    def _refuse_if_fields_are_lost(self, issue: Item) -> None:
        """A field that is not told any more is not empty: somebody took it away, or our right.

        Raises:
            HelpdeskError: A custom field that such tickets had is missing.
        """
        told = frozenset(custom_values(issue))
        expected = self._fields.setdefault(_kind(issue), told)
        lost = (expected - told) & set(self._options.custom_fields.values())
        self._fields[_kind(issue)] = expected | told
        if lost:
            raise HelpdeskError(
                f"{self._name}: ticket {issue['id']} tells nothing of the custom field"
                f" {', '.join(sorted(lost))} any more; if it is not there on purpose, take it from"
                " `custom_fields`, otherwise put it back, visible to our role"
            )


def _kind(issue: Item) -> tuple[int, int]:
    """Tickets of one project and tracker have the same custom fields."""
    return int(issue["project"]["id"]), int(issue["tracker"]["id"])
