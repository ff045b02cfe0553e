"""A ticket's life, folded into how it stood at an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.history import CREATION, History, Mark
from engine.domain.ticket import Actor, Event, EventKind, Priority, Status, Value
from engine.testing import MONDAY, history, moved, ticket

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
END = MONDAY + timedelta(days=30)
BARE = ticket(status=Status.OPEN)


def sets(hour: float, name: str, after: Value, actor: Actor = Actor.PERSON) -> Event:
    at = MONDAY + hour * HOUR
    return Event(f"{name}@{hour}", at, EventKind.CHANGED, actor, field=name, after=after)


def says(
    hour: float,
    actor: Actor = Actor.CUSTOMER,
    *,
    is_public: bool = True,
    channel: str | None = None,
) -> Event:
    at = MONDAY + hour * HOUR
    return Event(
        f"{actor}@{hour}", at, EventKind.MESSAGE, actor, is_public=is_public, channel=channel
    )


def status(hour: float, after: Status, actor: Actor = Actor.PERSON) -> Event:
    return sets(hour, "status", after, actor)


def mark(event: Event) -> Mark:
    return Mark(event.anchor_key, event.at)


RESOLVED = status(1, Status.RESOLVED)


# --- at the beginning ----------------------------------------------------------------------------


def test_everything_begins_with_the_creation() -> None:
    view = history(BARE).as_of(MONDAY)
    created = Mark(CREATION, MONDAY)
    assert view.created == view.opened == view.status_changed == view.waiting == created
    assert view.assigned is None
    assert view.unassigned_at == view.last_customer_message_at == MONDAY
    assert (view.unanswered_messages, view.reopens, view.reassignments) == (1, 0, 0)
    assert view.is_open


def test_who_is_assigned_from_the_start_is_so_since_the_creation() -> None:
    view = history(ticket(assignee="ann")).as_of(MONDAY)
    assert view.assigned == Mark(CREATION, MONDAY)
    assert view.unassigned_at is None


def test_what_happens_later_is_not_seen() -> None:
    told = history(BARE, sets(2, "priority", Priority.HIGH))
    assert told.as_of(MONDAY + 2 * HOUR - timedelta(seconds=1)).ticket.priority is None
    assert told.as_of(MONDAY + 2 * HOUR).ticket.priority is Priority.HIGH


@pytest.mark.parametrize(
    "values",
    [
        {"status": Status.RESOLVED},
        {"status": Status.CLOSED},
        {"is_gone": True},
        {"merged_into": "desk:T2"},
    ],
)
def test_rules_see_no_ticket_that_is_resolved_gone_or_merged(values: dict[str, Value]) -> None:
    events = [sets(1, name, value) for name, value in values.items()]
    assert not history(BARE, *events).as_of(END).is_open


# --- status, reopening ---------------------------------------------------------------------------


def test_a_reopening_that_counts_marks_everything_anew() -> None:
    back = status(2, Status.OPEN)
    view = history(BARE, RESOLVED, back).as_of(END)
    assert view.opened == view.status_changed == view.waiting == mark(back)
    assert (view.reopens, view.unanswered_messages, view.uncounted_gaps) == (1, 1, [])


def test_a_return_that_does_not_count_leaves_no_trace_but_its_gap() -> None:
    back = status(1.5, Status.OPEN)
    view = history(BARE, RESOLVED, back).as_of(END)
    created = Mark(CREATION, MONDAY)
    assert view.opened == view.status_changed == view.waiting == created
    assert (view.reopens, view.resolved_at) == (0, None)
    assert view.uncounted_gaps == [(RESOLVED.at, back.at)]


def test_a_return_to_another_status_is_a_change_of_status_even_where_it_does_not_count() -> None:
    back = status(1.5, Status.PENDING_INTERNAL)
    view = history(BARE, RESOLVED, back).as_of(END)
    assert view.status_changed == mark(back)
    assert view.opened == Mark(CREATION, MONDAY)


def test_our_own_return_is_no_reopening() -> None:
    view = history(BARE, RESOLVED, status(5, Status.OPEN, Actor.OURSELVES)).as_of(END)
    assert (view.reopens, view.opened) == (0, Mark(CREATION, MONDAY))
    assert view.is_open


def test_our_own_change_of_status_is_none_for_a_clock() -> None:
    view = history(BARE, status(2, Status.PENDING_INTERNAL, Actor.OURSELVES)).as_of(END)
    assert view.status_changed == Mark(CREATION, MONDAY)
    assert view.ticket.status is Status.PENDING_INTERNAL


def test_a_closed_ticket_keeps_the_time_of_its_resolution() -> None:
    view = history(BARE, RESOLVED, status(3, Status.CLOSED)).as_of(END)
    assert view.resolved_at == RESOLVED.at


# --- pauses --------------------------------------------------------------------------------------

PENDING = Status.PENDING_CUSTOMER


def pauses(*events: Event, statuses: frozenset[Status] = frozenset({PENDING})) -> list[object]:
    found = history(BARE, *events).as_of(END).pauses(statuses)
    return [tuple(at and (at - MONDAY) / HOUR for at in spell) for spell in found]


def test_a_pause_lasts_from_its_change_to_the_next() -> None:
    assert pauses(status(1, PENDING), status(3, Status.OPEN)) == [(1, 3)]


def test_a_pause_that_lasts_has_no_end() -> None:
    assert pauses(status(1, PENDING)) == [(1, None)]


def test_two_pausing_statuses_in_a_row_are_one_pause() -> None:
    events = (status(1, PENDING), status(2, Status.PENDING_INTERNAL), status(3, Status.OPEN))
    assert pauses(*events, statuses=frozenset({PENDING, Status.PENDING_INTERNAL})) == [(1, 3)]


def test_a_pause_of_no_length_is_none() -> None:
    assert pauses(status(1, PENDING), status(1, Status.OPEN)) == []


def test_a_repeated_status_begins_no_second_pause() -> None:
    assert pauses(status(1, PENDING), status(2, PENDING), status(3, Status.OPEN)) == [(1, 3)]


# --- messages ------------------------------------------------------------------------------------


def test_a_persons_public_reply_answers_everything() -> None:
    view = history(BARE, says(1), says(2, Actor.PERSON)).as_of(END)
    assert view.waiting is None
    assert view.unanswered_messages == 0
    assert view.last_agent_reply_at == view.last_public_update_at == MONDAY + 2 * HOUR


@pytest.mark.parametrize(
    "event",
    [says(2, Actor.PERSON, is_public=False), says(2, Actor.ROBOT), says(2, Actor.OURSELVES)],
)
def test_nobody_elses_words_answer_anything(event: Event) -> None:
    view = history(BARE, event).as_of(END)
    assert view.waiting == Mark(CREATION, MONDAY)
    assert view.last_agent_reply_at is None
    assert view.unanswered_messages == 1


def test_our_public_message_is_a_public_update_and_a_robots_is_none() -> None:
    ours = history(BARE, says(2, Actor.OURSELVES)).as_of(END)
    robots = history(BARE, says(2, Actor.ROBOT)).as_of(END)
    assert ours.last_public_update_at == MONDAY + 2 * HOUR
    assert robots.last_public_update_at is None


def test_the_first_message_after_an_answer_waits() -> None:
    first = says(3)
    view = history(BARE, says(2, Actor.PERSON), first, says(4)).as_of(END)
    assert view.waiting == mark(first)
    assert view.unanswered_messages == 2
    assert view.last_customer_message_at == MONDAY + 4 * HOUR


def test_a_message_before_the_creation_told_late_does_not_break_the_order() -> None:
    told = history(BARE, says(3), says(1))
    assert [event.at for event in told.events] == [MONDAY + HOUR, MONDAY + 3 * HOUR]


# --- assignment ----------------------------------------------------------------------------------


def test_an_assignment_is_marked_by_its_event() -> None:
    given_to = sets(1, "assignee", "ann")
    view = history(BARE, given_to, sets(2, "assignee", "ann")).as_of(END)
    assert view.assigned == mark(given_to)
    assert view.unassigned_at is None
    assert view.reassignments == 0


def test_a_change_of_hands_is_a_reassignment() -> None:
    second = sets(2, "assignee", "bob")
    view = history(BARE, sets(1, "assignee", "ann"), second).as_of(END)
    assert (view.assigned, view.reassignments) == (mark(second), 1)


def test_who_gives_a_ticket_back_leaves_it_unassigned_since_then() -> None:
    view = history(BARE, sets(1, "assignee", "ann"), sets(2, "assignee", None)).as_of(END)
    assert (view.assigned, view.unassigned_at) == (None, MONDAY + 2 * HOUR)


def test_our_own_assignment_anchors_nothing_and_is_no_reassignment() -> None:
    ours = sets(2, "assignee", "bob", Actor.OURSELVES)
    view = history(BARE, sets(1, "assignee", "ann"), ours).as_of(END)
    assert (view.assigned, view.reassignments) == (None, 0)
    assert view.ticket.assignee == "bob"


# --- contacts ------------------------------------------------------------------------------------


def contact_hours(*events: Event) -> list[float]:
    return [(c.at - MONDAY) / HOUR for c in history(BARE, *events).as_of(END).contacts]


@pytest.mark.parametrize(
    "events, expected",
    [
        ([], [0]),
        ([says(0.5)], [0]),
        ([says(1)], [0, 1]),
        ([says(2), says(2.75), says(3.25)], [0, 2, 3.25]),
        ([says(2, Actor.PERSON), says(26)], [0]),
        ([says(2, Actor.PERSON), says(26.01)], [0, 26.01]),
        ([says(2, Actor.PERSON, is_public=False), says(5)], [0, 5]),
        ([says(5, Actor.ROBOT), says(6, Actor.OURSELVES)], [0]),
        ([RESOLVED, status(3, Status.OPEN)], [0, 3]),
        ([RESOLVED, status(1.5, Status.OPEN)], [0]),
        ([RESOLVED, says(3), status(3, Status.OPEN)], [0, 3]),
        ([RESOLVED, status(3, Status.OPEN), says(3)], [0, 3]),
        ([RESOLVED, status(3, Status.OPEN), says(3.5)], [0, 3]),
        ([RESOLVED, status(3, Status.OPEN, Actor.OURSELVES)], [0]),
    ],
)
def test_contacts_are_turnings_to_us(events: list[Event], expected: list[float]) -> None:
    assert contact_hours(*events) == expected


def test_a_contact_knows_its_channel_else_its_tickets() -> None:
    told = history(ticket(channel="email"), says(2, channel="phone"), says(4))
    assert [contact.channel for contact in told.as_of(END).contacts] == ["email", "phone", "email"]


def test_contacts_tell_the_ticket_as_it_stands_now() -> None:
    told = history(BARE, says(2), sets(3, "type", "billing"))
    assert [contact.ticket.type for contact in told.as_of(END).contacts] == ["billing", "billing"]


# --- what a rule wrote is invisible to it --------------------------------------------------------


def test_a_rule_reads_each_field_as_it_stood_before_its_own_write() -> None:
    ours = replace(sets(2, "priority", Priority.URGENT, Actor.OURSELVES), rule="r")
    told = history(BARE, sets(1, "priority", Priority.HIGH), ours)
    assert told.as_of(END).ticket.priority is Priority.URGENT
    assert told.as_of(END, frozenset({"r"})).ticket.priority is Priority.HIGH
    assert told.as_of(END, frozenset({"other"})).ticket.priority is Priority.URGENT
    assert told.writing_rules == {"r"}


def test_a_rule_sees_the_field_again_once_somebody_else_changed_it() -> None:
    ours = replace(sets(2, "priority", Priority.URGENT, Actor.OURSELVES), rule="r")
    told = history(BARE, ours, sets(3, "priority", Priority.LOW))
    assert told.as_of(END, frozenset({"r"})).ticket.priority is Priority.LOW


def test_a_rules_own_message_is_seen_as_a_public_update() -> None:
    ours = replace(says(2, Actor.OURSELVES), rule="r")
    assert (
        history(BARE, ours).as_of(END, frozenset({"r"})).last_public_update_at == MONDAY + 2 * HOUR
    )


# --- anchors survive corrections -----------------------------------------------------------------


def test_an_event_with_an_id_of_its_own_keeps_its_key_when_its_time_is_corrected() -> None:
    event = replace(status(5, Status.PENDING_INTERNAL), source_id="88")
    before = history(BARE, event).as_of(END).status_changed
    after = history(BARE, moved(event, 3 * MINUTE)).as_of(END).status_changed
    assert (before.key, after.key) == ("88", "88")
    assert after.at - before.at == 3 * MINUTE


def test_a_creation_keeps_its_key_when_its_time_is_corrected() -> None:
    later = replace(BARE, created_at=MONDAY + HOUR)
    assert history(later).as_of(END).opened == Mark(CREATION, MONDAY + HOUR)


def test_an_event_without_an_id_is_known_by_its_utc_second() -> None:
    assert status(5, Status.OPEN).anchor_key == "2026-01-05T14:00:00Z"


# --- looking at any instant ----------------------------------------------------------------------


def some_event(step: int, kind: int) -> Event:
    hour = step / 2
    return [
        says(hour),
        says(hour, Actor.PERSON),
        says(hour, Actor.OURSELVES),
        status(hour, Status.OPEN),
        status(hour, PENDING),
        status(hour, Status.RESOLVED),
        sets(hour, "assignee", "ann"),
        sets(hour, "assignee", None),
    ][kind]


events = st.lists(st.builds(some_event, st.integers(1, 40), st.integers(0, 7)), max_size=12)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(events, st.integers(0, 40))
def test_a_view_of_the_past_does_not_depend_on_what_came_after(
    told: list[Event], step: int
) -> None:
    at: datetime = MONDAY + step * HOUR / 2
    whole = history(BARE, *told)
    then = History(BARE, tuple(event for event in whole.events if event.at <= at))
    assert whole.as_of(at) == then.as_of(at)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(events)
def test_spans_follow_each_other_and_name_each_status_once(told: list[Event]) -> None:
    spans = history(BARE, *told).as_of(END).spans
    assert [since for since, _ in spans] == sorted(since for since, _ in spans)
    assert all(one[1] is not other[1] for one, other in pairwise(spans))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(events)
def test_what_waits_is_unanswered(told: list[Event]) -> None:
    view = history(BARE, *told).as_of(END)
    assert (view.waiting is None) is (view.unanswered_messages == 0)
