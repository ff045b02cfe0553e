"""A Request Tracker with two hundred tickets and their threads: each is treated as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.helpdesks.real.rt import US, RequestTracker
from tests.helpdesks.real.test_rt import Desk
from tests.helpdesks.real.test_rt_by_sql import SEED

pytestmark = pytest.mark.system("Request Tracker")

TICKETS: Final = 200
HOURS: Final = 3
"""All of them are so old; the rule waits for two."""

RULES = """\
version: 1
receivers:
  default: [{{channel: log, to: everybody}}]
rules:
  - id: late
    match: {{group: {queue}, customer.tier: Gold, subject: {{contains: printer}}}}
    clock: {{since: waiting}}
    levels:
      - name: escalate
        after: 2h
        kind: technical
        set: {{priority: urgent}}
        tag: [late]
        notify: [default]
    customer: {{on_escalation: received}}
"""


@pytest.fixture
def desk(rt: RequestTracker, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(rt, tmp_path, rt.queue("Many"), rt.queue("Escalations"))
    rt.run(SEED, made.queue, str(TICKETS))
    made.write("waiting")
    made.write_rules(RULES.format(queue=made.queue))
    made.start()
    yield made
    made.app.close()


WAITING = """\
SELECT t.id FROM Tickets t
JOIN Queues q ON q.id = t.Queue AND q.Name = ?
JOIN ObjectCustomFieldValues v
  ON v.ObjectType = 'RT::Ticket' AND v.ObjectId = t.id AND v.Disabled = 0
JOIN CustomFields f ON f.id = v.CustomField AND f.Name = 'Tier' AND v.Content = 'Gold'
WHERE t.EffectiveId = t.id AND t.Status IN ('new', 'open') AND t.Subject LIKE '%printer%'
AND 'alice' <> (SELECT u.Name FROM Transactions x JOIN Users u ON u.id = x.Creator
                JOIN Tickets m ON m.id = x.ObjectId AND m.EffectiveId = t.id
                WHERE x.ObjectType = 'RT::Ticket' AND x.Type IN ('Create', 'Correspond')
                ORDER BY x.Created DESC, m.id = m.EffectiveId DESC, x.id DESC LIMIT 1)
"""
"""By RT's own tables: open, Gold, about a printer, and the last word, on it or on what was
merged into it, is not ours."""


def test_of_two_hundred_tickets_those_that_wait_are_escalated_and_no_other(
    rt: RequestTracker, desk: Desk
) -> None:
    for number in rt.numbers(desk.queue):
        rt.age(number, HOURS)
    wanted = rt.ask(WAITING, desk.queue)
    assert 5 <= len(wanted) < TICKETS / 4
    for _ in range(3):
        desk.tick()

    with desk.app.store.read() as tx:
        told = tx.view("v_outbox")
    changed = [str(row["ticket"]) for row in told if row["action"] == "change"]
    assert sorted(changed) == sorted(f"rt:{number}" for number in wanted)
    assert {str(row["state"]) for row in told} == {"delivered"}
    for number in wanted:
        assert int(rt.ticket(number)["Priority"]) >= 150
        assert "late" in rt.custom(number, "Tags")
        assert [who for who, _ in rt.said(number, "Comment")] == [US]
        assert [who for who, _ in rt.said(number, "Correspond")].count(US) == 1
