"""Silences that somebody asked for, and what the log has told of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, cast, insert, select, text, update

from engine.domain.silence import Matchers, Silence
from engine.ports import OutboxState, SilenceTold
from engine.store.codec import dumps, instant, loads, maybe_instant, maybe_seconds, seconds
from engine.store.part import Part
from engine.store.schema import IS_TIMED, IS_TO_BE_TOLD_OF, OUTBOX, SILENCES, SUBJECTS

if TYPE_CHECKING:
    from datetime import datetime

    from engine.store.part import AnyRow

_S: Final = SILENCES.c
_KINDS: Final = ("rules", "tickets", "customers", "groups")
_MOST_DIGITS: Final = 18
"""Longer numbers fit no id."""

_ADD = insert(SILENCES).returning(_S.id)
_ALL = select(*_S).order_by(_S.id)
_HOLDING_AFTER = _ALL.where(_S.ends_at > bindparam("since"))
_ONE = _ALL.where(_S.id == bindparam("number"))
_TO_TELL_OF = _ALL.where(text(IS_TO_BE_TOLD_OF))
_END = (
    update(SILENCES)
    .where(_S.id == bindparam("number"), _S.ends_at > bindparam("now"))
    .values(ended_at=bindparam("now"), ends_at=bindparam("now"))
)
_TELL = (
    update(SILENCES)
    .where(_S.id == bindparam("number"), _S.told == bindparam("before"))
    .values(told=bindparam("after"))
)
_TIMED_LATER = (
    select(SUBJECTS.c.subject)
    .where(text(IS_TIMED), SUBJECTS.c.next_check_at > bindparam("now"))
    .order_by(SUBJECTS.c.subject)  # locks are taken in one order, against deadlocks
    .with_for_update()
)
_LOOK_AGAIN = (
    update(SUBJECTS)
    .where(SUBJECTS.c.subject.in_(_TIMED_LATER))
    .values(next_check_at=cast(bindparam("now"), SUBJECTS.c.next_check_at.type))
)
_WAKE = (
    update(OUTBOX)
    .where(
        OUTBOX.c.state == OutboxState.SNOOZED.value,
        OUTBOX.c.reason == bindparam("of_reason"),
        OUTBOX.c.next_attempt_at > bindparam("now"),
    )
    .values(next_attempt_at=cast(bindparam("now"), OUTBOX.c.next_attempt_at.type))
)


class SilencePart(Part):
    """The silences, in the order in which they were asked for."""

    def add_silence(self, silence: Silence) -> Silence:
        """Keep a new silence; gives it with the id that it is known by from now on."""
        number = self._value(
            _ADD,
            matchers=_encoded(silence.matchers),
            begins_at=seconds(silence.begins_at),
            until=seconds(silence.until),
            ends_at=seconds(silence.ends_at),
            author=silence.author,
            reason=silence.reason,
            added_at=seconds(silence.added_at),
            ended_at=maybe_seconds(silence.ended_at),
            told=SilenceTold.NOTHING.value,
        )
        return replace(silence, id=str(number))

    def silences(self, since: datetime | None) -> tuple[Silence, ...]:
        """The silences that end after `since` (None: all), in order."""
        if since is None:
            return tuple(map(_silence, self._rows(_ALL)))
        return tuple(map(_silence, self._rows(_HOLDING_AFTER, since=seconds(since))))

    def silence(self, silence_id: str) -> Silence | None:
        """One silence; None when there is none of that id."""
        if not silence_id.isdecimal() or len(silence_id) > _MOST_DIGITS:
            return None
        return next(map(_silence, self._rows(_ONE, number=int(silence_id))), None)

    def end_silence(self, silence_id: str, now: datetime) -> bool:
        """End a silence now; False, and nothing has changed, if it had ended."""
        return self._is_done(_END, number=int(silence_id), now=seconds(now))

    def silences_to_tell_of(self) -> list[tuple[Silence, SilenceTold]]:
        """The silences of which the log has not told the end, with what it has told last."""
        return [(_silence(row), SilenceTold(row.told)) for row in self._rows(_TO_TELL_OF)]

    def tell_of_silence(self, silence_id: str, before: SilenceTold, after: SilenceTold) -> bool:
        """Note what the log tells of a silence; False if somebody else told it first."""
        return self._is_done(_TELL, number=int(silence_id), before=before.value, after=after.value)

    def look_again(self, now: datetime) -> None:
        """Let every subject that time alone could change be looked at by `now`."""
        self._connection.execute(_LOOK_AGAIN, {"now": seconds(now)})

    def wake(self, reason: str, now: datetime) -> None:
        """Let rows of the outbox that were put off for a reason be tried again by `now`."""
        self._connection.execute(_WAKE, {"of_reason": reason, "now": seconds(now)})


def _encoded(matchers: Matchers) -> str:
    named = ((kind, getattr(matchers, kind)) for kind in _KINDS)
    return dumps({kind: names for kind, names in named if names})


def _silence(row: AnyRow) -> Silence:
    named = loads(row.matchers)
    return Silence(
        id=str(row.id),
        matchers=Matchers(**{kind: tuple(named.get(kind, ())) for kind in _KINDS}),
        begins_at=instant(row.begins_at),
        until=instant(row.until),
        author=row.author,
        reason=row.reason,
        added_at=instant(row.added_at),
        ended_at=maybe_instant(row.ended_at),
    )
