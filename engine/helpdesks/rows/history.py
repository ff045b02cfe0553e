"""From the rows of one ticket to what the helpdesk says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from engine.domain.ticket import (
    Actor,
    Customer,
    Event,
    EventKind,
    Status,
    Ticket,
    Value,
    utc_second,
)
from engine.helpdesks.rows.cell import Keep
from engine.helpdesks.rows.mapping import Row
from engine.ports import Observation

_Known = tuple[Value, ...]
"""The values of the fields, in their order."""

_FIRST_VALUES: Final[dict[str, Value]] = {
    "status": Status.NEW,
    "subject": "",
    "tags": (),
    "is_gone": False,
    "customer.no_updates": False,
    "customer.is_automatic": False,
}
"""What a field holds before any row has said something of it; None for all others."""


class Historian:
    """Tells tickets of one helpdesk from their rows."""

    def __init__(self, helpdesk: str, fields: Sequence[str]) -> None:
        """Know the fields that rows tell.

        Args:
            helpdesk: The helpdesk's name.
            fields: As in the rows' `state`, in its order.
        """
        self._helpdesk = helpdesk
        self._fields = tuple(fields)
        self._survivor = fields.index("merged_into") if "merged_into" in fields else None
        self._unsaid = tuple(_FIRST_VALUES.get(name) for name in fields)

    def of_events(self, rows: Sequence[Row], until: datetime) -> Observation:
        """A ticket of an event log, with all that happened to it.

        1. The first row is the opening; its values hold since the ticket was opened, which is
           never later than that row.
        2. Of each row comes first the message that it is, then what differs from the row before;
           what differs after an automatic message is a robot's doing, else a person's.
        3. An event's id is the file's own, else its second; then the field (or `message`); then
           a number from the second of that name on.

        Args:
            rows: By time, then in the order of the file; at least one.
            until: Stands in for the time of a row that has none (aware UTC).
        """
        known = self._after(self._unsaid, rows[0])
        first = rows[0].at or until
        opened = min(rows[0].opened or first, first)
        opening = self._ticket(rows[0].ticket, opened, known)
        seen: Counter[str] = Counter()
        events: list[Event] = []
        for row in rows:
            said_before, known = known, self._after(known, row)
            at = row.at or until
            events.extend(self._events(row, at, said_before, known, seen))
        present = self._ticket(rows[0].ticket, opened, known)
        at = rows[-1].at or until
        # Nobody writes into a log for us: what it tells, others have done.
        return Observation(present, at, opening, tuple(events), by_our_account=frozenset())

    def of_state(self, rows: Sequence[Row], until: datetime) -> Observation:
        """A ticket of a snapshot, as its last row shows it.

        Args:
            rows: By time, then in the order of the file; at least one.
            until: Stands in for the time of a row that has none (aware UTC).
        """
        last = rows[-1]
        known = self._after(self._unsaid, last)
        opened = last.opened or rows[0].at or until
        return Observation(self._ticket(last.ticket, opened, known), last.at or until)

    def _after(self, known: _Known, row: Row) -> _Known:
        """What is known after a row."""
        after = [
            before if said is Keep.PREVIOUS else said
            for before, said in zip(known, row.state, strict=True)
        ]
        if self._survivor is not None:
            after[self._survivor] = self._id_of(after[self._survivor], row.ticket)
        return tuple(after)

    def _id_of(self, survivor: Value, merged: str) -> Value:
        """The id of the ticket that a merged one went into; none goes into itself."""
        if not isinstance(survivor, str):
            return None
        prefix = f"{self._helpdesk}:"
        name = survivor.removeprefix(prefix)
        return None if name == merged else f"{prefix}{name}"

    def _events(
        self, row: Row, at: datetime, before: _Known, after: _Known, seen: Counter[str]
    ) -> Iterator[Event]:
        if row.said is None and before == after:
            return
        base = row.event_id or utc_second(at)
        if row.said is not None:
            yield Event(
                id=_numbered(f"{base}/message", seen),
                at=at,
                kind=EventKind.MESSAGE,
                actor=row.said.author,
                source_id=row.event_id,
                is_public=row.said.is_public,
                text=row.said.text,
                channel=row.said.channel,
                is_bounce=row.said.is_bounce,
            )
        is_automatic = row.said is not None and row.said.author is Actor.ROBOT
        for name, was, now in zip(self._fields, before, after, strict=True):
            if was != now:
                yield Event(
                    id=_numbered(f"{base}/{name}", seen),
                    at=at,
                    kind=EventKind.CHANGED,
                    actor=Actor.ROBOT if is_automatic else Actor.PERSON,
                    source_id=row.event_id,
                    field=name,
                    before=was,
                    after=now,
                )

    def _ticket(self, ticket: str, opened: datetime, known: _Known) -> Ticket:
        plain: dict[str, Any] = {}
        customer: dict[str, Any] = {}
        fields: dict[str, str] = {}
        for name, value in zip(self._fields, known, strict=True):
            head, _, rest = name.partition(".")
            if not rest:
                plain[name] = value
            elif head == "customer":
                customer[rest] = value
            elif value is not None:
                fields[rest] = str(value)
        return Ticket(
            id=f"{self._helpdesk}:{ticket}",
            created_at=opened,
            customer=Customer(**customer),
            fields=fields,
            **plain,
        )


def _numbered(name: str, seen: Counter[str]) -> str:
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}/{seen[name]}"
