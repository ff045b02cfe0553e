"""The real Request Tracker, with the real pipeline: what another client of RT sees of us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from engine.domain.ticket import Actor
from engine.domain.view import View
from engine.pipeline.cycle import Work
from engine.ports import Helpdesk, OutboxState
from tests.helpdesks.real.beside import HOUR, Beside, KilledError, Mortal
from tests.helpdesks.real.rt import US, RequestTracker

pytestmark = pytest.mark.system("Request Tracker")

CONFIG = """\
store: {{url: sqlite:///store.db}}
rules: rules
helpdesks:
  rt:
    kind: rt
    url: {url}
    token_file: token
    queues: [{queue}, {other}]
    custom_fields: {{tags: Tags, customer.tier: Tier}}
channels:
  log: {{kind: file, path: sent.jsonl}}
"""

RULES = """\
version: 1
receivers:
  default: [{{channel: log, to: everybody}}]
rules:
  - id: late
    match: {{group: {queue}}}
    clock: {{since: {since}}}
    levels:
      - name: escalate
        after: 2h
        kind: technical
        set: {{priority: urgent}}
        tag: [late]
        assign: {{group: {other}, assignee: lead}}
        notify: [default]
    customer: {{on_escalation: received}}
"""


@dataclass
class Desk(Beside):
    """A daemon beside a real RT."""

    rt: RequestTracker
    folder: Path
    queue: str
    other: str

    def write(self, since: str) -> None:
        names = {"url": self.rt.url, "queue": self.queue, "other": self.other, "since": since}
        (self.folder / "token").write_text(self.rt.token)
        (self.folder / "config.yaml").write_text(CONFIG.format(**names))
        self.write_rules(RULES.format(**names))


@pytest.fixture
def desk(rt: RequestTracker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    made = Desk(rt, tmp_path, rt.queue("Support"), rt.queue("Escalations"))
    made.write(getattr(request, "param", "opened"))
    made.start()
    yield made
    made.app.close()


def unread(work: Work) -> str:
    """Why RT could not be read; empty if it could."""
    return " ".join(str(error) for error in work.unread.values())


def test_what_a_rule_does_is_there_for_another_client(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue, Owner="alice", CustomFields={"Tier": "Gold", "Tags": ["vip"]})
    desk.tick()
    rt.age(number, 3)
    desk.tick()

    ticket = rt.ticket(number)
    assert int(ticket["Priority"]) == 150
    assert rt.queue_of(number) == desk.other
    assert ticket["Owner"]["id"] == "lead"
    assert sorted(rt.custom(number, "Tags")) == ["late", "vip"]
    ((who, note),) = rt.said(number, "Comment")
    assert who == US
    assert "late" in note
    ((who, reply),) = rt.said(number, "Correspond")
    assert who == US
    assert "we are still working" in reply
    assert any("still working" in mail and "eve@customer.example" in mail for mail in rt.mails())
    assert set(desk.outbox().values()) == {OutboxState.DELIVERED.value}


def test_what_we_did_is_ours_when_it_is_read_again(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue, Owner="alice")
    desk.tick()
    rt.age(number, 3)
    desk.tick()
    desk.tick()
    again = desk.tick()

    with desk.app.store.read() as tx:
        (history,) = tx.histories([f"rt:{number}"]).values()
    assert {event.actor for event in history.events} <= {Actor.OURSELVES, Actor.ROBOT}
    assert [event.field for event in history.events if event.actor is Actor.OURSELVES][:3]
    assert again.evaluated.fired == []
    assert len(rt.said(number, "Comment")) == 1


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
def test_our_answer_does_not_reset_the_clock(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue)
    rt.age(number, 3)
    desk.tick()  # fires, and writes to the customer
    fired = episodes(desk, number)
    for _ in range(3):
        desk.tick()

    assert len(rt.said(number, "Correspond")) == 1
    view = as_of_now(desk, number)
    assert view.waiting is not None
    assert view.waiting.at == view.ticket.created_at
    assert episodes(desk, number) == fired


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
def test_a_customers_mail_resets_the_clock(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue)
    rt.say(number, "We looked at it")
    rt.age(number, 3)
    desk.tick()
    assert as_of_now(desk, number).waiting is None
    rt.mail(number, "It burns again")
    desk.tick()

    view = as_of_now(desk, number)
    assert view.waiting is not None
    assert view.waiting.at == view.last_customer_message_at
    assert rt.queue_of(number) == desk.queue


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
def test_an_out_of_office_reply_resets_no_clock(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue)
    rt.say(number, "We looked at it")
    rt.age(number, 3)
    desk.tick()
    rt.mail(number, "I am away until Monday", headers="Auto-Submitted: auto-replied\n")
    desk.tick()

    assert len(rt.said(number, "Correspond")) == 2
    assert as_of_now(desk, number).waiting is None


def as_of_now(desk: Desk, number: str) -> View:
    with desk.app.store.read() as tx:
        (history,) = tx.histories([f"rt:{number}"]).values()
    return history.as_of(desk.now())


def episodes(desk: Desk, number: str) -> list[str]:
    with desk.app.store.read() as tx:
        found = tx.episodes([f"rt:{number}"])
    return [episode.id.text for one in found.values() for episode in one]


def test_what_an_agent_changed_meanwhile_stays(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue, Owner="alice")
    desk.tick()
    rt.age(number, 3)
    desk.decide()
    rt.set(number, who="bob", Owner="bob", Priority=100)
    desk.cycle.deliver(desk.now())

    ticket = rt.ticket(number)
    assert ticket["Owner"]["id"] == "bob"
    assert int(ticket["Priority"]) == 100
    assert rt.custom(number, "Tags") == ["late"]


def test_a_resolved_ticket_is_not_opened_again_by_us(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue)
    desk.tick()
    rt.age(number, 3)
    desk.decide()
    rt.set(number, Status="resolved")
    desk.cycle.deliver(desk.now())
    desk.tick()

    assert rt.ticket(number)["Status"] == "resolved"
    assert rt.said(number, "Correspond") == []


def test_without_the_right_to_see_tickets_none_counts_as_resolved(
    rt: RequestTracker, desk: Desk
) -> None:
    number = rt.open(desk.queue)
    rt.age(number, 3)
    desk.cycle.ingest(desk.now())
    with rt.without("ShowTicket"):
        blind = desk.tick()
        assert rt.said(number, "Correspond") == []
        assert rt.ticket(number)["Status"] == "new"
    seeing = desk.tick(waited=HOUR)

    assert "rights" in unread(blind)
    assert unread(seeing) == ""
    assert rt.queue_of(number) == desk.other
    assert len(rt.said(number, "Correspond")) == 1


def test_without_the_right_to_change_tickets_changes_wait(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue, Owner="alice")
    desk.tick()
    rt.age(number, 3)
    with rt.without("ModifyTicket"):
        work = desk.tick(waited=HOUR)
        assert rt.queue_of(number) == desk.queue
    (lack,) = work.introduced["rt"].missing
    desk.tick(waited=2 * HOUR)

    assert lack.right == "ModifyTicket"
    assert rt.queue_of(number) == desk.other


def test_a_revoked_token_stops_everything_until_there_is_a_new_one(
    rt: RequestTracker, desk: Desk
) -> None:
    number = rt.open(desk.queue)
    desk.tick()
    rt.revoke_tokens()
    rt.age(number, 3)
    refused = desk.tick()
    rt.token = rt.new_token()
    (desk.folder / "token").write_text(rt.token)
    desk.tick(waited=HOUR)

    assert "401" in unread(refused)
    assert "make a new one" in unread(refused)
    assert rt.queue_of(number) == desk.other


def test_a_field_that_is_taken_away_is_not_taken_for_empty(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue, CustomFields={"Tier": "Gold"})
    desk.tick()
    rt.set_field("Tier", enabled=False)
    try:
        rt.set(number, Subject="It burns still")
        without = desk.tick()
        again = desk.tick()
    finally:
        rt.set_field("Tier", enabled=True)
    mended = desk.tick()

    assert "Tier" in unread(without)
    assert "custom_fields" in unread(again)
    assert unread(mended) == ""
    with desk.app.store.read() as tx:
        (record,) = tx.records([f"rt:{number}"]).values()
    assert record.source.customer.tier == "Gold"
    assert record.source.subject == "It burns still"


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
def test_a_changed_zone_of_our_account_changes_nothing(
    rt: RequestTracker, desk: Desk, zone: str
) -> None:
    number = rt.open(desk.queue)
    desk.tick()
    rt.set_zone(zone)
    rt.set(number, Subject="In another zone")
    desk.tick()

    with desk.app.store.read() as tx:
        (record,) = tx.records([f"rt:{number}"]).values()
    assert record.source.subject == "In another zone"


@pytest.mark.parametrize("desk", ["waiting"], indirect=True)
@pytest.mark.parametrize("ahead", [3 * HOUR, -3 * HOUR])
def test_while_its_clock_is_wrong_nothing_is_read_and_afterwards_nothing_is_lost(
    rt: RequestTracker, desk: Desk, ahead: timedelta
) -> None:
    number = rt.open(desk.queue)
    rt.say(number, "We looked at it")
    desk.tick()
    with rt.clock_set(ahead):
        rt.mail(number, "It burns again")
        wrong = desk.tick()
        still = desk.tick()
        assert rt.queue_of(number) == desk.queue
    desk.tick(waited=HOUR)
    mended = desk.tick()

    assert "its clock is 1" in unread(wrong)
    assert "set the wrong one right" in unread(still)
    assert unread(mended) == ""
    with desk.app.store.read() as tx:
        (history,) = tx.histories([f"rt:{number}"]).values()
    has_come = any(event.actor is Actor.CUSTOMER for event in history.events)
    assert has_come is (ahead < timedelta()), "what bears a time to come counts from then on"


def test_who_was_answered_by_a_clock_that_is_ahead_hears_nothing_from_us(
    rt: RequestTracker, desk: Desk
) -> None:
    number = rt.open(desk.queue)
    rt.age(number, 3)
    with rt.clock_set(timedelta(minutes=4)):
        rt.say(number, "It is out, and here is a new one")
        rt.set(number, Status="resolved")
        work = desk.tick()

    assert unread(work) == ""
    assert work.evaluated.fired != [], "as far as anybody can tell, it is resolved in four minutes"
    assert [who for who, _ in rt.said(number, "Correspond")] == ["alice"]
    assert rt.said(number, "Comment") == []
    assert set(desk.outbox().values()) == {OutboxState.CANCELLED.value}


def test_a_server_that_is_away_is_read_on_when_it_is_back(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue)
    desk.tick()
    with rt.down():
        rt.age(number, 3)
        away = desk.tick()
    desk.tick(waited=HOUR)

    assert "cannot be reached" in unread(away)
    assert rt.queue_of(number) == desk.other
    assert len(rt.said(number, "Comment")) == 1


@pytest.mark.parametrize("last_act", ["change", "note", "reply"])
def test_who_is_killed_after_a_write_does_not_write_twice(
    rt: RequestTracker, desk: Desk, last_act: str
) -> None:
    number = rt.open(desk.queue, Owner="alice")
    rt.age(number, 3)
    real = desk.app.helpdesks["rt"]
    desk.app.helpdesks["rt"] = cast("Helpdesk", Mortal(real, last_act))
    with pytest.raises(KilledError):
        desk.tick()
    desk.app.close()
    desk.start()
    desk.cycle.rescue(desk.now(), desk.now() + HOUR)
    for _ in range(3):
        desk.tick(waited=HOUR)

    assert len(rt.said(number, "Comment")) == 1
    assert len(rt.said(number, "Correspond")) == 1
    assert rt.queue_of(number) == desk.other
    assert rt.ticket(number)["Owner"]["id"] == "lead"
    assert set(desk.outbox().values()) == {OutboxState.DELIVERED.value}
    with desk.app.store.read() as tx:
        (history,) = tx.histories([f"rt:{number}"]).values()
    assert {event.actor for event in history.events} <= {Actor.OURSELVES, Actor.ROBOT}


def test_a_deleted_ticket_is_gone(rt: RequestTracker, desk: Desk) -> None:
    number = rt.open(desk.queue)
    rt.open(desk.queue)
    desk.tick()
    rt.set(number, who="root", Status="deleted")
    desk.tick()

    with desk.app.store.read() as tx:
        (record,) = tx.records([f"rt:{number}"]).values()
    assert record.source.is_gone


def test_a_merged_ticket_is_known_as_merged(rt: RequestTracker, desk: Desk) -> None:
    number, survivor = rt.open(desk.queue), rt.open(desk.queue)
    desk.tick()
    rt.call("PUT", f"/ticket/{number}", {"MergeInto": int(survivor)})
    desk.tick()

    with desk.app.store.read() as tx:
        records = tx.records([f"rt:{number}"])
    assert records[f"rt:{number}"].source.merged_into == f"rt:{survivor}"


def test_a_ticket_that_leaves_our_queues_is_gone_to_us(rt: RequestTracker, desk: Desk) -> None:
    number, elsewhere = rt.open(desk.queue), rt.queue("Billing")
    desk.tick()
    rt.set(number, Queue=elsewhere)
    desk.tick()

    with desk.app.store.read() as tx:
        records = tx.records([f"rt:{number}"])
    assert records[f"rt:{number}"].source.is_gone
