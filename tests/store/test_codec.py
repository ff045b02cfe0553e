"""What is written down comes back the same, and what a newer program adds does no harm."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.actions import Action, ActionKind, Audience, FieldChange
from engine.domain.episode import EpisodeId
from engine.domain.ticket import (
    Actor,
    Customer,
    Event,
    EventKind,
    Priority,
    Status,
    Ticket,
    Value,
)
from engine.ports import EarlierText, RuleKnown
from engine.store import codec

texts = st.text(max_size=20)
maybe_texts = st.none() | texts
words = st.text(min_size=1, max_size=10)
instants = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0))
flags = st.booleans()
json_values = st.recursive(
    st.none() | flags | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
plain_values = st.none() | texts | flags | instants | st.lists(texts, max_size=3).map(tuple)

customers = st.builds(
    Customer, id=maybe_texts, name=maybe_texts, email=maybe_texts, tier=maybe_texts,
    organization=maybe_texts, language=maybe_texts, no_updates=flags, is_automatic=flags,
)  # fmt: skip
tickets = st.builds(
    Ticket,
    id=words,
    created_at=instants,
    status=st.sampled_from(Status),
    raw_status=st.none() | words,
    subject=texts,
    type=st.none() | words,
    priority=st.none() | st.sampled_from(Priority),
    tags=st.lists(texts, max_size=3).map(tuple),
    group=st.none() | words,
    assignee=st.none() | words,
    channel=st.none() | words,
    language=st.none() | words,
    due_at=st.none() | instants,
    customer=customers,
    fields=st.dictionaries(texts, texts, max_size=3).map(MappingProxyType),
    merged_into=st.none() | words,
    is_gone=flags,
)


@st.composite
def changed_fields(draw: st.DrawFn) -> tuple[str | None, Value, Value]:
    field = draw(st.sampled_from([None, "group", "status", "priority", "due_at", "fields.x"]))
    values = {"status": st.sampled_from(Status), "priority": st.sampled_from(Priority)}
    drawn = values.get(field or "", plain_values)
    return field, draw(st.none() | drawn), draw(st.none() | drawn)


@st.composite
def events(draw: st.DrawFn) -> Event:
    field, before, after = draw(changed_fields())
    return Event(
        id=draw(words),
        at=draw(instants),
        kind=draw(st.sampled_from(EventKind)),
        actor=draw(st.sampled_from(Actor)),
        source_id=draw(maybe_texts),
        episode=draw(maybe_texts),
        field=field,
        before=before,
        after=after,
        is_public=draw(flags),
        text=draw(texts),
        channel=draw(maybe_texts),
        rule=draw(maybe_texts),
        who=draw(maybe_texts),
    )


changes = changed_fields().map(lambda parts: FieldChange(parts[0] or "group", *parts[1:]))
numbers = st.none() | st.integers(1, 99)
actions = st.builds(
    Action,
    key=words,
    kind=st.sampled_from(ActionKind),
    audience=st.sampled_from(Audience),
    ticket=words,
    subject=words,
    episode=st.builds(EpisodeId, words, words, words),
    level=numbers,
    occurrence=numbers,
    changes=st.lists(changes, max_size=3).map(tuple),
    receiver=maybe_texts,
    channel=maybe_texts,
    to=maybe_texts,
    template=maybe_texts,
    text=maybe_texts,
    details=st.dictionaries(texts, json_values, max_size=3).map(MappingProxyType),
    not_before=st.none() | instants,
    held=flags,
    reason=maybe_texts,
)


def typed(value: object) -> object:
    """A value with its type, so that a text and the word of an enum differ."""
    return type(value), value


@given(tickets)
def test_a_ticket_comes_back_the_same(ticket: Ticket) -> None:
    assert codec.decode_ticket(codec.encode_ticket(ticket)) == ticket


@given(events())
def test_an_event_comes_back_the_same(event: Event) -> None:
    back = codec.decode_event(
        event.id, codec.seconds(event.at), event.kind, event.actor, codec.encode_event(event)
    )

    assert back == event
    assert typed(back.before) == typed(event.before)
    assert typed(back.after) == typed(event.after)


@given(actions)
def test_an_action_comes_back_the_same(action: Action) -> None:
    back = codec.decode_action(codec.encode_action(action))

    assert back == action
    assert [typed(one.after) for one in back.changes] == [
        typed(one.after) for one in action.changes
    ]


earlier_texts = st.builds(EarlierText, generation=texts, rule=texts, since=st.none() | instants)
rules_known = st.builds(
    RuleKnown,
    fingerprint=texts,
    since=instants,
    earlier=st.lists(earlier_texts, max_size=3).map(tuple),
)


@given(st.dictionaries(texts, rules_known, max_size=3))
def test_what_is_known_of_rules_comes_back_the_same(rules: dict[str, RuleKnown]) -> None:
    assert codec.decode_rules_known(codec.encode_rules_known(rules)) == rules


@given(instants)
def test_an_instant_comes_back_the_same(at: datetime) -> None:
    assert codec.instant(codec.seconds(at)) == at


def test_a_part_of_a_second_is_cut_off_before_and_after_1970() -> None:
    half = timedelta(milliseconds=500)

    assert codec.seconds(datetime(1970, 1, 1, tzinfo=UTC) + half) == 0
    assert codec.seconds(datetime(1970, 1, 1, tzinfo=UTC) - half) == -1


def test_a_local_time_is_refused() -> None:
    with pytest.raises(TypeError):
        codec.seconds(datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    from zoneinfo import ZoneInfo

    here = datetime(2026, 7, 1, 14, tzinfo=ZoneInfo("Europe/Berlin"))

    assert codec.instant(codec.seconds(here)) == datetime(2026, 7, 1, 12, tzinfo=UTC)


@given(tickets)
def test_an_unknown_key_of_a_ticket_is_passed_over(ticket: Ticket) -> None:
    data = json.loads(codec.encode_ticket(ticket)) | {"new": [1]}
    data["customer"] = data.get("customer", {}) | {"newer": 2}

    assert codec.decode_ticket(json.dumps(data)) == ticket


@given(events())
def test_an_unknown_key_of_an_event_is_passed_over(event: Event) -> None:
    text = json.dumps(json.loads(codec.encode_event(event)) | {"new": [1]})

    assert codec.decode_event(
        event.id, codec.seconds(event.at), event.kind, event.actor, text
    ) == event  # fmt: skip


@given(actions)
def test_an_unknown_key_of_an_action_is_passed_over(action: Action) -> None:
    text = json.dumps(json.loads(codec.encode_action(action)) | {"new": [1]})

    assert codec.decode_action(text) == action


def test_a_value_that_is_none_of_our_words_stays_a_text() -> None:
    event = Event("e", datetime(2026, 1, 1, tzinfo=UTC), EventKind.CHANGED, field="status",
                  before="odd", after=Status.OPEN)  # fmt: skip

    back = codec.decode_event("e", 0, event.kind, event.actor, codec.encode_event(event))

    assert typed(back.before) == typed("odd")
    assert typed(back.after) == typed(Status.OPEN)


def test_what_equals_its_default_takes_no_room() -> None:
    ticket = Ticket("desk:1", datetime(1970, 1, 1, tzinfo=UTC))

    assert codec.encode_ticket(ticket) == '{"id":"desk:1","created_at":0,"status":"new"}'
