"""What became of the rules from one generation to the next."""

from __future__ import annotations

from engine.domain.rule_changes import RuleChanges, changes_between
from tests.scenario.desk import generation_of, rule, rules

SHORTER = "[{name: a, after: 1h, notify: [manager]}]"


def changes(before: str, after: str) -> RuleChanges:
    return changes_between(generation_of(before), generation_of(after))


def test_the_same_rules_have_no_changes() -> None:
    assert changes(rules(rule("a"), rule("b")), rules(rule("a"), rule("b"))) == RuleChanges()


def test_order_and_description_change_nothing_of_what_is_decided() -> None:
    before = rules(rule("a"), rule("b"))
    after = rules(rule("b", description="Said better"), rule("a"))

    assert changes(before, after) == RuleChanges()


def test_new_and_deleted_rules_are_named_in_running_order() -> None:
    found = changes(rules(rule("a"), rule("b"), rule("c")), rules(rule("d"), rule("b"), rule("e")))

    assert found == RuleChanges(added=("d", "e"), removed=("a", "c"))


def test_a_rule_that_decides_otherwise_is_changed() -> None:
    found = changes(rules(rule("a"), rule("b")), rules(rule("a", levels=SHORTER), rule("b")))

    assert found == RuleChanges(changed=("a",))


def test_a_rename_is_neither_new_nor_deleted() -> None:
    found = changes(rules(rule("a")), rules(rule("z", moved_from="a")))

    assert found == RuleChanges(renamed=(("a", "z"),))


def test_a_renamed_rule_may_have_changed_too() -> None:
    found = changes(rules(rule("a")), rules(rule("z", moved_from="a", levels=SHORTER)))

    assert found == RuleChanges(renamed=(("a", "z"),), changed=("z",))


def test_a_rename_of_long_ago_renames_nothing_now() -> None:
    present = rules(rule("z", moved_from="a"))

    assert changes(present, present) == RuleChanges()


def test_a_name_that_nobody_had_renames_nothing() -> None:
    found = changes(rules(rule("b")), rules(rule("b"), rule("z", moved_from="a")))

    assert found == RuleChanges(added=("z",))


def test_other_receivers_are_told_though_no_rule_has_changed() -> None:
    more = "  night-shift: [{channel: log, to: night}]"
    found = changes_between(generation_of(rules(rule())), generation_of(rules(rule()), more))

    assert found == RuleChanges(receivers=True)


def test_receivers_with_the_same_opening_hours_are_the_same() -> None:
    berlin = (
        "calendars:\n  office: {timezone: Europe/Berlin, open: {mon-fri: '09:00-17:00'},"
        " holidays: {country: DE}, day: 8h}\n"
    )
    late = "  duty: [{channel: log, to: duty, during: office}]"
    before = generation_of(rules(rule(), before=berlin), late)
    after = generation_of(rules(rule(), before=f"{berlin}\n"), late)

    assert changes_between(before, after) == RuleChanges()
