"""The outbox: actions on their way out, and what became of each attempt.

    pending ─lease→ leased ─begin_sending→ sending ─finish→ delivered | rejected | unknown
       ↑               └─finish→ cancelled | dropped      └─snooze→ pending | snoozed | held
       └───────── snooze (of a lease that ran out) ────────┘

Every step out of a lease asks for the lease's token: who lost it to somebody else changes nothing.
Rows of one ticket go out in order where order matters: changes and notes among themselves, replies
among themselves, and the notices to one address among themselves. That is a row's `lane`. Digests
queue up for nobody: all that wait for one address become one message, whatever their tickets.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from engine.domain.actions import ActionKind, Audience
from engine.ports import Attempt, OutboxRow, OutboxState
from engine.store.among import among
from engine.store.bulk import BulkInsert, keep_existing
from engine.store.codec import (
    decode_action,
    encode_action,
    instant,
    maybe_instant,
    maybe_seconds,
    seconds,
)
from engine.store.part import Part
from engine.store.schema import (
    ATTEMPTS,
    IS_DELIVERED,
    IS_LEASED,
    IS_ON_ITS_WAY,
    IS_WAITING,
    NEEDS_PEOPLE,
    OUTBOX,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Update

    from engine.domain.actions import Action
    from engine.store.part import AnyRow

_O, _A = OUTBOX.c, ATTEMPTS.c
_HASH_LENGTH: Final = 16

_FINAL: Final = frozenset(
    {OutboxState.DELIVERED, OutboxState.REJECTED, OutboxState.CANCELLED, OutboxState.DROPPED}
)
_UNSENT: Final = frozenset({OutboxState.CANCELLED, OutboxState.DROPPED})
"""Ends that a leased row may come to without having been sent."""
_DIGEST: Final = ActionKind.DIGEST.value
_LEASES: Final = (OutboxState.LEASED, OutboxState.SENDING)
ACTS: Final = (ActionKind.CHANGE, ActionKind.NOTE, ActionKind.REPLY)
"""What is done to tickets, and so is seen on them."""

_COLUMNS: Final = (
    "key", "ticket", "lane", "subject", "rule", "anchor", "audience", "action",
    "occurrence", "message", "receiver_hash", "body", "state", "reason", "attempts",
    "next_attempt_at", "created_at", "finished_at",
)  # fmt: skip
_ENQUEUE = BulkInsert(OUTBOX, *_COLUMNS, conflict=keep_existing)

_ROW: Final = (
    _O.id, _O.body, _O.state, _O.attempts, _O.token, _O.next_attempt_at, _O.created_at, _O.reason
)  # fmt: skip
_ROWS = select(*_ROW).where(among(_O.id, "ids")).order_by(_O.id)
_EXPIRED = (
    select(*_ROW)
    .where(text(IS_LEASED), _O.lease_until <= bindparam("now"))
    .order_by(_O.lease_until, _O.id)
)
_NEXT = select(_O.next_attempt_at).where(text(IS_WAITING)).order_by(_O.next_attempt_at).limit(1)

_earlier = OUTBOX.alias("earlier")
_IS_HELD_BACK = exists().where(
    _earlier.c.ticket == _O.ticket,
    _earlier.c.lane == _O.lane,
    _earlier.c.id < _O.id,
    text(f"earlier.{IS_ON_ITS_WAY}"),
    or_(
        _earlier.c.state != OutboxState.SNOOZED.value,
        _earlier.c.audience != Audience.CUSTOMER.value,
    ),
)
_READY = (
    select(_O.id)
    .where(
        text(f"outbox.{IS_WAITING}"),
        _O.next_attempt_at <= bindparam("now"),
        or_(_O.action != _DIGEST, _O.created_at <= bindparam("digests_until")),
        ~_IS_HELD_BACK,
    )
    .order_by(_O.next_attempt_at, _O.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True, of=OUTBOX)  # says nothing to SQLite, which has one writer
)
_READY_DIGESTS = (
    select(_O.id)
    .where(
        text(f"outbox.{IS_WAITING}"),
        or_(
            and_(_O.next_attempt_at <= bindparam("now"), _O.action == _DIGEST),
            _O.reason == bindparam("of_reason", type_=Text),
        ),
        _O.receiver_hash == bindparam("receiver"),
    )
    .order_by(_O.id)
    .with_for_update(skip_locked=True, of=OUTBOX)
)
_UNKNOWN_REPLIES = (
    select(*_ROW)
    .where(
        text(NEEDS_PEOPLE),
        _O.state == OutboxState.UNKNOWN.value,
        _O.action == ActionKind.REPLY.value,
    )
    .order_by(_O.id)
)
_BEGUN_ACTS = (
    select(*_ROW)
    .where(
        text(IS_ON_ITS_WAY),
        among(_O.ticket, "ids"),
        _O.action.in_([kind.value for kind in ACTS]),
        exists().where(_A.outbox == _O.id),
    )
    .order_by(_O.id)
)
_MESSAGES_TO = (
    select(_O.receipt, func.min(_O.finished_at))
    .where(
        text(IS_DELIVERED),
        _O.receiver_hash == bindparam("receiver"),
        _O.finished_at > bindparam("since"),
    )
    .group_by(_O.receipt)
)
_later = OUTBOX.alias("later")
_BEING_TOLD = (
    select(_O.ticket)
    .distinct()
    .where(
        among(_O.ticket, "ids"),
        text(IS_ON_ITS_WAY),
        _O.audience == Audience.CUSTOMER.value,
    )
)
_LATER_ROWS = (
    select(func.count())
    .select_from(OUTBOX.join(_later, and_(_later.c.ticket == _O.ticket, _later.c.lane == _O.lane)))
    .where(_O.id == bindparam("row_id"), _later.c.id > _O.id, text(f"later.{IS_ON_ITS_WAY}"))
)
_LEASE = (
    update(OUTBOX)
    .where(among(_O.id, "ids"))
    .values(
        state=OutboxState.LEASED.value,
        token=bindparam("new_token"),
        lease_until=bindparam("new_until"),
    )
)
_BEGIN = (
    update(OUTBOX)
    .where(
        _O.id == bindparam("row_id"),
        _O.token == bindparam("of_token"),
        _O.state == OutboxState.LEASED.value,
        _O.lease_until >= bindparam("needed_until"),
    )
    .values(state=OutboxState.SENDING.value, attempts=_O.attempts + 1)
)
# A snooze gives the attempt back to the row; here each one is kept, and so they are counted here.
_BEGIN_ATTEMPT = insert(ATTEMPTS).from_select(
    ["outbox", "number", "started_at"],
    select(
        bindparam("row_id", type_=BigInteger),
        func.coalesce(func.max(_A.number), 0) + 1,
        bindparam("now", type_=BigInteger),
    ).where(_A.outbox == bindparam("row_id")),
)
_GIVE_BACK = (
    update(OUTBOX)
    .where(
        _O.id == bindparam("row_id"),
        _O.token == bindparam("of_token"),
        _O.state == OutboxState.SENDING.value,
    )
    .values(attempts=_O.attempts - 1)
)
_ATTEMPTS = select(*_A).where(_A.outbox == bindparam("row_id")).order_by(_A.number)
_END_ATTEMPT = (
    update(ATTEMPTS)
    .where(_A.outbox == bindparam("row_id"), _A.outcome.is_(None))
    .values(
        finished_at=bindparam("new_finished"),
        outcome=bindparam("new_outcome"),
        reason=bindparam("new_reason"),
        receipt=bindparam("new_receipt"),
    )
)
_MOVE = (
    update(OUTBOX)
    .where(_O.id == bindparam("row_id"), _O.state.in_(bindparam("from_states", expanding=True)))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        receipt=func.coalesce(bindparam("new_receipt"), _O.receipt),
        next_attempt_at=func.coalesce(bindparam("new_next"), _O.next_attempt_at),
        finished_at=bindparam("new_finished"),
        token=None,
        lease_until=None,
    )
)
_MOVE_MINE = _MOVE.where(_O.token == bindparam("of_token"))


class OutboxPart(Part):
    """The queue of actions, one row for each receiver."""

    def enqueue(self, actions: Sequence[Action], now: datetime) -> None:
        """Put actions into the queue in this order; one whose key is known is passed over."""
        created = seconds(now)
        _ENQUEUE.run(self._connection, [_new_row(action, created) for action in actions])

    def lease(
        self,
        now: datetime,
        limit: int,
        token: str,
        until: datetime,
        digests_until: datetime | None = None,
    ) -> list[OutboxRow]:
        """Take rows whose time has come, the longest due first, for the holder of `token`.

        Of each ticket's lane only the first row on its way is taken; a snoozed customer message
        holds nothing back. Digests are in no lane.

        Args:
            now: Aware UTC.
            limit: At most so many.
            token: A fresh fencing token.
            until: When the lease runs out (aware UTC).
            digests_until: Digest rows written later than this wait for more of their kind; None
                takes them all.

        Returns:
            The rows as leased, in order of id.
        """
        at, digests_at = seconds(now), seconds(digests_until or now)
        ready = self._rows(_READY, now=at, most=limit, digests_until=digests_at)
        return self._leased([row.id for row in ready], token, until)

    def lease_digests(
        self, like: Action, now: datetime, token: str, until: datetime, reason: str | None = None
    ) -> list[OutboxRow]:
        """Take all the digests whose time has come that go to the address of `like`.

        Args:
            like: An action for that address.
            now: Aware UTC.
            token: A fresh fencing token.
            until: When the lease runs out (aware UTC).
            reason: Rows for that address that wait for it go with them, due or not.

        Returns:
            The rows as leased, in order of id; those that are leased already are not among them.
        """
        receiver = receiver_hash(like)
        ready = self._rows(_READY_DIGESTS, now=seconds(now), receiver=receiver, of_reason=reason)
        return self._leased([row.id for row in ready], token, until)

    def messages_to(self, like: Action, since: datetime) -> list[datetime]:
        """When the address of `like` was sent a message, later than `since` (aware UTC); in order.

        Rows that shared a message, and so have one receipt, count once.
        """
        found = self._rows(_MESSAGES_TO, receiver=receiver_hash(like), since=seconds(since))
        return sorted(instant(at) for _, at in found)

    def unknown_replies(self) -> list[OutboxRow]:
        """Replies to customers that may have arrived, in order of id."""
        return [_row(row) for row in self._rows(_UNKNOWN_REPLIES)]

    def being_told(self, tickets: Iterable[str]) -> frozenset[str]:
        """Those of these tickets on which a message to the customer is on its way."""
        return frozenset(row.ticket for row in self._rows_of(_BEING_TOLD, tickets))

    def begun_acts(self, ticket_ids: Iterable[str]) -> list[OutboxRow]:
        """Acts on these tickets that were attempted and are not settled, in order of id."""
        return [_row(row) for row in self._rows_of(_BEGUN_ACTS, ticket_ids)]

    def is_overtaken(self, row_id: int) -> bool:
        """Whether a later row of the same ticket and lane is on its way, too."""
        return bool(self._value(_LATER_ROWS, row_id=row_id))

    def _leased(self, row_ids: list[int], token: str, until: datetime) -> list[OutboxRow]:
        self._do_for(_LEASE, row_ids, new_token=token, new_until=seconds(until))
        return [_row(row) for row in self._rows_of(_ROWS, row_ids)]

    def begin_sending(self, row_id: int, token: str, now: datetime, needed_until: datetime) -> bool:
        """Note that an attempt is about to be made; commit before making it.

        Returns:
            False, and nothing has changed, if the lease was lost or does not last until
            `needed_until`.
        """
        if not self._is_done(
            _BEGIN, row_id=row_id, of_token=token, needed_until=seconds(needed_until)
        ):
            return False
        self._connection.execute(_BEGIN_ATTEMPT, {"row_id": row_id, "now": seconds(now)})
        return True

    def finish(
        self,
        row_id: int,
        token: str,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        receipt: str | None = None,
    ) -> bool:
        """Note how an attempt ended; a leased row can only be cancelled or dropped.

        Returns:
            False, and nothing has changed, if the lease was lost.
        """
        leases = _LEASES if state in _UNSENT else (OutboxState.SENDING,)
        outcome = _Outcome(state, reason, at=now, receipt=receipt)
        return self._move(_MOVE_MINE, row_id, leases, outcome, of_token=token)

    def snooze(
        self,
        row_id: int,
        token: str,
        until: datetime,
        reason: str,
        state: OutboxState = OutboxState.SNOOZED,
    ) -> bool:
        """Put a leased or sending row back (`SNOOZED`, `PENDING`) or aside (`HELD`).

        A snooze burns no attempt: one that was begun is given back.

        Returns:
            False, and nothing has changed, if the lease was lost.
        """
        if state is OutboxState.SNOOZED:
            self._is_done(_GIVE_BACK, row_id=row_id, of_token=token)
        outcome = _Outcome(state, reason, next_at=until)
        return self._move(_MOVE_MINE, row_id, _LEASES, outcome, of_token=token)

    def expired(self, now: datetime) -> list[OutboxRow]:
        """Rows, leased or sending, whose lease has run out, the first to run out first."""
        return [_row(row) for row in self._rows(_EXPIRED, now=seconds(now))]

    def settle(
        self,
        row_id: int,
        state: OutboxState,
        now: datetime,
        reason: str | None = None,
        receipt: str | None = None,
    ) -> bool:
        """Decide what becomes of a row that waits for people: released, proved, or given up.

        Only a held row can go back to `PENDING`: an unknown one may have arrived.

        Returns:
            False, and nothing has changed, if the row does not wait for that.
        """
        is_release = state is OutboxState.PENDING
        waits = (OutboxState.HELD,) if is_release else (OutboxState.HELD, OutboxState.UNKNOWN)
        outcome = _Outcome(state, reason, at=now, next_at=now, receipt=receipt)
        return self._move(_MOVE, row_id, waits, outcome)

    def next_delivery_at(self) -> datetime | None:
        """The earliest next attempt, None when nothing waits."""
        return maybe_instant(self._value(_NEXT))

    def outbox_row(self, row_id: int) -> OutboxRow | None:
        """One row, None when there is none of that number."""
        return next((_row(row) for row in self._rows_of(_ROWS, [row_id])), None)

    def attempts(self, row_id: int) -> tuple[Attempt, ...]:
        """All attempts at a row's action, in order."""
        return tuple(map(_attempt, self._rows(_ATTEMPTS, row_id=row_id)))

    def _move(
        self,
        statement: Update,
        row_id: int,
        from_states: Iterable[OutboxState],
        outcome: _Outcome,
        **condition: object,
    ) -> bool:
        """Take a row to another state, and close its attempt if one is open."""
        said = {"new_reason": outcome.reason, "new_receipt": outcome.receipt}
        at = maybe_seconds(outcome.at)
        is_moved = self._is_done(
            statement,
            row_id=row_id,
            from_states=[state.value for state in from_states],
            new_state=outcome.state.value,
            new_next=maybe_seconds(outcome.next_at),
            new_finished=at if outcome.state in _FINAL else None,
            **said,
            **condition,
        )
        if is_moved:
            ended = {"new_outcome": outcome.state.value, "new_finished": at}
            self._connection.execute(_END_ATTEMPT, {"row_id": row_id, **ended, **said})
        return is_moved


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What becomes of a row.

    Attributes:
        at: When that was known (aware UTC); None where the caller does not say.
        next_at: When the row may be leased again, where it may (aware UTC).
    """

    state: OutboxState
    reason: str | None
    at: datetime | None = None
    next_at: datetime | None = None
    receipt: str | None = None


def receiver_hash(action: Action) -> str | None:
    """What tells receivers apart without naming them; None when there is no address."""
    if action.channel is None or action.to is None:
        return None
    address = f"{action.channel}:{action.to}"
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()[:_HASH_LENGTH]


def lane_of(action: Action) -> str:
    """What goes out in order: the ticket, its customer, or one address."""
    if action.audience is Audience.CUSTOMER:
        return "customer"
    if action.kind is ActionKind.DIGEST:
        return action.key
    if action.kind is ActionKind.NOTIFY:
        return receiver_hash(action) or "staff"
    return "ticket"


def _message_of(action: Action) -> str | None:
    """Which customer message an action carries out, if it says so."""
    message = action.details.get("message") if action.audience is Audience.CUSTOMER else None
    return message if isinstance(message, str) else None


def _new_row(action: Action, created: int) -> tuple[object, ...]:
    state = OutboxState.HELD if action.held else OutboxState.PENDING
    if action.skipped:
        state = OutboxState.CANCELLED
    return (
        action.key,
        action.ticket,
        lane_of(action),
        action.subject,
        action.episode.rule,
        action.episode.anchor,
        action.audience.value,
        action.kind.value,
        action.occurrence,
        _message_of(action),
        receiver_hash(action),
        encode_action(action),
        state.value,
        action.reason,
        0,
        created if action.not_before is None else max(created, seconds(action.not_before)),
        created,
        created if state in _FINAL else None,
    )


def _row(row: AnyRow) -> OutboxRow:
    row_id, body, state, attempts, token, next_attempt_at, created_at, reason = row
    return OutboxRow(
        id=row_id,
        action=decode_action(body),
        state=OutboxState(state),
        attempts=attempts,
        token=token,
        next_attempt_at=instant(next_attempt_at),
        created_at=instant(created_at),
        reason=reason,
    )


def _attempt(row: AnyRow) -> Attempt:
    return Attempt(
        number=row.number,
        started_at=instant(row.started_at),
        finished_at=maybe_instant(row.finished_at),
        outcome=OutboxState(row.outcome) if row.outcome else None,
        reason=row.reason,
    )
