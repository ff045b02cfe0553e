"""What counts as a contact; what robots and we ourselves do not set off."""

from __future__ import annotations

from engine.domain.ticket import Actor, Status
from tests.scenario.desk import OFFICE, Desk, rule, rules

AT_ONCE = "[{name: a, after: 0s, notify: [manager]}]"


def counting(desk: Desk, at_least: int, within: str = "7d", **more: str) -> None:
    """A rule that holds from the moment at which a ticket's contacts are so many."""
    keys = {"by": "ticket", "at_least": str(at_least), "within": within, **more}
    test = ", ".join(f"{key}: {value}" for key, value in keys.items())
    clock = "{since: match}" if keys["by"] == "ticket" else "{calendar: always}"
    desk.rules(rules(rule(match=f"{{contacts: {{{test}}}}}", clock=clock, levels=AT_ONCE)))


def seen(desk: Desk, match: str, *others: str) -> None:
    """A rule that fires when its match begins."""
    desk.rules(rules(rule(match=match, clock="{since: match}", levels=AT_ONCE), *others))


POSTING = rule(
    "post",
    levels="[]",
    customer="{updates: {from: match, every: 65m, template: still-working, max: 1}}",
)


# --- what a contact is ---------------------------------------------------------------------------


def test_a_new_ticket_is_a_contact(desk: Desk) -> None:
    counting(desk, 1)
    desk.open()
    desk.live("10d")
    assert desk.fires() == ["a@0s"]


def test_a_customers_message_is_a_contact(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.writes("5h")
    desk.live("10d")
    assert desk.fires() == ["a@5h"]


def test_a_reopening_is_a_contact(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.resolve("1h")
    desk.reopen("3h")
    desk.live("10d")
    assert desk.fires() == ["a@3h"]


def test_a_return_that_does_not_count_is_no_contact(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.resolve("1h")
    desk.reopen("1h30m")
    desk.live("10d")
    assert desk.fires() == []


def test_messages_within_an_hour_of_the_first_are_one_contact(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.writes("30m")
    desk.writes("59m59s")
    desk.live("10d")
    assert desk.fires() == []


def test_a_message_an_hour_after_the_first_is_another_contact(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.writes("50m")
    desk.writes("1h")
    desk.live("10d")
    assert desk.fires() == ["a@1h"]


def test_the_hour_counts_from_the_first_message_and_not_from_the_last(desk: Desk) -> None:
    counting(desk, 3)
    desk.open()
    for when in ("2h", "2h50m", "3h10m"):
        desk.writes(when)
    desk.live("10d")
    assert desk.fires() == ["a@3h10m"]


def test_the_message_that_reopens_a_ticket_is_the_same_contact_as_the_reopening(
    desk: Desk,
) -> None:
    counting(desk, 3)
    desk.open()
    desk.resolve("1h")
    desk.comes_back("5h")
    desk.live("10d")
    assert desk.fires() == []


def test_the_reopening_is_one_contact_whichever_event_the_helpdesk_tells_first(
    desk: Desk,
) -> None:
    counting(desk, 3)
    desk.open()
    desk.resolve("1h")
    desk.reopen("5h")
    desk.writes("5h")
    desk.live("10d")
    assert desk.fires() == []


def test_an_answer_within_a_day_of_a_persons_reply_is_conversation(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.reply("2h")
    desk.writes("1d2h")
    desk.live("10d")
    assert desk.fires() == []


def test_a_message_more_than_a_day_after_the_reply_is_a_contact(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.reply("2h")
    desk.writes("1d2h1s")
    desk.live("10d")
    assert desk.fires() == ["a@1d2h1s"]


def test_an_internal_note_makes_no_conversation(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.remark("2h")
    desk.writes("3h")
    desk.live("10d")
    assert desk.fires() == ["a@3h"]


def test_a_robots_reply_makes_no_conversation(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.reply("2h", by=Actor.ROBOT)
    desk.writes("3h")
    desk.live("10d")
    assert desk.fires() == ["a@3h"]


def test_our_own_message_makes_no_conversation(desk: Desk) -> None:
    counted = "{contacts: {by: ticket, at_least: 2, within: 7d}}"
    seen(desk, counted, POSTING)
    desk.open()
    desk.writes("3h")
    desk.live("10d")
    assert desk.heard() == ["still-working@1h5m"]
    assert desk.fires(rule="r") == ["a@3h"]


# --- the window ----------------------------------------------------------------------------------


def test_a_contact_counts_until_the_window_is_over_exclusively(desk: Desk) -> None:
    counting(desk, 2, within="2h")
    desk.open()
    desk.writes("2h")
    desk.live("10d")
    assert desk.fires() == []


def test_a_contact_counts_to_the_last_second_of_the_window(desk: Desk) -> None:
    counting(desk, 2, within="2h")
    desk.open()
    desk.writes("1h59m59s")
    desk.live("10d")
    assert desk.fires() == ["a@1h59m59s"]


def test_the_window_is_wall_clock_whatever_the_rules_calendar(desk: Desk) -> None:
    counted = "{contacts: {by: ticket, at_least: 2, within: 60h}}"
    clock = "{since: match, calendar: office}"
    desk.rules(rules(rule(match=counted, clock=clock, levels=AT_ONCE), before=OFFICE))
    desk.open()
    desk.writes("3d")
    desk.live("10d")
    assert desk.fires() == []


def test_only_contacts_by_the_channel_named_count(desk: Desk) -> None:
    counting(desk, 2, by="customer", channel="email")
    desk.open("T1", channel="Email")
    desk.open("T2", "1h", channel="phone")
    desk.open("T3", "2h", channel="email")
    desk.live("3h")
    assert desk.fires() == ["a@2h"]


def test_contacts_of_a_customer_are_counted_across_tickets(desk: Desk) -> None:
    counting(desk, 3, by="customer")
    desk.open("T1")
    desk.open("T2", "1h")
    desk.open("other", "1h", customer__id="dora")
    desk.writes("4h", "T1")
    desk.live("10d")
    assert desk.fires(ticket="customer:cora") == ["a@4h"]
    assert desk.fires(ticket="customer:dora") == []


def test_contacts_on_resolved_tickets_count(desk: Desk) -> None:
    counting(desk, 3, by="customer")
    for name, since in (("T1", "0s"), ("T2", "1h"), ("T3", "2h")):
        desk.open(name, since)
    desk.resolve("30m", "T1")
    desk.live("10d")
    assert desk.fires() == ["a@2h"]


# --- what the customer wrote ---------------------------------------------------------------------


def test_words_that_the_customer_wrote_make_a_rule_hold(desk: Desk) -> None:
    seen(desk, "{message: {mentions: [supervisor, cancel my account], within: 1d}}")
    desk.open()
    desk.writes("1h", text="I was supervised badly.")
    desk.writes("2h", text="Get me your SUPERVISOR!")
    desk.live("1d")
    assert desk.fires() == ["a@2h"]


def test_words_count_for_as_long_as_the_rule_says(desk: Desk) -> None:
    mention = "{message: {mentions: [lawyer], within: 1d}}"
    desk.rules(rules(rule(match=mention, clock="{since: match}", levels="[{after: 1d}]")))
    desk.open()
    desk.writes("1h", text="my lawyer will write")
    desk.live("10d")
    assert desk.fires() == []


def test_what_the_staff_wrote_are_not_the_customers_words(desk: Desk) -> None:
    seen(desk, "{message: {mentions: [lawyer]}}")
    desk.open()
    desk.helpdesk.say("desk:T1", desk.helpdesk.openings["desk:T1"].created_at, Actor.PERSON,
                      "ask our lawyer")  # fmt: skip
    desk.live("10d")
    assert desk.fires() == []


# --- robots and ourselves ------------------------------------------------------------------------


def test_an_automatic_message_is_no_contact(desk: Desk) -> None:
    counting(desk, 2)
    desk.open()
    desk.reply("3h", by=Actor.ROBOT)
    desk.live("10d")
    assert desk.fires() == []


def test_an_automatic_message_is_no_customer_message(desk: Desk) -> None:
    seen(desk, "{since_customer_message: {at_least: 3h}, unanswered_messages: 1}")
    desk.open()
    desk.reply("2h", by=Actor.ROBOT)
    desk.live("10d")
    assert desk.fires() == ["a@3h"]


def test_an_automatic_message_is_no_agent_reply(desk: Desk) -> None:
    seen(desk, "{since_agent_reply: {exists: true}}")
    desk.open()
    desk.reply("2h", by=Actor.ROBOT)
    desk.live("3h")
    assert desk.fires() == []


def test_our_own_message_is_no_agent_reply(desk: Desk) -> None:
    seen(desk, "{since_agent_reply: {exists: true}}", POSTING)
    desk.open()
    desk.live("3d")
    assert desk.told() == ["still-working"]
    assert desk.fires(rule="r") == []


def test_our_own_message_is_a_public_update(desk: Desk) -> None:
    seen(desk, "{since_public_update: {at_least: 1h}}", POSTING)
    desk.open()
    desk.live("3d")
    assert desk.fires(rule="r") == ["a@2h5m"]


def test_our_own_change_of_status_is_no_reopening(desk: Desk) -> None:
    undoing = rule("s", levels="[{name: park, after: 1h, set: {status: pending_internal}}]")
    seen(desk, "{reopens: {at_least: 1}}", undoing)
    desk.open()
    desk.resolve("5h")
    desk.live("3d")
    assert desk.fires(rule="r") == []


def test_our_own_assignment_is_no_reassignment(desk: Desk) -> None:
    giving = rule("s", levels="[{name: give, after: 1h, assign: {assignee: bob}}]")
    seen(desk, "{reassignments: {at_least: 1}}", giving)
    desk.open(assignee="ann")
    desk.live("3d")
    assert desk.fires(rule="r") == []


def test_a_rules_own_escalations_are_invisible_to_it(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical}, {name: b, after: 3h}]"
    desk.rules(rules(rule(match="{escalations: {at_most: 0}}", levels=levels)))
    desk.open()
    desk.live("3d")
    assert desk.fires() == ["a@1h", "b@3h"]


def test_other_rules_count_a_rules_escalations(desk: Desk) -> None:
    up = rule("s", levels="[{name: up, after: 1h, kind: technical}]")
    desk.rules(rules(up, rule(match="{escalations: {at_most: 0}}")))
    desk.open()
    desk.live("3d")
    assert desk.fires(rule="r") == []


# --- counts of the ticket ------------------------------------------------------------------------


def test_reopens_count_the_reopenings_that_count(desk: Desk) -> None:
    seen(desk, "{reopens: {at_least: 2}}")
    desk.open()
    desk.resolve("1h")
    desk.reopen("1h30m")
    desk.resolve("2h")
    desk.reopen("4h")
    desk.resolve("5h")
    desk.reopen("7h")
    desk.live("3d")
    assert desk.fires() == ["a@7h"]


def test_unanswered_messages_are_those_since_the_last_answer_the_opening_included(
    desk: Desk,
) -> None:
    seen(desk, "{unanswered_messages: {at_least: 3}}")
    desk.open()
    desk.writes("1h")
    desk.reply("2h")
    for when in ("3h", "4h", "5h"):
        desk.writes(when)
    desk.live("3d")
    assert desk.fires() == ["a@5h"]


def test_the_message_that_reopens_a_ticket_is_one_unanswered_message(desk: Desk) -> None:
    seen(desk, "{unanswered_messages: {at_least: 2}}")
    desk.open()
    desk.resolve("1h")
    desk.reopen("5h")
    desk.writes("5h")
    desk.live("3d")
    assert desk.fires() == []


def test_rules_see_unresolved_tickets_only(desk: Desk) -> None:
    desk.rules(rules(rule()))
    desk.open()
    desk.set("1h", status=Status.CLOSED)
    desk.live("3d")
    assert desk.fires() == []
    assert desk.decision() == "resolved"
