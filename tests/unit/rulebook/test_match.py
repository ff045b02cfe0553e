"""`match`: keys AND, lists OR, and types that are checked at load."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

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
)
from engine.domain.rule import Rule

ReadRule = Callable[[str], Rule]
Codes = Callable[[str], list[str]]

HOUR = timedelta(hours=1)
HIGH = Test("priority", Operator.EQUALS, "high")
VIP = Test("customer.tier", Operator.EQUALS, "vip")


@pytest.mark.parametrize(
    "written, test",
    [
        ("type: billing", Test("type", Operator.EQUALS, "billing")),
        ("type: Billing", Test("type", Operator.EQUALS, "billing")),
        ("type: STRASSE", Test("type", Operator.EQUALS, "strasse")),
        ("type: straße", Test("type", Operator.EQUALS, "strasse")),
        ("type: 42", Test("type", Operator.EQUALS, "42")),
        ("type: 007", Test("type", Operator.EQUALS, "007")),
        ("type: 1.50", Test("type", Operator.EQUALS, "1.50")),
        ("type: true", Test("type", Operator.EQUALS, "true")),
        ("type: no", Test("type", Operator.EQUALS, "no")),
        ("customer.id: 17", Test("customer.id", Operator.EQUALS, "17")),
        ("tags: VIP", Test("tags", Operator.EQUALS, "vip")),
        ("tags: [1, 2]", Test("tags", Operator.ANY_OF, ("1", "2"))),
        ("type: [billing, Refund]", Test("type", Operator.ANY_OF, ("billing", "refund"))),
        ("type: {not: billing}", Test("type", Operator.NOT, ("billing",))),
        ("type: {not: [billing, refund]}", Test("type", Operator.NOT, ("billing", "refund"))),
        ("group: {exists: false}", Test("group", Operator.EXISTS, wanted=False)),
        ("group: {exists: true}", Test("group", Operator.EXISTS, wanted=True)),
        ("subject: {contains: Invoice}", Test("subject", Operator.CONTAINS, "invoice")),
        ("status: Open", Test("status", Operator.EQUALS, "open")),
        ("status: [new, open]", Test("status", Operator.ANY_OF, ("new", "open"))),
        ("priority: {at_least: High}", Test("priority", Operator.AT_LEAST, "high")),
        ("reopens: {more_than: 2}", Test("reopens", Operator.MORE_THAN, 2)),
        ("reopens: [1, 2]", Test("reopens", Operator.ANY_OF, (1, 2))),
        ("customer.escalations: 0", Test("customer.escalations", Operator.EQUALS, 0)),
        ("age: {at_least: 4h}", Test("age", Operator.AT_LEAST, 4 * HOUR)),
        ("time_to_due: {less_than: 0s}", Test("time_to_due", Operator.LESS_THAN, timedelta(0))),
        ("fields.site: Berlin", Test("fields.site", Operator.EQUALS, "berlin")),
        ("fields.a b.c: x", Test("fields.a b.c", Operator.EQUALS, "x")),
    ],
)
def test_a_test_is_a_value_a_list_or_a_mapping(rule: ReadRule, written: str, test: Test) -> None:
    assert rule(f"match: {{{written}}}").match == All((test,))


@pytest.mark.parametrize(
    "written, condition",
    [
        ("{}", All(())),
        ("{priority: high, customer.tier: vip}", All((HIGH, VIP))),
        (
            "{any: [{priority: high}, {customer.tier: vip}]}",
            All((Any((All((HIGH,)), All((VIP,)))),)),
        ),
        (
            "{all: [{priority: high}, {customer.tier: vip}]}",
            All((All((All((HIGH,)), All((VIP,)))),)),
        ),
        ("{not: {priority: high, customer.tier: vip}}", All((Not(All((HIGH, VIP))),))),
        (
            "{not: [{priority: high}, {customer.tier: vip}]}",
            All((Not(Any((All((HIGH,)), All((VIP,))))),)),
        ),
        (
            "{not: {any: [{not: {priority: high}}]}}",
            All((Not(All((Any((All((Not(All((HIGH,))),)),)),))),)),
        ),
    ],
)
def test_keys_and_lists_or_and_both_nest(
    rule: ReadRule, written: str, condition: Condition
) -> None:
    assert rule(f"match: {written}").match == condition


def test_all_operators_of_a_mapping_must_hold(rule: ReadRule) -> None:
    match = rule("match: {reopens: {at_least: 1, less_than: 5, not: 3}}").match
    assert match == All(
        (
            All(
                (
                    Test("reopens", Operator.AT_LEAST, 1),
                    Test("reopens", Operator.LESS_THAN, 5),
                    Test("reopens", Operator.NOT, (3,)),
                )
            ),
        )
    )


def test_a_rule_without_match_concerns_every_ticket(rule: ReadRule) -> None:
    assert rule("mode: active").match == All(())


def test_durations_are_counted_in_the_calendar_of_the_rule(rule: ReadRule) -> None:
    lines = "match: {age: {more_than: 1d}}\nclock: {calendar: office}"
    assert rule(lines).match == All((Test("age", Operator.MORE_THAN, 7.5 * HOUR),))


def test_a_pattern_is_found_anywhere_and_case_does_not_matter(rule: ReadRule) -> None:
    match = rule("match: {subject: {matches: 'order \\d+'}}").match
    assert isinstance(match, All)
    test = match.parts[0]
    assert isinstance(test, Test)
    assert test.wanted == r"order \d+"
    assert test.search is not None
    assert test.search("Your ORDER 17 is late")
    assert not test.search("your order is late")


def test_contacts_and_messages_are_wall_clock_whatever_the_calendar(rule: ReadRule) -> None:
    match = rule(
        "match:\n"
        "  contacts: {by: ticket, at_least: 2, within: 1d, same: [type, fields.a], channel: Web}\n"
        "  message: {mentions: Supervisor, within: 1w}\n"
        "clock: {calendar: office}"
    ).match
    assert isinstance(match, All)
    contacts, message = match.parts
    assert contacts == ContactsTest(
        ContactsBy.TICKET, 2, timedelta(days=1), ("type", "fields.a"), "web"
    )
    assert isinstance(message, MessageTest)
    assert message.mentions == ("Supervisor",)
    assert message.within == timedelta(days=7)
    assert message.found_in("Get me your SUPERVISOR!")


def test_a_message_may_be_as_old_as_the_ticket(rule: ReadRule) -> None:
    match = rule("match: {message: {mentions: [supervisor]}}").match
    assert isinstance(match, All)
    assert isinstance(match.parts[0], MessageTest)
    assert match.parts[0].within is None


@pytest.mark.parametrize(
    "written, group",
    [
        ("contacts: {by: ticket, at_least: 2, within: 1d}", None),
        ("contacts: {by: customer, at_least: 2, within: 1d}", ContactsBy.CUSTOMER),
        ("contacts: {by: everyone, at_least: 2, within: 1d}", ContactsBy.EVERYONE),
        ("any: [{contacts: {by: organization, at_least: 2, within: 1d}}]", ContactsBy.ORGANIZATION),
        ("not: {contacts: {by: customer, at_least: 2, within: 1d}}", ContactsBy.CUSTOMER),
        ("type: billing", None),
    ],
)
def test_the_contacts_say_whose_group_is_the_subject(
    rule: ReadRule, written: str, group: ContactsBy | None
) -> None:
    assert rule(f"match: {{{written}}}").groups_by is group


@pytest.mark.parametrize(
    "written, expected",
    [
        ("status: resolved", ["resolved-in-match"]),
        ("status: {not: [open, Closed]}", ["resolved-in-match"]),
        ("not: {any: [{status: closed}]}", ["resolved-in-match"]),
        ("status: pending", ["unknown-status"]),
        ("priority: normal", ["unknown-priority"]),
        ("teir: vip", ["unknown-field"]),
        ("customer: {tier: vip}", ["unknown-field"]),
        ("type: {equals: billing}", ["unknown-operator"]),
        ("type: null", ["empty-value"]),
        ("type: {not: ~}", ["empty-value"]),
        ("type: [billing, null]", ["empty-value"]),
        ("type: ''", ["empty-value"]),
        ("type: []", ["empty-value"]),
        ("type: {}", ["empty-value"]),
        ("type: {more_than: 3}", ["operator"]),
        ("tags: {contains: vip}", ["operator"]),
        ("reopens: {contains: 3}", ["operator"]),
        ("age: {matches: 3h}", ["operator"]),
        ("status: {at_least: open}", ["operator"]),
        ("priority: {matches: high}", ["operator"]),
        ("reopens: many", ["wrong-type"]),
        ("reopens: 1.5", ["wrong-type"]),
        ("reopens: '3'", ["wrong-type"]),
        ("reopens: -1", ["number"]),
        ("reopens: 99999999999999999999", ["number"]),
        ("age: {more_than: 30}", ["duration"]),
        ("age: 4h", ["equal-duration"]),
        ("subject: {matches: 'a('}", ["pattern"]),
        ("subject: {exists: yes}", ["wrong-type"]),
        ("any: []", ["empty-value"]),
        ("any: {type: billing}", ["wrong-type"]),
        ("not: {}", ["empty-value"]),
        ("not: billing", ["wrong-type"]),
    ],
)
def test_what_makes_no_sense_is_refused(codes: Codes, written: str, expected: list[str]) -> None:
    assert codes(f"match: {{{written}}}") == expected


def test_a_bare_duration_is_taken_with_a_warning(rule: ReadRule) -> None:
    assert rule("match: {age: 4h}").match == All((Test("age", Operator.EQUALS, 4 * HOUR),))


def test_the_same_group_may_be_counted_twice(rule: ReadRule) -> None:
    lines = """match:
  contacts: {by: customer, at_least: 3, within: 7d}
  any: [{contacts: {by: customer, at_least: 2, within: 1d}}]"""
    assert rule(lines).groups_by is ContactsBy.CUSTOMER
