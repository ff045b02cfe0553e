"""Each lint speaks where it should, and is silent a hair's breadth beside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from textwrap import indent

import pytest

from engine.domain.condition import All, Not
from engine.domain.facts import CustomerLimits
from engine.errors import Problem
from engine.rulebook import Loaded, lint, load
from engine.rulebook.lints.possible import Reasoning
from tests.unit.rulebook.conftest import HEAD

TODAY = date(2026, 3, 2)
LIMITS = CustomerLimits()
TWICE = "{by: ticket, at_least: 2, within: 7d}"

Lint = Callable[[str], list[Problem]]


@pytest.fixture
def problems(read_rules: Callable[[str], Loaded]) -> Lint:
    """What the lints say of rules, written as a list."""

    def lint_rules(rules: str) -> list[Problem]:
        loaded = read_rules(rules)
        assert [one for one in loaded.problems if one.severity == "error"] == []
        return list(lint(loaded.written, [], TODAY, LIMITS))

    return lint_rules


def one_rule(lines: str, name: str = "one") -> str:
    levels = "" if "levels:" in lines else "\nlevels: [{after: 4h, kind: technical}]"
    body = indent(f"id: {name}\n{lines}{levels}\n", "  ")
    return f"-{body[1:]}"


def one(said: list[Problem]) -> Problem:
    (problem,) = said
    assert problem.severity == "warning"
    return problem


def place(problem: Problem) -> tuple[int, int]:
    """Line within the rules, from 1, and column."""
    return problem.line - len(HEAD.splitlines()), problem.column


# --- matches -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "match",
    [
        "priority: {at_least: high, at_most: medium}",
        "priority: {more_than: urgent}",
        "priority: {at_least: high, not: [high, urgent]}",
        "status: {not: [new, open, pending_customer, pending_internal]}",
        "reopens: {more_than: 2, less_than: 3}",
        "reopens: {less_than: 0}",
        "age: {at_least: 4h, at_most: 2h}",
        "age: {less_than: 0s}",
        "type: {not: billing, contains: bill, exists: false}",
        "assignee: {exists: false, not: ann, contains: a}",
        "not: {any: [{type: billing}, {type: {not: billing}}]}",
        "tags: {not: vip}, all: [{tags: vip}]",
        "type: billing, all: [{type: refund}]",
        "any: [{type: a}, {type: b}], not: {type: a}",
        "type: [a, b], not: {type: [A, B]}",
        f"contacts: {TWICE}, not: {{contacts: {TWICE}}}",
    ],
)
def test_a_match_that_no_ticket_meets_is_named(problems: Lint, match: str) -> None:
    assert [each.code for each in problems(one_rule(f"match: {{{match}}}"))] == ["impossible-match"]


@pytest.mark.parametrize(
    "match",
    [
        "priority: {at_least: high, at_most: high}",
        "priority: {more_than: high}",
        "priority: {exists: false, at_least: medium}",
        "status: {not: [new, open, pending_customer]}",
        "reopens: {at_least: 2, less_than: 3}",
        "age: {at_least: 4h, at_most: 4h}",
        "time_to_due: {less_than: 0s}",
        "type: {not: billing, contains: bill}",
        "assignee: {exists: false, not: ann}",
        "type: {matches: '^a', contains: b}",
        "tags: {not: vip}, all: [{tags: gold}]",
        "tags: vip, all: [{tags: gold}]",
        "type: [a, b], not: {type: [b, c]}",
        f"contacts: {TWICE}, not: {{contacts: {TWICE.replace('2', '3')}}}",
    ],
)
def test_a_match_that_some_ticket_meets_is_not(problems: Lint, match: str) -> None:
    assert problems(one_rule(f"match: {{{match}}}\nclock: {{pause_while: []}}")) == []


def test_the_test_that_makes_a_match_impossible_is_the_one_that_is_named(problems: Lint) -> None:
    said = one(problems(one_rule("match:\n  type: billing\n  any: [{type: refund}, {group: a}]")))

    assert place(said) == (4, 14)
    assert "this alternative together with the tests beside it" in said.message


def test_a_match_that_is_too_long_to_think_through_counts_as_possible(problems: Lint) -> None:
    pairs = "".join(f"    - any: [{{type: a{n}}}, {{type: b{n}}}]\n" for n in range(12))

    assert problems(one_rule(f"match:\n  all:\n{pairs}")) == []


def test_a_rule_that_only_holds_while_its_clock_stands_still_is_named(problems: Lint) -> None:
    said = one(problems(one_rule("match:\n  status: pending_customer")))

    assert (said.code, place(said)) == ("always-paused", (3, 15))
    assert said.help == "write 'pause_while: []' under 'clock'"


@pytest.mark.parametrize(
    "lines",
    [
        "match: {status: pending_customer}\nclock: {pause_while: []}",
        "match: {status: [pending_customer, open]}",
        "match: {status: pending_customer}\nclock: {since: due}\nlevels: [{before: 4h}]",
        "match: {status: pending_customer, contacts: {by: customer, at_least: 2, within: 7d}}",
    ],
)
def test_a_rule_whose_clock_can_run_is_not(problems: Lint, lines: str) -> None:
    assert problems(one_rule(lines)) == []


# --- ladders -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        "match: {priority: low}\nlevels: [{after: {urgent: 1h, high: 4h}}]",
        "match: {priority: low}\nclock: {target: {urgent: 4h}}\nlevels: [{after: 50%}]",
        "match: {age: {at_most: 2h}}\nlevels: [{after: 3h}]",
        "match: {age: {less_than: 2h}}\nlevels: [{after: 2h}]",
        "match: {in_status: {less_than: 2h}}\nclock: {since: status_change}\nlevels: [{after: 4h}]",
        "match: {time_to_due: {more_than: 4h}}\nclock: {since: due}\nlevels: [{before: 2h}]",
    ],
)
def test_a_level_that_no_ticket_reaches_is_named(problems: Lint, lines: str) -> None:
    said = one(problems(one_rule(lines)))

    assert said.code == "unreachable-level"
    assert "can never fire" in said.message


@pytest.mark.parametrize(
    "lines",
    [
        "match: {priority: high}\nlevels: [{after: {urgent: 1h, high: 4h}}]",
        "match: {age: {at_most: 2h}}\nlevels: [{after: 2h}]",
        "match: {in_status: {less_than: 2h}}\nlevels: [{after: 4h}]",
        "match: {time_to_due: {more_than: 1h}}\nclock: {since: due}\nlevels: [{before: 2h}]",
        f"match: {{age: {{at_most: 2h}}, contacts: {TWICE.replace('ticket', 'customer')}}}",
    ],
)
def test_a_level_that_some_ticket_reaches_is_not(problems: Lint, lines: str) -> None:
    assert problems(one_rule(lines)) == []


def test_a_notice_that_a_later_level_always_replaces_is_named(problems: Lint) -> None:
    levels = (
        "levels:\n  - {name: a, after: 4h, notify: [tier-2]}\n  - {name: b, after: %s, notify: %s}"
    )

    said = one(problems(one_rule(levels % ("240m", "[default]"))))

    assert (said.code, place(said)) == ("swallowed", (3, 30))
    assert problems(one_rule(levels % ("241m", "[default]"))) == []


def test_a_level_that_only_sets_fields_replaces_no_notice(problems: Lint) -> None:
    levels = "levels:\n  - {name: a, after: 4h, notify: [tier-2]}\n  - {name: b, after: 4h, tag: x}"

    assert problems(one_rule(levels)) == []


# --- groups --------------------------------------------------------------------------------------


def test_a_group_that_is_told_and_has_no_receiver_is_named(problems: Lint) -> None:
    levels = "levels: [{after: 4h, assign: {group: %s}, notify: [%s]}]"

    said = one(problems(one_rule(levels % ("experts", "group"))))

    assert (said.code, place(said)) == ("unknown-group", (2, 42))
    assert "so 'notify: [group]' goes to 'default'" in said.message
    assert problems(one_rule(levels % ("tier-2", "group"))) == []
    assert problems(one_rule(levels % ("experts", "tier-2"))) == []


@pytest.mark.parametrize("name, meant", [("teir-2", "tier-2"), ("tier2", "tier-2")])
def test_a_group_that_is_almost_a_receiver_is_named(problems: Lint, name: str, meant: str) -> None:
    said = one(problems(one_rule(f"match: {{group: {name}}}")))

    assert (said.code, said.help) == ("unknown-group", f"did you mean '{meant}'?")


@pytest.mark.parametrize("name", ["tier-2", "tier-1", "tier-3", "experts", "second line"])
def test_a_group_with_a_name_of_its_own_is_not(problems: Lint, name: str) -> None:
    assert problems(one_rule(f"match: {{group: [{name}]}}")) == []


# --- customers -----------------------------------------------------------------------------------


UPDATES = """
clock: {{calendar: {clock}}}
customer: {{updates: {{every: {every}, template: still-working{more}}}}}
"""


@pytest.mark.parametrize(
    "clock, every, more",
    [
        ("always", "30m", ""),
        ("always", "4h", ""),
        ("office", "{urgent: 1h, high: 1d}", ""),
    ],
)
def test_updates_that_the_limits_cannot_keep_are_named(
    problems: Lint, clock: str, every: str, more: str
) -> None:
    said = one(problems(one_rule(UPDATES.format(clock=clock, every=every, more=more))))

    assert said.code == "every-beyond-limits"


@pytest.mark.parametrize(
    "clock, every, more",
    [
        ("always", "5h", ""),
        ("always", "4h", ", max: 5"),
        ("always", "4h", ", deliver_in: office"),
        ("office", "{urgent: 90m, high: 1d}", ""),
    ],
)
def test_updates_within_the_limits_are_not(
    problems: Lint, clock: str, every: str, more: str
) -> None:
    assert problems(one_rule(UPDATES.format(clock=clock, every=every, more=more))) == []


def test_the_limits_are_those_of_the_config_file(read_rules: Callable[[str], Loaded]) -> None:
    loaded = read_rules(one_rule(UPDATES.format(clock="always", every="4h", more="")))

    generous = CustomerLimits(timedelta(hours=1), per_day=6)

    assert lint(loaded.written, [], TODAY, generous) == ()
    assert len(lint(loaded.written, [], TODAY, LIMITS)) == 1


# --- calendars -----------------------------------------------------------------------------------


@pytest.fixture
def holidays(folder: Path) -> Callable[[str, date], list[Problem]]:
    def lint_holidays(text: str, today: date) -> list[Problem]:
        hours = "timezone: UTC, open: {mon-fri: '09:00-17:00'}"
        (folder / "rules.yaml").write_text(
            f"version: 1\ncalendars:\n  office: {{{hours}, holidays: {text}}}\n"
        )
        return list(lint(load(folder).written, [], today, LIMITS))

    return lint_holidays


def test_a_calendar_whose_countrys_data_end_within_a_year_is_named(
    holidays: Callable[[str, date], list[Problem]],
) -> None:
    from holidays import country_holidays

    last = country_holidays("LK").end_year

    said = one(holidays("{country: LK}", date(last, 3, 2)))

    assert (said.code, said.line) == ("holidays-end", 3)
    assert f"up to {last} only" in said.message
    assert holidays("{country: LK}", date(last - 1, 3, 2)) == []
    assert holidays("{country: DE, subdivision: BE}", date(last, 3, 2)) == []


def test_a_list_of_holidays_is_named_two_months_before_it_ends(
    holidays: Callable[[str, date], list[Problem]],
) -> None:
    listed = "[2026-05-01, 2026-12-25]"

    assert one(holidays(listed, date(2026, 11, 1))).code == "holidays-end"
    assert holidays(listed, date(2026, 10, 1)) == []
    assert holidays("[05-01, 12-25]", date(2026, 11, 1)) == []


@pytest.mark.parametrize("country", ["UK", "EL", "US", "DE"])
def test_every_way_to_name_a_country_knows_its_last_year(
    holidays: Callable[[str, date], list[Problem]], country: str
) -> None:
    assert holidays(f"{{country: {country}}}", TODAY) == []


# --- several rules -------------------------------------------------------------------------------


def two(first: str, second: str) -> str:
    return one_rule(first, "first") + one_rule(second, "second")


URGENT = "match: {type: billing}\nlevels: [{after: 4h, set: {priority: urgent}}]"


@pytest.mark.parametrize(
    "second",
    [
        "match: {group: a}\nlevels: [{after: 4h, set: {priority: high}}]",
        "match: {type: [billing, refund]}\nlevels: [{after: 240m, set: {priority: low}}]",
        "clock: {target: 8h}\nlevels: [{after: 50%, set: {priority: high}}]",
    ],
)
def test_rules_that_write_different_values_at_one_instant_are_named(
    problems: Lint, second: str
) -> None:
    said = one(problems(two(URGENT, second)))

    assert (said.code, said.rule) == ("rules-contradict", "second")
    assert "rule 'first'" in said.message
    assert said.message.endswith("writes priority 'urgent', and wins")


@pytest.mark.parametrize(
    "second",
    [
        "match: {type: refund}\nlevels: [{after: 4h, set: {priority: high}}]",
        "match: {type: billing}\nlevels: [{after: 5h, set: {priority: high}}]",
        "match: {group: a}\nlevels: [{after: 4h, set: {priority: urgent}}]",
        "match: {group: a}\nlevels: [{after: 4h, set: {type: refund}}]",
        "match: {group: a}\nclock: {since: waiting}\nlevels: [{after: 4h, set: {priority: high}}]",
        "match: {group: a}\nclock: {pause_while: []}\nlevels: [{after: 4h, set: {priority: high}}]",
        "match: {group: a}\nmode: 'off'\nlevels: [{after: 4h, set: {priority: high}}]",
        "match: {group: a}\ninhibits: [first]\nlevels: [{after: 4h, set: {priority: high}}]",
    ],
)
def test_rules_that_cannot_meet_at_one_instant_are_not(problems: Lint, second: str) -> None:
    assert [each.code for each in problems(two(URGENT, second))] == []


def test_of_two_writes_the_hierarchical_one_wins(problems: Lint) -> None:
    hierarchical = "levels: [{after: 4h, kind: hierarchical, set: {priority: high}}]"

    said = one(problems(two(URGENT, hierarchical)))

    assert (said.rule, "rule 'second'" in said.message) == ("first", True)


TO_TIER_2 = "match: {group: tier-1}\nlevels: [{after: 1h, assign: {group: tier-2}}]"


def test_rules_that_set_a_field_to_and_fro_are_named_once(problems: Lint) -> None:
    back = "match: {group: tier-2}\nlevels: [{after: 9h, assign: {group: tier-1}}]"

    said = one(problems(two(TO_TIER_2, back)))

    assert (said.code, said.rule) == ("rules-undo", "first")
    assert said.message.startswith("this sets group to 'tier-2', and rule 'second' (")
    assert said.message.endswith(") sets group to 'tier-1' again")


@pytest.mark.parametrize(
    "first, second",
    [
        (
            "match: {priority: low}\nlevels: [{after: 1h, raise_priority: 1}]",
            "match: {priority: medium}\nlevels: [{after: 9h, set: {priority: low}}]",
        ),
        (
            "match: {tags: {not: x}}\nlevels: [{after: 1h, tag: x}]",
            "match: {tags: X}\nlevels: [{after: 9h, untag: x}]",
        ),
        (
            "match: {assignee: ann}\nlevels: [{after: 1h, assign: {group: b}}]",
            "match: {assignee: {exists: false}}\nlevels: [{after: 9h, assign: {assignee: Ann}}]",
        ),
    ],
)
def test_raising_tagging_and_assigning_can_be_undone_too(
    problems: Lint, first: str, second: str
) -> None:
    assert [each.code for each in problems(two(first, second))] == ["rules-undo"]


@pytest.mark.parametrize(
    "back",
    [
        "match: {group: tier-2}\nlevels: [{after: 9h, assign: {group: tier-3}}]",
        "match: {group: tier-3}\nlevels: [{after: 9h, assign: {group: tier-1}}]",
        "match: {group: tier-2}\nlevels: [{after: 9h, set: {type: tier-1}}]",
        "levels: [{after: 9h, assign: {group: tier-1}}]",
        "match: {group: tier-2}\nmode: 'off'\nlevels: [{after: 9h, assign: {group: tier-1}}]",
    ],
)
def test_rules_that_pass_a_ticket_on_are_not(problems: Lint, back: str) -> None:
    assert problems(two(TO_TIER_2, back)) == []


def test_rules_about_different_tickets_undo_nothing(problems: Lint) -> None:
    first = TO_TIER_2.replace("{group: tier-1}\n", "{group: tier-1, type: billing}\n", 1)
    back = "match: {group: tier-2, type: refund}\nlevels: [{after: 9h, assign: {group: tier-1}}]"

    assert problems(two(first, back)) == []


def test_rules_that_hand_a_ticket_round_are_named_once(problems: Lint) -> None:
    rules = "".join(
        one_rule(
            f"match: {{group: {here}}}\nlevels: [{{after: 1h, assign: {{group: {there}}}}}]", here
        )
        for here, there in (("north", "east"), ("east", "south"), ("south", "north"))
    )

    said = one(problems(rules))

    assert (said.code, said.rule) == ("rules-feed", "north")
    assert "then rule 'east'" in said.message
    assert "then rule 'south'" in said.message


def test_rules_that_pass_a_ticket_along_to_an_end_are_not(problems: Lint) -> None:
    rules = "".join(
        one_rule(
            f"match: {{group: {here}}}\nlevels: [{{after: 1h, assign: {{group: {there}}}}}]", here
        )
        for here, there in (("north", "east"), ("east", "south"), ("south", "west"))
    )

    assert problems(rules) == []


def test_two_fields_that_set_each_other_back_feed_the_rules(problems: Lint) -> None:
    first = "match: {type: a, group: x}\nlevels: [{after: 1h, set: {type: b, group: y}}]"
    second = "match: {type: b, group: y}\nlevels: [{after: 1h, set: {type: a, group: x}}]"

    assert [each.code for each in problems(two(first, second))] == ["rules-feed"]


# --- shadows -------------------------------------------------------------------------------------

TOLD = "match: {type: [billing, refund]}\nlevels: [{after: 4h, kind: technical, notify: [tier-2]}]"


@pytest.mark.parametrize(
    "second",
    [
        TOLD,
        TOLD.replace("[billing, refund]", "billing"),
        TOLD.replace("[billing, refund]}", "refund, group: a}"),
        TOLD.replace("after: 4h", "after: {urgent: 4h}"),
    ],
)
def test_a_rule_that_adds_nothing_is_named(problems: Lint, second: str) -> None:
    said = one(problems(two(TOLD, second)))

    assert (said.code, said.rule) == ("rule-shadowed", "second")


@pytest.mark.parametrize(
    "second",
    [
        TOLD.replace("[billing, refund]", "[billing, login]"),
        TOLD.replace("after: 4h", "after: 3h"),
        TOLD.replace("after: 4h", "after: 5h"),
        TOLD.replace("tier-2", "default"),
        TOLD.replace("kind: technical, ", ""),
        f"{TOLD}\nmode: 'off'",
        f"{TOLD}\nmode: shadow",
        f"{TOLD}\nclock: {{calendar: office}}",
    ],
)
def test_a_rule_that_does_anything_else_is_not(problems: Lint, second: str) -> None:
    assert [one.code for one in problems(two(TOLD, second))] == []


def test_a_repetition_is_something_of_its_own(problems: Lint) -> None:
    repeated = TOLD.replace("[tier-2]", "[tier-2], repeat: {every: 1h, times: 3}")

    assert one(problems(two(repeated, repeated))).rule == "second"
    assert problems(two(repeated, repeated.replace("1h", "2h"))) == []
    assert problems(two(TOLD, repeated)) == []


def test_a_rule_that_sets_the_same_field_later_adds_nothing(problems: Lint) -> None:
    early = "levels: [{after: 1h, tag: late}]"
    late = "match: {type: billing}\nlevels: [{after: 4h, tag: late}]"

    said = one(problems(two(early, late)))

    assert (said.code, said.rule) == ("rule-shadowed", "second")
    assert one(problems(two(late, early))).rule == "first"


@pytest.mark.parametrize(
    "more", ["customer: {on_escalation: still-working}", "inhibits: [first]", "budget: 5/h"]
)
def test_of_two_rules_the_one_that_does_more_is_kept(problems: Lint, more: str) -> None:
    said = one(problems(two(TOLD, f"{TOLD}\n{more}")))

    assert said.rule == ("second" if "budget" in more else "first")


# --- patience ------------------------------------------------------------------------------------


def test_whoever_has_lost_patience_holds_everything_for_possible() -> None:
    never = Not(All(()))
    fresh, tired = Reasoning(), Reasoning(patience=0)

    assert (fresh.can_hold(never), fresh.contains(All(()), never)) == (False, True)
    assert (tired.can_hold(never), tired.contains(All(()), never)) == (True, False)


def test_each_write_that_loses_is_told_of_once(problems: Lint) -> None:
    words = ["high", "low"] * 20
    crowd = "".join(
        one_rule(
            f"match: {{fields.f{number}: x}}\nlevels: [{{after: 4h, set: {{priority: {word}}}}}]",
            f"rule-{number}",
        )
        for number, word in enumerate(words)
    )

    said = problems(crowd)

    assert {each.code for each in said} == {"rules-contradict"}
    assert [each.rule for each in said] == [f"rule-{number}" for number in range(1, len(words))]
