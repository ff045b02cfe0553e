"""Silences in the memory twin."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from engine.domain.silence import Silence
from engine.ports import OutboxState, SilenceTold
from engine.store.memory.tables import MemoryPart


class MemorySilences(MemoryPart):
    """The silences, in the order in which they were asked for."""

    def add_silence(self, silence: Silence) -> Silence:
        """Keep a new silence; gives it with the id that it is known by from now on."""
        kept = replace(silence, id=str(len(self._tables.silences) + 1))
        self._tables.silences[kept.id] = kept
        self._tables.told_of[kept.id] = SilenceTold.NOTHING
        return kept

    def silences(self, since: datetime | None) -> tuple[Silence, ...]:
        """The silences that end after `since` (None: all), in order."""
        kept = self._tables.silences.values()
        return tuple(one for one in kept if since is None or one.ends_at > since)

    def silence(self, silence_id: str) -> Silence | None:
        """One silence; None when there is none of that id."""
        return self._tables.silences.get(silence_id)

    def end_silence(self, silence_id: str, now: datetime) -> bool:
        """End a silence now; False, and nothing has changed, if it had ended."""
        kept = self._tables.silences.get(silence_id)
        if kept is None or kept.ends_at <= now:
            return False
        self._tables.silences[silence_id] = replace(kept, ended_at=now)
        return True

    def silences_to_tell_of(self) -> list[tuple[Silence, SilenceTold]]:
        """The silences of which the log has not told the end, with what it has told last."""
        told = self._tables.told_of
        return [
            (one, told[name])
            for name, one in self._tables.silences.items()
            if told[name] is not SilenceTold.ENDED
        ]

    def tell_of_silence(self, silence_id: str, before: SilenceTold, after: SilenceTold) -> bool:
        """Note what the log tells of a silence; False if somebody else told it first."""
        if self._tables.told_of.get(silence_id) is not before:
            return False
        self._tables.told_of[silence_id] = after
        return True

    def look_again(self, now: datetime) -> None:
        """Let every subject that time alone could change be looked at by `now`."""
        for name, at in self._tables.subjects.items():
            if at is not None and at > now:
                self._tables.subjects[name] = now

    def wake(self, reason: str, now: datetime) -> None:
        """Let rows of the outbox that were put off for a reason be tried again by `now`."""
        for number in self._tables.on_their_way:
            kept = self._tables.outbox[number]
            is_put_off = kept.row.state is OutboxState.SNOOZED and kept.row.reason == reason
            if is_put_off and kept.row.next_attempt_at > now:
                row = replace(kept.row, next_attempt_at=now)
                self._tables.outbox[number] = replace(kept, row=row)
