"""A Redmine with two hundred tickets and their threads: each is treated as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.helpdesks.real.redmine.desk import Desk
from tests.helpdesks.real.redmine.server import US, Redmine

pytestmark = pytest.mark.system("Redmine")

TICKETS: Final = 200
HOURS: Final = 3
"""All of them are so old; the rule waits for two."""

RULES = """\
version: 1
receivers:
  default: [{{channel: log, to: everybody}}]
rules:
  - id: late
    match: {{group: {project}, customer.tier: Gold, subject: {{contains: printer}}}}
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

WAITING = """\
SELECT i.id FROM issues i
JOIN projects p ON p.id = i.project_id AND p.identifier = :project
JOIN issue_statuses s ON s.id = i.status_id AND s.name IN ('New', 'In Progress')
JOIN custom_values v ON v.customized_type = 'Issue' AND v.customized_id = i.id
JOIN custom_fields f ON f.id = v.custom_field_id AND f.name = 'Tier' AND v.value = 'Gold'
WHERE i.subject LIKE '%printer%'
AND COALESCE((SELECT u.login FROM journals j JOIN users u ON u.id = j.user_id
              WHERE j.journalized_type = 'Issue' AND j.journalized_id = i.id
              AND j.private_notes = 0 AND j.notes <> ''
              ORDER BY j.id DESC LIMIT 1), '') <> 'alice'
ORDER BY i.id
"""
"""By Redmine's own tables: open, Gold, about a printer, and the last word is not ours."""


@pytest.fixture
def desk(redmine: Redmine, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(redmine, tmp_path, redmine.project("many"), redmine.project("escalations"))
    redmine.seed(made.project, TICKETS)
    made.write("waiting")
    made.write_rules(RULES.format(project=made.project))
    made.start()
    yield made
    made.app.close()


def test_of_two_hundred_tickets_those_that_wait_are_escalated_and_no_other(
    redmine: Redmine, desk: Desk
) -> None:
    all_tickets = "SELECT i.id FROM issues i JOIN projects p ON p.id = i.project_id"
    for number in redmine.ask(f"{all_tickets} AND p.identifier = :project", project=desk.project):
        redmine.age(number, HOURS)
    wanted = redmine.ask(WAITING, project=desk.project)
    assert 5 <= len(wanted) < TICKETS / 4
    for _ in range(3):
        desk.tick()

    with desk.app.store.read() as tx:
        told = tx.view("v_outbox")
    changed = [str(row["ticket"]) for row in told if row["action"] == "change"]
    assert sorted(changed) == sorted(f"desk:{number}" for number in wanted)
    assert {str(row["state"]) for row in told} == {"delivered"}
    for number in wanted:
        assert redmine.ticket(number)["priority"]["name"] == "Urgent"
        assert "late" in redmine.custom(number, "Tags")
        assert [who for who, _ in redmine.said(number, private=True)].count(US) == 1
        assert [who for who, _ in redmine.said(number, private=False)].count(US) == 1
