"""Our own writes, known again when a helpdesk tells them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.episode import EpisodeId
from engine.domain.marker import marked, marker_of
from engine.domain.ticket import Actor, Event, EventKind, Priority, Value
from engine.pipeline.echoes import is_echo, recognised
from engine.pipeline.own_events import own_events
from engine.ports import Observation, OutboxRow, OutboxState
from engine.testing import MONDAY, ticket

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
RAISE = FieldChange("priority", Priority.LOW, Priority.HIGH)
EPISODE = EpisodeId("late", "desk:T1", "created")


def action(kind: ActionKind = ActionKind.CHANGE, key: str = "k") -> Action:
    is_change = kind is ActionKind.CHANGE
    audience = Audience.CUSTOMER if kind is ActionKind.REPLY else Audience.TICKET
    changes = (RAISE,) if is_change else ()
    return Action(key, kind, audience, "desk:T1", "desk:T1", EPISODE, changes=changes)


def begun(of: Action) -> OutboxRow:
    """An act that a process had begun when it died."""
    return OutboxRow(1, of, OutboxState.PENDING, 1, None, MONDAY, MONDAY)


def kept(of: Action, receipt: str | None = None) -> list[Event]:
    """What the story keeps of an act that is settled."""
    return own_events(of, of.changes, MONDAY, receipt)


def change(
    name: str = "7",
    *,
    after: timedelta = SECOND,
    field: str = "priority",
    was: Value = "low",
    now: Value = "high",
) -> Event:
    at = MONDAY + after
    return Event(name, at, EventKind.CHANGED, field=field, before=was, after=now, source_id=name)


def message(text: str, name: str = "8") -> Event:
    return Event(name, MONDAY + SECOND, EventKind.MESSAGE, text=text, source_id=name)


def observed(*events: Event, ours: frozenset[str] | None) -> Observation:
    return Observation(ticket(), MONDAY + HOUR, ticket(), events, by_our_account=ours)


def actors(seen: Observation) -> list[Actor]:
    return [event.actor for event in seen.events or ()]


def test_a_change_that_we_made_comes_back_as_the_one_that_is_kept() -> None:
    (mine,) = kept(action())
    seen = recognised(observed(change(), ours=frozenset({"7"})), [mine], [])

    assert seen.events == (mine,)


def test_a_change_of_which_the_end_was_not_written_down_is_ours() -> None:
    seen = recognised(observed(change(), ours=frozenset({"7"})), [], [begun(action())])

    (event,) = seen.events or ()
    assert event.actor is Actor.OURSELVES
    assert event.id == "k|priority"
    assert event.at == MONDAY + SECOND


def test_what_another_account_changed_is_not_ours_whatever_the_values() -> None:
    seen = recognised(observed(change(), ours=frozenset()), kept(action()), [])

    assert actors(seen) == [Actor.PERSON]


def test_what_somebody_else_did_by_our_account_is_not_ours() -> None:
    other = change(was="low", now="urgent")
    seen = recognised(observed(other, ours=frozenset({"7"})), kept(action()), [])

    assert actors(seen) == [Actor.PERSON]


def test_an_act_has_one_echo() -> None:
    back = change("8", after=2 * SECOND, was="high", now="low")
    again = change("9", after=3 * SECOND)
    seen = recognised(
        observed(change(), back, again, ours=frozenset({"7", "8", "9"})), kept(action()), []
    )

    assert actors(seen)[0] is Actor.OURSELVES
    assert actors(seen)[2] is not Actor.OURSELVES


def test_the_same_change_much_later_is_somebody_elses() -> None:
    later = change(after=30 * HOUR)
    seen = recognised(observed(later, ours=frozenset({"7"})), kept(action()), [])

    assert actors(seen) == [Actor.PERSON]


def test_what_others_carry_for_us_may_come_late() -> None:
    seen = recognised(observed(change(after=30 * HOUR), ours=None), kept(action()), [])

    assert actors(seen) == [Actor.OURSELVES]


def test_tags_are_the_same_in_whatever_order() -> None:
    wanted = replace(action(), changes=(FieldChange("tags", ("a",), ("a", "b")),))
    told = change(field="tags", was=("a",), now=("b", "a"))
    seen = recognised(observed(told, ours=frozenset({"7"})), kept(wanted), [])

    assert actors(seen) == [Actor.OURSELVES]


def test_what_the_helpdesk_does_because_of_our_change_is_a_robots() -> None:
    consequence = change("8", field="assignee", was="ann", now=None)
    seen = recognised(
        observed(change(), consequence, ours=frozenset({"7", "8"})), kept(action()), []
    )

    assert actors(seen) == [Actor.OURSELVES, Actor.ROBOT]


@pytest.mark.parametrize("kind", [ActionKind.NOTE, ActionKind.REPLY])
def test_a_message_that_bears_our_mark_is_ours(kind: ActionKind) -> None:
    said = message(marked("Dear Eve, …", "k"))
    seen = recognised(observed(said, ours=frozenset({"8"})), [], [begun(action(kind))])

    (event,) = seen.events or ()
    assert (event.actor, event.id) == (Actor.OURSELVES, "k")
    assert event.is_public is (kind is ActionKind.REPLY)


def test_a_message_whose_id_we_were_given_is_ours() -> None:
    seen = recognised(
        observed(message("the mark was cut off"), ours=frozenset({"8"})),
        kept(action(ActionKind.REPLY), receipt="8"),
        [],
    )

    assert actors(seen) == [Actor.OURSELVES]


@pytest.mark.parametrize(
    "text", [f"> {marker_of('k')}\nWhat do you mean?", f"You wrote {marker_of('k')} to me"]
)
def test_who_quotes_our_mark_is_not_us(text: str) -> None:
    seen = recognised(
        observed(message(text), ours=frozenset({"8"})), [], [begun(action(ActionKind.REPLY))]
    )

    assert actors(seen) == [Actor.PERSON]


def test_a_customer_who_sends_our_text_back_is_not_us() -> None:
    said = replace(message(marked("Dear Eve, …", "k")), actor=Actor.CUSTOMER)
    seen = recognised(observed(said, ours=frozenset()), kept(action(ActionKind.REPLY)), [])

    assert actors(seen) == [Actor.CUSTOMER]


def test_a_difference_between_two_looks_is_ours_only_while_nobody_changed_it_after_us() -> None:
    (mine,) = kept(action())
    back = change("8", after=2 * SECOND, was="high", now="low")

    assert is_echo(change("9", after=HOUR), [mine], [])
    assert not is_echo(change("9", after=HOUR), [mine, back], [])
