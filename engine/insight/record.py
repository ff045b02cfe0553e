"""What the log of decisions says of a past instant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.domain.rule import Rule
from engine.pipeline.evaluate import PUT_OFF_BY
from engine.ports import DecisionRecord, Transaction


@dataclass(frozen=True, slots=True)
class Decision:
    """A line of the log, with its number."""

    number: int
    record: DecisionRecord


@dataclass(frozen=True, slots=True)
class Log:
    """The decisions about one subject, up to an instant.

    Attributes:
        lines: In the order of writing.
        is_lived: The instant is past, and the subject was looked at as often as it had to be: a
            decision is written when it changes, so the last one held.
    """

    lines: Sequence[Decision]
    is_lived: bool

    def last_of(self, rule: Rule) -> Decision | None:
        """The last decision of a rule, by whatever id it had."""
        return next((one for one in reversed(self.lines) if one.record.rule in rule.ids), None)

    def told_of(self, rule: Rule, at: datetime) -> Decision | None:
        """The decision that held at the instant; None if none was written by then.

        A decision that failed stands for all rules, until the subject was looked at again.
        """
        if not self.is_lived:
            return None
        last = self.last_of(rule)
        failed = next((one for one in reversed(self.lines) if not one.record.rule), None)
        if failed is None or at >= failed.record.at + PUT_OFF_BY:
            return last
        return failed if last is None or failed.number > last.number else last

    def left_alone(self, rule: Rule, anchor: str) -> tuple[Mapping[str, str], ...]:
        """The fields that an episode of the rule did not set: ticket, field and reason of each."""
        found: dict[tuple[str, ...], Mapping[str, str]] = {}
        for one in self.lines:
            if one.record.rule in rule.ids and one.record.evidence.get("anchor") == anchor:
                for each in _left_alone(one.record):
                    found[tuple(each.values())] = each
        return tuple(found.values())


def _left_alone(record: DecisionRecord) -> list[dict[str, str]]:
    listed = record.evidence.get("left_alone")
    return [dict(each) for each in listed] if isinstance(listed, list) else []


def log_of(tx: Transaction, subject: str, at: datetime, lived_until: datetime) -> Log:
    """What was decided about a subject up to an instant.

    Args:
        tx: Where the log is.
        subject: Whom about.
        at: Aware UTC.
        lived_until: Up to when the store has lived.
    """
    lines = [Decision(*each) for each in tx.decisions([subject], at).items()]
    overdue_at = tx.next_checks([subject]).get(subject)
    is_overdue = overdue_at is not None and overdue_at <= at
    return Log(lines, is_lived=at <= lived_until and not is_overdue)
