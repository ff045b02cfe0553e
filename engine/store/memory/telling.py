"""Generations, small facts, and the contract's views in the memory twin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from engine.domain.episode import Episode, Firing, Passing
from engine.domain.reason import Reason
from engine.domain.ticket import utc_second
from engine.errors import StoreError
from engine.ports import GenerationRecord, Json, OutboxState, ShadowFiring
from engine.store.memory.merges import is_open
from engine.store.memory.tables import MemoryPart, Tables
from engine.store.outbox import receiver_hash
from engine.store.telling import VIEW_ORDER, VIEWS

_ACTIVE: Final = "active_generation"


class MemoryTelling(MemoryPart):
    """The generation in force, and what is told of everything."""

    def active_generation(self) -> GenerationRecord | None:
        """The generation in force, None before the first."""
        name = self._tables.meta.get(_ACTIVE)
        return None if name is None else self._tables.generations[name]

    def generation(self, generation_id: str) -> GenerationRecord | None:
        """A generation that is or was in force, None when it is not kept."""
        return self._tables.generations.get(generation_id)

    def generation_at(self, at: datetime) -> GenerationRecord | None:
        """The generation that was in force at an instant, None before the first."""
        begun = (name for since, name in self._tables.activations.values() if since <= at)
        name = next(reversed(tuple(begun)), None)
        return None if name is None else self._tables.generations[name]

    def activate_generation(self, record: GenerationRecord) -> None:
        """Keep a generation and put it in force."""
        number = len(self._tables.activations) + 1
        self._tables.activations[number] = (record.loaded_at, record.id)
        self._tables.generations[record.id] = record
        self._tables.meta[_ACTIVE] = record.id

    def meta(self, key: str) -> str | None:
        """A small fact by name; None where nobody has set it."""
        return self._tables.meta.get(key)

    def set_meta(self, key: str, value: str) -> None:
        """Keep a small fact by name."""
        self._tables.meta[key] = value

    def view(self, name: str, where: Mapping[str, object] | None = None) -> list[Json]:
        """The rows of a view, in the view's own order.

        Raises:
            StoreError: There is no such view or column.
        """
        wanted = dict(where or {})
        if unknown := wanted.keys() - set(VIEWS.get(name, ())):
            raise StoreError(f"{name} has no column {min(unknown)}")
        if name not in VIEWS:
            raise StoreError(f"there is no view {name}; there are {', '.join(VIEWS)}")
        rows = [
            row
            for row in _VIEWS[name](self._tables)
            if all(row[key] == value for key, value in wanted.items())
        ]
        return sorted(rows, key=lambda row: [row[key] for key in VIEW_ORDER[name]])

    def live_episodes(self) -> dict[str, int]:
        """Rule → how many of its episodes have fired a level and are not ended; none left out."""
        return dict(Counter(one.id.rule for one in self._episodes() if _is_live(one)))

    def shadow_firings(self, since: datetime) -> list[ShadowFiring]:
        """What rules in shadow would have fired since then (aware UTC), in order."""
        found = [
            _shadow(episode, firing)
            for episode in self._episodes()
            for firing in episode.firings
            if firing.passing is Passing.SHADOW
            and firing.reason is Reason.SHADOW
            and firing.fired_at >= since
        ]
        return sorted(found, key=lambda one: (one.fired_at, one.subject, one.rule, one.level))

    def live_escalations(self) -> list[str]:
        """The subjects of escalations that have not ended, each once, in order."""
        live = (one for one in self._episodes() if one.escalated_at and one.ended_at is None)
        return sorted({one.id.subject for one in live})

    def waiting_since(self) -> datetime | None:
        """When the oldest action that is on its way was decided (aware UTC); None without any."""
        rows = (self._tables.outbox[number].row for number in self._tables.on_their_way)
        return min((row.created_at for row in rows), default=None)

    def _episodes(self) -> list[Episode]:
        return [one for each in self._tables.episodes.values() for one in each.values()]

    def counts(self, now: datetime) -> Json:
        """How much there is of what people ask about first; as `SqlTransaction.counts`."""
        episodes = self._episodes()
        states = [kept.row.state for kept in self._tables.outbox.values()]
        due = [at for at in self._tables.subjects.values() if at is not None]
        return {
            "live_episodes": sum(map(_is_live, episodes)),
            "overdue": sum(at < now for at in due),
            "unowned": sum(
                one.escalated_at is not None and one.ended_at is None for one in episodes
            ),
            "held": states.count(OutboxState.HELD) + states.count(OutboxState.UNKNOWN),
            "unreachable": sum(b.cleared_at is None for b in self._tables.bounces.values()),
            "open_tickets": sum(is_open(kept.present) for kept in self._tables.tickets.values()),
            "outbox": {state.value: states.count(state) for state in OutboxState},
        }


def _is_live(episode: Episode) -> bool:
    """Whether it has fired a level and is not ended."""
    has_fired = any(firing.passing is Passing.FIRED for firing in episode.firings)
    return has_fired and episode.ended_at is None


def _shadow(episode: Episode, firing: Firing) -> ShadowFiring:
    return ShadowFiring(
        subject=episode.id.subject,
        rule=episode.id.rule,
        episode=episode.id.anchor,
        level=firing.level,
        name=firing.identity,
        occurrence=firing.occurrence,
        kind=firing.kind.value if firing.kind else None,
        fired_at=firing.fired_at,
    )


def _tickets(tables: Tables) -> Iterator[Json]:
    for name, kept in tables.tickets.items():
        yield {
            "ticket": name,
            "status": kept.present.status.value,
            "next_check_at": _text(tables.subjects.get(name)),
        }


def _firings(tables: Tables) -> Iterator[Json]:
    for episodes in tables.episodes.values():
        for episode in episodes.values():
            for one in episode.firings:
                if one.passing is Passing.FIRED:
                    yield {
                        "ticket": episode.id.subject,
                        "rule": episode.id.rule,
                        "episode": episode.id.anchor,
                        "level": one.level,
                        "name": one.identity,
                        "occurrence": one.occurrence,
                        "kind": one.kind.value if one.kind else None,
                        "due_at": utc_second(one.due_at),
                        "fired_at": utc_second(one.fired_at),
                        "generation": one.generation,
                    }


def _decisions(tables: Tables) -> Iterator[Json]:
    for number, one in tables.decisions.items():
        yield {
            "decision": number,
            "ticket": one.subject,
            "rule": one.rule,
            "at": utc_second(one.at),
            "verdict": one.verdict.value,
            "reason": one.reason.value,
            "generation": one.generation,
        }


def _outbox(tables: Tables) -> Iterator[Json]:
    for number, kept in tables.outbox.items():
        row, action = kept.row, kept.action
        yield {
            "id": number,
            "idempotency_key": action.key,
            "ticket": action.ticket,
            "rule": action.episode.rule,
            "audience": action.audience.value,
            "action": action.kind.value,
            "receiver_hash": receiver_hash(action),
            "state": row.state.value,
            "reason": row.reason,
            "attempts": row.attempts,
            "created_at": _text(row.created_at),
            "finished_at": _text(kept.finished_at),
        }


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_second(at)


_VIEWS: Final[Mapping[str, Callable[[Tables], Iterator[Json]]]] = {
    "v_tickets": _tickets,
    "v_firings": _firings,
    "v_decisions": _decisions,
    "v_outbox": _outbox,
}
