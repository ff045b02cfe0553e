"""What was read from helpdesks, for the documents: `once` has it as a part, `import` as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from engine.domain.ticket import utc_second
from engine.errors import HelpdeskError
from engine.insight.contracts.documents import ImportDocument, Ingested, Rejected, Unread
from engine.pipeline.ingest import Ingested as Reading
from engine.ports import RejectedRow


def as_json(
    read: Mapping[str, Reading], unread: Mapping[str, HelpdeskError], now: datetime
) -> ImportDocument:
    """The document of ``import --json``.

    Args:
        read: By helpdesk: what it brought.
        unread: By helpdesk: why it could not be read.
        now: Nothing later was taken (aware UTC).
    """
    return {
        "format": "escalatord.import/1",
        "now": utc_second(now),
        "helpdesks": {
            name: {
                "tickets": one.tickets,
                "events": one.events,
                "rejected": _rejected(one.rejected),
            }
            for name, one in read.items()
        },
        "unread": _unread(unread),
    }


def together(read: Mapping[str, Reading], unread: Mapping[str, HelpdeskError]) -> Ingested:
    """All helpdesks in one."""
    return {
        "tickets": sum(one.tickets for one in read.values()),
        "events": sum(one.events for one in read.values()),
        "rejected": [row for one in read.values() for row in _rejected(one.rejected)],
        "unread": _unread(unread),
    }


def _rejected(rows: Iterable[RejectedRow]) -> list[Rejected]:
    return [
        {"file": row.file, "line": row.line, "code": row.code, "message": row.message}
        for row in rows
    ]


def _unread(errors: Mapping[str, HelpdeskError]) -> list[Unread]:
    return [{"helpdesk": name, "message": str(error)} for name, error in errors.items()]
