"""A command: a customer says how it went, once for each ticket; staff hear of low scores."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from engine.domain.actions import Action, ActionKind, Audience
from engine.domain.aftermath import Aftermath, staff_notices
from engine.domain.episode import EpisodeId, MessageKind
from engine.domain.firing import rule_details
from engine.domain.link import SurveyLink
from engine.domain.rule import DEFAULT_SCALE, FollowUp, Mode, Rule
from engine.domain.ticket import Ticket
from engine.errors import UsageError
from engine.pipeline.evaluate import Policy
from engine.ports import Answer, Store, Transaction

LONGEST_COMMENT = 4_000
"""Characters that are kept of a customer's own words."""

_STRANGE = frozenset({"Cc", "Cs"})
"""Controls, and halves of characters."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a customer is asked, or has answered.

    Attributes:
        ticket: The ticket as it stands.
        scale: The best score; the worst is 1.
        answer: What was answered; None while nothing was.
    """

    ticket: Ticket
    scale: int
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer.

    Attributes:
        answer: The one that counts.
        is_new: Whether it is this one; otherwise there was one already, and nothing has changed.
        is_low: Whether somebody is told that the score is low.
    """

    answer: Answer
    is_new: bool
    is_low: bool = False


def survey_about(tx: Transaction, policy: Policy, link: SurveyLink, now: datetime) -> Survey | None:
    """What a link's customer is asked; None where the ticket is unknown. Nothing is written."""
    history = tx.histories([link.ticket]).get(link.ticket)
    if history is None:
        return None
    rule = policy.ruleset.generation.rule_once_called(link.rule)
    wanted = _follow_up(rule)
    scale = wanted.scale if wanted else DEFAULT_SCALE
    return Survey(history.as_of(now).ticket, scale, tx.answer(link.ticket))


def answer_survey(
    store: Store, policy: Policy, link: SurveyLink, score: int, comment: str, now: datetime
) -> Answered | None:
    """Keep what a customer answers; the first answer of a ticket counts.

    Args:
        store: Where it is written down, with the notices of a low score.
        policy: What is in force.
        link: What the link stands for.
        score: From 1 to the survey's scale.
        comment: The customer's own words; what is beyond `LONGEST_COMMENT` is cut off.
        now: Aware UTC.

    Returns:
        What came of it; None where the ticket is unknown.

    Raises:
        UsageError: The score lies outside of the scale.
        StoreBusyError: Lost to another writer; nothing was written, and it may be tried again.
    """
    with store.write() as tx:
        asked = survey_about(tx, policy, link, now)
        if asked is None:
            return None
        if asked.answer is not None:
            return Answered(asked.answer, is_new=False)
        if not 1 <= score <= asked.scale:
            raise UsageError(f"the score must be from 1 to {asked.scale}")
        rule = policy.ruleset.generation.rule_once_called(link.rule)
        answer = Answer(
            ticket=link.ticket,
            rule=rule.id if rule else link.rule,
            anchor=link.anchor,
            score=score,
            scale=asked.scale,
            comment=_printable(comment).strip()[:LONGEST_COMMENT],
            answered_at=now,
        )
        if not tx.save_answer(answer):
            return Answered(tx.answer(link.ticket) or answer, is_new=False)
        notices = _notices(policy, rule, answer, asked.ticket)
        tx.enqueue(notices, now)
    return Answered(answer, is_new=True, is_low=bool(notices))


def _printable(words: str) -> str:
    """Words in lines, without control characters, which no store and no terminal wants."""
    lines = words.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in _STRANGE)


def _notices(policy: Policy, rule: Rule | None, answer: Answer, ticket: Ticket) -> list[Action]:
    """What the receivers of low scores are told; nothing where the score is not low."""
    wanted = _follow_up(rule)
    if rule is None or wanted is None or wanted.low_score_below is None:
        return []
    if rule.mode is not Mode.ACTIVE or answer.score >= wanted.low_score_below:
        return []
    facts = {"score": answer.score, "scale": answer.scale, "comment": answer.comment}
    about = _asked(rule, answer, ticket)
    told = Aftermath("low-score", wanted.low_score_notify, facts)
    return staff_notices(about, ticket, told, policy.receivers, answer.answered_at)


def _follow_up(rule: Rule | None) -> FollowUp | None:
    return rule.customer.follow_up if rule and rule.customer else None


def _asked(rule: Rule, answer: Answer, ticket: Ticket) -> Action:
    """The message that asked, as far as notices need it."""
    episode = EpisodeId(rule.id, ticket.id, answer.anchor)
    return Action(
        key=f"{episode.text}|survey",
        kind=ActionKind.REPLY,
        audience=Audience.CUSTOMER,
        ticket=ticket.id,
        subject=ticket.id,
        episode=episode,
        details={
            "message": MessageKind.FOLLOW_UP.value,
            "rule": rule_details(rule),
            "tickets": [ticket.id],
        },
    )
