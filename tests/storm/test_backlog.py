"""A rule is loaded over five thousand tickets that have waited longer than it allows."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.cli.desk import Running
from tests.storm.office import AGENTS, LADDERS, Office, named_in, names, present, stamp

NOTHING = """\
  - id: nothing
    description: Matches nobody
    match: {subject: nobody}
    levels: [{after: 1h, notify: [boss]}]
"""
CLIMBS = """\
  - id: climbs
    description: Nobody waits for ever
    levels:
      - {name: remind, after: 2h, notify: [assignee]}
      - {name: experts, after: 5h, kind: technical, set: {type: late}, notify: [experts]}
      - {name: boss, after: 8h, kind: hierarchical, tag: [late], notify: [boss]}
      - {name: last, after: 90h, kind: hierarchical, notify: [boss]}
    customer:
      on_escalation: received
      updates: {from: match, every: 6h, template: still-working, deliver_in: always}
"""
STRICTER = CLIMBS.replace("name: boss, after: 8h", "name: sooner, after: 7h")
SOME = 500
"""Subjects to a transaction: when so many are decided, others are not."""


def digested(office: Office) -> dict[str, list[Counter[str]]]:
    """Receiver → what each of its digests names."""
    found: dict[str, list[Counter[str]]] = {}
    for one in office.digests():
        found.setdefault(one["to"], []).append(named_in(one))
    return found


def expected() -> dict[str, list[str]]:
    """Receiver → the tickets that its one digest must name."""
    everything = names(range(LADDERS))
    agents = {f"agent-{n}": names(range(n, LADDERS, AGENTS)) for n in range(AGENTS)}
    return {"experts": everything, "boss": everything, **agents}


@pytest.fixture
def waiting(office: Office) -> Office:
    """Tickets that came in one to two days ago, read under a rule that minds none of them."""
    now = present()

    def created_at(number: int) -> datetime:
        return now - timedelta(hours=24 + number * 24 // LADDERS)

    office.tickets(created_at)
    office.rules(NOTHING)
    read = office.command("once")
    assert read.code == 0, read.err[-2000:]
    return office


def loaded_until_some_are_decided(office: Office) -> Running:
    """A daemon runs, is given the rule, and has decided of some tickets only."""
    running = office.run()
    running.wait_for("evaluate.finished")
    office.rules(NOTHING + CLIMBS)
    assert office.desk.command("reload").code == 0
    decided = "SELECT count(*) FROM firings WHERE level = 3"
    office.until(running, lambda: office.count(decided) >= SOME)
    assert office.count(decided) < LADDERS
    return running


@pytest.mark.proof
def test_a_rule_loaded_over_a_backlog_sends_one_digest_each_though_killed_amid_it(
    waiting: Office, figures: list[str]
) -> None:
    office = waiting
    killed = loaded_until_some_are_decided(office)
    before = office.count("SELECT count(*) FROM firings WHERE level = 3")
    killed.process.kill()
    killed.process.wait()

    running = office.run()
    office.until(
        running, lambda: office.count("SELECT count(*) FROM firings WHERE level = 3") == LADDERS
    )
    quiet = office.until(running, office.is_quiet)

    wanted = {to: [Counter(tickets)] for to, tickets in expected().items()}
    assert digested(office) == wanted
    assert {one["facts"]["kind"] for one in office.sent()} == {"digest"}
    assert office.count("SELECT count(*) FROM v_outbox WHERE audience = 'customer'") == 0
    assert office.done("reply") == []
    assert office.done("change") == []

    # The same text again is no news; a text that puts one level in the past names it, once.
    office.desk.command("reload")
    office.until(running, office.is_quiet)
    assert digested(office) == wanted
    office.rules(NOTHING + STRICTER)
    assert office.desk.command("reload").code == 0
    office.until(
        running, lambda: office.count("SELECT count(*) FROM firings WHERE identity = 'sooner'") > 0
    )
    office.until(running, office.is_quiet)
    office.stop(running)
    wanted["boss"].append(Counter(names(range(LADDERS))))
    assert digested(office) == wanted
    assert office.count("SELECT count(*) FROM v_outbox WHERE audience = 'customer'") == 0

    figures.append(
        f"a rule loaded over a backlog of {LADDERS}: {len(wanted)} receivers, one digest each,"
        f" {sum(len(each[0]) for each in wanted.values())} lines; no customer is written to, no"
        f" field set; killed when {before} were decided, done {quiet:.0f} s after the next start"
    )


@pytest.mark.proof
def test_what_is_still_to_come_comes_after_a_backlog(waiting: Office) -> None:
    office = waiting
    office.rules(NOTHING + CLIMBS)
    assert office.command("once").code == 0

    ahead = office.command(
        "once", "--at", stamp(present() + timedelta(hours=90)), "--dry-run", "--json"
    )

    assert ahead.code == 0, ahead.err[-2000:]
    assert ahead.out.count('"name": "last"') == LADDERS
