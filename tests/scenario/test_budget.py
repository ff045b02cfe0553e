"""How many escalations a rule may fire; how long a ticket is left in peace after one."""

from __future__ import annotations

from engine.domain.ticket import Priority
from tests.scenario.desk import OFFICE, Desk, at, rule, rules

AT_ONE = "[{name: a, after: 1h, kind: technical, tag: [late], notify: [manager]}]"


def budgeted(
    desk: Desk, tickets: int, budget: str = "2/h", levels: str = AT_ONE, **keys: str
) -> None:
    desk.rules(rules(rule(levels=levels, budget=budget, **keys)))
    for number in range(1, tickets + 1):
        desk.open(f"T{number}", f"{number}m", customer__id=f"customer-{number}")


# --- budget --------------------------------------------------------------------------------------


def test_beyond_the_budget_the_digest_is_the_notification(desk: Desk) -> None:
    budgeted(desk, 4)
    desk.live("1h30m")
    assert len(desk.fires()) == 4
    assert desk.notices() == [
        "the-manager: r/1",
        "the-manager: r/1",
        "digest the-manager: r/1",
        "digest the-manager: r/1",
    ]


def test_a_digest_names_every_ticket_held_at_the_same_time(desk: Desk) -> None:
    desk.rules(rules(rule(levels=AT_ONE, budget="1/h")))
    for number in range(1, 5):
        desk.open(f"T{number}")
    desk.live("1h30m")
    assert desk.receivers() == ["the-manager", "the-manager"]
    assert desk.digests() == ["the-manager: T2, T3, T4"]


def test_field_changes_beyond_the_budget_wait_for_the_next_hour_with_room(desk: Desk) -> None:
    budgeted(desk, 5)
    desk.live("1h30m")
    assert desk.changes() == ["T1 tags →late", "T2 tags →late"]
    desk.live("2h")
    assert desk.changes() == [f"T{n} tags →late" for n in (1, 2, 3, 4)]
    desk.live("3h")
    assert desk.changes() == [f"T{n} tags →late" for n in (1, 2, 3, 4, 5)]


def test_released_changes_use_up_the_budget_of_their_hour(desk: Desk) -> None:
    budgeted(desk, 3, budget="1/h")
    desk.open("T9", "1h30m")
    desk.live("2h45m")
    assert [c for c in desk.changes() if c.startswith("T9")] == []
    assert desk.digests()[-1] == "the-manager: T9"


def test_a_change_that_is_held_is_not_made_on_a_ticket_resolved_meanwhile(desk: Desk) -> None:
    budgeted(desk, 3)
    desk.resolve("1h30m", "T3")
    desk.live("9h")
    assert desk.changes() == ["T1 tags →late", "T2 tags →late"]


def test_a_field_that_a_person_changed_meanwhile_is_left_alone_on_release(desk: Desk) -> None:
    levels = "[{name: a, after: 1h, kind: technical, set: {type: ours}}]"
    budgeted(desk, 3, levels=levels)
    desk.set("1h30m", "T3", type="theirs")
    desk.live("9h")
    assert desk.value("type", "desk:T3") == "theirs"


def test_a_held_customer_message_is_dropped_as_stale(desk: Desk) -> None:
    budgeted(desk, 3, customer="{on_escalation: received}")
    desk.live("9h")
    assert [name for kind, name, _, _ in desk.helpdesk.done if kind == "reply"] == [
        "desk:T1",
        "desk:T2",
    ]


def test_a_held_customer_message_is_recorded(desk: Desk) -> None:
    budgeted(desk, 3, customer="{on_escalation: received}")
    desk.live("9h")
    rows = desk.view("v_outbox", audience="customer", ticket="desk:T3")
    assert [(row["state"], row["reason"]) for row in rows] == [("cancelled", "budget")]


def test_another_rule_may_tell_what_a_budget_held_back(desk: Desk) -> None:
    up = "[{name: up, after: 2h, kind: technical}]"
    held = rule(levels=up, budget="1/h", customer="{on_escalation: received}")
    free = rule("s", levels=up, customer="{on_escalation: received-too}")
    desk.rules(rules(held, free))
    desk.open("T1")
    desk.open("T2", customer__id="dora")
    desk.live("9h")
    assert desk.told() == ["received", "received-too"]


def test_updates_of_an_escalation_beyond_the_budget_count_from_it(desk: Desk) -> None:
    up = "[{name: up, after: 2h, kind: technical}]"
    customer = "{on_escalation: received, updates: {every: 4h, template: still-working, max: 1}}"
    desk.rules(rules(rule(levels=up, budget="1/h", customer=customer)))
    desk.open("T1")
    desk.open("T2", customer__id="dora")
    desk.live("9h")
    assert desk.heard() == ["received@2h", "still-working@6h", "still-working@6h"]


def test_a_dropped_message_does_not_delay_the_updates_that_were_promised(desk: Desk) -> None:
    up = "[{name: up, after: 5h, kind: technical}]"
    updates = "{from: match, every: 4h, template: still-working}"
    customer = f"{{on_escalation: received, updates: {updates}}}"
    desk.rules(rules(rule(levels=up, budget="1/h", customer=customer)))
    desk.open("T1")
    desk.open("T2", customer__id="dora")
    desk.live("10h")
    assert desk.heard() == [
        "still-working@4h",
        "still-working@4h",
        "received@5h",
        "still-working@8h",
        "still-working@9h",
    ]


def test_after_an_outage_who_is_not_told_of_the_escalation_gets_the_update_that_is_due(
    desk: Desk,
) -> None:
    up = "[{name: up, after: 5h, kind: technical}]"
    updates = "{from: match, every: 4h, template: still-working}"
    customer = f"{{on_escalation: received, updates: {updates}}}"
    desk.rules(rules(rule(levels=up, budget="1/h", customer=customer)))
    desk.open("T1")
    desk.open("T2", customer__id="dora")
    desk.live("1h")
    desk.sleep_until("9h")
    assert desk.heard() == ["received@9h", "still-working@9h"]


def test_reminders_cost_nothing(desk: Desk) -> None:
    budgeted(desk, 4, budget="1/h", levels="[{name: a, after: 1h, notify: [manager]}]")
    desk.live("2h")
    assert desk.digests() == []
    assert len(desk.channel.sent) == 4


def test_levels_that_fire_as_one_cost_one(desk: Desk) -> None:
    two = "[{after: 1h, kind: technical}, {after: 2h, kind: technical, notify: [manager]}]"
    desk.rules(rules(rule(levels=two, budget="2/h")))
    desk.open("T1")
    desk.open("T2")
    desk.live("30m")
    desk.sleep_until("3h")
    assert desk.digests() == []


def test_each_rule_has_a_budget_of_its_own(desk: Desk) -> None:
    desk.rules(rules(rule(levels=AT_ONE, budget="1/h"), rule("s", levels=AT_ONE, budget="1/h")))
    desk.open()
    desk.live("2h")
    assert desk.digests() == []


def test_a_budget_is_whole_again_at_the_full_hour(desk: Desk) -> None:
    desk.rules(rules(rule(levels=AT_ONE, budget="1/h")))
    desk.open("T1", "50m")
    desk.open("T2", "1h")
    desk.live("5h")
    assert desk.digests() == []


def test_a_rule_without_a_budget_may_fire_fifty_an_hour(desk: Desk) -> None:
    desk.rules(rules(rule(levels=AT_ONE)))
    for number in range(52):
        desk.open(f"T{number:02}")
    desk.live("1h30m")
    assert desk.digests() == ["the-manager: T50, T51"]


# --- cooldown of tickets -------------------------------------------------------------------------

QUIET = "[{name: a, after: 1h}, {name: b, after: 2h}]"


def test_an_episode_within_the_cooldown_begins_at_its_end(desk: Desk) -> None:
    desk.rules(rules(rule(levels=QUIET, cooldown="10h")))
    desk.open()
    desk.resolve("3h")
    desk.comes_back("5h")
    desk.live("3d")
    assert desk.fires() == ["a@1h", "b@2h", "a@13h", "b@14h"]


def test_a_cooldown_that_is_over_changes_nothing(desk: Desk) -> None:
    desk.rules(rules(rule(levels=QUIET, cooldown="10h")))
    desk.open()
    desk.resolve("3h")
    desk.comes_back("20h")
    desk.live("3d")
    assert desk.fires() == ["a@1h", "b@2h", "a@21h", "b@22h"]


def test_an_episode_whose_anchor_is_gone_at_the_end_of_the_cooldown_never_begins(
    desk: Desk,
) -> None:
    desk.rules(rules(rule(levels=QUIET, cooldown="10h", clock="{since: waiting}")))
    desk.open()
    desk.reply("3h")
    desk.writes("5h")
    desk.reply("11h")
    desk.live("3d")
    assert desk.fires() == ["a@1h", "b@2h"]


def test_a_cooldown_holds_no_level_of_its_own_episode_back(desk: Desk) -> None:
    desk.rules(rules(rule(levels="[{name: a, after: 1h}, {name: b, after: 5h}]", cooldown="10h")))
    desk.open()
    desk.live("3d")
    assert desk.fires() == ["a@1h", "b@5h"]


def test_a_cooldown_is_wall_clock(desk: Desk) -> None:
    text = rule(levels="[{name: a, after: 1h}]", cooldown="24h", clock="{calendar: office}")
    desk.rules(rules(text, before=OFFICE))
    desk.open()
    desk.resolve("3h")
    desk.comes_back("5h")
    desk.live("5d")
    assert desk.fires() == ["a@1h", "a@1d2h"]


def test_a_cooldown_is_about_the_same_ticket_only(desk: Desk) -> None:
    desk.rules(rules(rule(levels=QUIET, cooldown="10h")))
    desk.open("T1")
    desk.open("T2", "3h")
    desk.live("3d")
    assert desk.fires(ticket="desk:T2") == ["a@4h", "b@5h"]


def test_an_episode_in_cooldown_says_so(desk: Desk) -> None:
    desk.rules(rules(rule(levels=QUIET, cooldown="10h")))
    desk.open()
    desk.resolve("3h")
    desk.comes_back("5h")
    desk.live("8h")
    assert desk.decision() == "cooldown"


def test_a_cooldown_does_not_move_a_due_date(desk: Desk) -> None:
    levels = "[{name: soon, before: 1h}, {name: late, after: 1h}]"
    desk.rules(rules(rule(levels=levels, clock="{since: due}", cooldown="4h")))
    desk.open(due_at=at("2h"), priority=Priority.HIGH)
    desk.set("90m", due_at=at("4h"))
    desk.live("3d")
    assert desk.fires() == ["soon@1h", "soon@3h>5h", "late@5h"]


# --- what is told of it --------------------------------------------------------------------------


def test_a_note_and_a_digest_know_from_when_on_held_changes_may_go_out(desk: Desk) -> None:
    budgeted(desk, 3)
    desk.live("1h30m")
    rows = {(str(r["ticket"]), str(r["action"])): int(str(r["id"])) for r in desk.view("v_outbox")}
    with desk.store.read() as tx:
        actions = {key: tx.outbox_row(row_id) for key, row_id in rows.items()}
    room_from = {
        key: row.action.details.get("room_from") for key, row in actions.items() if row is not None
    }
    assert room_from["desk:T1", "note"] is room_from["desk:T1", "notify"] is None
    assert room_from["desk:T3", "note"] == room_from["desk:T3", "digest"] == "2026-01-05T11:00:00Z"


def test_nothing_is_said_to_wait_where_no_field_is_held(desk: Desk) -> None:
    budgeted(desk, 3, levels="[{name: a, after: 1h, kind: technical, notify: [manager]}]")
    desk.live("1h30m")
    numbers = [int(str(row["id"])) for row in desk.view("v_outbox")]
    with desk.store.read() as tx:
        rows = [tx.outbox_row(number) for number in numbers]
    assert not any("room_from" in row.action.details for row in rows if row is not None)
