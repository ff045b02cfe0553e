"""What the customer is told while the ticket waits: one voice for each ticket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.domain.backlog import put_in_the_past_at
from engine.domain.delivery_policy import A_DAY
from engine.domain.episode import CustomerMessage, Episode, MessageKind
from engine.domain.facts import Facts
from engine.domain.look import look
from engine.domain.matching import ONE_SECOND, earliest
from engine.domain.reason import Reason
from engine.domain.rule import Mode, Updates, UpdatesFrom
from engine.domain.ruleset import CompiledRule
from engine.domain.skipping import MOST_MOVES, delivery_on, fate_of, is_skipped, speaks_at
from engine.domain.standing import Standing
from engine.domain.withholding import withheld


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """A message that is due, or will be.

    Attributes:
        message: As it would be written down, with its delivery instant.
        waits_for: Why it does not go out yet; None when it goes out now, or is skipped.
        is_last: The stream ends with it.
        next_every: The promise for the next one, on the rule's clock; None on the last.
    """

    message: CustomerMessage
    standing: Standing
    waits_for: Reason | None
    is_last: bool = False


def plan_messages(
    standings: Sequence[Standing], facts: Facts, now: datetime
) -> tuple[list[PlannedMessage], list[datetime]]:
    """The messages due at `now` for the subject's ticket, and instants at which more may be.

    At most one is to be delivered now: what it says stands for the others (they count from it).
    News of an escalation that waits, for its own opening hours say, holds back no update that may
    go out before it.

    Args:
        standings: How the rules stand, after what fires at `now` has been added to their episodes.
        facts: What is known of the subject.
        now: Aware UTC.
    """
    planned: list[PlannedMessage] = []
    later: list[datetime] = []
    speaking = [standing for standing in standings if _speaks(standing, facts, now)]
    prompt = _prompt(speaking, facts, now)
    if prompt is not None:
        planned.append(prompt)
        if prompt.waits_for is None:
            return planned, later
        stale_at = _stale_at(prompt.standing, prompt.message.due_at)
        later.extend((prompt.message.deliver_at, stale_at))
    update, due_at = _update(speaking, facts, now)
    if update is not None and (prompt is None or _is_sooner(update, prompt)):
        planned.append(update)
        if update.waits_for is not None:
            later.append(update.message.deliver_at)
    elif due_at is not None:
        later.append(due_at)
    return planned, later


def _is_sooner(one: PlannedMessage, other: PlannedMessage) -> bool:
    return one.message.deliver_at < other.message.deliver_at


def promised_at(
    standings: Iterable[Standing], said: PlannedMessage, facts: Facts, now: datetime
) -> datetime | None:
    """When the ticket's voice speaks next if nothing happens, after what is `said` at `now`.

    It is the instant of delivery; None where nothing follows.
    """
    voices = _voices([one for one in standings if _speaks(one, facts, now)])
    if not voices:
        return None
    voice = voices[0]
    standing, updates = voice.standing, voice.updates
    plan, episode, ticket = standing.rule.customer, standing.episode, said.message.ticket
    assert plan is not None  # noqa: S101 - it speaks
    assert episode is not None  # noqa: S101 - a voice has one
    is_of_stream = said.message.message is MessageKind.UPDATE
    spoken = _updates_said(episode, facts) + (is_of_stream and said.message.episode == episode.id)
    if updates.max is not None and spoken >= updates.max:
        return None
    delivery = delivery_on(facts, ticket, plan.deliver_in, now, (now,))
    since, skipped_before = now, None
    for _ in range(MOST_MOVES):
        due_at = voice.due_after(since)
        if due_at is None:
            return None
        if not is_skipped(standing.rule, facts, ticket, due_at, skipped_before, now):
            return speaks_at(standing.rule, facts, ticket, due_at, delivery, now)[0]
        since, skipped_before = delivery(due_at)[0], due_at
    return None


def _speaks(standing: Standing, facts: Facts, now: datetime) -> bool:
    """Whether a rule's customer messages may go out at all just now."""
    ticket = standing.look.newest
    if standing.rule.mode is not Mode.ACTIVE or standing.rule.customer is None or ticket is None:
        return False
    paused = bool(standing.pauses) and standing.pauses[-1][1] is None
    return standing.is_live and not paused and withheld(facts, ticket, now) is None


# --- the prompt acknowledgement ------------------------------------------------------------------


def _prompt(standings: Iterable[Standing], facts: Facts, now: datetime) -> PlannedMessage | None:
    """The `on_escalation` that is due: the first escalation's, in order of time, then of rules."""
    candidates = [
        (standing.episode.escalated_at, standing.rule.position, standing)
        for standing in standings
        if _may_prompt(standing, facts, now)
        if standing.episode is not None and standing.episode.escalated_at is not None
    ]
    if not candidates:
        return None
    escalated_at, _, standing = min(candidates, key=lambda one: one[:2])
    plan = standing.rule.customer
    assert plan is not None  # noqa: S101 - it speaks
    assert plan.on_escalation is not None  # noqa: S101 - it may prompt
    assert standing.episode is not None  # noqa: S101 - it is escalated
    earlier = [one for one in standing.episode.messages if one.message is MessageKind.ON_ESCALATION]
    due = _Due(MessageKind.ON_ESCALATION, 1 + len(earlier), plan.on_escalation, escalated_at)
    planned = _planned(standing, facts, now, due)
    return _dropped(planned) if _is_over_budget(standing, escalated_at) else planned


def _is_over_budget(standing: Standing, escalated_at: datetime) -> bool:
    firings = standing.episode.firings if standing.episode else ()
    return any(one.fired_at == escalated_at and one.reason is Reason.BUDGET for one in firings)


def _dropped(planned: PlannedMessage) -> PlannedMessage:
    """Beyond the budget: by the time that the escalation is released it would be stale."""
    due_at = planned.message.due_at
    message = replace(planned.message, deliver_at=due_at, skipped=Reason.BUDGET)
    return replace(planned, message=message, waits_for=None)


def _may_prompt(standing: Standing, facts: Facts, now: datetime) -> bool:
    episode, plan = standing.episode, standing.rule.customer
    if episode is None or plan is None or plan.on_escalation is None:
        return False
    escalated_at = episode.escalated_at
    if escalated_at is None or now >= _stale_at(standing, escalated_at):
        return False
    if any(map(_is_news_of_the_escalation, episode.messages)):
        return False
    if put_in_the_past_at(standing.compiled, facts, lambda text: _prompted_at(text, escalated_at)):
        return False
    ticket = standing.look.newest or ""
    opened_at = facts.view(ticket, now).opened.at
    said = [
        message.deliver_at
        for message in facts.messages
        if message.ticket == ticket and message.message is MessageKind.ON_ESCALATION
        if message.skipped is None
    ]
    return all(at < opened_at and at <= escalated_at - A_DAY for at in said)


def _is_news_of_the_escalation(said: CustomerMessage) -> bool:
    """Whether it stands for the episode's `on_escalation`, though it may never have gone out.

    After a person's answer, and in a silence, the news is none any more; what was withdrawn for
    another reason may be said yet.
    """
    if said.message is not MessageKind.ON_ESCALATION:
        return False
    return said.withdrawn in (None, Reason.REPLIED, Reason.SILENCED)


def _stale_at(standing: Standing, due_at: datetime) -> datetime:
    """From when on the news of an escalation is none; the wait for an opening does not count."""
    plan = standing.rule.customer
    assert plan is not None  # noqa: S101 - it speaks
    return plan.deliver_in.next_open(due_at) + standing.rule.max_lateness + ONE_SECOND


def _prompted_at(text: CompiledRule, escalated_at: datetime) -> datetime | None:
    """When a text of the rule promises the news of an escalation; None if it does not."""
    plan = text.rule.customer
    return escalated_at if plan is not None and plan.on_escalation is not None else None


# --- updates -------------------------------------------------------------------------------------


def _update(
    standings: Iterable[Standing], facts: Facts, now: datetime
) -> tuple[PlannedMessage | None, datetime | None]:
    """The update that is due, or else when the ticket's voice speaks next."""
    voices = _voices(standings)
    if not voices:
        return None, None
    standing, updates = voices[0].standing, voices[0].updates
    episode = standing.episode
    assert episode is not None  # noqa: S101 - a voice has one
    said = _updates_said(episode, facts)
    if not voices[0].has_more(facts) or standing.look.newest in facts.being_told:
        return None, None
    due_at = _update_due_at(voices, facts, now, standing.look.newest or "")
    if due_at is None or due_at > now:
        return None, due_at
    is_last = updates.max is not None and said + 1 == updates.max
    occurrence = 1 + len(_updates_of(episode, facts))
    due = _Due(MessageKind.UPDATE, occurrence, updates.template, due_at, is_last)
    return _planned(standing, facts, now, due), None


@dataclass(frozen=True, slots=True)
class _Voice:
    """A rule that has something to say on the ticket.

    Attributes:
        every: Its rhythm, on its rule's clock.
        starts_at: From when it promises updates (aware UTC).
    """

    standing: Standing
    updates: Updates
    every: timedelta
    starts_at: datetime

    def due_after(self, since: datetime) -> datetime | None:
        """When it is due if the rhythm counts from `since`; None while its clock stands."""
        return self.standing.rule.clock.calendar.add(since, self.every, self.standing.pauses)

    def has_more(self, facts: Facts) -> bool:
        """Whether its most have not all been said."""
        episode, most = self.standing.episode, self.updates.max
        return episode is not None and (most is None or _updates_said(episode, facts) < most)


def _voices(standings: Iterable[Standing]) -> list[_Voice]:
    """The rules that have something to say on the ticket; the first of them speaks.

    It is the one with the shortest rhythm, of equals the one whose rule comes first.
    """
    found = []
    for standing in standings:
        plan = standing.rule.customer
        if plan is None or plan.updates is None:
            continue
        every = plan.updates.every.get(standing.look.priority)
        starts_at = _starts_at(standing, plan.updates)
        if every is not None and starts_at is not None:
            found.append(_Voice(standing, plan.updates, every, starts_at))
    return sorted(found, key=lambda one: (one.every, one.standing.rule.position))


def _starts_at(standing: Standing, updates: Updates) -> datetime | None:
    if standing.episode is None:
        return None
    if updates.starts is UpdatesFrom.ESCALATION:
        return standing.episode.escalated_at
    return standing.holds_since


def _beat(text: CompiledRule, standing: Standing, facts: Facts, since: datetime) -> datetime | None:
    """When, by a text of the rule, an update was due after `since`; None where it promised none."""
    plan = text.rule.customer
    updates = plan.updates if plan else None
    every = updates.every.get(standing.look.priority) if updates else None
    if updates is None or every is None:
        return None
    if updates.starts is UpdatesFrom.MATCH and not look(text, facts, since).matching:
        return None
    return text.rule.clock.calendar.add(since, every, standing.pauses)


def _update_due_at(
    voices: Sequence[_Voice], facts: Facts, now: datetime, ticket: str
) -> datetime | None:
    """When the ticket's voice, the first of `voices`, is due.

    1. Its rhythm counts from when the customer last heard from us, or from its own start.
    2. Customers never hear of a backlog: what new text put in the past counts from its loading.
    3. A voice that began after the customer last heard keeps what the others have promised since:
       that one more rule escalates makes nobody wait longer.
    """
    voice, *others = voices
    heard = _heard_at(facts, now, ticket)
    since = _later(voice.starts_at, heard)
    standing = voice.standing
    loaded_at = put_in_the_past_at(
        standing.compiled, facts, lambda text: _beat(text, standing, facts, since)
    )
    has_heard = heard is not None and heard >= voice.starts_at
    if loaded_at is not None or has_heard:
        return voice.due_after(loaded_at or since)
    promised = (
        one.due_after(_later(one.starts_at, heard)) for one in others if one.has_more(facts)
    )
    return earliest((voice.due_after(since), *promised))


def _heard_at(facts: Facts, now: datetime, ticket: str) -> datetime | None:
    """When the customer last heard from us in public; None, if never (aware UTC).

    A message that a silence skipped keeps its beat: the rhythm counts from it as if it were said.
    One that a budget dropped does not, or the customer would hear nothing for twice as long.
    """
    heard = [
        message.deliver_at
        for message in facts.messages
        if message.ticket == ticket and message.skipped is not Reason.BUDGET
    ]
    public = facts.view(ticket, now).last_public_update_at
    return max((at for at in (*heard, public) if at is not None), default=None)


def _later(start: datetime, heard: datetime | None) -> datetime:
    return start if heard is None else max(start, heard)


def _updates_of(episode: Episode, facts: Facts) -> list[CustomerMessage]:
    before = (message for message in facts.messages if message.episode in episode.continues)
    return [one for one in (*episode.messages, *before) if one.message is MessageKind.UPDATE]


def _updates_said(episode: Episode, facts: Facts) -> int:
    return sum(1 for message in _updates_of(episode, facts) if message.is_said)


# --- delivery ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Due:
    """A message that has fallen due."""

    kind: MessageKind
    occurrence: int
    template: str
    due_at: datetime
    is_last: bool = False


def _planned(standing: Standing, facts: Facts, now: datetime, due: _Due) -> PlannedMessage:
    plan, episode, ticket = standing.rule.customer, standing.episode, standing.look.newest
    assert plan is not None  # noqa: S101 - it speaks
    assert episode is not None  # noqa: S101 - it speaks
    assert ticket is not None  # noqa: S101 - it speaks
    delivery = delivery_on(facts, ticket, plan.deliver_in, now)
    fate = fate_of(standing.rule, facts, ticket, due.due_at, delivery, now)
    message = CustomerMessage(
        episode=episode.id,
        ticket=ticket,
        customer=facts.view(ticket, now).ticket.customer.id,
        message=due.kind,
        occurrence=due.occurrence,
        template=due.template,
        due_at=due.due_at,
        deliver_at=fate.deliver_at,
        skipped=fate.skipped,
    )
    return PlannedMessage(message, standing, fate.waits_for, due.is_last)
