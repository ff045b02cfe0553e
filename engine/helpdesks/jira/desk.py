"""The helpdesk that is a Jira Service Management."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import ClassVar, Final

import httpx

from engine.domain.actions import FieldChange
from engine.helpdesks.jira.client import JiraClient
from engine.helpdesks.jira.mapping import Words
from engine.helpdesks.jira.names import Names
from engine.helpdesks.jira.options import JiraOptions
from engine.helpdesks.jira.story import Historian
from engine.helpdesks.rest.desk import Held, Remark
from engine.helpdesks.rest.http import CallError
from engine.helpdesks.rest.sweep import Item, Listed, SweepingHelpdesk
from engine.ports import Introduction, MissingRight, Need, Observation

_LONG: Final = timedelta(days=20 * 365)
"""What changed since longer is not asked for by its time: all did."""
_THEN: Final = " → "
"""Between a query and the token of its next page."""
_NEEDS: Final = (
    ("BROWSE_PROJECTS", "Browse Projects", Need.READ),
    ("EDIT_ISSUES", "Edit Issues", Need.CHANGE),
    ("TRANSITION_ISSUES", "Transition Issues", Need.CHANGE),
    ("ASSIGN_ISSUES", "Assign Issues", Need.CHANGE),
    ("ADD_COMMENTS", "Add Comments", Need.NOTE),
)


class JiraHelpdesk(SweepingHelpdesk[JiraOptions]):
    """Reads requests from a Jira Service Management, and acts on them.

    Jira's search knows minutes only, reads instants in the zone of our account, and is a little
    behind. So it is asked for what changed so many minutes ago, which has no zone, and sweeps
    overlap by five.
    """

    overlap: ClassVar[timedelta] = timedelta(minutes=5)
    grain: ClassVar[timedelta] = timedelta(minutes=1)

    def __init__(
        self,
        name: str,
        options: JiraOptions,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Contact nobody yet.

        Args:
            name: As in ``HELPDESK:ID``.
            options: What the config file says.
            transport: In place of the network.
            clock: Gives the machine's present (aware UTC).
        """
        self._client = JiraClient(name, options, transport, clock)
        super().__init__(name, options, self._client.http)
        self._names = Names(self._client)
        self._words = Words(name, options, self._names)
        self._account: str | None = None
        projects = ", ".join(f'"{one}"' for one in options.projects)
        self._watched = f"project in ({projects})"

    # --- who we are ---

    def introduce(self) -> Introduction:
        """Ask who we are, and what we may do.

        Raises:
            HelpdeskError: It cannot be reached, or does not know us.
        """
        self._names.forget()
        user = self._client.ourselves()
        self._account = str(user["accountId"])
        return Introduction(
            account=str(user.get("emailAddress") or user.get("displayName") or self._account),
            server="Jira Service Management",
            missing=tuple(self._missing()),
            zone=user.get("timeZone") or None,
            clock_skew=self._http.clock_skew,
            rate_limit=self._http.rate_limit,
        )

    def _missing(self) -> Iterator[MissingRight]:
        for project in self._options.projects:
            held = self._client.rights(project)
            for right, name, need in _NEEDS:
                if right not in held:
                    remedy = f"grant it to the account in the permission scheme of {project}"
                    yield MissingRight(f"{name} ({project})", need, remedy)
        fields = self._names.fields()
        for ours, theirs in self._options.custom_fields.items():
            if fields.named(theirs) is None:
                remedy = (
                    f"there is no field '{theirs}' (our {ours}):"
                    " make it, or take it from `custom_fields`"
                )
                yield MissingRight("Fields", Need.READ, remedy)
        if self._options.sla and fields.sla(self._options.sla) is None:
            remedy = f"there is no SLA '{self._options.sla}': make it, or take away `sla`"
            yield MissingRight("SLA", Need.READ, remedy)

    def _ours(self) -> str:
        if self._account is None:
            self._account = str(self._client.ourselves()["accountId"])
        return self._account

    # --- reading ---

    def _changed_since(self, since: datetime, more: str | None, *, only_open: bool) -> Listed:
        fields = self._words.asked_for()  # an answer tells Jira's clock, by which minutes count
        jql, _, token = (more or "").partition(_THEN)
        if token:
            try:
                return _following(jql, self._client.search(jql, fields, token))
            except CallError as error:
                if error.status != httpx.codes.BAD_REQUEST:
                    raise  # a token lives a week
        jql = self._query(since, only_open=only_open)
        return _following(jql, self._client.search(jql, fields, None))

    def _query(self, since: datetime, *, only_open: bool) -> str:
        ago = self._http.now() - since
        minutes = max(ceil(ago / self.grain), 0) + 1
        clauses = [
            self._watched,
            *(["statusCategory != Done"] if only_open else []),
            *([f'updated >= "-{minutes}m"'] if ago < _LONG else []),
        ]
        return f"{' AND '.join(clauses)} ORDER BY updated ASC, id ASC"

    def _open_count(self) -> int | None:
        return self._client.count(f"{self._watched} AND statusCategory != Done")

    def _changed(self, item: Item) -> str:
        return str(item["fields"]["updated"])

    def _instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).astimezone(UTC)

    def _understood(self, item: Item) -> Held:
        return Held(self._words.ticket(item), dict(item))

    def _held(self, number: str) -> Held | None:
        item = self._client.issue(number, self._words.asked_for())
        return None if item is None else self._understood(item)

    def _observed(self, held: Held, until: datetime) -> Observation:
        number = str(held.told["id"])
        told = (self._client.changes(number), self._client.comments(number))
        historian = Historian(self._words, self._ours())
        return historian.observation(held.ticket, held.told, told, until)

    # --- writing ---

    def _writing(self, held: Held, changes: Sequence[FieldChange]) -> Callable[[], None]:
        number = str(held.told["id"])
        wanted = {each.field: each.after for each in changes}
        assignee = wanted.get("assignee")
        people = self._client.assignable(number, str(assignee)) if assignee else ()
        body = self._words.written(wanted, held.ticket.tags, people)
        transition = None
        if "status" in wanted:
            told = self._client.transitions(number)
            transition = self._words.transition(wanted["status"], told)

        def write() -> None:
            if body:
                self._client.edit(number, body)
            if transition is not None:
                self._client.transit(number, transition)

        return write

    def _say(self, held: Held, text: str, *, is_public: bool) -> str:
        return self._client.say(str(held.told["id"]), text, is_public=is_public)

    def _remarks(self, number: str) -> Iterable[Remark]:
        ours = self._ours()
        for told in self._client.remarks(number):
            is_ours = str((told.get("author") or {}).get("accountId")) == ours
            text, is_public = str(told.get("body") or ""), bool(told.get("public"))
            yield Remark(str(told["id"]), text, is_public, is_ours)


def _following(jql: str, page: Listed) -> Listed:
    """A page whose token goes with the query that it was told for."""
    return page if page.more is None else Listed(page.items, f"{jql}{_THEN}{page.more}")
