"""Episodes with their firings and their messages to customers, and what is counted of them."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    null,
    select,
    text,
    update,
)

from engine.domain.actions import Audience
from engine.domain.episode import (
    CustomerMessage,
    Episode,
    EpisodeId,
    Firing,
    MessageKind,
    Passing,
)
from engine.domain.reason import Reason
from engine.domain.rule import Kind
from engine.ports import OutboxState
from engine.store.among import among
from engine.store.bulk import BulkInsert, keep_existing, overwrite
from engine.store.codec import instant, maybe_instant, maybe_seconds, seconds
from engine.store.part import Part
from engine.store.schema import (
    EPISODES,
    FIRINGS,
    HAS_ESCALATED,
    MESSAGES,
    OUTBOX,
    SATISFACTION,
    TICKETS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy import ColumnElement, Select

    from engine.domain.actions import Action
    from engine.store.part import AnyRow

_E, _F, _M, _O, _T = EPISODES.c, FIRINGS.c, MESSAGES.c, OUTBOX.c, TICKETS.c
_CUSTOMER: Final = "customer:"
"""What a customer's subject begins with."""

_SAVE = BulkInsert(
    EPISODES,
    conflict=overwrite(
        "anchor_at", "escalated_at", "ended_at", "exhausted_at", key=["subject", "rule", "anchor"]
    ),
)
_SAVE_FIRINGS = BulkInsert(FIRINGS, conflict=keep_existing)
_SAVE_MESSAGES = BulkInsert(MESSAGES, conflict=keep_existing)

_EPISODES = (
    select(_E.subject, _E.rule, _E.anchor, _E.anchor_at, _E.ended_at, _E.exhausted_at)
    .where(among(_E.subject, "ids"))
    .order_by(_E.subject, _E.rule, _E.anchor_at, _E.anchor)
)
_FIRINGS = select(*FIRINGS.c).where(among(_F.subject, "ids")).order_by(_F.position, _F.is_shadow)

_ESCALATIONS_OF_TICKETS = (
    select(_T.customer_id, _E.escalated_at)
    .join(EPISODES, _E.subject == _T.id)
    .where(among(_T.customer_id, "ids"), text(HAS_ESCALATED))
)
_ESCALATIONS_OF_GROUPS = select(_E.subject, _E.escalated_at).where(
    among(_E.subject, "ids"), text(HAS_ESCALATED)
)

# The ledger holds what was written down; whether it went out stands in the outbox, where a row for
# a customer names its message in its details.
_IS_WITHDRAWN = and_(
    _O.subject == _M.subject,
    _O.rule == _M.rule,
    _O.anchor == _M.anchor,
    _O.audience == Audience.CUSTOMER.value,
    _O.occurrence == _M.occurrence,
    _O.message == _M.message,
    _O.state == OutboxState.CANCELLED.value,
    _M.skipped.is_(None),
)
_WITHDRAWN = select(func.coalesce(_O.reason, "")).where(_IS_WITHDRAWN).limit(1).scalar_subquery()
_MESSAGES = (
    select(*MESSAGES.c, _WITHDRAWN.label("withdrawn"))
    .where(among(_M.subject, "ids"))
    .order_by(_M.position)
)
_ARRIVED = (
    update(MESSAGES)
    .where(
        _M.subject == bindparam("of_subject"),
        _M.rule == bindparam("of_rule"),
        _M.anchor == bindparam("of_anchor"),
        _M.message == bindparam("of_message"),
        _M.occurrence == bindparam("of_occurrence"),
        _M.deliver_at < bindparam("arrived_at", type_=BigInteger),
    )
    .values(deliver_at=bindparam("arrived_at", type_=BigInteger))
)


def _messages_by(column: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(*MESSAGES.c, null().label("withdrawn")).where(
        among(column, "ids"), _M.deliver_at >= bindparam("since"), ~exists().where(_IS_WITHDRAWN)
    )


_MESSAGES_OF_CUSTOMERS = _messages_by(_M.customer)
_MESSAGES_OF_TICKETS = _messages_by(_M.ticket)


# What the new id already has of its own stays; the rest is copied, and takes what belongs to it.
_NEW_RULE, _OLD_RULE = bindparam("new_rule", type_=Text), bindparam("old_rule", type_=Text)
_TAKEN = EPISODES.alias("taken")
_COPY_EPISODES = insert(EPISODES).from_select(
    ["subject", "rule", "anchor", "anchor_at", "escalated_at", "ended_at", "exhausted_at"],
    select(
        *(_E.subject, _NEW_RULE, _E.anchor, _E.anchor_at),
        *(_E.escalated_at, _E.ended_at, _E.exhausted_at),
    ).where(
        _E.rule == _OLD_RULE,
        ~exists().where(
            _TAKEN.c.subject == _E.subject,
            _TAKEN.c.anchor == _E.anchor,
            _TAKEN.c.rule == _NEW_RULE,
        ),
    ),
)
_RENAMES = tuple(
    update(table).where(table.c.rule == _OLD_RULE).values(rule=_NEW_RULE)
    for table in (FIRINGS, MESSAGES, OUTBOX, SATISFACTION)
)
_FORGET_EPISODES = delete(EPISODES).where(_E.rule == _OLD_RULE)


class EpisodePart(Part):
    """What is remembered of each rule on each subject."""

    def episodes(self, subjects: Iterable[str]) -> dict[str, tuple[Episode, ...]]:
        """All episodes of these subjects, ended ones too, by rule and anchor."""
        wanted = list(subjects)
        firings, messages = self._firings(wanted), self._messages(wanted)
        found: defaultdict[str, list[Episode]] = defaultdict(list)
        for row in self._rows_of(_EPISODES, wanted):
            key = EpisodeId(row.rule, row.subject, row.anchor)
            found[row.subject].append(
                Episode(
                    id=key,
                    anchor_at=instant(row.anchor_at),
                    firings=tuple(firings.get(key, ())),
                    messages=tuple(messages.get(key, ())),
                    ended_at=maybe_instant(row.ended_at),
                    exhausted_at=maybe_instant(row.exhausted_at),
                )
            )
        return {subject: tuple(episodes) for subject, episodes in found.items()}

    def _firings(self, subjects: Iterable[str]) -> dict[EpisodeId, list[Firing]]:
        found: defaultdict[EpisodeId, list[Firing]] = defaultdict(list)
        for row in self._rows_of(_FIRINGS, subjects):
            found[EpisodeId(row.rule, row.subject, row.anchor)].append(_firing(row))
        return found

    def _messages(self, subjects: Iterable[str]) -> dict[EpisodeId, list[CustomerMessage]]:
        found: defaultdict[EpisodeId, list[CustomerMessage]] = defaultdict(list)
        for row in self._rows_of(_MESSAGES, subjects):
            message = _message(row)
            found[message.episode].append(message)
        return found

    def save_episodes(self, episodes: Sequence[Episode]) -> None:
        """Keep episodes with their firings and messages.

        A firing whose (rule, subject, anchor, identity, occurrence) is known stays as it was
        (what a shadow recorded aside: it stands in nobody's way), and so does a message.
        """
        each = {episode.id: episode for episode in episodes}
        ordered = sorted(each.values(), key=lambda episode: _key(episode.id))
        _SAVE.run(self._connection, [_episode_row(episode) for episode in ordered])
        _SAVE_FIRINGS.run(self._connection, list(chain.from_iterable(map(_firing_rows, ordered))))
        _SAVE_MESSAGES.run(self._connection, list(chain.from_iterable(map(_message_rows, ordered))))

    def rename_rule(self, old: str, new: str) -> None:
        """Let a rule's episodes, with all that belongs to them, go on under its new id."""
        names = {"old_rule": old, "new_rule": new}
        for statement in (_COPY_EPISODES, *_RENAMES):
            self._connection.execute(statement, names)
        self._connection.execute(_FORGET_EPISODES, {"old_rule": old})

    def escalations_of_customers(self, customers: Iterable[str]) -> dict[str, tuple[datetime, ...]]:
        """When episodes of these customers' tickets, and of their groups, became escalations.

        Customers without any are left out.
        """
        wanted = list(customers)
        groups = [f"{_CUSTOMER}{customer}" for customer in wanted]
        found: defaultdict[str, list[int]] = defaultdict(list)
        for customer, at in self._rows_of(_ESCALATIONS_OF_TICKETS, wanted):
            found[customer].append(at)
        for subject, at in self._rows_of(_ESCALATIONS_OF_GROUPS, groups):
            found[subject.removeprefix(_CUSTOMER)].append(at)
        return {customer: tuple(map(instant, sorted(at))) for customer, at in found.items()}

    def customer_messages(
        self, customers: Iterable[str], tickets: Iterable[str], since: datetime
    ) -> tuple[CustomerMessage, ...]:
        """Messages to these customers or on these tickets: sent, still to be sent, or skipped.

        Args:
            customers: Customer ids.
            tickets: Ticket ids.
            since: The earliest `deliver_at` (aware UTC).

        Returns:
            Each message once, in order of `deliver_at`.
        """
        bound = seconds(since)
        rows = chain(
            self._rows_of(_MESSAGES_OF_CUSTOMERS, customers, since=bound),
            self._rows_of(_MESSAGES_OF_TICKETS, tickets, since=bound),
        )
        each = {(*_key(message.episode), message.message, message.occurrence): message
                for message in map(_message, rows)}  # fmt: skip
        return tuple(message for _, message in sorted(each.items(), key=lambda item: (
            item[1].deliver_at, item[0])))  # fmt: skip

    def message_arrived(self, action: Action, at: datetime) -> None:
        """Note when a customer's message really went out (aware UTC), if later than decided."""
        self._connection.execute(
            _ARRIVED,
            {
                "of_subject": action.episode.subject,
                "of_rule": action.episode.rule,
                "of_anchor": action.episode.anchor,
                "of_message": action.details.get("message"),
                "of_occurrence": action.occurrence,
                "arrived_at": seconds(at),
            },
        )


def _key(episode: EpisodeId) -> tuple[str, str, str]:
    """The columns that name an episode, in the tables' order."""
    return episode.subject, episode.rule, episode.anchor


def _episode_row(episode: Episode) -> tuple[object, ...]:
    return (
        *_key(episode.id),
        seconds(episode.anchor_at),
        maybe_seconds(episode.escalated_at),
        maybe_seconds(episode.ended_at),
        maybe_seconds(episode.exhausted_at),
    )


def _firing_rows(episode: Episode) -> list[tuple[object, ...]]:
    key = _key(episode.id)
    return [
        (
            *key,
            firing.identity,
            firing.occurrence,
            firing.passing is Passing.SHADOW,
            position,
            firing.level,
            firing.kind and firing.kind.value,
            seconds(firing.due_at),
            seconds(firing.fired_at),
            firing.reason.value,
            firing.passing.value,
            firing.generation,
        )
        for position, firing in enumerate(episode.firings)
    ]


def _message_rows(episode: Episode) -> list[tuple[object, ...]]:
    key = _key(episode.id)
    return [
        (
            *key,
            message.message.value,
            message.occurrence,
            position,
            message.ticket,
            message.customer,
            message.template,
            seconds(message.due_at),
            seconds(message.deliver_at),
            message.skipped and message.skipped.value,
        )
        for position, message in enumerate(episode.messages)
    ]


def _firing(row: AnyRow) -> Firing:
    return Firing(
        level=row.level,
        identity=row.identity,
        occurrence=row.occurrence,
        kind=None if row.kind is None else Kind(row.kind),
        due_at=instant(row.due_at),
        fired_at=instant(row.fired_at),
        reason=Reason(row.reason),
        passing=Passing(row.passing),
        generation=row.generation,
    )


def _message(row: AnyRow) -> CustomerMessage:
    return CustomerMessage(
        episode=EpisodeId(row.rule, row.subject, row.anchor),
        ticket=row.ticket,
        customer=row.customer,
        message=MessageKind(row.message),
        occurrence=row.occurrence,
        template=row.template,
        due_at=instant(row.due_at),
        deliver_at=instant(row.deliver_at),
        skipped=None if row.skipped is None else Reason(row.skipped),
        withdrawn=row.withdrawn,
    )
