"""What has been told of a mailbox: what its watermark holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, Self

from engine.domain.ticket import utc_second
from engine.helpdesks.mailbox.wire import Mark
from engine.ports import Json

_FORMAT: Final = "mailbox/1"


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one ticket.

    Attributes:
        state: Digest of how it stood.
        by: Digest of the mail that decided its status.
        said: Digest of what had been said.
        is_resolved: It counted as resolved.
        since: Since when it stood so (aware UTC); None for ever.
    """

    state: str
    by: str
    said: str
    is_resolved: bool
    since: datetime | None = None

    def text(self) -> str:
        """For a watermark."""
        since = utc_second(self.since) if self.since else "-"
        return (
            f"{self.state} {self.by} {self.said} {'done' if self.is_resolved else 'open'} {since}"
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `text` gave.

        Raises:
            ValueError: It is something else.
        """
        state, by, said, how, since = text.split(" ")
        at = None if since == "-" else datetime.fromisoformat(since)
        return cls(state, by, said, how == "done", at)


@dataclass(frozen=True, slots=True)
class Memory:
    """What has been told.

    Attributes:
        folders: How they stood.
        tickets: By number.
        faults: Keys of the faults that were named.
        is_withheld: There was more, later than what was asked for.
    """

    folders: Mapping[str, Mark] = field(default_factory=dict)
    tickets: Mapping[str, Told] = field(default_factory=dict)
    faults: frozenset[str] = frozenset()
    is_withheld: bool = False

    @classmethod
    def of(cls, watermark: Json | None) -> Memory:
        """What a watermark holds; one that nobody can read holds nothing."""
        if watermark is None or watermark.get("format") != _FORMAT:
            return cls()
        folders, tickets = watermark.get("folders"), watermark.get("tickets")
        faults = watermark.get("faults")
        if not (
            isinstance(folders, dict) and isinstance(tickets, dict) and isinstance(faults, list)
        ):
            return cls()
        try:
            return cls(
                {name: Mark(*numbers) for name, numbers in folders.items()},
                {number: Told.parse(str(text)) for number, text in tickets.items()},
                frozenset(map(str, faults)),
                bool(watermark.get("is_withheld")),
            )
        except (TypeError, ValueError):
            return cls()

    def watermark(self) -> Json:
        """The same for the store."""
        return {
            "format": _FORMAT,
            "folders": {
                name: [mark.validity, mark.next_uid, mark.mails, mark.modseq]
                for name, mark in self.folders.items()
            },
            "tickets": {number: told.text() for number, told in sorted(self.tickets.items())},
            "faults": sorted(self.faults),
            "is_withheld": self.is_withheld,
        }

    def is_up_to_date(self, marks: Mapping[str, Mark]) -> bool:
        """Whether there can be nothing to tell; where a server counts no changes, nobody knows."""
        counted = all(mark.modseq is not None for mark in marks.values())
        return counted and not self.is_withheld and self.folders == marks

    def is_renumbered(self, marks: Mapping[str, Mark]) -> bool:
        """Whether a server numbers a folder anew, so that it may not be the same mailbox."""
        return any(
            name in self.folders and self.folders[name].validity != mark.validity
            for name, mark in marks.items()
        )


def digest(*parts: object) -> str:
    """Tells contents from others, in few letters."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:10]
