"""Each operator on each kind of field; and when time alone changes an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.calendar import ALWAYS, Calendar, OpeningHours
from engine.domain.condition import (
    All,
    Any,
    Condition,
    ContactsBy,
    ContactsTest,
    MessageTest,
    Not,
    Operator,
    Test,
    Wanted,
)
from engine.domain.matching import (
    Situation,
    compile_condition,
    dispatch_values,
    required_values,
)
from engine.domain.ticket import Actor, Event, EventKind, Priority, Status, Ticket
from engine.testing import MONDAY, history, ticket

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
PENDING = frozenset({Status.PENDING_CUSTOMER})
NINE_TO_FIVE = (((9 * 60, 17 * 60),),) * 5 + ((),) * 2
OFFICE = Calendar("office", OpeningHours("UTC", NINE_TO_FIVE))

FULL = ticket(
    subject="Printer on fire",
    type="Incident",
    status=Status.OPEN,
    raw_status="In Progress",
    priority=Priority.HIGH,
    tags=("VIP", "printer"),
    group="Support",
    assignee="Ann",
    channel="email",
    language="de",
    customer__id="Cora",
    customer__tier="gold",
    customer__organization="ACME",
    customer__language="de",
    fields__room="B12",
)
BARE = ticket()


def situation(opening: Ticket, *events: Event, at: datetime = MONDAY) -> Situation:
    return Situation(history(opening, *events).as_of(at), at)


def holds(
    condition: Condition, opening: Ticket = FULL, *events: Event, at: datetime = MONDAY
) -> bool:
    compiled = compile_condition(condition, ALWAYS, PENDING)
    found = compiled.examine(situation(opening, *events, at=at)).holds
    assert compiled.holds(situation(opening, *events, at=at)) is found
    return found


def says(at: datetime, actor: Actor = Actor.CUSTOMER, text: str = "") -> Event:
    return Event(f"{at}/{actor}", at, EventKind.MESSAGE, actor, text=text)


def sets(at: datetime, name: str, after: str | None) -> Event:
    value = Status(after) if name == "status" and after else after
    return Event(f"{at}/{name}", at, EventKind.CHANGED, field=name, after=value)


# --- text ----------------------------------------------------------------------------------------

TEXTS = [
    ("id", "desk:t1"),
    ("source", "desk"),
    ("subject", "printer on fire"),
    ("type", "incident"),
    ("status", "open"),
    ("raw_status", "in progress"),
    ("priority", "high"),
    ("group", "support"),
    ("assignee", "ann"),
    ("channel", "email"),
    ("language", "de"),
    ("customer.id", "cora"),
    ("customer.tier", "gold"),
    ("customer.organization", "acme"),
    ("customer.language", "de"),
    ("fields.room", "b12"),
]


@pytest.mark.parametrize("field, value", TEXTS)
def test_text_equals_without_case(field: str, value: str) -> None:
    assert holds(Test(field, Operator.EQUALS, value))
    if field != "priority":
        assert not holds(Test(field, Operator.EQUALS, f"{value} too"))


@pytest.mark.parametrize("field, value", [pair for pair in TEXTS if pair[0] != "priority"])
def test_text_is_any_of_a_list_or_none_of_it(field: str, value: str) -> None:
    assert holds(Test(field, Operator.ANY_OF, ("other", value)))
    assert not holds(Test(field, Operator.ANY_OF, ("other",)))
    assert not holds(Test(field, Operator.NOT, ("other", value)))
    assert not holds(Test(field, Operator.NOT, value))
    assert holds(Test(field, Operator.NOT, "other"))


def test_text_contains_without_case() -> None:
    assert holds(Test("subject", Operator.CONTAINS, "er on"))
    assert not holds(Test("subject", Operator.CONTAINS, "scanner"))


def test_a_pattern_searches() -> None:
    found = Test("subject", Operator.MATCHES, "fire", search=lambda text: "fire" in text)
    missing = Test("subject", Operator.MATCHES, "ice", search=lambda text: "ice" in text)
    assert holds(found)
    assert not holds(missing)


MISSING = ["type", "group", "assignee", "channel", "language", "raw_status", "customer.id",
           "customer.tier", "fields.room"]  # fmt: skip


@pytest.mark.parametrize("field", MISSING)
def test_a_missing_field_fails_every_test_but_not_and_exists_false(field: str) -> None:
    assert not holds(Test(field, Operator.EQUALS, "x"), BARE)
    assert not holds(Test(field, Operator.ANY_OF, ("x",)), BARE)
    assert not holds(Test(field, Operator.CONTAINS, ""), BARE)
    assert not holds(Test(field, Operator.MATCHES, "", search=lambda _: True), BARE)
    assert not holds(Test(field, Operator.EXISTS, True), BARE)
    assert holds(Test(field, Operator.EXISTS, False), BARE)
    assert holds(Test(field, Operator.NOT, "x"), BARE)
    assert holds(Test(field, Operator.NOT, ("x", "y")), BARE)


@pytest.mark.parametrize("field", MISSING)
def test_a_field_that_is_there_exists(field: str) -> None:
    assert holds(Test(field, Operator.EXISTS, True))
    assert not holds(Test(field, Operator.EXISTS, False))


# --- tags ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operator, wanted, expected",
    [
        (Operator.EQUALS, "vip", True),
        (Operator.EQUALS, "vi", False),
        (Operator.CONTAINS, "printer", True),
        (Operator.ANY_OF, ("x", "vip"), True),
        (Operator.ANY_OF, ("x", "y"), False),
        (Operator.NOT, "vip", False),
        (Operator.NOT, ("x", "vip"), False),
        (Operator.NOT, ("x", "y"), True),
        (Operator.EXISTS, True, True),
        (Operator.EXISTS, False, False),
    ],
)
def test_tags_are_borne_or_not(operator: Operator, wanted: Wanted, *, expected: bool) -> None:
    assert holds(Test("tags", operator, wanted)) is expected


def test_a_ticket_without_tags_bears_none() -> None:
    assert not holds(Test("tags", Operator.EXISTS, True), BARE)
    assert not holds(Test("tags", Operator.EQUALS, "vip"), BARE)
    assert holds(Test("tags", Operator.NOT, "vip"), BARE)


def test_a_pattern_is_searched_in_each_tag() -> None:
    assert holds(Test("tags", Operator.MATCHES, "^p", search=lambda tag: tag.startswith("p")))
    assert not holds(Test("tags", Operator.MATCHES, "^q", search=lambda tag: tag.startswith("q")))


# --- what is ordered -----------------------------------------------------------------------------

ORDERED = [
    (Operator.EQUALS, [False, True, False]),
    (Operator.NOT, [True, False, True]),
    (Operator.AT_LEAST, [True, True, False]),
    (Operator.AT_MOST, [False, True, True]),
    (Operator.MORE_THAN, [True, False, False]),
    (Operator.LESS_THAN, [False, False, True]),
]


@pytest.mark.parametrize("operator, expected", ORDERED)
def test_priorities_are_ordered(operator: Operator, expected: list[bool]) -> None:
    words = ("medium", "high", "urgent")
    assert [holds(Test("priority", operator, word)) for word in words] == expected


@pytest.mark.parametrize("operator, expected", ORDERED)
def test_no_priority_counts_as_medium(operator: Operator, expected: list[bool]) -> None:
    words = ("low", "medium", "high")
    assert [holds(Test("priority", operator, word), BARE) for word in words] == expected


def test_a_priority_is_any_of_a_list_or_none_of_it() -> None:
    assert holds(Test("priority", Operator.ANY_OF, ("low", "high")))
    assert not holds(Test("priority", Operator.ANY_OF, ("low", "urgent")))
    assert not holds(Test("priority", Operator.NOT, ("low", "high")))


@pytest.mark.parametrize("operator, expected", ORDERED)
def test_counts_are_ordered(operator: Operator, expected: list[bool]) -> None:
    messages = [says(MONDAY + n * HOUR) for n in (1, 2)]  # with the opening three
    found = [
        holds(Test("unanswered_messages", operator, number), BARE, *messages, at=MONDAY + 5 * HOUR)
        for number in (2, 3, 4)
    ]
    assert found == expected


def test_counts_begin_at_nothing() -> None:
    for field in ("reopens", "reassignments", "escalations", "customer.escalations"):
        assert holds(Test(field, Operator.EQUALS, 0), BARE)
    assert holds(Test("unanswered_messages", Operator.EQUALS, 1), BARE)


def test_escalations_count_up_to_the_instant() -> None:
    seen = Situation(
        history(BARE).as_of(MONDAY + HOUR), MONDAY + HOUR, escalations=(MONDAY, MONDAY + 2 * HOUR)
    )
    once = compile_condition(Test("escalations", Operator.EQUALS, 1), ALWAYS, PENDING)
    assert once.holds(seen)


# --- durations -----------------------------------------------------------------------------------


@pytest.mark.parametrize("operator, expected", ORDERED)
def test_durations_are_ordered(operator: Operator, expected: list[bool]) -> None:
    lengths = (HOUR, 2 * HOUR, 3 * HOUR)
    at = MONDAY + 2 * HOUR
    assert [holds(Test("age", operator, length), BARE, at=at) for length in lengths] == expected


@pytest.mark.parametrize(
    "field, events, expected",
    [
        ("age", [], 5),
        ("in_status", [sets(MONDAY + 2 * HOUR, "status", "open")], 3),
        ("in_status", [sets(MONDAY + 2 * HOUR, "raw_status", "x")], 5),
        ("since_customer_message", [], 5),
        ("since_customer_message", [says(MONDAY + HOUR)], 4),
        ("since_customer_message", [says(MONDAY + HOUR, Actor.ROBOT)], 5),
        ("since_agent_reply", [says(MONDAY + HOUR, Actor.PERSON)], 4),
        ("since_agent_reply", [says(MONDAY + HOUR, Actor.OURSELVES)], None),
        ("since_public_update", [says(MONDAY + HOUR, Actor.PERSON)], 4),
        ("since_public_update", [says(MONDAY + HOUR, Actor.OURSELVES)], 4),
        ("since_public_update", [], None),
        ("unassigned_for", [], 5),
        ("unassigned_for", [sets(MONDAY + HOUR, "assignee", "ann")], None),
        (
            "unassigned_for",
            [sets(MONDAY + HOUR, "assignee", "ann"), sets(MONDAY + 2 * HOUR, "assignee", None)],
            3,
        ),
        ("time_to_due", [], None),
    ],
)
def test_durations_count_from_their_event(
    field: str, events: Sequence[Event], expected: int | None
) -> None:
    at = MONDAY + 5 * HOUR
    assert holds(Test(field, Operator.EXISTS, expected is not None), BARE, *events, at=at)
    if expected is not None:
        wanted = Test(field, Operator.EQUALS, expected * HOUR)
        assert holds(wanted, BARE, *events, at=at)
    else:
        assert not holds(Test(field, Operator.LESS_THAN, HOUR), BARE, *events, at=at)
        assert holds(Test(field, Operator.NOT, HOUR), BARE, *events, at=at)


def test_time_to_due_is_negative_when_past() -> None:
    opening = ticket(due_at=MONDAY + HOUR)
    test = Test("time_to_due", Operator.EQUALS, -HOUR)
    assert holds(test, opening, at=MONDAY + 2 * HOUR)
    assert holds(
        Test("time_to_due", Operator.LESS_THAN, timedelta()), opening, at=MONDAY + 2 * HOUR
    )


def test_durations_stand_still_in_a_pause() -> None:
    events = [sets(MONDAY + HOUR, "status", "pending_customer")]
    assert holds(Test("age", Operator.EQUALS, HOUR), BARE, *events, at=MONDAY + 5 * HOUR)


# --- joining -------------------------------------------------------------------------------------

YES = Test("type", Operator.EQUALS, "incident")
NO = Test("type", Operator.EQUALS, "other")


@pytest.mark.parametrize(
    "condition, expected",
    [
        (All(()), True),
        (All((YES, YES)), True),
        (All((YES, NO)), False),
        (Any((NO, YES)), True),
        (Any((NO, NO)), False),
        (Any(()), False),
        (Not(NO), True),
        (Not(All((YES, Not(Any((NO, YES)))))), True),
    ],
)
def test_conditions_nest(condition: Condition, *, expected: bool) -> None:
    assert holds(condition) is expected


def test_a_finding_names_what_was_wanted_and_what_was_found() -> None:
    compiled = compile_condition(All((YES, Not(NO))), ALWAYS, PENDING)
    finding = compiled.examine(situation(FULL))
    assert (finding.op, finding.holds) == ("all", True)
    first, second = finding.children
    assert (first.field, first.operator, first.wanted, first.found) == (
        "type", "equals", "incident", "Incident",
    )  # fmt: skip
    assert (second.op, second.holds, second.children[0].holds) == ("not", True, False)


@pytest.mark.parametrize(
    "condition, expected",
    [
        (YES, frozenset({"incident"})),
        (Test("type", Operator.ANY_OF, ("a", "b")), frozenset({"a", "b"})),
        (Test("type", Operator.NOT, "a"), None),
        (All((YES, Test("type", Operator.ANY_OF, ("incident", "b")))), frozenset({"incident"})),
        (Any((YES, NO)), None),
        (Not(YES), None),
        (Test("priority", Operator.AT_LEAST, "high"), None),
    ],
)
def test_required_values_are_those_without_which_a_condition_can_not_hold(
    condition: Condition, expected: frozenset[str] | None
) -> None:
    assert required_values(condition, "type") == expected


def test_what_dispatch_requires_is_of_priority_type_and_status() -> None:
    condition = All((YES, Test("status", Operator.EQUALS, "open")))
    assert dispatch_values(condition) == (None, frozenset({"incident"}), frozenset({"open"}))


# --- when time alone changes the answer ----------------------------------------------------------

DURATION_FIELDS = ["age", "in_status", "since_customer_message", "since_agent_reply",
                   "since_public_update", "unassigned_for", "time_to_due"]  # fmt: skip
COMPARING = [Operator.EQUALS, Operator.NOT, Operator.AT_LEAST, Operator.AT_MOST,
             Operator.MORE_THAN, Operator.LESS_THAN]  # fmt: skip

lengths = st.integers(0, 12).map(lambda number: number * 20 * MINUTE)
duration_tests = st.builds(
    Test, st.sampled_from(DURATION_FIELDS), st.sampled_from(COMPARING), lengths
)
contact_tests = st.builds(
    ContactsTest,
    st.just(ContactsBy.TICKET),
    st.integers(1, 3),
    st.integers(1, 12).map(lambda number: number * 20 * MINUTE),
)
message_tests = st.builds(
    MessageTest,
    st.just(("x",)),
    lengths.filter(bool),
    st.just(lambda text: "x" in text),
)
conditions = st.recursive(
    duration_tests | contact_tests | message_tests,
    lambda parts: (
        st.builds(All, st.tuples(parts, parts))
        | st.builds(Any, st.tuples(parts, parts))
        | st.builds(Not, parts)
    ),
    max_leaves=4,
)
past_events = st.lists(
    st.builds(
        lambda number, kind: _event(MONDAY + number * 20 * MINUTE, kind),
        st.integers(1, 9),
        st.sampled_from(
            ["wrote", "wrote x", "replied", "ours", "pending", "open", "ann", "nobody"]
        ),
    ),
    max_size=5,
)


def _event(at: datetime, kind: str) -> Event:
    match kind:
        case "wrote" | "wrote x":
            return says(at, text=kind.removeprefix("wrote"))
        case "replied":
            return says(at, Actor.PERSON)
        case "ours":
            return says(at, Actor.OURSELVES)
        case "ann":
            return sets(at, "assignee", "ann")
        case "nobody":
            return sets(at, "assignee", None)
        case _:
            status = Status.PENDING_CUSTOMER if kind == "pending" else Status.OPEN
            return Event(f"{at}/status", at, EventKind.CHANGED, field="status", after=status)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(conditions, past_events, st.sampled_from([ALWAYS, OFFICE]), st.integers(-3, 9))
def test_between_now_and_changes_at_the_answer_never_changes(
    condition: Condition, events: list[Event], calendar: Calendar, due: int
) -> None:
    """Brute force: at every second next to a round minute of the following day."""
    opening = ticket(due_at=MONDAY + (9 + due) * 20 * MINUTE)
    told = history(opening, *events)
    compiled = compile_condition(condition, calendar, PENDING)
    now = MONDAY + 9 * 20 * MINUTE
    view = told.as_of(now)
    present = compiled.holds(Situation(view, now))
    changes_at = compiled.changes_at(Situation(view, now))
    assert changes_at is None or changes_at > now
    for number in range(1, 28 * 3):
        for shift in (-SECOND, timedelta(), SECOND):
            at = now + number * 20 * MINUTE + shift
            if changes_at is not None and at >= changes_at:
                return
            assert compiled.holds(Situation(view, at)) is present, at
