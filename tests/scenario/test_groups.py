"""Rules about a customer, an organisation or everyone: one episode for the group."""

from __future__ import annotations

from engine.domain.ticket import Priority, Status
from tests.scenario.desk import Desk, rule, rules

THREE_IN_A_WEEK = "{contacts: {by: customer, at_least: 3, within: 7d}}"
OWNED = (
    "[{name: own, after: 0s, kind: hierarchical, assign: {group: management}, notify: [manager]}]"
)
CORA = "customer:cora"


def three_times(desk: Desk, match: str = THREE_IN_A_WEEK, levels: str = OWNED, **keys: str) -> None:
    """A rule about customers, and one with three tickets within two hours."""
    desk.rules(rules(rule(match=match, levels=levels, **keys)))
    for name, since in (("T1", "0s"), ("T2", "1h"), ("T3", "2h")):
        desk.open(name, since)


def test_the_group_has_one_episode_anchored_at_the_contact_that_completed_the_count(
    desk: Desk,
) -> None:
    three_times(desk)
    desk.live("3d")
    assert [row[:3] for row in desk.fired()] == [(CORA, "r", "own")]
    assert desk.fires() == ["own@2h"]


def test_field_changes_go_to_every_matching_open_ticket(desk: Desk) -> None:
    three_times(desk)
    desk.resolve("30m", "T1")
    desk.live("3d")
    assert desk.changes() == ["T2 group None→management", "T3 group None→management"]
    assert desk.notes() == ["desk:T2", "desk:T3"]


def test_a_ticket_for_which_the_rest_of_the_match_fails_is_left_alone(desk: Desk) -> None:
    three_times(desk, "{priority: high, contacts: {by: customer, at_least: 3, within: 7d}}")
    desk.set("1h30m", "T2", priority=Priority.HIGH)
    desk.live("3d")
    assert desk.changes() == ["T2 group None→management"]


def test_one_notification_lists_the_groups_tickets(desk: Desk) -> None:
    three_times(desk)
    desk.live("3d")
    assert [message.text for message in desk.channel.sent] == ["T1, T2, T3"]


def test_one_customer_message_goes_to_the_newest_ticket(desk: Desk) -> None:
    three_times(desk, customer="{on_escalation: received}")
    desk.live("3d")
    replies = [(name, kind) for kind, name, _, _ in desk.helpdesk.done if kind == "reply"]
    assert replies == [("desk:T3", "reply")]


def test_tickets_that_lack_the_field_join_no_group(desk: Desk) -> None:
    desk.rules(rules(rule(match=THREE_IN_A_WEEK, levels=OWNED)))
    for name, since in (("T1", "0s"), ("T2", "1h"), ("T3", "2h")):
        desk.open(name, since, customer__id=None)
    desk.live("3d")
    assert desk.fires() == []


def test_an_organisations_contacts_are_counted_together(desk: Desk) -> None:
    match = "{contacts: {by: organization, at_least: 2, within: 7d}}"
    desk.rules(rules(rule(match=match, levels=OWNED)))
    desk.open("T1", customer__id="cora", customer__organization="acme")
    desk.open("T2", "1h", customer__id="dora", customer__organization="acme")
    desk.open("T3", "1h", customer__id="emma", customer__organization=None)
    desk.live("3d")
    assert desk.fires(ticket="organization:acme") == ["own@1h"]
    assert desk.changes() == ["T1 group None→management", "T2 group None→management"]


def test_everyones_contacts_are_counted_together(desk: Desk) -> None:
    match = "{contacts: {by: everyone, at_least: 3, within: 1d}}"
    three_times(desk, match)
    desk.live("3d")
    assert desk.fires(ticket="everyone") == ["own@2h"]


def test_same_counts_only_contacts_on_tickets_that_are_equal_in_these_fields(desk: Desk) -> None:
    match = "{contacts: {by: everyone, at_least: 2, within: 1d, same: [type]}}"
    desk.rules(rules(rule(match=match, levels=OWNED)))
    for name, since, kind in (("T1", "0s", "mail"), ("T2", "1h", "print"), ("T3", "2h", "Mail")):
        desk.open(name, since, type=kind)
    desk.live("3h")
    assert desk.fires() == ["own@2h"]
    assert desk.changes() == ["T1 group None→management", "T3 group None→management"]


def test_the_highest_priority_among_the_matching_members_counts(desk: Desk) -> None:
    three_times(desk, levels="[{name: a, after: {urgent: 1h, medium: 3h}}]")
    desk.set("1h30m", "T2", priority=Priority.URGENT)
    desk.live("3d")
    assert desk.fires() == ["a@3h"]


def test_nothing_pauses_a_groups_clock(desk: Desk) -> None:
    three_times(desk, levels="[{name: a, after: 2h}]")
    desk.set("2h30m", "T3", status=Status.PENDING_CUSTOMER)
    desk.live("3d")
    assert desk.fires() == ["a@4h"]


def test_a_group_whose_count_falls_below_is_suspended(desk: Desk) -> None:
    match = "{contacts: {by: customer, at_least: 3, within: 1d}}"
    three_times(desk, match, "[{name: a, after: 1h}, {name: b, after: 2d}]")
    desk.live("5d")
    assert desk.fires() == ["a@3h"]
    assert desk.decision(subject=CORA) == "suspended"


def test_a_count_that_is_completed_anew_is_a_new_episode(desk: Desk) -> None:
    three_times(desk, "{contacts: {by: customer, at_least: 3, within: 1d}}")
    for name, since in (("T4", "2d"), ("T5", "2d1h"), ("T6", "2d2h")):
        desk.open(name, since)
    desk.live("5d")
    assert desk.fires() == ["own@2h", "own@2d2h"]


def test_further_contacts_while_the_count_holds_begin_nothing(desk: Desk) -> None:
    three_times(desk)
    desk.open("T4", "5h")
    desk.live("3d")
    assert desk.fires() == ["own@2h"]


def test_a_ticket_that_joins_later_takes_part_in_the_next_level(desk: Desk) -> None:
    levels = "[{name: a, after: 0s}, {name: b, after: 1d, tag: [often]}]"
    three_times(desk, levels=levels)
    desk.resolve("3h", "T1")
    desk.open("T4", "5h")
    desk.live("3d")
    assert desk.changes() == [f"T{n} tags →often" for n in (2, 3, 4)]


# --- acknowledging for the group -----------------------------------------------------------------

CLIMBING = "[{name: a, after: 0s, kind: technical}, {name: b, after: 4h, kind: technical}]"


def test_an_acknowledgement_by_name_holds_for_the_group(desk: Desk) -> None:
    three_times(desk, levels=CLIMBING)
    assert desk.acknowledge("3h", "desk:T1") == ["r"]
    desk.live("6d")
    assert desk.fires() == ["a@2h", "b@6h>1d3h"]


def test_a_reply_on_one_ticket_holds_for_the_group(desk: Desk) -> None:
    three_times(desk, levels=CLIMBING)
    desk.reply("3h", "T2")
    desk.live("6d")
    assert desk.fires() == ["a@2h", "b@6h>1d3h"]


def test_a_reply_on_a_ticket_that_is_then_resolved_still_holds_for_the_group(desk: Desk) -> None:
    three_times(desk, levels=CLIMBING)
    desk.reply("3h", "T2")
    desk.resolve("4h", "T2")
    desk.live("6d")
    assert desk.fires() == ["a@2h", "b@6h>1d3h"]


def test_a_reply_on_a_ticket_that_had_left_the_group_holds_for_nobody(desk: Desk) -> None:
    three_times(desk, levels=CLIMBING)
    desk.resolve("2h30m", "T2")
    desk.reply("3h", "T2")
    desk.live("6d")
    assert desk.fires() == ["a@2h", "b@6h"]


def test_a_reply_on_a_ticket_that_is_then_merged_still_holds_for_the_group(desk: Desk) -> None:
    three_times(desk, levels=CLIMBING)
    desk.reply("3h", "T2")
    desk.set("4h", "T2", merged_into="desk:T3")
    desk.live("6d")
    assert desk.fires() == ["a@2h", "b@6h>1d3h"]


# --- cooldown ------------------------------------------------------------------------------------


def test_a_new_count_within_the_cooldown_begins_when_the_cooldown_ends(desk: Desk) -> None:
    match = "{contacts: {by: customer, at_least: 3, within: 1d}}"
    three_times(desk, match, cooldown="3d")
    for name, since in (("T4", "2d22h"), ("T5", "2d23h"), ("T6", "3d")):
        desk.open(name, since)
    desk.live("9d")
    assert desk.fires() == ["own@2h", "own@3d2h"]


def test_a_new_count_that_is_over_when_the_cooldown_ends_begins_nothing(desk: Desk) -> None:
    match = "{contacts: {by: customer, at_least: 3, within: 1d}}"
    three_times(desk, match, cooldown="5d")
    for name, since in (("T4", "2d"), ("T5", "2d1h"), ("T6", "2d2h")):
        desk.open(name, since)
    desk.live("9d")
    assert desk.fires() == ["own@2h"]


def test_a_condition_that_still_holds_after_the_cooldown_begins_anew_then(desk: Desk) -> None:
    three_times(desk, cooldown="1d")
    desk.open("T4", "4d1h")  # so that three contacts lie in the week until it is over
    desk.live("4d")
    assert desk.fires() == ["own@2h", "own@1d2h", "own@2d2h", "own@3d2h"]


def test_each_round_after_a_cooldown_is_an_episode_of_its_own_though_its_level_comes_later(
    desk: Desk,
) -> None:
    levels = "[{name: own, after: 1h, kind: hierarchical}]"
    three_times(desk, levels=levels, cooldown="1d")
    desk.open("T4", "4d1h")
    desk.live("4d")
    assert desk.fires() == ["own@3h", "own@1d4h", "own@2d5h", "own@3d6h"]
    assert len({row["episode"] for row in desk.view("v_firings")}) == 4


def test_the_cooldown_counts_from_the_last_level_that_fired(desk: Desk) -> None:
    levels = "[{name: a, after: 0s}, {name: b, after: 1d}]"
    three_times(desk, levels=levels, cooldown="2d")
    desk.live("4d")
    assert desk.fires() == ["a@2h", "b@1d2h", "a@3d2h"]
