"""What `explain` tells: of a ticket, of each rule, of its clock and of its levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.domain.ladder import LevelStanding
from engine.domain.look import Pauses
from engine.domain.matching import Finding
from engine.domain.ownership import Owner
from engine.domain.reason import Reason, Verdict
from engine.domain.rule import Level, Rule
from engine.domain.standing import Standing
from engine.domain.ticket import Priority, Ticket
from engine.domain.withholding import Withholding
from engine.insight.holders import Holder
from engine.insight.record import Decision
from engine.insight.unsent import Unsent


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of the ladder, as an explanation shows it.

    Attributes:
        left: What the clock has still to count until the level is due; None where it is due, was
            passed, or has no due instant here.
    """

    standing: LevelStanding
    left: timedelta | None

    @property
    def level(self) -> Level:
        """The level."""
        return self.standing.level


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What a rule's clock has counted.

    Attributes:
        elapsed: Counted so far, pauses left out; None without an anchor.
        paused: Opening time in which it stood still.
        pauses: The spells since the anchor in which it stood still; the last ends with None while
            it lasts.
        target: What it counts towards, for `priority`; None where the rule has no target.
        priority: As the rule sees it; of a group the highest among the matching members.
        actual_priority: As it stands, with what the rule itself wrote.
    """

    elapsed: timedelta | None
    paused: timedelta
    pauses: Pauses
    target: timedelta | None
    priority: Priority
    actual_priority: Priority


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one rule stands to a ticket (or to the group that it belongs to).

    Attributes:
        standing: How it stands by what is known now.
        subject: What the rule is held against.
        verdict: What was decided; where nothing was, what the rule would decide.
        reason: Why.
        is_recorded: Verdict and reason are told from the log of decisions.
        decision: The last decision of this rule on this subject, if one was written by then.
        finding: The condition tree with what was found; None where there is no ticket to look at.
        actual: The same tree, held against the ticket with what the rule itself wrote.
        clock: What has been counted.
        levels: Every level of the rule; where there is no episode, all of them wait.
        next_at: The earliest instant at which, by time alone, it could do something (aware UTC).
        held_by: What holds the levels back, if something outside of the rule does.
        escalated_at: Since when it is an escalation (aware UTC); None while it is none.
        owner: Who has taken the escalation; None while nobody has it.
        left_alone: Fields that the episode did not set: ticket, field and reason of each.
        withheld: Why the customer is not written to, whatever is due; None where the rule promises
            the customer nothing, or nothing is withheld.
        unsent: What was decided and then not done.
    """

    standing: Standing
    subject: str
    verdict: Verdict
    reason: Reason
    is_recorded: bool
    decision: Decision | None
    finding: Finding | None
    actual: Finding | None
    clock: Arithmetic
    levels: tuple[Rung, ...]
    next_at: datetime | None
    held_by: tuple[Holder, ...]
    escalated_at: datetime | None
    owner: Owner | None
    left_alone: tuple[Mapping[str, str], ...]
    withheld: Withholding | None = None
    unsent: tuple[Unsent, ...] = ()

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.standing.rule

    @property
    def was_learnt_later(self) -> bool:
        """Whether what is known now would have led to another decision than the recorded one."""
        present = (self.standing.verdict, self.standing.reason)
        return self.is_recorded and present != (self.verdict, self.reason)


@dataclass(frozen=True, slots=True)
class Explained:
    """What `explain` tells of a ticket or a group.

    Attributes:
        asked: As it was asked for.
        ticket: The ticket as it stood then, our writes included; None for a group.
        at: The instant (aware UTC).
        generation: Id of the rules that were in force.
        rules: In the order of the rules.
    """

    asked: str
    ticket: Ticket | None
    at: datetime
    generation: str
    rules: tuple[Explanation, ...]
