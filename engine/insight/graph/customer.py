"""What customers hear because of a rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from engine.domain.rule import UpdatesFrom
from engine.insight.graph.board import Times, Word
from engine.insight.graph.lengths import length_in
from engine.insight.graph.phrases import listed
from engine.insight.graph.receivers import BUILT_IN
from engine.insight.graph.times import times_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.domain.rule import FollowUp, Generation, Rule, Updates


def words_of(rule: Rule, generation: Generation) -> Iterator[Word]:
    """The messages in the order in which they begin."""
    plan = rule.customer
    if plan is None:
        return
    hours = f"only in {plan.deliver_in.name}"
    delivered = () if plan.deliver_in.hours.never_close else (hours,)
    if plan.on_escalation is not None:
        first = next((level for level in rule.levels if level.kind is not None), None)
        when = f"with level {first.number}, {first.identity}" if first else "on escalation"
        yield _word(when, None, plan.on_escalation, generation, delivered)
    if plan.updates is not None:
        yield _updates(plan.updates, rule, generation, delivered)
    if plan.follow_up is not None:
        yield _follow_up(plan.follow_up, rule, generation)


def _updates(
    updates: Updates, rule: Rule, generation: Generation, delivered: tuple[str, ...]
) -> Word:
    since = "after that" if updates.starts is UpdatesFrom.ESCALATION else "as long as this holds"
    remarks = [*delivered]
    if updates.max is not None:
        remarks.append(f"at most {updates.max} times; then the assignee is asked to write")
    every = times_of(rule, updates.every, lambda length: length_in(rule.clock.calendar, length))
    when = f"{since}, whenever they have heard nothing for"
    if every.common is not None:
        when = f"{when} {every.common}"
    return _word(when, every, updates.template, generation, tuple(remarks))


def _follow_up(follow_up: FollowUp, rule: Rule, generation: Generation) -> Word:
    when = f"{length_in(rule.clock.calendar, follow_up.after)} after the ticket is resolved"
    remarks = []
    if follow_up.low_score_below is not None and follow_up.low_score_notify:
        told = listed([BUILT_IN.get(one, one) for one in follow_up.low_score_notify], "and")
        remarks.append(f"a score below {follow_up.low_score_below} is told to {told}")
    return _word(when, None, follow_up.template, generation, tuple(remarks))


def _word(
    when: str,
    times: Times | None,
    template: str,
    generation: Generation,
    remarks: tuple[str, ...],
) -> Word:
    return Word(when, times, template, _subject(template, generation), remarks)


_PLACEHOLDER: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def _subject(template: str, generation: Generation) -> str:
    """The subject line in the default language, with `…` for what is filled in."""
    for text in generation.templates:
        if (text.audience, text.name, text.language) == ("customer", template, None):
            return " ".join(_PLACEHOLDER.sub("…", text.subject).split())
    return ""
