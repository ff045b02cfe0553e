"""Whether a message that may have arrived did: its helpdesk is asked.

Proof that it arrived ends the doubt. That it is not there proves nothing (it may be on its way), so
the message stays held, and is asked for again: each minute for an hour, then each hour for a week.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.domain.actions import Action, ActionKind
from engine.pipeline.outside import Outside
from engine.pipeline.own_writes import remember
from engine.ports import OutboxRow, OutboxState, Store

ASKED_OFTEN_FOR = timedelta(hours=1)
RARELY = timedelta(hours=1)
"""Between two questions, after the first hour."""
ASKED_FOR = timedelta(days=7)
PROVED = "the helpdesk has it"


def has_arrived(outside: Outside, action: Action) -> bool | None:
    """Whether a note or a reply stands on its ticket; None where nobody can tell.

    What went by a channel leaves no trace at the helpdesk.
    """
    helpdesk = outside.helpdesk_of(action)
    if helpdesk is None:
        return None
    if action.kind is ActionKind.NOTE:
        return helpdesk.has_note(action.ticket, action.key)
    if action.kind is not ActionKind.REPLY or helpdesk.name in outside.reply_channels:
        return None
    return helpdesk.has_reply(action.ticket, action.key)


@dataclass(slots=True)
class _Question:
    """A message that is asked for.

    Attributes:
        since: When it was first asked for; after a restart anew.
        next_at: When it is to be asked for again (both aware UTC); None for never.
    """

    since: datetime
    next_at: datetime | None


@dataclass(slots=True)
class Inquiry:
    """Asks for what is unknown, now and then; remembers in memory when it did."""

    _questions: dict[int, _Question] = field(default_factory=dict)

    def resolve(
        self, store: Store, outside: Outside, now: datetime, real_now: datetime
    ) -> list[OutboxRow]:
        """Ask for all unknown messages whose turn it is.

        Args:
            store: Where the outbox is.
            outside: Whom to ask.
            now: The domain's instant.
            real_now: The machine's, by which the questions are spaced (both aware UTC).

        Returns:
            The rows of which it is proved that they arrived; they are delivered now.
        """
        with store.read() as tx:
            rows = {row.id: row for row in tx.unknown_replies()}
        self._questions = {n: asked for n, asked in self._questions.items() if n in rows}
        return [
            row
            for row in rows.values()
            if self._is_proven(outside, row, real_now) and _delivered(store, outside, row, now)
        ]

    def _is_proven(self, outside: Outside, row: OutboxRow, now: datetime) -> bool:
        question = self._questions.setdefault(row.id, _Question(now, now))
        if question.next_at is None or now < question.next_at:
            return False
        answer = has_arrived(outside, row.action)
        age = now - question.since
        pause = timedelta() if age < ASKED_OFTEN_FOR else RARELY
        question.next_at = None if answer is None or age >= ASKED_FOR else now + pause
        return answer is True


def _delivered(store: Store, outside: Outside, row: OutboxRow, now: datetime) -> bool:
    with store.write() as tx:
        is_settled = tx.settle(row.id, OutboxState.DELIVERED, now, PROVED, row.action.key)
        if is_settled:
            remember(tx, row.action, (), outside.ruleset, now)
    return is_settled
