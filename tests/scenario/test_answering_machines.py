"""Machines that answer what we write, marked as such or not: one message, and no loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from shutil import copytree

import pytest

from engine.domain.rule import Generation
from engine.domain.ruleset import Ruleset
from engine.domain.ticket import Actor, Customer, Priority, Status
from engine.ports import Message, Sent, SentState
from engine.rulebook import load
from engine.testing import ScriptedHelpdesk, ticket
from tests.scenario.desk import CORA, Desk, at, rule, rules

Answer = Callable[[Desk, str, datetime], None]

STARTER = Path(__file__).parents[2] / "rules"
POSTED = "{updates: {from: match, every: 4h, template: still-working}}"
KEEP_POSTED = rule(levels="[]", customer=POSTED)
EAGER = """
rules:
  - id: eager
    description: Somebody who keeps coming back is told at once, asked afterwards, and told again
    match: {contacts: {by: customer, at_least: 2, within: 7d}}
    levels: [{name: up, after: 0s, kind: hierarchical, notify: [support-manager]}]
    customer:
      on_escalation: escalation-received
      updates: {every: 1h, template: still-working}
  - id: ask
    description: Whoever was escalated is asked afterwards
    levels: [{name: up, after: 1h, kind: technical, notify: [support-manager]}]
    customer: {follow_up: {after: 1h, template: satisfaction-survey}}
"""


def live(desk: Desk, until: str, answer: Answer, after: timedelta = timedelta(seconds=5)) -> None:
    """Live on, while whatever is said to the customer is answered so long after it."""
    assert desk.cycle is not None
    answered = len(desk.told())
    moment = desk.cycle.next_instant(desk.world.played)
    while moment is not None and moment <= at(until):
        desk.tick(moment)
        for name in said_on(desk)[answered:]:
            answer(desk, name, moment + after)
            answered += 1
        moment = desk.cycle.next_instant(moment)
    desk.tick(at(until))


def said_on(desk: Desk) -> list[str]:
    return [name for _, name, said, _ in desk.helpdesk.done if isinstance(said, Message)]


def unmarked(desk: Desk, name: str, when: datetime) -> None:
    desk.helpdesk.say(name, when, Actor.CUSTOMER, "Your request has been received.")


def marked(desk: Desk, name: str, when: datetime) -> None:
    desk.helpdesk.say(name, when, Actor.ROBOT, "I am out of office.")


def reopening(desk: Desk, name: str, when: datetime) -> None:
    """The helpdesk opens a ticket on which its customer seems to write."""
    unmarked(desk, name, when)
    if desk.helpdesk.present(name, when).status.is_resolved:
        desk.helpdesk.set(name, when, Actor.PERSON, status=Status.OPEN)


def new_ticket(desk: Desk, name: str, when: datetime) -> None:
    number = len(desk.helpdesk.openings) + 1
    made = ticket(f"T{number}", when, subject=f"Re: {name}", status=Status.OPEN)
    desk.helpdesk.open(replace(made, customer=CORA, priority=Priority.URGENT))


@dataclass(slots=True)
class Returning(ScriptedHelpdesk):
    """A helpdesk whose mail comes back."""

    tried: int = 0

    def reply(self, ticket_id: str, message: Message, at: datetime) -> Sent:
        del ticket_id, message, at
        self.tried += 1
        return Sent(SentState.REJECTED, reason="550 5.1.1 no such user", bounced=True)


@cache
def starter_rules() -> Generation:
    loaded = load(STARTER)
    assert loaded.generation is not None
    return loaded.generation


# --- a month with a machine on the other side ----------------------------------------------------

MACHINES: dict[str, Answer] = {
    "unmarked": unmarked,
    "marked": marked,
    "reopening": reopening,
    "a new ticket each time": new_ticket,
}


@pytest.mark.parametrize("answer", MACHINES.values(), ids=MACHINES)
def test_an_address_that_answers_each_mail_at_once_gets_one_in_a_month_of_the_starter_rules(
    desk: Desk, answer: Answer
) -> None:
    desk.world.put_in_force(Ruleset(starter_rules()))
    for number, since in enumerate(("0s", "10m", "20m"), 1):
        desk.open(f"T{number}", since=since, priority=Priority.URGENT)
    live(desk, "30d", answer)
    assert len(desk.told()) == 1


@pytest.mark.parametrize("answer", MACHINES.values(), ids=MACHINES)
def test_an_address_that_answers_each_mail_at_once_gets_one_of_rules_that_count_contacts(
    desk: Desk, answer: Answer, eager: Generation
) -> None:
    desk.world.put_in_force(Ruleset(eager))
    desk.open("T1")
    desk.open("T2", since="1h")
    live(desk, "30d", answer)
    assert len(desk.told()) == 1
    assert len(desk.helpdesk.openings) <= 3  # two, and the answer to the one message


@pytest.mark.parametrize("answer", MACHINES.values(), ids=MACHINES)
def test_a_survey_that_a_machine_answers_opens_nothing_and_is_not_sent_again(
    desk: Desk, answer: Answer, eager: Generation
) -> None:
    desk.world.put_in_force(Ruleset(eager))
    desk.open("T1")
    desk.resolve("2h")
    live(desk, "30d", answer)
    assert desk.told() == ["satisfaction-survey"]


def test_an_address_that_mail_comes_back_from_is_tried_once(eager: Generation) -> None:
    helpdesk = Returning()
    desk = Desk(helpdesk=helpdesk)
    desk.world.put_in_force(Ruleset(eager))
    desk.open("T1")
    desk.open("T2", since="1h")
    desk.live("30d")
    assert helpdesk.tried == 1
    desk.store.close()


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    """The starter rules' templates and receivers, with rules that speak as often as they can."""
    folder = tmp_path_factory.mktemp("eager")
    copytree(STARTER / "templates", folder / "templates")
    survey = folder / "templates/customer/satisfaction-survey.md"
    survey.write_text("---\nsubject: How did we do?\n---\nTell us.\n")
    for name in ("receivers.yaml", "calendars.yaml"):
        (folder / name).write_text((STARTER / name).read_text())
    (folder / "eager.yaml").write_text(f"version: 1\n{EAGER}")
    generation = load(folder).generation
    assert generation is not None
    return generation


# --- what is a machine's, and what it counts for -------------------------------------------------


@pytest.mark.parametrize(
    "after, is_a_persons", [("0s", False), ("1s", False), ("30s", False), ("31s", True)]
)
def test_what_answers_us_within_half_a_minute_is_no_persons_message(
    desk: Desk, after: str, *, is_a_persons: bool
) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open()
    desk.live("4h")
    desk.writes(f"4h{after}")
    desk.live("5h")
    wrote_at = desk.history().as_of(desk.now()).last_customer_message_at
    assert wrote_at == (at(f"4h{after}") if is_a_persons else at("0s"))


WAITING = rule("w", clock="{since: waiting}", levels="[{name: a, after: 8h, notify: [manager]}]")
TWICE = rule(
    "c",
    match="{contacts: {by: customer, at_least: 2, within: 7d}}",
    levels="[{name: c, after: 0s, notify: [manager]}]",
)
SPOKEN = rule("m", match="{message: {mentions: [supervisor]}}", levels="[{name: m, after: 0s}]")


@pytest.mark.parametrize("when, is_a_persons", [("1d4h10m10s", False), ("1d4h20m", True)])
def test_a_machines_answer_is_no_contact_begins_no_wait_and_says_nothing(
    desk: Desk, when: str, *, is_a_persons: bool
) -> None:
    desk.rules(rules(KEEP_POSTED, WAITING, TWICE, SPOKEN))
    desk.open()
    desk.reply("10m")
    desk.live("4h10m")
    desk.writes(when, text="the supervisor is away")
    desk.live("1d4h10m")
    assert desk.heard()[-1].endswith("@1d4h10m")
    desk.live("2d")
    fired = {line.partition("@")[0] for line in desk.fires()}
    assert fired == ({"a", "c", "m"} if is_a_persons else set())


def test_a_machines_answer_that_returns_a_ticket_reopens_nothing(desk: Desk) -> None:
    levels = "[{name: up, after: 2h, kind: technical}]"
    asked = "{follow_up: {after: 1d, template: survey}}"
    desk.rules(rules(rule(levels=levels, customer=asked)))
    desk.open()
    desk.resolve("3h")
    desk.live("1d3h")
    assert desk.heard() == ["survey@1d3h"]
    desk.writes("1d3h4s")
    desk.reopen("1d3h4s")
    desk.live("9d")
    assert desk.history().as_of(desk.now()).reopens == 0
    assert desk.fires() == ["up@2h"]


def test_an_agent_who_changes_a_status_just_after_our_message_is_a_person(desk: Desk) -> None:
    levels = "[{name: a, after: 2h}]"
    stale = rule("s", clock="{since: status_change}", levels=levels)
    desk.rules(rules(KEEP_POSTED, stale))
    desk.open()
    desk.set("4h10s", status=Status.PENDING_INTERNAL)
    desk.live("7h")
    assert desk.fires() == ["a@2h", "a@6h10s"]


# --- how long nothing goes out -------------------------------------------------------------------


@pytest.mark.parametrize("by", [Actor.CUSTOMER, Actor.ROBOT])
def test_an_address_that_answers_by_itself_hears_nothing_more(desk: Desk, by: Actor) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open()
    desk.reply("4h5s", by=by)
    desk.live("9d")
    assert desk.heard() == ["still-working@4h"]


def test_once_the_customer_writes_at_another_pace_updates_go_on(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open()
    desk.writes("4h5s")
    desk.writes("1d")
    desk.live("1d6h")
    assert desk.heard() == ["still-working@4h", "still-working@1d1h", "still-working@1d5h"]


def test_once_a_person_of_the_desk_has_written_updates_go_on(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open()
    desk.writes("4h5s")
    desk.reply("1d")
    desk.live("1d9h")
    assert desk.heard() == ["still-working@4h", "still-working@1d4h", "still-working@1d8h"]


def test_an_internal_remark_or_an_out_of_office_of_later_ends_nothing(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open()
    desk.writes("4h5s")
    desk.remark("5h")
    desk.reply("6h", by=Actor.ROBOT)
    desk.live("9d")
    assert desk.heard() == ["still-working@4h"]


def test_an_out_of_office_that_comes_minutes_later_changes_nothing(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open()
    desk.reply("4h2m", by=Actor.ROBOT)
    desk.live("13h")
    assert desk.heard() == ["still-working@4h", "still-working@8h", "still-working@12h"]


def test_a_robots_message_of_the_very_instant_of_ours_came_before_it(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open()
    desk.reply("4h", by=Actor.ROBOT)
    desk.live("9h")
    assert desk.heard() == ["still-working@4h", "still-working@8h"]


def test_what_answers_a_persons_reply_at_once_is_the_customers(desk: Desk) -> None:
    """People who chat are that quick."""
    desk.rules(rules(KEEP_POSTED, WAITING))
    desk.open()
    desk.reply("1h")
    desk.writes("1h10s")
    desk.live("10h")
    assert "a@9h10s" in desk.fires()


def test_a_ticket_opened_at_once_silences_all_tickets_of_its_customer(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open("T1")
    desk.open("T2", since="4h10s")
    desk.live("2d")
    assert desk.heard() == ["still-working@4h"]
    desk.open("T3", since="2d1h")
    desk.live("3d")
    assert len(desk.heard()) > 3


def test_a_ticket_that_another_customer_opens_just_then_is_theirs(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open("T1")
    desk.open("T2", since="4h10s", customer=Customer(id="dora"))
    desk.live("9h")
    assert len(desk.heard()) == 3


# --- and staff hear of it ------------------------------------------------------------------------


def test_staff_hear_once_of_a_ticket_whose_customer_does_not_hear_from_us(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open(assignee="ann")
    for again in ("4h5s", "1d5h5s"):
        desk.writes(again)
    desk.reply("1d")
    desk.writes("1d4h5s")
    desk.live("9d")
    assert desk.receivers() == ["ann"]
    (notice,) = desk.channel.sent
    assert notice.key.startswith("answers_itself|desk:T1|customer-unreachable")


def test_nobody_is_told_of_a_machine_where_nothing_is_promised(desk: Desk) -> None:
    desk.rules(rules(KEEP_POSTED))
    desk.open()
    desk.live("4h")
    desk.rules(rules(rule("other")), at("4h1s"))
    desk.writes("4h5s")
    desk.live("1h")
    assert desk.notices() == []
