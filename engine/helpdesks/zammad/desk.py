"""The helpdesk that is a Zammad."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import httpx

from engine.domain.actions import FieldChange
from engine.helpdesks.rest.desk import Held, Over, Remark
from engine.helpdesks.rest.sweep import Item, Listed, SweepingHelpdesk
from engine.helpdesks.zammad.client import Condition, ZammadClient
from engine.helpdesks.zammad.mapping import Words
from engine.helpdesks.zammad.options import ZammadOptions
from engine.helpdesks.zammad.story import Historian
from engine.ports import Introduction, MissingRight, Need, Observation, Sent, SentState

_OVER: Final = frozenset({"closed", "merged", "removed"})
"""The types of state in which nobody works on a ticket any more."""
_MERGED: Final = "the ticket was merged into another"


class ZammadHelpdesk(SweepingHelpdesk[ZammadOptions]):
    """Reads tickets from a Zammad, and acts on them.

    It asks by conditions, as Zammad's overviews do: the database answers these, and not a search
    index that may be behind or missing.
    """

    def __init__(
        self,
        name: str,
        options: ZammadOptions,
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
        self._client = ZammadClient(name, options, transport, clock)
        super().__init__(name, options, self._client.http)
        self._words = Words(name, options, self._client)
        self._account: str | None = None

    # --- who we are ---

    def introduce(self) -> Introduction:
        """Ask who we are, and what we may do.

        Raises:
            HelpdeskError: It cannot be reached, or does not know us.
        """
        self._client.forget()
        user = self._client.ourselves()
        self._account = str(user["id"])
        return Introduction(
            account=str(user.get("login") or user["id"]),
            server="Zammad",
            missing=tuple(_missing(user)),
            clock_skew=self._http.clock_skew,
            rate_limit=self._http.rate_limit,
        )

    def _ours(self) -> str:
        if self._account is None:
            self._account = str(self._client.ourselves()["id"])
        return self._account

    # --- reading ---

    def _changed_since(self, since: datetime, more: str | None, *, only_open: bool) -> Listed:
        after = {"ticket.updated_at": _after(since - self.grain)}
        return self._client.search({**self._open(), **after} if only_open else after, more)

    def _open(self) -> Condition:
        states = self._client.states().items()
        numbers = [number for number, (_, kind) in states if kind not in _OVER]
        return {"ticket.state_id": {"operator": "is", "value": numbers}}

    def _open_count(self) -> int | None:
        """Zammad does not count, but tells whether there are any."""
        return None if self._client.search(self._open(), None).items else 0

    def _changed(self, item: Item) -> str:
        return str(item["updated_at"])

    def _instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text)

    def _understood(self, item: Item) -> Held:
        return Held(self._words.ticket(item, self._client.tags(str(item["id"]))), dict(item))

    def _held(self, number: str) -> Held | None:
        item = self._client.ticket(number)
        return None if item is None else self._understood(item)

    def _observed(self, held: Held, until: datetime) -> Observation:
        number = str(held.told["id"])
        told = (self._client.history(number), self._client.articles(number))
        historian = Historian(self._client, self._words, self._ours())
        return historian.observation(held.ticket, held.told.get("customer_id"), told, until)

    # --- writing ---

    def _refusal(self, held: Held) -> str | None:
        return _MERGED if held.ticket.raw_status == "merged" else None

    def _writing(self, held: Held, changes: Sequence[FieldChange]) -> Callable[[], None]:
        number = str(held.told["id"])
        wanted = {each.field: each.after for each in changes}
        body = self._words.written(wanted)
        tags = wanted.get("tags", held.ticket.tags)
        after, before = {*(tags if isinstance(tags, tuple) else ())}, {*held.ticket.tags}

        def write() -> None:
            if body:
                self._client.update(number, body)
            for tag in sorted(after - before):
                self._client.tag(number, tag, is_added=True)
            for tag in sorted(before - after):
                self._client.tag(number, tag, is_added=False)

        return write

    def _say(self, held: Held, text: str, *, is_public: bool) -> str:
        article = {
            "ticket_id": int(held.told["id"]),
            "body": text,
            "content_type": "text/plain",
            "internal": not is_public,
        }
        if not is_public:
            return self._client.say({**article, "type": "note"})
        address = held.ticket.customer.email
        if not address:
            reason = f"{self.name}: the customer of {held.ticket.id} has no e-mail address"
            raise Over(Sent(SentState.REJECTED, reason=reason))
        subject = held.ticket.subject
        mail = {"type": "email", "sender": "Agent", "to": address, "subject": subject}
        return self._client.say({**article, **mail})

    def _remarks(self, number: str) -> Iterable[Remark]:
        ours = self._ours()
        for article in self._client.articles(number):
            is_ours = str(article.get("created_by_id")) == ours
            text, is_public = str(article.get("body") or ""), not article.get("internal")
            yield Remark(str(article["id"]), text, is_public, is_ours)


def _after(at: datetime) -> dict[str, str]:
    text = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"operator": "after (absolute)", "value": text}


def _missing(user: Item) -> Iterator[MissingRight]:
    """What an account lacks, by what Zammad tells of it."""
    roles = {str(role) for role in user.get("roles") or ()}
    groups = user.get("groups") or user.get("group_ids") or {}
    if roles == {"Customer"}:
        remedy = "give the account the role Agent: it is a customer's, and sees its own tickets"
        yield MissingRight("Agent", Need.READ, remedy)
        return
    held = {str(right) for rights in dict(groups).values() for right in rights}
    for right, need, verb in _RIGHTS:
        if groups and not held & {"full", right}:
            yield MissingRight(right, need, f"give the account the right to {verb} in its groups")


_RIGHTS: Final = (
    ("read", Need.READ, "read"),
    ("change", Need.CHANGE, "change"),
    ("change", Need.NOTE, "change"),
)
