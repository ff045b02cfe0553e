"""The daemon is down for a day while five thousand ladders are live."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.storm.office import AGENTS, LADDERS, Office, named_in, names, present, stamp

BUDGET = 50
CLIMBS = f"""\
  - id: climbs
    description: Nobody waits for ever
    budget: {BUDGET}/h
    levels:
      - {{name: remind, after: 11h, notify: [assignee]}}
      - {{name: experts, after: 12h, kind: technical, set: {{type: late}}, notify: [experts]}}
      - {{name: boss, after: 20h, kind: hierarchical, tag: [late], notify: [boss]}}
      - {{name: last, after: 40h, kind: hierarchical, notify: [boss]}}
    customer:
      on_escalation: received
      updates: {{from: match, every: 11h, template: still-working, deliver_in: always}}
"""
BATCHES = 16


@pytest.mark.proof
def test_after_a_day_of_outage_every_ladder_speaks_once_and_nothing_is_lost(
    office: Office, figures: list[str]
) -> None:
    stopped_at = present() - timedelta(hours=24)

    def created_at(number: int) -> datetime:
        batch = number * BATCHES // LADDERS
        return stopped_at - timedelta(hours=10) + timedelta(minutes=30) * batch

    office.tickets(created_at)
    office.rules(CLIMBS)
    lived = office.command("once", "--at", stamp(stopped_at))
    assert lived.code == 0, lived.err[-2000:]
    assert office.sent() == []

    running = office.run()
    started = office.until(running, lambda: office.count("SELECT count(*) FROM subjects") > 0)
    decided = office.until(
        running,
        lambda: office.count("SELECT count(*) FROM firings WHERE level = 3") == LADDERS,
    )
    quiet = office.until(running, office.is_quiet)
    office.stop(running)

    # At most one message a ladder, within the budget; one digest has the rest, and nobody else.
    told = office.sent()
    digests = office.digests()
    alone = [one["facts"]["ticket"].removeprefix("desk:") for one in told if one not in digests]
    assert {one["to"] for one in told} == {"boss"}
    assert len(alone) == len(set(alone)) == BUDGET
    assert [one["to"] for one in digests] == ["boss"]
    named = named_in(digests[0])
    assert set(named.values()) == {1}
    assert sorted([*alone, *named]) == names(range(LADDERS))
    assert "escalatord outbox release --rule climbs" in digests[0]["text"]

    # Every level that fell due is fired, once, at the instant at which it was due.
    firings = Counter(office.ask("SELECT ticket, name, due_at FROM v_firings"))
    ladder = {"remind": 11, "experts": 12, "boss": 20}
    assert firings == Counter(
        (f"desk:{number:05}", name, stamp(created_at(number) + timedelta(hours=hours)))
        for number in range(LADDERS)
        for name, hours in ladder.items()
    )

    # No field is changed beyond the budget of an hour; the rest waits.
    states = dict(
        office.ask("SELECT state, count(*) FROM v_outbox WHERE action = 'change' GROUP BY state")
    )
    assert states["delivered"] + states["held"] == LADDERS
    (hours,) = office.ask(
        "SELECT count(DISTINCT substr(finished_at, 1, 13)) FROM v_outbox"
        " WHERE action = 'change' AND state = 'delivered'"
    )
    assert states["delivered"] <= BUDGET * hours[0]

    # Every customer heard once: of the escalation, or what was promised.
    replies = Counter(one["ticket"] for one in office.done("reply"))
    assert set(replies.values()) == {1}
    assert len(replies) == LADDERS
    messages = dict(
        office.ask(
            "SELECT message, count(*) FROM outbox"
            " WHERE audience = 'customer' AND state = 'delivered' GROUP BY message"
        )
    )
    assert messages == {"on_escalation": BUDGET, "update": LADDERS - BUDGET}

    # The last levels are still to come, and come.
    until = stopped_at + timedelta(hours=40)
    ahead = office.command("once", "--at", stamp(until), "--dry-run", "--json")
    assert ahead.code == 0, ahead.err[-2000:]
    document = json.loads(ahead.out)
    last = Counter(one["ticket"] for one in document["fired"] if one["name"] == "last")
    assert set(last.values()) == {1}
    assert len(last) == LADDERS
    again = Counter(one["ticket"] for one in document["customer"])
    assert set(again.values()) == {1}

    acts = len(told) + len(office.done("note")) + sum(replies.values()) + states["delivered"]
    figures.append(
        f"down for a day with {LADDERS} ladders of {AGENTS} agents: {len(alone)} notices and"
        f" {len(digests)} digest of {len(named)} to the one who is told; {states['held']} field"
        f" changes held; {len(replies)} customers, one message each"
    )
    figures.append(
        f"  from start: {started:.0f} s until it works, {decided:.0f} s until all is decided,"
        f" {quiet:.0f} s until all {acts} acts are done"
    )
