"""`explain`: why a rule did, or did not, act; for everything that can hold a rule back."""

from __future__ import annotations

import pytest

from tests.cli.desk import LATE, Desk, Document, conforming, day, row

WAITS = """\
  - id: waits
    match: {priority: urgent}
    clock: {since: %s, target: {urgent: 4h}}
    levels: [{name: halfway, after: 50%%, notify: [boss]}]
"""


def states(explanation: Document) -> list[tuple[str, str]]:
    return [(level["name"], level["state"]) for level in explanation["levels"]]


def why(explanation: Document) -> tuple[str, str]:
    return explanation["verdict"], explanation["reason"]


def test_a_ticket_that_fired_shows_when_and_by_which_arithmetic(desk: Desk) -> None:
    desk.once("--through", day("11:30"))

    late = desk.explain("desk:1", "--at", day("11:30"))["late"]

    assert why(late) == ("FIRED", "level_due")
    assert (late["file"], late["line"]) == ("rules/rules.yaml", 6)
    assert late["clock"] == {
        "since": "opened",
        "anchor_at": day("09:00"),
        "calendar": "always",
        "elapsed_seconds": 9000,
        "paused_seconds": 0,
        "target_seconds": None,
        "pauses": [],
    }
    assert late["levels"] == [
        {
            "level": 1,
            "name": "remind",
            "due_at": day("10:00"),
            "state": "fired",
            "fired_at": day("10:00"),
            "reason": "level_due",
            "left_seconds": None,
        },
        {
            "level": 2,
            "name": "escalate",
            "due_at": day("11:00"),
            "state": "fired",
            "fired_at": day("11:00"),
            "reason": "level_due",
            "left_seconds": None,
        },
    ]
    assert late["decision"] is not None


def test_a_ticket_that_waits_shows_the_next_instant(desk: Desk) -> None:
    desk.once("--through", day("09:30"))

    late = desk.explain("desk:1", "--at", day("09:30"))["late"]

    assert why(late) == ("WAITING", "not_yet")
    assert states(late) == [("remind", "waiting"), ("escalate", "waiting")]
    assert late["next_at"] == day("10:00")


def test_the_past_is_explained_as_it_was(desk: Desk) -> None:
    desk.once("--through", day("11:30"))

    late = desk.explain("desk:1", "--at", day("10:30"))["late"]

    assert states(late) == [("remind", "fired"), ("escalate", "waiting")]
    assert late["next_at"] == day("11:00")


def test_a_level_that_is_due_and_not_yet_looked_at_is_due(desk: Desk) -> None:
    desk.once("--at", day("09:00"))

    late = desk.explain("desk:1", "--at", day("10:30"))["late"]

    assert states(late) == [("remind", "due"), ("escalate", "waiting")]


def test_a_paused_ticket_shows_how_long_its_clock_stood_still(desk: Desk) -> None:
    desk.log(row("1", "09:00"), row("1", "09:30", "Wait"))
    desk.once("--through", day("10:30"))

    late = desk.explain("desk:1", "--at", day("10:30"))["late"]

    assert why(late) == ("SUPPRESSED", "paused")
    assert (late["clock"]["elapsed_seconds"], late["clock"]["paused_seconds"]) == (1800, 3600)
    assert late["clock"]["pauses"] == [{"from": day("09:30"), "to": None}]
    assert [level["due_at"] for level in late["levels"]] == [None, None]
    assert [level["left_seconds"] for level in late["levels"]] == [1800, 5400]
    assert late["next_at"] is None
    status = {"what": "status", "name": "pending_customer", "how": None}
    assert late["held_by"] == [{**status, "since": day("09:30"), "until": None}]


def test_a_near_miss_shows_every_condition_with_its_value(desk: Desk) -> None:
    desk.rules(
        "  - id: near\n"
        "    match:\n"
        "      priority: {at_least: high}\n"
        "      any: [{subject: {contains: printer}}, {age: {more_than: 2h}}]\n"
        "      not: {assignee: bob}\n"
        "    levels: [{after: 1h, notify: [boss]}]\n"
    )
    desk.log(row("1", "09:00", title="My printer is on fire"))
    desk.once("--through", day("10:00"))

    near = desk.explain("desk:1", "--at", day("10:00"))["near"]

    assert why(near) == ("NO_MATCH", "no_match")
    tests = {child["op"]: child for child in near["conditions"]["children"]}
    assert (near["conditions"]["op"], near["conditions"]["holds"]) == ("all", False)
    assert tests["test"] == {
        "op": "test",
        "field": "priority",
        "operator": "at_least",
        "wanted": "high",
        "found": "medium",
        "actual": "medium",
        "holds": False,
        "children": [],
    }
    assert [child["holds"] for child in tests["any"]["children"]] == [True, False]
    age = tests["any"]["children"][1]
    assert (age["wanted"], age["found"]) == (7200, 3600)
    assert tests["not"]["holds"]


def test_a_suspended_rule_keeps_what_it_fired(desk: Desk) -> None:
    desk.rules(LATE.replace("    levels:", "    match: {priority: medium}\n    levels:"))
    desk.log(row("1", "09:00"), row("1", "10:30", p="4"))
    desk.once("--through", day("11:30"))

    late = desk.explain("desk:1", "--at", day("11:30"))["late"]

    assert why(late) == ("SUPPRESSED", "suspended")
    assert states(late)[0] == ("remind", "fired")
    assert not late["conditions"]["holds"]


def test_a_group_whose_contacts_left_the_window_keeps_what_it_fired(desk: Desk) -> None:
    desk.rules(
        "  - id: again\n"
        "    match: {contacts: {by: customer, at_least: 2, within: 1d}}\n"
        "    levels: [{after: 0s, kind: technical, notify: [boss]}]\n"
    )
    desk.log(row("1", "09:00"), row("2", "10:00"))
    desk.once("--through", "2024-01-10T00:00:00Z")

    again = desk.explain("desk:1", "--at", "2024-01-10T00:00:00Z")["again"]

    assert again["subject"] == "customer:anna"
    assert why(again) == ("SUPPRESSED", "suspended")
    assert states(again) == [("0s", "fired")]
    assert again["clock"]["since"] == "contact"


def test_a_resolved_ticket_keeps_what_it_fired(desk: Desk) -> None:
    desk.log(row("1", "09:00"), row("1", "10:30", "Done"))
    desk.once("--through", day("12:00"))

    late = desk.explain("desk:1", "--at", day("12:00"))["late"]

    assert why(late) == ("NO_MATCH", "resolved")
    assert states(late) == [("remind", "fired"), ("escalate", "waiting")]


def test_a_survivor_goes_on_from_the_merge_on_where_the_merged_ticket_stood(desk: Desk) -> None:
    merges = "status:\n", "merged_into: {column: Agent, otherwise: keep_previous}\n      status:\n"
    desk.config(merges, ("      assignee: Agent\n", ""))
    desk.log(row("1", "09:00"), row("2", "09:30"), row("1", "10:15", agent="2"))
    desk.once("--through", day("10:45"))

    before = desk.explain("desk:2", "--at", day("10:14"))["late"]
    after = desk.explain("desk:2", "--at", day("10:20"))["late"]
    merged = desk.explain("desk:1", "--at", day("10:20"))["late"]

    assert before["clock"]["anchor_at"] == day("09:30")
    assert states(before) == [("remind", "waiting"), ("escalate", "waiting")]
    assert after["clock"]["anchor_at"] == day("09:00")
    assert states(after) == [("remind", "fired"), ("escalate", "waiting")]
    assert why(merged) == ("NO_MATCH", "merged")


def test_an_inhibited_rule_names_what_holds_it(desk: Desk) -> None:
    desk.rules(
        LATE,
        "  - id: first\n    inhibits: [late]\n    levels: [{after: 5h, notify: [boss]}]\n",
    )
    desk.once("--through", day("11:30"))

    late = desk.explain("desk:1", "--at", day("11:30"))["late"]

    assert why(late) == ("SUPPRESSED", "inhibited")
    assert states(late) == [("remind", "due"), ("escalate", "due")]
    assert [(each["what"], each["name"]) for each in late["held_by"]] == [("rule", "first")]


def test_an_acknowledged_escalation_waits_for_its_end(desk: Desk) -> None:
    desk.rules(LATE.replace("    customer:", "      - {name: up, after: 3h}\n    customer:"))
    desk.log(row("1", "09:00"), row("1", "11:10", "Reply"))
    desk.once("--through", day("12:30"))

    late = desk.explain("desk:1", "--at", day("12:30"))["late"]

    assert why(late) == ("SUPPRESSED", "acknowledged")
    assert states(late)[-1] == ("up", "due")
    assert late["next_at"] == "2024-01-09T11:10:00Z"
    taken = {"since": day("11:10"), "until": "2024-01-09T11:10:00Z"}
    assert late["held_by"] == [{"what": "person", "name": None, "how": "reply", **taken}]


def test_a_cooldown_shows_when_it_ends(desk: Desk) -> None:
    desk.rules(LATE.replace("    levels:", "    cooldown: 1d\n    levels:"))
    desk.log(
        row("1", "09:00"), row("1", "11:30", "Done"), row("1", "13:00", "Open"), row("2", "13:00")
    )
    desk.once("--through", day("16:00"))

    late = desk.explain("desk:1", "--at", day("16:00"))["late"]

    assert why(late) == ("SUPPRESSED", "cooldown")
    assert late["next_at"] == "2024-01-09T11:00:00Z"
    quiet = {"since": day("11:00"), "until": "2024-01-09T11:00:00Z"}
    assert late["held_by"] == [{"what": "cooldown", "name": None, "how": None, **quiet}]


@pytest.mark.parametrize(
    "since, rows, reason",
    [
        ("waiting", (row("1", "09:00", p="1"), row("1", "09:10", "Reply", p="1")), "no_anchor"),
        ("assignment", (row("1", "09:00", p="1"),), "no_anchor"),
    ],
)
def test_a_clock_whose_event_never_happened_does_not_run(
    desk: Desk, since: str, rows: tuple[str, ...], reason: str
) -> None:
    desk.rules(WAITS % since)
    desk.log(*rows)
    desk.once("--through", day("10:00"))

    waits = desk.explain("desk:1", "--at", day("10:00"))["waits"]

    assert why(waits) == ("NO_MATCH", reason)
    assert waits["clock"]["anchor_at"] is None
    assert waits["clock"]["elapsed_seconds"] is None
    assert waits["clock"]["target_seconds"] == 14400
    assert waits["conditions"]["holds"]


def test_a_priority_without_a_target_is_not_the_rules_concern(desk: Desk) -> None:
    desk.rules((WAITS % "opened").replace("    match: {priority: urgent}\n", ""))
    desk.once("--through", day("10:00"))

    waits = desk.explain("desk:1", "--at", day("10:00"))["waits"]

    assert why(waits) == ("NO_MATCH", "no_target")
    assert waits["clock"]["target_seconds"] is None


def test_a_rule_that_is_off_shows_its_conditions_all_the_same(desk: Desk) -> None:
    desk.rules((WAITS % "opened").replace("    match", "    mode: off\n    match"))
    desk.once("--through", day("10:00"))

    waits = desk.explain("desk:1", "--at", day("10:00"))["waits"]

    assert why(waits) == ("OFF", "off")
    assert waits["conditions"]["children"][0]["found"] == "medium"


def test_a_shadow_says_what_it_would_have_done(desk: Desk) -> None:
    desk.rules(LATE.replace("    levels:", "    mode: shadow\n    levels:"))
    document = desk.once("--through", day("11:30"))

    late = desk.explain("desk:1", "--at", day("11:30"))["late"]

    assert document["fired"] == []
    assert why(late) == ("SUPPRESSED", "shadow")
    assert [level["fired_at"] for level in late["levels"]] == [None, None]


def test_a_level_that_came_as_backlog_says_so_for_as_long_as_nothing_else_is_passed(
    desk: Desk,
) -> None:
    desk.once("--at", day("10:30"))

    then = desk.explain("desk:1", "--at", day("10:30"))["late"]
    afterwards = desk.explain("desk:1", "--at", day("10:59"))["late"]

    assert why(then) == why(afterwards) == ("SUPPRESSED", "backlog")
    assert states(then) == [("remind", "skipped"), ("escalate", "waiting")]
    assert [level["reason"] for level in then["levels"]] == ["backlog", None]


def test_a_firing_beyond_the_budget_says_so(desk: Desk) -> None:
    desk.rules(LATE.replace("    levels:", "    budget: 1/h\n    levels:"))
    desk.log(row("1", "09:00"), row("2", "09:00"))
    desk.once("--through", day("11:30"))

    found = [desk.explain(f"desk:{n}", "--at", day("11:30"))["late"] for n in (1, 2)]

    assert [why(each) for each in found] == [("FIRED", "level_due"), ("FIRED", "budget")]
    assert found[1]["levels"][1]["reason"] == "budget"


def test_a_rule_that_only_writes_to_customers_is_paused_with_its_ticket(desk: Desk) -> None:
    desk.rules(
        "  - {id: often, customer: {updates: {from: match, every: 3h, template: received}}}\n"
    )
    desk.log(row("1", "09:00"), row("1", "09:30", "Wait"))
    desk.once("--through", day("10:00"))

    assert why(desk.explain("desk:1", "--at", day("09:15"))["often"]) == ("WAITING", "not_yet")
    assert why(desk.explain("desk:1", "--at", day("10:00"))["often"]) == ("SUPPRESSED", "paused")


def test_a_resolved_ticket_is_resolved_for_every_rule(desk: Desk) -> None:
    desk.rules(LATE, WAITS % "opened")
    desk.log(row("1", "09:00"), row("1", "09:30", "Done"))
    desk.once("--through", day("10:00"))

    found = desk.explain("desk:1", "--at", day("10:00"))

    assert {why(each) for each in found.values()} == {("NO_MATCH", "resolved")}


def test_what_a_rule_wrote_itself_is_shown_beside_what_it_sees(desk: Desk) -> None:
    desk.rules(
        "  - id: up\n"
        "    match: {priority: [medium, high]}\n"
        "    clock: {target: {high: 2h, medium: 4h}}\n"
        "    levels:\n"
        "      - {after: 25%, raise_priority: 1, notify: [boss]}\n"
        "      - {after: 100%, notify: [boss]}\n"
    )
    desk.once("--through", day("10:30"))

    up = desk.explain("desk:1", "--at", day("10:30"))["up"]

    priority = up["conditions"]["children"][0]
    assert (priority["found"], priority["actual"]) == ("medium", "high")
    assert up["clock"]["target_seconds"] == 4 * 3600
    assert up["levels"][1]["left_seconds"] == 9000


def test_a_field_that_was_left_to_another_rule_is_named(desk: Desk) -> None:
    level = "    levels: [{after: 1h, assign: {group: %s}, notify: [boss]}]\n"
    desk.rules("  - id: first\n", level % "one", "  - id: second\n", level % "two")
    desk.once("--through", day("10:30"))

    second = desk.explain("desk:1", "--at", day("10:30"))["second"]

    taken = {"ticket": "desk:1", "field": "group", "reason": "field_taken"}
    assert second["left_alone"] == [taken]


def test_a_rule_without_levels_shows_when_the_customer_hears_next(desk: Desk) -> None:
    often = "{from: match, every: 3h, template: received}"
    seldom = "{from: match, every: 5h, template: received}"
    desk.rules(
        f"  - {{id: often, customer: {{updates: {often}}}}}\n",
        f"  - {{id: seldom, customer: {{updates: {seldom}}}}}\n",
    )
    desk.once("--through", day("10:00"))

    found = desk.explain("desk:1", "--at", day("10:00"))

    assert found["often"]["next_at"] == day("12:00")
    assert found["seldom"]["next_at"] is None  # the ticket has one voice


def test_one_rule_may_be_asked_for(desk: Desk) -> None:
    desk.rules(LATE, WAITS % "opened")
    desk.once("--through", day("10:00"))

    assert list(desk.explain("desk:1")) == ["late", "waits"]
    assert list(desk.explain("desk:1", "--rule", "waits")) == ["waits"]


def test_a_group_may_be_asked_for_as_decisions_name_it(desk: Desk) -> None:
    desk.rules(
        LATE,
        "  - id: again\n"
        "    match: {contacts: {by: customer, at_least: 2, within: 7d}}\n"
        "    levels: [{after: 0s, kind: technical, notify: [boss]}]\n",
    )
    desk.log(row("1", "09:00"), row("2", "10:00"), row("3", "10:00", caller="ben"))
    desk.once("--through", day("10:00"))

    anna = desk.explain("customer:anna", "--at", day("10:00"))
    ben = desk.explain("customer:ben", "--at", day("10:00"))

    assert {rule: why(each) for rule, each in anna.items()} == {"again": ("FIRED", "level_due")}
    assert ben["again"]["conditions"]["children"][0]["found"] == 1


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["desk:99"], "there is no ticket 'desk:99'"),
        (["99"], "there is no ticket '99'"),
        (["1"], "there is no ticket '1' in the store; did you mean desk:1?"),
        (["desk:11"], "did you mean desk:1?"),
        (["customer:zoe"], "there is no contact of 'customer:zoe'"),
        (["desk:1", "--rule", "never"], "there is no rule 'never' in late"),
        (["desk:1", "--at", day("08:00")], f"no ticket 'desk:1' yet: it came in {day('09:00')}"),
    ],
)
def test_what_is_unknown_is_said_in_one_line(desk: Desk, arguments: list[str], words: str) -> None:
    desk.once("--through", day("10:00"))

    ended = desk.run("explain", *arguments, "--json")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("escalatord: ")
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1


def test_explaining_writes_nothing(desk: Desk) -> None:
    desk.once("--at", day("09:00"))
    before = desk.files()

    desk.explain("desk:1", "--at", day("12:00"))

    assert desk.files() == before


def test_every_kind_of_condition_has_its_place_in_the_contract(desk: Desk) -> None:
    desk.rules(
        "  - id: everything\n"
        "    match:\n"
        "      all:\n"
        "        - {tags: x}\n"
        "        - {subject: {matches: '^T', not: Zebra, exists: true}}\n"
        "        - {priority: [low, medium]}\n"
        "        - {message: {mentions: [supervisor], within: 1d}}\n"
        "        - {contacts: {by: ticket, at_least: 2, within: 7d}}\n"
        "        - {reopens: {less_than: 2}, escalations: {at_most: 0}}\n"
        "        - {since_agent_reply: {more_than: 1h}, time_to_due: {less_than: 4h}}\n"
        "    levels: [{after: 1h, notify: [boss]}]\n"
    )
    desk.once("--through", day("10:00"))

    ended = desk.run("explain", "desk:1", "--json")

    everything = conforming("explain", ended.document)["rules"][0]
    fields = [child["field"] for child in everything["conditions"]["children"]]
    assert fields == [
        "tags",
        "subject",
        "subject",
        "subject",
        "priority",
        "message",
        "contacts by ticket",
        "reopens",
        "escalations",
        "since_agent_reply",
        "time_to_due",
    ]
