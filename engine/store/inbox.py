"""What others send us, until it has been ingested; and the tickets that they say have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from engine.ports import Nudge, Post
from engine.store.among import among
from engine.store.bulk import BulkInsert
from engine.store.codec import instant, maybe_instant, seconds
from engine.store.part import Part
from engine.store.schema import INBOX, INBOX_STAMPS, NUDGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from engine.store.part import AnyRow

_I, _S, _N = INBOX.c, INBOX_STAMPS.c, NUDGES.c

_POSTGRES_LOCK: Final = text("SELECT pg_advisory_xact_lock(:number)").bindparams(
    bindparam("number", 0x69_6E_62_6F_78)  # "inbox"
)
_COLUMNS: Final = ("helpdesk", "key", "digest", "ticket", "at", "received_at", "body")
_KEEP = BulkInsert(INBOX, *_COLUMNS)
_KNOWN = select(_I.key, _I.digest).where(_I.helpdesk == bindparam("helpdesk"), among(_I.key, "ids"))
_IN_ORDER = select(*_I).order_by(_I.number)
_OF_HELPDESK = _IN_ORDER.where(
    _I.number > bindparam("after"), _I.helpdesk == bindparam("helpdesk")
).limit(bindparam("most"))
_OF_TICKET = _IN_ORDER.where(_I.ticket == bindparam("ticket"), _I.number > bindparam("after"))
_NEXT_AT = select(func.min(_I.at)).where(
    _I.helpdesk == bindparam("helpdesk"), _I.at > bindparam("after")
)
_FORGET = delete(INBOX).where(
    _I.helpdesk == bindparam("helpdesk"),
    _I.number <= bindparam("until"),
    _I.received_at < bindparam("before"),
)
_FORGET_STAMPS = delete(INBOX_STAMPS).where(_S.at < bindparam("before"))
_NUDGED = (
    select(_N.ticket, _N.turn)
    .where(_N.helpdesk == bindparam("helpdesk"))
    .order_by(_N.at, _N.ticket)
    .limit(bindparam("most"))
)
_SETTLE = delete(NUDGES).where(_N.ticket == bindparam("which"), _N.turn == bindparam("seen"))


class InboxPart(Part):
    """What others send us."""

    def known_posts(self, helpdesk: str, keys: Iterable[str]) -> dict[str, str]:
        """Key → digest of what was sent before; until the end nobody else keeps posts."""
        if self._is_postgres:
            self._connection.execute(_POSTGRES_LOCK)
        return {row.key: row.digest for row in self._rows_of(_KNOWN, keys, helpdesk=helpdesk)}

    def keep_posts(self, posts: Sequence[Post]) -> None:
        """Keep what was sent, in this order; none of the keys is known."""
        rows = [
            (
                post.helpdesk,
                post.key,
                post.digest,
                post.ticket,
                seconds(post.at),
                seconds(post.received_at),
                post.body,
            )
            for post in posts
        ]
        _KEEP.run(self._connection, rows)

    def posts(self, helpdesk: str, after: int, limit: int) -> list[Post]:
        """What was sent of a helpdesk beyond a number, in order of arrival."""
        rows = self._rows(_OF_HELPDESK, helpdesk=helpdesk, after=after, most=limit)
        return list(map(_post, rows))

    def posts_of(self, ticket: str, after: int) -> list[Post]:
        """What was sent of a ticket beyond a number, in order of arrival."""
        return list(map(_post, self._rows(_OF_TICKET, ticket=ticket, after=after)))

    def next_post_at(self, helpdesk: str, after: datetime) -> datetime | None:
        """The earliest instant later than `after` at which something happened that was sent."""
        return maybe_instant(self._value(_NEXT_AT, helpdesk=helpdesk, after=seconds(after)))

    def forget_posts(self, helpdesk: str, until: int, before: datetime) -> int:
        """Let go of posts up to a number that came before an instant; how many there were."""
        values = {"helpdesk": helpdesk, "until": until, "before": seconds(before)}
        return self._connection.execute(_FORGET, values).rowcount

    def admit(self, stamp: str, at: datetime) -> bool:
        """Let a signed request in; False if the same one was let in before."""
        insert = postgresql.insert if self._is_postgres else sqlite.insert
        row = insert(INBOX_STAMPS).values(stamp=stamp, at=seconds(at)).on_conflict_do_nothing()
        return self._value(row.returning(_S.stamp)) is not None

    def forget_stamps(self, before: datetime) -> None:
        """Let go of the stamps of requests that were let in before an instant."""
        self._connection.execute(_FORGET_STAMPS, {"before": seconds(before)})

    def nudge(self, helpdesk: str, tickets: Iterable[str], at: datetime) -> None:
        """Have tickets of a helpdesk read at once."""
        insert = postgresql.insert if self._is_postgres else sqlite.insert
        for ticket in sorted(set(tickets)):
            row = insert(NUDGES).values(ticket=ticket, helpdesk=helpdesk, at=seconds(at), turn=1)
            again = row.on_conflict_do_update(
                index_elements=[_N.ticket], set_={"turn": _N.turn + 1}
            )
            self._connection.execute(again)

    def nudges(self, helpdesk: str, limit: int) -> list[Nudge]:
        """The tickets that are to be read at once, the longest waiting first."""
        rows = self._rows(_NUDGED, helpdesk=helpdesk, most=limit)
        return [Nudge(row.ticket, row.turn) for row in rows]

    def settle_nudges(self, nudges: Iterable[Nudge]) -> None:
        """These have been read; who was nudged again meanwhile stays."""
        values = [{"which": one.ticket, "seen": one.turn} for one in nudges]
        if values:
            self._connection.execute(_SETTLE, values)


def _post(row: AnyRow) -> Post:
    return Post(
        helpdesk=row.helpdesk,
        key=row.key,
        digest=row.digest,
        ticket=row.ticket,
        at=instant(row.at),
        received_at=instant(row.received_at),
        body=row.body,
        number=row.number,
    )
