"""What the store tells people and outside programs: the views, and how much of what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Table, bindparam, exists, func, select, text
from sqlalchemy import column as any_column
from sqlalchemy import table as any_table

from engine.domain.episode import Passing
from engine.domain.reason import Reason
from engine.errors import StoreError
from engine.ports import OutboxState, ShadowFiring
from engine.store.codec import instant, maybe_instant, seconds
from engine.store.part import Part
from engine.store.schema import (
    BOUNCES,
    EPISODES,
    FIRINGS,
    HAS_ESCALATED,
    IS_LIVE,
    IS_ON_ITS_WAY,
    IS_OPEN,
    IS_TIMED,
    NEEDS_PEOPLE,
    OUTBOX,
    SUBJECTS,
    TICKETS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from sqlalchemy import Select

    from engine.ports import Json

VIEWS: Final[Mapping[str, tuple[str, ...]]] = {
    "v_tickets": ("ticket", "status", "next_check_at"),
    "v_firings": ("ticket", "rule", "episode", "level", "name", "occurrence", "kind", "due_at",
                  "fired_at", "generation"),
    "v_decisions": ("decision", "ticket", "rule", "at", "verdict", "reason", "generation"),
    "v_outbox": ("id", "idempotency_key", "ticket", "rule", "audience", "action",
                 "receiver_hash", "state", "reason", "attempts", "created_at", "finished_at"),
}  # fmt: skip
"""The columns of each view: a promise to outside programs, kept across versions."""

VIEW_ORDER: Final = {
    "v_tickets": ("ticket",),
    "v_firings": ("due_at", "ticket", "rule", "level", "occurrence", "episode"),
    "v_decisions": ("decision",),
    "v_outbox": ("id",),
}
_SELECTS: Final[Mapping[str, Select[*tuple[Any, ...]]]] = {
    name: select(*map(any_column, columns))
    .select_from(any_table(name))
    .order_by(*map(any_column, VIEW_ORDER[name]))
    for name, columns in VIEWS.items()
}

_HAS_FIRED = exists().where(
    FIRINGS.c.subject == EPISODES.c.subject,
    FIRINGS.c.rule == EPISODES.c.rule,
    FIRINGS.c.anchor == EPISODES.c.anchor,
    FIRINGS.c.passing.in_([Passing.FIRED.value, Passing.TAKEN_OVER.value]),
)


def _count(of: Table, *conditions: str) -> Select[int]:
    return select(func.count()).select_from(of).where(*map(text, conditions))


_LIVE_EPISODES = _count(EPISODES, IS_LIVE).where(_HAS_FIRED)
_LIVE_BY_RULE = (
    select(EPISODES.c.rule, func.count()).where(text(IS_LIVE), _HAS_FIRED).group_by(EPISODES.c.rule)
)
_OVERDUE = _count(SUBJECTS, IS_TIMED).where(SUBJECTS.c.next_check_at < bindparam("now"))
_LIVE_ESCALATIONS = (
    select(EPISODES.c.subject)
    .where(text(HAS_ESCALATED), text(IS_LIVE))
    .distinct()
    .order_by(EPISODES.c.subject)
)
_UNOWNED = _count(EPISODES, HAS_ESCALATED, IS_LIVE)
_HELD = _count(OUTBOX, NEEDS_PEOPLE)
_UNREACHABLE = _count(BOUNCES, "cleared_at IS NULL")
_OPEN_TICKETS = _count(TICKETS, IS_OPEN)
_SHADOWS = (
    select(*FIRINGS.c)
    .where(
        FIRINGS.c.is_shadow,
        FIRINGS.c.reason == Reason.SHADOW.value,
        FIRINGS.c.fired_at >= bindparam("since"),
    )
    .order_by(FIRINGS.c.fired_at, FIRINGS.c.subject, FIRINGS.c.rule, FIRINGS.c.level)
)
_WAITING_SINCE = select(func.min(OUTBOX.c.created_at)).where(text(IS_ON_ITS_WAY))
_BY_STATE = select(OUTBOX.c.state, func.count()).group_by(OUTBOX.c.state)


class TellingPart(Part):
    """Read-only, and in the contract's own words."""

    def view(self, name: str, where: Mapping[str, object] | None = None) -> list[Json]:
        """The rows of a view, in the view's own order.

        Args:
            name: A key of `VIEWS`.
            where: Column → the value that it must equal.

        Raises:
            StoreError: There is no such view or column.
        """
        wanted = dict(where or {})
        if unknown := wanted.keys() - set(VIEWS.get(name, ())):
            raise StoreError(f"{name} has no column {min(unknown)}")
        if name not in VIEWS:
            raise StoreError(f"there is no view {name}; there are {', '.join(VIEWS)}")
        statement = _SELECTS[name].where(
            *(any_column(column) == value for column, value in wanted.items())
        )
        return [dict(row) for row in self._connection.execute(statement).mappings()]

    def live_escalations(self) -> list[str]:
        """The subjects of escalations that have not ended, each once, in order."""
        return [row.subject for row in self._rows(_LIVE_ESCALATIONS)]

    def live_episodes(self) -> dict[str, int]:
        """Rule → how many of its episodes have fired a level and are not ended; none left out."""
        return dict(self._rows(_LIVE_BY_RULE))

    def shadow_firings(self, since: datetime) -> list[ShadowFiring]:
        """What rules in shadow would have fired since then (aware UTC), in order.

        What they would have left alone, as too late or as backlog, is not among it.
        """
        return [
            ShadowFiring(
                subject=row.subject,
                rule=row.rule,
                episode=row.anchor,
                level=row.level,
                name=row.identity,
                occurrence=row.occurrence,
                kind=row.kind,
                fired_at=instant(row.fired_at),
            )
            for row in self._rows(_SHADOWS, since=seconds(since))
        ]

    def waiting_since(self) -> datetime | None:
        """When the oldest action that is on its way was decided (aware UTC); None without any."""
        return maybe_instant(self._value(_WAITING_SINCE))

    def counts(self, now: datetime) -> Json:
        """How much there is of what people ask about first.

        Returns:
            live_episodes: not ended, with a level that has fired. overdue: subjects that should
            have been checked before `now`. unowned: escalations not ended (what is acknowledged
            among them, the caller takes off). held: outbox rows that wait for people, held or
            unknown. unreachable: customers' addresses that take no mail. open_tickets. outbox:
            rows by state, every state named.
        """
        found: dict[str, int] = dict(self._rows(_BY_STATE))
        return {
            "live_episodes": self._value(_LIVE_EPISODES),
            "overdue": self._value(_OVERDUE, now=seconds(now)),
            "unowned": self._value(_UNOWNED),
            "held": self._value(_HELD),
            "unreachable": self._value(_UNREACHABLE),
            "open_tickets": self._value(_OPEN_TICKETS),
            "outbox": {state.value: found.get(state.value, 0) for state in OutboxState},
        }
