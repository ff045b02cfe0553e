"""How far a database has been read: what the watermark holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from engine.domain.ticket import utc_second
from engine.helpdesks.rows.told import Told
from engine.helpdesks.sql.feed import Place
from engine.helpdesks.sql.heard import Heard
from engine.helpdesks.sql.raw import from_json, to_json
from engine.ports import Json

FORMAT: Final = "sql/1"
NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Open:
    """A ticket that was open when it was last told.

    Attributes:
        key: Its id as the database gives it.
        at: When it last changed, as it was told (aware UTC).
    """

    key: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class Awaited:
    """A change that was handed on, and that the tables have not shown yet.

    Attributes:
        ticket: ``HELPDESK:ID``.
        value: What is to be shown, as JSON has it.
        since: When it was handed on (aware UTC).
    """

    ticket: str
    field: str
    value: object
    since: datetime


@dataclass(slots=True)
class Progress:
    """What was told, and where to go on.

    Attributes:
        mapping: Tells the queries and their mapping from others.
        told_at: The latest instant that was told (aware UTC).
        rechecked_at: When open tickets were last looked at, whatever changed (aware UTC).
        place: Where the feed of tickets goes on.
        places: Where the feeds of messages and events go on.
        heard: What of these lies behind that, and was told.
        opens: Open tickets, by id.
        told: What was told of tickets.
        faults: What could not be understood, and was told.
        awaited: Changes that the tables have not shown yet.
        is_begun: A first walk came to its end.
    """

    mapping: str
    told_at: datetime = NEVER
    rechecked_at: datetime = NEVER
    place: Place | None = None
    places: dict[str, Place | None] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    opens: dict[str, Open] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    faults: Heard = field(default_factory=Heard)
    awaited: list[Awaited] = field(default_factory=list)
    is_begun: bool = False

    @classmethod
    def recall(cls, mapping: str, watermark: Json | None) -> Progress:
        """What a watermark holds; `told` still is to be recalled from the rows that there are.

        Of a watermark that an earlier mapping wrote, only how late it was then.
        """
        held = watermark or {}
        late, rechecked_at = told_at(held), _instant(held.get("rechecked"))
        if held.get("format") != FORMAT or held.get("mapping") != mapping:
            return cls(mapping, late)
        return cls(
            mapping=mapping,
            told_at=late,
            rechecked_at=rechecked_at,
            place=Place.from_json(held.get("place")),
            places={name: Place.from_json(at) for name, at in _items(held.get("places"))},
            heard={name: Heard.recall(text) for name, text in _items(held.get("heard"))},
            opens={name: _open(value) for name, value in _items(held.get("open"))},
            faults=Heard.recall(held.get("rejected")),
            awaited=list(_awaited(held.get("awaited"))),
            is_begun=held.get("begun") is True,
        )

    def watermark(self) -> Json:
        """The same, to be kept: JSON values."""
        return {
            "format": FORMAT,
            "mapping": self.mapping,
            "at": _text(self.told_at),
            "rechecked": _text(self.rechecked_at),
            "place": self.place.as_json() if self.place else None,
            "places": {n: at.as_json() if at else None for n, at in self.places.items()},
            "heard": {name: each.text() for name, each in self.heard.items()},
            "open": {n: [to_json(x.key), _text(x.at)] for n, x in sorted(self.opens.items())},
            "tickets": self.told.text(),
            "rejected": self.faults.text(),
            "awaited": [[x.ticket, x.field, x.value, _text(x.since)] for x in self.awaited],
            "begun": self.is_begun,
        }


def told_at(watermark: Json) -> datetime:
    """The latest instant that a watermark says was told (aware UTC)."""
    return _instant(watermark.get("at"))


def _awaited(value: object) -> Iterator[Awaited]:
    for ticket, name, wanted, since in value if isinstance(value, list) else []:
        yield Awaited(ticket, name, wanted, _instant(since))


def _items(value: object) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()


def _open(value: Any) -> Open:  # noqa: ANN401  JSON
    key, at = value
    return Open(from_json(key), _instant(at))


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else NEVER


def _text(at: datetime) -> str | None:
    return None if at == NEVER else utc_second(at)
