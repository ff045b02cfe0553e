"""What may have happened between a decision and its act."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.episode import EpisodeId
from engine.domain.reason import Reason
from engine.domain.ruleset import Ruleset
from engine.domain.ticket import Actor, Event, EventKind, Status, Ticket, with_value
from engine.pipeline.guard import Around, Verdict, guard
from engine.ports import (
    Observation,
    OutboxRow,
    OutboxState,
    Presence,
    Reading,
    TicketRecord,
)
from engine.testing import MONDAY, ticket
from tests.scenario.desk import generation_of, rule, rules

RULESET = Ruleset(
    generation_of(rules(rule(), rule("off", mode="off"), rule("shadow", mode="shadow")))
)
TICKET = ticket(status=Status.OPEN, type="mail")
LATER = MONDAY + timedelta(minutes=1)
TYPE = FieldChange("type", "mail", "print")
TAGS = FieldChange("tags", (), ("late",))

AUDIENCES = {
    ActionKind.CHANGE: Audience.TICKET,
    ActionKind.NOTE: Audience.TICKET,
    ActionKind.NOTIFY: Audience.STAFF,
    ActionKind.DIGEST: Audience.STAFF,
    ActionKind.REPLY: Audience.CUSTOMER,
}


def row(kind: ActionKind, rule_id: str = "r") -> OutboxRow:
    episode = EpisodeId(rule_id, "desk:T1", "created")
    changes = (TYPE, TAGS) if kind is ActionKind.CHANGE else ()
    action = Action(
        "key", kind, AUDIENCES[kind], "desk:T1", "desk:T1", episode, level=1, changes=changes
    )
    return OutboxRow(1, action, OutboxState.LEASED, 0, "token", MONDAY, MONDAY)


def reading(now: Ticket = TICKET, *events: Event) -> Reading:
    return Reading(Presence.PRESENT, Observation(now, LATER, now, events))


def record(source: Ticket = TICKET, *events: Event) -> TicketRecord:
    return TicketRecord(TICKET, source, events, MONDAY)


def check(
    kind: ActionKind, now: Reading | None = None, kept: TicketRecord | None = None
) -> Verdict:
    return guard(row(kind), RULESET, now or reading(), kept or record())


def said(actor: Actor, *, is_public: bool = True) -> Event:
    return Event("m", LATER, EventKind.MESSAGE, actor, is_public=is_public)


@pytest.mark.parametrize("kind", ActionKind)
def test_what_is_still_right_goes_out(kind: ActionKind) -> None:
    verdict = check(kind)
    assert (verdict.stop, verdict.wait, verdict.as_of) == (None, False, None)


@pytest.mark.parametrize("kind", ActionKind)
@pytest.mark.parametrize("rule_id", ["off", "shadow", "deleted"])
def test_nothing_goes_out_for_a_rule_that_does_not_act_any_more(
    kind: ActionKind, rule_id: str
) -> None:
    assert guard(row(kind, rule_id), RULESET, reading(), record()).stop is Reason.OFF


@pytest.mark.parametrize(
    "now, reason",
    [
        (reading(ticket(status=Status.RESOLVED)), Reason.RESOLVED),
        (reading(ticket(status=Status.CLOSED)), Reason.RESOLVED),
        (reading(ticket(merged_into="desk:T2")), Reason.MERGED),
        (reading(ticket(is_gone=True)), Reason.GONE),
        (Reading(Presence.GONE), Reason.GONE),
    ],
)
@pytest.mark.parametrize("kind", [kind for kind in ActionKind if kind is not ActionKind.DIGEST])
def test_nothing_goes_out_on_a_ticket_that_is_over(
    kind: ActionKind, now: Reading, reason: Reason
) -> None:
    assert check(kind, now).stop is reason


def test_a_digest_goes_out_whatever_became_of_its_tickets() -> None:
    assert check(ActionKind.DIGEST, reading(ticket(status=Status.RESOLVED))).stop is None
    assert check(ActionKind.DIGEST, Reading(Presence.GONE)).stop is None


@pytest.mark.parametrize(
    "kind, waits, is_dated",
    [
        (ActionKind.REPLY, True, False),
        (ActionKind.CHANGE, True, False),
        (ActionKind.NOTE, True, False),
        (ActionKind.NOTIFY, False, True),
    ],
)
def test_while_a_ticket_cannot_be_read_only_staff_are_told_and_how_old_the_facts_are(
    kind: ActionKind, *, waits: bool, is_dated: bool
) -> None:
    verdict = check(kind, Reading(Presence.UNREADABLE))
    assert (verdict.wait, verdict.as_of) == (waits, MONDAY if is_dated else None)


def test_a_customer_whom_a_person_just_answered_hears_nothing_of_us() -> None:
    assert check(ActionKind.REPLY, reading(TICKET, said(Actor.PERSON))).stop is Reason.REPLIED
    assert check(ActionKind.REPLY, kept=record(TICKET, said(Actor.PERSON))).stop is Reason.REPLIED


@pytest.mark.parametrize("field", ["customer.no_updates", "customer.is_automatic"])
def test_a_customer_who_must_not_be_written_to_hears_nothing(field: str) -> None:
    asked = reading(with_value(TICKET, field, value=True))
    assert check(ActionKind.REPLY, asked).stop is Reason.CUSTOMER_LIMIT
    assert check(ActionKind.NOTIFY, asked).stop is None


@pytest.mark.parametrize(
    "event",
    [said(Actor.PERSON, is_public=False), said(Actor.ROBOT), said(Actor.CUSTOMER)],
)
def test_nobody_elses_words_answer_a_customer(event: Event) -> None:
    assert check(ActionKind.REPLY, reading(TICKET, event)).stop is None


def test_a_reply_before_the_decision_was_known_to_it() -> None:
    early = Event("m", MONDAY, EventKind.MESSAGE, Actor.PERSON)
    assert check(ActionKind.REPLY, reading(TICKET, early)).stop is None


@pytest.mark.parametrize(
    "rule_id, reason", [(None, Reason.ACKNOWLEDGED), ("r", Reason.ACKNOWLEDGED), ("other", None)]
)
def test_staff_are_not_told_of_what_somebody_has_just_taken(
    rule_id: str | None, reason: Reason | None
) -> None:
    taken = Event("a", LATER, EventKind.ACKNOWLEDGED, Actor.PERSON, rule=rule_id)
    assert check(ActionKind.NOTIFY, kept=record(TICKET, taken)).stop is reason


def test_only_the_fields_that_nobody_touched_are_changed() -> None:
    now = ticket(status=Status.OPEN, type="theirs")
    assert check(ActionKind.CHANGE, reading(now)).changes == (TAGS,)


def test_where_a_person_touched_every_field_nothing_is_changed() -> None:
    now = ticket(status=Status.OPEN, type="theirs", tags=("theirs",))
    assert check(ActionKind.CHANGE, reading(now)).stop is Reason.CHANGED_BY_PERSON


def test_a_field_that_a_person_changed_since_is_left_alone_though_we_have_read_it() -> None:
    now = ticket(status=Status.OPEN, type="theirs")
    change = Event("c", LATER, EventKind.CHANGED, Actor.PERSON, field="type", after="theirs")
    assert check(ActionKind.CHANGE, reading(now), record(now, change)).changes == (TAGS,)


def test_a_field_that_stands_as_when_it_was_decided_is_changed() -> None:
    """Our own earlier write, which the last reading did not show yet, is no person's."""
    kept = record(ticket(status=Status.OPEN, type="older"))
    assert check(ActionKind.CHANGE, reading(), kept).changes == (TYPE, TAGS)


# --- silences ------------------------------------------------------------------------------------

SILENT = Around(silenced_until=MONDAY + timedelta(hours=4))


@pytest.mark.parametrize("kind", [ActionKind.CHANGE, ActionKind.NOTE, ActionKind.NOTIFY])
def test_what_is_silenced_waits_for_the_end_of_the_silence(kind: ActionKind) -> None:
    verdict = guard(row(kind), RULESET, reading(), record(), SILENT)
    assert (verdict.stop, verdict.silenced_until) == (None, SILENT.silenced_until)


def test_a_silenced_customer_is_not_written_to_at_all() -> None:
    assert guard(row(ActionKind.REPLY), RULESET, reading(), record(), SILENT).stop is (
        Reason.SILENCED
    )


def test_a_digest_goes_out_in_a_silence() -> None:
    assert guard(row(ActionKind.DIGEST), RULESET, reading(), record(), SILENT) == Verdict()


@pytest.mark.parametrize("kind", [ActionKind.CHANGE, ActionKind.NOTE, ActionKind.NOTIFY])
def test_what_is_wrong_anyway_does_not_wait_for_a_silence(kind: ActionKind) -> None:
    now = reading(ticket(status=Status.RESOLVED))
    assert guard(row(kind), RULESET, now, record(), SILENT).stop is Reason.RESOLVED
